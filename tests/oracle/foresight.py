"""The smallest storage with which a load keeps limits on variation, all known beforehand.

A linear programme over the whole trace, solved by HiGHS: what the connection draws in each interval
is free; storage is lossless, and may begin and end at any charge. It knows nothing of the product.
Least energy and least power are found one by one, so no one storage need reach both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

_POWER_W = 10e6
_ENERGY_J = 100e6
"""Units of the programme, for its numbers to be near one."""

Floats = NDArray[np.float64]


class Least(NamedTuple):
    """Least energy [J] and least power [W]."""

    energy_j: float
    power_w: float


class _Rows:
    """Rows of a programme: each term is a factor times consecutive unknowns, one for each row."""

    def __init__(self) -> None:
        self.at: list[tuple[Any, Any, Any]] = []
        self.right: list[Floats] = []
        self.height = 0

    def add(self, right: Floats, *terms: tuple[float, int, int]) -> None:
        """Add rows `sum of factor * unknown[begin + stride * i] <= right[i]`."""
        n = len(right)
        for factor, begin, stride in terms:
            rows = self.height + np.arange(n)
            self.at.append((np.full(n, factor), rows, begin + stride * np.arange(n)))
        self.right.append(right)
        self.height += n

    def matrix(self, width: int) -> Any:
        """Return the factors."""
        values, rows, columns = (np.concatenate(part) for part in zip(*self.at, strict=True))
        return sparse.csr_array((values, (rows, columns)), shape=(self.height, width))


def least(
    load_w: Floats, step_s: float, within: int, limit_w: float, corner_hz: float | None = None
) -> Least:
    """Return the least storage.

    Args:
        load_w: mean of each interval `(n,)` [W].
        step_s: length of an interval [s].
        within: any two values so many intervals apart or less differ by at most the limit.
        limit_w: that limit.
        corner_hz: of a high-pass of one pole before it is judged, None for none [Hz].
    """
    n = len(load_w)
    # Unknowns: what is judged (n), what the high-pass takes away (n), charge (n + 1), two sizes.
    judged, slow, charge, energy, power = 0, n, 2 * n, 3 * n + 1, 3 * n + 2
    load, limit, flow = load_w / _POWER_W, limit_w / _POWER_W, step_s * _POWER_W / _ENERGY_J
    most, equal = _Rows(), _Rows()
    for lag in range(1, within + 1):
        top = np.full(n - lag, limit)
        most.add(top, (1.0, judged + lag, 1), (-1.0, judged, 1))
        most.add(top, (-1.0, judged + lag, 1), (1.0, judged, 1))
    most.add(load, (1.0, judged, 1), (1.0, slow, 1), (-1.0, power, 0))
    most.add(-load, (-1.0, judged, 1), (-1.0, slow, 1), (-1.0, power, 0))
    most.add(np.zeros(n + 1), (1.0, charge, 1), (-1.0, energy, 0))
    equal.add(
        -flow * load,
        (1.0, charge + 1, 1), (-1.0, charge, 1), (-flow, judged, 1), (-flow, slow, 1),
    )  # fmt: skip
    part = 0.0 if corner_hz is None else 1.0 - float(np.exp(-2.0 * np.pi * corner_hz * step_s))
    equal.add(np.zeros(n - 1), (1.0, slow + 1, 1), (-1.0, slow, 1), (-part, judged, 1))
    equal.add(np.zeros(1), (1.0, slow if corner_hz is None else judged, 1))
    return Least(
        _least(most, equal, n, energy) * _ENERGY_J, _least(most, equal, n, power) * _POWER_W
    )


def _least(most: _Rows, equal: _Rows, n: int, goal: int) -> float:
    """Return the least value of one unknown.

    Raises:
        ArithmeticError: the programme was not solved.
    """
    cost = np.zeros(3 * n + 3)
    cost[goal] = 1.0
    answer = linprog(
        cost,
        A_ub=most.matrix(len(cost)),
        b_ub=np.concatenate(most.right),
        A_eq=equal.matrix(len(cost)),
        b_eq=np.concatenate(equal.right),
        bounds=[(None, None)] * (2 * n) + [(0.0, None)] * (n + 3),
        method="highs-ipm",
    )
    if answer.fun is None:
        raise ArithmeticError(answer.message)
    return float(answer.fun)
