"""Heat: the chilled-water buffer and transformer oil.

Simplified: one mixed tank; first-order oil and winding rise with the exponents and constants of a
medium power transformer with natural cooling. Source: IEC 60076-7 (top-oil rise 55 K at rated loss,
hot-spot gradient 23 K, exponents 0.8 and 1.6, time constants 210 min and 10 min).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

WATER_J_PER_L_K: Final = 4186.0
AMBIENT_C: Final = 25.0


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


@dataclass(slots=True)
class Oil:
    """Top-oil and hot-spot temperature of a transformer.

    Attributes:
        oil_c: top oil [deg C].
        gradient_k: hot spot over top oil [K].
    """

    oil_c: float
    gradient_k: float

    def advance(self, loading_pu: float, loss_ratio: float, dt_s: float) -> None:
        """Move by `dt_s` [s] at a loading [pu]; `loss_ratio` is load loss by no-load loss."""
        rise, gradient = settled(loading_pu, loss_ratio)
        self.oil_c += (AMBIENT_C + rise - self.oil_c) * (1.0 - math.exp(-dt_s / 12600.0))
        self.gradient_k += (gradient - self.gradient_k) * (1.0 - math.exp(-dt_s / 600.0))


def settled(loading_pu: float, loss_ratio: float) -> tuple[float, float]:
    """Return the settled top-oil rise and hot-spot gradient [K] at a loading [pu]."""
    rise = 55.0 * ((1.0 + loss_ratio * loading_pu**2) / (1.0 + loss_ratio)) ** 0.8
    return rise, 23.0 * loading_pu**1.6


class Cooled(Protocol):
    """What takes heat from the loop."""

    loading_pu: float

    @property
    def cooling_w(self) -> float:
        """Return the heat it can take now [W]."""
        ...


class Cooling:
    """The chilled-water loop: one tank, all chillers, the heat of the racks."""

    def __init__(self, volume_l: float, target_c: float) -> None:
        self.tank = Tank(volume_l, target_c)
        self.target_c = target_c
        self.chillers: list[Cooled] = []

    def advance(self, heat_w: float, dt_s: float) -> None:
        """Move by `dt_s` [s]: chillers load up to take `heat_w` [W] and to bring the tank back."""
        able = sum(chiller.cooling_w for chiller in self.chillers)
        loading = 0.0
        if able > 0.0:
            correction = 0.2 * (self.tank.temperature_c - self.target_c)
            loading = min(max(heat_w / able + correction, 0.0), 1.0)
        for chiller in self.chillers:
            chiller.loading_pu = loading
        self.tank.advance(heat_w, loading * able, dt_s)
