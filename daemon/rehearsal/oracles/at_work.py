"""Where people are, or may be: what emergency power off has struck, and where a tag hangs.

Both are read from what was done at the panels, not from what the daemon makes of it. A board is its
sections, its generator bus, and what its breakers lead to; not what lies beyond its mains. A tag or
a button counts for orders that are given once it can have been read (`SEEN_S`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.rehearsal.oracles.timeline import Timeline
    from daemon.rehearsal.simulation.observer import Scene

SEEN_S: Final = 0.5
"""From what is done at a panel until an order must heed it."""
_TAG: Final = "maintenance"
_WHY: Final[Mapping[str, str]] = {
    "emergency_off": "is struck off by emergency power off",
    "fire_trip": "is struck off by fire trip",
    _TAG: "has a maintenance tag",
}
_BY_HAND: Final = frozenset({_TAG, "manual"})


class AtWork:
    """The places that people hold off."""

    def __init__(self, scene: Scene, timeline: Timeline) -> None:
        """Know the boards."""
        site, grid = scene.plant.site, scene.plant.grid
        self._timeline = timeline
        self._boards: dict[str, tuple[int, ...]] = {}
        for scheme in site.schemes.values():
            if not isinstance(scheme, MainTieMainScheme):
                continue
            own = {scheme.generator_bus, *(s.bus for s in scheme.sections)}
            mains = {section.main for section in scheme.sections}
            found = {
                bus
                for item in site.of_nature("breaker")
                if item.id not in mains and not own.isdisjoint(item.buses)
                for bus in item.buses
            }
            self._boards[scheme.controller] = tuple(grid.bus[bus] for bus in sorted(own | found))

    def places(self, ordered_ns: int, now_ns: int) -> Iterator[tuple[str, int]]:
        """Yield what is held off from an order [ns], for a person, and the bus."""
        for fault in self._timeline.acting(now_ns, now_ns):
            if fault.event in _WHY and fault.from_ns + ns(SEEN_S) <= ordered_ns:
                for bus in self._boards.get(fault.target, ()):
                    yield f"the board of {fault.target}, which {_WHY[fault.event]}", bus

    def at(self, equipment: str, ordered_ns: int, now_ns: int) -> bool:
        """Return whether people have some equipment themselves, by its panel."""
        return any(
            fault.target == equipment
            and fault.event in _BY_HAND
            and fault.from_ns + ns(SEEN_S) <= ordered_ns
            for fault in self._timeline.acting(now_ns, now_ns)
        )
