"""The funnel: whatever the load does, the verdicts find what stays in it within the limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core import compliance
from daemon.core.compliance.limits import Change, Head, Limit, Ramp, RuleSet, Swing
from daemon.core.smoothing import funnel
from daemon.model.compliance import Bound
from daemon.model.quantities import SECOND, ns

LIMITS: tuple[Limit, ...] = (
    Swing(name="swing", window_s=5.0, limit_w=10e6),
    Swing(name="filtered", window_s=5.0, limit_w=10e6, band_hz=(0.1, 55.0)),
    Swing(name="fast", window_s=5.0, limit_w=5e6, limit_pu=0.005, band_hz=(5.0, 55.0)),
    Change(name="change", window_s=15.0, limit_w=5e6),
    Change(name="rise", window_s=3.0, limit_w=1e6, direction="rise"),
    Change(name="fall", window_s=3.0, limit_w=1e6, direction="fall"),
    Ramp(name="ramp", quantity="power_w", window_s=6.0, limit=20e6, per_s=60.0),
)


def passed_over(limit: Limit, wanted_w: np.ndarray, step_s: float) -> tuple[bool | None, float]:
    """Return the verdict on a power that follows a wish within the funnel, and how far it moved."""
    rules = RuleSet("own", Head(title="t", source="s", mark="own", limits=[]), (limit,))
    bounds = compliance.bounds([rules], 100e6)
    seen = tuple(funnel.begin(b, -ns(step_s), 50e6) for b in bounds)
    grid_w = np.empty(len(wanted_w))
    for k, wish_w in enumerate(wanted_w):
        now_ns = k * ns(step_s)
        allowed = funnel.room(bounds, seen, now_ns)
        assert allowed.low_w <= allowed.high_w
        grid_w[k] = allowed.nearest(wish_w)
        seen = tuple(
            funnel.passed(b, s, now_ns, grid_w[k]) for b, s in zip(bounds, seen, strict=True)
        )
    t_ns = np.arange(len(grid_w), dtype=np.int64) * ns(step_s)
    court = compliance.begin([rules], compliance.Given(ns(step_s), 100e6))
    court = compliance.take(court, compliance.Samples(t_ns, {"power_w": grid_w}))
    return compliance.verdicts(court)[0].ok, float(np.ptp(grid_w))


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(5, 400))
def test_what_stays_in_the_funnel_is_found_within_the_limit(
    limit: Limit, seed: int, length: int
) -> None:
    rng = np.random.default_rng(seed)
    wild_w = np.repeat(rng.uniform(0.0, 100e6, length // 5), rng.integers(1, 9, length // 5))
    wild_w[0] = 50e6
    ok, _ = passed_over(limit, wild_w, 0.05)
    assert ok is not False


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_funnel_lets_a_power_get_where_it_wants_to_go(limit: Limit) -> None:
    wanted_w = np.concatenate((np.full(10, 50e6), np.full(9000, 95e6), np.full(9000, 20e6)))
    ok, moved_w = passed_over(limit, wanted_w, 0.05)
    assert ok is True
    assert moved_w == pytest.approx(75e6)


def test_a_jump_is_the_whole_limit_and_the_next_comes_a_window_later() -> None:
    bound = Bound(15 * SECOND, 5e6)
    seen = funnel.begin(bound, 0, 40e6)
    assert funnel.room([bound], [seen], SECOND) == (35e6, 45e6)
    seen = funnel.passed(bound, seen, SECOND, 45e6)
    assert funnel.room([bound], [seen], 2 * SECOND) == (40e6, 45e6)
    assert funnel.room([bound], [seen], 15 * SECOND) == (40e6, 45e6)
    assert funnel.room([bound], [seen], 15 * SECOND + 1) == (40e6, 50e6)


def test_a_filter_lets_an_even_ramp_pass_and_a_larger_jump_not() -> None:
    bound = Bound(5 * SECOND, 10e6, (0.1, 55.0))
    seen = funnel.begin(bound, 0, 40e6)
    low_w, high_w = funnel.room([bound], [seen], SECOND)
    assert low_w == pytest.approx(30e6)
    assert high_w == pytest.approx(50e6)
    power_w = high_w
    for k in range(2, 8):
        seen = funnel.passed(bound, seen, (k - 1) * SECOND, power_w)
        power_w = funnel.room([bound], [seen], k * SECOND).high_w
    # One pole at 0.1 Hz leaves 10 MW standing at 1 - exp(-0.2 pi) of 10 MW a second.
    assert (power_w - high_w) / 6.0 == pytest.approx(10e6 * (1.0 - np.exp(-0.2 * np.pi)))


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), every=st.integers(2, 10))
def test_looks_at_what_is_measured_keep_the_limits_as_well(
    limit: Limit, seed: int, every: int
) -> None:
    """As the daemon does: it measures the value that stood, and at once says which comes next."""
    rules = RuleSet("own", Head(title="t", source="s", mark="own", limits=[]), (limit,))
    bounds = compliance.bounds([rules], 100e6)
    wild_w = np.random.default_rng(seed).uniform(0.0, 100e6, 120)
    wild_w[0] = 50e6
    seen = tuple(funnel.begin(b, -1, 50e6) for b in bounds)
    is_w, grid_w = 50e6, []
    for k, wish_w in enumerate(wild_w.tolist()):
        now_ns = k * every * ns(0.05)
        seen = tuple(funnel.stood(b, s, now_ns, is_w) for b, s in zip(bounds, seen, strict=True))
        allowed = funnel.room(bounds, seen, now_ns)
        assert allowed.low_w - 1e-3 <= is_w <= allowed.high_w + 1e-3, "what stands is allowed"
        is_w = allowed.nearest(wish_w)
        grid_w += [is_w] * every
    t_ns = np.arange(len(grid_w), dtype=np.int64) * ns(0.05)
    court = compliance.begin([rules], compliance.Given(ns(0.05), 100e6))
    court = compliance.take(court, compliance.Samples(t_ns, {"power_w": np.array(grid_w)}))
    assert compliance.verdicts(court)[0].ok is not False
