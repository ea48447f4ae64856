from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.rehearsal.picture.thinning import SHORT_NS, Thinned

if TYPE_CHECKING:
    from numpy.typing import NDArray

MILLISECOND = 1_000_000


def held(times: NDArray[np.int64], values: NDArray[np.float64], at_ns: int) -> float:
    """Return what a curve shows at an instant."""
    return float(values[np.searchsorted(times, at_ns, side="right") - 1])


def test_a_dip_of_42_ms_stands_out_of_a_long_run_at_its_own_instant() -> None:
    thinned = Thinned(2, room=60)
    dip_ns = 777_123 * MILLISECOND
    for tenth in range(20_000):
        now_ns = tenth * SHORT_NS
        if now_ns > dip_ns > now_ns - SHORT_NS:
            thinned.add(dip_ns, np.array([0.3, 60.0]), lively=False)
            thinned.add(dip_ns + 42 * MILLISECOND, np.array([1.0, 60.0]), lively=False)
        thinned.add(now_ns, np.array([1.0 + 0.01 * np.sin(tenth), 60.0]), lively=False)
    times, values = thinned.curve(0, 4)
    assert len(values) <= 3 * 60
    lowest = int(np.argmin(values))
    assert (times[lowest], values[lowest]) == (dip_ns, 0.3)
    assert values.max() == 1.01
    assert np.all(np.diff(times) >= 0)
    steady_times, steady = thinned.curve(1, 3)
    assert (steady_times.tolist(), steady.tolist()) == ([0], [60.0])


def test_extremes_survive_whatever_comes() -> None:
    rng = np.random.default_rng(5)
    thinned = Thinned(3, room=40)
    now_ns, samples, times = 0, [], []
    for _ in range(3000):
        now_ns += int(rng.integers(0, 3)) * 20 * MILLISECOND
        values = rng.normal(size=3)
        thinned.add(now_ns, values, lively=bool(rng.random() < 0.4))
        samples.append(values)
        times.append(now_ns)
    taken = np.array(samples)
    for number in range(3):
        kept_times, kept = thinned.curve(number, 12)
        assert kept.max() == np.round(taken[:, number].max(), 12)
        assert kept.min() == np.round(taken[:, number].min(), 12)
        assert kept_times[int(np.argmax(kept))] == times[int(np.argmax(taken[:, number]))]
        assert kept[-1] == np.round(taken[-1, number], 12)
        assert len(kept) <= 3 * 40


def test_while_something_happens_every_sample_is_kept() -> None:
    thinned = Thinned(1, room=100)
    thinned.add(0, np.array([1.0]), lively=False)
    thinned.add(50 * MILLISECOND, np.array([0.9]), lively=True)
    thinned.add(50 * MILLISECOND, np.array([0.0]), lively=True)
    thinned.add(60 * MILLISECOND, np.array([0.5]), lively=True)
    thinned.add(70 * MILLISECOND, np.array([0.4]), lively=False)
    times, values = thinned.curve(0, 3)
    assert times.tolist() == [0, *(at * MILLISECOND for at in (50, 50, 60, 70))]
    assert values.tolist() == [1.0, 0.9, 0.0, 0.5, 0.4]


@pytest.mark.parametrize("lively", [False, True])
def test_a_bucket_holds_what_it_ended_with(lively: bool) -> None:
    thinned = Thinned(1, room=10)
    for at_ms, value in ((0, 1.0), (20, 0.0), (40, 0.5), (200, 0.5)):
        thinned.add(at_ms * MILLISECOND, np.array([value]), lively=lively)
    times, values = thinned.curve(0, 3)
    assert held(times, values, 150 * MILLISECOND) == 0.5
    assert held(times, values, 30 * MILLISECOND) == 0.0
