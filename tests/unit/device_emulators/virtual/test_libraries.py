"""pymodbus and asyncua as they are, client and server, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.server.server import Server
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from device_emulators.virtual.link import Fault, Link
from device_emulators.virtual.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network

    Modbus = Callable[[Network, VirtualClock, AsyncModbusTcpClient], Coroutine[Any, Any, None]]

MS = 1_000_000
PORT = 15_513
LINK = Link(port=PORT)
PACKAGES = ("pymodbus", "asyncua")
URL = "opc.tcp://127.0.0.1:4840/"


def exchange(program: Modbus, timeout_s: float = 0.3) -> None:
    """Run `program` with a client connected to a server of registers 0 to 19, 1 ms away."""

    async def whole(network: Network, clock: VirtualClock) -> None:
        registers = [SimData(0, values=list(range(20)), datatype=DataType.REGISTERS)]
        bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        device = SimDevice(1, simdata=(bits, bits, registers, registers))
        server = ModbusTcpServer(device, address=("127.0.0.1", PORT))
        await server.serve_forever(background=True)
        client = AsyncModbusTcpClient(
            "127.0.0.1", port=PORT, timeout=timeout_s, retries=0, reconnect_delay=0
        )
        assert await client.connect()
        await program(network, clock, client)
        client.close()
        await server.shutdown()
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert network.connected(Link()) == 0

    run(whole, seed=1, packages=PACKAGES, latency_s=0.001, jitter_s=0.0)


def test_modbus_reads_and_writes_take_one_way_there_and_one_back() -> None:
    async def program(_: Network, clock: VirtualClock, client: AsyncModbusTcpClient) -> None:
        at_ns = clock.monotonic_ns()
        read = await client.read_holding_registers(3, count=4, device_id=1)
        assert read.registers == [3, 4, 5, 6]
        assert clock.monotonic_ns() - at_ns == 2 * MS
        assert not (await client.write_registers(3, [30, 40], device_id=1)).isError()
        read = await client.read_holding_registers(3, count=4, device_id=1)
        assert read.registers == [30, 40, 5, 6]
        assert clock.monotonic_ns() - at_ns == 6 * MS

    exchange(program)


def test_modbus_client_times_out_on_a_stalled_link_at_the_exact_instant() -> None:
    async def program(network: Network, clock: VirtualClock, client: AsyncModbusTcpClient) -> None:
        network.impose(Fault.STALL, LINK)
        at_ns = clock.monotonic_ns()
        with pytest.raises(ModbusIOException):
            await client.read_holding_registers(0, count=1, device_id=1)
        assert clock.monotonic_ns() - at_ns == 300 * MS

    exchange(program)


def test_modbus_client_does_not_notice_that_its_peer_is_gone_until_time_is_up() -> None:
    async def program(network: Network, clock: VirtualClock, client: AsyncModbusTcpClient) -> None:
        network.vanish(LINK)
        await asyncio.sleep(60)
        assert client.connected
        at_ns = clock.monotonic_ns()
        with pytest.raises(ModbusIOException):
            await client.read_holding_registers(0, count=1, device_id=1)
        assert clock.monotonic_ns() - at_ns == 300 * MS
        # The machine is back, and resets what it does not know.
        network.heal(LINK)
        await asyncio.sleep(0.01)
        assert not client.connected

    exchange(program)


def test_modbus_client_is_disconnected_by_a_reset_and_connects_again() -> None:
    async def program(network: Network, _: VirtualClock, client: AsyncModbusTcpClient) -> None:
        assert network.reset(LINK) == 1
        await asyncio.sleep(0.01)
        assert not client.connected
        network.impose(Fault.REFUSE, LINK)
        assert not await client.connect()
        network.heal(LINK)
        assert await client.connect()
        read = await client.read_holding_registers(0, count=2, device_id=1)
        assert read.registers == [0, 1]

    exchange(program)


def test_modbus_connect_over_a_cut_link_ends_at_its_time_limit() -> None:
    async def program(network: Network, clock: VirtualClock, client: AsyncModbusTcpClient) -> None:
        client.close()
        network.impose(Fault.CUT, LINK)
        at_ns = clock.monotonic_ns()
        assert not await client.connect()
        assert clock.monotonic_ns() - at_ns == 300 * MS
        network.heal(LINK)

    exchange(program)


class Heard:
    """Takes notifications of a subscription."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.at_ns: list[int] = []
        self.values: list[float] = []

    def datachange_notification(self, node: object, value: float, data: object) -> None:
        self.at_ns.append(self._clock.monotonic_ns())
        self.values.append(value)


def test_opcua_subscription_publishes_on_its_virtual_interval() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        server = Server()
        await server.init()
        server.set_endpoint(URL)
        index = await server.register_namespace("urn:test")
        level = await server.nodes.objects.add_variable(index, "level", 0.0)
        await server.start()
        client = Client(URL)
        await client.connect()
        heard = Heard(clock)
        subscription = await client.create_subscription(100, heard)
        await subscription.subscribe_data_change(
            client.get_node(level.nodeid), sampling_interval=ua.Double(0.0)
        )
        for value in range(1, 31):
            await asyncio.sleep(1.0)
            await level.write_value(float(value))
        stamped = await level.read_data_value()
        assert stamped.SourceTimestamp is not None
        assert stamped.SourceTimestamp.timestamp() == clock.utc_ns() // 1000 / 1e6
        await asyncio.sleep(0.5)
        assert heard.values == [float(value) for value in range(31)]
        gaps = [b - a for a, b in zip(heard.at_ns[1:-1], heard.at_ns[2:], strict=True)]
        # A value is written each second and published at the next multiple of 100 ms.
        assert all(abs(gap - 1_000 * MS) <= 101 * MS for gap in gaps)
        await client.disconnect()
        await server.stop()
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert network.connected(Link()) == 0

    run(program, seed=1, packages=PACKAGES)
