"""Oil and windings of a transformer: top oil, hot spot and how fast its paper ages.

Theory of operation: the differential equations of IEC 60076-7. The losses heat the oil with one
time constant; the hot spot stands above the oil by the difference of two gradients, the fast one of
the winding and the slow one of the oil that flows past it, so it overshoots while the oil has yet
to move. Each equation is solved exactly over a time of constant loading.

    rise of the top oil   k11 tau_o dx/dt = rated ((1 + R K^2) / (1 + R))^x - x
    first gradient        k22 tau_w dx/dt = k21 rated K^y - x
    second gradient       (tau_o / k22) dx/dt = (k21 - 1) rated K^y - x

Simplified: the air around is of one temperature, cooling is natural and does not fail, tap position
and harmonics do not change the losses, moisture does not change the ageing.

Source: IEC 60076-7 (equations, and the constants of its table for distribution and for medium
transformers with natural cooling; ageing of thermally upgraded paper, 1 at 110 deg C).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

AMBIENT_C: Final = 25.0
DISTRIBUTION_VA: Final = 2.5e6
"""Up to here a transformer is a distribution transformer."""


@dataclass(frozen=True, slots=True)
class Heating:
    """How a kind of transformer heats up.

    Attributes:
        oil_k: rise of the top oil over the air at rated loss [K].
        hot_spot_k: hot spot over top oil at rated current [K].
        oil_s: time constant of the oil [s].
        winding_s: time constant of the winding [s].
        oil_exponent: x of the standard.
        winding_exponent: y of the standard.
        k11: of the standard.
        k21: of the standard.
        k22: of the standard.
    """

    oil_k: float
    hot_spot_k: float
    oil_s: float
    winding_s: float
    oil_exponent: float
    winding_exponent: float
    k11: float
    k21: float
    k22: float

    def settled(self, loading_pu: float, loss_ratio: float) -> tuple[float, float]:
        """Return the settled rise of the top oil and of the hot spot over it [K, K].

        `loss_ratio` is load loss at rated current by no-load loss.
        """
        losses = (1.0 + loss_ratio * loading_pu * loading_pu) / (1.0 + loss_ratio)
        gradient = self.hot_spot_k * loading_pu**self.winding_exponent
        return self.oil_k * losses**self.oil_exponent, gradient


DISTRIBUTION: Final = Heating(55.0, 23.0, 10_800.0, 240.0, 0.8, 1.6, 1.0, 1.0, 2.0)
MEDIUM: Final = Heating(52.0, 26.0, 12_600.0, 600.0, 0.8, 1.3, 0.5, 2.0, 2.0)


def heating_of(power_va: float) -> Heating:
    """Return the kind of a transformer by its rating [VA]."""
    return DISTRIBUTION if power_va <= DISTRIBUTION_VA else MEDIUM


@dataclass(slots=True)
class Oil:
    """Temperatures of one transformer.

    Attributes:
        heating: its kind.
        loss_ratio: load loss at rated current by no-load loss.
        rise_k: top oil over the air [K].
        first_k: first gradient of the hot spot [K].
        second_k: second gradient of the hot spot [K].
    """

    heating: Heating
    loss_ratio: float
    rise_k: float
    first_k: float
    second_k: float

    @classmethod
    def at(cls, heating: Heating, loss_ratio: float, loading_pu: float) -> Self:
        """Return a transformer that has long been at a loading [pu]."""
        rise, gradient = heating.settled(loading_pu, loss_ratio)
        k21 = heating.k21
        return cls(heating, loss_ratio, rise, k21 * gradient, (k21 - 1.0) * gradient)

    @property
    def top_oil_c(self) -> float:
        """Return the temperature of the top oil [deg C]."""
        return AMBIENT_C + self.rise_k

    @property
    def hot_spot_c(self) -> float:
        """Return the temperature of the hot spot [deg C]."""
        return self.top_oil_c + self.first_k - self.second_k

    @property
    def ageing_pu(self) -> float:
        """Return how fast the paper ages by how fast it does at 110 deg C [pu]."""
        return math.exp(15_000.0 / 383.0 - 15_000.0 / (self.hot_spot_c + 273.0))

    def warm_to(self, top_oil_c: float) -> None:
        """Have the top oil at a temperature [deg C] from now on, as after hours of lost cooling."""
        self.rise_k = top_oil_c - AMBIENT_C

    def advance(self, loading_pu: float, dt_s: float) -> None:
        """Move by `dt_s` [s] at a loading [pu]."""
        heating = self.heating
        rise, gradient = heating.settled(loading_pu, self.loss_ratio)
        k21, k22 = heating.k21, heating.k22
        self.rise_k = _towards(self.rise_k, rise, dt_s / (heating.k11 * heating.oil_s))
        self.first_k = _towards(self.first_k, k21 * gradient, dt_s / (k22 * heating.winding_s))
        second = (k21 - 1.0) * gradient
        self.second_k = _towards(self.second_k, second, dt_s * k22 / heating.oil_s)


def _towards(value: float, end: float, time_constants: float) -> float:
    return end + (value - end) * math.exp(-time_constants)
