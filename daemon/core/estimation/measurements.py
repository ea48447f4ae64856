"""What is measured where, how well, and what of it has reached this scan.

Signs are those of `daemon.model.quantities`: what a bus draws is positive. A flow is positive from
the bus into the branch. Pseudo-measurements (set-points, nameplates, loss curves) are rows like
any other, with a sigma that says how little they are worth; `pseudo` marks them so that nobody
takes them for instruments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daemon.core.estimation.network import Flags, Floats, Ints

Classes = NDArray[np.uint8]
"""Weight class of every measurement in one scan (n_measurement,)."""


class Kind(IntEnum):
    """Quantities that can be measured; the comment says what `place` counts."""

    VOLTAGE = 0  # AC bus: magnitude [pu]
    DRAWN_P = 1  # AC bus: net power drawn by all that is outside the model [pu]
    DRAWN_Q = 2  # AC bus
    FLOW_P = 3  # AC branch and end: power from the bus into the branch [pu]
    FLOW_Q = 4  # AC branch and end
    FLOW_I = 5  # AC branch and end: magnitude [pu]
    TAP = 6  # AC branch, one of `Branches.tapped`: magnitude of the ratio [pu]
    DC_VOLTAGE = 7  # DC bus [pu]
    DC_DRAWN_I = 8  # DC bus: net current drawn by all that is outside the model [pu]
    DC_DRAWN_P = 9  # DC bus
    DC_FLOW_I = 10  # DC branch and end: from the bus into the branch [pu]
    DC_FLOW_P = 11  # DC branch and end
    CONVERTER_P = 12  # converter: drawn from the AC bus [pu]
    CONVERTER_Q = 13  # converter
    CONVERTER_I = 14  # converter: delivered into the DC bus [pu]
    CONVERTER_DC_P = 15  # converter: delivered into the DC bus [pu]
    LOSS_A = 16  # converter: offset of the loss coefficient a, expected 0 [pu]
    LOSS_B = 17  # converter: offset of b
    LOSS_C = 18  # converter: offset of c
    DRAW_P = 19  # draw: power it draws, a state [pu]
    DRAW_Q = 20  # draw
    DC_DRAW_P = 21  # DC draw: power it draws, a state [pu]
    SUM = 22  # signed sum of other quantities, see `Terms`; `place` counts nothing
    LOSSES = 23  # converter: what it loses [pu]
    CARRIED_I = 24  # AC bus, DC bus with end 1: sum of `Terms` by the voltage there [pu]


FRESH: Final = 0
"""The value is of this scan: weight 1 / sigma^2."""

AGED: Final = 1
"""The value is older than it should be: weight 1 / sigma_aged^2."""

ABSENT: Final = 2
"""There is no value to use: weight 0; what stands in `z` is not looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the measurements of kind `SUM` add up: flows through switches, totals of several feeds.

    Those of kind `CARRIED_I` are added up likewise.

    Attributes:
        row: the measurement that a term belongs to (n_term,), rising.
        kind: `DRAW_P` to `DC_DRAW_P`, or a flow or converter power, a `Kind` each (n_term,).
        place: as in `Measurements` (n_term,).
        end: as in `Measurements` (n_term,).
        sign: how often it counts, mostly +1 or -1 (n_term,).
    """

    row: Ints
    kind: Ints
    place: Ints
    end: Ints
    sign: Floats


def no_terms() -> Terms:
    """Return the terms of measurements that are no sums."""
    none = np.zeros(0, dtype=np.int64)
    return Terms(none, none, none, none, np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """The instruments of a network, in the order of `z` and of every residual.

    Attributes:
        kind: what is measured, a `Kind` each (n_measurement,).
        place: number of the bus, branch or converter (n_measurement,).
        end: 0 for the `from` end of a branch, 1 for its `to` end, 0 elsewhere (n_measurement,).
        sigma: standard deviation of a fresh value (n_measurement,) [pu], > 0.
        sigma_aged: standard deviation of an aged value, what it may have moved since included
            (n_measurement,) [pu], >= sigma.
        pseudo: whether nothing measures it (n_measurement,).
        terms: what measurements of kind `SUM` are made of.
    """

    kind: Ints
    place: Ints
    end: Ints
    sigma: Floats
    sigma_aged: Floats
    pseudo: Flags
    terms: Terms = field(default_factory=no_terms)


def worth(sigma: Floats, sigma_aged: Floats) -> Floats:
    """Return the weight of every class of every measurement (3, n_measurement) [1/pu^2].

    Args:
        sigma: standard deviation of fresh values (n_measurement,) [pu].
        sigma_aged: of aged values (n_measurement,) [pu].
    """
    table = np.zeros((3, len(sigma)))
    table[FRESH], table[AGED] = sigma**-2.0, sigma_aged**-2.0
    return table


def weights(worth: Floats, classes: Classes) -> Floats:
    """Return the weight of every measurement (n_measurement,) [1/pu^2].

    Args:
        worth: weight of every class of every measurement (3, n_measurement) [1/pu^2].
        classes: `FRESH`, `AGED` or `ABSENT` each (n_measurement,).
    """
    chosen: Floats = worth[classes, np.arange(len(classes))]
    return chosen
