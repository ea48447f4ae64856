"""A linearisation of the network made ready for fast steps: a cache, rebuilt from a basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from daemon.core.estimation.matrix import times
from daemon.core.estimation.partners import Pairs, pairs
from daemon.core.estimation.unfolded import unfolded, weighted_squares

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.matrix import Compact, Matrix
    from daemon.core.estimation.network import Floats, Ints
    from daemon.core.estimation.normal import Factors

_DENSE: Final = 100
"""Up to so many measurements one dense product is faster than two sparse ones."""


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
        mutual: from a push on measurements to the change of the readings, in a small network
            (n_measurement, n_measurement).
        pairs: partners among the instruments.
        weight: of the measurements as factored (n_measurement,) [1/pu^2].
        sigma: standard deviation of every state (n_state,) [pu, rad].
        sigma_measured: of every estimated reading (n_measurement,) [pu].
    """

    enter: Compact
    alone: Compact
    to_readings: Matrix | None
    to_states: Matrix | None
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
    of = unfolded(equations, factors)
    pivots = sparse.diags_array(of.pivot)
    enter = (pivots @ sparse.hstack([of.pushes, -of.multipliers], format="csr")).tocsr()
    n, related = equations.n_measurement, pairs(of, partner)
    variance = weighted_squares(of.states, of.pivot)
    sigma = np.sqrt(np.maximum(variance, 0.0))
    sigma_measured = np.sqrt(np.maximum(related.share, 0.0))
    told = related, factors.weight, sigma, sigma_measured
    readings, states = of.pushes.T.tocsr(), of.states.T.tocsr()
    if n > _DENSE:
        return Inverse(enter, (pivots @ of.pushes).tocsr(), readings, states, None, *told)
    both = (sparse.vstack([readings, states], format="csr") @ enter).toarray()
    alone = np.ascontiguousarray(both[:, :n])
    return Inverse(both, alone, None, None, alone[:n], *told)
