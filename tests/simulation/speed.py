"""Prints how many virtual seconds one second of a core is good for, real frames at both ends.

Run as `python -m tests.simulation.speed [SECONDS]`. The libraries' own cost is nearly all of it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from device_emulators.virtual.run import run
from tests.simulation.board import PACKAGES, modbus, opcua
from tests.small_board import MemoryPlant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network

DEVICES = 10
PERIOD_S = 0.1


async def _polled(lasts_s: float, clock: VirtualClock) -> float:
    """Ten plain pymodbus devices, 50 registers each, asked ten times a second."""
    async with AsyncExitStack() as stack:
        clients = []
        for number in range(DEVICES):
            registers = [SimData(0, values=[0] * 50, datatype=DataType.REGISTERS)]
            bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
            device = SimDevice(1, simdata=(bits, bits, registers, registers))
            server = ModbusTcpServer(device, address=("127.0.0.1", 15_000 + number))
            await server.serve_forever(background=True)
            stack.push_async_callback(server.shutdown)
            client = AsyncModbusTcpClient("127.0.0.1", port=15_000 + number, retries=0)
            await client.connect()
            stack.callback(client.close)
            clients.append(client)
        began = time.process_time()
        ends_ns = clock.monotonic_ns() + lasts_s * 1e9
        while clock.monotonic_ns() < ends_ns:
            await asyncio.gather(*(c.read_holding_registers(0, count=50) for c in clients))
            await asyncio.sleep(PERIOD_S - clock.monotonic_ns() / 1e9 % PERIOD_S)
        return lasts_s / (time.process_time() - began)


async def _board(lasts_s: float, clock: VirtualClock) -> float:
    """Our gateway of four devices with a mirror at 10 ms, and our driver."""
    async with modbus(MemoryPlant()):
        await asyncio.sleep(1)
        began = time.process_time()
        await asyncio.sleep(lasts_s)
        return lasts_s / (time.process_time() - began)


async def _subscribed(lasts_s: float, clock: VirtualClock) -> float:
    """Our OPC UA server of one device, a value that changes, and our driver at 100 ms."""
    plant = MemoryPlant()
    async with opcua(plant, clock):
        await asyncio.sleep(1)
        began = time.process_time()
        for number in range(round(lasts_s / PERIOD_S)):
            plant.show("ESS-1", soc_pu=number % 100 / 100)
            await asyncio.sleep(PERIOD_S)
        return lasts_s / (time.process_time() - began)


def measured(of: Callable[[float, VirtualClock], Awaitable[float]], lasts_s: float) -> float:
    """Return virtual seconds per second of a core in a run."""

    async def program(_: Network, clock: VirtualClock) -> float:
        return await of(lasts_s, clock)

    return run(program, seed=1, packages=PACKAGES)


if __name__ == "__main__":
    for each in (_polled, _board, _subscribed):
        speed = measured(each, float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
        print(f"{speed:7.1f} x  {each.__doc__}")
