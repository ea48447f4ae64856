"""The fault proxy on real sockets, between pymodbus and a gateway of ours."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asyncua.client.client import Client
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from device_emulators.faults.proxy import Proxy, run, values_of
from device_emulators.servers.modbus import ModbusGateway
from device_emulators.servers.opcua import OpcUaGateway
from tests.small_board import NAMESPACE, MemoryPlant, free_port, small_board

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

HOST = "127.0.0.1"
PATIENCE_S = 0.15


@asynccontextmanager
async def between(protocol: str = "modbus_tcp") -> AsyncIterator[tuple[Proxy, MemoryPlant]]:
    """Serve the small board behind a proxy."""
    site, plant = small_board(modbus_port=free_port()), MemoryPlant()
    plant.show("52-A", source_voltage_v=3300.0, load_voltage_v=3000.0)
    gateway = ModbusGateway(site, site.gateways["GW-B"], plant)
    await gateway.start()
    proxy = Proxy((HOST, gateway.port), protocol)
    await proxy.open(HOST, 0)
    try:
        yield proxy, plant
    finally:
        proxy.close()
        await gateway.stop()


async def asked(client: AsyncModbusTcpClient, count: int = 2) -> str | list[int]:
    """Return what became of a request for the voltages."""
    try:
        read = await client.read_input_registers(1, count=count, device_id=2)
    except ModbusException as error:
        return type(error).__name__
    return f"exception {read.exception_code}" if read.isError() else [*read.registers]


async def a_client(proxy: Proxy) -> AsyncModbusTcpClient:
    """Return a client that has connected through the proxy."""
    client = AsyncModbusTcpClient(HOST, port=proxy.port, timeout=PATIENCE_S, retries=0)
    assert await client.connect()
    return client


SOUND = [6600, 6000]


@pytest.mark.parametrize(
    ("event", "values", "meanwhile"),
    [
        ("hang", {}, "ModbusIOException"),
        ("cut_to_gateway", {}, "ModbusIOException"),
        ("cut_to_daemon", {}, "ModbusIOException"),
        ("cut", {}, "ModbusIOException"),
        ("slow", {"latency_s": 0.02}, SOUND),
        ("slow", {"latency_s": 0.2}, "ModbusIOException"),
        ("jitter", {"jitter_s": 0.02}, SOUND),
        ("dribble", {"pause_s": 0.002}, SOUND),
        ("dribble", {"pause_s": 0.1}, "ModbusIOException"),
        ("late", {"latency_s": 0.3}, "ModbusIOException"),
        ("lose", {"share_pu": 1.0}, "ModbusIOException"),
        ("lose", {"share_pu": 0.0}, SOUND),
        ("garbage", {}, "ModbusIOException"),
        ("oversize", {}, "ModbusIOException"),
        ("duplicate", {}, SOUND),
        ("reorder", {}, "ModbusIOException"),
        ("wrong_transaction", {}, "ModbusIOException"),
        ("wrong_unit", {}, "ModbusIOException"),
        ("wrong_length", {}, "ModbusIOException"),
        ("truncate", {}, [6600]),
        ("refuse", {}, "ConnectionException"),
    ],
)
async def test_what_a_client_meets(
    event: str, values: Mapping[str, Any], meanwhile: object
) -> None:
    async with between() as (proxy, _):
        client = await a_client(proxy)
        assert await asked(client) == SOUND
        proxy.suffer(event, values)
        await asyncio.sleep(0)
        found = await asked(client)
        client.close()
        proxy.suffer("heal", {})
        after = await healed(proxy)
    if event == "refuse":  # the client may not have noticed yet that it was thrown out
        assert found in {"ConnectionException", "ModbusIOException"}
    else:
        assert found == meanwhile
    assert after == SOUND


async def healed(proxy: Proxy) -> object:
    """Return what a new client reads."""
    client = AsyncModbusTcpClient(HOST, port=proxy.port, timeout=PATIENCE_S, retries=0)
    while not await client.connect():  # noqa: ASYNC110 - that a door opens is no event
        await asyncio.sleep(0)
    found = await asked(client)
    client.close()
    return found


async def test_a_door_that_refuses_is_shut_for_real() -> None:
    async with between() as (proxy, _):
        proxy.suffer("refuse", {})
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, proxy.port)
        proxy.suffer("heal", {})
        assert await healed(proxy) == SOUND


async def test_after_a_cut_the_old_connection_is_reset_at_its_next_word() -> None:
    async with between() as (proxy, _):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        proxy.suffer("cut", {})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1)
        proxy.suffer("heal", {})
        writer.write(b"are you there")
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()


async def test_writes_arrive_although_their_answers_are_lost() -> None:
    async with between() as (proxy, plant):
        client = await a_client(proxy)
        proxy.suffer("cut_to_daemon", {})
        with pytest.raises(ModbusException):
            await client.write_registers(100, [0, 4, 0, 9, 2], device_id=2)
        client.close()
    assert ("52-A", "command", 2.0) in plant.written


async def test_bytes_of_any_protocol_can_be_slowed_and_duplicated() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, HOST, 0)
    proxy = Proxy((HOST, server.sockets[0].getsockname()[1]), "bytes")
    await proxy.open(HOST, 0)
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    proxy.suffer("duplicate", {})
    writer.write(b"hello")
    assert await reader.readexactly(10) == b"hellohello"
    with pytest.raises(ValueError, match="nothing called wrong_unit can be done here"):
        proxy.suffer("wrong_unit", {})
    writer.close()
    proxy.close()
    server.close()
    await server.wait_closed()


async def test_opc_ua_passes_through_and_goes_wrong_on_its_way() -> None:
    site, plant = small_board(opcua_port=free_port()), MemoryPlant()
    plant.show("ESS-1", soc_pu=0.5)
    found = site.gateways["OPC-B"]
    gateway = OpcUaGateway(site, found, plant)
    await gateway.start(1_000_000_000_000_000_000)
    proxy = Proxy((HOST, found.port), "opcua")
    await proxy.open(HOST, 0)

    async def soc() -> float:
        async with Client(f"opc.tcp://{HOST}:{proxy.port}/", timeout=1.0) as client:
            index = await client.get_namespace_index(NAMESPACE)
            return float(await client.get_node(f"ns={index};s=ESS-1/soc").read_value())

    try:
        assert await soc() == pytest.approx(50.0)
        proxy.suffer("dribble", {"pause_s": 0.0001})
        proxy.suffer("duplicate", {})
        proxy.suffer("heal", {})
        proxy.suffer("hang", {})
        with pytest.raises((TimeoutError, ConnectionError)):
            await soc()
        proxy.suffer("heal", {})
        assert await soc() == pytest.approx(50.0)
        with pytest.raises(ValueError, match="nothing called renumber"):
            proxy.suffer("renumber", {})
    finally:
        proxy.close()
        await gateway.stop()


async def test_a_server_that_is_away_shows_as_a_reset() -> None:
    proxy = Proxy((HOST, free_port()), "modbus_tcp")
    await proxy.open(HOST, 0)
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await reader.read(1) == b""
    writer.close()
    proxy.close()


@pytest.fixture
def no_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let standard input be what no selector takes: /dev/null."""
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


@pytest.mark.usefixtures("no_input")
async def test_it_serves_in_the_background_too() -> None:
    said: list[str] = []
    task = asyncio.create_task(run((HOST, 0), (HOST, 9), "bytes", None, None, said.append))
    await asyncio.sleep(PATIENCE_S)
    assert said
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_values_are_told_from_words() -> None:
    assert values_of(["latency_s=0.5", "point=power_w"]) == {"latency_s": 0.5, "point": "power_w"}
    with pytest.raises(ValueError, match="name=value"):
        values_of(["0.5"])
