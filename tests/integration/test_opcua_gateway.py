"""An emulated OPC UA server as a client sees it."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from device_emulators.servers.opcua import OpcUaGateway
from tests.small_board import NAMESPACE, MemoryPlant, free_port, small_board

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UTC_NS = 1_800_000_000_000_000_000


@asynccontextmanager
async def desk(plant: MemoryPlant) -> AsyncIterator[tuple[Client, OpcUaGateway]]:
    """Serve the small board and connect a client to its OPC UA server."""
    site = small_board(opcua_port=free_port())
    gateway = OpcUaGateway(site, site.gateways["OPC-B"], plant)
    await gateway.start(UTC_NS)
    try:
        async with Client(f"opc.tcp://127.0.0.1:{site.gateways['OPC-B'].port}/") as client:
            yield client, gateway
    finally:
        await gateway.stop()


async def node(client: Client, path: str) -> ua.NodeId:
    """Return the node of ESS-1 at `path`."""
    return ua.NodeId(
        ua.String(f"ESS-1/{path}"), ua.Int16(await client.get_namespace_index(NAMESPACE))
    )


class Notes:
    """A subscription that keeps what it is told."""

    def __init__(self) -> None:
        self.values: asyncio.Queue[float] = asyncio.Queue()

    def datachange_notification(self, node: object, value: float, data: object) -> None:
        """Keep the value."""
        self.values.put_nowait(value)


async def test_subscription_sees_changes_and_nothing_else() -> None:
    plant = MemoryPlant()
    plant.show("ESS-1", soc_pu=0.8)
    async with desk(plant) as (client, gateway):
        notes = Notes()
        subscription = await client.create_subscription(10, notes)
        soc = client.get_node(await node(client, "soc"))
        await subscription.subscribe_data_change(soc, sampling_interval=ua.Double(0))
        assert await asyncio.wait_for(notes.values.get(), 5) == pytest.approx(80.0)
        await gateway.refresh(UTC_NS + 1)
        plant.show("ESS-1", soc_pu=0.75)
        await gateway.refresh(UTC_NS + 2_000_000_000)
        assert await asyncio.wait_for(notes.values.get(), 5) == pytest.approx(75.0)
        stamp = (await soc.read_data_value()).SourceTimestamp
        assert stamp is not None
        assert stamp.timestamp() == UTC_NS / 1e9 + 2
        await subscription.delete()


async def test_missing_value_has_bad_status_or_is_nan() -> None:
    plant = MemoryPlant()
    plant.show("ESS-1", soc_pu=math.nan, stage=math.nan)
    async with desk(plant) as (client, _):
        soc = await client.get_node(await node(client, "soc")).read_value()
        stage = await client.get_node(await node(client, "stage")).read_data_value(False)
        assert math.isnan(soc)
        assert stage.StatusCode is not None
        assert stage.StatusCode.name == "BadSensorFailure"


async def write(client: Client, *values: tuple[str, object, ua.VariantType]) -> list[str]:
    """Write in one request; return the name of the status of each."""
    wanted = [
        ua.WriteValue(
            await node(client, path),
            AttributeIds.Value,
            "",
            ua.DataValue(ua.Variant(value, kind)),
        )
        for path, value, kind in values
    ]
    results = await client.uaclient.write(ua.WriteParameters(wanted))
    return [result.name for result in results]


async def test_setpoint_is_scaled_handed_over_and_read_back() -> None:
    plant = MemoryPlant()
    async with desk(plant) as (client, _):
        assert await write(client, ("setpoint", -1500.0, ua.VariantType.Double)) == ["Good"]
        assert plant.written == [("ESS-1", "power_setpoint_w", -1.5e6)]
        assert await client.get_node(await node(client, "setpoint")).read_value() == -1500.0


async def test_command_block_is_one_request_in_order() -> None:
    plant = MemoryPlant()
    block = (
        ("epoch", 7, ua.VariantType.UInt32),
        ("id", 41, ua.VariantType.UInt32),
        ("command", 2, ua.VariantType.UInt16),
    )
    async with desk(plant) as (client, _):
        assert await write(client, *block) == ["Good"] * 3
        assert [value for *_, value in plant.written] == [7.0, 41.0, 2.0]
        plant.refusing = {("ESS-1", "command_epoch")}
        assert await write(client, *block) == [
            "BadUserAccessDenied",
            "BadInvalidState",
            "BadInvalidState",
        ]
        assert len(plant.written) == 3


@pytest.mark.fault("F96", "F100")
async def test_refused_write_says_why_and_changes_nothing() -> None:
    refused = (
        ("setpoint", math.nan, ua.VariantType.Double, "BadOutOfRange"),
        ("setpoint", math.inf, ua.VariantType.Double, "BadOutOfRange"),
        ("setpoint", 3001.0, ua.VariantType.Double, "BadOutOfRange"),
        ("setpoint", 1, ua.VariantType.Int32, "BadTypeMismatch"),
        ("setpoint", [1.0], ua.VariantType.Double, "BadTypeMismatch"),
        ("soc", 1.0, ua.VariantType.Float, "BadNotWritable"),
        ("nothing", 1.0, ua.VariantType.Float, "BadNodeIdUnknown"),
    )
    plant = MemoryPlant()
    async with desk(plant) as (client, _):
        # One by one: a refused value keeps the rest of its request from the device.
        answers = [await write(client, (path, value, kind)) for path, value, kind, _ in refused]
    assert answers == [[status] for *_, status in refused]
    assert plant.written == []


@pytest.mark.fault("F99")
async def test_nobody_is_admin() -> None:
    site = small_board(opcua_port=free_port())
    gateway = OpcUaGateway(site, site.gateways["OPC-B"], MemoryPlant())
    await gateway.start(UTC_NS)
    client = Client(f"opc.tcp://127.0.0.1:{site.gateways['OPC-B'].port}/")
    client.set_user("admin")
    client.set_password("any")
    try:
        with pytest.raises(UaError):
            await client.connect()
    finally:
        await client.disconnect()
        await gateway.stop()


async def test_taken_port_is_named_with_its_gateway() -> None:
    async with desk(MemoryPlant()) as (client, _):
        port = client.server_url.port
        site = small_board(opcua_port=port or 0)
        second = OpcUaGateway(site, site.gateways["OPC-B"], MemoryPlant())
        with pytest.raises(OSError, match=rf"gateway OPC-B cannot listen on 127\.0\.0\.1:{port}"):
            await second.start(UTC_NS)
