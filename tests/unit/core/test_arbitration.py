"""Bounds narrow, commands go out on change or correction only, every actuator has one owner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core import arbitration
from daemon.core.arbitration import Manual, Params, Sent, State, Target, narrow
from daemon.core.facts import Facts, Setpoints
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import UNNUMBERED, LaneMessage, Message, OperatorRequest, Proposal
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND, ns
from tests.main_lane import Lane

PARAMS = Params()
CAP = "ROW-1.power_cap_pu"


def wish(action: str, value: float, owner: str = "a", row: str = "ROW-1") -> Proposal:
    return Proposal(row, "power_cap_pu", action, value, owner, f"{owner} wants it")


class Desk:
    """Arbitration by itself."""

    def __init__(self) -> None:
        self.lane = Lane()
        self.state = State()
        self.facts = Facts()

    def view(self, inbox: tuple[Message, ...] = ()) -> View:
        """Return what arbitration is shown."""
        lane, image = self.lane, self.lane.image()
        return View(
            lane="main", image=image, inbox=inbox, site=lane.site, points=lane.points,
            topology=survey(image, lane.site, lane.points), facts=self.facts, heard={},
            estimate=None, epoch=7, next_id=100,
        )  # fmt: skip

    def scan(self, *proposals: Proposal, inbox: tuple[Message, ...] = (), after_s: float = 0.1):  # type: ignore[no-untyped-def] # noqa: ANN201
        self.lane.now_ns += ns(after_s)
        turn = arbitration.step(self.view(inbox), self.state, PARAMS, proposals)
        self.state = turn.state
        self.facts = replace(self.facts, **(turn.facts or {}))
        return turn


def plain_desk() -> Desk:
    """Return one whose row has no fall-back."""
    desk = Desk()
    item = desk.lane.site.equipment["ROW-1"]
    assert item.device is not None
    plain = replace(item, device=replace(item.device, fallback_after_s=0.0, fallback="none"))
    desk.lane.take(replace(desk.lane.site, equipment={**desk.lane.site.equipment, "ROW-1": plain}))
    return desk


@pytest.mark.parametrize(
    ("proposals", "value", "owner"),
    [
        ([wish("max", 0.45)], 0.45, "a"),
        ([wish("max", 0.45), wish("max", 0.8, "b")], 0.45, "a"),
        ([wish("max", 0.45), wish("max", 0.45, "b")], 0.45, "a"),
        ([wish("max", 0.45), wish("max", 0.3, "b")], 0.3, "b"),
        ([wish("max", 0.45), wish("set", 0.6, "b")], 0.45, "a"),
        ([wish("max", 0.45), wish("prefer", 0.2, "b")], 0.2, "b"),
        ([wish("prefer", 0.9), wish("max", 0.45, "b")], 0.45, "b"),
        ([wish("prefer", 0.2), wish("set", 0.6, "b")], 0.6, "b"),
        ([wish("set", 0.6), wish("max", 0.3, "b")], 0.6, "a"),
        ([wish("min", 0.5), wish("max", 0.3, "b")], 0.5, "a"),
        ([wish("min", 0.5), wish("max", 0.5, "b")], 0.5, "b"),
        ([wish("min", 0.5), wish("max", 0.8, "b")], 0.8, "b"),
        ([wish("min", 0.5)], 0.5, "a"),
        ([wish("min", 0.0)], 0.0, "a"),
        ([wish("min", 0.3), wish("min", 0.5, "b")], 0.5, "b"),
        ([wish("min", 0.5), wish("min", 0.5, "b")], 0.5, "a"),
        ([wish("min", 0.5), wish("min", 0.3, "b")], 0.5, "a"),
        ([wish("max", -1.0)], 0.0, "a"),
        ([wish("set", 7.0)], 1.0, "a"),
    ],
)
def test_narrow(proposals: list[Proposal], value: float, owner: str) -> None:
    target = narrow(proposals, 0.0, 1.0)
    assert (target.value, target.owner) == (value, owner)
    assert target.reason == f"{owner} wants it"


@pytest.mark.parametrize(
    ("low", "high", "value"), [(None, None, 7.0), (None, 1.0, 1.0), (8.0, None, 8.0)]
)
def test_a_device_without_a_bound_takes_what_is_wanted(
    low: float | None, high: float | None, value: float
) -> None:
    assert narrow([wish("set", 7.0)], low, high).value == value


def test_a_set_point_that_stands_already_is_not_sent() -> None:
    assert not Desk().scan(wish("max", 1.0)).commands


def test_a_change_is_sent_once_and_refreshed_at_a_third_of_the_fall_back_time() -> None:
    desk = Desk()
    (command,) = desk.scan(wish("max", 0.45)).commands
    assert (command.id, command.epoch, command.value) == (UNNUMBERED, 7, 0.45)
    assert command.owner == "a"
    desk.lane.put(CAP, 0.45)
    times = [n for n in range(1, 50) if desk.scan(wish("max", 0.45)).commands]
    assert times == [10, 20, 30, 40], "it falls back after 3 s"
    assert not any(desk.scan().commands for _ in range(50)), "what nobody wants is not held"


def test_a_set_point_is_refreshed_while_its_read_back_is_not_good() -> None:
    desk = Desk()
    assert desk.scan(wish("max", 0.45)).commands
    desk.lane.spoil("ROW-1", code=Quality.BAD_OUT_OF_RANGE)
    times = [n for n in range(1, 32) if desk.scan(wish("max", 0.45)).commands]
    assert times == [10, 20, 30], "it falls back after 3 s, whatever it shows"


def test_a_device_without_a_fall_back_keeps_what_it_was_told() -> None:
    desk = plain_desk()
    assert desk.scan(wish("max", 0.45)).commands
    desk.lane.put(CAP, 0.45)
    assert not any(desk.scan(wish("max", 0.45)).commands for _ in range(100))


def test_a_noisy_wish_is_rate_limited() -> None:
    desk = Desk()
    sent = sum(
        len(desk.scan(wish("max", 0.4 + 0.001 * (n % 2)), after_s=0.05).commands) for n in range(60)
    )
    assert sent <= 10 + 1


def test_a_device_that_shows_another_value_is_corrected_once_a_second() -> None:
    desk = Desk()
    times = [n for n in range(50) if desk.scan(wish("max", 0.45)).commands]
    assert times == [0, 10, 20, 30, 40]


@pytest.mark.fault("F12", "F29")
def test_a_device_that_takes_no_set_point_is_named_after_three_corrections() -> None:
    desk = Desk()
    said = [desk.scan(wish("max", 0.45)).facts for _ in range(60)]
    named = [n for n, facts in enumerate(said) if facts]
    assert named == [40], "three corrections, each with its time to be followed"
    assert said[40] == {"setpoints": Setpoints(ignored=("ROW-1",))}


def test_a_device_that_follows_at_last_is_not_named_any_more() -> None:
    desk = Desk()
    for _ in range(50):
        desk.scan(wish("max", 0.45))
    desk.lane.put(CAP, 0.45)
    assert desk.scan(wish("max", 0.45)).facts == {"setpoints": Setpoints()}


def test_whose_a_contested_set_point_of_a_row_is_stands_in_the_facts() -> None:
    """Who proposes 1.0 knows by it that a row which shows less is held by another."""
    desk = Desk()
    assert desk.scan(wish("max", 0.9)).facts is None, "nobody else wants one"
    told = desk.scan(wish("max", 0.9), wish("max", 0.6, "b")).facts
    assert told == {"setpoints": Setpoints(owners={CAP: "b"})}
    assert desk.scan(wish("max", 0.9), wish("max", 0.6, "b")).facts is None, "it is no news"
    told = desk.scan(wish("max", 0.4), wish("max", 0.6, "b")).facts
    assert told == {"setpoints": Setpoints(owners={CAP: "a"})}
    assert desk.scan(wish("max", 0.4)).facts == {"setpoints": Setpoints()}
    store = (
        Proposal("ESS-1", "power_setpoint_w", "max", 1e6, "a", ""),
        Proposal("ESS-1", "power_setpoint_w", "max", 2e6, "b", ""),
    )
    assert desk.scan(*store).facts is None, "of rows alone: of stores it changes by the scan"


def test_a_set_point_that_moves_on_does_not_hide_that_none_is_taken() -> None:
    desk = Desk()
    said = [desk.scan(wish("max", 0.4 + 0.01 * (n // 20))).facts for n in range(100)]
    assert any(said)


@pytest.mark.fault("F12")
@pytest.mark.parametrize("lag", [1, 5, 9])
def test_a_set_point_that_never_rests_is_followed_by_who_shows_it_later(lag: int) -> None:
    """New words at the least time: what is shown is never the last one."""
    desk = Desk()
    wanted = [0.3 + 0.001 * n for n in range(120)]
    said = []
    for n, value in enumerate(wanted):
        said.append(desk.scan(wish("max", value)).facts)
        shown = desk.state.sent[CAP].value if n == 0 else wanted[max(0, n - lag) // 3 * 3]
        desk.lane.put(CAP, shown)
    assert not any(said)


@pytest.mark.fault("F12")
@pytest.mark.parametrize("shown", [0.2, 0.3])
def test_a_set_point_that_never_rests_and_is_not_taken_is_named(shown: float) -> None:
    """Also where the device stands at a word that it was given, and takes no other."""
    desk = Desk()
    desk.lane.put(CAP, shown)
    wanted = [0.3] * 10 + [0.3 + 0.001 * n for n in range(120)]
    said = [desk.scan(wish("max", value)).facts for value in wanted]
    named = [n for n, facts in enumerate(said) if facts]
    assert len(named) == 1
    assert 40 <= named[0] <= 55, "four times the time that a word has to be followed"
    assert len(desk.state.sent[CAP].lately) <= 4


def test_words_to_a_silent_device_are_not_kept_without_end() -> None:
    desk = Desk()
    desk.scan(wish("max", 0.3))
    desk.lane.spoil("ROW-1")
    said = [desk.scan(wish("max", 0.3 + 0.001 * n)).facts for n in range(100)]
    assert not any(said), "what nobody shows is not counted"
    assert len(desk.state.sent[CAP].lately) <= 4


def test_a_slow_device_is_not_named() -> None:
    desk = Desk()
    said = [desk.scan(wish("max", 0.45)).facts for _ in range(25)]
    desk.lane.put(CAP, 0.45)
    said += [desk.scan(wish("max", 0.45)).facts for _ in range(5)]
    desk.lane.put(CAP, 1.0)
    said += [desk.scan(wish("max", 0.45)).facts for _ in range(25)]
    assert not any(said), "what was followed in between begins anew"


def test_a_silent_device_is_not_written_to_without_end() -> None:
    desk = Desk()
    desk.lane.spoil("ROW-1")
    assert sum(len(desk.scan(wish("max", 0.45)).commands) for _ in range(100)) == 1


def test_change_of_owner_is_told_once() -> None:
    desk = Desk()
    desk.scan(wish("max", 0.45))
    assert desk.state.sent[CAP].owner == "a"
    (event,) = desk.scan(wish("max", 0.45), wish("max", 0.3, "b")).events
    assert (event.name, event.fields["owner"], event.fields["before"]) == (
        "setpoint_owner",
        "b",
        "a",
    )
    assert not desk.scan(wish("max", 0.45), wish("max", 0.3, "b")).events


def test_what_nobody_wants_any_more_has_no_owner() -> None:
    desk = Desk()
    desk.scan(wish("max", 0.45))
    desk.scan()
    assert CAP not in desk.state.sent


def test_a_person_moves_only_inside_what_safety_left() -> None:
    desk = Desk()
    asked = OperatorRequest("1", "kim", wish("set", 0.8))
    turn = desk.scan(inbox=(asked,))
    (command,), told = turn.commands, turn.events[0]
    assert (command.value, command.owner) == (0.8, "kim")
    assert (told.name, told.fields["selection"]) == ("setpoint_taken", "1")
    desk.lane.put(CAP, 0.8)
    (command,) = desk.scan(wish("max", 0.45), after_s=1.0).commands
    assert command.value == 0.45
    desk.lane.put(CAP, 0.45)
    (command,) = desk.scan(after_s=1.0).commands
    assert command.value == 0.8, "the person's wish still stands"
    desk.scan(inbox=(OperatorRequest("2", "kim", wish("release", 0.0)),), after_s=1.0)
    assert not desk.state.manual


@pytest.mark.parametrize("action", ["max", "set"])
def test_a_set_point_that_bounds_would_cut_is_refused_and_nothing_changes(action: str) -> None:
    desk = Desk()
    turn = desk.scan(wish(action, 0.45, "caps"), inbox=(person("1", 0.8),))
    told = next(e for e in turn.events if e.name == "setpoint_refused")
    assert told.fields["interlock"] == "bounded_by_caps"
    assert told.fields["selection"] == "1"
    assert "caps leaves 0.45 (caps wants it)" in told.text
    assert not desk.state.manual
    desk.lane.put(CAP, 0.45)
    assert not desk.scan(wish(action, 0.45, "caps"), after_s=0.5).commands
    turn = desk.scan(wish(action, 0.45, "caps"), inbox=(person("2", 0.45),))
    assert next(e.name for e in turn.events) == "setpoint_taken"


def test_a_person_comes_before_what_a_controller_would_only_prefer() -> None:
    desk = Desk()
    bound, liked = wish("max", 0.9, "safety"), wish("prefer", 0.2, "thrift")
    assert desk.scan(bound, liked).commands[0].value == 0.2
    desk.lane.put(CAP, 0.2)
    turn = desk.scan(bound, liked, inbox=(person("1", 0.7),), after_s=0.5)
    assert [(c.value, c.owner) for c in turn.commands] == [(0.7, "kim")]
    desk.lane.put(CAP, 0.7)
    turn = desk.scan(bound, liked, inbox=(person("2", 0.0, "release"),), after_s=0.5)
    assert [(c.value, c.owner) for c in turn.commands] == [(0.2, "thrift")]


def test_a_released_set_point_that_nobody_wants_goes_back_to_what_it_was() -> None:
    desk = Desk()
    desk.lane.put(CAP, 0.9)
    desk.scan(inbox=(person("1", 0.5),))
    desk.lane.put(CAP, 0.5)
    desk.scan(inbox=(person("2", 0.4),), after_s=0.5)
    desk.lane.put(CAP, 0.4)
    turn = desk.scan(inbox=(person("3", 0.0, "release"),), after_s=0.5)
    assert [e.name for e in turn.events if e.fields.get("selection")] == ["setpoint_taken"]
    assert [c.value for c in turn.commands] == [0.9]
    (again,) = desk.scan(after_s=1.1).commands
    assert again.value == 0.9, "until it is seen"
    desk.lane.put(CAP, 0.9)
    desk.scan(after_s=0.5)
    assert not any(desk.scan().commands for _ in range(30))
    assert not desk.state.left


def test_a_released_set_point_is_the_controllers_where_they_want_one() -> None:
    desk = Desk()
    desk.scan(wish("max", 1.0), inbox=(person("1", 0.5),))
    desk.lane.put(CAP, 0.5)
    turn = desk.scan(wish("max", 0.6), inbox=(person("2", 0.0, "release"),), after_s=0.5)
    assert [(c.value, c.owner) for c in turn.commands] == [(0.6, "a")]
    assert not desk.state.left


def test_what_was_not_known_before_is_left_alone() -> None:
    desk = Desk()
    desk.lane.spoil("ROW-1")
    desk.scan(inbox=(person("1", 0.5),))
    desk.lane.put(CAP, 0.5)
    assert not desk.scan(inbox=(person("2", 0.0, "release"),), after_s=0.5).commands


def person(number: str, value: float, action: str = "set") -> OperatorRequest:
    return OperatorRequest(number, "kim", wish(action, value))


def test_a_repeated_or_impossible_request_is_not_taken() -> None:
    desk = Desk()
    desk.scan(inbox=(OperatorRequest("1", "kim", wish("set", 0.8)),))
    desk.scan(inbox=(OperatorRequest("1", "kim", wish("set", 0.2)),))
    assert desk.state.manual[CAP].value == 0.8
    turn = desk.scan(inbox=(OperatorRequest("2", "kim", wish("set", 1.8)),))
    assert turn.events[0].name == "setpoint_refused"
    assert desk.state.manual[CAP].value == 0.8


# -- what a word becomes, look by look -------------------------------------------------------------


VIEW = Desk().view()
NOW_NS = VIEW.now_ns
WORD = Sent(0.5, NOW_NS - SECOND, "a")
ACTUATOR = arbitration._Actuator(0, 0.0, 1.0, 0.01, readable=True, patience_ns=0)


def ago(seconds: float) -> int:
    return NOW_NS - ns(seconds)


LATELY = ((0.3, ago(0.9)), (0.35, ago(0.6)), (0.3, ago(0.5)))
OLD = (0.2, ago(1.0))


@pytest.mark.parametrize(
    ("read", "memory", "heeded"),
    [
        (None, {}, {}),
        (None, {"waits_ns": ago(5.0), "lately": LATELY}, {"waits_ns": NOW_NS, "lately": LATELY}),
        (0.5, {"unanswered": 2, "waits_ns": ago(0.1), "lately": LATELY}, {}),
        (0.509, {"lately": LATELY}, {}),
        (0.4, {"lately": (OLD, *LATELY)}, {"waits_ns": NOW_NS, "lately": LATELY}),
        (0.4, {"waits_ns": ago(0.999)}, {"waits_ns": ago(0.999)}),
        (
            0.4,
            {"waits_ns": ago(1.0), "unanswered": 1, "lately": (OLD, *LATELY)},
            {"waits_ns": NOW_NS, "unanswered": 2, "lately": LATELY},
        ),
        (
            0.3,
            {"waits_ns": ago(2.0), "unanswered": 1, "lately": (OLD, *LATELY)},
            {"waits_ns": ago(0.5), "lately": LATELY},
        ),
        (0.35, {"waits_ns": ago(2.0), "lately": LATELY}, {"waits_ns": ago(0.6), "lately": LATELY}),
        (0.2, {"waits_ns": ago(0.2), "lately": (OLD,)}, {"waits_ns": ago(0.2)}),
    ],
)
def test_a_word_is_followed_by_who_shows_it_or_one_of_the_last(
    read: float | None, memory: dict[str, Any], heeded: dict[str, Any]
) -> None:
    last = WORD._replace(**memory)
    found = arbitration._heeded(VIEW, ACTUATOR, read, last, PARAMS)
    assert found == WORD._replace(**heeded)


@pytest.mark.parametrize(
    ("before", "value", "word"),
    [
        (None, 0.5, {"waits_ns": NOW_NS}),
        ({}, 0.5, {"waits_ns": NOW_NS}),
        ({"waits_ns": 7, "unanswered": 2}, 0.5, {"waits_ns": 7, "unanswered": 2}),
        ({"lately": (OLD,)}, 0.5, {"waits_ns": NOW_NS, "lately": (OLD,)}),
        (
            {"value": 0.4, "lately": (OLD, *LATELY)},
            0.5,
            {"waits_ns": NOW_NS, "lately": (*LATELY, (0.4, NOW_NS))},
        ),
    ],
)
def test_a_word_that_goes_out_remembers_those_before_it(
    before: dict[str, Any] | None, value: float, word: dict[str, Any]
) -> None:
    last = None if before is None else WORD._replace(**before)
    sent = arbitration._word(VIEW, Target(value, "b", ""), last, PARAMS)
    assert sent == WORD._replace(at_ns=NOW_NS, owner="b", **word)


@pytest.mark.parametrize(
    ("actuator", "read", "value", "age_s", "due"),
    [
        ({}, 0.9, 0.9, 0.299, False),
        ({}, 0.9, 0.9, 0.3, True),
        ({}, 0.9, 0.506, 0.3, True),
        ({}, 0.504, 0.504, 99.0, False),
        ({}, None, 0.5, 99.0, False),
        ({}, None, 0.5, None, True),
        ({}, 0.4, 0.5, None, True),
        ({}, 0.5, 0.5, None, False),
        ({}, 0.4, 0.5, 1.0, True),
        ({}, 0.4, 0.5, 0.999, False),
        ({"patience_ns": ns(3.0)}, 0.5, 0.5, 1.0, True),
        ({"patience_ns": ns(3.0)}, 0.5, 0.5, 0.999, False),
        ({"patience_ns": ns(3.0)}, 0.5, 0.5, None, False),
        ({"readable": False}, None, 0.5, 10.0, True),
        ({"readable": False}, None, 0.5, 9.999, False),
        ({"readable": False}, 0.4, 0.5, 5.0, False),
        ({"readable": False}, 0.5, 0.5, None, True),
    ],
)
def test_a_word_is_due_when_it_changes_is_not_shown_or_would_be_missed(
    actuator: dict[str, Any], read: float | None, value: float, age_s: float | None, due: bool
) -> None:
    last = None if age_s is None else WORD._replace(at_ns=ago(age_s))
    device = ACTUATOR._replace(**actuator)
    assert arbitration._due(VIEW, device, read, value, last, PARAMS) is due


def test_what_a_scan_does_not_change_stays_the_same_and_what_cannot_be_written_is_no_actuator() -> (
    None
):
    desk = Desk()
    desk.scan(wish("max", 1.0))
    before = desk.state
    turn = desk.scan(wish("max", 1.0), Proposal("ROW-1", "power_w", "set", 1.0, "a", ""))
    assert desk.state is before
    assert not turn.commands
    (command,) = desk.scan(wish("max", 0.45)).commands
    assert command.expires_at_ns - command.issued_at_ns == ns(PARAMS.lifetime_s)


def test_rounding_of_a_read_back_is_no_other_value() -> None:
    scale = 0.0001
    for shown, corrected in ((0.45 + 1.4 * scale, False), (0.45 + 1.6 * scale, True)):
        desk = Desk()
        desk.lane.put(CAP, shown)
        assert bool(desk.scan(wish("max", 0.45)).commands) is corrected


# -- persons ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equipment", "point", "action", "value", "why"),
    [
        ("X-9", "power_cap_pu", "set", 0.5, "unknown_equipment"),
        ("ROW-1", "power_cap", "set", 0.5, "unknown_point"),
        ("ROW-1", "power_w", "set", 0.5, "unknown_point"),
        ("ROW-1", "power_w", "release", 0.0, "unknown_point"),
        ("ROW-1", "power_cap_pu", "close", 0.5, "unknown_action"),
        ("ROW-1", "power_cap_pu", "release", 0.0, "not_held"),
        ("ROW-1", "power_cap_pu", "set", float("nan"), "not_a_number"),
        ("ROW-1", "power_cap_pu", "set", float("inf"), "not_a_number"),
        ("ROW-1", "power_cap_pu", "set", 1.0001, "out_of_range"),
        ("ROW-1", "power_cap_pu", "set", -0.0001, "out_of_range"),
        ("ROW-1", "power_cap_pu", "set", 0.0, ""),
        ("ROW-1", "power_cap_pu", "set", 1.0, ""),
        ("52-VCB-MA", "command", "open", 0.0, None),
        ("ROW-1", "command", "shutdown", 0.0, None),
    ],
)
def test_a_set_point_is_refused_by_name_and_what_is_none_is_left_to_others(
    equipment: str, point: str, action: str, value: float, why: str | None
) -> None:
    desk = Desk()
    asked = OperatorRequest("1", "kim", Proposal(equipment, point, action, value, "kim", "asked"))
    word = LaneMessage("switching", "supply", {})
    events = desk.scan(inbox=(word, asked)).events
    assert [e.fields.get("interlock", "") for e in events] == ([] if why is None else [why])
    assert all(e.fields["user"] == "kim" for e in events)
    assert bool(desk.state.manual) is (why == "")
    assert desk.state.taken == (("1",) if why == "" else ())


def test_a_person_is_told_what_was_set_and_what_was_released() -> None:
    desk = Desk()
    (told,) = desk.scan(inbox=(person("1", 0.5),)).events
    assert told.text == "ROW-1.power_cap_pu set to 0.5 by kim: a wants it"
    assert told.fields["user"] == "kim"
    told = desk.scan(inbox=(person("2", 0.0, "release"),)).events[0]
    assert told.text == "ROW-1.power_cap_pu released by kim: a wants it"


def test_who_releases_and_sets_at_once_goes_back_to_what_was_before_both() -> None:
    desk = Desk()
    desk.lane.put(CAP, 0.9)
    desk.scan(inbox=(person("1", 0.5),))
    desk.lane.put(CAP, 0.5)
    desk.scan(inbox=(person("2", 0.0, "release"), person("3", 0.4)), after_s=0.5)
    assert desk.state.manual[CAP] == Manual(0.4, "kim", "a wants it", 0.9)
    assert not desk.state.left


def test_what_goes_back_is_told_though_it_cannot_be_seen_and_yields_to_a_person() -> None:
    desk = Desk()
    desk.lane.put(CAP, 0.9)
    desk.scan(inbox=(person("1", 0.5),))
    desk.lane.spoil("ROW-1")
    (command,) = desk.scan(inbox=(person("2", 0.0, "release"),), after_s=0.5).commands
    assert (command.value, command.owner) == (0.9, "arbitration")
    assert desk.state.left
    (command,) = desk.scan(inbox=(person("3", 0.6),), after_s=0.5).commands
    assert (command.value, command.owner) == (0.6, "kim")
    assert not desk.state.left


def test_what_cannot_be_read_back_is_told_once_to_go_back() -> None:
    """There is no such device on our sites: one loses its read-back."""
    desk = Desk()
    desk.lane.put(CAP, 0.9)
    view = desk.view()
    key = ("ROW-1", "power_cap_pu")
    blind = {key: arbitration._actuators(view.site, view.points)[key]._replace(readable=False)}
    held = Manual(0.5, "kim", "", 0.7)
    left = arbitration._left(view, State(manual={CAP: held}), {}, {}, blind)
    assert left[CAP].value == 0.7
    assert arbitration._left(view, State(left=left), {}, {}, blind) == {}
