"""Stored energy: what can be taken, what can be put in, and how it empties.

Simplified: constant efficiency in each direction, no rate dependence of the capacity, a linear
open-circuit voltage, no ageing. Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass

_WH_J = 3600.0


@dataclass(slots=True)
class Store:
    """A battery, flywheel or supercapacitor.

    Attributes:
        capacity_j: usable energy when full [J].
        energy_j: energy now [J].
        efficiency_pu: efficiency of one direction [pu].
        connected: joined to its converter.
        lost_j: heat so far [J].
    """

    capacity_j: float
    energy_j: float
    efficiency_pu: float = 1.0
    connected: bool = True
    lost_j: float = 0.0

    @property
    def soc_pu(self) -> float:
        """Return the state of charge [pu]."""
        return self.energy_j / self.capacity_j if self.capacity_j > 0.0 else 0.0

    @property
    def energy_wh(self) -> float:
        """Return the energy now [Wh]."""
        return self.energy_j / _WH_J

    def can_give(self) -> bool:
        """Return whether anything can be taken."""
        return self.connected and self.energy_j > 1e-6 * self.capacity_j

    def can_take(self) -> bool:
        """Return whether anything can be put in."""
        return self.connected and self.energy_j < self.capacity_j

    def empty_in_s(self, power_w: float) -> float:
        """Return how long it can give `power_w` [W] at its terminals [s]."""
        if not self.connected:
            return 0.0
        return self.energy_j * self.efficiency_pu / power_w if power_w > 0.0 else float("inf")

    def exchange(self, power_w: float, dt_s: float) -> None:
        """Put in (positive) or take (negative) `power_w` [W] at the terminals for `dt_s` [s]."""
        if power_w >= 0.0:
            change = power_w * dt_s * self.efficiency_pu
        else:
            change = power_w * dt_s / self.efficiency_pu
        before = self.energy_j
        self.energy_j = min(max(before + change, 0.0), self.capacity_j)
        self.lost_j += power_w * dt_s - (self.energy_j - before)


def store_wh(capacity_wh: float, soc_pu: float = 1.0, efficiency_pu: float = 1.0) -> Store:
    """Return a store of `capacity_wh` [Wh] at a state of charge [pu]."""
    return Store(capacity_wh * _WH_J, capacity_wh * _WH_J * soc_pu, efficiency_pu)
