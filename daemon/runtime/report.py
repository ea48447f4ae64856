"""What a run amounts to: kept while it runs, printed at its end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.model.events import AlarmTransition, Event
from daemon.model.quantities import seconds
from daemon.model.transfer_report import BULKY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.drivers.driver import Driver
    from daemon.runtime.lane import Lane

KEPT: Final = 10_000
"""Events and alarms kept for the report; the journal has all of them."""


SILENT: Final = frozenset("GHI")
"""Alarm states that nobody is told of: shelved, suppressed by design, out of service."""


@dataclass(frozen=True, slots=True)
class LaneReport:
    """Figures of one lane."""

    period_ms: float
    scans: int
    overruns: int
    p50_ms: float
    p99_ms: float
    jitter_p50_ms: float
    jitter_p99_ms: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run amounts to; every part is plain.

    Attributes:
        ok: it ended because it was told to, not by a defect.
        reason: why it ended otherwise, else "".
        site: id of the site.
        epoch: number of this boot.
        ran_s: how long it ran [s].
        devices: devices of the site.
        points: points of the site.
        lanes: figures by lane.
        polls: requests for values answered in full.
        polls_failed: requests for values that failed.
        polls_missed: slots of the poll grids that passed unused.
        reconnects: connections made again.
        commands: commands by result.
        journal_failures: records that could not be written.
        alarms: every alarm raised: id, priority, text, when raised and cleared.
        events: what happened, with monotonic time since the start and wall clock.
    """

    ok: bool
    reason: str
    site: str
    epoch: int
    ran_s: float
    devices: int
    points: int
    lanes: Mapping[str, LaneReport]
    polls: int
    polls_failed: int
    polls_missed: int
    reconnects: int
    commands: Mapping[str, int]
    journal_failures: int
    alarms: list[dict[str, Any]]
    events: list[dict[str, Any]]

    def plain(self) -> dict[str, Any]:
        """Return the report as maps, sequences, text and numbers."""
        return asdict(self)


class Chronicle:
    """Listens to events and alarms, says them line by line and keeps them for the report."""

    def __init__(self, begun_ns: int, utc_offset_ns: int, say: Callable[[str], None]) -> None:
        """Count from `begun_ns` [ns]; wall clock is monotonic time plus `utc_offset_ns` [ns]."""
        self._begun_ns = begun_ns
        self._offset_ns = utc_offset_ns
        self._say = say
        self.events: Final[list[dict[str, Any]]] = []
        self.alarms: Final[list[dict[str, Any]]] = []
        self._open: dict[tuple[str, int], dict[str, Any]] = {}

    def hear(self, item: Event | AlarmTransition) -> None:
        """Take in one event or alarm transition."""
        at_s = seconds(item.at_ns - self._begun_ns)
        if isinstance(item, AlarmTransition):
            self._alarm(item, at_s)
            return
        self._say(f"[daemon] {at_s:8.2f} s  {item.text}")
        if len(self.events) < KEPT:
            self.events.append(
                {
                    "at_s": round(at_s, 4),
                    "at_ns": item.at_ns,
                    "utc_ns": item.at_ns + self._offset_ns,
                    "source": item.source,
                    "name": item.name,
                    "text": item.text,
                    "fields": {k: v for k, v in item.fields.items() if k not in BULKY},
                }
            )

    def _alarm(self, item: AlarmTransition, at_s: float) -> None:
        key = item.alarm_id, item.occurrence
        entry = self._open.get(key)
        if item.active and entry is None and item.state not in SILENT:
            self._say(f"[daemon] {at_s:8.2f} s  ALARM {item.priority} {item.text}")
            entry = {
                "id": item.alarm_id,
                "priority": item.priority,
                "text": item.text,
                "raised_s": round(at_s, 4),
                "raised_utc_ns": item.utc_ns,
                "cleared_s": None,
            }
            self._open[key] = entry
            if len(self.alarms) < KEPT:
                self.alarms.append(entry)
        elif not item.active and entry is not None:
            self._say(f"[daemon] {at_s:8.2f} s  alarm over: {item.text}")
            entry["cleared_s"] = round(at_s, 4)
            del self._open[key]


def lane_report(lane: Lane) -> LaneReport:
    """Return the figures of a lane."""
    return LaneReport(
        period_ms=lane.figures.period_s * 1000.0,
        scans=lane.figures.scans,
        overruns=lane.figures.overruns,
        p50_ms=round(lane.duration.percentile_ms(50), 4),
        p99_ms=round(lane.duration.percentile_ms(99), 4),
        jitter_p50_ms=round(lane.jitter.percentile_ms(50), 4),
        jitter_p99_ms=round(lane.jitter.percentile_ms(99), 4),
    )


def total(drivers: Mapping[str, Driver], counter: str) -> int:
    """Return the sum of one counter over all drivers."""
    return sum(getattr(driver.statistics, counter) for driver in drivers.values())
