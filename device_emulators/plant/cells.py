"""What cells are made of: voltage over charge, resistance, warmth, age, by chemistry.

Voltages are in parts of the mean open-circuit voltage of the chemistry, so that a full battery of
any size holds exactly its rated energy: the curve is scaled until its area is one. It is straight
in pieces, so energy is a parabola in pieces, and the time a constant power can be given is a closed
form.

Simplified: no hysteresis, no relaxation after a change of current, resistance does not depend on
charge, and how much can be taken depends on the rate by the cut-off voltage alone. Source: curves,
limits and ageing as data sheets and reviews commonly give them (25 deg C), rounded.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final


@dataclass(frozen=True)
class Chemistry:
    """One kind of cell.

    Attributes:
        name: short name.
        points: state of charge [pu] and open-circuit voltage of a cell [V], both rising.
        low_v: voltage under load at which discharge ends [V].
        high_v: voltage that charging holds [V].
        drop_pu: voltage lost inside at a rate of one per hour, by the mean voltage [pu].
        built_per_h: rate from which on cells are built for their power [1/h].
        cold_k: how steeply resistance falls with temperature (Arrhenius) [K].
        charge_per_h: largest charging current, by capacity [1/h].
        acceptance_per_h: current accepted for each part of the charge that is missing [1/h].
        returned_pu: part of the charging current that becomes charge [pu].
        heat_j_wh_k: heat capacity by energy [J/(Wh K)].
        cooling_s: time constant of cooling to the room [s].
        derate_c: temperature from which on less power may be asked for [deg C].
        trip_c: temperature at which a string is opened [deg C].
        runaway_c: temperature from which on a cell heats itself [deg C].
        cycle_pu: capacity lost with each full cycle [pu].
        year_pu: capacity lost in a year at 25 deg C, doubling with every 10 K [pu].
        growth: how many times faster resistance grows than capacity is lost.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    low_v: float
    high_v: float
    drop_pu: float
    built_per_h: float
    cold_k: float
    charge_per_h: float
    acceptance_per_h: float
    returned_pu: float
    heat_j_wh_k: float
    cooling_s: float
    derate_c: float
    trip_c: float
    runaway_c: float
    cycle_pu: float
    year_pu: float
    growth: float

    @cached_property
    def mean_v(self) -> float:
        """Return the mean open-circuit voltage over the charge [V]."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return sum((b - a) * (u + v) / 2.0 for (a, u), (b, v) in pairs)

    @cached_property
    def soc_pu(self) -> tuple[float, ...]:
        """Return where the curve bends [pu]."""
        return tuple(soc for soc, _ in self.points)

    @cached_property
    def volts_pu(self) -> tuple[float, ...]:
        """Return the voltage at each bend, by the mean voltage [pu]."""
        return tuple(volts / self.mean_v for _, volts in self.points)

    @cached_property
    def _held(self) -> tuple[float, ...]:
        """Return the energy held at each bend, by that of a full battery [pu]."""
        held, total = [0.0], 0.0
        for i in range(1, len(self.points)):
            total += (self.soc_pu[i] - self.soc_pu[i - 1]) * self._mean(i)
            held.append(total)
        return tuple(held)

    def _mean(self, i: int) -> float:
        return (self.volts_pu[i] + self.volts_pu[i - 1]) / 2.0

    @cached_property
    def low_pu(self) -> float:
        """Return the cut-off voltage by the mean voltage [pu]."""
        return self.low_v / self.mean_v

    @cached_property
    def high_pu(self) -> float:
        """Return the charging voltage by the mean voltage [pu]."""
        return self.high_v / self.mean_v

    def _piece(self, soc_pu: float) -> int:
        return bisect_right(self.soc_pu, soc_pu, 1, len(self.points) - 1)

    def open_pu(self, soc_pu: float) -> float:
        """Return the open-circuit voltage at a state of charge [pu], by the mean voltage [pu]."""
        i = self._piece(soc_pu)
        a, b = self.soc_pu[i - 1], self.soc_pu[i]
        u, v = self.volts_pu[i - 1], self.volts_pu[i]
        return u + (v - u) * (soc_pu - a) / (b - a)

    def held_pu(self, soc_pu: float) -> float:
        """Return the energy held at a state of charge [pu], by that of a full battery [pu]."""
        i = self._piece(soc_pu)
        over = soc_pu - self.soc_pu[i - 1]
        return self._held[i - 1] + over * (self.volts_pu[i - 1] + self.open_pu(soc_pu)) / 2.0

    def soc_at_pu(self, volts_pu: float) -> float:
        """Return the state of charge at an open-circuit voltage, 0 below the curve [pu]."""
        if volts_pu <= self.volts_pu[0]:
            return 0.0
        i = min(bisect_right(self.volts_pu, volts_pu), len(self.points) - 1)
        u, v = self.volts_pu[i - 1], self.volts_pu[i]
        a, b = self.soc_pu[i - 1], self.soc_pu[i]
        return min(a + (b - a) * (volts_pu - u) / (v - u), 1.0)

    def lasts(self, soc_pu: float, drain: float, drop_pu: float, low_pu: float) -> float:
        """Return how long a constant power can be given.

        With x the voltage, the current that gives power p through resistance r is
        (x - sqrt(x^2 - 4 r p)) / (2 r); the time is the integral of its inverse over the charge,
        (x + sqrt(x^2 - 4 r p)) / (2 p), in each straight piece of the curve.

        Args:
            soc_pu: state of charge [pu].
            drain: power by the energy of a full battery [1/s].
            drop_pu: resistance times that power: voltage lost at it and mean voltage [pu].
            low_pu: cut-off voltage by the mean voltage [pu].

        Returns:
            Time to the cut-off voltage or to empty [s].
        """
        end = self.soc_at_pu(low_pu + drop_pu / low_pu)
        if soc_pu <= end:
            return 0.0
        bends, volts, a = self.soc_pu, self.volts_pu, 4.0 * drop_pu
        i = self._piece(soc_pu)
        if bends[i - 1] >= soc_pu:
            i -= 1
        v = self.open_pu(soc_pu)
        root_v = math.sqrt(max(v * v - a, 0.0))
        total = 0.0
        while soc_pu > end:
            down, u = bends[i - 1], volts[i - 1]
            if down < end:
                down, u = end, self.open_pu(end)
            root_u = math.sqrt(max(u * u - a, 0.0))
            total += (soc_pu - down) * _mean_of_inverse(u, v, root_u, root_v, a) / (2.0 * drain)
            soc_pu, v, root_v, i = down, u, root_u, i - 1
        return total


def _mean_of_inverse(u: float, v: float, root_u: float, root_v: float, a: float) -> float:
    """Return the mean of x + sqrt(x^2 - a) over x from `u` to `v`, whose roots are known."""
    if v - u < 1e-9:
        return v + root_v
    area = v * root_v - u * root_u
    if a > 0.0:
        area -= a * math.log((v + root_v) / (u + root_u))
    return (u + v) / 2.0 + area / (2.0 * (v - u))


LFP: Final = Chemistry(
    name="lithium iron phosphate",
    points=(
        (0.0, 2.90),
        (0.05, 3.10),
        (0.10, 3.20),
        (0.20, 3.25),
        (0.40, 3.29),
        (0.60, 3.31),
        (0.70, 3.33),
        (0.90, 3.34),
        (0.97, 3.36),
        (1.00, 3.40),
    ),
    low_v=2.80,
    high_v=3.55,
    drop_pu=0.015,
    built_per_h=3.0,
    cold_k=2500.0,
    charge_per_h=1.0,
    acceptance_per_h=20.0,
    returned_pu=0.998,
    heat_j_wh_k=8.0,
    cooling_s=7200.0,
    derate_c=45.0,
    trip_c=60.0,
    runaway_c=90.0,
    cycle_pu=0.2 / 4000.0,
    year_pu=0.015,
    growth=2.0,
)
NMC: Final = Chemistry(
    name="lithium nickel manganese cobalt",
    points=(
        (0.0, 3.30),
        (0.05, 3.45),
        (0.10, 3.52),
        (0.20, 3.60),
        (0.40, 3.68),
        (0.60, 3.80),
        (0.80, 3.98),
        (0.90, 4.07),
        (1.00, 4.17),
    ),
    low_v=3.00,
    high_v=4.20,
    drop_pu=0.012,
    built_per_h=3.0,
    cold_k=3000.0,
    charge_per_h=1.0,
    acceptance_per_h=10.0,
    returned_pu=0.998,
    heat_j_wh_k=6.0,
    cooling_s=7200.0,
    derate_c=45.0,
    trip_c=60.0,
    runaway_c=80.0,
    cycle_pu=0.2 / 2500.0,
    year_pu=0.02,
    growth=2.0,
)
VRLA: Final = Chemistry(
    name="valve-regulated lead acid",
    points=((0.0, 1.94), (0.20, 1.99), (0.50, 2.05), (0.80, 2.11), (1.00, 2.15)),
    low_v=1.67,
    high_v=2.27,
    drop_pu=0.025,
    built_per_h=4.0,
    cold_k=2000.0,
    charge_per_h=0.1,
    acceptance_per_h=1.0,
    returned_pu=0.95,
    heat_j_wh_k=40.0,
    cooling_s=21600.0,
    derate_c=40.0,
    trip_c=50.0,
    runaway_c=60.0,
    cycle_pu=0.2 / 300.0,
    year_pu=0.03,
    growth=3.0,
)
CHEMISTRIES: Final = (LFP, NMC, VRLA)
"""By their number in site files."""
