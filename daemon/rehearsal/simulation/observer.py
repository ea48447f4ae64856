"""What can be seen of a run: the truth of the plant, the word of the daemon, what went between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.model.commands import Command, Outcome
    from daemon.model.events import AlarmTransition, Event
    from daemon.publishers.publisher import Snapshot
    from daemon.settings import SiteFile
    from device_emulators.plant.plant import Plant, PlantEvent
    from device_emulators.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Scene:
    """What a run is about.

    Attributes:
        site_file: the site and the settings of its controllers, as checked.
        scenario: what is done to the plant, drawn faults included.
        plant: the plant; its time is the daemon's monotonic time.
        origin_ns: that time at scenario time 0 [ns].
        for_s: scenario time that is played [s].
    """

    site_file: SiteFile
    scenario: Scenario
    plant: Plant
    origin_ns: int
    for_s: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an oracle found.

    Attributes:
        name: of the oracle.
        ok: whether nothing was wrong; None where it could not be judged.
        value: the worst that was seen, or None.
        limit: what would have been allowed, or None.
        unit: unit of both.
        at_s: scenario time of the first wrong thing [s], or None.
        detail: what was wrong, for a person; "" when nothing was.
    """

    name: str
    ok: bool | None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    at_s: float | None = None
    detail: str = ""


class Observer:
    """Sees a run from its begin and does nothing; kinds of it override what they care about.

    All times are plant time, which is the daemon's monotonic time [ns].
    """

    def begin(self, scene: Scene) -> None:
        """Scenario time 0; everything is in its normal state. Nothing is shown before."""

    def look(self, now_ns: int) -> None:
        """The plant has settled at an instant at which something may have changed."""

    def happened(self, events: Sequence[PlantEvent]) -> None:
        """The plant reports events."""

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """The daemon published events and alarms."""

    def answered(self, command: Command, outcome: Outcome, begun_ns: int) -> None:
        """A driver has dealt with a command that it was given at `begun_ns` [ns]."""

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        """A value reached a device, which took it or refused."""

    def shown(self, snapshot: Snapshot) -> None:
        """The daemon has finished a main scan."""

    def verdicts(self, now_ns: int) -> Iterable[Verdict]:
        """Return what it found, at the end."""
        return ()


def plain(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in the form that all commands print."""
    return {name: getattr(verdict, name) for name in Verdict.__slots__}
