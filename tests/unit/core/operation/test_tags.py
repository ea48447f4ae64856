"""A person hangs a maintenance tag and takes it off, in two steps like anything else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core import tags
from daemon.model.commands import HANG, TAG, TAKE_OFF, LaneMessage, OperatorRequest
from tests.hall import CLOSED, OPEN
from tests.unit.core.operation.desk import BREAKER, Desk, approve, operate, select, wish

if TYPE_CHECKING:
    from daemon.model.commands import Selection

MARIAS = {BREAKER: {"maria": "by hand"}}


def tag(
    action: str = HANG, equipment: str = BREAKER, id: str = "s1", user: str = "maria"
) -> Selection:
    """Return the selection of a tag to be hung or taken off."""
    one = select(action, equipment, id, user)
    return replace(one, proposal=replace(one.proposal, point=TAG))


def hung(desk: Desk) -> Desk:
    """Return a desk at which one tag has been hung."""
    desk.scan(inbox=(tag(), operate()))
    assert desk.facts.tags == MARIAS
    return desk


def test_a_tag_is_selected_operated_and_over() -> None:
    desk = Desk()
    desk.scan(inbox=(tag(),))
    assert desk.facts.tags == {}
    desk.scan(inbox=(operate(),))
    assert desk.facts.tags == MARIAS
    assert desk.names() == ["command_selected", "command_operated", "command_verified"]
    assert not desk.commands
    assert not desk.orders
    desk.scan(inbox=(tag(TAKE_OFF, id="s2"), operate(id="s2")))
    assert desk.facts.tags == {}


def test_worker_and_main_lane_are_told_of_a_change_and_only_then() -> None:
    desk = Desk()
    desk.scan(inbox=(tag(),))
    assert not [*desk.turn.messages, *desk.turn.requests]
    desk.scan(inbox=(operate(),))
    assert desk.turn.messages == (LaneMessage("switching", tags.TOPIC, MARIAS),)
    assert [r.function for r in desk.turn.requests] == [tags.KEEP]
    desk.scan()
    assert not [*desk.turn.messages, *desk.turn.requests]


def test_what_a_person_signs_alone_is_hung_at_once() -> None:
    desk = Desk()
    desk.scan(inbox=(OperatorRequest("r1", "maria", tag().proposal),))
    assert desk.facts.tags == MARIAS


def test_a_tag_is_hung_while_an_automaton_wants_the_device_and_then_holds_it() -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(wish("close"))
    desk.scan(wish("close"), inbox=(tag(),))
    desk.scan(wish("close"), inbox=(operate(),))
    assert desk.facts.tags == MARIAS
    del desk.hall.said[BREAKER, "local"]
    desk.scans(5, wish("close"))
    assert desk.refused() == ["local", "maintenance"]
    assert not desk.commands


def test_a_persons_close_of_a_tagged_breaker_is_refused_at_selection() -> None:
    desk = hung(Desk())
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(inbox=(select("close", id="s2"),))
    assert desk.refused() == ["maintenance"]
    desk.hall.positions[BREAKER] = CLOSED
    desk.scan(inbox=(select("open", id="s3"), operate(id="s3")))
    assert [c.action for c in desk.commands] == ["open"]


def test_a_tag_hung_after_a_selection_holds_its_operation() -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(inbox=(select("close"),))
    desk.facts = replace(desk.facts, tags=MARIAS)
    desk.scan(inbox=(operate(),))
    assert desk.refused() == ["maintenance"]
    assert not desk.commands


def test_the_tag_of_somebody_else_is_taken_off_by_two() -> None:
    desk = hung(Desk())
    desk.scan(inbox=(tag(TAKE_OFF, id="s2", user="jan"), operate("jan", "s2")))
    assert desk.happened("command_selected")[-1].fields["needs_approval"] == "tag"
    assert desk.refused() == ["not_approved"]
    desk.scan(inbox=(approve("jan", "s2"),))
    assert desk.refused()[-1] == "same_approver"
    assert desk.facts.tags == MARIAS
    desk.scan(inbox=(approve("lee", "s2"), operate("jan", "s2")))
    assert desk.facts.tags == {}


def test_who_has_a_tag_there_takes_off_that_alone() -> None:
    desk = hung(Desk())
    desk.scan(inbox=(tag(id="s2", user="jan"), operate("jan", "s2")))
    desk.scan(inbox=(tag(TAKE_OFF, id="s3", user="jan"), operate("jan", "s3")))
    assert desk.facts.tags == MARIAS
    assert not desk.refused()


def test_a_tag_that_is_the_only_one_by_now_is_not_taken_off_unapproved() -> None:
    desk = hung(Desk())
    desk.scan(inbox=(tag(TAKE_OFF, id="s2"),))
    desk.facts = replace(desk.facts, tags={BREAKER: {"jan": "works"}})
    desk.scan(inbox=(operate(id="s2"),))
    assert desk.refused() == ["consequence_changed"]
    assert desk.facts.tags == {BREAKER: {"jan": "works"}}


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (tag(id="s2"), "done_already"),
        (tag(TAKE_OFF, "GT-1", "s2"), "done_already"),
        (tag(HANG, "M-UA", "s2"), "unknown_action"),
        (tag(HANG, "nothing", "s2"), "unknown_equipment"),
        (tag("close", id="s2"), "unknown_action"),
        (select(HANG, id="s2"), "unknown_action"),
        (tag(id="s2", user="lane:main"), "no_user"),
    ],
)
def test_a_tag_that_makes_no_sense_is_refused_by_name(order: Selection, why: str) -> None:
    desk = hung(Desk())
    desk.scan(inbox=(order,))
    assert desk.refused() == [why]
    assert desk.facts.tags == MARIAS


def test_a_tag_is_none_of_the_main_lanes() -> None:
    desk = Desk("main")
    desk.scan(inbox=(tag(HANG, "ESS-1"),))
    assert desk.refused() == ["foreign_device"]
