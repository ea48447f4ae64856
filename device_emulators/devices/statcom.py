"""STATCOM: reactive power within its rating while its bus is live. Flicker is not modelled yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from device_emulators.devices.device import Device
from device_emulators.plant.indications import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid


class Statcom(Device):
    """Reactive compensator."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"trip": ()}

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.stage = "off" if item.normally == "out_of_service" else "running"
        self.setpoints = Panel(grid.indications, {"reactive_power_setpoint_var": 0.0})
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "reactive_power_var": lambda: grid.q_var[self.slot],
        }

    def act(self, action: str) -> bool:
        """Start, stop or reset."""
        if action == "start" and self.stage == "off":
            self.stage = "running"
        elif (action == "stop" and self.stage == "running") or (
            action == "reset" and self.stage == "fault"
        ):
            self.stage = "off"
        return self.stage != "fault"

    def set(self, point: str, value: float) -> bool:
        """Take a set-point within the rating."""
        return abs(value) <= self.ratings["reactive_power_var"] and super().set(point, value)

    def demand(self) -> None:
        """Give the reactive power asked for."""
        on = self.stage == "running" and self.grid.live(self.buses[0])
        value = self.setpoints["reactive_power_setpoint_var"]
        self.grid.q_var[self.slot] = value if on else 0.0

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip."""
        self.stage = "fault"

    def clear(self) -> None:
        """Repair and start."""
        self.stage = "running"
