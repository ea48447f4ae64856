"""A flywheel: energy in a turning mass, power for as long as it turns fast enough.

It gives between full and half speed, three quarters of what it holds. Drag takes power in
proportion to the square of the speed, so the energy follows a linear equation and its course at a
constant power is an exponential, used as it stands for any step.

Simplified: constant efficiency of the converter, no limit of power but its rating. Source: own
derivation; drag of 0.2 % of the rating as common for a vacuum housing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

SLOWEST_PU: Final = 0.5
DRAG_PU: Final = 0.002
EFFICIENCY_PU: Final = 0.97
_BELOW: Final = SLOWEST_PU**2 / (1.0 - SLOWEST_PU**2)
"""Energy left at the slowest speed, by what can be taken from full speed."""
_EMPTY: Final = 1e-9
_FULL: Final = 1.0 - 1e-4


@dataclass(slots=True)
class Flywheel:
    """State of a flywheel.

    Attributes:
        capacity_j: what can be taken from full speed down [J]; 0 where there is none.
        rated_w: largest power [W].
        energy_j: what can be taken now, below zero when it turns slower than it can be used [J].
        connected: joined to its converter.
        lost_j: heat so far [J].
    """

    capacity_j: float
    rated_w: float
    energy_j: float
    connected: bool = True
    lost_j: float = 0.0

    @property
    def soc_pu(self) -> float:
        """Return what can be taken, by the most that could [pu]."""
        return self.energy_j / self.capacity_j if self.capacity_j > 0.0 else 0.0

    @property
    def speed_pu(self) -> float:
        """Return the speed by full speed [pu]."""
        return math.sqrt(max((self.soc_pu + _BELOW) / (1.0 + _BELOW), 0.0))

    @property
    def hold_w(self) -> float:
        """Return the power that keeps its speed [W]."""
        if not self.connected or self.capacity_j <= 0.0:
            return 0.0
        return DRAG_PU * self.rated_w * self.speed_pu**2 / EFFICIENCY_PU

    def can_give(self) -> bool:
        """Return whether it turns fast enough."""
        return self.connected and self.energy_j > _EMPTY * self.capacity_j

    def can_take(self) -> bool:
        """Return whether it may turn faster."""
        return self.connected and self.energy_j < _FULL * self.capacity_j

    def _decay_per_s(self) -> float:
        return DRAG_PU * self.rated_w / (self.capacity_j * (1.0 + _BELOW))

    def empty_in_s(self, power_w: float) -> float:
        """Return how long it can give `power_w` [W] [s]."""
        if not self.can_give():
            return 0.0
        decay = self._decay_per_s()
        bottom = _BELOW * self.capacity_j
        asked = max(power_w, 0.0) / EFFICIENCY_PU / decay
        return math.log((bottom + self.energy_j + asked) / (bottom + asked)) / decay

    def exchange(self, power_w: float, dt_s: float) -> None:
        """Put in (positive) or take (negative) `power_w` [W], 0 to let it turn, for `dt_s` [s]."""
        if self.capacity_j <= 0.0:
            return
        shaft_w = power_w * EFFICIENCY_PU if power_w >= 0.0 else power_w / EFFICIENCY_PU
        decay, bottom = self._decay_per_s(), _BELOW * self.capacity_j
        left = math.exp(-decay * dt_s)
        held = (self.energy_j + bottom) * left + shaft_w / decay * (1.0 - left)
        before_j = self.energy_j
        self.energy_j = min(max(held, 0.0) - bottom, self.capacity_j)
        self.lost_j += power_w * dt_s - (self.energy_j - before_j)


def flywheel_wh(capacity_wh: float, rated_w: float) -> Flywheel:
    """Return a flywheel at full speed, of which `capacity_wh` [Wh] can be taken."""
    return Flywheel(capacity_wh * 3600.0, rated_w, capacity_wh * 3600.0)
