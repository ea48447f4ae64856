"""Who is believed: what is measured, what is estimated in its place, and who acts on which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from daemon.core import substitutes
from daemon.core.alarms import annunciator
from daemon.core.balance import caps, essential
from daemon.core.compliance import live
from daemon.core.estimation import hot_spot, storage_state
from daemon.core.facts import Charge, Store
from daemon.core.gauges import Gauges
from daemon.core.generation import sources
from daemon.core.interlocks import storage
from daemon.core.interlocks.case import Case
from daemon.core.security import autonomy
from daemon.core.security.zone import zones_of
from daemon.core.smoothing import volatility
from daemon.core.step import _charged
from daemon.core.storage import dispatch
from daemon.core.topology import survey
from daemon.core.view import Heard
from daemon.model.commands import Proposal
from daemon.model.events import AlarmTransition
from tests.main_lane import loaded
from tests.unit.core.estimation.picture import seen_lying

if TYPE_CHECKING:
    from daemon.core.view import View

UPS = "UPS-A.output_power_w"
METER = "M-UA.power_w"


def on(view: View, feed: str, capability_w: float = 9.6e6) -> View:
    """Return the same with a word of the switching lane on what feeds."""
    feeds = {view.site.equipment["ESS-1"].buses[0]: feed}
    word = {"feeds": feeds, "capability_w": capability_w, "stable": True, "outage": True}
    heard = {"supply": Heard(view.now_ns, word)}
    return replace(view, heard=heard, topology=survey(view.image, view.site, view.points))


def value(view: View, name: str) -> float | None:
    return view.best_of(*name.split("."))


# What a value is taken to be.


def test_what_is_good_and_believed_stands_as_measured() -> None:
    view = seen_lying()
    assert value(view, UPS) == view.read(*UPS.split("."))
    assert view.looked.estimated == []


@pytest.mark.parametrize("kind", ["condemned", "frozen"])
def test_the_estimate_stands_in_for_a_meter_that_is_condemned(kind: str) -> None:
    true_w = value(seen_lying(), UPS)
    view = seen_lying(UPS, factor=0.1, kind=kind)
    assert value(view, UPS) == pytest.approx(true_w, rel=0.05)
    assert view.looked.estimated == [view.points.index(*UPS.split("."))]


def test_the_estimate_stands_in_for_a_value_that_is_not_good() -> None:
    assert value(seen_lying(silent=(UPS,)), UPS) == pytest.approx(
        value(seen_lying(), UPS), rel=0.05
    )


def test_a_meter_that_drifts_is_better_than_nothing_and_a_doubted_one_is_not() -> None:
    drifts, doubted = (seen_lying(UPS, kind=kind) for kind in ("drifting", "doubted"))
    assert value(drifts, UPS) == drifts.read(*UPS.split("."))
    assert value(doubted, UPS) is None
    assert doubted.believed(Gauges(doubted.points, [("UPS-A", "output_power_w")])) == [None]


@pytest.mark.parametrize("of", [{}, {"factor": 0.1}, {"kind": "doubted"}, {"silent": (UPS,)}])
def test_values_as_an_array_are_the_same_and_rest_on_the_same(of: dict[str, Any]) -> None:
    names = [("UPS-A", "output_power_w"), ("ROW-1", "power_w"), ("UPS-A", "no_such_point")]
    lying = () if "silent" in of else (UPS,)
    listed, arrayed = seen_lying(*lying, **of), seen_lying(*lying, **of)
    gauges = Gauges(listed.points, names)
    should = np.array(listed.best(gauges), dtype=np.float64)
    np.testing.assert_array_equal(arrayed.best_array(gauges), should)
    assert arrayed.looked == listed.looked


@pytest.mark.parametrize("what", ["old", "not sure", "none"])
def test_what_is_old_or_vague_stands_in_for_nothing(what: str) -> None:
    view = seen_lying(UPS)
    assert view.estimate is not None
    fit = view.estimate.fit
    assert fit is not None
    worse = {
        "old": replace(fit, at_ns=view.now_ns - 3 * 10**9),
        "not sure": replace(fit, sure=fit.sure & False),
        "none": None,
    }[what]
    assert value(replace(view, estimate=replace(view.estimate, fit=worse)), UPS) is None


def test_of_a_sum_one_is_known_while_all_others_are() -> None:
    racks = [f"RACK-1-{n}.feed_a_power_w" for n in (1, 2)]
    true_w = value(seen_lying(), racks[0])
    assert true_w
    assert value(seen_lying(silent=(racks[0],)), racks[0]) == pytest.approx(true_w, abs=2e4)
    assert value(seen_lying(silent=tuple(racks)), racks[0]) is None


# Who acts on what. Each fails when what the lying meter shows is used.


def answer(controller: Any, view: View, **params: Any) -> Any:
    settings = controller.Params(**params)
    return controller.step(view, controller.initial(view.site, settings), settings)


def test_caps_leave_to_the_rows_what_others_really_leave() -> None:
    def budget_w(view: View) -> float:
        told: float = answer(caps, on(view, "generators")).facts["relief"].budget_w
        return told

    honest_w = budget_w(seen_lying())
    assert budget_w(seen_lying(UPS, factor=0.1)) == pytest.approx(honest_w, rel=0.03)


def test_loads_are_kept_by_what_they_really_take() -> None:
    def kept(view: View) -> tuple[str, ...]:
        given_up: tuple[str, ...] = essential._surplus(
            on(view, "generators"), {"feeds": {"": "generators"}, "capability_w": 2.6e6}, (),
            essential.Params(), again=False,
        )  # fmt: skip
        return given_up

    chillers = [e.id for e in seen_lying().site.of_nature("chiller")]
    lying = tuple(f"{name}.power_w" for name in chillers)
    assert kept(seen_lying(*lying, factor=10.0)) == kept(seen_lying())


def test_storage_is_refilled_within_the_real_import() -> None:
    def wanted_w(view: View) -> list[float]:
        values = view.image.values.copy()
        values[view.points.index("ESS-1", "charge_limit_w")] = 3e6
        view = replace(view, image=replace(view.image, values=values))
        facts = replace(
            view.facts, charge=Charge({"ESS-1": Store(0.2, 0, 0.2, 1, 0)}, {}, ("ESS-1",))
        )
        turn = answer(dispatch, replace(on(view, "utility"), facts=facts))
        return [p.value for p in turn.proposals if p.point == dispatch.POINT]

    assert wanted_w(seen_lying(METER, factor=0.2)) == pytest.approx(wanted_w(seen_lying()), abs=1e5)
    assert wanted_w(seen_lying(METER, kind="doubted")) == [0.0, 0.0]


def test_own_sources_give_what_the_site_really_takes() -> None:
    view = seen_lying(METER, factor=-1.0)
    plan = sources._plan(view.site, view.points)
    seen = on(view, "utility")
    honest = sources._decide(
        on(seen_lying(), "utility"), plan, seen.heard["supply"].values, sources.Params()
    )
    found = sources._decide(seen, plan, seen.heard["supply"].values, sources.Params())
    assert found is not None
    assert honest is not None
    assert [p.value for p in found] == pytest.approx([p.value for p in honest], abs=1e5)


def test_autonomy_is_that_at_the_real_power() -> None:
    def lasts_s(view: View) -> float:
        told: float = answer(autonomy, on(view, "utility")).facts["autonomy"].paths["UPS-A"].power_w
        return told

    assert lasts_s(seen_lying(UPS, factor=0.1)) == pytest.approx(lasts_s(seen_lying()), rel=0.05)


def test_what_the_next_failure_costs_is_reckoned_with_the_real_power() -> None:
    def drawn_w(view: View) -> list[float]:
        return [float(w) for zone in zones_of(view.site, view.points) for w in zone.load_w(view)]

    pump = seen_lying().site.of_nature("chiller")[0].id
    assert drawn_w(seen_lying(f"{pump}.power_w", factor=0.0)) == pytest.approx(
        drawn_w(seen_lying()), abs=3e4
    )


def test_a_winding_is_as_warm_as_the_real_loading_makes_it() -> None:
    def spot_c(view: View) -> float:
        view = replace(view, estimate=view.estimate)
        told: float = answer(hot_spot, view).facts["thermal"].windings["TX-P-A"].hot_spot_c
        return told

    names = [f"TX-P-A.{n}" for n in ("power_w", "reactive_power_var", "loading_pu")]
    view = seen_lying(*names, factor=3.0)
    assert hot_spot._loading_pu(view, view.site.equipment["TX-P-A"]) == pytest.approx(
        seen_lying().read("TX-P-A", "loading_pu"), abs=0.05
    )
    assert spot_c(view) == pytest.approx(spot_c(seen_lying()), abs=5.0)


def test_charge_is_counted_with_the_real_power() -> None:
    def power_pu(view: View) -> float:
        turn = answer(storage_state, view)
        names = [e.id for e in storage_state._plan(view.site, view.points).stores]
        pu: float = turn.state.power_pu[names.index("ESS-1")]
        return pu

    view = seen_lying("ESS-1.power_w")
    values = view.image.values.copy()
    values[view.points.index("ESS-1", "power_w")] = 1e6
    lying = replace(view, image=replace(view.image, values=values))
    assert power_pu(lying) == pytest.approx(power_pu(seen_lying()), abs=0.02)


def test_who_has_to_be_quick_sees_nothing_rather_than_a_lie() -> None:
    view = seen_lying("ROW-1.power_w", factor=3.0)
    gauges, _ = volatility._gauges(view.site, view.points)
    assert view.believed(gauges)[0] is None
    assert answer(volatility, on(view, "utility")).state.now.high_w == 0.0
    assert not answer(live, seen_lying(METER, factor=3.0)).state.waiting
    assert answer(live, seen_lying()).state.waiting


def test_a_condemned_meter_raises_no_alarm_but_that_it_is() -> None:
    def coming(view: View) -> set[str]:
        params = loaded().control.alarms
        turn = annunciator.step(view, annunciator.initial(view.site, params), params)
        news = {e.alarm_id for e in turn.events if isinstance(e, AlarmTransition)}
        return news | set(turn.state.timers_ns)

    names = (METER, "M-UA.voltage_v")
    lies = coming(seen_lying(*names, factor=5.0)) - coming(seen_lying())
    assert lies == {"meter-wrong:M-UA"}
    drifts = coming(seen_lying(*names, factor=5.0, kind="drifting")) - coming(seen_lying())
    assert drifts == {"import-above-contract:M-UA"}


@pytest.mark.parametrize("believed_pu", [0.9, 0.05])
def test_the_switching_lane_counts_on_no_more_than_is_in_a_store(believed_pu: float) -> None:
    view = seen_lying()
    values = view.image.values.copy()
    values[view.points.index("ESS-1", "soc_pu")] = 0.9
    heard = {"ESS-1": believed_pu} if believed_pu < 0.9 else {}
    facts = _charged(view.facts, heard)
    assert _charged(facts, heard) is facts
    view = replace(view, facts=facts, image=replace(view.image, values=values))
    assert view.charge_pu("ESS-1") == believed_pu
    wish = Proposal("ESS-1", "command", "grid_forming", 0.0, "forming", "")
    case = Case(view, wish, {}, by_person=False)
    assert storage.empty(case) is (believed_pu < 0.9)


# What is told of it.


def test_a_substitute_is_told_once_and_its_end_when_nobody_has_used_it_for_long() -> None:
    view = seen_lying(UPS)
    point = view.points.index(*UPS.split("."))
    used, events = substitutes.followed(view, {}, {"caps": [point]})
    assert [(e.source, e.name, e.fields["points"]) for e in events] == [
        ("caps", "estimate_used", [UPS])
    ]
    used, events = substitutes.followed(view, used, {"caps": [point]})
    assert not events
    image = replace(view.image, now_ns=view.now_ns + substitutes.HELD_NS)
    used, events = substitutes.followed(replace(view, image=image), used, {})
    assert [(e.name, e.fields["points"]) for e in events] == [("measurement_used", [UPS])]
    assert used == {}
