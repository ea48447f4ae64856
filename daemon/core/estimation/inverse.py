"""A linearisation of the network made ready for fast steps: a cache, rebuilt from a basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from daemon.core.estimation.matrix import times
from daemon.core.estimation.partners import Pairs, pairs
from daemon.core.estimation.unfolded import SMALL, unfolded, weighted_products

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.matrix import Columns, Compact, Matrix
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
        enter: from a push to factored unknowns (n_unknown, n_measurement + n_constraint).
        alone: the same for a push on measurements alone (n_unknown, n_measurement).
        to_readings: from factored unknowns to the change of the readings (n_measurement,
            n_unknown); None where that is their first part.
        to_states: the same for states (n_state, n_unknown); None where that is the rest.
        mutual: the transpose of `alone`, of which single rows are taken, in a small network
            (n_measurement, n_unknown).
        pairs: partners among the instruments.
        weight: of the measurements as factored (n_measurement,) [1/pu^2].
        sigma: standard deviation of every state (n_state,) [pu, rad].
        sigma_measured: of every estimated reading (n_measurement,) [pu].
    """

    enter: Compact
    alone: Compact
    to_readings: Columns | None
    to_states: Columns | None
    mutual: Floats | None
    pairs: Pairs
    weight: Floats
    sigma: Floats
    sigma_measured: Floats

    def readings(self, factor: Floats) -> Floats:
        """Return what a change of the factored unknowns does to the readings (n_measurement,)."""
        if self.to_readings is None:
            return factor[: len(self.weight)]
        return times(self.to_readings, factor)

    def states(self, factor: Floats) -> Floats:
        """Return what a change of the factored unknowns does to the states (n_state,)."""
        if self.to_states is None:
            return factor[len(self.weight) :]
        return times(self.to_states, factor)


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
        return Inverse(full, alone, None, None, np.ascontiguousarray(alone.T), *told)
    to_factors, to_states = sparse.csr_array(of.pushes), sparse.csr_array(of.states)
    both = sparse.hstack([to_factors, -sparse.csr_array(of.multipliers)], format="csr")
    into, into_alone = _by_row(both, of.pivot), _by_row(to_factors, of.pivot)
    return Inverse(into, into_alone, to_factors.T, to_states.T, None, *told)


def _by_row(matrix: Matrix, scale: Floats) -> Matrix:
    """Return a matrix with its rows scaled."""
    data = matrix.data * np.repeat(scale, np.diff(matrix.indptr))
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
