"""A scheduled test, one look at a time: when it begins, what moves it on, and how it is judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core import facts as conclusions
from daemon.core.facts import Autonomy, Facts, Relief
from daemon.core.generation import exercise
from daemon.core.generation.exercise import Params, Stage, State
from daemon.model.commands import OperatorRequest
from daemon.model.quantities import SECOND, ns
from tests.main_lane import Lane
from tests.unit.core.generation.looks import look, picture

if TYPE_CHECKING:
    from daemon.core.view import Turn

DAY_S = 86_400.0
PARAMS = Params(sets_every_days=30.0)
BOTH = Params(sets_every_days=30.0, ups_every_days=30.0)
UPS_ONLY = Params(ups_every_days=30.0)
FEEDS = {"MVA": "utility", "MVB": "utility"}
SLOT = 100
RATED_W = 3.2e6


class At(Lane):
    """A picture of the hall at a time of the calendar, and a look at it."""

    def __init__(self) -> None:
        vars(self).update(vars(picture()))

    def look(
        self,
        state: State,
        params: Params = PARAMS,
        late_s: float = 0.0,
        facts: Facts | None = None,
        **said: Any,
    ) -> Turn[State]:
        """Return what is done so long after the hour of turn `SLOT`."""
        view = look(self, facts, **{"feeds": FEEDS, **said})
        hour_s = params.at_utc_h * 3600.0 + SLOT * 30.0 * DAY_S
        view = replace(view, image=replace(view.image, utc_ns=ns(hour_s) + ns(late_s)))
        return exercise.step(view, state, params)


def told(turn: Turn[State]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return what is told."""
    return [(e.source, e.name, dict(e.fields)) for e in turn.events]  # type: ignore[union-attr]


def asked(turn: Turn[State]) -> list[tuple[str, str]]:
    """Return what is asked of the other lane."""
    mail = [m for m in turn.messages if isinstance(m, OperatorRequest)]
    assert {m.user for m in mail} <= {"lane:main"}
    return [(m.proposal.equipment, m.proposal.action) for m in mail]


def waiting(**slots: int) -> State:
    return State(slots=slots or {"generator": SLOT - 1, "ups": SLOT - 1})


# -- when it begins --------------------------------------------------------------------------------


def test_a_rhythm_that_has_just_been_set_misses_no_turn() -> None:
    turn = At().look(State(), BOTH)
    assert turn.state == State(slots={"generator": SLOT, "ups": SLOT})
    assert not turn.events
    assert not turn.messages


def test_a_turn_begins_at_its_hour_and_not_a_moment_before() -> None:
    lane = At()
    early = lane.look(waiting(), late_s=-0.001)
    assert early.state == waiting()
    assert not early.events
    turn = lane.look(waiting())
    name = f"DG-{SLOT % 4 + 1}"
    assert turn.state == State(
        Stage.ASKED, lane.now_ns, name, slots={"generator": SLOT, "ups": SLOT - 1}
    )
    assert told(turn) == [(name, "test_begun", {})]
    assert asked(turn) == [(name, "test")]
    assert turn.facts == {"tests": conclusions.Tests(name, ())}


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_sets_take_their_turns(turn: int) -> None:
    lane = At()
    later = lane.look(State(slots={"generator": SLOT + turn - 1}), late_s=turn * 30.0 * DAY_S)
    assert later.state.subject == f"DG-{turn + 1}"


def test_one_at_a_time_a_set_before_a_battery() -> None:
    lane = At()
    assert asked(lane.look(waiting(), BOTH)) == [("DG-1", "test")]
    had = waiting(generator=SLOT, ups=SLOT - 1)
    assert asked(lane.look(had, BOTH)) == [("UPS-A", "battery_test")]
    assert asked(lane.look(waiting(), UPS_ONLY)) == [("UPS-A", "battery_test")]
    assert not asked(lane.look(waiting(generator=SLOT, ups=SLOT), BOTH))


def test_each_test_is_asked_for_under_a_name_of_its_own() -> None:
    lane = At()
    (first,) = lane.look(waiting()).messages
    lane.now_ns += 1
    (second,) = lane.look(waiting()).messages
    assert isinstance(first, OperatorRequest)
    assert isinstance(second, OperatorRequest)
    assert first.id != second.id


