"""What the classes of a scan mean for its arithmetic, looked up instead of computed.

Every factor that a scan needs of an instrument follows from its own class and its partner's: three
by three tables of all of them are made once per linearisation, and a scan takes its row by number.
In a large network most are fresh, and only what is not is looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.partners import corrected
from daemon.core.estimation.verdict import CHECKED

if TYPE_CHECKING:
    from daemon.core.estimation.inverse import Inverse
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.network import Floats, Ints

LARGE: Final = 2000
"""From so many instruments on it is worth while to look up only what is not fresh."""
LEAST: Final = 1e-4
"""Least weight by that of the basis as far as steps are concerned: keeps pairs from vanishing."""


class Weighing(NamedTuple):
    """Factors of every instrument in one scan (n_measurement,) each.

    Attributes:
        weight: its weight [1/pu^2].
        change: of that against the linearisation [1/pu^2].
        keep: part of its own push that is right.
        swap: part of its partner's that is to be taken away.
        scale: by which its residual is normalised [1/pu]; 0 where nothing checks it.
        left: its degree of freedom.
        used: 1.0 where it counts, else 0.0.
    """

    weight: Floats
    change: Floats
    keep: Floats
    swap: Floats
    scale: Floats
    left: Floats
    used: Floats


class Table(NamedTuple):
    """All that can be taken.

    Attributes:
        factors: of every own class, partner's class and instrument (7, 9 n_measurement).
        partner: number of every instrument's partner (n_measurement,).
        first: number of an instrument's first factor (n_measurement,).
        own: what its own class adds to that (3,).
        theirs: what its partner's adds (3,).
    """

    factors: Floats
    partner: Ints
    first: Ints
    own: Ints
    theirs: Ints


def table(of: Inverse, worth: Floats) -> Table:
    """Return the factors for every combination of classes.

    Args:
        of: the linearisation.
        worth: weight of every class of every measurement (3, n_measurement) [1/pu^2].
    """
    n, partner = worth.shape[1], of.pairs.partner
    change = np.maximum(worth, LEAST * of.weight) - of.weight
    own, theirs = np.broadcast_arrays(change[:, None], change[None, :, partner])
    correction = corrected(of.pairs, own, theirs)
    counted = np.broadcast_to(worth[:, None], own.shape)
    used = (counted > 0.0).astype(np.float64)
    left = (1.0 - counted * correction.share) * used
    scale = np.sqrt(counted / np.where(left > CHECKED, left, np.inf))
    rows = Weighing(counted, own, correction.keep, correction.swap, scale, left, used)
    class_places = np.array([[0, 3, 6], [0, 1, 2]])
    return Table(np.stack(rows).reshape(7, -1), partner, np.arange(n), *n * class_places)


def weighed(of: Table, classes: Classes) -> Weighing:
    """Return the factors of one scan.

    Args:
        of: all that can be taken.
        classes: of the measurements (n_measurement,).
    """
    n = len(classes)
    if n < LARGE:
        number = classes.astype(np.intp)  # as `take` wants it
        place = of.own.take(number)
        place += of.theirs.take(number.take(of.partner))
        place += of.first
        return Weighing(*of.factors.take(place, axis=1))
    theirs = classes.take(of.partner)
    rows = (classes | theirs).nonzero()[0]
    place = of.own.take(classes.take(rows))
    place += of.theirs.take(theirs.take(rows))
    place += rows
    found = of.factors[:, :n].copy()  # as if all were fresh
    for some, factors in zip(found, of.factors, strict=True):
        some[rows] = factors.take(place)
    return Weighing(*found)
