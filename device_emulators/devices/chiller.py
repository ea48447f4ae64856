"""Chiller: stops when its supply fails, restarts by itself after minutes, cools the buffer tank.

Its power follows the heat it takes and how far it has to lift it: from chilled water to what it
condenses against, a cooling tower near the wet bulb or a dry cooler near the dry bulb. Rated power
and rated cooling hold at `DESIGN_C`; hotter, it takes less heat and more power. Simplified: power
falls linearly with loading to a standing part, and in proportion to the lift.
"""

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
DESIGN_C: Final = 33.0
"""Condensing side for which it is rated [deg C]: a wet bulb of 24 deg C with a tower."""
TOWER_K: Final = 9.0
DRY_K: Final = 13.0
"""Condensing side over the wet bulb with a tower, over the dry bulb with a dry cooler [K]."""
LEAST_LIFT_PU: Final = 0.5
DERATED_PER_K: Final = 0.015
POWER_FACTOR_TAN: Final = 0.5


class Chiller(Device):
    """Chiller of the common chilled-water loop."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weather": ("dry_bulb_c", "wet_bulb_c"),
        "trip": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "restart_s": 180.0,
        "ride_through_s": 0.05,
        "dry_bulb_c": 25.0,
        "wet_bulb_c": 18.0,
        "tower": 1.0,
    }
    QUANTITIES: ClassVar[tuple[str, ...]] = ("condensing_c", "loading_pu")

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.wanted = item.normally != "out_of_service"
        self.stage = "running" if self.wanted else "stopped"
        self.loading_pu = 0.8
        self._feel(float(self.settings["dry_bulb_c"]), float(self.settings["wet_bulb_c"]))
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

    def _feel(self, dry_bulb_c: float, wet_bulb_c: float) -> None:
        """Condense against weather [deg C] from now on."""
        tower = bool(self.settings["tower"])
        self.condensing_c = wet_bulb_c + TOWER_K if tower else dry_bulb_c + DRY_K
        lift = (self.condensing_c - TARGET_C) / (DESIGN_C - TARGET_C)
        self._lift_pu = max(lift, LEAST_LIFT_PU)
        hotter_k = max(self.condensing_c - DESIGN_C, 0.0)
        self._able_w = self.ratings["cooling_w"] * max(1.0 - DERATED_PER_K * hotter_k, 0.0)

    @property
    def cooling_w(self) -> float:
        """Return the heat it can take [W]."""
        return self._able_w if self.stage == "running" else 0.0

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
            power *= self._lift_pu
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
        """Trip, or feel other weather."""
        if event == "weather":
            self._feel(values["dry_bulb_c"], values["wet_bulb_c"])
        else:
            self._halt("fault")

    def clear(self) -> None:
        """Repair it, in the weather of the site."""
        self._feel(float(self.settings["dry_bulb_c"]), float(self.settings["wet_bulb_c"]))
        if self.stage == "fault":
            self._enter("stopped")

    def quantity(self, name: str) -> float:
        """Return what it condenses against, how it is loaded, or a point."""
        return float(getattr(self, name)) if name in self.QUANTITIES else super().quantity(name)
