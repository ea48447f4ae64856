"""How long stored energy lasts."""

from __future__ import annotations

from typing import Final

LONGEST_S: Final = 86_400.0
"""An autonomy beyond a day is shown as a day."""
SECONDS_PER_HOUR: Final = 3600.0


def lasting_s(own_wh: float, shared_wh: float, power_w: float, shared_w_max: float) -> float:
    """Return how long own and shared storage carry a load together [s].

    Args:
        own_wh: energy that can always be given as fast as it is needed [Wh].
        shared_wh: energy of the other storage [Wh].
        power_w: of the load [W].
        shared_w_max: most that the other storage can give [W].
    """
    if power_w <= 0.0:
        return LONGEST_S
    together_s = (own_wh + shared_wh) * SECONDS_PER_HOUR / power_w
    if power_w > shared_w_max:
        together_s = min(together_s, own_wh * SECONDS_PER_HOUR / (power_w - shared_w_max))
    return min(together_s, LONGEST_S)


def reserve_wh(energy_wh: float, power_w: float, time_s: float) -> float:
    """Return what one store can give within a time [Wh].

    Args:
        energy_wh: what is in it.
        power_w: the most it can give [W].
        time_s: the time [s].
    """
    return min(energy_wh, power_w * time_s / SECONDS_PER_HOUR)
