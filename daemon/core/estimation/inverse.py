"""A linearisation of the network made ready for fast steps: a cache, rebuilt from a basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from daemon.core.estimation.matrix import linear
from daemon.core.estimation.partners import Pairs, pairs
from daemon.core.estimation.unfolded import SMALL, unfolded, weighted_products

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.matrix import Linear, Matrix
    from daemon.core.estimation.network import Floats, Ints
    from daemon.core.estimation.normal import Factors


@dataclass(frozen=True, slots=True, eq=False)
class Inverse:
    """A factored linearisation, ready for fast steps.

    A *push* is the weight times the residual of every measurement, then the mismatch of every
    constraint. What it does is told in two stages: in factored unknowns, by what these do to
    readings and states. In a small network the first stage goes all the way, and the second is to
    look in the right place.

    Attributes:
        enter: from a push to factored unknowns (n_unknown,).
        alone: the same for a push on measurements alone.
        readings: from a change of the factored unknowns to that of the readings (n_measurement,).
        states: the same for states (n_state,).
        mutual: the transpose of `alone`, of which single rows are taken, in a small network
            (n_measurement, n_unknown).
        pairs: partners among the instruments.
        weight: of the measurements as factored (n_measurement,) [1/pu^2].
        sigma: standard deviation of every state (n_state,) [pu, rad].
        sigma_measured: of every estimated reading (n_measurement,) [pu].
    """

    enter: Linear
    alone: Linear
    readings: Linear
    states: Linear
    mutual: Floats | None
    pairs: Pairs
    weight: Floats
    sigma: Floats
    sigma_measured: Floats


def inverse(equations: Equations, factors: Factors, partner: Ints) -> Inverse:
    """Return the inverse of what is factored."""
    of, n = unfolded(equations, factors), equations.n_measurement
    related = pairs(of, partner)
    variance = weighted_products(of.states, of.states, of.pivot)
    told = (
        related,
        factors.weight,
        np.sqrt(np.maximum(variance, 0.0)),
        np.sqrt(np.maximum(related.share, 0.0)),
    )
    if n <= SMALL:
        pushes, states = np.asarray(of.pushes), np.asarray(of.states)
        enter = of.pivot[:, None] * np.hstack([pushes, -np.asarray(of.multipliers)])
        full = np.vstack([pushes.T, states.T]) @ enter
        alone = np.ascontiguousarray(full[:, :n])
        mutual = np.ascontiguousarray(alone.T)
        return Inverse(linear(full), linear(alone), _first(n), _rest(n), mutual, *told)
    to_factors, to_states = sparse.csr_array(of.pushes), sparse.csr_array(of.states)
    both = sparse.hstack([to_factors, -sparse.csr_array(of.multipliers)], format="csr")
    into, into_alone = _by_row(both, of.pivot), _by_row(to_factors, of.pivot)
    # By rows: it takes a quarter less time to gather than to scatter.
    readings, to_state = linear(to_factors.T.tocsr()), linear(to_states.T.tocsr())
    return Inverse(linear(into), linear(into_alone), readings, to_state, None, *told)


def _first(n: int) -> Linear:
    return lambda factor: factor[:n]


def _rest(n: int) -> Linear:
    return lambda factor: factor[n:]


def _by_row(matrix: Matrix, scale: Floats) -> Matrix:
    """Return a matrix with its rows scaled."""
    data = matrix.data * np.repeat(scale, np.diff(matrix.indptr))
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
