from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.drivers.opcua import OpcuaDriver
from daemon.model.quality import is_bad, is_good
from device_emulators.servers.gateways import Gateways
from device_emulators.virtual.link import located
from device_emulators.virtual.run import run
from tests.simulation.board import MODBUS_PORT, OPCUA_PORT, PACKAGES, driven
from tests.small_board import MemoryPlant, small_board
from tests.unit.drivers.board import rig

if TYPE_CHECKING:
    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network

SECOND = 1_000_000_000


@pytest.mark.fault("F02")
@pytest.mark.parametrize(
    ("gateway", "point"), [("GW-B", "52-A.source_voltage_v"), ("OPC-B", "ESS-1.soc_pu")]
)
def test_a_gateway_that_hangs_says_nothing_and_can_answer_again(gateway: str, point: str) -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        equipment, _dot, name = point.partition(".")
        site, plant = small_board(MODBUS_PORT, OPCUA_PORT), MemoryPlant()
        gateways = Gateways(site, plant)
        with located("plant"):
            await gateways.open(clock.utc_ns())
        board = rig(site, gateway)
        driver = ModbusDriver(board.link) if gateway == "GW-B" else OpcuaDriver(board.link)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(gateways.close)
            await stack.enter_async_context(driven(driver))
            await asyncio.sleep(2)
            assert is_good(board.quality(point))
            gateways.disturb(gateway, "hang", {})
            at_ns = clock.monotonic_ns()
            for number in range(50):
                plant.show(equipment, **{name: float(number)})
                await gateways.refresh(clock.utc_ns())
                await asyncio.sleep(0.1)
            assert board.value(point) == 0.0
            assert is_bad(board.quality(point))
            assert board.said[0].at_ns - at_ns < 2.5 * SECOND
            gateways.disturb(gateway, "answer", {})
            await asyncio.sleep(10)
            assert board.value(point) == 49.0
            assert is_good(board.quality(point))
            assert [(change.unit, change.up) for change in board.said] == [("", False), ("", True)]

    run(program, seed=1, packages=PACKAGES)
