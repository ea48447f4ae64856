"""How much of what fluctuates lies in a band: spectra of segments, one after the other.

A segment is laid on an even grid of the usual step (a sample holds), its mean is taken off, a Hann
window is laid over it, and the energy of the lines in the band is set against that of all lines but
the one of the mean. The worst segment counts. A segment that does not fluctuate has no share. What
stands above half the sampling rate is not seen, and folds back if the recorder did not filter it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.compliance.found import Found, judged, open_
from daemon.core.compliance.worst import NOTHING, Worst
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.compliance.limits import BandEnergy
    from daemon.core.compliance.samples import Given, Samples

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_LINES: Final = 16
"""Fewest samples in a segment from which a spectrum says anything."""
_STILL: Final = 1e-12
"""Part of the mean square below which what fluctuates is rounding."""


@dataclass(frozen=True, slots=True)
class State:
    """What is carried: the worst segment, and the samples of the one that runs."""

    t_ns: Ints
    power_w: Floats
    worst: Worst = NOTHING


def needs(limit: BandEnergy) -> tuple[str, ...]:
    """Return the quantities without which nothing can be said."""
    return ("power_w",)


def begin(limit: BandEnergy, given: Given) -> State:
    """Return the state before the first sample."""
    return State(np.empty(0, dtype=np.int64), np.empty(0))


def take(
    limit: BandEnergy, given: Given, state: State, samples: Samples
) -> tuple[State, Ints, Floats]:
    """Return the state after more samples, with end and share of every segment that is full."""
    t_ns = np.concatenate((state.t_ns, samples.t_ns))
    power_w = np.concatenate((state.power_w, samples.values["power_w"]))
    count = ns(limit.segment_s) // given.step_ns
    ends, shares = [], []
    begin_ns = int(t_ns[0])
    while count >= _LINES and begin_ns + count * given.step_ns <= t_ns[-1]:
        grid_ns = begin_ns + np.arange(count) * given.step_ns
        held = power_w[np.searchsorted(t_ns, grid_ns, side="right") - 1]
        begin_ns += count * given.step_ns
        ends.append(begin_ns)
        shares.append(share(held, given.step_ns / SECOND, limit.band_hz))
    keep = int(np.searchsorted(t_ns, begin_ns, side="right")) - 1
    t_ns, power_w = t_ns[keep:].copy(), power_w[keep:].copy()
    t_ns[0] = max(int(t_ns[0]), begin_ns)
    at, seen = np.array(ends, dtype=np.int64), np.array(shares)
    worst = state.worst.more(at, seen, limit.share_pu, events=True)
    return State(t_ns, power_w, worst), at, seen


def share(values: Floats, step_s: float, band_hz: tuple[float, float]) -> float:
    """Return the part of the energy of all fluctuation that lies in a band [pu].

    Args:
        values: evenly spaced `(n,)`.
        step_s: between them [s].
        band_hz: lowest and highest frequency [Hz].
    """
    n = len(values)
    off = values - values.mean()
    if np.mean(off**2) <= _STILL * np.mean(values**2):
        return 0.0
    lines = np.abs(np.fft.rfft(off * np.hanning(n))) ** 2
    at_hz = np.fft.rfftfreq(n, step_s)
    band = (at_hz >= band_hz[0]) & (at_hz <= band_hz[1])
    return float(lines[band].sum() / lines[1:].sum())


def cut(limit: BandEnergy, given: Given, state: State) -> State:
    """Return the state where nothing is known for a while: the segment that runs is dropped."""
    return replace(begin(limit, given), worst=state.worst)


def verdict(limit: BandEnergy, given: Given, state: State, end_ns: int) -> Found:
    """Return the verdict so far."""
    low, high = limit.band_hz
    step_s = given.step_ns / SECOND
    if given.nyquist_hz <= low:
        said = f"samples {step_s:g} s apart show nothing of {low:g}-{high:g} Hz"
        return open_(limit.share_pu, "pu", said)
    if state.worst.value is None:
        return open_(limit.share_pu, "pu", f"no full segment of {limit.segment_s:g} s")
    said = f"worst of the segments of {limit.segment_s:g} s"
    if given.nyquist_hz < high:
        said += f"; nothing above {given.nyquist_hz:g} Hz shows in samples {step_s:g} s apart"
    return judged(state.worst, limit.share_pu, "pu", said)
