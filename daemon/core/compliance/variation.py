"""How much power moves within a window: swing, change, ramp.

**Swing** is the highest less the lowest value within a window, after the filter. **Change** is the
larger of the rise above the lowest and the fall below the highest value that lie at most a window
back: no two instants so close differ by more. **Ramp** is the net change over exactly one window,
so it needs a full one. What is said of a sample looks back from it; it never waits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.compliance.filters import Memory, band
from daemon.core.compliance.found import Found, judged, open_
from daemon.core.compliance.limits import DIP_PU, Change, Ramp, Scaled, Swing
from daemon.core.compliance.samples import UNITS
from daemon.core.compliance.windows import highest, lowest
from daemon.core.compliance.worst import NOTHING, Worst
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.compliance.samples import Given, Samples

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Moving = Swing | Change | Ramp
_FINE: Final = 10
"""Samples in a window from which a swing is hardly missed between two of them."""


@dataclass(frozen=True, slots=True)
class State:
    """What is carried.

    Attributes:
        t_ns: of the samples that the next windows need, after the filter `(m,)` [ns].
        values: of them `(m,)`.
        worst: of the figures.
        memory: of the filter.
        low: the voltage is low.
        dip_ns: when it was low last, None if it never was [ns].
    """

    t_ns: Ints
    values: Floats
    worst: Worst = NOTHING
    memory: Memory | None = None
    low: bool = False
    dip_ns: int | None = None


def needs(limit: Moving) -> tuple[str, ...]:
    """Return the quantities without which nothing can be said."""
    return (limit.quantity if isinstance(limit, Ramp) else "power_w",)


def begin(limit: Moving, given: Given) -> State:
    """Return the state before the first sample."""
    return State(np.empty(0, dtype=np.int64), np.empty(0))


def size(limit: Moving, given: Given) -> float | None:
    """Return the limit in its unit, None where the rated power is missing for it."""
    if isinstance(limit, Ramp):
        return limit.limit
    if limit.limit_pu is None:
        return limit.limit_w
    if not given.rated_w:
        return None
    scaled_w = limit.limit_pu * given.rated_w
    return scaled_w if limit.limit_w is None else min(scaled_w, limit.limit_w)


def take(limit: Moving, given: Given, state: State, samples: Samples) -> tuple[State, Ints, Floats]:
    """Return the state after more samples, with the figure of each that has one."""
    values, memory = samples.values[needs(limit)[0]], state.memory
    if isinstance(limit, Swing) and limit.band_hz is not None:
        memory, values = band(memory, samples.t_ns, values, limit.band_hz)
    old = len(state.t_ns)
    t_ns = np.concatenate((state.t_ns, samples.t_ns))
    values = np.concatenate((state.values, values))
    here = np.arange(old, len(t_ns))
    exempt, low, dip_ns = _exempt(limit, state, samples)
    starts = np.zeros_like(here)
    if exempt is not None:
        starts = np.maximum.accumulate(np.where(exempt, here + 1, 0))
    before_ns = samples.t_ns - ns(limit.window_s)
    if isinstance(limit, Ramp):
        back = np.searchsorted(t_ns, before_ns, side="right") - 1
        good = back >= starts
        figures = np.abs(values[old:] - values[back]) * (limit.per_s / limit.window_s)
        keep = max(int(back[-1]), 0)
    else:
        first = np.searchsorted(t_ns, before_ns, side="left")
        begins = np.maximum(first, np.minimum(starts, here))
        good = np.ones(len(here), dtype=np.bool_)
        figures = _moved(limit, values, begins)
        keep = int(begins[-1])
    if exempt is not None:
        good &= ~exempt
        keep = max(keep, int(starts[-1]))
    seen_ns, seen = samples.t_ns[good], figures[good]
    top = size(limit, given)
    worst = state.worst if top is None else state.worst.more(seen_ns, seen, top)
    kept = State(t_ns[keep:].copy(), values[keep:].copy(), worst, memory, low, dip_ns)
    return kept, seen_ns, seen


def _moved(limit: Moving, values: Floats, begins: Ints) -> Floats:
    """Return swing, rise or fall of each window that ends at one of the last samples (m,)."""
    if isinstance(limit, Swing):
        return highest(values, begins) - lowest(values, begins)
    direction = limit.direction if isinstance(limit, Change) else "both"
    now = values[len(values) - len(begins) :]
    if direction == "rise":
        return now - lowest(values, begins)
    if direction == "fall":
        return highest(values, begins) - now
    return np.maximum(now - lowest(values, begins), highest(values, begins) - now)


def _exempt(
    limit: Moving, state: State, samples: Samples
) -> tuple[NDArray[np.bool_] | None, bool, int | None]:
    """Return which samples a recovery exempts, whether the voltage is low, and when it was last."""
    after_s = None if isinstance(limit, Swing) else limit.exempt_after_s
    voltage_pu = samples.values.get("voltage_pu")
    if after_s is None or voltage_pu is None:
        return None, False, None
    low = voltage_pu < DIP_PU
    was_low = np.concatenate(([state.low], low[:-1]))
    never = np.iinfo(np.int64).min // 2
    last_ns = np.where(low | was_low, samples.t_ns, never)
    last_ns[0] = max(int(last_ns[0]), never if state.dip_ns is None else state.dip_ns)
    last_ns = np.maximum.accumulate(last_ns)
    dip_ns = None if last_ns[-1] == never else int(last_ns[-1])
    return samples.t_ns - last_ns <= ns(after_s), bool(low[-1]), dip_ns


def cut(limit: Moving, given: Given, state: State) -> State:
    """Return the state where nothing is known for a while: windows begin anew."""
    fresh = begin(limit, given)
    return replace(fresh, worst=replace(state.worst, inside=True))


def verdict(limit: Moving, given: Given, state: State, end_ns: int) -> Found:
    """Return the verdict so far."""
    top, unit, step_s = size(limit, given), _unit(limit), given.step_ns / SECOND
    if top is None:
        return open_(None, unit, "a scaled limit: the rated power of the load is not known")
    if step_s >= limit.window_s:
        return open_(
            top, unit, f"samples {step_s:g} s apart show nothing within {limit.window_s:g} s"
        )
    said = []
    if isinstance(limit, Swing) and limit.band_hz is not None:
        if given.nyquist_hz <= limit.band_hz[0]:
            return open_(top, unit, _blind(given, limit.band_hz))
        if given.nyquist_hz < limit.band_hz[1]:
            said.append(
                f"nothing above {given.nyquist_hz:g} Hz shows in samples {step_s:g} s apart"
            )
    elif step_s * _FINE > limit.window_s and not isinstance(limit, Ramp):
        said.append(f"a lower bound: samples are {step_s:g} s apart")
    if isinstance(limit, Scaled) and limit.limit_pu is not None:
        said.append(f"limit scaled to {given.rated_w:g} W")
    if state.worst.value is None and isinstance(limit, Ramp):
        said.append(f"no {limit.window_s:g} s without a break: no ramp is formed")
    return judged(state.worst, top, unit, "; ".join(said))


def _blind(given: Given, band_hz: tuple[float, float]) -> str:
    low, high = band_hz
    step_s = given.step_ns / SECOND
    return f"samples {step_s:g} s apart show nothing of {low:g}-{high:g} Hz"


def _unit(limit: Moving) -> str:
    if not isinstance(limit, Ramp):
        return "W"
    per = {1.0: "s", 60.0: "min"}.get(limit.per_s, f"{limit.per_s:g} s")
    return f"{UNITS[limit.quantity]}/{per}"