UNCALM: list[tuple[dict[str, Any], str]] = [
    ({"outage": True}, "a section is not on the utility"),
    ({"feeds": {"MVA": "utility", "MVB": "none"}}, "a section is not on the utility"),
    ({"facts": Facts(autonomy=Autonomy(on_storage=("ROW-1",)))}, "a load is on storage"),
    ({"facts": Facts(relief=Relief(shed=("ROW-1",)))}, "load is given up"),
    ({"facts": Facts(relief=Relief(shutdown=("ROW-1",)))}, "load is given up"),
    ({"sets_failed": 1}, "a set has failed"),
]


@pytest.mark.parametrize(("what", "why"), UNCALM)
def test_while_all_is_not_calm_it_waits_and_is_skipped_in_the_end(
    what: dict[str, Any], why: str
) -> None:
    lane, within_s = At(), PARAMS.within_h * 3600.0
    held = lane.look(waiting(), late_s=within_s, **what)
    assert (held.state, held.events, held.messages) == (waiting(), (), ())
    late = lane.look(waiting(), late_s=within_s + 0.001, **what)
    assert told(late) == [("DG-1", "test_skipped", {"reason": why})]
    assert late.state == State(slots={"generator": SLOT, "ups": SLOT - 1})
    assert not late.messages


def test_without_a_word_of_the_supply_nothing_begins() -> None:
    view = look(At())
    assert exercise._not_calm(view) == "the supply is not known"


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ({"DG-1.stage": "ready"}, "it does not rest on AUTO"),
        ({"DG-1.selector": "manual"}, "it does not rest on AUTO"),
        ({"CCTS-1.selector": "manual"}, "its board is on MANUAL"),
        ({"DG-1.available": 0.0}, "it is not available"),
        ({"DG-2.available": 0.0, "DG-2.stage": "fault"}, ""),
    ],
)
def test_a_set_is_tested_that_rests_ready(points: dict[str, float | str], why: str) -> None:
    lane = At()
    for point, value in points.items():
        lane.put(point, value)
    assert exercise._not_ready(look(lane), "DG-1", PARAMS) == why


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ({}, ""),
        ({"UPS-A.soc_pu": 0.9}, ""),
        ({"UPS-A.soc_pu": 0.899}, "its battery is not charged"),
        ({"UPS-B.soc_pu": 0.1}, ""),
        ({"UPS-B.stage": "battery"}, "UPS-B is not at rest with a sound battery"),
        ({"UPS-B.battery_alarm": 1.0}, "UPS-B is not at rest with a sound battery"),
        ({"UPS-A.battery_alarm": 1.0}, "UPS-A is not at rest with a sound battery"),
    ],
)
def test_a_battery_is_tested_that_is_charged_beside_others_at_rest(
    points: dict[str, float | str], why: str
) -> None:
    lane = At()
    for point, value in points.items():
        lane.put(point, value)
    assert exercise._not_ready(look(lane), "UPS-A", PARAMS) == why


def test_what_cannot_be_read_is_not_ready() -> None:
    lane = At()
    lane.spoil("DG-1", "UPS-A")
    view = look(lane)
    assert exercise._not_ready(view, "DG-1", PARAMS)
    assert exercise._not_ready(view, "UPS-B", PARAMS), "the other is not known to rest"
    assert exercise._not_ready(view, "DG-2", PARAMS) == ""


# -- what moves it on ------------------------------------------------------------------------------


def running(lane: At, stage: Stage, since_s: float = 1.0, subject: str = "DG-1", **m: Any) -> State:
    """Return a test in a stage since a time, with the set under its load."""
    load_w = m.pop("load_w", 0.5 * RATED_W)
    if subject == "DG-1":
        lane.put("DG-1.stage", "loaded")
        lane.put("DG-1.voltage_ll_v", 6600.0)
        lane.put("DG-1.frequency_hz", 60.0)
        lane.put("DG-1.load_bank_w", load_w)
    return State(stage, lane.now_ns - ns(since_s), subject, slots={"generator": SLOT}, **m)


@pytest.mark.parametrize(
    ("load_pu", "stage"),
    [(0.0, Stage.ASKED), (PARAMS.least_pu, Stage.ASKED), (PARAMS.least_pu + 0.01, Stage.PROVING)],
)
def test_a_set_is_under_load_above_its_least(load_pu: float, stage: Stage) -> None:
    lane = At()
    turn = lane.look(running(lane, Stage.ASKED, load_w=load_pu * RATED_W))
    assert turn.state.stage is stage
    assert not turn.events
    assert not turn.messages


