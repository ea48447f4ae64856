"""Stores of all AI racks as arrays: capacitors for milliseconds, batteries for a minute.

A rack's capacitors (supercapacitor, and 20 ms of hold-up of its power supplies) take the quick part
of its power, so that the feeds see a smoothed load; they are kept near 70 % so that they can do so
both ways. When the feeds fall short the battery takes over within some milliseconds, bridged by the
capacitors, and gives no more than its limit; without a battery the capacitors are all there is. The
battery's energy is what it gives at its terminals; charging it loses a part.

The supplies keep to the pulse envelope of OCP HPR V2 (at most 140 % over 50 ms and 100 % over a
second): what a rack takes beyond its smoothed load is taken from the capacitors.
Simplified: capacitors have no losses but what overflows. Source: own derivation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HOLD_UP_S: Final = 0.02
SMOOTHED_S: Final = 0.05
TAKE_OVER_S: Final = 0.005
KEPT_PU: Final = 0.7
RESTORED_S: Final = 2.0
RESTORED_PU: Final = 0.1
CHARGE_PER_H: Final = 1.0
CHARGED_PU: Final = 0.94
"""Part of the charging power that is stored."""
_EMPTY: Final = 1e-9
_SHORT_PU: Final = 1e-6


class RackStorage:
    """Capacitors and batteries of all racks, as arrays (n_rack,).

    Attributes:
        connected: the battery is joined.
        capacity_j: energy of a full battery [J].
        energy_j: energy of the battery [J].
        limit_w: largest power of the battery [W].
        cap_full_j: energy of full capacitors [J].
        cap_j: energy of the capacitors [J].
        battery_w: power of the battery, negative when discharging [W].
        cap_w: power of the capacitors, negative when discharging [W].
        lost_j: heat of all racks so far [J].
        giving: some battery carries load.
    """

    def __init__(
        self,
        rating_w: NDArray[np.float64],
        battery_wh: Sequence[float],
        supercap_j: Sequence[float],
        soc_pu: Sequence[float],
        power_w: NDArray[np.float64],
    ) -> None:
        """Begin settled at the power of every rack [W]."""
        self._rating_w = rating_w
        self.connected = np.ones(len(rating_w), dtype=bool)
        self.capacity_j: NDArray[np.float64] = 3600.0 * np.array(battery_wh)
        self.energy_j: NDArray[np.float64] = self.capacity_j * np.array(soc_pu)
        self.limit_w = rating_w.copy()
        self.cap_full_j = np.array(supercap_j) + HOLD_UP_S * rating_w
        self.cap_j = KEPT_PU * self.cap_full_j
        self._charge_w_max = CHARGE_PER_H * np.array(battery_wh)
        self._smoothed_w = power_w.copy()
        self._base_w = power_w.copy()
        self._wanted_w = power_w.copy()
        self._charge_w = np.zeros(len(rating_w))
        self._short_w = np.zeros(len(rating_w))
        self._ready_w = np.zeros(len(rating_w))
        self.battery_w = np.zeros(len(rating_w))
        self.cap_w = np.zeros(len(rating_w))
        self.lost_j = 0.0
        self.giving = False

    @property
    def soc_pu(self) -> NDArray[np.float64]:
        """Return the state of charge, 0 for a battery that is not joined (n_rack,) [pu]."""
        soc: NDArray[np.float64] = self.energy_j / self.capacity_j * self.connected
        return soc

    def stored_j(self) -> float:
        """Return stored and lost energy of all racks [J]."""
        return float(self.energy_j.sum() + self.cap_j.sum()) + self.lost_j

    def advance(self, power_w: NDArray[np.float64], dt_s: float) -> None:
        """Move energy for `dt_s` [s]; then follow what the racks take from now on [W]."""
        held_j = self.cap_j + self.cap_w * dt_s
        np.minimum(np.maximum(held_j, 0.0), self.cap_full_j, out=self.cap_j)
        self.lost_j += float((held_j - self.cap_j).sum())
        if self.battery_w.any():
            stored_w = np.where(self.battery_w > 0.0, CHARGED_PU * self.battery_w, self.battery_w)
            before_j = float(self.energy_j.sum())
            self.energy_j += stored_w * dt_s
            np.clip(self.energy_j, 0.0, self.capacity_j, out=self.energy_j)
            moved_j = float(self.battery_w.sum()) * dt_s
            self.lost_j += moved_j - (float(self.energy_j.sum()) - before_j)
        self._smoothed_w += (power_w - self._smoothed_w) * (1.0 - math.exp(-dt_s / SMOOTHED_S))
        if self.giving or self._ready_w.any():
            self._ready_w += (self._short_w - self._ready_w) * (1.0 - math.exp(-dt_s / TAKE_OVER_S))

    def asked_w(
        self, power_w: NDArray[np.float64], may_charge: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return what racks that take `power_w` [W] ask of their feeds (n_rack,) [W]."""
        wanted = (KEPT_PU * self.cap_full_j - self.cap_j) / RESTORED_S
        most_w = RESTORED_PU * self._rating_w
        restored = np.minimum(np.maximum(wanted, -most_w), most_w)
        base = np.maximum(np.where(power_w > 0.0, self._smoothed_w + restored, 0.0), 0.0)
        self._base_w = np.minimum(base, self._smoothed_w)
        charging = may_charge & self.connected & (self._short_w <= 0.0)
        charging &= self.energy_j < self.capacity_j * (1.0 - _EMPTY)
        self._charge_w = np.where(charging, self._charge_w_max, 0.0)
        self._wanted_w = base
        return base + self._charge_w

    def settle(
        self, power_w: NDArray[np.float64], taken_w: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Share what feeds that give `taken_w` [W] do not give; return who has nothing left."""
        short = self._base_w - taken_w
        short = np.where(short > _SHORT_PU * self._rating_w, short, 0.0)
        self._short_w = short
        self.giving = bool(short.any())
        charged = np.minimum(np.maximum(taken_w - self._wanted_w, 0.0), self._charge_w)
        if not self.giving:
            self.battery_w = charged
            self.cap_w = taken_w - power_w - charged
            return np.zeros(len(power_w), dtype=bool)
        empty = self.cap_j <= _EMPTY * self.cap_full_j
        able = self.connected & (self.energy_j > _EMPTY * self.capacity_j)
        given = np.where(empty, power_w - taken_w, np.minimum(self._ready_w, short))
        given = np.where(able & (short > 0.0), np.clip(given, 0.0, self.limit_w), 0.0)
        self.battery_w = charged - given
        self.cap_w = taken_w - power_w - self.battery_w
        lost: NDArray[np.bool_] = empty & (self.cap_w < -_SHORT_PU * self._rating_w)
        return lost & (power_w > 0.0)

    def empty_in_s(self) -> float:
        """Return when the first battery or capacitor that carries a rack is empty [s]."""
        left = [math.inf]
        for held_j, flow_w in ((self.energy_j, self.battery_w), (self.cap_j, self.cap_w)):
            falls = (flow_w < -_EMPTY) & (self._short_w > 0.0) & (held_j > 0.0)
            if falls.any():
                left.append(float((held_j[falls] / -flow_w[falls]).min()))
        return min(left)

    def cut(self, which: NDArray[np.intp]) -> None:
        """Nothing flows any more in racks that are lost."""
        self.battery_w[which] = self.cap_w[which] = self._short_w[which] = 0.0
