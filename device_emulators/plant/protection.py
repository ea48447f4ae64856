"""Protection as physics sees it: inverse-time curves and the synchronism check.

Source: IEC 60255-151, t = TMS * k / ((I / Is)^a - 1); IEEE C37.112, t = TD * (A / (M^p - 1) + B);
closed transition within 5 % voltage, 0.2 Hz and 5 degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

LIVE_PU: Final = 0.80
DEAD_PU: Final = 0.20
SYNC_PU: Final = 0.05
SYNC_HZ: Final = 0.2
SYNC_RAD: Final = math.radians(5.0)
SLIP_MARGIN: Final = 0.75
"""Part of the slip limit at which a close is given: load moves it until contacts meet."""
AIM_RAD: Final = math.radians(3.0)
"""Predicted angle at contact touch that the synchronism check lets pass."""


SATURATED: Final = 20.0
"""Multiple of the pick-up up to which a curve holds (IEC 60255-151: effective range)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """An inverse-time characteristic, t = multiplier * (scale / (ratio^power - 1) + offset).

    Attributes:
        scale_s: k of IEC, A of IEEE [s].
        power: alpha of IEC, p of IEEE.
        offset_s: B of IEEE [s].
    """

    scale_s: float
    power: float
    offset_s: float = 0.0

    def operating_s(self, ratio: float, multiplier_pu: float) -> float:
        """Return the time [s] at a constant multiple of the pick-up, infinite up to 1.

        From `SATURATED` times the pick-up on it gets no shorter.
        """
        if ratio <= 1.0:
            return math.inf
        rise = math.pow(min(ratio, SATURATED), self.power) - 1.0
        return multiplier_pu * (self.scale_s / rise + self.offset_s)


CURVES: Final = (
    Curve(0.14, 0.02),  # IEC standard inverse
    Curve(13.5, 1.0),  # IEC very inverse
    Curve(80.0, 2.0),  # IEC extremely inverse
    Curve(120.0, 1.0),  # IEC long-time inverse
    Curve(0.0515, 0.02, 0.1140),  # IEEE moderately inverse
    Curve(19.61, 2.0, 0.491),  # IEEE very inverse
    Curve(28.2, 2.0, 0.1217),  # IEEE extremely inverse
)
"""By the number a relay is set to."""
STANDARD_INVERSE, EXTREMELY_INVERSE = 0, 2


def wrap(angle_rad: float) -> float:
    """Return an angle in (-pi, pi] [rad]."""
    return math.pi - (math.pi - angle_rad) % (2.0 * math.pi)


class Gap(NamedTuple):
    """How far two live sides are from synchronism, the first against the second.

    Attributes:
        voltage_pu: difference of voltage [pu].
        slip_hz: difference of frequency [Hz].
        angle_rad: difference of angle in (-pi, pi] [rad].
    """

    voltage_pu: float
    slip_hz: float
    angle_rad: float

    def within(self) -> bool:
        """Return whether a synchronism check would pass now."""
        return (
            abs(self.voltage_pu) <= SYNC_PU
            and abs(self.slip_hz) <= SYNC_HZ
            and abs(self.angle_rad) <= SYNC_RAD
        )

    def will_be_within(self, after_s: float) -> bool:
        """Return whether contacts that touch after `after_s` [s] will meet in synchronism."""
        predicted = wrap(self.angle_rad + 2.0 * math.pi * self.slip_hz * after_s)
        return (
            abs(self.voltage_pu) <= SYNC_PU
            and abs(self.slip_hz) <= SLIP_MARGIN * SYNC_HZ
            and abs(predicted) <= AIM_RAD
        )
