"""What a zone of protection is: the buses between breakers, and which breakers feed a place.

A differential relay sums the currents of all breakers at the border of its zone. By Kirchhoff's law
that sum is the current of a short circuit inside, and nothing else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from device_emulators.plant.grid import Grid

DIFFERENTIAL_S: Final = 0.025
"""Time a differential relay needs to be sure [s]."""


def joined(grid: Grid, buses: Iterable[int]) -> set[int]:
    """Return the buses one reaches from `buses` through transformers, cables and closed switches.

    Breakers are not passed, open or closed: they are the border.
    """
    ways: dict[int, list[int]] = {}
    links = [(b.source, b.load) for b in grid.branches]
    links += [(s.source, s.load) for s in grid.switches if s.closed and not _is_breaker(grid, s.id)]
    for a, b in links:
        ways.setdefault(a, []).append(b)
        ways.setdefault(b, []).append(a)
    seen = set(buses)
    frontier = list(seen)
    while frontier:
        for other in ways.get(frontier.pop(), ()):
            if other not in seen:
                seen.add(other)
                frontier.append(other)
    return seen


def _is_breaker(grid: Grid, id_: str) -> bool:
    device = grid.devices.get(id_)
    return device is not None and device.item.nature == "breaker"


def border(grid: Grid, inside: set[int]) -> list[Any]:
    """Return the breakers with one end in a zone, in file order."""
    return [
        d
        for d in grid.devices.values()
        if d.item.nature == "breaker" and len(inside & set(d.buses)) == 1
    ]


class Differential:
    """A differential relay (87) over the buses of a zone.

    Args:
        owner: equipment id, which owns its timer.
        grid: what it measures on.
        pickup_a: differential current from which it operates at each bus of its zone [A].
        operate: called when it has operated.
    """

    def __init__(
        self,
        owner: str,
        grid: Grid,
        pickup_a: Mapping[int, float],
        operate: Callable[[], object],
    ) -> None:
        self._owner, self._grid, self._operate = owner, grid, operate
        self._pickup_a: Final = pickup_a
        self._operated = self._seen = False

    def sense(self) -> None:
        """Look for a current that enters the zone and does not leave it."""
        timers = self._grid.timers
        if not (self._grid.faults and self._grid.fault_a.any() and self._sees()):
            if self._seen:
                self._operated = self._seen = False
                timers.cancel(self._owner, "87")
        elif not self._operated and not timers.pending(self._owner, "87"):
            self._seen = True
            self._grid.after(self._owner, "87", DIFFERENTIAL_S, self._act)

    def _act(self) -> None:
        self._operated = True
        self._operate()

    def _sees(self) -> bool:
        faults = zip(self._grid.faults.values(), self._grid.fault_a.tolist(), strict=True)
        return any(a > self._pickup_a.get(f.bus, math.inf) for f, a in faults)
