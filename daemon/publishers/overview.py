"""The plant at a glance: the one JSON object of `/overview`, which `ridethrough top` shows.

What the summary tells of the equipment, and beside it what a person on shift looks for next: buses
by their estimate, schemes, standing alarms, what happened last, and how the lanes keep time.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from daemon.model.events import Event
from daemon.model.quality import severity
from daemon.publishers.publisher import DURATION_BOUNDS_S
from daemon.publishers.summary import QUALITY, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.model.estimate import Estimate
    from daemon.model.events import AlarmTransition
    from daemon.publishers.publisher import LaneFigures, North, Snapshot

RECENT: Final = 40
"""Events that are kept."""
ALARMS: Final = 40
"""Alarms that are told; the count tells of the rest."""


class Overview:
    """Tells of one site."""

    def __init__(self, north: North) -> None:
        """Begin with nothing told."""
        self._north = north
        self._summary = Summary(north.site, north.points)
        self._events: deque[dict[str, Any]] = deque(maxlen=RECENT)

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Keep what happened."""
        shift_ns = self._north.utc_ns() - self._north.now_ns()
        for item in news:
            if isinstance(item, Event):
                self._events.append(
                    {
                        "t_ns": item.at_ns + shift_ns,
                        "event": item.name,
                        "source": item.source,
                        "text": item.text,
                    }
                )

    def body(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the object of one snapshot."""
        site = self._north.site
        told = self._summary.body(snapshot)
        natures = {item.id: item.nature for item in site.equipment.values()}
        for name, row in told["equipment"].items():
            row["nature"] = natures[name]
        standing = [a for a in list(snapshot.alarms.values()) if a.active and a.state in "BC"]
        standing.sort(key=lambda a: (a.priority, -a.at_ns))
        return told | {
            "site": site.id,
            "name": site.name,
            "node": self._north.node,
            "epoch": self._north.epoch,
            "version": self._north.version,
            "buses": {} if snapshot.estimate is None else dict(self._buses(snapshot.estimate)),
            "schemes": dict(snapshot.schemes),
            "tags": {name: [*by] for name, by in snapshot.tags.items()},
            "alarms": [_alarm(each) for each in standing[:ALARMS]],
            "events": [*self._events],
            "lanes": {name: _lane(figures) for name, figures in snapshot.lanes.items()},
            "gateways_down": [n for n, g in snapshot.gateways.items() if not g.connected],
        }

    def _buses(self, estimate: Estimate) -> Iterator[tuple[str, dict[str, Any]]]:
        for place, bus in enumerate(self._north.site.buses.values()):
            sigma_pu = float(estimate.bus_voltage_sigma_pu[place])
            yield (
                bus.id,
                {
                    "kind": bus.kind,
                    "nominal_v": bus.voltage_v,
                    "live": bool(estimate.bus_live[place]),
                    "voltage_pu": round(float(estimate.bus_voltage_pu[place]), 4),
                    "sigma_pu": round(sigma_pu, 5) if math.isfinite(sigma_pu) else None,
                    "quality": QUALITY[severity(int(estimate.bus_quality[place]))],
                },
            )


def _alarm(alarm: AlarmTransition) -> dict[str, Any]:
    return {
        "id": alarm.alarm_id,
        "priority": alarm.priority,
        "t_ns": alarm.utc_ns,
        "acknowledged": alarm.acknowledged,
        "text": alarm.text,
        "response": alarm.response,
    }


def _lane(figures: LaneFigures) -> dict[str, Any]:
    counts = list(figures.duration.counts)
    return {
        "period_s": figures.period_s,
        "scans": figures.scans,
        "overruns": figures.overruns,
        "stopped": figures.stopped,
        "p99_at_most_s": _bound(counts, 0.99),
    }


def _bound(counts: Sequence[int], share: float) -> float | None:
    """Return the bound below which `share` of what was counted lies; None above them all."""
    wanted, so_far = share * sum(counts), 0
    for bound, count in zip(DURATION_BOUNDS_S, counts, strict=False):
        so_far += count
        if so_far >= wanted:
            return bound
    return None
