"""Which instruments see nearly the same thing, and what it means that one of the two has aged.

Most instruments of a plant have a partner: the meter of a feeder and the meter of the load behind
it. When one of the two has aged or is absent, it is their common load that is known less well, and
nearly nothing else. So a change of weights is corrected pair by pair, two by two in closed form,
instead of factoring anew; what a pair does to others is left to the next step.

For a pair with estimated variances e1, e2, covariance c and changes d1, d2 of its weights, the
matrix 1 + D E of the Woodbury identity has the determinant (1 + d1 e1) (1 + d2 e2) - d1 d2 c^2.

Source: M. Woodbury, Inverting modified matrices (1950); own derivation for pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy import sparse

from daemon.core.estimation.unfolded import weighted_products

if TYPE_CHECKING:
    from daemon.core.estimation.network import Floats, Ints
    from daemon.core.estimation.unfolded import Unfolded

_SHARED_BY: Final = 16
"""An unknown that more instruments push than this makes no pair of them."""

_RELATED: Final = 0.1
"""Correlation below which two instruments are no partners."""


class Pairs(NamedTuple):
    """Partners as one linearisation knows them; without one an instrument is its own.

    Attributes:
        partner: number of the partner (n_measurement,).
        share: variance of the estimated reading (n_measurement,) [pu^2].
        their_share: the partner's (n_measurement,) [pu^2].
        covariance: of the two, 0 where alone (n_measurement,) [pu^2].
        left_over: determinant of the three (n_measurement,) [pu^4].
    """

    partner: Ints
    share: Floats
    their_share: Floats
    covariance: Floats
    left_over: Floats


class Correction(NamedTuple):
    """What changed weights mean, pair by pair: the inverse of 1 + D E, and the variances then.

    Attributes:
        keep: part of an instrument's own push (n_measurement,).
        swap: part of its partner's to take away (n_measurement,).
        share: variance of the estimated readings (n_measurement,) [pu^2].
    """

    keep: Floats
    swap: Floats
    share: Floats


def partners(of: Unfolded) -> Ints:
    """Return the instrument that sees most nearly the same, its own number where there is none.

    Args:
        of: a typical linearisation.

    Returns:
        Number of the partner (n_measurement,); partners are each other's.
    """
    pushes = sparse.csr_array(of.pushes)
    share = weighted_products(pushes, pushes, of.pivot)
    private = np.diff(pushes.indptr) <= _SHARED_BY
    few = pushes[private]
    both = sparse.coo_array(few.T @ sparse.diags_array(of.pivot[private]) @ few)
    first, second = both.row, both.col
    size = np.sqrt(np.maximum(share, np.finfo(np.float64).tiny))
    correlation = np.abs(both.data) / size[first] / size[second]
    correlation[first == second] = _RELATED
    order = np.lexsort((second, correlation, first))
    last = order[np.flatnonzero(np.diff(first[order], append=-1))]
    every = np.arange(len(share))
    best = every.copy()
    best[first[last]] = second[last]
    return np.where(best[best] == every, best, every)


def pairs(of: Unfolded, partner: Ints) -> Pairs:
    """Return what a linearisation says of instruments and their partners.

    Args:
        of: the linearisation.
        partner: number of every instrument's partner (n_measurement,).
    """
    share = weighted_products(of.pushes, of.pushes, of.pivot)
    covariance = weighted_products(of.pushes, of.pushes[:, partner], of.pivot)
    covariance[partner == np.arange(len(partner))] = 0.0
    theirs = share[partner]
    return Pairs(partner, share, theirs, covariance, share * theirs - covariance**2)


def corrected(of: Pairs, own: Floats, theirs: Floats) -> Correction:
    """Return what it means that weights changed.

    Args:
        of: the pairs.
        own: change of every weight since it was factored (..., n_measurement) [1/pu^2].
        theirs: change of the partner's (..., n_measurement) [1/pu^2].
    """
    kept = 1.0 + theirs * of.their_share
    inverse = 1.0 / (kept * (1.0 + own * of.share) - own * theirs * of.covariance**2)
    return Correction(
        keep=kept * inverse,
        swap=own * of.covariance * inverse,
        share=(of.share + theirs * of.left_over) * inverse,
    )
