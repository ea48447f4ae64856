"""Storage as shaving may use it: bands of energy, limits of power, losses, several as one.

Power is consumption positive: charging is above zero. Energy is counted inside the store, power at
its terminals, so a store takes `efficiency_pu` of what it is charged with, and what it gives costs
it more than it gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bands:
    """What of the energy of a store is for what, from the bottom.

    Attributes:
        reserve_j: rides through a start failure and an orderly shutdown; never offered [J].
        smoothing_j: kept for smoothing, half above the reserve and half below full [J].
    """

    reserve_j: float = 0.0
    smoothing_j: float = 0.0


@dataclass(frozen=True, slots=True)
class Store:
    """One store, or several as one.

    Attributes:
        charge_w: most it takes [W].
        discharge_w: most it gives, above zero [W].
        capacity_j: its energy when full [J].
        efficiency_pu: of each way [pu].
        bands: what of it is not for shaving.
    """

    charge_w: float
    discharge_w: float
    capacity_j: float
    efficiency_pu: float = 0.95
    bands: Bands = Bands()

    @property
    def floor_j(self) -> float:
        """Return the energy below which shaving takes nothing [J]."""
        return min(self.capacity_j, self.bands.reserve_j + 0.5 * self.bands.smoothing_j)

    @property
    def top_j(self) -> float:
        """Return the energy above which shaving puts nothing [J]."""
        return max(self.floor_j, self.capacity_j - 0.5 * self.bands.smoothing_j)


def limits_w(store: Store, energy_j: float, for_s: float) -> tuple[float, float]:
    """Return the lowest and the highest power that can be held [W].

    A store that is below its floor gives nothing; one above its top takes nothing.

    Args:
        store: with its bands.
        energy_j: what is in it [J].
        for_s: how long the power has to be held [s].
    """
    give_w = max(0.0, energy_j - store.floor_j) * store.efficiency_pu / for_s
    take_w = max(0.0, store.top_j - energy_j) / store.efficiency_pu / for_s
    return -min(store.discharge_w, give_w), min(store.charge_w, take_w)


def after_j(store: Store, energy_j: float, power_w: float, for_s: float) -> float:
    """Return the energy after a power was held [J]."""
    inside_w = power_w * store.efficiency_pu if power_w > 0.0 else power_w / store.efficiency_pu
    return energy_j + inside_w * for_s


def as_one(stores: Sequence[Store]) -> Store:
    """Return several stores as one that is used from its floor to its top.

    The bands of each are cut off: what is left begins at zero. The efficiency is the mean by
    energy. This store can promise power that the real ones cannot once one of them is empty
    before the others, which `shares_w` puts off as long as it can.
    """
    usable_j = [store.top_j - store.floor_j for store in stores]
    total_j = sum(usable_j)
    mean_pu = sum(u * s.efficiency_pu for u, s in zip(usable_j, stores, strict=True))
    return Store(
        sum(store.charge_w for store in stores),
        sum(store.discharge_w for store in stores),
        total_j,
        mean_pu / total_j if total_j else 1.0,
    )


def shares_w(
    stores: Sequence[Store], energies_j: Sequence[float], power_w: float, for_s: float
) -> tuple[float, ...]:
    """Return the power of each store for a sum of `power_w`, or what comes nearest to it [W].

    By what each could still give, or take, over its band: so they become empty, and full, at the
    same time. What one of them cannot do is asked of the others.

    Args:
        stores: with their bands.
        energies_j: what is in each [J].
        power_w: the sum that is wanted [W].
        for_s: how long it has to be held [s].
    """
    side = 0 if power_w < 0.0 else 1
    most_w = [limits_w(s, e, for_s)[side] for s, e in zip(stores, energies_j, strict=True)]
    left_j = [
        max(0.0, energy_j - store.floor_j if side == 0 else store.top_j - energy_j)
        for store, energy_j in zip(stores, energies_j, strict=True)
    ]
    given = [0.0] * len(stores)
    free = [i for i, limit_w in enumerate(most_w) if limit_w]
    while free:
        rest_w = power_w - sum(given)
        wanted = {i: rest_w * left_j[i] / sum(left_j[k] for k in free) for i in free}
        beyond = [i for i in free if abs(wanted[i]) >= abs(most_w[i])]
        for i in beyond or free:
            given[i] = most_w[i] if beyond else wanted[i]
        free = [i for i in free if i not in beyond] if beyond else []
    return tuple(given)
