"""Means over windows of the clock: the demand as billed, and the share of means within a band.

A window begins at a multiple of its length and counts only as a whole, so what lies before the
first boundary and after the last one is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from daemon.core.compliance.found import Found, judged, open_
from daemon.core.compliance.limits import Demand, InBand
from daemon.core.compliance.samples import ROUNDING
from daemon.core.compliance.windows import integral
from daemon.core.compliance.worst import NOTHING, Worst
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.compliance.samples import Given, Samples

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Averaged = Demand | InBand


@dataclass(frozen=True, slots=True)
class State:
    """What is carried.

    Attributes:
        worst: the highest mean, or the mean that is furthest out of the band.
        at_ns: until here the window that runs is summed up, None before the first sample [ns].
        value: what holds since then.
        so_far: integral of the window that runs, until `at_ns` [x ns].
        whole: the window that runs was seen from its begin.
        within: means within the band.
        means: all of them.
    """

    worst: Worst = NOTHING
    at_ns: int | None = None
    value: float = 0.0
    so_far: float = 0.0
    whole: bool = False
    within: int = 0
    means: int = 0


def needs(limit: Averaged) -> tuple[str, ...]:
    """Return the quantities without which nothing can be said."""
    return (limit.quantity if isinstance(limit, InBand) else "power_w",)


def begin(limit: Averaged, given: Given) -> State:
    """Return the state before the first sample."""
    return State()


def take(
    limit: Averaged, given: Given, state: State, samples: Samples
) -> tuple[State, Ints, Floats]:
    """Return the state after more samples, with end and mean of every window that is full."""
    length_ns = ns(limit.window_s if isinstance(limit, Demand) else limit.interval_s)
    t_ns, values = samples.t_ns, samples.values[needs(limit)[0]]
    if state.at_ns is not None:
        t_ns = np.concatenate((np.array([state.at_ns], dtype=np.int64), t_ns))
        values = np.concatenate(([state.value], values))
    begin_ns, end_ns = int(t_ns[0]), int(t_ns[-1])
    first_ns = -(-begin_ns // length_ns) * length_ns
    whole = state.whole if state.at_ns is not None else False
    if begin_ns == first_ns and state.at_ns is None:
        whole = True
    ends_ns = np.arange(begin_ns // length_ns + 1, end_ns // length_ns + 1) * length_ns
    sums = integral(t_ns, values, np.concatenate((ends_ns, [end_ns])))
    parts = np.diff(sums, prepend=0.0)
    parts[0] += state.so_far
    means = parts[:-1] / length_ns
    good = np.ones(len(means), dtype=bool)
    good[:1] = whole
    seen_ns, seen = ends_ns[good], means[good]
    kept = replace(
        _counted(limit, given, state, seen_ns, seen),
        at_ns=end_ns,
        value=float(values[-1]),
        so_far=float(parts[-1]),
        whole=whole or len(ends_ns) > 0,
    )
    return kept, seen_ns, seen


def _counted(limit: Averaged, given: Given, state: State, at_ns: Ints, means: Floats) -> State:
    """Return the state with more means."""
    if isinstance(limit, Demand):
        worst = state.worst.more(at_ns, means, limit.limit_w, events=True)
        return replace(state, worst=worst, means=state.means + len(means))
    low, high = edges(limit, given)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    off = np.abs(means - middle)
    room = half + ROUNDING * max(abs(low), abs(high))
    worst = state.worst.more(at_ns, off, room, events=True)
    within = state.within + int(np.count_nonzero(off <= room))
    return replace(state, worst=worst, within=within, means=state.means + len(means))


def edges(limit: InBand, given: Given) -> tuple[float, float]:
    """Return the band, in the unit of the quantity."""
    base = given.nominal_hz if limit.of else 1.0
    return limit.low * base, limit.high * base


def cut(limit: Averaged, given: Given, state: State) -> State:
    """Return the state where nothing is known for a while: the window that runs is not judged."""
    return replace(state, at_ns=None, so_far=0.0, whole=False)


def verdict(limit: Averaged, given: Given, state: State, end_ns: int) -> Found:
    """Return the verdict if the trace ended at `end_ns` [ns]."""
    if isinstance(limit, Demand):
        said = f"of {state.means} windows; what begins or ends within one is not judged"
        if not state.means:
            return open_(limit.limit_w, "W", f"no full window of {limit.window_s:g} s")
        return judged(state.worst, limit.limit_w, "W", said)
    if given.step_ns / SECOND > limit.interval_s:
        return open_(limit.share_pu, "pu", "samples are further apart than the means are long")
    if not state.means:
        return open_(limit.share_pu, "pu", f"no full interval of {limit.interval_s:g} s")
    share_pu = state.within / state.means
    low, high = edges(limit, given)
    said = f"share of {state.means} means over {limit.interval_s:g} s from {low:g} to {high:g}"
    if limit.period_s:
        said += f"; the standard counts over {limit.period_s / 86400.0:g} days"
    ok = share_pu >= limit.share_pu * (1.0 - ROUNDING)
    out = state.worst.first_ns is not None
    return Found(
        ok,
        share_pu,
        limit.share_pu,
        "pu",
        state.worst.at_ns if out else end_ns,
        None if ok else state.worst.first_ns,
        state.means - state.within,
        at_least=True,
        detail=said,
    )
