"""Diesel fuel: consumption against load, day tank, bulk tank and the pump between them.

Consumption is linear, F = F0 * rated + F1 * power; both factors depend on the size of the set and
are interpolated over the logarithm of its rating between the sizes of the chart, outside of which
the nearest size counts.

Simplified: every set has a bulk tank of its own; the pump has power whenever it is wanted.
Source: published chart of 100 to 1,000 kW sets at 25 and 100 % load.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

SIZES_W: Final = (100e3, 250e3, 500e3, 1000e3)
IDLE_L_PER_KWH: Final = (0.0379, 0.0242, 0.0210, 0.0193)
"""F0 of these sizes, by rated power."""
LOAD_L_PER_KWH: Final = (0.2423, 0.2483, 0.2493, 0.2498)
"""F1 of these sizes."""
PUMP_FROM_PU: Final = 0.70
PUMP_TO_PU: Final = 0.95
"""Level of the day tank at which the transfer pump starts, and stops."""


def flow_l_s(power_w: float, rated_w: float) -> float:
    """Return the fuel flow [l/s] of a running set that gives `power_w` [W]."""
    idle, load = factors_l_per_kwh(rated_w)
    return (idle * rated_w + load * max(power_w, 0.0)) / 3.6e6


@cache
def factors_l_per_kwh(rated_w: float) -> tuple[float, float]:
    """Return F0 and F1 [l/kWh] of a set of that rating [W]."""
    size, sizes = math.log(rated_w), np.log(SIZES_W)
    idle = float(np.interp(size, sizes, IDLE_L_PER_KWH))
    return idle, float(np.interp(size, sizes, LOAD_L_PER_KWH))


@dataclass(slots=True)
class Tanks:
    """Fuel of one set.

    Attributes:
        full_l: what the day tank holds [l].
        day_l: what is in it [l].
        bulk_l: what is in the bulk tank [l].
        pump_l_s: what the transfer pump moves [l/s].
        leak_l_s: what the day tank loses [l/s].
        pump_works: the pump can run.
        pumping: it runs.
    """

    full_l: float
    day_l: float
    bulk_l: float
    pump_l_s: float
    leak_l_s: float = 0.0
    pump_works: bool = True
    pumping: bool = False

    def advance(self, burnt_l_s: float, dt_s: float) -> None:
        """Burn, leak and pump for `dt_s` [s]."""
        self.day_l = max(self.day_l - (burnt_l_s + self.leak_l_s) * dt_s, 0.0)
        if self.day_l <= PUMP_FROM_PU * self.full_l:
            self.pumping = True
        elif self.day_l >= PUMP_TO_PU * self.full_l:
            self.pumping = False
        if self.pumping and self.pump_works:
            moved_l = min(self.pump_l_s * dt_s, self.bulk_l)
            self.day_l += moved_l
            self.bulk_l -= moved_l

    def fill(self) -> None:
        """Repair leak and pump and fill the day tank."""
        self.leak_l_s, self.pump_works = 0.0, True
        self.day_l = max(self.day_l, self.full_l)
