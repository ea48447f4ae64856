"""A journal without the scans that were left out comes to the same decisions."""

from __future__ import annotations

import asyncio

import numpy as np

from daemon import app, settings
from daemon.drivers.driver import Driver, Link, Statistics
from daemon.journal.journal import read
from daemon.model.commands import Command, Outcome, Result
from daemon.model.quantities import MILLISECOND
from daemon.runtime.clock import SleepTicks
from daemon.runtime.replay import replay
from daemon.runtime.world import World
from tests.hall import Hall
from tests.unit.journal.memory import MemoryFiles
from tests.unit.runtime.desk import HandClock, InlineWorkers

TICKS, LOST, SILENT, BACK = 2200, 600, range(900, 1100), 1500


class _Obeying:
    """A gateway to the hall on paper."""

    def __init__(self, link: Link, hall: Hall) -> None:
        self.gateway = link.gateway.id
        self.statistics = Statistics()
        self.hall = hall

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def write(self, command: Command) -> Outcome:
        self.hall.obey(command)
        self.hall.inbox.clear()
        return Outcome(command.id, Result.ACKNOWLEDGED, self.hall.now_ns, "")


async def test_an_outage_with_values_that_grow_old_is_replayed_without_the_idle_scans() -> None:
    clock, hall, files, links = HandClock(), Hall(), MemoryFiles(), []

    def connect(link: Link) -> Driver:
        links.append(link)
        return _Obeying(link, hall)

    world = World(
        clock=clock,
        ticks=lambda period_ns: SleepTicks(clock.monotonic_ns, period_ns),
        files=files,
        workers=InlineWorkers(),
        links=connect,
        north=lambda _: (),
        chance=np.random.default_rng(1),
    )
    daemon = app.build(world, settings.load(settings.site_path("ai_hall")), lambda _: None)
    table, acting = links[0].table, asyncio.create_task(daemon.actuation.run())
    everything = np.arange(len(table.values))
    for tick in range(TICKS):
        clock.now += 10 * MILLISECOND
        hall.now_ns = clock.now
        if tick == LOST:
            hall.lose_mains()
        if tick == BACK:
            hall.utilities = dict.fromkeys(hall.utilities, True)
        hall.happen()
        image = hall.image()
        if tick in SILENT:
            table.touch(everything[:500], clock.now)
        else:
            table.put(everything, image.values, image.quality, clock.now)
        daemon.scan._tick(clock.now)
        for _ in range(3):
            await asyncio.sleep(0)
    acting.cancel()
    records = list(read(files))
    lanes = {name: lane.params for name, lane in daemon.scan.lanes.items()}
    assert list(replay(records, lanes)) == []
    recorded = sum(r["k"] == "in" and r["lane"] == "switching" for r in records)
    assert daemon.scan.lanes["switching"].figures.scans == TICKS
    assert recorded < TICKS / 4
    told = [c.action for r in records if r["k"] == "out" for c in r["commands"]]
    assert {"beat", "start", "open"} <= set(told)
