"""The inverse of the matrix of a step as sparse factors.

With unknowns in a good order the matrix is L D L', and for the trees and thin meshes that plants
are the inverse of L is about as sparse as L itself. A step is then two sparse products instead of
two substitutions, ten times as fast; and the variance of every estimated reading, the diagonal of
H G H' with G the inverse for the states, is a sum of squares.

Source: F. Alvarado, D. Yu, R. Betancourt, Partitioned sparse A^-1 methods,
doi:10.1109/59.54552.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg.lapack import dtrtri

from daemon.core.estimation.pattern import summed

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.matrix import Compact, Matrix
    from daemon.core.estimation.network import Floats
    from daemon.core.estimation.normal import Factors

SMALL: Final = 100
"""Up to so many measurements dense matrices are faster than sparse ones."""

_FEW: Final = 400
"""Up to so many unknowns a sparse triangle is inverted faster as a dense one."""


class Unfolded(NamedTuple):
    """Columns of the inverse of L, and the inverse of D.

    Attributes:
        pushes: from measurements to factored unknowns (n_unknown, n_measurement).
        multipliers: from constraints (n_unknown, n_constraint).
        states: from states (n_unknown, n_state).
        pivot: inverse of D (n_unknown,).
    """

    pushes: Compact
    multipliers: Compact
    states: Compact
    pivot: Floats


def unfolded(equations: Equations, factors: Factors) -> Unfolded:
    """Return the inverse of what is factored, dense in a small network."""
    n_state, n = equations.where.size, equations.n_measurement
    small = n <= SMALL
    if small:
        lower = dtrtri(factors.lu.L.toarray(), lower=1, unitdiag=1)[0]
        unknowns: Any = np.asarray(lower)[:, factors.how.at]
    else:
        among = _inverse_of_unit(factors.lu.L.tocsr())
        columns = factors.how.order[among.indices]
        unknowns = sparse.csr_array((among.data, columns, among.indptr), shape=among.shape)
    states = unknowns[:, :n_state]
    rows = equations.rows.matrix(factors.jacobian)[:n]
    pushes: Compact = states @ (rows.toarray().T if small else rows.T.tocsr())
    return Unfolded(pushes, unknowns[:, n_state:], states, 1.0 / factors.lu.U.diagonal())


def _inverse_of_unit(lower: Matrix) -> Matrix:
    """Return the inverse of a unit lower triangle, of a large one by doubling.

    With N = 1 - L, the powers of which vanish, it is (1 + N) (1 + N^2) (1 + N^4) ...
    """
    if lower.shape[0] <= _FEW:
        return sparse.csr_array(dtrtri(lower.toarray(), lower=1, unitdiag=1)[0])
    one = sparse.eye_array(lower.shape[0], format="csr")
    power = one - lower
    power.eliminate_zeros()
    result: Matrix = one + power
    while power.nnz:
        power = power @ power
        result = result + power @ result
    return result


def weighted_products(left: Compact, right: Compact, weight: Floats) -> Floats:
    """Return the weighted sum of the products of equal entries, column by column (n_column,).

    Args:
        left: one matrix (n_row, n_column).
        right: the other (n_row, n_column).
        weight: of every row (n_row,).
    """
    if isinstance(left, np.ndarray):
        return np.asarray(weight @ (left * right))
    both = sparse.csr_array(left.multiply(right))
    by_row = np.repeat(weight, np.diff(both.indptr))
    return summed(both.indices, by_row * both.data, both.shape[1])
