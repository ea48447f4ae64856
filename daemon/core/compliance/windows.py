"""Extremes in sliding windows of any sampling, and means over windows of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def highest(values: Floats, begins: Ints) -> Floats:
    """Return the maximum of `values[begins[i] : i + 1]` for each i.

    By doubling: after k rounds `best[i]` is the maximum of the 2^k values that end at i, and a
    window is covered by two of them that may overlap. Maxima are exact, so it does not matter how
    a trace is cut. Own derivation, after the sparse table of Bender and Farach-Colton (2000).

    Args:
        values: `(n,)`.
        begins: first index of each window `(n,)`, never falling, at most i.
    """
    ends = np.arange(len(values))
    lengths = ends - begins + 1
    rounds = np.frexp(lengths.astype(np.float64))[1] - 1  # floor of the binary logarithm
    best = values.copy()
    out = np.empty_like(values)
    for k in range(int(rounds.max(initial=0)) + 1):
        if k:
            half = 1 << (k - 1)
            best[half:] = np.maximum(best[half:], best[:-half])
        mine = rounds == k
        if mine.all():
            return np.maximum(best, best[begins + (1 << k) - 1])
        out[mine] = np.maximum(best[mine], best[begins[mine] + (1 << k) - 1])
    return out


def lowest(values: Floats, begins: Ints) -> Floats:
    """Return the minimum of `values[begins[i] : i + 1]` for each i."""
    return -highest(-values, begins)


def begins_of(t_ns: Ints, window_ns: int) -> Ints:
    """Return the first index of the closed window that ends at each sample `(n,)`."""
    return np.searchsorted(t_ns, t_ns - window_ns, side="left").astype(np.int64)


def integral(t_ns: Ints, values: Floats, at_ns: Ints) -> Floats:
    """Return the integral from `t_ns[0]` until each of `at_ns`, of values that hold [x ns].

    Args:
        t_ns: rising times `(n,)` [ns].
        values: `(n,)`.
        at_ns: times from `t_ns[0]` on `(m,)` [ns].
    """
    so_far = np.concatenate(([0.0], np.cumsum(values[:-1] * np.diff(t_ns))))
    k = np.searchsorted(t_ns, at_ns, side="right") - 1
    return so_far[k] + values[k] * (at_ns - t_ns[k])
