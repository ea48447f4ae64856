"""The image-depth drivers: the same rounding, the same periods, no frames."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.drivers.driver import Driver
from daemon.drivers.image import ImageLinks
from daemon.model.commands import Command, Result
from daemon.model.quality import Quality, is_good
from device_emulators.virtual.run import run
from tests.unit.drivers.board import Rig, rig, site


class Plant:
    """Values by point, one for all that are not named."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], float] = {}
        self.written: list[tuple[str, str, float]] = []
        self.takes = True
        self.gone: set[str] = set()
        self.silent: set[str] = set()
        self.version = 1
        self.due_ns = 0  # always: it may change at any time
        self.reads = 0

    @property
    def ways(self) -> int:
        return self.version

    def reader(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        def read() -> NDArray[np.float64]:
            self.reads += 1
            return np.array([self.values.get(name, 1.0) for name in names])

        return read

    def answers(self, gateway: str) -> bool:
        if gateway in self.gone:
            raise ConnectionError("no answer")
        return gateway not in self.silent

    def write(self, equipment: str, point: str, value: float) -> bool:
        self.answers("GW")
        self.written.append((equipment, point, value))
        return self.takes


@asynccontextmanager
async def driving(gateway: str = "GW") -> AsyncIterator[tuple[Rig, Plant, Driver]]:
    table, plant = rig(site(breakers=1, rows=1), gateway), Plant()
    driver: Driver = ImageLinks(plant).driver(table.link)
    async with running(driver):
        yield table, plant, driver


@asynccontextmanager
async def running(*drivers: Driver) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(driver.run()) for driver in drivers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def virtually(scene: Callable[[], Coroutine[object, object, None]]) -> None:
    """Play a scene in virtual time."""
    run(lambda _network, _clock: scene(), seed=1)


def command(table: Rig, equipment: str, point: str, value: float) -> Command:
    now = table.link.now_ns()
    return Command(7, 3, equipment, point, "x", value, "test", "", "none", now, now + 10**9)


async def test_values_take_the_rounding_of_their_registers() -> None:
    async with driving() as (table, plant, driver):
        plant.values = {
            ("52-1", "current_a"): 12.34567,
            ("52-1", "source_voltage_v"): 40_000.0,
            ("52-1", "load_voltage_v"): float("inf"),
            ("52-1", "life_count"): 65_536.0 + 7.0,
            ("ROW-1", "power_w"): 123_456.789,
        }
        await table.until("read", lambda: table.value("52-1.current_a") == pytest.approx(12.3))
        assert table.quality("52-1.source_voltage_v") == Quality.BAD_OUT_OF_RANGE
        assert table.quality("52-1.load_voltage_v") == Quality.BAD, (
            "clamped on the wire, but not so"
        )
        assert table.value("52-1.life_count") == 7.0
        await table.until("f32", lambda: abs(table.value("ROW-1.power_w") - 123_456.79) < 0.1)
        assert driver.statistics.polls


@pytest.mark.parametrize("lie", [float("nan"), float("-inf"), 1e300])
async def test_a_sensor_that_lies_grossly_is_not_believed(lie: float) -> None:
    async with driving() as (table, plant, _):
        plant.values = {("ROW-1", "power_w"): lie, ("52-1", "source_voltage_v"): lie}
        await table.until("read", lambda: is_good(table.quality("52-1.current_a")))
        await table.until("row", lambda: is_good(table.quality("ROW-1.life_count")))
        assert not is_good(table.quality("ROW-1.power_w"))
        assert not is_good(table.quality("52-1.source_voltage_v"))


async def test_commands_are_checked_as_on_the_wire() -> None:
    async with driving() as (table, plant, driver):
        done = await driver.write(command(table, "52-1", "command", 2.0))
        assert done.result is Result.ACKNOWLEDGED
        assert plant.written == [
            ("52-1", "command_epoch", 3),
            ("52-1", "command_id", 7),
            ("52-1", "command", 2.0),
        ]
        too_much = await driver.write(command(table, "ROW-1", "power_cap_pu", 1.1))
        assert too_much.result is Result.REFUSED
        plant.takes = False
        refused = await driver.write(command(table, "ROW-1", "power_cap_pu", 0.5))
        assert refused.result is Result.REFUSED


@pytest.mark.fault("F01")
async def test_peer_that_goes_and_comes_back() -> None:
    async with driving() as (table, plant, driver):
        await table.until("read", lambda: is_good(table.quality("52-1.position")))
        plant.gone, plant.version = {"GW"}, 2
        await table.until(
            "bad", lambda: table.quality("52-1.position") == Quality.BAD_NOT_CONNECTED
        )
        failed = await driver.write(command(table, "52-1", "command", 2.0))
        assert failed.result is Result.FAILED
        plant.gone, plant.version = set(), 3
        await table.until("good", lambda: is_good(table.quality("52-1.power_w")))
        assert [c.up for c in table.said] == [False, True]


async def test_nodes_are_served_whole() -> None:
    async with driving("OPC") as (table, plant, _):
        plant.values = {("ESS-1", "soc_pu"): 0.123456789, ("ESS-1", "power_w"): float("nan")}
        await table.until("read", lambda: table.value("ESS-1.soc_pu") == 0.123456789)
        assert table.quality("ESS-1.power_w") == Quality.BAD


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Rig, Plant, tuple[Driver, Driver]]]:
    """Drive a Modbus and an OPC UA gateway, with one table, from one peer."""
    plant_site, plant = site(breakers=2, rows=2), Plant()
    table = rig(plant_site, "GW")
    links = ImageLinks(plant)
    other = replace(table.link, gateway=plant_site.gateways["OPC"])
    drivers = links.driver(table.link), links.driver(other)
    async with running(*drivers):
        await asyncio.sleep(1.05)
        yield table, plant, drivers


