"""Small modular reactor: baseload on the grid, house load when it is alone.

It never carries the site by itself: when its island loses its other sources the bus is dead at
once, the unit drops to its house load and opens its own breaker. On its own bus it then holds
voltage, so that it can be paralleled again through the synchronism check (25): by its `rejoin`
command, or by a synchronised closing of its breaker.

On the grid it follows its set-point at `ramp_w_s`, never below `minimum_pu` of its rating. After a
trip the reactor is poisoned by xenon: repaired or not, it comes back to house load only
`restart_s` after the trip (eight hours unless a site says otherwise).

Simplified: thermal power is not modelled; the ramp of the electrical set-point is. Xenon does not
slow the ramp after house load, and house load lasts as long as it is wanted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import SECOND, Device
from device_emulators.plant.indications import Panel
from device_emulators.plant.reading import Cell
from device_emulators.plant.zones import Differential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

RANK: Final = 1


class Smr(Device):
    """Small modular reactor."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "islanding_s": 0.2,
        "minimum_pu": 0.3,
        "restart_s": 28_800.0,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.former = grid.add_former(item.id, item.buses[0], RANK, 1e4 * item.ratings["power_va"])
        self.slot = grid.add_slot(item.buses[0])
        self._breakers: list[Any] = []
        self.stage = "offline"
        self.power_w = 0.0
        self._tripped_ns = grid.now_ns
        rated_a = item.ratings["power_va"] / (math.sqrt(3.0) * float(grid.nominal_v[self.buses[0]]))
        self._differential = Differential(
            item.id, grid, {self.buses[0]: 0.2 * rated_a}, lambda: self.happen("trip", {})
        )
        self.setpoints = Panel(grid.indications, {"power_setpoint_w": -item.ratings["power_w"]})
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "frequency_hz": Cell(grid, "hz", self.buses[0]),
            "power_w": lambda: self.power_w,
            "reactive_power_var": lambda: 0.0,
            "available": lambda: float(self.stage in {"house_load", "on_grid"}),
        }

    def begin(self) -> None:
        """Find the own breakers, and run at the set-point."""
        self._breakers = self.own_breakers()
        if self.item.normally != "out_of_service":
            self.stage = "on_grid"
            self.power_w = self._target_w()

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage.replace('_', ' ')}", stage=stage)

    def _joined(self) -> bool:
        return not self._breakers or any(b.closed for b in self._breakers)

    def _target_w(self) -> float:
        minimum_w = float(self.settings["minimum_pu"]) * self.ratings["power_w"]
        return min(self.setpoints["power_setpoint_w"], -minimum_w)

    def act(self, action: str) -> bool:
        """Leave the grid or go back to it."""
        if action == "house_load" and self.stage == "on_grid":
            self._separate()
            return True
        if action == "rejoin" and self.stage == "house_load":
            return any(b.operate("close_in_sync", f"{self.id} rejoin") for b in self._breakers)
        return False

    def _separate(self) -> None:
        self.power_w = 0.0
        for breaker in self._breakers:
            breaker.operate("open", f"{self.id} to house load")

    def set(self, point: str, value: float) -> bool:
        """Take the set-point within the rating."""
        if not -self.ratings["power_w"] <= value <= 0.0:
            return False
        return super().set(point, value)

    def advance(self, dt_s: float) -> None:
        """Ramp towards the set-point; turn while alone."""
        if self.stage == "on_grid":
            step = self.ratings["ramp_w_s"] * dt_s
            error = self._target_w() - self.power_w
            self.power_w += min(max(error, -step), step)
        if self.former.leads:
            slip = self.former.frequency_hz - self.grid.nominal_hz
            self.former.angle_rad += 2.0 * math.pi * slip * dt_s

    def demand(self) -> None:
        """Feed the bus while on the grid."""
        self.grid.p_w[self.slot] = self.power_w if self.stage == "on_grid" else 0.0
        self.grid.q_var[self.slot] = 0.0  # a short circuit leaves here what it fed

    def sense(self) -> bool:
        """Notice loss and return of the grid, and a short circuit at its terminals (87G)."""
        self._differential.sense()
        if self.stage == "on_grid":
            return self._watch_loss()
        if self.stage == "house_load" and self._joined():
            island = self.grid.island(self.buses[0])
            if island is not None and any(f is not self.former for f in island.members):
                self.grid.set_able(self.former, able=False)
                self._enter("on_grid")
                return True
        return False

    def _watch_loss(self) -> bool:
        if not self._joined():
            self.power_w = 0.0
            self._hold_house_load()
            return True
        if self.grid.v[self.buses[0]] > 0.5:
            self.grid.timers.cancel(self.id, "islanding")
        elif not self.grid.timers.pending(self.id, "islanding"):
            delay = float(self.settings["islanding_s"])
            self.grid.after(self.id, "islanding", delay, self._separate)
        return False

    def _hold_house_load(self) -> None:
        self._enter("house_load")
        self.former.frequency_hz = self.grid.nominal_hz
        self.grid.set_able(self.former, able=True)

    def balance(self) -> tuple[float, float, float]:
        """Return the generation."""
        return -self.grid.p_w[self.slot], 0.0, 0.0

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip."""
        self._separate()
        self.grid.set_able(self.former, able=False)
        self._tripped_ns = self.grid.now_ns
        self.grid.timers.cancel(self.id, "restart")
        self._enter("tripped")

    def clear(self) -> None:
        """Repair the unit; it comes back to house load when the xenon has decayed."""
        if self.stage == "tripped":
            waited_s = (self.grid.now_ns - self._tripped_ns) / SECOND
            left_s = max(float(self.settings["restart_s"]) - waited_s, 0.0)
            self.grid.after(self.id, "restart", left_s, self._restart)

    def _restart(self) -> None:
        if self.stage == "tripped" and not self._joined():
            self._hold_house_load()
