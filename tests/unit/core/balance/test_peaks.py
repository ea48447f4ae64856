"""Peak shaving of the site: when storage gives, and when it must not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from daemon.core.balance.peaks import Params
from daemon.core.balance.shaving import errand, shaver, worth
from daemon.core.balance.shaving.errand import PLAN
from daemon.core.balance.shaving.history import KEEP, RECALL
from daemon.core.balance.shaving.stores import Store
from daemon.model.commands import Finished, OperatorRequest, Proposal
from daemon.model.quantities import ns
from daemon.settings.control import load_control
from tests.main_lane import UTC_NS, Lane, commands, events, on_sets, supply

POINT = "power_setpoint_w"
WINDOW_S = 900.0
PEAKS = Params()
STORE = Store(2e6, 2e6, 4 * 3.6e9, 0.95)


def hall_of(load_w: float, soc_pu: float = 0.9) -> Lane:
    """Return a hall that draws this, with storage that rests, 300 s before a window ends."""
    hall = Lane()
    hall.now_ns += ns(500.0)
    hall.put("ESS-1.soc_pu", soc_pu)
    hall.put("ESS-1.power_w", 0.0)
    hall.put("ESS-1.discharge_limit_w", 3e6)
    hall.put("ESS-1.charge_limit_w", 3e6)
    hall.put("M-UA.power_w", load_w)
    return hall


def obeyed(hall: Lane, load_w: float, for_s: float, every_s: float = 1.0) -> list[Any]:
    """Let storage do what it is told, and the meter show what is left."""
    steps = []
    for _ in range(round(for_s / every_s)):
        done = hall.scan(after_s=every_s)
        steps.append(done)
        for value_w in sent_w([done]):
            hall.put("ESS-1.power_setpoint_w", value_w)
            hall.put("ESS-1.power_w", value_w)
        given_w = hall.values[hall.points.index("ESS-1", "power_w")]
        hall.put("M-UA.power_w", load_w + given_w)
    return steps


def sent_w(steps: list[Any]) -> list[float]:
    return [c.value for c in commands(steps, POINT) if c.equipment == "ESS-1"]


def least_w(steps: list[Any]) -> float:
    return min(sent_w(steps), default=0.0)


def left_s(hall: Lane) -> float:
    """Return what is left of the window [s]."""
    utc_s = (UTC_NS + hall.now_ns) / ns(1.0)
    return WINDOW_S - utc_s % WINDOW_S


def test_a_load_below_the_contract_moves_nothing() -> None:
    hall = hall_of(5.4e6)
    hall.scan(supply())
    steps = obeyed(hall, 5.4e6, 60.0)
    assert not any(sent_w(steps))
    assert hall.state.facts.demand.policy == "ratchet"
    assert hall.state.facts.demand.aim_w == pytest.approx(0.999 * 5.5e6)


def test_a_window_above_the_contract_is_held_at_it_and_a_short_peak_waited_for() -> None:
    hall = hall_of(6.3e6)
    hall.scan(supply())
    assert least_w(obeyed(hall, 6.3e6, 20.0)) == 0.0, "the window is long enough to wait"
    steps = obeyed(hall, 6.3e6, left_s(hall) + 2.0)
    assert least_w(steps) < -0.9e6
    sent = sent_w(steps)
    assert max(abs(b - a) for a, b in pairwise(sent)) <= 60e3, "by the ramp of the contract"
    assert hall.state.facts.demand.highest_w == pytest.approx(5.5e6, rel=0.005)


@pytest.mark.parametrize("spoilt", ["M-UA", "ESS-1"])
def test_nothing_is_given_on_values_that_are_not_good(spoilt: str) -> None:
    hall = hall_of(6.3e6)
    hall.scan(supply())
    obeyed(hall, 6.3e6, left_s(hall) - 100.0)
    assert hall.state.peaks.giving.window_ns is not None
    hall.spoil(spoilt)
    done = [hall.scan(after_s=1.0) for _ in range(5)]
    assert hall.state.peaks.wishes == ()
    if spoilt == "M-UA":
        assert hall.state.facts.demand.policy == "none"
        assert sent_w(done)[-1:] == [0.0]


def test_nothing_is_given_beside_sets_for_the_sake_of_the_demand() -> None:
    hall = hall_of(6.3e6)
    hall.scan(on_sets(4))
    obeyed(hall, 6.3e6, left_s(hall))
    assert not hall.state.peaks.wishes


def test_the_reserve_is_not_given() -> None:
    hall = hall_of(6.3e6, soc_pu=0.3)
    hall.scan(supply())
    steps = obeyed(hall, 6.3e6, left_s(hall))
    assert least_w(steps) == 0.0, "0.2 of reserve, half of 0.2 for smoothing"
    assert hall.state.facts.demand.reserve_wh["ESS-1"] == pytest.approx(1.2e6)


def test_a_person_overrules_the_economy() -> None:
    hall = hall_of(6.3e6)
    hall.scan(supply())
    obeyed(hall, 6.3e6, left_s(hall) - 100.0)
    wish = Proposal("ESS-1", POINT, "set", -0.2e6, "kim", "a trial")
    steps = [hall.scan(OperatorRequest("1", "kim", wish)), *obeyed(hall, 6.3e6, 3.0)]
    assert sent_w(steps)[-1] == -0.2e6
    assert not events(steps, "setpoint_refused")


def test_an_export_is_never_asked_for() -> None:
    hall = hall_of(6.3e6)
    hall.scan(supply())
    obeyed(hall, 6.3e6, left_s(hall) - 100.0)
    assert hall.values[hall.points.index("ESS-1", "power_w")] < -0.8e6
    hall.put("M-UA.power_w", -0.5e6)
    steps = [hall.scan() for _ in range(5)]
    load_w = -0.5e6 - hall.values[hall.points.index("ESS-1", "power_w")]
    assert sent_w(steps)[-1] >= -load_w


def test_time_without_a_meter_counts_as_drawn_at_the_aim() -> None:
    hall = hall_of(1e6)
    hall.scan(supply())
    obeyed(hall, 1e6, 20.0)
    hall.spoil("M-UA")
    hall.scan(after_s=200.0)
    hall.put("M-UA.power_w", 1e6)
    before = hall.state.peaks.billed
    hall.scan(after_s=1.0)
    after = hall.state.peaks.billed
    assert before is not None
    assert after is not None
    assert after.window.drawn_j - before.window.drawn_j == pytest.approx(5.5e6 * 201.0, rel=0.01)


def test_a_plan_is_asked_for_once_a_day_is_known_and_followed_when_it_comes() -> None:
    hall = hall_of(4e6)
    hall.scan(supply())
    state = hall.state.peaks.billed
    assert state is not None
    known = state._replace(samples_w=(4e6, 5e6) * 144 * 2)
    peaks = hall.state.peaks._replace(billed=known)
    hall.state = type(hall.state)(**{**vars(hall.state), "peaks": peaks})
    steps = obeyed(hall, 4e6, left_s(hall) + 3.0)
    [request] = [r for done in steps for r in done.requests if r.function == PLAN]
    assert request.id < 0
    result = {"made_at_ns": request.arguments["at_ns"], "aim_w": 4.8e6, "expected_w": 4.9e6}
    result |= {"rise_w": 0.5e6, "forecast": "learnt"}
    done = hall.scan(Finished(request.id, result), after_s=1.0)
    assert hall.state.facts.demand.aim_w == 4.8e6
    assert events([done], "shaving_policy")[0].fields["policy"] == "learnt"
    hall.scan(Finished(request.id, None), after_s=1.0)
    assert hall.state.facts.demand.aim_w == 4.8e6, "a plan that failed changes nothing"


def test_what_one_daemon_saw_the_next_one_begins_with() -> None:
    hall = hall_of(4e6)
    first = [hall.scan(supply()), hall.scan(after_s=1.0), hall.scan(after_s=left_s(hall) + 1.0)]
    [recall] = [r for done in first for r in done.requests if r.function == RECALL]
    [keep] = [r for done in first for r in done.requests if r.function == KEEP]
    assert keep.arguments["samples_w"][-1] == pytest.approx(4e6, rel=1e-3)
    hall.scan(Finished(recall.id, None), after_s=1.0)
    alone_w = hall.state.facts.demand.highest_w
    hall.scan(Finished(recall.id, {**keep.arguments, "highest_w": alone_w + 1e5}), after_s=1.0)
    assert hall.state.facts.demand.highest_w == alone_w + 1e5
    assert hall.state.facts.demand.aim_w < 5.5e6, "never above the contract"
    done = hall.scan(Finished(recall.id, {"fault": "demand.json: holds no object"}), after_s=1.0)
    assert hall.state.facts.demand.highest_w == alone_w + 1e5
    assert "holds no object" in events([done], "shaving_history")[0].text


def planned_aim_w(energy_wh: float, left_s: float, **said: Any) -> float:
    """Return the aim for 4 MW and two hours of 5 MW on each day, asked for at their begin."""
    asked = replace(PEAKS, **said)
    wear_w_per_j = worth.once_w_per_j(asked.wear_eur_mwh, asked.demand_eur_kw)
    usual = shaver.Params()
    params = replace(usual, level=replace(usual.level, wear_w_per_j=wear_w_per_j))
    day_w = np.full(288, 4e6)
    day_w[200:224] = 5e6
    samples_w = tuple(np.tile(day_w, 6)[: -(288 - 200)].tolist())
    store = Store(2e6, 2e6, energy_wh * 3600.0, 0.95)
    request = shaver.Request(0, samples_w, store, store.capacity_j, 0.0, left_s)
    return float(errand.plan(**errand.written(request, params))["aim_w"])


def test_as_shipped_a_peak_is_worth_its_wear_and_a_load_that_stays_is_not() -> None:
    """Much storage could hold less than what is drawn all day: each watt of it costs hours."""
    day_s, month_s = 86_400.0, 31 * 86_400.0
    free_w = planned_aim_w(4e6, month_s, wear_eur_mwh=0.0)
    assert free_w < 3.7e6
    assert planned_aim_w(4e6, month_s) > 3.9e6, "about what is drawn beside the peak"
    assert planned_aim_w(4e6, day_s) == pytest.approx(free_w), "given once, not 31 times"
    little_w = planned_aim_w(1e6, month_s)
    assert little_w == planned_aim_w(1e6, month_s, wear_eur_mwh=0.0)
    assert little_w < planned_aim_w(1e6, month_s, demand_eur_kw=0.5) - 0.2e6


def test_what_the_site_says_of_money_and_export_goes_to_the_worker() -> None:
    request = shaver.Request(0, (), STORE, 0.0, 0.0)
    params = shaver.Params()
    params = replace(
        params,
        hold=replace(params.hold, export_w=7e5),
        level=replace(params.level, wear_w_per_j=3e-6),
    )
    with patch.object(shaver, "planned") as asked:
        errand.plan(**errand.written(request, params))
    given = asked.call_args.args[1]
    assert (given.hold, given.level) == (params.hold, params.level)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("time_zone", "Mars/Olympus", '"Mars/Olympus" is no time zone'),
        ("wear_eur_mwh", -1.0, "-1.0 should be at least 0"),
        ("demand_eur_kw", 0.0, "0.0 should be above 0"),
        ("period", "week", '"week" is not known'),
    ],
)
def test_what_makes_no_price_and_no_place_is_named(name: str, value: object, said: str) -> None:
    _, [wrong] = load_control({"peaks": {name: value}}, {})
    assert wrong.at == ("control", "peaks", name)
    assert wrong.text == said


def test_a_new_month_forgets_what_was_billed() -> None:
    hall = hall_of(4e6)
    hall.scan(supply())
    billed = hall.state.peaks.billed
    assert billed is not None
    peaks = hall.state.peaks._replace(billed=billed._replace(highest_w=5e6))
    hall.state = type(hall.state)(**{**vars(hall.state), "peaks": peaks})
    hall.scan(after_s=1.0)
    assert hall.state.facts.demand.highest_w == 5e6
    peaks = hall.state.peaks._replace(period=hall.state.peaks.period - 1)
    hall.state = type(hall.state)(**{**vars(hall.state), "peaks": peaks})
    hall.scan(after_s=1.0)
    assert hall.state.facts.demand.highest_w == 0.0