@pytest.mark.parametrize(
    ("stage", "subject", "after_s", "then"),
    [
        (Stage.ASKED, "DG-1", PARAMS.load_s, Stage.ENDING),
        (Stage.PROVING, "DG-1", PARAMS.hold_s, Stage.ENDING),
        (Stage.ENDING, "DG-1", PARAMS.end_s, Stage.WAITING),
        (Stage.ASKED, "UPS-A", PARAMS.load_s, Stage.ENDING),
        (Stage.PROVING, "UPS-A", PARAMS.ups_hold_s, Stage.ENDING),
        (Stage.ENDING, "UPS-A", PARAMS.end_s, Stage.WAITING),
    ],
)
def test_each_stage_has_its_time(stage: Stage, subject: str, after_s: float, then: Stage) -> None:
    lane = At()
    load_w = 0.5 * RATED_W if stage is Stage.PROVING else 0.0
    if subject == "UPS-A" and stage is not Stage.ASKED:
        lane.put("UPS-A.battery_power_w", -1e5)
    state = running(lane, stage, after_s, subject, load_w=load_w)
    state = state._replace(since_ns=state.since_ns + 1)
    still = lane.look(state)
    assert still.state.stage is stage
    assert not still.messages
    turn = lane.look(state._replace(since_ns=state.since_ns - 1))
    assert turn.state.stage is then
    stopped = then is Stage.ENDING and subject == "DG-1"
    assert asked(turn) == [(subject, "stop")] * stopped
    assert turn.state.subject == ("" if then is Stage.WAITING else subject)


def test_what_does_not_come_to_load_or_to_rest_has_failed_of_that() -> None:
    lane = At()
    state = running(lane, Stage.ASKED, PARAMS.load_s, load_w=0.0)
    assert lane.look(state).state.trouble == "it did not take its test load in time"
    state = running(lane, Stage.PROVING, PARAMS.hold_s)
    assert lane.look(state).state.trouble == ""
    turn = lane.look(running(lane, Stage.ENDING, PARAMS.end_s))
    assert told(turn) == [("DG-1", "test_failed", {"reason": "it did not come to rest"})]
    assert turn.state.failed == ("DG-1",)
    assert turn.facts == {"tests": conclusions.Tests("", ("DG-1",))}


@pytest.mark.parametrize("rest", ["stopped", "fault", "cooling_down"])
def test_a_set_is_at_rest_when_it_stands(rest: str) -> None:
    lane = At()
    state = running(lane, Stage.ENDING)
    lane.put("DG-1.stage", rest)
    turn = lane.look(state)
    assert (turn.state.stage is Stage.WAITING) is (rest != "cooling_down")


@pytest.mark.parametrize(
    ("stage", "battery_w", "ended"),
    [
        ("normal", 0.0, True),
        ("normal", 5e4, True),
        ("normal", -1.0, False),
        ("battery", 0.0, False),
    ],
)
def test_a_ups_is_at_rest_when_its_battery_gives_nothing(
    stage: str, battery_w: float, ended: bool
) -> None:
    lane = At()
    lane.put("UPS-A.stage", stage)
    lane.put("UPS-A.battery_power_w", battery_w)
    turn = lane.look(running(lane, Stage.ENDING, subject="UPS-A"))
    assert (turn.state.stage is Stage.WAITING) is ended
    assert [name for _, name, _ in told(turn)] == ["test_passed"] * ended
    proving = lane.look(running(lane, Stage.ASKED, subject="UPS-A")).state.stage
    assert (proving is Stage.PROVING) is (battery_w < 0.0)


