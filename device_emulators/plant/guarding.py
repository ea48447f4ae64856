"""Guards of voltage, frequency and power: 27, 59, 81U, 81O, 81R and 32 of one breaker.

A guard trips when what it watches has been beyond its limit for its definite time without a break.
The frequency guards are blocked where there is too little voltage to measure one, and all of them
while the breaker is open. The rate of change of frequency is measured over 100 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from device_emulators.plant.protection import DEAD_PU

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from device_emulators.plant.grid import Grid

ROCOF_NS: Final = 100_000_000
UNITS: Final[Mapping[str, str]] = {
    "27": "pu",
    "59": "pu",
    "81u": "hz",
    "81o": "hz",
    "81r": "hz_s",
    "32": "w",
}
"""Unit of the limit by element."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One element: its ANSI number, its limit, and how long that must be exceeded [s]."""

    number: str
    limit: float
    delay_s: float


class Guards:
    """The guards of one breaker.

    Args:
        id_: equipment id, which owns the timers.
        grid: what they watch.
        switch: number of the breaker's switch.
        bus: index of the bus they measure at.
        ratings: settings; what is not set does not guard.
        trip: called with the ANSI number of the element that has operated.
    """

    def __init__(
        self,
        id_: str,
        grid: Grid,
        switch: int,
        bus: int,
        ratings: Mapping[str, float],
        trip: Callable[[str], object],
    ) -> None:
        self._id, self._grid, self._trip = id_, grid, trip
        self._switch, self._bus = switch, bus
        self._before = (grid.now_ns, 0.0)
        self._rocof_hz_s = 0.0
        self._operated: set[str] = set()
        self._guards: Final = [
            Guard(number.upper(), limit, ratings.get(f"delay_{number}_s", 0.0))
            for number, unit in UNITS.items()
            if (limit := ratings.get(f"pickup_{number}_{unit}")) is not None
        ]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._guards)

    def sense(self) -> None:
        """Start the time of what is beyond its limit, forget that of what is back."""
        timers, closed = self._grid.timers, self._grid.switches[self._switch].closed
        self._measure()
        for guard in self._guards:
            if not (closed and self._beyond(guard)):
                timers.cancel(self._id, guard.number)
                self._operated.discard(guard.number)
            elif guard.number not in self._operated and not timers.pending(self._id, guard.number):
                self._grid.after(self._id, guard.number, guard.delay_s, self._operate(guard.number))

    def _operate(self, number: str) -> Callable[[], None]:
        def operate() -> None:
            self._operated.add(number)
            self._trip(number)

        return operate

    def _measure(self) -> None:
        then_ns, before_hz = self._before
        passed_ns = self._grid.now_ns - then_ns
        if passed_ns < ROCOF_NS:
            return
        hz = self._grid.f[self._bus]
        fresh = hz > 0.0 and before_hz > 0.0
        self._rocof_hz_s = (hz - before_hz) * 1e9 / passed_ns if fresh else 0.0
        self._before = (self._grid.now_ns, hz)

    def _beyond(self, guard: Guard) -> bool:
        grid, limit = self._grid, guard.limit
        v_pu, hz = grid.v[self._bus], grid.f[self._bus]
        match guard.number:
            case "27":
                return v_pu < limit
            case "59":
                return v_pu > limit
            case "32":
                return float(grid.switch_w[self._switch]) < -limit
        if v_pu <= DEAD_PU:
            return False
        match guard.number:
            case "81U":
                return hz < limit
            case "81O":
                return hz > limit
        return abs(self._rocof_hz_s) > limit
