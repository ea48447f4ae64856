"""node-opcua, an OPC UA library for Node, browses, reads, watches and writes the emulated hall."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.servers.nameplate import made_up
from tests.integration.foreign.hall import Hall, hall
from tests.integration.foreign.scripts import Script, script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STORAGE = "ESS-1"


@asynccontextmanager
async def asked(
    node: str, folder: Path, equipment: str = STORAGE
) -> AsyncIterator[tuple[Hall, Script]]:
    """Serve the gateway of `equipment` and set the client on it."""
    async with hall(equipment) as running:
        gateway = running.gateway(equipment)
        endpoint = f"opc.tcp://{gateway.host}:{gateway.port}"
        async with script(node, "opcua.js", endpoint, str(folder)) as client:
            yield running, client


async def test_browses_and_reads(node: str, tmp_path: Path) -> None:
    async with asked(node, tmp_path) as (running, client):
        assert STORAGE in (await client.ask(do="browse", node="Objects"))["names"]
        names = (await client.ask(do="browse", node=STORAGE))["names"]
        assert {"soc_pu", "power_w", "command"} < set(names)
        charge = await client.ask(do="read", node=f"{STORAGE}.StateOfCharge")
        assert (charge["type"], charge["status"]) == ("Double", "Good")
        assert charge["value"] == pytest.approx(100 * running.plant.read(STORAGE, "soc_pu"))
        assert charge["at"].endswith("Z")
        unknown = await client.ask(do="read", node=f"{STORAGE}.Nothing")
        assert unknown["status"] == "BadNodeIdUnknown"
        command = await client.ask(do="read", node=f"{STORAGE}.Command")
        assert command["status"] == "BadNotReadable"


async def test_watches(node: str, tmp_path: Path) -> None:
    async with asked(node, tmp_path) as (running, client):
        watched = f"{STORAGE}.LifeCount"
        assert (await client.ask(do="watch", node=watched))["status"] == "Good"
        before = await client.hear()
        for _ in range(2):
            await running.run(1.0)
            now = await client.hear()
            assert now["changed"] == watched
            assert now["value"] == running.plant.read(STORAGE, "life_count")
            assert now["value"] > before["value"]
            assert now["at"] > before["at"]
            before = now


async def test_writes_a_setpoint_and_a_command(node: str, tmp_path: Path) -> None:
    async with asked(node, tmp_path) as (running, client):
        written = f"{STORAGE}.PowerSetpoint"
        reply = await client.ask(do="write", values=[[written, "Double", -400.0]])
        assert reply == {"statuses": ["Good"]}
        assert running.plant.read(STORAGE, "power_setpoint_w") == -400e3
        assert (await client.ask(do="read", node=written))["value"] == -400.0
        block = [
            [f"{STORAGE}.CommandEpoch", "UInt32", 5],
            [f"{STORAGE}.CommandId", "UInt32", 1],
            [f"{STORAGE}.Command", "UInt16", 1],
        ]
        assert (await client.ask(do="write", values=block))["statuses"][0] == "Good"
        block[0][2] = 4  # an old epoch
        assert "BadUserAccessDenied" in (await client.ask(do="write", values=block))["statuses"]


@pytest.mark.parametrize(
    ("name", "type_", "value", "status"),
    [
        ("PowerSetpoint", "Float", 1.0, "BadTypeMismatch"),
        ("PowerSetpoint", "Int32", 1, "BadTypeMismatch"),
        ("PowerSetpoint", "Double", 1e9, "BadOutOfRange"),
        ("Power", "Double", 1.0, "BadNotWritable"),
        ("SerialNumber", "String", "1", "BadNotWritable"),
        ("Nothing", "Double", 1.0, "BadNodeIdUnknown"),
    ],
)
async def test_is_told_why_not(
    node: str, tmp_path: Path, name: str, type_: str, value: Any, status: str
) -> None:
    async with asked(node, tmp_path) as (running, client):
        before = running.plant.read(STORAGE, "power_setpoint_w")
        reply = await client.ask(do="write", values=[[f"{STORAGE}.{name}", type_, value]])
        assert reply == {"statuses": [status]}
        assert running.plant.read(STORAGE, "power_setpoint_w") == before


@pytest.mark.fault("F18")
async def test_device_says_who_it_is(node: str, tmp_path: Path) -> None:
    async with asked(node, tmp_path) as (_, client):
        serial = await client.ask(do="read", node=f"{STORAGE}.SerialNumber")
        model = await client.ask(do="read", node=f"{STORAGE}.Model")
    assert (serial["value"], serial["type"]) == (str(made_up(STORAGE)), "String")
    assert model["value"] == "storage converter"


@pytest.mark.fault("F18")
async def test_swapped_devices_are_told_by_their_nameplates(node: str, tmp_path: Path) -> None:
    async with asked(node, tmp_path, "HVDC-A") as (running, client):
        running.plant.inject("HVDC-A", "swap", {"with": "HVDC-B"})
        await running.run(0.1)
        serial = await client.ask(do="read", node="HVDC-A.SerialNumber")
        assert serial["value"] == str(made_up("HVDC-B"))
        running.plant.inject("HVDC-A", "clear", {})
        await running.run(0.1)
        serial = await client.ask(do="read", node="HVDC-A.SerialNumber")
        assert serial["value"] == str(made_up("HVDC-A"))
