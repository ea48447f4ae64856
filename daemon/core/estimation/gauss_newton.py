"""Weighted least squares with exact constraints, Gauss-Newton to the last digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.normal import factored
from daemon.core.estimation.pattern import summed
from daemon.core.estimation.reading import Reader, jacobian

if TYPE_CHECKING:
    from daemon.core.estimation.islands import Islands
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Floats
    from daemon.core.estimation.normal import Factors

TOLERANCE: Final = 1e-11
"""A step below this [pu, rad] is the last of a full solve."""

_ROUNDING: Final = 1e-9
"""A step below this that is no smaller than the one before is rounding."""

_LONG: Final = (0.5, 40)
"""No voltage, ratio or loss moves farther in one step [pu, rad]: the linear model means nothing
there. Powers and currents may: the network is linear in them. And the most steps."""
_SHORT: Final = (0.1, 100)
"""The same where those lead in circles, or hardly on: between buses that a few metres join, angles
of which the square counts."""

_HASTE: Final = (0.5, 12)
"""The same where nobody has the time for what leads in circles."""

_RUNAWAY: Final = 1e8
"""A step beyond this [pu] leads nowhere."""

LARGEST: Final = 1e4
"""A value beyond this [pu] is no measurement."""


def usable(z: Floats, weight: Floats) -> Floats:
    """Return the weights (n_measurement,), 0 where the value is no number or beyond all bounds."""
    # Written so that NaN is not within.
    return np.where(np.abs(z) <= LARGEST, weight, 0.0)


class Solved(NamedTuple):
    """The end of a Gauss-Newton iteration.

    Attributes:
        x: the states (n_state,) [pu, rad].
        factors: of the last linearisation.
        iterations: steps made.
        step: the largest change of a state in the last step [pu, rad].
        converged: whether that is below the tolerance, or all that rounding leaves.
    """

    x: Floats
    factors: Factors
    iterations: int
    step: float
    converged: bool


def gauss_newton(
    of: Model,
    live: Islands,
    x: Floats,
    z: Floats,
    weight: Floats,
    tolerance: float = TOLERANCE,
    kept_below: float = 0.0,
    *,
    patient: bool = True,
) -> Solved:
    """Return the weighted least squares state.

    Args:
        of: model of the network.
        live: what is energised.
        x: where to start (n_state,) [pu, rad].
        z: measured values, finite where `weight` is not 0 (n_measurement,) [pu].
        weight: of every measurement (n_measurement,) [1/pu^2].
        tolerance: a step below this is the last [pu, rad].
        kept_below: after a step below this the derivatives are good enough to keep [pu, rad].
        patient: whether there is time for a hundred steps, else for a dozen.
    """
    z = np.where(weight > 0.0, z, 0.0)
    if not patient:
        return _steps(of, live, x, z, weight, (tolerance, kept_below, *_HASTE))
    found = _steps(of, live, x, z, weight, (tolerance, kept_below, *_LONG))
    if found.converged:
        return found
    return _steps(of, live, x, z, weight, (tolerance, kept_below, *_SHORT))


def _steps(
    of: Model,
    live: Islands,
    x: Floats,
    z: Floats,
    weight: Floats,
    limits: tuple[float, float, float, int],
) -> Solved:
    """Return where steps lead from `x`, by `tolerance`, `kept_below`, the longest and how many."""
    tolerance, kept_below, longest, most = limits
    where = of.equations.where
    bends = slice(where.dc_voltage.stop), where.loss, where.tap
    factors, count, size = linearised(of, live, x, weight), 0, np.inf
    multipliers, read = np.zeros(of.equations.n_constraint), Reader(of.equations, live)
    while True:
        step, multipliers = _step(of, read, x, factors, z, multipliers)
        count += 1
        before, size = size, float(np.abs(step).max(initial=0.0))
        if not size <= _RUNAWAY:  # so written that NaN is not
            return Solved(x, factors, count, _RUNAWAY, converged=False)
        bent = max([float(np.abs(step[part]).max(initial=0.0)) for part in bends])
        x = x + step * min(1.0, longest / max(bent, longest))
        last = count == most
        converged = size < tolerance or (size < _ROUNDING and (size >= before or last))
        if converged or last:
            return Solved(x, factors, count, size, converged)
        if size >= kept_below:
            factors = linearised(of, live, x, weight)


def linearised(of: Model, live: Islands, x: Floats, weight: Floats) -> Factors:
    """Return the factored derivatives in state `x`."""
    slope = jacobian(of.equations, live, x)
    return factored(of.normal, of.equations, slope, weight, live.free)


def _step(
    of: Model, read: Reader, x: Floats, factors: Factors, z: Floats, multipliers: Floats
) -> tuple[Floats, Floats]:
    """Return one Gauss-Newton step from `x` (n_state,), and the multipliers after it."""
    n, rows = of.equations.n_measurement, of.equations.rows
    push = read(x)
    mismatch = push[n:].copy()
    push[:n] = factors.weight * (z - push[:n])
    push[n:] = 0.0
    pull = summed(rows.column, factors.jacobian * push.take(rows.row), len(x))
    return factors.step(pull, mismatch, multipliers)
