"""The forecast that learns: what it foresees, and that the better of two is used."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.balance.shaving import errand, forecast, shaver
from daemon.core.balance.shaving.learnt import BOTH, futures_w
from daemon.core.balance.shaving.stores import Store

PARAMS = forecast.Params(horizon_s=86_400.0)
DAY = 288
STORE = Store(10e6, 10e6, 20 * 3.6e9)


def days(count: int, noise_w: float = 0.0) -> forecast.Floats:
    wave = 90e6 + 10e6 * np.sin(np.arange(count * DAY) / DAY * 2 * np.pi)
    chance = np.random.default_rng(7)
    return np.asarray(wave + chance.normal(0.0, 1.0, len(wave)) * noise_w)


def test_a_day_that_repeats_is_foreseen() -> None:
    found = futures_w(days(6), PARAMS)
    assert found.shape[1] == DAY
    assert np.abs(np.median(found, axis=0) - days(7)[-DAY:]).max() < 0.5e6


def test_the_spread_is_that_of_its_own_errors() -> None:
    narrow, wide = (np.std(futures_w(days(8, w), PARAMS), axis=0).mean() for w in (0.2e6, 2e6))
    assert wide > 4 * narrow


@pytest.mark.parametrize("count", [0, 1])
def test_without_days_behind_it_there_is_no_future(count: int) -> None:
    assert len(futures_w(days(count), PARAMS)) == 0


def test_a_score_knows_nothing_of_what_came_after() -> None:
    def peeps(samples_w: forecast.Floats, params: forecast.Params) -> forecast.Floats:
        seen.append(len(samples_w))
        return np.full((1, DAY), 90e6)

    seen: list[int] = []
    forecast.scores_w(days(5), PARAMS, {"peeps": peeps})
    assert seen == [4 * DAY, 3 * DAY, 2 * DAY, DAY]


def test_the_better_one_is_used() -> None:
    def wrong(samples_w: forecast.Floats, params: forecast.Params) -> forecast.Floats:
        return np.asarray(BOTH["rules"](samples_w, params) + 20e6)

    samples_w = tuple(days(8, 0.5e6).tolist())
    request = shaver.Request(0, samples_w, STORE, 1.0, 0.0)
    for bad, good in (("rules", "learnt"), ("learnt", "rules")):
        ways = {good: BOTH[good], bad: wrong}
        plan = shaver.planned(request, shaver.Params(), ways)
        assert plan.forecast == good
        assert plan.pinball_w[good] < plan.pinball_w[bad]


def test_a_plan_goes_to_a_worker_and_back() -> None:
    request = shaver.Request(7, tuple(days(4).tolist()), STORE, STORE.capacity_j, 0.0)
    params = shaver.Params()
    result = errand.plan(**errand.written(request, params))
    plan = errand.read(result)
    assert plan == shaver.planned(request, params, BOTH)
    assert set(plan.pinball_w) == set(BOTH)
    assert errand.read(None) is None
