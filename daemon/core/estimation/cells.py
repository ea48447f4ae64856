"""What the voltage of resting cells tells about their charge, and how surely.

A curve of open-circuit voltage is steep near empty and, for lithium iron phosphate, flat over most
of the charge: there a whole tenth of the charge lies within the spread between two cells of one
make. So a voltage is turned into a charge *and* a standard deviation, found from the width of the
charge that fits the voltage and its spread; where the curve is flat the deviation says that the
voltage tells nothing.

Voltages are by the mean of the curve over the charge, so that nominal battery volts and nominal
energy go together whatever the number of cells.

Source: curves of single cells at 25 deg C as data sheets commonly print them, rounded.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Curve(NamedTuple):
    """Open-circuit voltage of one kind of cell.

    Attributes:
        charge_pu: states of charge, rising (n,) [pu].
        volts_pu: voltage there by the mean over the charge (n,) [pu].
        spread_pu: standard deviation between cells, ageing and temperature included [pu].
        drop_pu: voltage lost inside at a rate of one per hour, of which half is uncertain [pu].
    """

    charge_pu: Array
    volts_pu: Array
    spread_pu: float
    drop_pu: float


def _curve(points: tuple[tuple[float, float], ...], spread_v: float, drop_pu: float) -> Curve:
    charge, volts = np.array(points).T
    mean = float(np.trapezoid(volts, charge))
    return Curve(charge, volts / mean, spread_v / mean, drop_pu)


LITHIUM_IRON: Final = _curve(
    (
        (0.0, 2.85),
        (0.05, 3.08),
        (0.10, 3.20),
        (0.20, 3.25),
        (0.40, 3.29),
        (0.60, 3.30),
        (0.70, 3.33),
        (0.95, 3.34),
        (1.0, 3.40),
    ),
    0.015,
    0.015,
)
LITHIUM_NICKEL: Final = _curve(
    ((0.0, 3.30), (0.05, 3.45), (0.1, 3.53), (0.4, 3.68), (0.6, 3.80), (0.8, 3.98), (1.0, 4.17)),
    0.015,
    0.012,
)
LEAD_ACID: Final = _curve(((0.0, 1.94), (0.5, 2.05), (1.0, 2.15)), 0.012, 0.025)
CURVES: Final = {1: LITHIUM_IRON, 2: LITHIUM_NICKEL, 3: LEAD_ACID}
"""By the number that a nameplate gives for the chemistry."""
BUILT_PER_H: Final = 3.0
"""Cells for a larger rate are built for it, and lose no more than others do at this [1/h]."""

_BEYOND_PU: Final = 0.05
"""So far beyond full and empty a curve goes straight on, so that an end has a width too."""


def charge_of(
    curve: Curve, volts_pu: float, rate_per_h: float, steady: float = 1.0
) -> tuple[float, float]:
    """Return the charge that fits a voltage, and its standard deviation [pu, pu].

    Args:
        curve: of the cells.
        volts_pu: at the terminals, by the mean voltage [pu].
        rate_per_h: current by capacity, discharging positive [1/h].
        steady: factor on the resistance, for cold or aged cells.
    """
    drop = curve.drop_pu * rate_per_h * steady
    spread = float(np.hypot(curve.spread_pu, 0.5 * drop))
    low, found, high = (_inverse(curve, volts_pu + drop + by) for by in (-spread, 0.0, spread))
    return min(max(found, 0.0), 1.0), max(0.5 * (high - low), 1e-3)


def _inverse(curve: Curve, volts_pu: float) -> float:
    charge, volts = curve.charge_pu, curve.volts_pu
    at_pu = float(np.interp(volts_pu, volts, charge))
    for end, inner in ((0, 1), (-1, -2)):
        beyond = volts_pu - volts[end]
        if beyond * (volts[end] - volts[inner]) > 0.0:
            slope = (volts[end] - volts[inner]) / (charge[end] - charge[inner])
            at_pu = float(charge[end] + np.clip(beyond / slope, -_BEYOND_PU, _BEYOND_PU))
    return at_pu
