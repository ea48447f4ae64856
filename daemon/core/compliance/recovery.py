"""Does the load come back after a dip, as much and as soon as it has to?

A dip begins when the voltage falls below the trigger. What was drawn before is the mean over
`before_s` until then. From the return of the voltage the load has `within_s` to draw `to_pu` of
that. Another dip before it has done so is part of the same event: the clock begins anew at the next
return, what was drawn before stays. Each event is judged by itself, however many came before:
counting dips to leave the grid is no excuse.

An event in which the voltage was beyond a ride-through limit of the same rule set for too long
binds nobody, and is only counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from daemon.core.compliance import excursion
from daemon.core.compliance.found import Found, open_
from daemon.core.compliance.samples import ROUNDING, Samples
from daemon.core.compliance.windows import integral
from daemon.core.compliance.worst import NOTHING, Worst
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.compliance.limits import Excursion, Recovery
    from daemon.core.compliance.samples import Given

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class State:
    """What is carried.

    Attributes:
        worst: of the times to recover [s].
        t_ns: of the last samples before a dip `(m,)` [ns].
        power_w: of them `(m,)` [W].
        before_w: drawn before the event, None outside one [W].
        back_ns: when the voltage returned, None while it is low or outside an event [ns].
        curve: states of the ride-through limits within the event.
        free: events that bound nobody.
        unknown: events before which nothing was seen or drawn.
    """

    worst: Worst = NOTHING
    t_ns: tuple[int, ...] = ()
    power_w: tuple[float, ...] = ()
    before_w: float | None = None
    back_ns: int | None = None
    curve: tuple[excursion.State, ...] = ()
    free: int = 0
    unknown: int = 0


def needs(limit: Recovery) -> tuple[str, ...]:
    """Return the quantities without which nothing can be said."""
    return ("voltage_pu", "power_w")


def begin(limit: Recovery, given: Given) -> State:
    """Return the state before the first sample."""
    return State()


def take(
    limit: Recovery, given: Given, state: State, samples: Samples, curve: tuple[Excursion, ...] = ()
) -> tuple[State, Ints, Floats]:
    """Return the state after more samples; no figure belongs to a single one.

    Args:
        limit: of the recovery.
        given: of the subject.
        state: before.
        samples: more of them.
        curve: ride-through limits of the voltage in the same rule set.
    """
    low = samples.values["voltage_pu"] < limit.below * (1.0 - ROUNDING)
    at = 0
    while at < len(samples):
        rest = samples.part(at, len(samples))
        if state.before_w is None:
            state, used = _quiet(limit, state, rest, low[at:])
        else:
            state, used = _event(limit, given, state, rest, low[at:], curve)
        if state.before_w is not None and not state.curve:
            state = replace(state, curve=tuple(excursion.State() for _ in curve))
        at += used
    return state, np.empty(0, dtype=np.int64), np.empty(0)


def _quiet(
    limit: Recovery, state: State, samples: Samples, low: NDArray[np.bool_]
) -> tuple[State, int]:
    """Remember what is drawn until a dip; return how many samples that took."""
    dip = int(np.argmax(low))
    if not low[dip]:
        dip = len(samples)
    t_ns = np.concatenate((np.array(state.t_ns, dtype=np.int64), samples.t_ns[:dip]))
    power_w = np.concatenate((np.array(state.power_w), samples.values["power_w"][:dip]))
    if dip < len(samples):
        return replace(state, before_w=_mean(limit, t_ns, power_w, int(samples.t_ns[dip]))), dip
    since_ns = int(t_ns[-1]) - ns(limit.before_s)
    keep = max(0, int(np.searchsorted(t_ns, since_ns, side="right")) - 1)
    kept = replace(state, t_ns=tuple(t_ns[keep:].tolist()), power_w=tuple(power_w[keep:].tolist()))
    return kept, dip


def _mean(limit: Recovery, t_ns: Ints, power_w: Floats, end_ns: int) -> float:
    """Return the mean until a dip, 0 where nothing was seen before it [W]."""
    if not len(t_ns):
        return 0.0
    since_ns = max(int(t_ns[0]), end_ns - ns(limit.before_s))
    ends = np.array([since_ns, end_ns], dtype=np.int64)
    begun, done = integral(t_ns, power_w, ends)
    return float((done - begun) / (end_ns - since_ns))


def _event(
    limit: Recovery,
    given: Given,
    state: State,
    samples: Samples,
    low: NDArray[np.bool_],
    curve: tuple[Excursion, ...],
) -> tuple[State, int]:
    """Go on with an event until it is over or the samples are; return how many that took."""
    n = len(samples)
    if state.back_ns is None:
        back = int(np.argmin(low)) if not low.all() else n
        used = min(back + 1, n)  # the sample that is back ends each time below
        state = replace(state, curve=_along(given, state.curve, samples.part(0, used), curve))
        if back == n:
            return state, n
        state, begin_at = replace(state, back_ns=int(samples.t_ns[back])), back
    else:
        begin_at = 0
    assert state.before_w is not None
    enough_w = limit.to_pu * state.before_w
    there = samples.values["power_w"][begin_at:] >= enough_w - ROUNDING * abs(enough_w)
    again = low[begin_at:]
    done = int(np.argmax(there | again))
    if not (there[done] or again[done]):
        return state, n
    at = begin_at + done
    if again[done]:
        return replace(state, back_ns=None), at
    return _over(limit, state, int(samples.t_ns[at]), curve), at


def _along(
    given: Given,
    states: tuple[excursion.State, ...],
    samples: Samples,
    curve: tuple[Excursion, ...],
) -> tuple[excursion.State, ...]:
    pairs = zip(curve, states, strict=True)
    return tuple(excursion.take(one, given, was, samples)[0] for one, was in pairs)


def _excused(state: State) -> bool:
    return any(one.worst.first_ns is not None for one in state.curve)


def _over(limit: Recovery, state: State, at_ns: int, curve: tuple[Excursion, ...]) -> State:
    """Return the state after an event that ended at `at_ns` [ns]."""
    assert state.back_ns is not None
    assert state.before_w is not None
    after = State(worst=state.worst, free=state.free, unknown=state.unknown)
    took_s = (at_ns - state.back_ns) / SECOND
    if state.before_w <= 0.0:
        return replace(after, unknown=after.unknown + 1)
    if _excused(state) and took_s > limit.within_s:
        return replace(after, free=after.free + 1)
    return replace(after, worst=state.worst.one(state.back_ns, took_s, limit.within_s))


def cut(limit: Recovery, given: Given, state: State) -> State:
    """Return the state where nothing is known for a while: an open event is not judged."""
    unknown = state.unknown + (state.before_w is not None)
    return State(worst=state.worst, free=state.free, unknown=unknown)


def verdict(limit: Recovery, given: Given, state: State, end_ns: int) -> Found:
    """Return the verdict if the trace ended at `end_ns` [ns]."""
    step_s = given.step_ns / SECOND
    if step_s > limit.within_s:
        return open_(limit.within_s, "s", f"samples {step_s:g} s apart cannot show it")
    worst, said, waits = state.worst, [], False
    if state.back_ns is not None and state.before_w:
        waited_s = (end_ns - state.back_ns) / SECOND
        late = waited_s > limit.within_s * (1.0 + ROUNDING)
        if late and not _excused(state):
            worst = worst.one(state.back_ns, waited_s, limit.within_s)
            said.append("not back at the end of the trace")
        waits = not late
    if state.before_w is not None and not (worst is not state.worst or state.before_w == 0.0):
        said.append("one event is not over at the end" if waits or state.back_ns is None else "")
    if state.free:
        said.append(f"{state.free} events bound nobody: the voltage was beyond the curve")
    if state.unknown:
        said.append(f"{state.unknown} events without a known power before them are not judged")
    detail = "; ".join(filter(None, said))
    if worst.value is None:
        return open_(limit.within_s, "s", detail or f"no voltage below {limit.below:g} pu")
    ok = worst.first_ns is None
    return Found(
        ok, worst.value, limit.within_s, "s", worst.at_ns, worst.first_ns, worst.count,
        detail=detail,
    )  # fmt: skip
