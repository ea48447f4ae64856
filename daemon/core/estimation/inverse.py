"""A linearisation of the network made ready for fast steps: a cache, rebuilt from a `Basis`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from daemon.core.estimation.matrix import Compact, Matrix, times
from daemon.core.estimation.partners import Pairs, pairs
from daemon.core.estimation.unfolded import unfolded, weighted_squares

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.network import Floats, Ints
    from daemon.core.estimation.normal import Factors
    from daemon.core.estimation.partners import Correction

_DENSE: Final = 10_000
"""A matrix of no more entries, zeros counted, is faster dense."""


@dataclass(frozen=True, slots=True, eq=False)
class Inverse:
    """A factored linearisation, ready for fast steps.

    Attributes:
        into: from pushes on measurements and mismatches of constraints to the factored unknowns
            (n_unknown, n_measurement + n_constraint).
        pushes: the part of it for measurements (n_unknown, n_measurement).
        seen: from factored unknowns to the change of the readings (n_measurement, n_unknown).
        states: from factored unknowns to the change of the states (n_state, n_unknown).
        pivot: scale of the factored unknowns (n_unknown,).
        pairs: partners among the instruments.
        weight: of the measurements as factored (n_measurement,) [1/pu^2].
        sigma: standard deviation of every state (n_state,) [pu, rad].
        sigma_measured: of every estimated reading (n_measurement,) [pu].
    """

    into: Compact
    pushes: Compact
    seen: Compact
    states: Compact
    pivot: Floats
    pairs: Pairs
    weight: Floats
    sigma: Floats
    sigma_measured: Floats


def inverse(equations: Equations, factors: Factors, partner: Ints) -> Inverse:
    """Return the inverse of what is factored."""
    of = unfolded(equations, factors)
    variance = weighted_squares(of.states, of.pivot)
    related = pairs(of, partner)
    return Inverse(
        into=_compact(sparse.hstack([of.pushes, -of.multipliers], format="csr")),
        pushes=_compact(of.pushes),
        seen=_compact(of.pushes.T.tocsr()),
        states=_compact(of.states.T.tocsr()),
        pivot=of.pivot,
        pairs=related,
        weight=factors.weight,
        sigma=np.sqrt(np.maximum(variance, 0.0)),
        sigma_measured=np.sqrt(np.maximum(related.share, 0.0)),
    )


def fast_step(of: Inverse, correction: Correction, rows: Floats) -> Floats:
    """Return the change of the factored unknowns that answers one scan (n_unknown,).

    Args:
        of: the linearisation.
        correction: for weights that are others than those of the linearisation.
        rows: weight times residual of every measurement, then the mismatch of every constraint
            (n_measurement + n_constraint,).
    """
    factor = of.pivot * times(of.into, rows)
    seen = times(of.seen, factor)
    back = correction.own * seen - correction.cross * seen[of.pairs.partner]
    factor -= of.pivot * times(of.pushes, back)
    return factor


def _compact(matrix: Matrix) -> Compact:
    small = matrix.shape[0] * matrix.shape[1] <= _DENSE
    return matrix.toarray() if small else matrix
