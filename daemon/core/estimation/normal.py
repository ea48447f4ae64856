"""The linear equations of one Gauss-Newton step, and their factors.

With H and C the derivatives of measurements and constraints, W the weights, r what was measured
less what the state says and c how far the constraints are from holding, a step solves

    [ H' W H + e   C' ] [ dx     ]   [ H' W r          ]
    [ C           -d  ] [ lambda ] = [ -c - d lambda'  ]

with lambda' the multipliers of the step before. `e` and `d` are tiny beside what stands there
otherwise. They let the matrix be factored in any order without pivoting, whatever is unobservable,
and leave such states where they were. They move no solution, because r and c are evaluated anew
until the step vanishes and the multipliers are what they were.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, section 3.4; on matrices that
factor in any order R. J. Vanderbei, doi:10.1137/0805005.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from daemon.core.estimation.pattern import Pattern, pattern, product, summed, transposed

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.network import Flags, Floats, Ints

Lu: TypeAlias = "SuperLU[np.float64]"

_ANCHOR: Final = 1e-2
"""Least of `e` [1/pu^2]: every state is believed within 10 pu of where it was."""

_ROUNDING: Final = 1e-14
"""`e` by the diagonal: well above what rounding leaves of it."""

_WORTHLESS: Final = 1e-6
"""Weight by the largest below which a measurement is not typical."""

_FIRM: Final = (0.0, 1e-12, 1e-6)
"""By the diagonal: what is tried, one after the other, where a matrix is singular to rounding."""

_LEAST_FIRM: Final = (1.0, -1e-6)
"""The same at least, added to `e` [1/pu^2] and to `-d` [pu^2]."""

_SLACK: Final = 1e-6
"""`d` by the variance of a typical measurement."""


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """How the matrix of a step is made of the Jacobian, in an order that keeps factors sparse.

    It is symmetric: each number is made once, in the *upper half*, and put where it belongs.

    Attributes:
        left: entry of the Jacobian in every elementary product of the gain (n_product,).
        right: the other entry (n_product,).
        measurement: whose weight goes with every entry of the Jacobian (below,).
        below: first entry of the Jacobian that belongs to a constraint.
        place: entry of the upper half that every product goes to, then every derivative of a
            constraint.
        diagonal: entries of the upper half on the diagonal, in the order of unknowns (n_unknown,).
        n_half: entries of the upper half.
        mirror: entry of the upper half that every entry of the matrix is (n_entry,).
        matrix: with unknowns in `order` (n_unknown, n_unknown); its numbers mean nothing.
        order: unknown at every place (n_unknown,): states first, then multipliers.
        at: place of every unknown (n_unknown,).
        n_state: number of states among the unknowns.
    """

    left: Ints
    right: Ints
    measurement: Ints
    below: int
    place: Ints
    diagonal: Ints
    n_half: int
    mirror: Ints
    matrix: sparse.csc_array[np.float64]
    order: Ints
    at: Ints
    n_state: int


def normal(equations: Equations, typical: Floats) -> Normal:
    """Return how steps of `equations` are made.

    Args:
        equations: of a network and its instruments.
        typical: numbers of a Jacobian with everything connected, to find a good order with.
    """
    natural = _ordered(equations, np.arange(equations.n_unknown))
    weight = equations.measurements.sigma**-2.0
    free = np.ones(equations.where.size, dtype=np.bool_)
    slack = _slack(weight, _held(natural, equations, typical))
    numbers = _numbers(natural, typical, weight, free, slack)
    lu = _lu(natural, numbers, "MMD_AT_PLUS_A")
    return _ordered(equations, np.argsort(lu.perm_c).astype(np.int64))


def _ordered(equations: Equations, order: Ints) -> Normal:
    """Return how steps are made with unknowns in `order`."""
    rows, n, n_state = equations.rows, equations.n_measurement, equations.where.size
    below = int(np.searchsorted(rows.row, n))
    h = Pattern(rows.row[:below], rows.column[:below], (n, n_state))
    turned, entry = transposed(h)
    gain = product(turned, h)
    row, column = gain.result.row[gain.place], gain.result.column[gain.place]
    once = np.flatnonzero(row <= column)
    at = np.argsort(order)
    unknown = np.arange(equations.n_unknown)
    multiplier, state = rows.row[below:] - n + n_state, rows.column[below:]
    row = at[np.concatenate([row[once], multiplier, unknown])]
    column = at[np.concatenate([column[once], state, unknown])]
    shape = len(order), len(order)
    half, place = pattern(np.minimum(row, column), np.maximum(row, column), shape)
    both = np.concatenate([half.row, half.column]), np.concatenate([half.column, half.row])
    matrix, became = pattern(*both, shape)
    mirror = np.empty(len(matrix.row), dtype=np.int64)
    mirror[became] = np.tile(np.arange(len(half.row)), 2)
    places = matrix.column.astype(np.int32), matrix.starts().astype(np.int32)
    return Normal(
        left=entry[gain.left[once]],
        right=gain.right[once],
        measurement=h.row,
        below=below,
        place=place[: -len(order)],
        diagonal=place[-len(order) :],
        n_half=len(half.row),
        mirror=mirror,
        # Symmetric: by rows is by columns.
        matrix=sparse.csc_array((np.zeros(len(mirror)), *places), shape=shape),
        order=order,
        at=at,
        n_state=n_state,
    )


def _numbers(how: Normal, jacobian: Floats, weight: Floats, free: Flags, slack: Floats) -> Floats:
    """Return the numbers of the upper half of the matrix of a step."""
    n_state = how.n_state
    weighed = jacobian[: how.below] * weight.take(how.measurement)
    gain = weighed.take(how.left)
    gain *= jacobian.take(how.right)
    numbers = summed(how.place, np.concatenate([gain, jacobian[how.below :]]), how.n_half)
    diagonal = numbers[how.diagonal]
    anchor = np.where(free, _ANCHOR + _ROUNDING * diagonal[:n_state], 1.0)
    numbers[how.diagonal] += np.concatenate([anchor, -slack])
    return numbers


def _slack(weight: Floats, held: Flags) -> Floats:
    """Return `d` of every constraint (n_constraint,)."""
    known = weight[weight > _WORTHLESS * weight.max(initial=0.0)]
    slack: Floats = np.where(held, _SLACK / _median(known) if len(known) else 1.0, 1.0)
    return slack


def _median(of: Floats) -> float:
    """Return the median; numpy's own looks for NaN and axes first, six times as long."""
    ordered, half = np.sort(of), len(of) // 2
    return 0.5 * (ordered.item(half) + ordered.item(-half - 1))


