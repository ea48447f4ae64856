"""Beyond a level for how long in one go: ride-through curves, trips, tolerance bands, dips.

A curve is several such limits, one for each of its corners, and time beyond a milder level runs on
while a worse one is passed: 0.3 s at 0.7 pu followed by 0.3 s at 0.4 pu are 0.6 s below 0.8 pu.
Where nothing is allowed at all (`longest_s: 0`) the verdict tells the worst value, else the
longest time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from daemon.core.compliance.found import Found, judged
from daemon.core.compliance.samples import ROUNDING, UNITS
from daemon.core.compliance.worst import NOTHING, Worst
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.compliance.limits import Excursion
    from daemon.core.compliance.samples import Given, Samples


@dataclass(frozen=True, slots=True)
class State:
    """What is carried.

    Attributes:
        worst: of what is over: times beyond [s], or values.
        since_ns: begin of the excursion that goes on, None within the level [ns].
        until_ns: the last sample holds until here at most where a hole follows [ns].
        hole: a hole lies before the next sample.
        torn: excursions that began or ended in a hole: they may have lasted longer.
    """

    worst: Worst = NOTHING
    since_ns: int | None = None
    until_ns: int = 0
    hole: bool = False
    torn: int = 0


def needs(limit: Excursion) -> tuple[str, ...]:
    """Return the quantities without which nothing can be said."""
    return (limit.quantity,)


def begin(limit: Excursion, given: Given) -> State:
    """Return the state before the first sample."""
    return State()


def level(limit: Excursion, given: Given) -> float:
    """Return the level, in the unit of the quantity."""
    one = limit.above if limit.below is None else limit.below
    assert one is not None, limit
    return one * given.nominal_hz if limit.of else one


def take(
    limit: Excursion, given: Given, state: State, samples: Samples
) -> tuple[State, NDArray[np.int64], NDArray[np.float64]]:
    """Return the state after more samples; the figure of each sample is the quantity itself."""
    t_ns, values = samples.t_ns, samples.values[limit.quantity]
    sign = 1.0 if limit.below is None else -1.0
    edge = sign * level(limit, given)
    figures = sign * values
    until_ns = int(t_ns[-1]) + given.step_ns
    if not limit.longest_s:
        worst = state.worst.more(t_ns, figures, edge)
        return replace(state, worst=worst, until_ns=until_ns), t_ns, values
    out = figures > edge + ROUNDING * abs(edge)
    if not out.any() and state.since_ns is None:
        calm = replace(state, worst=_seen(state.worst, t_ns), until_ns=until_ns, hole=False)
        return calm, t_ns, values
    turned = np.diff(out, prepend=state.since_ns is not None)
    begins, ends = t_ns[turned & out], t_ns[turned & ~out]
    if state.since_ns is not None:
        begins = np.concatenate(([state.since_ns], begins))
    since_ns = int(begins[-1]) if len(begins) > len(ends) else None
    over = begins[: len(ends)]
    lasted_s = (ends - over) / SECOND
    worst = _seen(state.worst, t_ns).more(over, lasted_s, limit.longest_s, events=True)
    torn = state.torn + int(state.hole and out[0])
    return State(worst, since_ns, until_ns, False, torn), t_ns, values


def _seen(worst: Worst, t_ns: NDArray[np.int64]) -> Worst:
    """Return that something was seen, and no time beyond the level as yet."""
    return worst if worst.value is not None else Worst(0.0, int(t_ns[0]))


def cut(limit: Excursion, given: Given, state: State) -> State:
    """Return the state where nothing is known for a while: what went on is torn."""
    if state.since_ns is None:
        return replace(state, hole=True)
    lasted_s = (state.until_ns - state.since_ns) / SECOND
    worst = state.worst.one(state.since_ns, lasted_s, limit.longest_s)
    return replace(state, worst=worst, since_ns=None, hole=True, torn=state.torn + 1)


def verdict(limit: Excursion, given: Given, state: State, end_ns: int) -> Found:
    """Return the verdict if the trace ended at `end_ns` [ns]."""
    if not limit.longest_s:
        found = judged(state.worst, level(limit, given), UNITS[limit.quantity])
        below = limit.below is not None
        if found.value is not None and below:
            found = found._replace(value=-found.value)
        return _bound(limit, given, found._replace(at_least=below))
    worst, detail = state.worst, ""
    if state.since_ns is not None:
        lasted_s = (end_ns - state.since_ns) / SECOND
        worst = worst.one(state.since_ns, lasted_s, limit.longest_s)
        detail = "one still goes on at the end" if worst.at_ns == state.since_ns else ""
    found = judged(worst, limit.longest_s, "s", detail)
    if state.torn and found.ok:
        said = f"{state.torn} begin or end in a hole and may have lasted longer"
        found = found._replace(ok=None, detail=said)
    return _bound(limit, given, _coarse(limit, given, found))


def _coarse(limit: Excursion, given: Given, found: Found) -> Found:
    """Return the verdict where samples are further apart than the limit is long."""
    step_s = given.step_ns / SECOND
    if step_s <= limit.longest_s or (found.value or 0.0) - step_s > limit.longest_s:
        return found
    said = (
        f"samples {step_s:g} s apart do not show whether it was shorter than {limit.longest_s:g} s"
    )
    return found._replace(ok=None, first_ns=None, times=0, detail=said)


def _bound(limit: Excursion, given: Given, found: Found) -> Found:
    """Return the verdict as it binds a load: the supply may be what it is."""
    if not limit.ride_through or found.ok is not False:
        return found
    free = "power_w" in given.measured
    said = "beyond what has to be ridden through: "
    said += "the load was free to part" if free else "without power the supply is judged"
    ok = None if free else False
    return found._replace(ok=ok, detail="; ".join(filter(None, (found.detail, said))))
