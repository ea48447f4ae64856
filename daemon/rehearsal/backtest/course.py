"""A load as the controller meets it: means over control periods, from a whole window to a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from daemon.model.quantities import SECOND, ns, seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class Course(NamedTuple):
    """A load.

    Attributes:
        begun_ns: its begin, that of a window [ns].
        load_w: means over control periods, whole windows `(n,)` [W].
        before_w: samples before it, for who learns from them `(m,)` [W].
        period_s: of control [s].
        sample_s: of what is before [s].
        window_s: that is billed [s].
    """

    begun_ns: int
    load_w: Floats
    before_w: Floats
    period_s: float
    sample_s: float
    window_s: float

    @property
    def windows_w(self) -> Floats:
        """Return the demand without storage `(n_window,)` [W]."""
        each = round(self.window_s / self.period_s)
        return np.asarray(self.load_w.reshape(-1, each).mean(axis=1))

    @property
    def windows_before_w(self) -> Floats:
        """Return the demand of whole windows before, without storage `(m_window,)` [W]."""
        each = round(self.window_s / self.sample_s)
        whole = len(self.before_w) // each * each
        begin = len(self.before_w) - whole
        return np.asarray(self.before_w[begin:].reshape(-1, each).mean(axis=1))


def means(t_ns: Ints, values: Floats, step_ns: int, from_ns: int, count: int) -> Floats:
    """Return means over equal steps of values that hold until the next `(count,)`.

    Args:
        t_ns: rising times `(n,)` [ns].
        values: `(n,)`; the last one holds on.
        step_ns: length of a step [ns].
        from_ns: begin of the first one, not before `t_ns[0]` [ns].
        count: how many steps.
    """
    so_far = np.concatenate(([0.0], np.cumsum(values[:-1] * np.diff(t_ns) / SECOND)))
    edges = from_ns + step_ns * np.arange(count + 1, dtype=np.int64)
    at = np.searchsorted(t_ns, edges, side="right") - 1
    sums = so_far[at] + values[at] * (edges - t_ns[at]) / SECOND
    return np.asarray(np.diff(sums) * SECOND / step_ns)


def course(t_ns: Ints, power_w: Floats, window_s: float, train_s: float, period_s: float) -> Course:
    """Return the load of a trace; what is before the first whole window after `train_s` trains.

    Args:
        t_ns: rising times `(n,)` [ns].
        power_w: that hold until the next `(n,)` [W].
        window_s: that is billed [s].
        train_s: from the begin of the trace [s].
        period_s: of control, a whole part of a window [s].

    Raises:
        ValueError: rows are further apart than a window, or less than two windows are left.
    """
    if (apart_s := seconds(int(np.median(np.diff(t_ns))))) > window_s:
        raise ValueError(
            f"rows are {apart_s:g} s apart, which tells nothing of windows of {window_s:g} s: a "
            "longer --window, or is t_s in another unit?"
        )
    window_ns, sample_ns = ns(window_s), ns(window_s) // 3
    end_ns = int(t_ns[-1]) + int(np.median(np.diff(t_ns)))  # the last one holds as long as any
    first_ns = -(-int(t_ns[0]) // window_ns) * window_ns
    begun_ns = max(first_ns, -(-(int(t_ns[0]) + ns(train_s)) // window_ns) * window_ns)
    count = (end_ns - begun_ns) // window_ns
    if count < 2:
        raise ValueError(
            f"{max(count, 0)} whole windows of {window_s:g} s are left to be driven, two at least "
            "are needed: a longer trace, a shorter --window, or less to --train on"
        )
    each = round(window_s / period_s)
    before = (begun_ns - first_ns) // sample_ns
    return Course(
        begun_ns,
        means(t_ns, power_w, window_ns // each, begun_ns, int(count) * each),
        means(t_ns, power_w, sample_ns, first_ns, int(before)),
        period_s,
        window_s / 3,
        window_s,
    )
