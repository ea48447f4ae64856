"""Photovoltaic plant: feeds a healthy grid, trips at loss of mains and opens its breaker.

Simplified: a constant fraction of the clear-sky power; enters service a fixed time after the grid
has become healthy (shorter than the 300 s of IEEE 1547, so that a demonstration sees it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from device_emulators.devices.device import Device
from device_emulators.plant.indications import Panel
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid


class Pv(Device):
    """PV plant behind one inverter."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"irradiance": ("irradiance_pu",), "trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "irradiance_pu": 0.4,
        "enter_service_s": 10.0,
        "ramp_s": 10.0,
        "islanding_s": 0.2,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.stage = "off"
        self.irradiance_pu = float(self.settings["irradiance_pu"])
        self.power_w = 0.0
        self.setpoints = Panel(grid.indications, {"power_limit_w": item.ratings["power_w"]})
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "frequency_hz": Cell(grid, "hz", self.buses[0]),
            "power_w": lambda: self.power_w,
            "reactive_power_var": lambda: 0.0,
            "power_available_w": lambda: -self._available_w(),
            "irradiance_pu": lambda: self.irradiance_pu,
        }

    def _available_w(self) -> float:
        return min(self.irradiance_pu, 1.0) * self.ratings["power_w"]

    def _target_w(self) -> float:
        return -min(self._available_w(), self.setpoints["power_limit_w"])

    def begin(self) -> None:
        """Feed."""
        if self.item.normally != "out_of_service":
            self.stage = "feeding"
            self.power_w = self._target_w()

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage}", stage=stage)

    def set(self, point: str, value: float) -> bool:
        """Take a curtailment limit within the rating."""
        return 0.0 <= value <= self.ratings["power_w"] and super().set(point, value)

    def advance(self, dt_s: float) -> None:
        """Ramp towards what sun and limit allow."""
        if self.stage == "feeding":
            step = self.ratings["power_w"] / float(self.settings["ramp_s"]) * dt_s
            self.power_w += min(max(self._target_w() - self.power_w, -step), step)

    def demand(self) -> None:
        """Feed the bus."""
        self.grid.p_w[self.slot] = self.power_w

    def sense(self) -> bool:
        """Stop at an unhealthy grid, come back after a healthy time."""
        healthy = 0.88 <= self.grid.v[self.buses[0]] <= 1.1
        if self.stage == "feeding" and self.grid.v[self.buses[0]] < 0.5:
            self.power_w = 0.0
            self._enter("tripped")
            delay = float(self.settings["islanding_s"])
            self.grid.after(self.id, "islanding", delay, self._separate)
            return True
        if self.stage in {"off", "tripped"} and healthy and self.item.normally != "out_of_service":
            self._enter("waiting")
            delay = float(self.settings["enter_service_s"])
            self.grid.after(self.id, "enter", delay, lambda: self._enter("feeding"))
        elif self.stage == "waiting" and not healthy:
            self.grid.timers.cancel(self.id, "enter")
            self._enter("tripped")
        return False

    def _separate(self) -> None:
        if self.grid.v[self.buses[0]] > 0.5:
            return
        for breaker in self.own_breakers():
            breaker.operate("open", f"{self.id} loss of mains")

    def balance(self) -> tuple[float, float, float]:
        """Return the generation."""
        return -self.grid.p_w[self.slot], 0.0, 0.0

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Change the sun, or trip."""
        if event == "irradiance":
            self.irradiance_pu = float(values["irradiance_pu"])
        else:
            self.power_w = 0.0
            self._enter("tripped")

    def clear(self) -> None:
        """Return to the declared sun."""
        self.irradiance_pu = float(self.settings["irradiance_pu"])
