"""The judge on histories made by hand: each expectation once kept and once broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.play import Play
from device_emulators.scenario import Scenario
from tests.small_board import ScriptedPlant, plant_event, small_board

if TYPE_CHECKING:
    from device_emulators.judge import Verdict

LOADED, STOPPED = 5.0, 0.0


def judged(plant: ScriptedPlant, kind: str, **wanted: Any) -> Verdict:
    """Play 10 s from plant time 2 s on and return the verdict on one expectation."""
    scenario = Scenario.model_validate(
        {
            "scenario": "x",
            "description": "",
            "for_s": 10.0,
            "expect": [{"name": "it", kind: wanted}],
        }
    )
    plant.now_ns = 2_000_000_000
    play = Play(small_board(), plant, scenario, out=lambda _line: None)
    play.begin(0)
    for step in range(1, 101):
        play.advance(2_000_000_000 + step * 100_000_000)
    (verdict,) = play.report(10_000_000_000).expectations
    return verdict


def plant(*script: tuple[float, str, dict[str, float]]) -> ScriptedPlant:
    """Return a plant with a script in plant time."""
    made = ScriptedPlant()
    made.script = list(script)
    return made


@pytest.mark.parametrize(("by_s", "ok"), [(4.0, True), (3.0, True), (2.9, False)])
def test_reach_tells_when(by_s: float, ok: bool) -> None:
    loaded = plant((5.0, "DG-1", {"stage": LOADED}))
    verdict = judged(loaded, "reach", quantity="DG-1.stage", **{"is": "loaded"}, by_s=by_s)
    assert (verdict.ok, verdict.value, verdict.limit, verdict.unit) == (ok, 3.0, by_s, "s")


def test_reach_that_never_comes_has_no_value() -> None:
    verdict = judged(plant(), "reach", quantity="DG-1.stage", **{"is": "loaded"}, by_s=9.0)
    assert (verdict.ok, verdict.value, verdict.at_s) == (False, None, None)
    assert "stopped" in verdict.detail


def test_reach_counts_members() -> None:
    one = {"quantity": "generator.stage", "is": "loaded", "by_s": 9.0}
    history = ((5.0, "DG-1", {"stage": LOADED}), (6.0, "DG-2", {"stage": LOADED}))
    assert judged(plant(*history), "reach", **one).value == 4.0
    assert judged(plant(*history), "reach", **one, at_least_count=1).value == 3.0
    assert not judged(plant(history[0]), "reach", **one).ok


def test_reach_does_not_look_before_its_window() -> None:
    history = ((3.0, "DG-1", {"fuel_l": 50.0}), (4.0, "DG-1", {"fuel_l": 0.0}))
    wanted = {"quantity": "DG-1.fuel_l", "at_least": 10.0, "by_s": 9.0}
    assert judged(plant(*history), "reach", **wanted).ok
    assert not judged(plant(*history), "reach", **wanted, from_s=3.0).ok


def test_hold_tells_the_value_nearest_to_its_limit() -> None:
    history = ((3.0, "DG-1", {"fuel_l": 80.0}), (5.0, "DG-1", {"fuel_l": 55.0}))
    wanted = {"quantity": "DG-1.fuel_l", "at_least": 50.0, "from_s": 2.0}
    verdict = judged(plant(*history), "hold", **wanted)
    assert (verdict.ok, verdict.value, verdict.limit, verdict.unit) == (True, 55.0, 50.0, "l")
    assert verdict.relation == ">="
    verdict = judged(plant(*history, (7.5, "DG-1", {"fuel_l": 49.0})), "hold", **wanted)
    assert (verdict.ok, verdict.value, verdict.at_s) == (False, 49.0, 5.5)


def test_hold_of_a_word_names_who_broke_it() -> None:
    verdict = judged(
        plant((5.0, "DG-2", {"stage": LOADED})),
        "hold",
        quantity="generator.stage",
        **{"is": "stopped"},
    )
    assert (verdict.ok, verdict.value, verdict.detail, verdict.at_s) == (
        False,
        "loaded",
        "DG-2",
        3.0,
    )


def test_hold_of_a_sum() -> None:
    history = ((3.0, "DG-1", {"fuel_l": 30.0}), (3.0, "DG-2", {"fuel_l": 30.0}))
    assert judged(plant(*history), "hold", quantity="DG-*.fuel_l", total_at_most=60.0).ok
    assert not judged(plant(*history), "hold", quantity="DG-*.fuel_l", total_at_most=59.0).ok


def test_never_counts_events_of_its_window_only() -> None:
    history = plant()
    history.happenings = [plant_event(6_000_000_000, "52-A", "unsynchronised_closing")]
    wanted = {"event": "unsynchronised_closing"}
    verdict = judged(history, "never", **wanted)
    assert (verdict.ok, verdict.value, verdict.at_s, verdict.detail) == (False, 1.0, 4.0, "52-A")
    assert judged(history, "never", **wanted, to_s=3.0).ok
    assert judged(history, "never", **wanted, of="52-B").ok


def test_happens_needs_the_event_in_time() -> None:
    history = plant()
    history.happenings = [plant_event(6_000_000_000, "52-A", "trip")]
    assert judged(history, "happens", event="trip", by_s=4.0).ok
    assert not judged(history, "happens", event="trip", by_s=3.9).ok
    assert not judged(history, "happens", event="trip", of="52-B", by_s=9.0).ok


@pytest.mark.parametrize(
    ("first", "then", "ok"), [(4.0, 5.0, True), (4.0, 4.0, True), (5.0, 4.0, False)]
)
def test_order(first: float, then: float, ok: bool) -> None:
    history = plant((first, "R-2", {"stage": 1.0}), (then, "R-1", {"stage": 1.0}))
    wanted = {"quantity": "stage", "is": "shutting_down", "of": ["R-2", "R-1"]}
    assert judged(history, "order", **wanted).ok is ok


def test_order_lets_the_later_stay_away_but_not_the_earlier() -> None:
    wanted = {"quantity": "stage", "is": "shutting_down", "of": ["R-2", "R-1"]}
    assert judged(plant((4.0, "R-2", {"stage": 1.0})), "order", **wanted).ok
    assert not judged(plant((4.0, "R-1", {"stage": 1.0})), "order", **wanted).ok
    assert not judged(plant(), "order", **wanted).ok


@pytest.mark.parametrize(
    ("span", "more", "ok", "value"),
    [
        ((4.0, 4.03), {}, False, 30.0),
        ((4.0, 4.03), {"max_unfed_ms": 30.0}, True, 30.0),
        ((4.0, 4.03), {"from_s": 2.1}, True, 0.0),
        ((4.0, 4.03), {"to_s": 2.01}, False, 10.0),
        ((11.5, None), {}, False, 500.0),
        ((1.0, 1.5), {}, True, 0.0),
        ((4.0, 4.03), {"except": ["R-2"]}, True, 0.0),
    ],
    ids=["outside", "allowed", "before", "cut", "still", "before zero", "excepted"],
)
def test_fed(span: tuple[float, float], more: dict[str, Any], ok: bool, value: float) -> None:
    history = plant()
    history.unfed = {"R-2": [span]}
    verdict = judged(history, "fed", loads="critical", **more)
    assert verdict.ok is ok
    assert verdict.value == pytest.approx(value)


def cut_short(kind: str, history: ScriptedPlant, **wanted: Any) -> Verdict:
    """Play 4 s of a scenario of 10 s and return the verdict on one expectation."""
    expected = {"name": "it", kind: wanted}
    scenario = Scenario.model_validate(
        {"scenario": "x", "description": "", "for_s": 10.0, "expect": [expected]}
    )
    play = Play(small_board(), history, scenario, out=lambda _line: None)
    play.begin(0)
    for step in range(1, 41):
        play.advance(step * 100_000_000)
    report = play.report(4_000_000_000)
    (verdict,) = report.expectations
    assert report.ok is (verdict.ok is not False)
    return verdict


FUEL = {"quantity": "DG-1.fuel_l", "at_least": 50.0}
ORDER = {"quantity": "stage", "is": "shutting_down", "of": ["R-2", "R-1"]}


@pytest.mark.parametrize(
    ("kind", "wanted", "said"),
    [
        ("reach", {**FUEL, "by_s": 9.0}, "due by 9 s"),
        ("reach", {**FUEL, "from_s": 6.0, "by_s": 9.0}, "begins at 6 s"),
        ("hold", {**FUEL, "from_s": 6.0}, "begins at 6 s"),
        ("never", {"event": "trip", "from_s": 4.0}, "begins at 4 s"),
        ("happens", {"event": "trip", "by_s": 4.1}, "due by 4.1 s"),
        ("fed", {"loads": "critical", "from_s": 6.0}, "begins at 6 s"),
        ("order", ORDER, "due by 10 s"),
    ],
)
def test_what_lies_beyond_the_time_played_is_not_judged(
    kind: str, wanted: dict[str, Any], said: str
) -> None:
    verdict = cut_short(kind, plant((0.0, "DG-1", {"fuel_l": 20.0})), **wanted)
    assert (verdict.ok, verdict.detail) == (None, f"not judged: {said}, played 4 s")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("reach", {**FUEL, "by_s": 4.0}),
        ("hold", {**FUEL, "to_s": 8.0}),
        ("never", {"event": "trip"}),
        ("happens", {"event": "closing", "by_s": 4.0}),
        ("fed", {"loads": "critical", "to_s": 8.0}),
        ("order", {**ORDER, "of": ["R-1", "R-2"]}),
    ],
)
def test_what_was_missed_within_the_time_played_is_missed(
    kind: str, wanted: dict[str, Any]
) -> None:
    history = plant((0.0, "DG-1", {"fuel_l": 20.0}), (3.0, "R-2", {"stage": 1.0}))
    history.happenings = [plant_event(3_000_000_000, "52-A", "trip")]
    history.unfed = {"R-2": [(3.0, None)]}
    assert cut_short(kind, history, **wanted).ok is False


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("reach", {"quantity": "DG-1.fuel_l", "at_most": 50.0, "by_s": 9.0}),
        ("hold", {"quantity": "DG-1.fuel_l", "at_most": 50.0, "from_s": 3.0, "to_s": 8.0}),
        ("never", {"event": "trip", "from_s": 3.0}),
        ("fed", {"loads": "critical", "from_s": 3.0, "to_s": 8.0}),
    ],
)
def test_what_began_is_judged_on_the_part_that_was_played(
    kind: str, wanted: dict[str, Any]
) -> None:
    assert cut_short(kind, plant((0.0, "DG-1", {"fuel_l": 20.0})), **wanted).ok is True


def test_a_run_that_was_interrupted_is_not_ok() -> None:
    scenario = Scenario.model_validate({"scenario": "x", "description": "", "for_s": 10.0})
    play = Play(small_board(), ScriptedPlant(), scenario, out=lambda _line: None)
    play.begin(0)
    play.advance(1_000_000_000)
    report = play.report(10_000_000_000)
    assert report.interrupted
    assert not report.ok
