"""Our gateways and drivers over the in-memory network: real frames, and links that fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from daemon.model.commands import Command, Result
from daemon.model.quality import is_bad, is_good
from device_emulators.virtual.link import Fault, Link
from device_emulators.virtual.run import run
from tests.simulation.board import MODBUS, OPCUA, PACKAGES, modbus, opcua
from tests.small_board import MemoryPlant

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network
    from tests.unit.drivers.board import Rig

    Program = Callable[[Network, VirtualClock], Coroutine[Any, Any, None]]

SECOND = 1_000_000_000


def play(program: Program) -> None:
    """Run a program; nothing may be left of it."""

    async def whole(network: Network, clock: VirtualClock) -> None:
        await program(network, clock)
        await asyncio.sleep(5)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert network.connected(Link()) == 0

    run(whole, seed=3, packages=PACKAGES)


def command(board: Rig, equipment: str, point: str, value: float) -> Command:
    now = board.link.now_ns()
    return Command(9, 4, equipment, point, "x", value, "test", "", "none", now, now + SECOND)


def gateway_said(board: Rig) -> list[bool]:
    """Return what was said of the gateway as a whole: lost, or back."""
    return [change.up for change in board.said if not change.unit]


def test_modbus_driver_follows_the_plant_and_its_commands_arrive() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        plant.show("52-A", position=2.0, source_voltage_v=6600.0)
        async with modbus(plant) as (board, driver):
            await asyncio.sleep(2)
            assert board.value("52-A.source_voltage_v") == 6600.0
            assert is_good(board.quality("52-A.position"))
            plant.show("52-A", source_voltage_v=6500.0)
            at_ns = clock.monotonic_ns()
            await board.until("shown", lambda: board.value("52-A.source_voltage_v") == 6500.0)
            assert clock.monotonic_ns() - at_ns < 0.12 * SECOND
            outcome = await driver.write(command(board, "52-A", "command", 2.0))
            assert outcome.result is Result.ACKNOWLEDGED
            assert plant.written == [
                ("52-A", "command_epoch", 4.0),
                ("52-A", "command_id", 9.0),
                ("52-A", "command", 2.0),
            ]

    play(program)


def test_modbus_driver_polls_its_grid_and_misses_no_slot() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        async with modbus(plant) as (_, driver):
            await asyncio.sleep(1)
            before, missed = driver.statistics.polls, driver.statistics.polls_missed
            await asyncio.sleep(20)
            mirror, all_polls = 2_000, driver.statistics.polls - before
            assert all_polls > mirror
            assert driver.statistics.polls_missed == missed
            assert driver.statistics.polls_failed == 0

    play(program)


def test_modbus_driver_comes_back_after_a_reset_and_says_nothing_of_it() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        plant.show("52-A", position=2.0)
        async with modbus(plant) as (board, driver):
            await asyncio.sleep(2)
            assert network.reset(MODBUS) == 2
            plant.show("52-A", position=1.0)
            await asyncio.sleep(1)
            assert driver.statistics.polls_failed == 2
            assert driver.statistics.connected
            assert board.value("52-A.position") == 1.0
            assert is_good(board.quality("52-A.position"))
            assert board.said == []

    play(program)


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.CUT, Fault.CUT_TO_CLIENT, Fault.REFUSE])
def test_modbus_driver_turns_a_broken_link_into_quality_and_heals(fault: Fault) -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        async with modbus(plant) as (board, _):
            await asyncio.sleep(2)
            network.impose(fault, MODBUS)
            if fault is Fault.REFUSE:
                network.reset(MODBUS)
            await asyncio.sleep(10)
            assert is_bad(board.quality("52-A.position"))
            assert gateway_said(board) == [False]
            network.heal(MODBUS)
            await asyncio.sleep(10)
            assert is_good(board.quality("52-A.position"))
            assert gateway_said(board) == [False, True]

    play(program)


@pytest.mark.fault("F09")
def test_a_gateway_that_stalls_is_said_once_and_none_of_its_units() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        async with modbus(plant) as (board, _):
            for begin_s in (2.0, 0.03, 0.47):  # somewhere else in the order of the polls
                await asyncio.sleep(begin_s)
                board.said.clear()
                network.impose(Fault.STALL, MODBUS)
                await asyncio.sleep(10)
                network.heal(MODBUS)
                await asyncio.sleep(20)
                assert [(change.unit, change.up) for change in board.said] == [
                    ("", False),
                    ("", True),
                ]

    play(program)


@pytest.mark.fault("F03")
def test_modbus_driver_gives_up_a_half_open_connection() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        async with modbus(plant) as (board, _):
            await asyncio.sleep(2)
            network.vanish(MODBUS)
            await asyncio.sleep(1)
            assert not is_good(board.quality("52-A.position"))
            await asyncio.sleep(4)
            assert is_bad(board.quality("52-A.position"))
            network.heal(MODBUS)
            await asyncio.sleep(10)
            assert is_good(board.quality("52-A.position"))

    play(program)


def test_modbus_driver_survives_a_pause_of_its_whole_process() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        async with modbus(plant) as (board, driver):
            await asyncio.sleep(2)
            network.loop.pause("daemon")
            polls = driver.statistics.polls
            plant.show("52-A", position=1.0)
            await asyncio.sleep(3)
            assert driver.statistics.polls == polls
            assert not is_good(board.quality("52-A.position"))
            network.loop.resume("daemon")
            await asyncio.sleep(1)
            assert board.value("52-A.position") == 1.0
            assert is_good(board.quality("52-A.position"))

    play(program)


def test_opcua_driver_follows_writes_and_comes_back_after_reset_and_stall() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        plant = MemoryPlant()
        plant.show("ESS-1", soc_pu=0.8)
        async with opcua(plant, clock) as (board, driver):
            await asyncio.sleep(2)
            assert board.value("ESS-1.soc_pu") == pytest.approx(0.8)
            outcome = await driver.write(command(board, "ESS-1", "command", 2.0))
            assert outcome.result is Result.ACKNOWLEDGED
            assert plant.written[-1] == ("ESS-1", "command", 2.0)
            assert network.reset(OPCUA) == 1
            plant.show("ESS-1", soc_pu=0.7)
            await asyncio.sleep(3)
            assert is_good(board.quality("ESS-1.soc_pu"))
            assert board.value("ESS-1.soc_pu") == pytest.approx(0.7)
            network.impose(Fault.STALL, OPCUA)
            await asyncio.sleep(10)
            assert is_bad(board.quality("ESS-1.soc_pu"))
            network.heal(OPCUA)
            await asyncio.sleep(10)
            assert is_good(board.quality("ESS-1.soc_pu"))
            assert [change.up for change in board.said] == [False, True, False, True]

    play(program)
