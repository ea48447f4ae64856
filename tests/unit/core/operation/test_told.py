"""What those are told who wait for a device: who has it, why, and what they may do."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from daemon.core.operation import Params
from daemon.core.operation.selection import needs_approval
from daemon.core.operation.task import Stage
from daemon.model.commands import OperatorRequest, Result
from tests.hall import CLOSED, OPEN, params
from tests.unit.core.operation.desk import (
    BREAKER,
    Desk,
    approve,
    ask,
    cancel,
    operate,
    select,
    wish,
)


@pytest.fixture
def desk() -> Desk:
    """Return a desk where nobody has to approve anything."""
    return Desk()


def test_who_displaces_a_selection_is_named_the_automaton_or_the_other_lane() -> None:
    desk = Desk()
    desk.scan(inbox=(select(),))
    desk.scan(wish("open"))
    (told,) = desk.happened("command_cancelled")
    assert (told.fields["user"], told.fields["owner"]) == ("CCTS-1", "maria")
    other = Desk()
    asked = OperatorRequest("m1", "lane:main", wish("open"))
    other.scan(inbox=(select(), asked))
    (told,) = other.happened("command_cancelled")
    assert told.fields["user"] == "lane:main"


def test_a_selection_that_ran_out_is_told_as_the_one_who_made_it_knows_it(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    desk.scans(501)
    (told,) = desk.happened("selection_expired")
    assert told.text == f"{BREAKER} open: selection of maria expired (nobody operated it in time)"


def test_a_person_who_is_refused_is_rid_of_it_in_the_same_scan(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(inbox=(operate(),))
    assert desk.refused() == ["local"]
    assert not desk.state.tasks


def test_a_reset_of_a_device_is_done_and_one_of_a_scheme_is_left_to_the_scheme(desk: Desk) -> None:
    desk.scan(inbox=(ask("reset", "r1", "CCTS-1"),))
    assert not desk.events
    desk.scan(inbox=(ask("reset", "r2"),))
    (command,) = desk.commands
    assert (command.equipment, command.action) == (BREAKER, "reset")


@pytest.mark.parametrize("action", ["set", "release"])
def test_a_set_point_of_a_person_is_none_of_the_path(desk: Desk, action: str) -> None:
    desk.scan(inbox=(ask(action, "r1", "ESS-1"),))
    assert not desk.events
    assert not desk.commands


@pytest.mark.parametrize(
    ("row", "approved_by_two", "offered"),
    [("last_feed", True, True), ("last_feed", False, False), ("local", True, False)],
)
def test_setting_aside_is_offered_where_it_is_possible(
    row: str, approved_by_two: bool, offered: bool
) -> None:
    desk = Desk(second_approver=("bypass",) if approved_by_two else ())
    desk.hall.positions["72-B1"] = OPEN
    if row == "local":
        desk.hall.said["72-A1", "local"] = 1.0
    desk.scan(inbox=(select("open", "72-A1"),))
    assert desk.refused() == [row]
    assert ("set it aside" in desk.events[-1].text) is offered


@pytest.mark.parametrize(
    ("kind", "voltage_v", "needed"),
    [("ac", 999.0, ""), ("ac", 1000.0, "breaker_close"), ("dc", 1500.0, "")],
)
def test_medium_voltage_is_alternating_current_of_a_thousand_volts(
    kind: str, voltage_v: float, needed: str
) -> None:
    site = params().site
    bus = replace(site.buses["LVA1"], kind=kind, voltage_v=voltage_v)
    site = replace(site, buses=MappingProxyType({**site.buses, "LVA1": bus}))
    two = Params(second_approver=("breaker_close",))
    assert needs_approval(site, wish("close", "52-ACB-TA"), (), two) == needed
    assert needs_approval(site, wish("open", "52-ACB-TA"), (), two) == ""
    assert needs_approval(site, wish("close", "LVA1"), (), two) == ""


def test_the_holder_of_a_device_is_named_by_the_time_that_is_left() -> None:
    desk = Desk(second_approver=("breaker_close",))
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, "52-VCB-TIE": OPEN}
    desk.scan(inbox=(select("close", "52-VCB-TIE"), select(id="s2", user="jan")))
    desk.scans(100)
    desk.scan(inbox=(select("close", "52-VCB-TIE", id="s3"), select(id="s4")))
    texts = [event.text for event in desk.happened("command_refused")]
    assert "for 59 s more" in texts[0]
    assert "jan has selected it to open, for 4 s more" in texts[1]


def test_whoever_stands_in_the_way_is_named() -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.scan(wish("close"), inbox=(select("close"),))
    assert "CCTS-1 has selected it to close" in desk.events[-1].text
    again = Desk()
    again.scan(wish("reset"), inbox=(select(),))
    assert "CCTS-1 wants it to reset" in again.events[-2].text


def test_a_person_is_told_why_an_action_gave_way_to_an_automaton(desk: Desk) -> None:
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(inbox=(ask("close"),))
    desk.hall.positions[BREAKER] = 0
    desk.scan(wish("open"))
    (told,) = desk.happened("command_failed")
    assert "CCTS-1 wants it to open" in told.text
    assert told.fields["user"] == "maria"


def test_what_is_done_already_when_a_person_operates_it_is_told(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(inbox=(operate(),))
    assert desk.refused() == ["done_already"]
    assert not desk.commands


def test_an_automatons_wish_that_holds_already_is_no_news(desk: Desk) -> None:
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(3, wish("open"))
    assert not desk.events
    assert not desk.commands


def test_commands_of_one_scan_have_numbers_of_their_own(desk: Desk) -> None:
    desk.scan(wish("open"), wish("open", "52-MCCB-CB"))
    assert [command.id for command in desk.commands] == [1, 2]
    assert {task.command_id for task in desk.state.tasks.values()} == {1, 2}


def test_what_waits_for_its_interlocks_is_given_up_when_nobody_wants_it(desk: Desk) -> None:
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(wish("open"))
    desk.scan()
    desk.hall.said[BREAKER, "local"] = 0.0
    desk.scan()
    assert not desk.commands
    assert not desk.state.tasks


def test_what_nobody_answers_in_time_is_not_sent_again(desk: Desk) -> None:
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.scans(60, wish("close"))
    desk.scan(wish("close"), inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.positions[BREAKER] = CLOSED
    desk.scans(3, wish("close"))
    assert len(desk.commands) == 1


def test_what_is_so_already_asks_no_interlock(desk: Desk) -> None:
    desk.hall.positions[BREAKER] = OPEN
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scans(2, wish("open"))
    assert not desk.events


def test_an_automaton_is_named_in_what_it_was_refused(desk: Desk) -> None:
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(wish("open"))
    (told,) = desk.happened("command_refused")
    assert told.fields["owner"] == "CCTS-1"


def test_the_other_lane_is_named_to_whom_it_stands_in_the_way(desk: Desk) -> None:
    desk.scan(inbox=(OperatorRequest("m1", "lane:main", wish("open")), select()))
    (told,) = desk.happened("command_refused")
    assert "lane:main wants it to open" in told.text


def test_a_person_may_try_what_an_automaton_gave_up_in_the_same_scan(desk: Desk) -> None:
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.scan(wish("close"), inbox=(desk.answer(Result.REFUSED),))
    desk.scan(inbox=(select("close"),))
    assert desk.refused() == []
    assert desk.happened("command_selected")


@pytest.mark.fault("F38")
def test_what_was_told_to_close_stands_in_the_way_of_the_next_until_it_is_done() -> None:
    desk = Desk()
    tie, storage = "52-VCB-TIE", "52-VCB-EA"
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, tie: OPEN, storage: OPEN}
    desk.scan(wish("close", tie))
    desk.scan(wish("close", tie), wish("close", storage))
    assert [command.equipment for command in desk.commands] == [tie]
    assert desk.refused() == ["closing_nearby"]
    desk.hall.positions[tie] = CLOSED
    desk.scans(3, wish("close", tie), wish("close", storage))
    assert [command.equipment for command in desk.commands] == [tie, storage]


@pytest.mark.parametrize(("action", "said"), [("open", "seen to"), ("reset", "acknowledged to")])
def test_what_is_seen_and_what_is_only_acknowledged_are_told_apart(
    desk: Desk, action: str, said: str
) -> None:
    desk.scan(wish(action))
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish(action), inbox=(desk.answer(Result.ACKNOWLEDGED),))
    (told,) = desk.happened("command_verified")
    assert told.text.startswith(f"{BREAKER} {said} {action}")


def test_what_became_of_a_selection_is_told_to_who_comes_late(desk: Desk) -> None:
    desk.scan(inbox=(select(), cancel(), operate()))
    assert "is over (cancelled)" in desk.events[-1].text
    desk.scan(inbox=(select(id="s2"),))
    desk.scan(wish("open"), inbox=(operate(id="s2"),))
    assert "is over (displaced by an automaton)" in desk.happened("command_refused")[-1].text


def test_both_persons_stand_behind_what_was_done() -> None:
    desk = Desk(second_approver=("breaker_close",))
    tie = "52-VCB-TIE"
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, tie: OPEN}
    desk.scan(inbox=(select("close", tie), approve(), operate()))
    (sent,) = desk.happened("command_sent")
    behind = {name: sent.fields[name] for name in ("selection", "user", "approver", "owner")}
    assert behind == {"selection": "s1", "user": "maria", "approver": "jan", "owner": "maria"}


# -- who asks once and loses a race ----------------------------------------------------------------


def asked(action: str, number: str = "m1") -> OperatorRequest:
    """Return what the other lane asks for, once."""
    return OperatorRequest(number, "lane:main", wish(action))


def test_what_the_other_lane_asked_for_and_never_left_is_told() -> None:
    """It asked once: nobody would ask the interlocks again."""
    desk = Desk()
    desk.scan(inbox=(asked("open"),))
    desk.scan(inbox=(desk.answer(Result.EXPIRED),))
    desk.scans(5)
    (told,) = desk.happened("command_failed")
    assert told.fields["owner"] == "lane:main"
    assert not desk.state.tasks


def test_what_the_other_lane_asks_for_as_an_automaton_gives_up_is_told_to_the_device() -> None:
    desk = Desk()
    desk.scan(wish("open"))
    desk.scan(wish("open"), inbox=(desk.answer(Result.REFUSED),))
    assert desk.state.tasks[BREAKER].stage is Stage.FAILED
    desk.scan(inbox=(asked("open"),))
    assert [c.owner for c in desk.commands] == ["CCTS-1", "lane:main"]


def test_the_other_lane_is_told_why_its_close_gave_way_to_an_automaton() -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(inbox=(asked("close"),))
    desk.hall.positions[BREAKER] = 0
    desk.scan(wish("open"))
    (told,) = desk.happened("command_failed")
    assert told.text == f"{BREAKER} did not close (CCTS-1 wants it to open)"
    assert told.fields["owner"] == "lane:main"


@pytest.mark.parametrize("by_person", [True, False])
def test_an_automaton_that_finds_its_device_taken_is_heard_when_it_is_free(
    desk: Desk, by_person: bool
) -> None:
    """It goes on wanting, behind a person as behind another automaton."""
    first = () if by_person else (wish("open"),)
    second = replace(wish("close"), owner="CCTS-2")
    desk.scan(*first, inbox=(ask("open"),) if by_person else ())
    desk.scan(*first, second, inbox=(desk.answer(Result.ACKNOWLEDGED),))
    assert [c.action for c in desk.commands] == ["open"]
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(3, second)
    assert [(c.action, c.owner) for c in desk.commands[1:]] == [("close", "CCTS-2")]
