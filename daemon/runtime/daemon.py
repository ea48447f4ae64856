"""A whole daemon: its parts, and running all of them until it is told to end.

Ending hands over: scans and with them heartbeats stop at once, commands that still wait are
discarded, and the devices' own logic takes over when the heartbeat has been missing for its
fall-back time, after reading the positions anew. So a transfer that is under way has an owner at
any moment, whatever it is that ends the daemon.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from daemon.model.quantities import seconds
from daemon.runtime.report import RunReport, lane_report, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.drivers.driver import Driver
    from daemon.journal.journal import Journal
    from daemon.model.points import PointTable
    from daemon.publishers.publisher import Publisher
    from daemon.runtime.actuation import Actuation
    from daemon.runtime.report import Chronicle
    from daemon.runtime.requests import Requests
    from daemon.runtime.scan import Scan
    from daemon.runtime.supervisor import Supervisor
    from daemon.runtime.transfer_reports import Reporter
    from daemon.runtime.world import World

END_S: Final = 8
"""Seconds within which everything has to end."""


@dataclass
class Daemon:
    """A daemon, built and not yet running."""

    world: World
    epoch: int
    points: PointTable
    scan: Scan
    drivers: dict[str, Driver]
    publishers: Sequence[Publisher]
    journal: Journal
    actuation: Actuation
    requests: Requests
    supervisor: Supervisor
    chronicle: Chronicle
    reporter: Reporter
    begun_ns: int
    strays: dict[str, int] = field(default_factory=dict)
    """Errors that belonged to no call, by kind; the first of each kind is said."""

    async def run(self, stop: asyncio.Event, for_s: float | None = None) -> RunReport:
        """Run until `stop` is set, `for_s` have passed [s], a defect, or cancellation."""
        keep = self.supervisor.keep
        asyncio.get_running_loop().set_exception_handler(self._stray)
        tasks = [asyncio.create_task(keep(f"link {n}", d.run)) for n, d in self.drivers.items()]
        tasks += [asyncio.create_task(keep(p.name, p.run)) for p in self.publishers]
        tasks.append(asyncio.create_task(keep("journal", self.journal.run)))
        tasks.append(asyncio.create_task(keep("actuation", self.actuation.run)))
        tasks.append(asyncio.create_task(self.scan.run()))
        wait = asyncio.create_task(stop.wait())
        reason = ""
        try:
            done, _ = await asyncio.wait(
                [*tasks, wait], timeout=for_s, return_when=asyncio.FIRST_COMPLETED
            )
            reason = "; ".join(str(t.exception()) for t in done if t is not wait and t.exception())
        finally:
            # While the journal still takes it.
            self.reporter.end("the daemon ended", self.world.clock.monotonic_ns())
            await _end([*tasks, wait])
            await self.requests.close()
        return self._report(reason)

    def _stray(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Record an error that belongs to no call, such as a frame that cannot be decoded."""
        error = context.get("exception")
        text = f"{context['message']}: {error!r}" if error else str(context["message"])
        if (kind := type(error).__name__) not in self.strays:
            self.scan.happened("stray_error", "daemon", text, {"kind": kind})
        self.strays[kind] = self.strays.get(kind, 0) + 1

    def _report(self, reason: str) -> RunReport:
        site = self.scan.lanes["main"].params.site
        return RunReport(
            ok=not reason,
            reason=reason,
            site=site.id,
            epoch=self.epoch,
            ran_s=round(seconds(self.world.clock.monotonic_ns() - self.begun_ns), 3),
            devices=sum(e.device is not None for e in site.equipment.values()),
            points=len(self.points),
            lanes={name: lane_report(lane) for name, lane in self.scan.lanes.items()},
            polls=total(self.drivers, "polls"),
            polls_failed=total(self.drivers, "polls_failed"),
            polls_missed=total(self.drivers, "polls_missed"),
            reconnects=total(self.drivers, "reconnects"),
            commands=dict(self.actuation.results),
            journal_failures=self.journal.failures,
            alarms=self.chronicle.alarms,
            events=self.chronicle.events,
        )


async def _end(tasks: Sequence[asyncio.Task[object]]) -> None:
    """Cancel tasks until all have ended, or for `END_S` [s].

    More than once, because `asyncio.wait_for` of Python 3.11 can lose a cancellation.
    """
    left = set(tasks)
    for _ in range(END_S):
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)
        if not left:
            return
