"""The small board served by our gateways and driven by our drivers, unmodified, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.drivers.opcua import OpcuaDriver
from device_emulators.servers.modbus import ModbusGateway
from device_emulators.servers.opcua import OpcUaGateway
from device_emulators.virtual.link import Link, located
from tests.small_board import MemoryPlant, small_board
from tests.unit.drivers.board import Rig, rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daemon.drivers.driver import Driver
    from device_emulators.virtual.clock import VirtualClock

MODBUS_PORT, OPCUA_PORT = 15_001, 14_840
MODBUS, OPCUA = Link(port=MODBUS_PORT), Link(port=OPCUA_PORT)
PACKAGES = ("pymodbus", "asyncua")
SHOW_S = 0.05


@asynccontextmanager
async def driven(driver: Driver) -> AsyncIterator[None]:
    """Let a driver run on the machine of the daemon."""
    with located("daemon"):
        task = asyncio.create_task(driver.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def modbus(plant: MemoryPlant) -> AsyncIterator[tuple[Rig, ModbusDriver]]:
    """Serve the Modbus gateway of the board and poll it."""
    site = small_board(MODBUS_PORT, OPCUA_PORT)
    gateway = ModbusGateway(site, site.gateways["GW-B"], plant)
    with located("plant"):
        await gateway.start()
    board = rig(site, "GW-B")
    driver = ModbusDriver(board.link)
    try:
        async with driven(driver):
            yield board, driver
    finally:
        await gateway.stop()


@asynccontextmanager
async def opcua(plant: MemoryPlant, clock: VirtualClock) -> AsyncIterator[tuple[Rig, OpcuaDriver]]:
    """Serve the OPC UA gateway of the board, let it follow the plant, and subscribe to it."""
    site = small_board(MODBUS_PORT, OPCUA_PORT)
    gateway = OpcUaGateway(site, site.gateways["OPC-B"], plant)

    async def follow() -> None:
        while True:
            await gateway.refresh(clock.utc_ns())
            await asyncio.sleep(SHOW_S)

    with located("plant"):
        await gateway.start(clock.utc_ns())
        following = asyncio.create_task(follow())
    board = rig(site, "OPC-B")
    driver = OpcuaDriver(board.link)
    try:
        async with driven(driver):
            yield board, driver
    finally:
        following.cancel()
        await gateway.stop()
