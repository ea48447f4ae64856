"""What every oracle has: the scene, the faults in it, and a list of what was found wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from daemon.model.quantities import seconds
from daemon.rehearsal.oracles.timeline import Timeline
from daemon.rehearsal.simulation.observer import Observer, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.plant import Site
    from daemon.rehearsal.simulation.observer import Scene
    from device_emulators.plant.elements import PlantEvent
    from device_emulators.plant.grid import Grid
    from device_emulators.plant.plant import Plant


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that must not have been.

    Attributes:
        at_ns: plant time [ns].
        detail: for a person, equipment by id.
        value: what was seen, or None.
        limit: what would have been allowed, or None.
    """

    at_ns: int
    detail: str
    value: float | None = None
    limit: float | None = None


class Oracle(Observer):
    """Judges one law on the plant's truth; the first thing wrong is its verdict.

    Attributes:
        name: of the law.
        unit: of the values it compares.
        wrong: everything found wrong, in order.
        unjudged: why nothing could be judged, or "".
    """

    name: ClassVar[str]
    unit: ClassVar[str] = ""

    def begin(self, scene: Scene) -> None:
        """Meet the plant; nothing is wrong yet."""
        self.scene = scene
        self.plant: Plant = scene.plant
        self.grid: Grid = scene.plant.grid
        self.site: Site = scene.plant.site
        self.timeline = Timeline.of(scene)
        self.wrong: list[Wrong] = []
        self.unjudged = ""
        self._last_event: PlantEvent | None = None

    def blame(
        self, at_ns: int, detail: str, value: float | None = None, limit: float | None = None
    ) -> None:
        """Put something wrong on record."""
        self.wrong.append(Wrong(at_ns, detail, value, limit))

    def devices(self, *natures: str) -> list[Any]:
        """Return the emulated devices of some natures, whose inner state is the truth."""
        return [self.plant.devices[e.id] for e in self.site.of_nature(*natures)]

    def fresh(self) -> list[PlantEvent]:
        """Return the events of the plant since this was last asked, when asked at each look."""
        found: list[PlantEvent] = []
        for event in reversed(self.grid.events):
            if event is self._last_event:
                break
            found.append(event)
        if found:
            self._last_event = found[0]
            found.reverse()
        return found

    @property
    def _silence(self) -> bool | None:
        """What it means that nothing is wrong: right, or not judged."""
        return None if self.unjudged else True

    def judged(self, now_ns: int) -> str:
        """Return how much was judged, for a person who reads that nothing is wrong."""
        return ""

    def verdicts(self, now_ns: int) -> Iterable[Verdict]:
        """Return the one verdict."""
        if not self.wrong:
            detail = self.unjudged or self.judged(now_ns)
            return (Verdict(self.name, self._silence, unit=self.unit, detail=detail),)
        first = self.wrong[0]
        more = f" (and {len(self.wrong) - 1} more)" if len(self.wrong) > 1 else ""
        at_s = round(seconds(first.at_ns - self.scene.origin_ns), 3)
        detail = first.detail + more
        return (Verdict(self.name, False, first.value, first.limit, self.unit, at_s, detail),)