def test_a_passed_test_makes_up_for_a_failed_one_and_a_broken_off_one_does_not() -> None:
    lane = At()
    before = running(lane, Stage.ENDING, failed=("DG-1", "DG-3"))
    broken = lane.look(before, outage=True)
    assert told(broken)[0][1] == "test_aborted"
    assert broken.state.failed == ("DG-1", "DG-3")
    lane.put("DG-1.stage", "stopped")
    passed = lane.look(before, facts=Facts(tests=conclusions.Tests("DG-1", ("DG-1", "DG-3"))))
    assert told(passed)[0][:2] == ("DG-1", "test_passed")
    assert passed.state == State(
        Stage.WAITING, lane.now_ns, slots={"generator": SLOT}, failed=("DG-3",)
    )
    assert passed.facts == {"tests": conclusions.Tests("", ("DG-3",))}
    failed = lane.look(before._replace(trouble="it smoked"))
    assert failed.state.failed == ("DG-3", "DG-1")
    assert told(failed) == [("DG-1", "test_failed", {"reason": "it smoked"})]


@pytest.mark.parametrize("stage", [Stage.ASKED, Stage.PROVING, Stage.ENDING])
@pytest.mark.parametrize("call", ["outage", "feed", "selector", "board"])
def test_a_real_loss_or_a_hand_ends_it_in_any_stage(stage: Stage, call: str) -> None:
    lane = At()
    state = running(lane, stage)
    said: dict[str, Any] = {}
    if call == "selector":
        lane.put("DG-1.selector", "manual")
    elif call == "board":
        lane.put("CCTS-1.selector", "manual")
    else:
        said = {"outage": True} if call == "outage" else {"feeds": {"MVA": "none"}}
    turn = lane.look(state, **said)
    assert turn.state.stage is Stage.WAITING
    assert told(turn)[0][1] == "test_aborted"
    assert not turn.messages


def test_a_selector_that_cannot_be_read_is_no_hand_and_a_ups_has_none() -> None:
    lane = At()
    state = running(lane, Stage.PROVING)
    lane.quality[lane.points.index("DG-1", "selector")] = 0x80000000
    assert lane.look(state).state.stage is Stage.PROVING
    lane.put("CCTS-1.selector", "manual")
    lane.put("UPS-A.battery_power_w", -1e5)
    assert lane.look(running(lane, Stage.PROVING, subject="UPS-A")).state.stage is Stage.PROVING


def test_a_lane_that_is_not_heard_calls_nobody() -> None:
    lane = At()
    state = running(lane, Stage.PROVING)
    assert exercise.step(look(lane), state, PARAMS).state.stage is Stage.PROVING


# -- how it is judged ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "point", "reason"),
    [
        ("DG-1", "alarm_oil", "alarm of oil"),
        ("DG-1", "alarm_temperature", "alarm of temperature"),
        ("DG-1", "alarm_fuel", "alarm of fuel"),
        ("UPS-A", "battery_alarm", "battery alarm"),
        ("UPS-A", "low_battery", "low battery"),
    ],
)
def test_an_alarm_ends_it_at_once(subject: str, point: str, reason: str) -> None:
    lane = At()
    lane.put(f"{subject}.{point}", 1.0)
    turn = lane.look(running(lane, Stage.PROVING, subject=subject))
    assert (turn.state.stage, turn.state.trouble) == (Stage.ENDING, reason)
    assert asked(turn) == [(subject, "stop")] * (subject == "DG-1")


@pytest.mark.parametrize("subject", ["DG-1", "UPS-A"])
def test_a_trip_ends_it_at_once(subject: str) -> None:
    lane = At()
    state = running(lane, Stage.PROVING, subject=subject)
    lane.put(f"{subject}.stage", "fault")
    turn = lane.look(state)
    assert (turn.state.stage, turn.state.trouble) == (Stage.ENDING, "it has tripped")


LIMITS = [
    ("voltage_ll_v", 6600.0 * 1.0499, 6600.0 * 1.0501),
    ("voltage_ll_v", 6600.0 * 0.9501, 6600.0 * 0.9499),
    ("frequency_hz", 60.0 * 1.0249, 60.0 * 1.0251),
    ("frequency_hz", 60.0 * 0.9751, 60.0 * 0.9749),
    ("load_bank_w", 0.3 * RATED_W, 0.3 * RATED_W - 1.0),
]


