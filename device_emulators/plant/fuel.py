"""Diesel fuel: consumption against load.

Source: linear fit of a published chart, F = F0 * rated + F1 * power, numbers of a 1 MW set.
"""

from __future__ import annotations

from typing import Final

F0_L_PER_KWH: Final = 0.0246
F1_L_PER_KWH: Final = 0.2446


def flow_l_s(power_w: float, rated_w: float) -> float:
    """Return the fuel flow [l/s] of a running set that gives `power_w` [W]."""
    return (F0_L_PER_KWH * rated_w + F1_L_PER_KWH * max(power_w, 0.0)) / 3.6e6
