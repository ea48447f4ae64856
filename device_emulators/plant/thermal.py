"""Heat: the chilled-water buffer between chillers and racks. Simplified: one mixed tank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

WATER_J_PER_L_K: Final = 4186.0


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
