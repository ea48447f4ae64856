"""The image-depth driver: the same rounding, the same periods, no frames."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from daemon.drivers.driver import Driver
from daemon.drivers.image import ImageDriver
from daemon.model.commands import Command, Result
from daemon.model.quality import Quality, is_good
from tests.unit.drivers.board import Rig, rig, site


class Plant:
    """Values by point, one for all that are not named."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], float] = {}
        self.written: list[tuple[str, str, float]] = []
        self.takes = True
        self.gone = False

    def read(self, equipment: str, point: str) -> float:
        if self.gone:
            raise ConnectionError("no answer")
        return self.values.get((equipment, point), 1.0)

    def write(self, equipment: str, point: str, value: float) -> bool:
        if self.gone:
            raise ConnectionError("no answer")
        self.written.append((equipment, point, value))
        return self.takes


@asynccontextmanager
async def driving(gateway: str = "GW") -> AsyncIterator[tuple[Rig, Plant, Driver]]:
    table, plant = rig(site(breakers=1, rows=1), gateway), Plant()
    driver: Driver = ImageDriver(table.link, plant)
    task = asyncio.create_task(driver.run())
    try:
        yield table, plant, driver
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def command(table: Rig, equipment: str, point: str, value: float) -> Command:
    now = table.link.now_ns()
    return Command(7, 3, equipment, point, "x", value, "test", "", "none", now, now + 10**9)


async def test_values_take_the_rounding_of_their_registers() -> None:
    async with driving() as (table, plant, driver):
        plant.values = {
            ("52-1", "current_a"): 12.34567,
            ("52-1", "source_voltage_v"): 40_000.0,
            ("ROW-1", "power_w"): 123_456.789,
        }
        await table.until("read", lambda: table.value("52-1.current_a") == pytest.approx(12.3))
        assert table.quality("52-1.source_voltage_v") == Quality.BAD_OUT_OF_RANGE
        await table.until("f32", lambda: abs(table.value("ROW-1.power_w") - 123_456.79) < 0.1)
        assert driver.statistics.polls


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
        plant.gone = True
        await table.until(
            "bad", lambda: table.quality("52-1.position") == Quality.BAD_NOT_CONNECTED
        )
        failed = await driver.write(command(table, "52-1", "command", 2.0))
        assert failed.result is Result.FAILED
        plant.gone = False
        await table.until("good", lambda: is_good(table.quality("52-1.power_w")))
        assert [c.up for c in table.said] == [False, True]


async def test_nodes_are_served_whole() -> None:
    async with driving("OPC") as (table, plant, _):
        plant.values = {("ESS-1", "soc_pu"): 0.123456789, ("ESS-1", "power_w"): float("nan")}
        await table.until("read", lambda: table.value("ESS-1.soc_pu") == 0.123456789)
        assert table.quality("ESS-1.power_w") == Quality.BAD
