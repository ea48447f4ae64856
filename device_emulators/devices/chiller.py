"""Chiller: stops when its supply fails, restarts by itself after minutes, cools the buffer tank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SUPPLY_PU: Final = 0.8
STANDING_PU: Final = 0.3
"""Part of the rated power taken at no cooling."""
TARGET_C: Final = 7.0
POWER_FACTOR_TAN: Final = 0.5


class Chiller(Device):
    """Chiller of the common chilled-water loop."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {"restart_s": 180.0, "ride_through_s": 0.05}

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.wanted = item.normally != "out_of_service"
        self.stage = "running" if self.wanted else "stopped"
        self.loading_pu = 0.8
        grid.cooling.chillers.append(self)
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "power_w": lambda: grid.p_w[self.slot],
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "supply_temperature_c": lambda: max(
                TARGET_C if self.stage == "running" else 0.0, grid.cooling.tank.temperature_c
            ),
            "buffer_temperature_c": lambda: grid.cooling.tank.temperature_c,
        }

    @property
    def cooling_w(self) -> float:
        """Return the heat it can take [W]."""
        return self.ratings["cooling_w"] if self.stage == "running" else 0.0

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage}", stage=stage)

    def act(self, action: str) -> bool:
        """Start, stop or reset."""
        if self.stage == "fault" and action != "reset":
            return False
        self.wanted = action == "start" or (action == "reset" and self.wanted)
        if action in {"stop", "reset"}:
            self._halt("stopped")
        return True

    def _halt(self, stage: str) -> None:
        self.grid.timers.cancel(self.id, "restart")
        self._enter(stage)

    def demand(self) -> None:
        """Take power by load."""
        power = 0.0
        if self.stage == "running":
            power = self.ratings["power_w"] * (STANDING_PU + (1.0 - STANDING_PU) * self.loading_pu)
        elif self.stage == "starting":
            power = 0.05 * self.ratings["power_w"]
        self.grid.p_w[self.slot] = power
        self.grid.q_var[self.slot] = POWER_FACTOR_TAN * power

    def sense(self) -> bool:
        """Stop without supply, begin the restart with it."""
        supplied = self.grid.v[self.buses[0]] >= SUPPLY_PU
        if supplied:
            self.grid.timers.cancel(self.id, "drop_out")
            if self.wanted and self.stage == "stopped":
                self._enter("starting")
                delay = float(self.settings["restart_s"])
                self.grid.after(self.id, "restart", delay, lambda: self._enter("running"))
        elif self.stage in {"running", "starting"} and not self.grid.timers.pending(
            self.id, "drop_out"
        ):
            delay = float(self.settings["ride_through_s"])
            self.grid.after(self.id, "drop_out", delay, lambda: self._halt("stopped"))
        return False

    def balance(self) -> tuple[float, float, float]:
        """Return the consumption."""
        return 0.0, self.grid.p_w[self.slot], 0.0

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip."""
        self._halt("fault")

    def clear(self) -> None:
        """Repair it."""
        if self.stage == "fault":
            self._enter("stopped")
