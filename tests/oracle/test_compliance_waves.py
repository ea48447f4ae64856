"""Filters and spectra against closed forms, on sampled sines and steps."""

from __future__ import annotations

import dataclasses
from math import hypot, tau
from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.core import compliance
from daemon.core.compliance.filters import band
from daemon.core.compliance.limits import Swing
from daemon.settings.rules import load_rules
from tests.shared_data import shared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.model.compliance import Verdict

    Floats = NDArray[np.float64]

MS = 1_000_000


def verdict(
    rules: str, limit: str, values: Floats, step_ns: int, rated_w: float = 100e6
) -> Verdict:
    one = load_rules(rules)
    only = tuple(x for x in one.limits if x.name == limit)
    t_ns = np.arange(len(values), dtype=np.int64) * step_ns
    given = compliance.Given(step_ns, 100e6, 60.0, frozenset({"power_w"}))
    court = compliance.begin([dataclasses.replace(one, limits=only)], given)
    court = compliance.take(court, compliance.Samples(t_ns, {"power_w": values}))
    (found,) = compliance.verdicts(court)
    return found


def gain(at_hz: float, low_hz: float, high_hz: float) -> float:
    """Return the gain of one pole at each corner."""
    return (at_hz / low_hz) / hypot(1.0, at_hz / low_hz) / hypot(1.0, at_hz / high_hz)


def sine(at_hz: float, peak_to_peak_w: float, for_s: float, step_ns: int) -> Floats:
    t_s = np.arange(round(for_s * 1e9 / step_ns)) * step_ns / 1e9
    ramp = np.clip(t_s / (0.5 * for_s), 0.0, 1.0)  # begins softly, so that nothing rings
    return np.asarray(90e6 + 0.5 * peak_to_peak_w * ramp * np.sin(tau * at_hz * t_s))


@pytest.mark.parametrize(
    ("rules", "limit", "top_w", "band_hz", "at_hz"),
    [
        ("ercot_swing", "peak to peak in 5 s, 0.1-55 Hz", 10e6, (0.1, 55.0), 2.0),
        ("ercot_swing", "peak to peak in 5 s, 0.1-55 Hz", 10e6, (0.1, 55.0), 20.0),
        ("lipa", "0.1-5 Hz", 10e6, (0.1, 5.0), 1.0),
        ("lipa", "5-55 Hz", 3.5e6, (5.0, 55.0), 12.0),
        ("ieso_v3", "sub-synchronous oscillation, peak to peak", 0.5e6, (5.0, 55.0), 12.0),
    ],
)
def test_a_swing_counts_as_much_as_its_filter_lets_through(
    rules: str, limit: str, top_w: float, band_hz: tuple[float, float], at_hz: float
) -> None:
    step_ns = 200_000
    true_w = top_w / gain(at_hz, *band_hz)
    kept = verdict(rules, limit, sine(at_hz, 0.98 * true_w, 20.0, step_ns), step_ns)
    passed = verdict(rules, limit, sine(at_hz, 1.02 * true_w, 20.0, step_ns), step_ns)
    assert kept.limit == top_w
    assert kept.ok is True
    assert kept.value == pytest.approx(0.98 * top_w, rel=0.01)
    assert passed.ok is False


def test_a_slow_ramp_is_no_swing() -> None:
    slow = 50e6 + 1e5 * np.arange(6000) / 10  # 6 MW a minute
    found = verdict("ercot_swing", "peak to peak in 5 s, 0.1-55 Hz", slow, 100 * MS)
    assert found.ok is True
    assert found.value == pytest.approx(1e5 / (tau * 0.1), rel=0.05)


def test_a_step_dies_away_with_the_time_constant_of_the_corner() -> None:
    t_ns = np.arange(400, dtype=np.int64) * 10 * MS
    power_w = np.where(t_ns >= 1000 * MS, 5e6, 0.0)
    _, out = band(None, t_ns, power_w, (0.1, 1e6))
    later = t_ns >= 1000 * MS
    expected = 5e6 * np.exp(-tau * 0.1 * (t_ns[later] - 1000 * MS) / 1e9)
    assert out[later] == pytest.approx(expected, rel=1e-9)
    assert not out[~later].any()


def test_uneven_samples_are_filtered_as_even_ones() -> None:
    t_ns = np.cumsum(np.random.default_rng(3).integers(1, 60, 3000)).astype(np.int64) * MS
    even_ns = np.arange(t_ns[0], t_ns[-1], MS)
    held = np.where((t_ns // 1000 // MS) % 2 == 0, 1e6, 3e6)
    on_grid = held[np.searchsorted(t_ns, even_ns, side="right") - 1]
    _, out = band(None, t_ns, held, (0.1, 1e6))
    _, fine = band(None, even_ns, on_grid, (0.1, 1e6))
    at = np.searchsorted(even_ns, t_ns[:-1])
    assert out[:-1] == pytest.approx(fine[at], abs=1e-3)


@pytest.mark.parametrize(("part", "ok"), [(0.19, True), (0.21, False)])
def test_energy_in_a_band_is_that_of_its_sines(part: float, ok: bool) -> None:
    t_s = np.arange(100 * 50 + 1) / 50
    inside, outside = np.sqrt(2 * part), np.sqrt(2 * (1 - part))
    # Whole periods in a segment; the wide one lies well below the band of 0.1 Hz.
    power_w = 80e6 + 1e6 * (inside * np.sin(tau * 2.0 * t_s) + outside * np.sin(tau * 0.05 * t_s))
    found = verdict("training_example", "energy in 0.1-20 Hz", power_w, 20 * MS)
    assert found.value == pytest.approx(part, abs=0.003)
    assert found.ok is ok


@pytest.mark.parametrize(
    ("file", "highest_pu", "middle_pu"),
    [
        ("mlperf_gpt3_64x8h100_node_power_2s.csv.gz", 0.325, 0.072),
        ("mlperf_lora_64x8h100_node_power_2s.csv.gz", 0.51, 0.062),
    ],
)
def test_swings_of_measured_training(file: str, highest_pu: float, middle_pu: float) -> None:
    """As found in these files by others: peak to peak in 5 s (three rows), by the peak."""
    table = np.loadtxt(shared(file), delimiter=",", skiprows=1)
    total_w = table[:, 1:].sum(axis=1)
    t_ns = (table[:, 0] * 1e9).astype(np.int64)
    given = compliance.Given(2000 * MS, total_w.max(), 60.0, frozenset({"power_w"}))
    limit = Swing(name="swing", window_s=5.0, limit_pu=0.2)
    head = load_rules("ercot_swing").head
    seen: list[Floats] = []
    court = compliance.begin([compliance.RuleSet("own", head, (limit,))], given)
    samples = compliance.Samples(t_ns, {"power_w": total_w})
    court = compliance.take(court, samples, lambda *said: seen.append(said[3]))
    (found,) = compliance.verdicts(court)
    assert found.value is not None
    assert found.value / total_w.max() == pytest.approx(highest_pu, abs=0.003)
    assert np.median(np.concatenate(seen)[2:]) / total_w.max() == pytest.approx(middle_pu, abs=2e-3)


def test_a_filter_at_rest_lets_nothing_through() -> None:
    t_ns = np.arange(100, dtype=np.int64) * MS
    _, out = band(None, t_ns, np.full(100, 7e6), (0.1, 55.0))
    assert not out.any()
