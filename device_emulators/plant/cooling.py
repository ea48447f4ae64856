"""Cooling: chilled water with its buffer tank, coolant in the AI racks, air around the others.

Chillers cool one mixed tank. Pumps move its water to the air coolers and, in the distribution
units (CDU), give the heat of the coolant to it: coolant enters the racks `APPROACH_K` warmer than
the tank and leaves them warmer by heat over flow. What pumps do not move stays where it is: coolant
in a rack whose pumps stand takes the whole heat of the rack, about 1 K a second at full power, so a
rack has tens of seconds; air has minutes by the mass of equipment and room; the tank has the three
minutes that chillers need to start again.

Too hot a rack slows down between `SLOW_C` and `SLOWEST_C` to `SLOWEST_PU` of its rating and cuts
itself off at `TRIP_C`, which racks and `it_rack` do by what is said here. Simplified: one flow for
all racks, shared by rating; the coolant in a rack is mixed; no heat leaves but by water; a site
without pumps is always in flow; air coolers hold `AIR_C` as long as their water is cold enough.

Source: heat capacities are engineering defaults, fitted to "seconds to tens of seconds" for direct
liquid and "minutes" for air (vendors' statements); ASHRAE TC 9.9 recommends inlet air of 18 to
27 deg C and names liquid classes W32 to W45.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WATER_J_PER_L_K: Final = 4186.0
APPROACH_K: Final = 15.0
"""Coolant that enters racks over the tank [K]."""
COOLANT_S: Final = 0.8
"""Heat capacity of the coolant and metal of a rack by its rating [J/K/W]."""
RISE_K: Final = 12.0
"""Rise of the coolant through a rack at its rating, where a site has no pumps [K]."""
SLOW_C, SLOWEST_C, SLOWEST_PU, TRIP_C = 60.0, 70.0, 0.4, 75.0
"""Coolant out of a rack from which it slows down, to where, to what part, and where it trips."""
AIR_C: Final = 24.0
COIL_K: Final = 15.0
"""Least difference of air to the tank at rated heat [K]."""
AIR_J_PER_W_K: Final = 12.0
"""Heat capacity of room and equipment by the rated heat of what air cools [J/K/W]."""
AIR_S: Final = 60.0
"""Time constant of the air coolers [s]."""
AIR_SLOW_C, AIR_TRIP_C = 38.0, 45.0
"""Air from which racks slow down, and at which they cut themselves off."""


@dataclass(slots=True)
class Tank:
    """Mixed water tank.

    Attributes:
        volume_l: content [l].
        temperature_c: temperature [deg C].
    """

    volume_l: float
    temperature_c: float

    def advance(self, heat_w: float, cooling_w: float, dt_s: float) -> None:
        """Add `heat_w` and take `cooling_w` [W] for `dt_s` [s]."""
        self.temperature_c += (heat_w - cooling_w) * dt_s / (WATER_J_PER_L_K * self.volume_l)


class Cooled(Protocol):
    """What takes heat from the tank."""

    loading_pu: float

    @property
    def cooling_w(self) -> float:
        """Return the heat it can take now [W]."""
        ...


class Moving(Protocol):
    """What moves water and coolant."""

    @property
    def flow_lps(self) -> float:
        """Return the flow [l/s]."""
        ...


class Cooling:
    """All of a site: its tank, the coolant of its AI racks, the air around its other racks.

    Attributes:
        tank: the chilled water.
        chillers: what cools it.
        pumps: what moves it.
        outlet_c: coolant that leaves each AI rack (n_rack,) [deg C].
        limit_pu: what part of its rating the heat allows each AI rack (n_rack,) [pu].
        hot: some AI rack is limited, or too hot.
        air_c: air around the other racks [deg C].
    """

    def __init__(self, volume_l: float, target_c: float) -> None:
        self.tank = Tank(volume_l, target_c)
        self.target_c = target_c
        self.chillers: list[Cooled] = []
        self.pumps: list[Moving] = []
        self.begin(np.zeros(0), 0.0)

    def begin(self, rating_w: NDArray[np.float64], air_rating_w: float) -> None:
        """Take the ratings of the AI racks (n_rack,) and of all other racks together [W]."""
        self._rating_w, self._air_rating_w = rating_w, air_rating_w
        self._rated_w = float(rating_w.sum())
        self.outlet_c = np.full(len(rating_w), self.supply_c + RISE_K)
        self.limit_pu = np.ones(len(rating_w))
        self.hot = False
        self.air_c = AIR_C

    @property
    def flow_lps(self) -> float:
        """Return the flow of all pumps [l/s]; what suits the racks where there are none."""
        if not self.pumps:
            return self._rated_w / (RISE_K * WATER_J_PER_L_K)
        return sum([pump.flow_lps for pump in self.pumps])

    @property
    def flows(self) -> bool:
        """Return whether water and coolant move."""
        return not self.pumps or self.flow_lps > 0.0

    @property
    def supply_c(self) -> float:
        """Return the coolant that distribution units give to racks [deg C]."""
        return self.tank.temperature_c + APPROACH_K

    @property
    def inlet_c(self) -> NDArray[np.float64]:
        """Return the coolant at the inlet of each AI rack: that inside where it stands [deg C]."""
        return np.full(len(self.outlet_c), self.supply_c) if self.flows else self.outlet_c

    @property
    def loop_c(self) -> float:
        """Return the coolant as distribution units measure it [deg C]."""
        if self.flows or not len(self.outlet_c):
            return self.supply_c
        return float(self.outlet_c.mean())

    @property
    def air_limit_pu(self) -> float:
        """Return what part of its load a rack in air may carry [pu]."""
        return 1.0 if self.air_c < AIR_SLOW_C else SLOWEST_PU

    def advance(self, rack_w: NDArray[np.float64], air_w: float, dt_s: float) -> None:
        """Move by `dt_s` [s] with the heat of the AI racks (n_rack,) and of all others [W]."""
        heat_w = self._coolant(rack_w, dt_s) + self._air(air_w, dt_s)
        able = sum([chiller.cooling_w for chiller in self.chillers])
        loading = 0.0
        if able > 0.0:
            correction = 0.2 * (self.tank.temperature_c - self.target_c)
            loading = min(max(heat_w / able + correction, 0.0), 1.0)
        for chiller in self.chillers:
            chiller.loading_pu = loading
        self.tank.advance(heat_w, loading * able, dt_s)

    def _coolant(self, rack_w: NDArray[np.float64], dt_s: float) -> float:
        """Warm the coolant and return the heat that it gives to the tank [W]."""
        if not len(rack_w):
            return 0.0
        by_k = self.flow_lps * WATER_J_PER_L_K / self._rated_w
        if by_k > 0.0:
            settled = rack_w / (by_k * self._rating_w)
            settled += self.supply_c
            change_k = settled - self.outlet_c
            change_k *= 1.0 - math.exp(-by_k * dt_s / COOLANT_S)
        else:
            change_k = rack_w * (dt_s / COOLANT_S) / self._rating_w
        self.outlet_c = self.outlet_c + change_k
        hottest_c = float(self.outlet_c.max())
        if hottest_c > SLOW_C or self.hot:
            self.hot = hottest_c > SLOW_C
            fall = (1.0 - SLOWEST_PU) / (SLOWEST_C - SLOW_C)
            self.limit_pu = np.clip(1.0 - fall * (self.outlet_c - SLOW_C), SLOWEST_PU, 1.0)
        kept_j = COOLANT_S * float(self._rating_w @ change_k)
        return float(rack_w.sum()) - kept_j / dt_s

    def _air(self, heat_w: float, dt_s: float) -> float:
        """Warm the air and return the heat that its coolers give to the tank [W]."""
        if not self._air_rating_w:
            return heat_w
        capacity_j_k = AIR_J_PER_W_K * self._air_rating_w
        if self.flows:
            settled_c = self.tank.temperature_c + COIL_K * heat_w / self._air_rating_w
            settled_c = max(settled_c, AIR_C)
            change_k = (settled_c - self.air_c) * (1.0 - math.exp(-dt_s / AIR_S))
        else:
            change_k = heat_w * dt_s / capacity_j_k
        self.air_c += change_k
        return heat_w - capacity_j_k * change_k / dt_s
