"""What the residuals of a scan say: normalised residuals, chi-square, limits.

The largest of many normal residuals is large by chance: a fixed limit of 3 finds a bad sensor in
15 % of the clean scans of 81 instruments and in 80 % of those of 887. Limits are therefore set by
how often a whole clean scan may be called bad.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, chapter 5; C. E. Bonferroni's
inequality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import chdtri, ndtri

if TYPE_CHECKING:
    from daemon.core.estimation.network import Floats

CHECKED: Final = 1e-2
"""Part of a measurement's variance that its residual has at least when something checks it: below,
an error of ten sigma does not show."""


class Verdict(NamedTuple):
    """How well a scan fits.

    Attributes:
        normalised: residual by its standard deviation (n_measurement,); 0 where nothing checks it.
        chi_square: weighted sum of squared residuals.
        dof: what is to be expected of it.
    """

    normalised: Floats
    chi_square: float
    dof: float


def verdict(residual: Floats, weight: Floats, share: Floats) -> Verdict:
    """Return how well a scan fits.

    Args:
        residual: measured less estimated, 0 where not used (n_measurement,) [pu].
        weight: of the measurements, 0 where not used (n_measurement,) [1/pu^2].
        share: variance of the estimated readings (n_measurement,) [pu^2].
    """
    # As parts of the measurement's own variance, which spares a division where that is infinite.
    left = 1.0 - weight * share
    used = weight * residual
    checked = left > CHECKED
    scale = np.sqrt(weight / np.where(checked, left, np.inf))
    return Verdict(
        normalised=residual * scale,
        chi_square=float(used @ residual),
        dof=float(left.sum() - np.count_nonzero(weight == 0.0)),
    )


def residual_limit(n: int, false_alarms: float = 1e-3) -> float:
    """Return the normalised residual that marks a bad sensor.

    Args:
        n: number of measurements that are looked at.
        false_alarms: part of all clean scans in which one may exceed it.
    """
    return float(-ndtri(false_alarms / (2 * max(n, 1))))


def chi_square_limit(dof: float, false_alarms: float = 1e-3) -> float:
    """Return the weighted sum of squared residuals that marks a bad scan.

    Args:
        dof: degrees of freedom.
        false_alarms: part of all clean scans in which it may be exceeded.
    """
    return float(chdtri(max(dof, 1e-9), false_alarms))
