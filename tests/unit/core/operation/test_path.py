"""One way in for every switching action: at most once, verified by the plant, refused by name."""

from __future__ import annotations

import pytest

from daemon.core import operation
from daemon.core.operation.task import Stage
from daemon.model.commands import OperatorRequest, Result
from daemon.model.quantities import MILLISECOND, SECOND
from tests.hall import CLOSED, OPEN
from tests.unit.core.operation.desk import BREAKER, Desk, ask, select, wish


def test_a_wish_becomes_one_command_with_expiry_epoch_and_verdict() -> None:
    desk = Desk()
    desk.scans(30, wish("open"))
    (command,) = desk.commands
    assert (command.action, command.value, command.epoch) == ("open", 1.0, 7)
    assert 0 < command.expires_at_ns - command.issued_at_ns <= 5_000_000_000
    assert command.interlock == "passed"


def test_seen_to_happen_ends_it_and_the_standing_wish_sends_nothing_more() -> None:
    desk = Desk()
    desk.scan(wish("open"))
    desk.scan(wish("open"), inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(10, wish("open"))
    assert desk.names() == ["command_sent", "command_verified"]
    desk.hall.positions[BREAKER] = CLOSED
    desk.scans(10, wish("open"))
    assert len(desk.commands) == 1
    desk.scan()
    desk.scan()
    desk.scan(wish("open"))
    assert len(desk.commands) == 2


@pytest.mark.fault("F33")
@pytest.mark.parametrize("answer", [Result.ACKNOWLEDGED, Result.FAILED, None])
def test_a_breaker_that_does_not_open_is_told_within_300_ms_and_once(answer: Result | None) -> None:
    desk = Desk()
    desk.scan(wish("open"))
    sent_ns = desk.commands[0].issued_at_ns
    desk.scan(wish("open"), inbox=(desk.answer(answer),) if answer else ())
    desk.scans(100, wish("open"))
    (failure,) = [e for e in desk.events if e.name == "breaker_failure"]
    assert failure.at_ns - sent_ns <= 300 * MILLISECOND
    assert len(desk.commands) == 1


@pytest.mark.fault("F29", "F62")
def test_without_a_clear_answer_nothing_is_sent_again_and_the_position_decides() -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.scan(wish("close"), inbox=(desk.answer(Result.FAILED),))
    desk.scans(20, wish("close"))
    desk.hall.positions[BREAKER] = CLOSED
    desk.scans(5, wish("close"))
    assert desk.names() == ["command_sent", "command_verified"]
    assert len(desk.commands) == 1


@pytest.mark.fault("F34")
def test_a_missed_close_is_tried_once_more_and_only_with_a_charged_spring() -> None:
    desk = Desk()
    breaker = "52-VCB-TIE"
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, breaker: OPEN}
    close = wish("close", breaker)
    desk.scan(close)
    desk.scan(close, inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.said[breaker, "spring_charged"] = 0.0
    desk.scans(300, close)
    assert len(desk.commands) == 1
    desk.hall.said[breaker, "spring_charged"] = 1.0
    desk.scans(3, close)
    assert len(desk.commands) == 2
    assert desk.commands[1].id > desk.commands[0].id
    assert not desk.facts.not_closed
    desk.scans(500, close)
    assert len(desk.commands) == 2
    assert "command_failed" in desk.names()
    assert desk.facts.not_closed == (breaker,)
    desk.scans(2)
    assert not desk.facts.not_closed


def test_an_open_after_a_close_that_was_not_seen_is_sent_though_the_breaker_shows_open() -> None:
    desk = Desk()
    breaker = "52-VCB-TIE"
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, breaker: OPEN}
    close = wish("close", breaker)
    desk.scans(800, close)
    assert desk.facts.not_closed == (breaker,)
    desk.scans(3, wish("open", breaker))
    assert desk.commands[-1].action == "open"


def test_a_device_that_refuses_is_not_asked_again() -> None:
    desk = Desk()
    desk.scan(wish("open"))
    desk.scan(wish("open"), inbox=(desk.answer(Result.REFUSED),))
    desk.scans(50, wish("open"))
    assert len(desk.commands) == 1
    assert "command_failed" in desk.names()


@pytest.mark.parametrize("scans", [1, 30])
def test_a_command_that_never_left_the_queue_is_made_anew_and_checked_anew(scans: int) -> None:
    desk = Desk()
    desk.scan(wish("open"))
    desk.scans(scans, wish("open"))
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(wish("open"), inbox=(desk.answer(Result.EXPIRED),))
    desk.scans(5, wish("open"))
    assert len(desk.commands) == 1
    desk.hall.said[BREAKER, "local"] = 0.0
    desk.scan(wish("open"))
    assert len(desk.commands) == 2
    assert desk.commands[1].id > desk.commands[0].id


def test_a_queue_that_never_moves_is_given_up() -> None:
    desk = Desk()
    desk.scan(wish("open"))
    for _ in range(10):
        desk.scan(wish("open"), inbox=(desk.answer(Result.EXPIRED),))
        desk.scans(3, wish("open"))
    assert len(desk.commands) == 4
    assert "command_failed" in desk.names()


def test_a_refusal_is_named_once_and_the_wish_goes_through_when_the_cause_is_gone() -> None:
    desk = Desk()
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scans(20, wish("open"))
    (refusal,) = desk.events
    assert (refusal.name, refusal.fields["interlock"]) == ("command_refused", "local")
    desk.hall.said[BREAKER, "local"] = 0.0
    desk.scan(wish("open"))
    assert len(desk.commands) == 1


def test_a_selection_is_void_after_five_seconds() -> None:
    desk = Desk()
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scans(510, wish("open"))
    desk.hall.said[BREAKER, "local"] = 0.0
    desk.scans(50, wish("open"))
    assert not desk.commands


