"""Extremes in sliding windows of any sampling, and means over windows of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def highest(values: Floats, begins: Ints) -> Floats:
    """Return the maximum of each window that ends at one of the last m values `(m,)`.

    Where all windows reach back to the first of these, which is so of a short piece live, that
    value parts them: the highest from a begin until there, and from there until an end. Else by
    doubling: after k rounds `best[i]` is the maximum of the 2^k values that end at i, and a
    window is covered by two of them that may overlap. Maxima are exact, so it does not matter how
    a trace is cut. Own derivation, after the sparse table of Bender and Farach-Colton (2000).

    Args:
        values: `(n,)`.
        begins: first index of each window `(m,)`, never falling, at most that of its end.
    """
    old = len(values) - len(begins)
    if begins[-1] <= old:
        until = np.maximum.accumulate(values[old::-1])[::-1]
        return np.maximum(until[begins], np.maximum.accumulate(values[old:]))
    lengths = np.arange(old, len(values)) - begins + 1
    rounds = np.frexp(lengths.astype(np.float64))[1] - 1  # floor of the binary logarithm
    best = values.copy()
    out = np.empty(len(begins))
    for k in range(int(rounds.max(initial=0)) + 1):
        if k:
            half = 1 << (k - 1)
            best[half:] = np.maximum(best[half:], best[:-half])
        mine = rounds == k
        out[mine] = np.maximum(best[old:][mine], best[begins[mine] + (1 << k) - 1])
    return out


def lowest(values: Floats, begins: Ints) -> Floats:
    """Return the minimum of each window, as `highest` has it."""
    return -highest(-values, begins)


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
