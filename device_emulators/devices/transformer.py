"""Two-winding transformer: flows from the network, oil and hot spot, 87T.

87T trips the breakers next to both windings with lockout.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from device_emulators.devices.device import Device
from device_emulators.plant.thermal import AMBIENT_C, Oil, settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid


class Transformer(Device):
    """Transformer with its monitor."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"trip_87t": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {"loading_pu": 0.4}

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.branch = grid.add_branch(
            item.id, item.buses[0], item.buses[1], kind="transformer", ratings=dict(item.ratings)
        )
        rise, gradient = settled(float(self.settings["loading_pu"]), self._loss_ratio())
        self.oil = Oil(AMBIENT_C + rise, gradient)
        self.tripped = False
        self.points = {
            "power_w": lambda: float(grid.branch_w[self.branch, 0]),
            "reactive_power_var": lambda: float(grid.branch_var[self.branch, 0]),
            "current_a": self._current_a,
            "oil_temperature_c": lambda: self.oil.oil_c,
            "hot_spot_temperature_c": lambda: self.oil.oil_c + self.oil.gradient_k,
            "loading_pu": self._loading_pu,
            "tap_count": lambda: 0.0,
            "trip_87t": lambda: float(self.tripped),
            "alarm_temperature": lambda: float(self.oil.oil_c > 95.0),
        }

    def _loss_ratio(self) -> float:
        return self.ratings["load_loss_w"] / max(self.ratings["no_load_loss_w"], 1.0)

    def _current_a(self) -> float:
        p, q = self.grid.branch_w[self.branch, 0], self.grid.branch_var[self.branch, 0]
        return self.grid.current_a(self.buses[0], float(p), float(q))

    def _loading_pu(self) -> float:
        p, q = self.grid.branch_w[self.branch, 0], self.grid.branch_var[self.branch, 0]
        return math.hypot(float(p), float(q)) / self.ratings["power_va"]

    def advance(self, dt_s: float) -> None:
        """Warm up."""
        self.oil.advance(self._loading_pu(), self._loss_ratio(), dt_s)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip by 87T."""
        self.tripped = True
        for breaker in self.breakers_at(*self.buses):
            breaker.trip("87", lockout=True)

    def clear(self) -> None:
        """Reset the relay."""
        self.tripped = False