def _lu(how: Normal, numbers: Floats, order: Literal["NATURAL", "MMD_AT_PLUS_A"]) -> Lu:
    """Return the factors of a matrix, or of the nearest that has any.

    What measures nonsense (a voltage of 1e4 pu beside one of 0) can cancel to the last digit. Such
    a scan has no answer, but that is for the steps to find: they do not become small.
    """
    try:
        return _split(how, numbers, order)
    except RuntimeError:  # rounding took what little held a part that nothing measures
        pass
    least = np.where(np.arange(len(how.order)) < how.n_state, *_LEAST_FIRM)
    diagonal = numbers[how.diagonal]
    for part in _FIRM:
        firm = numbers.copy()
        firm[how.diagonal] += least + part * diagonal
        try:
            return _split(how, firm, order, stored_zeros=False)
        except RuntimeError:
            continue
    alone = np.zeros_like(numbers)
    alone[how.diagonal] = least + diagonal
    return _split(how, alone, order, stored_zeros=False)


def _split(
    how: Normal,
    numbers: Floats,
    order: Literal["NATURAL", "MMD_AT_PLUS_A"],
    *,
    stored_zeros: bool = True,
) -> Lu:
    """Return the factors of a matrix with these numbers.

    Args:
        how: how it is made.
        numbers: of its upper half.
        order: "NATURAL", or one that keeps factors sparse.
        stored_zeros: whether entries that are 0 may stay; they can hide the diagonal from SuperLU.

    Raises:
        RuntimeError: it is singular.
    """
    matrix = copy(how.matrix)  # not what is in it; making one anew checks all places again
    matrix.data = numbers.take(how.mirror)
    if not stored_zeros:
        matrix = matrix.copy()  # the pattern is shared
        matrix.eliminate_zeros()
    return splu(matrix, permc_spec=order, diag_pivot_thresh=0.0, options={"SymmetricMode": True})


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """One linearisation of the network, factored.

    Attributes:
        how: how its matrix was made.
        lu: factors of the matrix.
        jacobian: numbers of the derivatives of measurements and constraints.
        weight: of the measurements, as factored (n_measurement,) [1/pu^2].
        slack: `d` (n_constraint,) [pu^2].
        freedom: free states less constraints that bind them.
    """

    how: Normal
    lu: Lu
    jacobian: Floats
    weight: Floats
    slack: Floats
    freedom: int

    def step(self, pull: Floats, mismatch: Floats, before: Floats) -> tuple[Floats, Floats]:
        """Return the change of the states that answers pull and mismatch, and the multipliers.

        Args:
            pull: of the residuals (n_state,).
            mismatch: of the constraints (n_constraint,).
            before: multipliers of the step before (n_constraint,).
        """
        below = -mismatch - self.slack * before
        right = np.concatenate([pull, below]).take(self.how.order)
        answer: Floats = self.lu.solve(right).take(self.how.at)
        return answer[: len(pull)], answer[len(pull) :]


def factored(
    how: Normal, equations: Equations, jacobian: Floats, weight: Floats, free: Flags
) -> Factors:
    """Return the factors of one linearisation.

    Args:
        how: how steps are made.
        equations: of the network.
        jacobian: numbers of the derivatives of measurements and constraints.
        weight: of the measurements (n_measurement,) [1/pu^2].
        free: states that are not known beforehand (n_state,).
    """
    held = _held(how, equations, jacobian)
    slack = _slack(weight, held)
    numbers = _numbers(how, jacobian, weight, free, slack)
    freedom = int(np.count_nonzero(free) - np.count_nonzero(held))
    return Factors(how, _lu(how, numbers, "NATURAL"), jacobian, weight, slack, freedom)


def _held(how: Normal, equations: Equations, jacobian: Floats) -> Flags:
    """Return which constraints bind anything (n_constraint,): those of what is energised."""
    multiplier = equations.rows.row[how.below :] - equations.n_measurement
    return summed(multiplier, np.abs(jacobian[how.below :]), equations.n_constraint) > 0.0
