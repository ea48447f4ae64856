"""A world for tests: time that moves when told, drivers and publishers that keep what they get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from daemon.core.step import Inputs, Params, State, Step
from daemon.drivers.driver import Driver, Link, Statistics
from daemon.drivers.table import Table
from daemon.journal.journal import Journal
from daemon.model.commands import Command, Outcome, Result
from daemon.model.events import AlarmTransition, Event
from daemon.model.plant import Site
from daemon.model.points import tabulate
from daemon.model.quantities import MILLISECOND, SECOND
from daemon.publishers.publisher import Snapshot
from daemon.runtime.actuation import Actuation
from daemon.runtime.clock import Ticks
from daemon.runtime.lane import Lane
from daemon.runtime.requests import Requests
from daemon.runtime.scan import Scan
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.world import World
from tests.unit.drivers.board import site
from tests.unit.journal.memory import MemoryFiles

START = 1000 * SECOND
UTC = 1_700_000_000 * SECOND


class HandClock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.now = START
        self.offset = UTC

    def monotonic_ns(self) -> int:
        return self.now

    def utc_ns(self) -> int:
        return self.now + self.offset


class HandTicks:
    """A grid that waits for nobody: each wait moves the clock to the next slot.

    Attributes:
        before: called with the number of the slot before it begins.
    """

    def __init__(self, clock: HandClock, period_ns: int) -> None:
        self.clock, self.period_ns = clock, period_ns
        self.count = 0
        self.last = 0
        self.before: Callable[[int], None] = lambda _: None

    async def each(self, act: Callable[[int], None]) -> None:
        while True:
            act(await self.wait())

    async def wait(self) -> int:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self.count == self.last:
            await asyncio.Event().wait()
        self.count += 1
        self.clock.now = (self.clock.now // self.period_ns + 1) * self.period_ns
        self.before(self.count)
        return self.clock.now // self.period_ns * self.period_ns

    def close(self) -> None:
        pass


class InlineWorkers:
    """Doubles a value at once; knows nothing else."""

    async def run(self, function: str, arguments: Mapping[str, int]) -> int:
        return {"double": 2 * arguments["value"]}[function]


@dataclass
class KeepingDriver:
    """Acknowledges everything."""

    gateway: str
    statistics: Statistics = field(default_factory=Statistics)
    written: list[Command] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def write(self, command: Command) -> Outcome:
        if self.hold is not None:
            await self.hold.wait()
        self.written.append(command)
        return Outcome(command.id, Result.ACKNOWLEDGED, 0, "")


@dataclass
class KeepingPublisher:
    """Keeps what it is given."""

    name: str = "kept"
    told: list[Event | AlarmTransition] = field(default_factory=list)
    shown: list[Snapshot] = field(default_factory=list)
    broken: bool = False

    def show(self, snapshot: Snapshot) -> None:
        if self.broken:
            raise RuntimeError("a defect")
        self.shown.append(snapshot)

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        self.told.extend(news)

    async def run(self) -> None:
        await asyncio.Event().wait()


@dataclass
class Scanned:
    """One call of the step function."""

    lane: str
    inputs: Inputs


class Desk:
    """A scan over a small site with a step function given by the test."""

    def __init__(self, act: Callable[[Scanned], Step | None] = lambda _: None) -> None:
        self.clock = HandClock()
        self.files = MemoryFiles()
        self.site: Site = site()
        self.points = tabulate(self.site)
        self.table = Table(self.points, START)
        self.drivers: dict[str, KeepingDriver] = {g: KeepingDriver(g) for g in self.site.gateways}
        self.publisher = KeepingPublisher()
        self.calls: list[Scanned] = []
        self.ticks = HandTicks(self.clock, 10 * MILLISECOND)
        self.ticks.before = self.read_all
        self.supervisor = Supervisor(self.clock.monotonic_ns, lambda _name, _why: None)
        self.act = act
        self.world = World(
            clock=self.clock,
            ticks=self._ticks,
            files=self.files,
            workers=InlineWorkers(),
            links=self._link,
            north=lambda _: (self.publisher,),
            chance=np.random.Generator(np.random.PCG64(1)),
        )
        self.journal = Journal(self.files)
        self.journal.boot(1, "hash", START, UTC)
        drivers: dict[str, Driver] = dict(self.drivers)
        self.actuation = Actuation(self.site, drivers, self.clock.monotonic_ns)
        self.requests = Requests(self.world.workers, {})
        self.scan = Scan(
            self.world,
            [self._lane("switching", 10), self._lane("main", 100)],
            self.table,
            self.journal,
            self.actuation,
            self.requests,
            drivers,
            (self.publisher,),
            self.supervisor,
            self._step,
        )

    def _ticks(self, period_ns: int) -> Ticks:
        assert period_ns == self.ticks.period_ns
        return self.ticks

    def _link(self, link: Link) -> Driver:
        return self.drivers[link.gateway.id]

    def _lane(self, name: str, period_ms: int) -> Lane:
        params = Params(name, self.site, self.points, None, 1)  # type: ignore[arg-type]
        return Lane(params, State(), period_ms * MILLISECOND)

    def _step(self, state: State, inputs: Inputs, params: Params, *_: object) -> Step:
        scanned = Scanned(params.lane, inputs)
        self.calls.append(scanned)
        return self.act(scanned) or Step(state)

    def read_all(self, _: int = 0) -> None:
        """Let every value be read now."""
        n = len(self.points)
        everything = np.arange(n)
        self.table.put(everything, np.zeros(n), np.zeros(n, dtype=np.uint32), self.clock.now)

    async def run(self, ticks: int) -> None:
        """Run so many ticks; an exception of the scan comes out."""
        self.ticks.last += ticks
        tasks = [asyncio.create_task(self.scan.run()), asyncio.create_task(self.actuation.run())]
        try:
            while not tasks[0].done() and self.ticks.count < self.ticks.last:  # noqa: ASYNC110
                await asyncio.sleep(0)
            for _ in range(10):
                await asyncio.sleep(0)
            if tasks[0].done():
                tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.requests.close()

    def told(self, name: str) -> list[Event]:
        """Return the events of this name that were published."""
        return [e for e in self.publisher.told if isinstance(e, Event) and e.name == name]


def command(id: int = 1, equipment: str = "52-1", point: str = "command") -> Command:
    return Command(id, 1, equipment, point, "open", 1.0, "test", "", "none", START, START + 10**12)
