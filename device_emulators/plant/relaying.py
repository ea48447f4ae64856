"""What a relay measures and times: stages of over-current, guards of voltage and frequency, zones.

A *stage* is one element (50, 51, 50N, 51N, 67, 51V) with a pick-up and a time that is definite or
follows a curve. Its travel is integrated exactly between changes of the current, so that it ends
where the closed form says; below the pick-up it resets at once, as numerical relays do. A *guard*
is one of 27, 59, 81U, 81O, 81R and 32, with a definite time.

Two groups of settings: the stages of a relay act always, those of the island group only while no
utility feeds the bus; the 50N of a storage has a time of its own while that feeds the network. An
inverter gives at most 1.5 times its rating, less than many a load draws from the grid, so the
stages of that group are controlled by voltage (51V): they time only where it has collapsed.

Simplified: the relay sees the settled current at once (no filter, no transformer saturation); what
it needs to be sure is the least time of its stages. 67, 51V and earth-fault stages look only while
a short circuit stands, as they see nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from device_emulators.plant.protection import CURVES, EXTREMELY_INVERSE, STANDARD_INVERSE, Curve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from device_emulators.plant.grid import Grid

INSTANT_S: Final[Mapping[str, float]] = {"mccb": 0.005, "dcb": 0.005}
"""Least time of an instantaneous stage by variant of the breaker; `RELAY_S` for the others [s]."""
RELAY_S: Final = 0.020
COLLAPSED_PU: Final = 0.70
"""Below this voltage the stages of the island group time."""
PHASE, REVERSE, COLLAPSED = "phase", "reverse", "collapsed"
RESIDUAL, BY_INVERTER, BY_OTHERS = "residual", "residual, inverter", "residual, others"


@dataclass(slots=True)
class Stage:
    """One element of over-current.

    Attributes:
        number: ANSI number.
        sees: what it measures: the largest phase current, that current while it flows towards the
            source side, that current while the voltage has collapsed, or three times the zero
            sequence, always or in one of the groups.
        pickup_a: pick-up [A].
        delay_s: definite time [s]; the multiplier of the curve if there is one [pu].
        curve: characteristic, None for a definite time.
        travel_pu: how far it has come.
        timing: it has picked up.
    """

    number: str
    sees: str
    pickup_a: float
    delay_s: float
    curve: Curve | None = None
    travel_pu: float = 0.0
    timing: bool = False

    @property
    def timer(self) -> str:
        """Return the name of its timer: a number may stand in both groups."""
        return f"{self.number} {self.sees}"

    def operating_s(self, current_a: float) -> float:
        """Return the time at a constant current, infinite up to the pick-up [s]."""
        if current_a <= self.pickup_a:
            return math.inf
        if self.curve is None:
            return self.delay_s
        return self.curve.operating_s(current_a / self.pickup_a, self.delay_s)

    def turn(self, current_a: float, dt_s: float) -> None:
        """Travel on for `dt_s` [s] at a current."""
        seconds = self.operating_s(current_a)
        self.travel_pu = min(1.0, self.travel_pu + dt_s / seconds) if seconds < math.inf else 0.0

    def left_s(self, current_a: float) -> float:
        """Return the time left if the current stays [s]."""
        return (1.0 - self.travel_pu) * self.operating_s(current_a)

    def reset(self) -> None:
        """Go back to the beginning."""
        self.travel_pu, self.timing = 0.0, False


def stages(ratings: Mapping[str, float], variant: str) -> list[Stage]:
    """Return the stages that are set, those that act always."""
    thermal = variant in {"mccb", "dcb"}
    curve = CURVES[
        int(ratings.get("curve_51_count", EXTREMELY_INVERSE if thermal else STANDARD_INVERSE))
    ]
    instant_s = INSTANT_S.get(variant, RELAY_S)
    found = []
    for number, sees in (("50", PHASE), ("50n", RESIDUAL), ("67", REVERSE)):
        if (pickup := ratings.get(f"pickup_{number}_a")) is not None:
            delay_s = max(ratings.get(f"delay_{number}_s", 0.0), instant_s)
            found.append(Stage(number.upper(), sees, pickup, delay_s))
    if (inverter_s := ratings.get("delay_50n_inverter_s")) is not None:
        ground = next(stage for stage in found if stage.number == "50N")
        ground.sees = BY_OTHERS
        found.append(Stage("50N", BY_INVERTER, ground.pickup_a, inverter_s))
    for number, sees in (("51", PHASE), ("51n", RESIDUAL)):
        if (pickup := ratings.get(f"pickup_{number}_a")) is not None:
            multiplier = ratings.get(f"time_multiplier_{number}_pu", 0.1)
            found.append(Stage(number.upper(), sees, pickup, multiplier, curve))
    return found


def island_stages(ratings: Mapping[str, float]) -> list[Stage]:
    """Return the stages of the island group."""
    if (pickup := ratings.get("pickup_51v_a")) is None:
        return []
    return [Stage("51V", COLLAPSED, pickup, max(ratings.get("delay_51v_s", 0.0), RELAY_S))]


class OverCurrent:
    """The over-current part of the relay of one breaker.

    Args:
        id_: equipment id, which owns its timers.
        grid: what it measures on.
        buses: indices of the source and the load side.
        ratings: settings.
        variant: kind of the breaker.
        trip: called with the ANSI number of the stage that has operated.

    Attributes:
        switch: number of the switch whose current it measures, set when that is registered.
        busy: whether any stage has picked up.
    """

    def __init__(
        self,
        id_: str,
        grid: Grid,
        buses: tuple[int, ...],
        ratings: Mapping[str, float],
        variant: str,
        trip: Callable[[str], object],
    ) -> None:
        self.switch = -1
        self.busy = False
        self._id, self._grid, self._trip = id_, grid, trip
        self._bus = buses[0]
        self._always = stages(ratings, variant)
        self._island = island_stages(ratings)
        self.stages: Final = [*self._always, *self._island]

    @property
    def pickup_a(self) -> float:
        """Return the lowest pick-up without a short circuit [A], infinite without any."""
        return min([s.pickup_a for s in self.stages if s.sees == PHASE], default=math.inf)

    def picked_up(self, number: str) -> bool:
        """Return whether a stage with this number has picked up."""
        return any(s.timing and s.number.startswith(number) for s in self.stages)

    @property
    def on_island(self) -> bool:
        """Return whether no utility feeds the bus: the island group is active, as always on DC."""
        if not self._grid.is_ac[self._bus]:
            return True
        leader = self._grid.leader(self._bus)
        return leader is not None and leader.rank > 0

    @property
    def on_inverter(self) -> bool:
        """Return whether an inverter forms the island of the bus."""
        leader = self._grid.leader(self._bus)
        return leader is not None and leader.rank > 0 and leader.machine is None

    def _seen_a(self, stage: Stage) -> float:
        grid, number = self._grid, self.switch
        if stage.sees.startswith(RESIDUAL):
            other = stage.sees != RESIDUAL and (stage.sees == BY_INVERTER) != self.on_inverter
            return float(grid.switch_residual_a[number]) if grid.faults and not other else 0.0
        if stage.sees == REVERSE and grid.switch_forward[number]:
            return 0.0
        if stage.sees == COLLAPSED and (grid.v[self._bus] >= COLLAPSED_PU or not self.on_island):
            return 0.0
        return float(grid.switch_current_a[number])

    def advance(self, dt_s: float) -> None:
        """Let the stages that have picked up travel, the current held."""
        for stage in self.stages:
            if stage.timing:
                stage.turn(self._seen_a(stage), dt_s)

    def sense(self) -> None:
        """Pick up, drop out, and know when each stage will have operated."""
        self.busy = False
        for stage in self.stages:
            left_s = stage.left_s(self._seen_a(stage))
            if left_s < math.inf:
                stage.timing = self.busy = True
                if stage.travel_pu < 1.0:
                    self._grid.after(self._id, stage.timer, left_s, self._operate(stage))
            elif stage.timing:
                stage.reset()
                self._grid.timers.cancel(self._id, stage.timer)

    def drop_out(self) -> None:
        """Forget what had picked up: no current flows any more."""
        if self.busy:
            self.busy = False
            for stage in self.stages:
                stage.reset()
                self._grid.timers.cancel(self._id, stage.timer)

    def _operate(self, stage: Stage) -> Callable[[], None]:
        def operate() -> None:
            stage.travel_pu = 1.0
            self._trip(stage.number)

        return operate
