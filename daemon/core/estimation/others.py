"""What all others say an instrument should read, itself left out.

Every instrument is weighed as the sensor it is, whatever the estimate makes of one that has moved:
one that has jumped counts as aged in the estimate, but that is no excuse for where it has jumped
to. With weights W of fresh values, E the covariance of the estimated readings by them, and r the
residuals at any state that is near, all others say of instrument i

    z_i - (r - E W r)_i / (1 - W E)_ii

and are as sure of it as the variance E_ii / (1 - W E)_ii says. Of what is not used, its estimate
stands in for `z_i`.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, chapter 5 (residual sensitivity);
own derivation for what moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.measurements import Kind

if TYPE_CHECKING:
    from daemon.core.estimation.inverse import Inverse
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.measurements import Measurements
    from daemon.core.estimation.network import Flags, Floats

CHECKED: Final = 1e-4
"""Part of its own variance that a residual has left where something checks the instrument."""


class Others(NamedTuple):
    """What a linearisation says of all instruments (n_measurement,) each; made once.

    Attributes:
        inverse: the linearisation, with the weights of fresh values.
        left: part of an instrument's variance that its residual has left; infinite where nothing
            else checks it.
        noise: standard deviation of what the others say [pu].
        scale: standard deviation of what an instrument shows less what the others say [pu].
        checked: whether something else checks it.
        voltage: whether it measures a voltage.
    """

    inverse: Inverse
    left: Floats
    noise: Floats
    scale: Floats
    checked: Flags
    voltage: Flags

    def told(self, z: Floats, found: Solution) -> Floats:
        """Return what all others say each instrument should read (n_measurement,) [pu]."""
        of = self.inverse
        pull = answer(of, of.weight * found.residual)
        said: Floats = np.where(found.used, z, found.measured)
        said -= (found.residual - pull) / self.left
        return said

    def column(self, row: int) -> Floats:
        """Return the covariance of all residuals with that of `row` (n_measurement,) [pu^2]."""
        unit = np.zeros(len(self.left))
        unit[row] = 1.0
        column: Floats = unit / self.inverse.weight - answer(self.inverse, unit)
        return column

    def correlation(self, row: int) -> Floats:
        """Return the correlation of all residuals with that of `row` (n_measurement,)."""
        column = self.column(row)
        own = np.where(self.checked, self.left, CHECKED) / self.inverse.weight
        own[row] = column[row]
        scale = np.sqrt(own * max(float(column[row]), 1e-30))
        return np.clip(column / scale, -1.0, 1.0)


def others(of: Inverse, told: Measurements) -> Others:
    """Return what a linearisation says of all instruments.

    Args:
        of: the linearisation, with the weights of fresh values.
        told: the instruments.
    """
    left = 1.0 - of.weight * of.pairs.share
    checked = left > CHECKED
    left = np.where(checked, left, np.inf)
    variance = np.maximum(of.pairs.share, 0.0) / left
    return Others(
        inverse=of,
        left=left,
        noise=np.sqrt(variance),
        scale=np.sqrt(told.sigma * told.sigma + variance),
        checked=checked,
        voltage=np.isin(told.kind, (Kind.VOLTAGE, Kind.DC_VOLTAGE)),
    )


def answer(of: Inverse, push: Floats) -> Floats:
    """Return what pushes on measurements do to the readings (n_measurement,)."""
    return of.readings(of.alone(push))