@pytest.mark.parametrize(("point", "kept", "left"), LIMITS)
def test_a_limit_may_be_left_for_a_moment_and_no_longer(
    point: str, kept: float, left: float
) -> None:
    lane = At()
    state = running(lane, Stage.PROVING)
    lane.put(f"DG-1.{point}", kept)
    assert lane.look(state).state == state
    lane.put(f"DG-1.{point}", left)
    first = lane.look(state).state
    assert first == state._replace(bad_ns=lane.now_ns)
    lane.now_ns += ns(PARAMS.settle_s) - 1
    assert lane.look(first).state == first
    lane.put(f"DG-1.{point}", kept)
    assert lane.look(first).state.bad_ns == 0
    lane.put(f"DG-1.{point}", left)
    lane.now_ns += 1
    ended = lane.look(first).state
    assert ended.stage is Stage.ENDING
    reason = "its test load is gone" if point == "load_bank_w" else f"{point} out of its limits"
    assert ended.trouble == reason
    assert lane.look(state._replace(stage=Stage.ASKED)).state.bad_ns == 0, "not yet under load"


@pytest.mark.parametrize("point", ["voltage_ll_v", "frequency_hz", "load_bank_w"])
def test_what_cannot_be_read_is_not_within_its_limit(point: str) -> None:
    lane = At()
    state = running(lane, Stage.PROVING)
    lane.quality[lane.points.index("DG-1", point)] = 0x80000000
    assert lane.look(state).state.bad_ns == lane.now_ns


def test_the_first_thing_that_was_wrong_is_what_is_told() -> None:
    lane = At()
    state = running(lane, Stage.ENDING, trouble="alarm of oil")
    lane.put("DG-1.alarm_fuel", 1.0)
    assert lane.look(state).state.trouble == "alarm of oil"
    lane.now_ns += 3600 * SECOND
    assert told(lane.look(state))[0][2] == {"reason": "alarm of oil"}


def test_only_what_a_trip_or_an_alarm_says_ends_it_at_once() -> None:
    lane = At()
    proving = State(Stage.PROVING, lane.now_ns, "DG-1")
    for points, why, at_once in (
        ({"stage": "fault"}, "it has tripped", True),
        ({"alarm_oil": 1.0}, "alarm of oil", True),
        ({}, "", False),
        ({"frequency_hz": 0.0}, "frequency_hz out of its limits", False),
        ({"load_bank_w": 0.0}, "its test load is gone", False),
    ):
        hall = At()
        sound = {"voltage_ll_v": 6600.0, "frequency_hz": 60.0, "load_bank_w": RATED_W}
        volts = hall.site.buses[hall.site.equipment["DG-1"].buses[0]].voltage_v
        shown: dict[str, Any] = {"stage": "ready", **sound, "voltage_ll_v": volts, **points}
        for point, value in shown.items():
            hall.put(f"DG-1.{point}", value)
        assert exercise._trouble(look(hall), proving, PARAMS) == (why, at_once)
        asked = proving._replace(stage=Stage.ASKED)
        found = exercise._trouble(look(hall), asked, PARAMS)
        assert found == ((why, True) if at_once else ("", False))


def test_what_was_off_its_limits_in_one_test_is_nothing_in_the_next() -> None:
    lane = At()
    over = State(Stage.WAITING, lane.now_ns, "DG-1", bad_ns=7)
    moved = exercise._moved(look(lane), over, over, [exercise.Event.AT_REST])
    assert (moved.state.subject, moved.state.bad_ns) == ("", 0)


def test_no_board_is_in_no_hands() -> None:
    lane = At()
    assert not exercise._by_hand(look(lane), "GT-1")
    assert not exercise._by_hand(look(lane), "DG-1")
    lane.put("CCTS-1.selector", "manual")
    assert exercise._by_hand(look(lane), "DG-1")
    assert not exercise._by_hand(look(lane), "GT-1")


def test_the_sets_of_a_board_that_is_not_ours_are_not_tested() -> None:
    lane = At()
    site, points = lane.site, lane.points
    assert exercise._subjects(site, points)["generator"] == ("DG-1", "DG-2", "DG-3", "DG-4")
    other = replace(site.schemes["CCTS-1"], authority="device")
    site = replace(site, schemes={**site.schemes, "CCTS-1": other})
    found = exercise._subjects.__wrapped__(site, points)  # type: ignore[attr-defined]
    assert found["generator"] == ()
    assert found["ups"]


def test_a_site_without_anything_to_test_tests_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercise, "_subjects", lambda *_: {"generator": (), "ups": ()})
    turn = At().look(waiting(), BOTH)
    assert turn.state.stage is Stage.WAITING
    assert not turn.messages
