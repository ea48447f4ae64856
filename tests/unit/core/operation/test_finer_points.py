"""What a sceptic asks of the command path: who is named, what still counts, what is forgotten."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from daemon.core.facts import Undone
from daemon.core.operation import path
from daemon.core.operation.selection import obeys
from daemon.core.operation.task import Stage, Task
from daemon.model.commands import OperatorRequest, Proposal, Result
from daemon.model.plant import MainTieMainScheme
from daemon.model.points import tabulate
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.generation.looks import look
from tests.unit.core.interlocks.test_rows import outage
from tests.unit.core.operation.desk import (
    BREAKER,
    Desk,
    approve,
    cancel,
    operate,
    select,
    wish,
)
from tests.unit.core.operation.test_times import moved, task

TIE = "52-VCB-TIE"


def failing(desk: Desk, action: str, equipment: str = BREAKER) -> None:
    """Let a device refuse what it is told."""
    desk.scan(wish(action, equipment))
    desk.scan(wish(action, equipment), inbox=(desk.answer(Result.REFUSED),))


def test_an_automaton_is_named_as_the_owner_of_what_is_sent() -> None:
    desk = Desk()
    desk.scan(wish("open"))
    (sent,) = desk.happened("command_sent")
    assert sent.fields["owner"] == desk.commands[0].owner == "CCTS-1"


@pytest.mark.parametrize("action", ["open", "reset"])
def test_what_is_sent_is_told_to_do_it_whether_it_can_be_seen_or_not(action: str) -> None:
    desk = Desk()
    desk.scan(wish(action))
    assert desk.events[-1].text == f"{BREAKER} told to {action} (test)"


def test_only_the_switching_lane_tells_the_other_what_was_left_undone() -> None:
    for lane, device in (("switching", BREAKER), ("main", "ROW-1")):
        desk = Desk(lane)
        failing(desk, "open" if lane == "switching" else "shutdown", device)
        assert bool(desk.told) is (lane == "switching")
        assert desk.state.undone


def test_what_shows_nothing_is_never_left_undone() -> None:
    desk = Desk()
    failing(desk, "reset")
    assert desk.happened("command_failed")
    assert not desk.state.undone


def test_the_command_of_a_device_is_an_action_and_no_other_point_of_it() -> None:
    site = Desk().hall.params.site
    assert obeys(site, wish("open"))
    assert not obeys(site, replace(wish("open"), point="position"))
    assert not obeys(site, wish("set"))
    assert not obeys(site, wish("open", "nobody"))


# -- what an opening overtakes ---------------------------------------------------------------------


def test_after_a_close_that_was_done_a_breaker_that_shows_open_is_open() -> None:
    """It tripped since: to tell it to open would be a wear for nothing."""
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.scan(wish("close"), inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.positions[BREAKER] = CLOSED
    desk.scan(wish("close"))
    assert desk.state.tasks[BREAKER].stage is Stage.VERIFIED
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(3, wish("open"))
    assert [command.action for command in desk.commands] == ["close"]


def test_what_only_waited_was_never_told_and_needs_no_undoing() -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(wish("close"))
    desk.hall.said[BREAKER, "local"] = 0.0
    desk.scans(3, wish("open"))
    assert not desk.commands


@pytest.mark.parametrize("answer", [Result.REFUSED, None])
def test_after_a_close_that_may_yet_come_an_opening_is_told_and_then_believed(
    answer: Result | None,
) -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    desk.scan(wish("close"))
    desk.scan(wish("close"), inbox=(desk.answer(answer),) if answer else ())
    desk.scan(wish("open"))
    assert [command.action for command in desk.commands] == ["close", "open"]
    desk.scan(wish("open"))
    assert desk.state.tasks[BREAKER].stage is Stage.VERIFIED


def test_who_displaces_what_a_person_operated_is_named_whoever_it_is() -> None:
    for inbox, who in (
        ((), "CCTS-1"),
        ((OperatorRequest("m", "lane:main", wish("open")),), "lane:main"),
    ):
        desk = Desk()
        desk.hall.positions[BREAKER] = OPEN
        desk.scan(inbox=(select("close"), operate()))
        desk.hall.positions[BREAKER] = 0
        desk.scan(*([] if inbox else [wish("open")]), inbox=inbox)
        (told,) = desk.happened("command_failed")
        assert told.text == f"{BREAKER} did not close ({who} wants it to open)"


# -- the spring ------------------------------------------------------------------------------------


def test_a_breaker_without_word_of_its_spring_is_told_again_at_once() -> None:
    desk = Desk()
    desk.hall.positions[BREAKER] = OPEN
    assert desk.hall.params.points.find(BREAKER, "spring_charged") is None
    one = task("close", BREAKER, Stage.RECHARGING)
    assert moved(desk.hall, one, 0.01)[0] is Stage.SELECTED


# -- what is told of a selection -------------------------------------------------------------------


def test_a_refusal_by_interlock_tells_what_would_have_been_lost() -> None:
    desk = Desk()
    desk.hall.positions["72-B1"] = OPEN
    desk.scan(inbox=(select("open", "72-A1"),))
    (told,) = desk.happened("command_refused")
    assert told.fields["lost"] == ("ROW-1",)
    assert told.fields["overloaded"] == ()
    desk.scan(inbox=(select("open", "nobody", id="s2"),))
    assert desk.happened("command_refused")[-1].fields["lost"] == ()


def test_a_refusal_says_whether_what_it_is_about_still_stands() -> None:
    desk = Desk(second_approver=("breaker_close",))
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, TIE: OPEN}
    desk.scan(inbox=(select("close", TIE),))

    def standing() -> list[bool]:
        return [e.fields["standing"] for e in desk.happened("command_refused")]

    desk.scan(inbox=(operate(),))
    assert standing() == [True], "it waits for its approval still"
    desk.scan(inbox=(approve(id="s9"),))
    assert standing()[1:] == [False], "there never was one of that id"
    desk.scan(inbox=(cancel(), operate()))
    assert standing()[2:] == [True], "what became of it stays as it is"


def test_a_consequence_that_has_changed_ends_the_selection() -> None:
    desk = Desk()
    desk.scan(inbox=(select("open", "72-A1"),))
    desk.hall.positions["72-B1"] = OPEN
    desk.scan(inbox=(operate(),))
    (told,) = desk.happened("command_refused")
    assert told.fields["interlock"] == "consequence_changed"
    assert told.fields["standing"] is False
    assert not desk.state.chosen
    assert not desk.commands


def test_a_scheme_need_not_be_called_like_its_controller() -> None:
    desk = Desk()
    outage(desk.hall)
    site = desk.hall.params.site
    (one,) = (s for s in site.schemes.values() if isinstance(s, MainTieMainScheme))
    schemes = MappingProxyType({"board": replace(one, id="board")})
    site = replace(site, schemes=schemes)
    desk.hall.params = replace(desk.hall.params, site=site, points=tabulate(site))
    order = Proposal("board", "command", "black_start", 0.0, "maria", "by hand")
    desk.scan(inbox=(replace(select(), proposal=order), operate()))
    assert [asked.proposal.action for asked in desk.orders] == ["black_start"]
    assert not desk.refused()


@pytest.mark.parametrize(
    ("action", "stage", "attempts", "vain"),
    [
        ("close", Stage.FAILED, 1, True),
        ("close_in_sync", Stage.FAILED, 2, True),
        ("open", Stage.FAILED, 1, False),
        ("close", Stage.FAILED, 0, False),
        ("close", Stage.VERIFIED, 1, False),
        ("close", Stage.GONE, 1, False),
    ],
)
def test_only_a_close_that_was_told_and_not_seen_done_was_in_vain(
    action: str, stage: Stage, attempts: int, vain: bool
) -> None:
    assert path._in_vain(Task(wish(action), "", stage, 0, attempts=attempts)) is vain


def test_what_was_left_undone_is_a_fact_of_the_main_lane_and_a_word_of_the_other() -> None:
    switching = look(Hall())
    main, undone = replace(switching, lane="main"), {"CH-1": "open", "CH-2": "stop"}
    assert path._facts(switching, (), (), undone) is None
    facts = path._facts(main, (), (), undone)
    assert facts == {"commands": Undone(("CH-1",), ("CH-2",))}
    known = replace(main, facts=replace(main.facts, commands=Undone(("CH-1",), ("CH-2",))))
    assert path._facts(known, (), (), undone) is None
    assert path._facts(known, (), (), {}) == {"commands": Undone()}
    assert path._facts(main, (BREAKER,), (), {}) == {"not_closed": (BREAKER,)}


@pytest.mark.parametrize(
    ("action", "equipment", "counted"),
    [
        ("start", "DG-2", True),
        ("test", "DG-2", True),
        ("to_source_2", "ATS-M1", True),
        ("open", BREAKER, False),
        ("stop", "DG-2", False),
    ],
)
def test_what_wears_a_device_out_is_counted_when_it_is_told(
    action: str, equipment: str, counted: bool
) -> None:
    desk = Desk()
    if action == "stop":
        desk.hall.stages["DG-2"] = "ready"
    desk.scan(wish(action, equipment))
    assert [c.action for c in desk.commands] == [action]
    stamps = (desk.commands[0].issued_at_ns,)
    assert desk.state.operated == ({equipment: stamps} if counted else {})
