"""Many futures at once: how fast each group of racks grows in each of them."""

from __future__ import annotations

from enum import IntEnum
from math import log
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtri

from daemon.rehearsal.growth.assumptions import SHARE_OF_INTERVAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from daemon.rehearsal.growth.assumptions import Assumption

    Floats = NDArray[np.float64]

COUNT: Final = 1024
"""Futures: the quantiles of dates move by less than a month when there are more."""
_PRIMES: Final = (2, 3, 5, 7, 11, 13, 17, 19)


class Group(IntEnum):
    """Racks that grow together; the value is the column of rates and slopes."""

    AI = 0
    SERVERS = 1
    STORAGE = 2


def spread(dimensions: int, count: int = COUNT) -> Floats:
    """Return points that fill the unit cube evenly `(count, dimensions)`.

    The digits of 1, 2, 3... to a prime base, mirrored at the point.

    Source: J. H. Halton, Numerische Mathematik 2 (1960) 84, doi:10.1007/BF01386213.
    """
    return np.stack([_mirrored(base, count) for base in _PRIMES[:dimensions]], axis=1)


def _mirrored(base: int, count: int) -> Floats:
    found, left, unit = np.zeros(count), np.arange(1, count + 1), 1.0 / base
    while left.any():
        found += unit * (left % base)
        left //= base
        unit /= base
    return found


def log_rates(assumed: Mapping[str, Assumption], count: int = COUNT) -> Floats:
    """Return the growth of power of each group in each future, as `ln` per year `(count, 3)`."""
    yearly = [one for one in assumed.values() if one.unit == "/yr"]
    points = spread(len(yearly), count)
    drawn = {
        one.name: log(one.value) + sigma(one) * ndtri(points[:, k]) for k, one in enumerate(yearly)
    }
    return _combined(drawn)


def median_log_rates(assumed: Mapping[str, Assumption]) -> Floats:
    """Return the growth of power of each group when every rate is its median `(1, 3)`."""
    return _combined(
        {one.name: np.array([log(one.value)]) for one in assumed.values() if one.unit == "/yr"}
    )


def sigma(one: Assumption) -> float:
    """Return the standard deviation of the logarithm of a rate."""
    return log(one.high / one.low) / (2.0 * SHARE_OF_INTERVAL)


def _combined(drawn: Mapping[str, Floats]) -> Floats:
    """Return the power that follows from demand, efficiency and duration `(n, 3)`."""
    computing = drawn["compute-growth"] - drawn["efficiency-growth"] - drawn["duration-growth"]
    storage = drawn["storage-growth"] - drawn["storage-efficiency-growth"]
    # Where there are no AI racks the servers do the computing.
    return np.stack([computing, drawn.get("server-growth", computing), storage], axis=1)
