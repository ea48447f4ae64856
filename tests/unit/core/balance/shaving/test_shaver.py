"""The controller: what it sums up, when it asks for a plan, and what it follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from daemon.core.balance.shaving import shaver
from daemon.core.balance.shaving.forecast import DAY_S
from daemon.core.balance.shaving.shaver import Params, Plan, Request
from daemon.core.balance.shaving.stores import Store
from daemon.model.quantities import SECOND

MINUTE = 60 * SECOND
PARAMS = Params()
STORE = Store(10e6, 10e6, 20 * 3.6e9)


def test_demand_and_load_are_summed_up_apart() -> None:
    state = shaver.initial(0, PARAMS)
    for k in range(1, 16):
        state = shaver.measured(state, k * MINUTE, 100e6, 90e6, PARAMS)
    assert state.highest_w == 90e6
    assert state.samples_w == (100e6,) * 3


def test_a_plan_is_asked_for_at_the_begin_of_a_window_only() -> None:
    state = shaver.initial(0, PARAMS)
    state, first = shaver.asked(state, 0, STORE, 1.0, PARAMS)
    assert first is not None
    state, again = shaver.asked(state, MINUTE, STORE, 1.0, PARAMS)
    assert again is None
    late_ns = 70 * MINUTE
    state = shaver.measured(state, late_ns, 1e6, 1e6, PARAMS)
    assert shaver.asked(state, late_ns, STORE, 1.0, PARAMS)[1] is None, "middle of a window"
    state = shaver.measured(state, 75 * MINUTE, 1e6, 1e6, PARAMS)
    assert shaver.asked(state, 75 * MINUTE, STORE, 1.0, PARAMS)[1] is not None


def test_without_a_fresh_plan_the_ratchet_has_the_word() -> None:
    state = shaver.initial(0, PARAMS, first_w=80e6)._replace(highest_w=90e6)
    assert shaver.aim_w(state, 0, PARAMS) == 90e6
    state = state._replace(plan=Plan(0, 70e6, 71e6, 1e6))
    assert shaver.aim_w(state, MINUTE, PARAMS) == 70e6
    assert shaver.aim_w(state, 121 * MINUTE, PARAMS) == 90e6
    state = state._replace(plan=Plan(0, None, 0.0, 1e6))
    assert shaver.aim_w(state, MINUTE, PARAMS) == 90e6


def test_a_plan_without_history_has_no_aim() -> None:
    plan = shaver.planned(Request(0, (50e6,) * 10, STORE, 1.0, 0.0), PARAMS)
    assert plan.aim_w is None


def test_a_plan_is_the_same_for_the_same_request() -> None:
    day = 90e6 + 10e6 * np.sin(np.arange(288) / 288 * 2 * np.pi)
    samples = tuple(np.tile(day, 3).tolist())
    request = Request(0, samples, STORE, STORE.capacity_j, 0.0)
    plan = shaver.planned(request, PARAMS)
    assert plan == shaver.planned(request, PARAMS)
    assert plan.aim_w is not None
    assert 90e6 <= plan.aim_w < 100e6


def test_history_is_bounded() -> None:
    short = replace(PARAMS, forecast=replace(PARAMS.forecast, days=1))
    state = shaver.initial(0, short)._replace(samples_w=(1.0,) * 10_000)
    state = shaver.measured(state, 5 * MINUTE, 1e6, 1e6, short)
    assert len(state.samples_w) == 3 * DAY_S / short.forecast.sample_s


def test_an_empty_storage_aims_higher_than_a_full_one() -> None:
    state = shaver.initial(0, PARAMS)._replace(plan=Plan(0, 80e6, 80e6, 0.0, soft_w=2e6))
    full, half = (
        shaver.wanted_w(state, 0, 85e6, PARAMS, STORE, part * STORE.capacity_j) for part in (1, 0.5)
    )
    assert (full, half) == (-5e6, -4e6)
