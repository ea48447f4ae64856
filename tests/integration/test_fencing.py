"""Over a real socket, an emulated breaker obeys the newest daemon alone, and each number once."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.model.commands import Command, Result
from daemon.model.quality import is_good
from daemon.model.quantities import SECOND
from device_emulators.faults.instruments import Instruments
from device_emulators.plant.plant import Plant
from device_emulators.servers.modbus import ModbusGateway
from tests.small_board import free_port
from tests.unit.device_emulators.sites import shipped
from tests.unit.drivers.board import rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

BREAKER = "52-MCCB-CH1"
CODES = {"open": 1.0, "close": 2.0}


class Bench:
    """The plant behind one gateway, and two daemons before it, the older one with epoch 4."""

    def __init__(
        self,
        plant: Instruments,
        write: Callable[[Command], Awaitable[Result]],
        clock_ns: Callable[[], int],
    ) -> None:
        self.plant, self.write, self.clock_ns = plant, write, clock_ns

    async def tell(self, action: str, *, epoch: int, number: int) -> Result:
        """Give a command as a daemon does, and let it take its time in the plant."""
        now_ns = self.clock_ns()
        order = Command(
            number, epoch, BREAKER, "command", action, CODES[action], "test", "", "passed",
            now_ns, now_ns + SECOND,
        )  # fmt: skip
        result = await self.write(order)
        self.plant.advance(self.plant.now_ns + 12 * SECOND)
        return result

    @property
    def closed(self) -> bool:
        """Return whether the breaker is really closed."""
        return self.plant.quantity(BREAKER, "closed") == 1.0


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Serve the gateway of the breaker and drive it with the daemon's own driver."""
    site = shipped("traditional")
    device = site.equipment[BREAKER].device
    assert device is not None
    gateway = replace(site.gateways[device.gateway], port=free_port())
    site = replace(site, gateways={**site.gateways, gateway.id: gateway})
    plant = Instruments(Plant(site))
    server = ModbusGateway(site, gateway, plant)
    await server.start()
    table = rig(site, gateway.id)
    driver = ModbusDriver(table.link)
    task = asyncio.create_task(driver.run())

    async def write(order: Command) -> Result:
        return (await driver.write(order)).result

    try:
        await table.until("read", lambda: is_good(table.quality(f"{BREAKER}.position")))
        yield Bench(plant, write, table.link.now_ns)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await server.stop()


@pytest.mark.fault("F75")
async def test_a_daemon_that_wakes_up_late_is_refused_by_the_device() -> None:
    async with bench() as at:
        assert at.closed
        assert await at.tell("open", epoch=4, number=1) is Result.ACKNOWLEDGED
        assert not at.closed
        assert await at.tell("close", epoch=5, number=1) is Result.ACKNOWLEDGED
        assert at.closed, "a new epoch numbers anew"
        assert await at.tell("open", epoch=4, number=2) is Result.REFUSED
        assert at.closed
        assert await at.tell("open", epoch=5, number=2) is Result.ACKNOWLEDGED
        assert not at.closed


@pytest.mark.fault("F97")
async def test_a_frame_that_comes_twice_acts_once() -> None:
    async with bench() as at:
        assert await at.tell("open", epoch=4, number=1) is Result.ACKNOWLEDGED
        assert await at.tell("close", epoch=4, number=2) is Result.ACKNOWLEDGED
        assert await at.tell("open", epoch=4, number=1) is Result.ACKNOWLEDGED
        assert at.closed
        assert await at.tell("open", epoch=4, number=65_537 + 1) is Result.ACKNOWLEDGED
        assert at.closed, "the number after the wrap is that of the last command: it does not act"
        assert await at.tell("open", epoch=4, number=65_537 + 2) is Result.ACKNOWLEDGED
        assert not at.closed