@pytest.mark.fault("F01")
def test_a_gateway_that_cannot_be_reached_costs_its_own_points_only() -> None:
    async def scene() -> None:
        async with two() as (table, plant, (modbus, opcua)):
            plant.gone, plant.version = {"OPC"}, 2
            plant.values = {("52-2", "power_w"): 55.0}
            await asyncio.sleep(1.0)
            assert table.quality("ESS-1.soc_pu") == Quality.BAD_NOT_CONNECTED
            assert table.value("52-2.power_w") == 55.0
            assert is_good(table.quality("52-2.power_w"))
            assert [(c.gateway, c.up) for c in table.said] == [("OPC", False)]
            assert (modbus.statistics.connected, opcua.statistics.connected) == (True, False)
            assert opcua.statistics.polls_failed >= 10
            polls = opcua.statistics.polls
            plant.gone, plant.version = set(), 3
            await asyncio.sleep(1.0)
            assert is_good(table.quality("ESS-1.soc_pu"))
            assert opcua.statistics.polls > polls
            assert table.said[-1].up

    virtually(scene)


@pytest.mark.fault("F02")
def test_values_of_a_gateway_that_says_nothing_grow_old() -> None:
    async def scene() -> None:
        async with two() as (table, plant, (modbus, opcua)):
            plant.silent, plant.version = {"OPC"}, 2
            await asyncio.sleep(0.6)
            stale = Quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE
            assert table.quality("ESS-1.soc_pu") == stale
            assert is_good(table.quality("ROW-1.power_w")), "its poll was answered all the time"
            await asyncio.sleep(1.0)
            assert table.quality("ESS-1.soc_pu") == Quality.BAD_NO_COMMUNICATION
            assert table.said == []
            assert modbus.statistics.polls > opcua.statistics.polls

    virtually(scene)


def test_while_nothing_changes_a_poll_reads_nothing_and_keeps_values_fresh() -> None:
    async def scene() -> None:
        async with two() as (table, plant, _):
            reads = plant.reads
            plant.values = {("ROW-1", "power_w"): 77.0}
            await asyncio.sleep(5.0)
            assert plant.reads == reads
            assert table.value("ROW-1.power_w") == pytest.approx(1.0)
            assert is_good(table.quality("ROW-1.power_w"))
            plant.version = 2
            await asyncio.sleep(0.11)
            assert table.value("ROW-1.power_w") == pytest.approx(77.0)

    virtually(scene)


def test_gateways_come_and_go_one_by_one_and_leave_no_task_behind() -> None:
    async def scene() -> None:
        async with two() as (table, plant, (_, opcua)):
            task = asyncio.create_task(opcua.run())
            await asyncio.sleep(0.5)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            plant.values, plant.version = {("52-1", "power_w"): 3.0}, 2
            await asyncio.sleep(1.1)
            assert table.value("52-1.power_w") == 3.0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtually(scene)


def test_a_defect_in_reading_reaches_whoever_runs_the_drivers() -> None:
    async def scene() -> None:
        plant = Plant()
        table = rig(site(), "GW")
        driver = ImageLinks(plant).driver(table.link)

        def broken(names: object) -> Callable[[], NDArray[np.float64]]:
            raise ValueError("no such point")

        plant.reader = broken  # type: ignore[method-assign]
        with pytest.raises(ValueError, match="no such point"):
            await driver.run()

    virtually(scene)
