"""Evaluators against the definition, computed sample by sample, on traces of any sampling.

The second way has no state, no windows that slide and no arrays: for each sample it looks at all
others. And however a trace is cut into pieces, down to single samples, the verdict is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from daemon.core import compliance
from daemon.core.compliance.limits import (
    BandEnergy,
    Change,
    Demand,
    Excursion,
    Head,
    InBand,
    Limit,
    Ramp,
    Recovery,
    RuleSet,
    Swing,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.compliance import Verdict

MS = 1_000_000
HEAD = Head(title="drawn", source="own", mark="own", limits=[])
LIMITS: dict[str, Limit] = {
    "below": Excursion(name="below", quantity="voltage_pu", below=0.9, longest_s=0.4),
    "never": Excursion(name="never", quantity="voltage_pu", above=1.1, longest_s=0.0),
    "curve": Excursion(
        name="curve", quantity="voltage_pu", below=0.5, longest_s=0.2, ride_through=True
    ),
    "swing": Swing(name="swing", window_s=1.0, limit_w=30e6),
    "band": Swing(name="band", window_s=1.0, limit_w=30e6, band_hz=(0.2, 3.0)),
    "rise": Change(name="rise", window_s=0.7, limit_w=25e6, direction="rise"),
    "fall": Change(name="fall", window_s=0.7, limit_w=25e6, direction="fall", exempt_after_s=0.3),
    "ramp": Ramp(name="ramp", quantity="power_w", window_s=0.9, limit=1e9, per_s=60.0),
    "exempt": Ramp(name="exempt", quantity="power_w", window_s=0.5, limit=1e7, exempt_after_s=0.3),
    "demand": Demand(name="demand", window_s=1.5, limit_w=80e6),
    "share": InBand(
        name="share", quantity="voltage_pu", interval_s=0.8, low=0.8, high=1.1, share_pu=0.6
    ),
    "energy": BandEnergy(name="energy", band_hz=(0.5, 2.0), share_pu=0.5, segment_s=2.0),
    "back": Recovery(name="back", to_pu=0.9, within_s=0.5),
}
SUMMED = {"demand", "share", "energy"}
RULES = RuleSet("drawn", HEAD, tuple(LIMITS.values()))
GIVEN = compliance.Given(100 * MS, rated_w=100e6)


@st.composite
def traces(draw: Any) -> compliance.Samples:
    n = draw(st.integers(2, 90))
    steps = draw(
        st.one_of(st.just([100] * n), st.lists(st.integers(30, 400), min_size=n, max_size=n))
    )
    begin = draw(st.integers(0, 3000))
    t_ns = (np.cumsum(np.array(steps, dtype=np.int64)) + begin) * MS
    level = st.sampled_from([0.0, 0.3, 0.6, 0.89, 0.9, 1.0, 1.0, 1.05, 1.12])
    size = st.sampled_from([0.0, 40e6, 60e6, 85e6, 90e6, 100e6])
    return compliance.Samples(
        t_ns,
        {
            "voltage_pu": np.array(draw(st.lists(level, min_size=n, max_size=n))),
            "power_w": np.array(draw(st.lists(size, min_size=n, max_size=n))),
        },
    )


def verdicts(samples: compliance.Samples, cuts: Sequence[int] = ()) -> dict[str, Verdict]:
    court = compliance.begin([RULES], GIVEN)
    for begin, end in zip([0, *cuts], [*cuts, len(samples)], strict=True):
        court = compliance.take(court, samples.part(begin, end))
    return {one.name: one for one in compliance.verdicts(court)}


def near(value: float | None) -> Any:
    """Return a figure to compare with, but for the rounding of another order of sums."""
    return value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@drawn(traces(), st.data())
def test_how_a_trace_is_cut_changes_no_verdict(samples: compliance.Samples, data: Any) -> None:
    places = st.integers(0, len(samples))
    cuts = sorted(data.draw(st.lists(places, max_size=8)))
    whole = verdicts(samples)
    for given in (verdicts(samples, cuts), verdicts(samples, range(1, len(samples)))):
        for name, one in given.items():
            assert one.value == near(whole[name].value), name
            assert (one.ok, one.count) == (whole[name].ok, whole[name].count), name
            if name not in SUMMED:  # of equal sums either may be the worst
                assert one.at_s == whole[name].at_s, name
                assert one.first_s == whole[name].first_s, name


@settings(max_examples=60, deadline=None)
@drawn(traces())
def test_figures_are_those_of_the_definition(samples: compliance.Samples) -> None:
    t_ns = [int(t) for t in samples.t_ns]
    power = samples.values["power_w"].tolist()
    voltage = samples.values["voltage_pu"].tolist()
    given = verdicts(samples)
    assert given["below"].value == pytest.approx(longest(t_ns, voltage, 0.9))
    assert given["never"].value == max(voltage)
    assert given["swing"].value == pytest.approx(
        max(max(w) - min(w) for w in windows(t_ns, power, 1000))
    )
    assert given["rise"].value == pytest.approx(
        max(w[-1] - min(w) for w in windows(t_ns, power, 700))
    )
    assert given["ramp"].value == pytest.approx(slope(t_ns, power, 900, 60.0))
    exempt = [
        any(
            voltage[j] < 0.9 and t_ns[j] <= t and t - held_until(t_ns, voltage, j) <= 300 * MS
            for j in range(i + 1)
        )
        for i, t in enumerate(t_ns)
    ]
    falls = [
        max(power[begin_of(t_ns, exempt, i, 700) : i + 1]) - power[i]
        for i in range(len(t_ns))
        if not exempt[i]
    ]
    assert given["fall"].value == (pytest.approx(max(falls)) if falls else None)
    means = clock_means(t_ns, power, 1500)
    assert given["demand"].value == (pytest.approx(max(means)) if means else None)
    parts = clock_means(t_ns, voltage, 800)
    good = [0.8 - 1e-9 <= mean <= 1.1 + 1e-9 for mean in parts]
    assert given["share"].value == (pytest.approx(sum(good) / len(good)) if good else None)


def longest(t_ns: list[int], values: list[float], level: float) -> float:
    """Return the longest time below a level in one go [s]."""
    best = 0.0
    for i in range(len(t_ns)):
        j = i
        while j < len(t_ns) and values[j] < level:
            j += 1
        end_ns = t_ns[j] if j < len(t_ns) else t_ns[-1] + GIVEN.step_ns
        if j > i:
            best = max(best, (end_ns - t_ns[i]) / 1e9)
    return best


def windows(t_ns: list[int], values: list[float], length_ms: int) -> list[list[float]]:
    """Return what lies in the closed window behind each sample."""
    return [
        [v for u, v in zip(t_ns, values, strict=True) if t - length_ms * MS <= u <= t] for t in t_ns
    ]


def slope(t_ns: list[int], values: list[float], length_ms: int, per_s: float) -> float | None:
    """Return the largest net change over exactly a window, per so many seconds."""
    found = []
    for i, t in enumerate(t_ns):
        before = [v for u, v in zip(t_ns, values, strict=True) if u <= t - length_ms * MS]
        if before:
            found.append(abs(values[i] - before[-1]) * per_s / (length_ms / 1e3))
    return max(found, default=None)


def held_until(t_ns: list[int], voltage: list[float], j: int) -> int:
    """Return until when the voltage of sample j held [ns]."""
    return t_ns[j + 1] if j + 1 < len(t_ns) else t_ns[j]


def begin_of(t_ns: list[int], exempt: list[bool], i: int, length_ms: int) -> int:
    """Return where the window of sample i begins: not before the last exempt one."""
    j = i
    while j > 0 and not exempt[j - 1] and t_ns[j - 1] >= t_ns[i] - length_ms * MS:
        j -= 1
    return j


def clock_means(t_ns: list[int], values: list[float], length_ms: int) -> list[float]:
    """Return the mean of every full window of the clock, of values that hold."""
    length_ns, found = length_ms * MS, []
    for k in range(-(-t_ns[0] // length_ns), t_ns[-1] // length_ns):
        begin, end, total = k * length_ns, (k + 1) * length_ns, 0.0
        for i, value in enumerate(values):
            from_ns = max(t_ns[i], begin)
            to_ns = min(t_ns[i + 1] if i + 1 < len(t_ns) else end, end)
            total += value * max(0, to_ns - from_ns)
        found.append(total / length_ns)
    return found
