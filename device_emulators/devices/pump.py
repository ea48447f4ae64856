"""Coolant pumps of a distribution unit: run while supplied, restart within seconds.

What stands still when they do is said in `plant.cooling`. Simplified: constant speed, the same flow
for every unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SUPPLY_PU: Final = 0.8
POWER_FACTOR_TAN: Final = 0.4
RATED_LPS: Final = 60.0
"""Flow of the pumps of one unit [l/s]."""


class Pump(Device):
    """Pumps of a CDU."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {"restart_s": 2.0, "ride_through_s": 0.1}

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.wanted = item.normally != "out_of_service"
        self.stage = "running" if self.wanted else "stopped"
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "power_w": lambda: grid.p_w[self.slot],
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "flow_lps": lambda: self.flow_lps,
            "loop_temperature_c": lambda: grid.cooling.loop_c,
        }
        grid.cooling.pumps.append(self)

    @property
    def flow_lps(self) -> float:
        """Return the flow [l/s]."""
        return RATED_LPS if self.stage == "running" else 0.0

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage}", stage=stage)

    def act(self, action: str) -> bool:
        """Start or stop."""
        self.wanted = action == "start"
        if not self.wanted:
            self._enter("stopped")
        return self.stage != "fault"

    def demand(self) -> None:
        """Take rated power while running."""
        power = self.ratings["power_w"] if self.stage == "running" else 0.0
        self.grid.p_w[self.slot] = power
        self.grid.q_var[self.slot] = POWER_FACTOR_TAN * power

    def sense(self) -> bool:
        """Stop without supply, restart with it."""
        timers = self.grid.timers
        supplied = self.grid.v[self.buses[0]] >= SUPPLY_PU
        if supplied:
            timers.cancel(self.id, "drop_out")
            waits = timers.pending(self.id, "restart")
            if self.wanted and self.stage == "stopped" and not waits:
                delay = float(self.settings["restart_s"])
                self.grid.after(self.id, "restart", delay, lambda: self._enter("running"))
            return False
        timers.cancel(self.id, "restart")
        if self.stage == "running" and not timers.pending(self.id, "drop_out"):
            delay = float(self.settings["ride_through_s"])
            self.grid.after(self.id, "drop_out", delay, lambda: self._enter("stopped"))
        return False

    def balance(self) -> tuple[float, float, float]:
        """Return the consumption."""
        return 0.0, self.grid.p_w[self.slot], 0.0

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip."""
        self._enter("fault")

    def clear(self) -> None:
        """Repair it."""
        if self.stage == "fault":
            self._enter("stopped")
