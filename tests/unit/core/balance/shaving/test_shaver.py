"""The controller: what it sums up, when it asks for a plan, and what it follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from daemon.core.balance.shaving import forecast, shaver
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
    assert 80e6 <= plan.aim_w < 100e6


def test_history_is_bounded() -> None:
    short = replace(PARAMS, forecast=replace(PARAMS.forecast, days=1))
    state = shaver.initial(0, short)._replace(samples_w=(1.0,) * 10_000)
    state = shaver.measured(state, 5 * MINUTE, 1e6, 1e6, short)
    assert len(state.samples_w) == 3 * DAY_S / short.forecast.sample_s


def test_a_plan_looks_no_further_than_the_billing_period() -> None:
    """A peak of every evening lies behind the end of the period: it is billed anew."""
    day = np.full(288, 70e6)
    day[216:240] = 95e6
    samples = tuple(np.tile(day, 4)[: -(288 - 205)].tolist())
    request = Request(0, samples, STORE, STORE.capacity_j, 0.0)
    aims_w = [
        shaver.planned(request._replace(left_s=left_s), PARAMS).aim_w for left_s in (900.0, 14400.0)
    ]
    assert aims_w[0] is not None
    assert aims_w[1] is not None
    assert aims_w[0] < 75e6
    assert aims_w[1] > 83e6


def test_forecasts_are_scored_once_a_day() -> None:
    made = Plan(0, 70e6, 71e6, 1e6, "learnt", {"learnt": 1.0, "rules": 2.0})
    state = shaver.initial(0, PARAMS)._replace(plan=made)
    _, soon = shaver.asked(state, 0, STORE, 1.0, PARAMS)
    later_ns = round(DAY_S) * SECOND
    later = shaver.measured(state, later_ns, 1e6, 1e6, PARAMS)
    _, next_day = shaver.asked(later, later_ns, STORE, 1.0, PARAMS)
    assert soon is not None
    assert next_day is not None
    assert soon.pinball_w == made.pinball_w
    assert not next_day.pinball_w
    day = tuple(np.tile(90e6 + 10e6 * np.sin(np.arange(288) / 46.0), 3).tolist())
    asked = soon._replace(samples_w=day)
    calls: list[str] = []

    def way(name: str) -> forecast.Foresee:
        def foresee(samples_w: forecast.Floats, params: forecast.Params) -> forecast.Floats:
            calls.append(name)
            return forecast.futures_w(samples_w, params)

        return foresee

    ways = {name: way(name) for name in ("rules", "learnt")}
    assert shaver.planned(asked, PARAMS, ways).forecast == "learnt"
    assert calls == ["learnt"]
    shaver.planned(asked._replace(pinball_w={}), PARAMS, ways)
    assert len(calls) > 2


def test_wear_is_worth_a_higher_demand() -> None:
    """An hour that is a megawatt above the rest is not worth a cycle that costs more than that."""
    day = np.full(288, 80e6)
    day[210:222] = 81e6
    samples = tuple(np.tile(day, 4)[: -(288 - 205)].tolist())
    request = Request(0, samples, STORE, STORE.capacity_j, 0.0)
    free, dear = (
        replace(PARAMS, level=replace(PARAMS.level, wear_w_per_j=price, doubt_pu=0.0))
        for price in (0.0, 1e-2)
    )
    aims_w = [shaver.planned(request, params).aim_w for params in (free, dear)]
    assert aims_w[0] is not None
    assert aims_w[1] is not None
    assert aims_w[0] < 80.9e6
    assert aims_w[1] == pytest.approx(81e6)


def test_rows_are_counted_on_at_the_price_of_their_work() -> None:
    """Two hours of 10 MW and a peak of a quarter of an hour on them; storage has 5 MW and 8 MWh."""
    day = np.full(288, 80e6)
    day[211:235] = 90e6
    day[220:223] = 100e6
    samples = tuple(np.tile(day, 4)[: -(288 - 205)].tolist())
    store = Store(5e6, 5e6, 8 * 3.6e9, 0.95)
    alone = Request(0, samples, store, store.capacity_j, 0.0)
    params = replace(PARAMS, level=replace(PARAMS.level, doubt_pu=0.0))
    dear = replace(params, level=replace(params.level, work_w_per_j=1e-2))
    asked = (
        (alone, params),
        (alone._replace(rows_w=3e6), params),
        (alone._replace(rows_w=3e6), dear),
    )
    aims_w = [shaver.planned(request, given).aim_w for request, given in asked]
    assert aims_w == pytest.approx([95e6, 92e6, 95e6], abs=1e3)
    paid = alone._replace(rows_w=3e6, highest_w=94e6)
    assert shaver.planned(paid, params).aim_w == pytest.approx(94e6), "nothing for what is paid"


def at_five(**given: Any) -> Request:
    """Return a request an hour before two hours of 90 MW as every day, at 88 in place of 70 MW."""
    day = np.full(288, 70e6)
    day[216:240] = 90e6
    samples_w = (*np.tile(day, 5), *day[:201], *day[201:204] + 18e6)
    return Request(0, samples_w, STORE, STORE.capacity_j, 0.0)._replace(**given)


def test_no_aim_is_above_what_the_days_before_needed() -> None:
    """Storage holds two hours of 20 MW more at 80.5 MW, whatever the futures warn of."""
    assert shaver.planned(at_five(), PARAMS).aim_w == pytest.approx(80.5e6, abs=2e3)
    paid = shaver.planned(at_five(highest_w=82e6), PARAMS)
    assert paid.aim_w == pytest.approx(82e6), "what is paid for is no loss"
    few = shaver.planned(at_five(samples_w=at_five().samples_w[-1151:]), PARAMS)
    assert few.aim_w is not None
    assert few.aim_w > 83e6, "less than four days bind nothing"


@pytest.mark.parametrize(
    ("filled_pu", "bound_w"), [(0.0, 85.4875e6), (0.1, 84.5375e6), (0.5, 80.7375e6)]
)
def test_an_aim_is_bound_by_what_the_energy_now_holds(filled_pu: float, bound_w: float) -> None:
    """After an outage: an hour recharges 9.5 MWh, and all of it lasts for the two hours."""
    plan = shaver.planned(at_five(energy_j=filled_pu * STORE.capacity_j), PARAMS)
    assert plan.aim_w == pytest.approx(bound_w, abs=2e3)


@pytest.mark.parametrize(
    ("left", "bound_w"),
    [
        (replace(STORE, discharge_w=5e6), 85e6),
        (replace(STORE, capacity_j=0.5 * STORE.capacity_j), 85.25e6),
    ],
)
def test_an_aim_is_bound_by_what_the_storage_that_is_left_holds(
    left: Store, bound_w: float
) -> None:
    plan = shaver.planned(at_five(store=left, energy_j=left.capacity_j), PARAMS)
    assert plan.aim_w == pytest.approx(bound_w, abs=2e3)