@pytest.mark.fault("F90", "F97")
def test_a_repeated_request_acts_once() -> None:
    desk = Desk()
    desk.hall.positions["52-MCCB-CB"] = CLOSED
    desk.scan(inbox=(ask("open"), ask("open")))
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(3)
    desk.hall.positions[BREAKER] = CLOSED
    desk.scan(inbox=(ask("open"),))
    assert len(desk.commands) == 1


def test_the_other_lane_does_not_get_a_device_that_an_automaton_of_this_one_wants() -> None:
    desk = Desk()
    asked = OperatorRequest("m1", "lane:main", wish("close"))
    desk.scan(wish("open"), inbox=(asked,))
    assert desk.refused() == ["selected"]
    assert [c.action for c in desk.commands] in ([], ["open"])
    desk.scan(wish("open"))
    assert [c.action for c in desk.commands] == ["open"]


def test_the_other_lane_is_heard_once_and_displaces_a_person() -> None:
    desk = Desk()
    asked = OperatorRequest("m1", "lane:main", wish("open"))
    desk.scan(inbox=(select(), asked))
    assert desk.names() == ["command_selected", "command_cancelled", "command_sent"]
    desk.scan(inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(3)
    desk.hall.positions[BREAKER] = CLOSED
    desk.scan(inbox=(asked,))
    assert [c.owner for c in desk.commands] == ["lane:main"]


@pytest.mark.fault("F93")
def test_one_selection_per_device_and_the_second_is_told_whose_it_is() -> None:
    desk = Desk()
    desk.scan(inbox=(ask("open", "r1"),))
    other = OperatorRequest("r2", "jan", ask("close").proposal)
    desk.scan(inbox=(other,))
    (refusal,) = [e for e in desk.events if e.name == "command_refused"]
    assert refusal.fields["interlock"] == "selected"
    assert "maria" in refusal.text
    assert len(desk.commands) == 1


@pytest.mark.parametrize("position", [0, OPEN])
def test_an_automatons_open_displaces_an_outstanding_close(position: int) -> None:
    """Where the breaker has not moved yet the close would still come."""
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.hall.positions[BREAKER] = position
    desk.scan(wish("open"))
    assert [c.action for c in desk.commands] == ["close", "open"]


@pytest.mark.parametrize(
    ("equipment", "action", "why"),
    [
        ("52-NONE", "open", "unknown_equipment"),
        ("R-MVA", "open", "unknown_action"),
        (BREAKER, "explode", "unknown_action"),
        ("TX-S-A1", "raise", "foreign_device"),
        ("SR-1", "shutdown", "foreign_device"),
        ("CCTS-1", "explode", "unknown_action"),
        ("STS", "reset", "unknown_action"),
    ],
)
@pytest.mark.parametrize("user", ["maria", "lane:main"])
def test_what_cannot_be_is_refused_and_changes_nothing(
    equipment: str, action: str, why: str, user: str
) -> None:
    desk = Desk()
    asked = OperatorRequest("r1", user, ask(action, equipment=equipment).proposal)
    if action != "reset":
        desk.scan(inbox=(asked,))
    else:
        desk.scan(inbox=(select(action, equipment),))
    (refusal,) = desk.events
    assert refusal.fields["interlock"] == why
    assert not desk.commands
    assert not desk.state.tasks


def test_a_person_is_refused_at_once_and_may_ask_again() -> None:
    desk = Desk()
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(inbox=(ask("open"),))
    desk.scans(2)
    assert not desk.state.tasks
    desk.hall.said[BREAKER, "local"] = 0.0
    desk.scan(inbox=(ask("open", "r2"),))
    assert len(desk.commands) == 1


@pytest.mark.fault("F33")
def test_the_main_lane_is_told_of_a_breaker_that_did_not_open_until_it_shows_open() -> None:
    desk = Desk()
    desk.scan(wish("open"))
    desk.scan(wish("open"), inbox=(desk.answer(Result.ACKNOWLEDGED),))
    while not desk.told:
        desk.scan(wish("open"))
        assert desk.hall.now_ns - desk.commands[0].issued_at_ns <= 200 * MILLISECOND
    desk.scans(300)
    assert desk.told == [{"not_opened": (BREAKER,), "not_done": ()}]
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(2)
    assert desk.told[1:] == [{"not_opened": (), "not_done": ()}]
    assert desk.state == operation.State()


@pytest.mark.fault("F12", "F29", "F34")
@pytest.mark.parametrize("shown", [CLOSED, OPEN])
def test_what_was_not_done_stands_until_it_is_or_something_else_is(shown: int) -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.scan(wish("close"), inbox=(desk.answer(Result.REFUSED),))
    desk.scans(3)
    assert desk.told == [{"not_opened": (), "not_done": (BREAKER,)}]
    desk.hall.positions[BREAKER] = shown
    desk.scans(3, wish("open"))
    assert len(desk.told) == 2
    assert desk.told[1] == {"not_opened": (), "not_done": ()}


def test_what_was_never_told_is_not_called_undone() -> None:
    """Its interlocks let it wait until it was given up: the device has nothing to answer for."""
    desk = Desk()
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(wish("open"))
    desk.hall.now_ns += 5 * SECOND
    desk.scans(2, wish("open"))
    assert desk.state.tasks[BREAKER].stage is Stage.FAILED
    assert not desk.commands
    assert desk.state.undone == {}


def test_an_action_that_nothing_shows_is_not_called_undone() -> None:
    desk = Desk()
    desk.scan(wish("reset"))
    desk.scan(wish("reset"), inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.scans(600, wish("reset"))
    assert desk.told == []
