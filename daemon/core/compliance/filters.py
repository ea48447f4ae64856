"""A band as codes mean it: one pole at each corner, on samples that need not be evenly spaced.

Codes name the corners and not the steepness. One pole is the mildest filter: a step passes with
its full height and without undershoot, so that the filter itself adds no swing. The high-pass is
exact for an input that holds between samples; the low-pass takes each sample for the mean of the
step before it.
"""

from __future__ import annotations

from math import exp, tau
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.linalg.blas import dtbsv  # scipy.signal would take 27 MB of every daemon

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SHORT: Final = 24
"""Runs of equal steps below this are quicker without the call of a filter."""


class Memory(NamedTuple):
    """What a band filter carries from sample to sample.

    Attributes:
        at_ns: time of the last sample [ns].
        raw: it, after the low-pass.
        slow: what the high-pass takes away.
    """

    at_ns: int
    raw: float
    slow: float


def band(
    memory: Memory | None, t_ns: NDArray[np.int64], values: Floats, band_hz: tuple[float, float]
) -> tuple[Memory, Floats]:
    """Return the filtered values `(n,)` and what to go on with.

    Args:
        memory: of the samples before, None to begin at rest on the first value.
        t_ns: rising times `(n,)`, at least one [ns].
        values: `(n,)`.
        band_hz: corners [Hz].
    """
    first = float(values[0])
    was = memory or Memory(int(t_ns[0]), first, first)
    steps_ns = np.diff(t_ns, prepend=was.at_ns)
    smooth = _pole(was.raw, steps_ns, values, band_hz[1])
    held = np.concatenate(([was.raw], smooth[:-1]))
    slow = _pole(was.slow, steps_ns, held, band_hz[0])
    return Memory(int(t_ns[-1]), float(smooth[-1]), float(slow[-1])), smooth - slow


def _pole(state: float, steps_ns: NDArray[np.int64], values: Floats, corner_hz: float) -> Floats:
    """Return y[i] = a y[i-1] + (1 - a) u[i] with the a of each step, run by run of equal steps."""
    out = np.empty_like(values)
    edges = np.flatnonzero(np.diff(steps_ns)) + 1
    for begin, end in zip([0, *edges], [*edges, len(values)], strict=True):
        keep = exp(-tau * corner_hz * int(steps_ns[begin]) / SECOND)
        if end - begin < _SHORT:
            for i in range(begin, end):
                state = keep * state + (1.0 - keep) * float(values[i])
                out[i] = state
        else:
            out[begin:end] = _recursion(keep, (1.0 - keep) * values[begin:end], state)
            state = float(out[end - 1])
    return out


def _recursion(keep: float, added: Floats, state: float) -> Floats:
    """Return y[i] = keep y[i-1] + added[i]: a system of two diagonals, solved from the top."""
    added[0] += keep * state
    diagonals = np.empty((2, len(added)), order="F")
    diagonals[0], diagonals[1] = 1.0, -keep
    solved: Floats = dtbsv(1, diagonals, added, lower=1, diag=1)
    return solved
