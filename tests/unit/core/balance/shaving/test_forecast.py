"""Futures from days that were, and how a forecast is scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from daemon.core.balance.shaving.forecast import Params, futures_w, pinball_w, rise_w

HOUR = Params(sample_s=3600.0, horizon_s=86_400.0, days=3, shift_s=0.0, kept_pu=(0.5,))
DAY = 50e6 + 10e6 * np.sin(np.arange(24) / 24 * 2 * np.pi)


def test_a_load_that_repeats_goes_on_so() -> None:
    futures = futures_w(np.tile(DAY, 4)[:-5], HOUR)
    assert futures.shape == (3 * 1, 24)
    assert np.allclose(futures, np.roll(DAY, 5))


def test_a_load_that_is_higher_stays_so_for_a_while() -> None:
    samples = np.tile(DAY, 4)
    samples[-1] += 8e6
    futures = futures_w(samples, HOUR)
    assert np.allclose(futures[1] - DAY, 8e6 * 0.5 ** np.arange(1, 25))


def test_a_high_load_comes_to_stay_in_some_futures() -> None:
    samples = np.tile(DAY, 4)
    samples[-1] += 8e6
    early, late = futures_w(samples, replace(HOUR, kept_pu=(0.1, 0.9)))[:2] - DAY
    assert early[3] < 0.01e6
    assert late[3] > 5e6


def test_a_working_day_goes_on_as_a_working_day() -> None:
    """Quiet days lie between: what is like the last half day is taken before what is near."""
    quiet = DAY - 20e6
    samples = np.concatenate([DAY, DAY, quiet, quiet, DAY[:18]])
    nearest = futures_w(samples, replace(HOUR, days=5, count=1))
    assert np.allclose(nearest[0, :6], DAY[18:])


def test_days_that_are_not_there_give_no_future() -> None:
    assert futures_w(DAY[:20], HOUR).shape == (0, 24)
    assert len(futures_w(np.tile(DAY, 2), HOUR)) == 1


def test_a_future_never_looks_beyond_now() -> None:
    """What is appended later does not change what was foreseen."""
    chance = np.random.default_rng(3)
    samples = chance.uniform(50e6, 100e6, 24 * 5 + 7)
    shifted = Params(sample_s=3600.0, days=4, shift_s=7200.0)
    assert np.isfinite(futures_w(samples, shifted)).all()


def test_rises_within_some_samples() -> None:
    samples = np.array([1.0, 2.0, 5.0, 5.0, 4.0, 4.0])
    assert rise_w(samples, 1, 1.0) == 3.0
    assert rise_w(samples, 2, 1.0) == 4.0
    assert rise_w(samples[:1], 2, 1.0) == 0.0
    assert rise_w(samples[::-1], 1, 0.0) == 0.0


def test_pinball_is_least_at_the_quantile() -> None:
    became = np.random.default_rng(1).normal(0.0, 1.0, 20_000)
    level = np.array([0.9])
    losses = {q: pinball_w(level, np.full((1, 20_000), q), became) for q in (0.8, 1.2816, 1.8)}
    assert min(losses, key=lambda q: losses[q]) == 1.2816
    assert pinball_w(level, np.array([[2.0]]), np.array([3.0])) == pytest.approx(0.9)
    assert pinball_w(level, np.array([[3.0]]), np.array([2.0])) == pytest.approx(0.1)
