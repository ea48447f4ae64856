"""A person selects, a second one approves, the first operates; anything else is refused by name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core import consequence, operation
from daemon.core.consequence import Consequence
from daemon.core.interlocks import INTERLOCKS, Case, Verdict, check, wear
from daemon.core.operation import task
from daemon.model.commands import OperatorRequest, Proposal, Result
from daemon.model.points import PointTable
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, TICK_NS
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

if TYPE_CHECKING:
    from daemon.model.commands import Message

ALL = ("breaker_close", "black_start", "bypass")
TIE = "52-VCB-TIE"


@pytest.fixture
def desk() -> Desk:
    """Return a desk where nobody has to approve anything."""
    return Desk()


def two_handed() -> Desk:
    """Return a desk that wants a second person, and a tie that may be closed."""
    desk = Desk(second_approver=ALL)
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, TIE: OPEN}
    return desk


def wait(desk: Desk, for_s: float) -> None:
    """Let time pass without a scan between."""
    desk.hall.now_ns += ns(for_s) - TICK_NS


# -- the way -------------------------------------------------------------------------------------


def test_selected_and_operated_it_is_recorded_sent_acknowledged_and_seen(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    assert not desk.commands
    desk.scan(inbox=(operate(),))
    desk.scan(inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(3)
    assert desk.names() == [
        "command_selected", "command_operated", "command_sent", "command_verified",
    ]  # fmt: skip
    (command,) = desk.commands
    assert (command.owner, command.epoch, command.interlock) == ("maria", 7, "passed")
    assert {e.fields["selection"] for e in desk.events} == {"s1"}
    assert {e.fields["user"] for e in desk.events} == {"maria"}
    assert not desk.state.tasks
    assert not desk.state.chosen


def test_the_answer_to_a_selection_tells_what_would_come_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Consequence(("UPS-A1",), ("TX-P-B",))
    monkeypatch.setattr(consequence, "predict", lambda view, wish: found)
    desk.scan(inbox=(select(),))
    (told,) = desk.happened("command_selected")
    assert (told.fields["lost"], told.fields["overloaded"]) == found
    assert (told.fields["needs_approval"], told.fields["valid_s"]) == ("", 5.0)
    desk.scan(inbox=(operate(),))
    assert len(desk.commands) == 1, "it was told, and is wanted all the same"


def test_what_has_become_worse_since_is_not_done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.scan(inbox=(select(),))
    worse = Consequence(("UPS-A1",), ())
    monkeypatch.setattr(consequence, "predict", lambda view, wish: worse)
    desk.scan(inbox=(operate(),))
    desk.scans(3)
    assert desk.refused() == ["consequence_changed"]
    assert "UPS-A1" in desk.events[-1].text
    assert not desk.commands


def test_the_interlocks_are_asked_again_in_the_scan_in_which_it_is_operated(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(inbox=(operate(),))
    desk.hall.said[BREAKER, "local"] = 0.0
    desk.scans(5)
    assert desk.refused() == ["local"]
    assert not desk.commands
    desk.scan(inbox=(operate(),))
    assert desk.refused() == ["local", "stale_selection"]


def test_the_interlocks_know_that_a_person_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some look at persons alone: an automaton that opens a last feed has declared it shed."""
    cases: list[Case] = []

    def noted(case: Case) -> Verdict:
        cases.append(case)
        return check(case)

    monkeypatch.setattr(task, "check", noted)
    desk.scan(wish("close", TIE), inbox=(select(), operate()))
    assert {c.item.id: c.by_person for c in cases} == {BREAKER: True, TIE: False}


@pytest.mark.fault("F37")
def test_an_interlock_refuses_before_anything_is_selected(desk: Desk) -> None:
    desk.hall.said[BREAKER, "local"] = 1.0
    desk.scan(inbox=(select(),))
    assert desk.refused() == ["local"]
    assert desk.state == operation.State()


def test_a_breaker_that_was_operated_too_often_is_refused_before_it_is_selected(
    desk: Desk,
) -> None:
    stamps = (desk.hall.now_ns,) * wear.MOST["breaker"]
    desk.hall.positions[BREAKER] = OPEN
    desk.state = replace(desk.state, operated={BREAKER: stamps})
    desk.scan(inbox=(select("close"),))
    assert desk.refused() == ["too_often"]
    desk.hall.now_ns += wear.HOUR_NS
    desk.scan(inbox=(select("close", id="s2"),))
    assert desk.names() == ["command_refused", "command_selected"]


@pytest.mark.parametrize(("after_s", "sent"), [(4.9, 1), (5.0, 0), (400.0, 0)])
def test_a_selection_expires_after_five_seconds(desk: Desk, after_s: float, sent: int) -> None:
    desk.scan(inbox=(select(),))
    wait(desk, after_s)
    desk.scan(inbox=(operate(),))
    desk.scans(2)
    assert len(desk.commands) == sent
    assert ("selection_expired" in desk.names()) is not bool(sent)
    assert desk.refused() == ["stale_selection"] * (not sent)


@pytest.mark.parametrize("by", ["maria", "jan"])
def test_a_selection_may_be_cancelled_by_anybody(desk: Desk, by: str) -> None:
    desk.scan(inbox=(select(), cancel(by)))
    desk.scan(inbox=(operate(),))
    assert desk.names() == ["command_selected", "command_cancelled", "command_refused"]
    assert not desk.commands
    desk.scan(inbox=(select(id="s2"), operate(id="s2")))
    assert len(desk.commands) == 1


# -- the second person ---------------------------------------------------------------------------


@pytest.mark.fault("F107")
def test_a_medium_voltage_breaker_is_closed_by_two_persons() -> None:
    desk = two_handed()
    desk.scan(inbox=(select("close", TIE),))
    (told,) = desk.happened("command_selected")
    assert (told.fields["needs_approval"], told.fields["valid_s"]) == ("breaker_close", 60.0)
    desk.scan(inbox=(operate(),))
    assert desk.refused() == ["not_approved"]
    assert desk.events[-1].fields["standing"]
    wait(desk, 59.0)
    desk.scan(inbox=(approve("maria"), approve("lane:main"), approve("jan"), approve("ida")))
    assert desk.refused() == ["not_approved", "same_approver", "no_user", "approved_already"]
    desk.scan(inbox=(operate("jan"),))
    assert desk.refused()[-1] == "wrong_user"
    assert not desk.commands
    desk.scan(inbox=(operate(),))
    (command,) = desk.commands
    assert (command.equipment, command.action, command.owner) == (TIE, "close", "maria")
    (operated,) = desk.happened("command_operated")
    assert operated.fields["approver"] == "jan"


@pytest.mark.parametrize(
    ("approved_s", "operated_s", "sent"),
    [(59.0, 4.9, 1), (59.0, 5.0, 0), (60.0, 0.01, 0), (1.0, 6.0, 0)],
)
def test_approval_has_a_minute_and_operation_five_seconds_from_it(
    approved_s: float, operated_s: float, sent: int
) -> None:
    desk = two_handed()
    desk.scan(inbox=(select("close", TIE),))
    wait(desk, approved_s)
    desk.scan(inbox=(approve(),))
    wait(desk, operated_s)
    desk.scan(inbox=(operate(),))
    assert len(desk.commands) == sent
    assert ("stale_selection" in desk.refused()) is not bool(sent)


def test_only_what_the_site_names_takes_two() -> None:
    desk = two_handed()
    desk.scan(inbox=(select(), approve()))
    assert desk.refused() == ["not_needed"]
    desk.scan(inbox=(operate(),))
    assert len(desk.commands) == 1


# -- setting an interlock aside ------------------------------------------------------------------


def last_feed() -> Desk:
    """Return a desk where an interlock that may be set aside stands in the way."""
    desk = Desk(second_approver=ALL)
    desk.scan(inbox=(select("open", "52-ACB-A1", id="s0"),))
    assert desk.refused() == ["last_feed"]
    assert "set it aside" in desk.events[-1].text
    return desk


def test_an_interlock_is_set_aside_by_two_persons_and_by_name() -> None:
    desk = last_feed()
    desk.scan(inbox=(select("open", "52-ACB-A1", bypass=("last_feed",)),))
    assert desk.happened("command_selected")[0].fields["needs_approval"] == "bypass"
    desk.scan(inbox=(approve(),))
    desk.scan(inbox=(operate(),))
    (command,) = desk.commands
    assert "last_feed set aside by maria and jan" in command.interlock
    for name in ("command_selected", "command_approved", "command_operated"):
        assert desk.happened(name)[0].fields["bypass"] == ("last_feed",)
        assert "last_feed" in desk.happened(name)[0].text


@pytest.mark.parametrize(
    ("names", "why"),
    [(("no_such_row",), "unknown_interlock"), (("last_feed", "earthed"), "not_bypassable")],
)
def test_only_rows_that_may_be_set_aside_are(names: tuple[str, ...], why: str) -> None:
    desk = two_handed()
    desk.scan(inbox=(select(bypass=names),))
    assert desk.refused() == [why]
    assert not desk.state.chosen


def test_where_the_site_names_nobody_to_approve_it_no_interlock_is_set_aside(desk: Desk) -> None:
    desk.scan(inbox=(select(bypass=("last_feed",)),))
    assert desk.refused() == ["no_bypass"]


def test_nobody_sets_aside_what_keeps_people_and_sources_apart() -> None:
    never = {
        "backfeed", "earthed", "emergency_off", "faulted_bus", "live_live", "local", "maintenance",
        "protection_trip", "racked_out", "voltage_unknown",
    }  # fmt: skip
    assert never < {row.name for row in INTERLOCKS if not row.bypassable}


@pytest.mark.parametrize("row", ["emergency_off", "maintenance"])
def test_emergency_off_and_a_maintenance_tag_win_over_an_approved_selection(row: str) -> None:
    desk = two_handed()
    desk.scan(inbox=(select("close", TIE), approve()))
    desk.hall.said["CCTS-1", row] = 1.0
    desk.scan(inbox=(operate(),))
    assert desk.refused() == [row]
    assert not desk.commands


# -- automata and persons ------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["open", "close"])
def test_an_automaton_displaces_a_selection_and_the_person_is_told(desk: Desk, action: str) -> None:
    desk.hall.positions[BREAKER] = OPEN if action == "close" else CLOSED
    desk.scan(inbox=(select("close" if action == "close" else "open"),))
    desk.scan(wish(action), inbox=(operate(),))
    assert [c.owner for c in desk.commands] == ["CCTS-1"]
    (told,) = desk.happened("command_cancelled")
    assert (told.fields["user"], told.fields["selection"]) == ("CCTS-1", "s1")
    assert desk.refused() == ["stale_selection"]


def test_an_automatons_open_takes_the_place_of_a_persons_close(desk: Desk) -> None:
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, TIE: OPEN}
    desk.scan(inbox=(select("close", TIE), operate()))
    desk.hall.positions[TIE] = 0
    desk.scan(wish("open", TIE))
    assert [(c.action, c.owner) for c in desk.commands] == [("close", "maria"), ("open", "CCTS-1")]
    (told,) = desk.happened("command_failed")
    assert told.fields["selection"] == "s1"
    assert "CCTS-1" in told.text


def test_what_an_automaton_wants_is_not_selected(desk: Desk) -> None:
    desk.scan(wish("open"), inbox=(select(),))
    assert desk.refused() == ["selected"]
    assert "CCTS-1" in desk.happened("command_refused")[0].text


@pytest.mark.fault("F93")
def test_one_selection_per_device_names_its_holder_and_the_time_left(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    wait(desk, 2.0)
    desk.scan(inbox=(select(id="s2", user="jan"),))
    assert desk.refused() == ["selected"]
    assert "maria" in desk.events[-1].text
    assert "3 s" in desk.events[-1].text
    assert list(desk.state.chosen) == ["s1"]


# -- at most once --------------------------------------------------------------------------------


@pytest.mark.fault("F90", "F97")
def test_an_id_is_taken_once_however_old_it_is(desk: Desk) -> None:
    desk.scan(inbox=(select(), operate(), select(), operate()))
    assert desk.refused() == ["duplicate", "stale_selection"]
    assert all(e.fields["standing"] for e in desk.happened("command_refused"))
    desk.scan(inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.positions[BREAKER] = OPEN
    desk.scans(2)
    desk.hall.positions[BREAKER] = CLOSED
    wait(desk, 86_400.0)
    desk.scan(inbox=(select(), operate()))
    assert len(desk.commands) == 1


@pytest.mark.fault("F12", "F29")
@pytest.mark.parametrize("answer", [Result.EXPIRED, Result.FAILED, Result.REFUSED, None])
def test_a_persons_action_makes_one_command_whatever_becomes_of_it(
    desk: Desk, answer: Result | None
) -> None:
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, TIE: OPEN}
    desk.scan(inbox=(select("close", TIE), operate()))
    desk.scan(inbox=(desk.answer(answer),) if answer else ())
    desk.scans(400)
    assert len(desk.commands) == 1
    (told,) = desk.happened("command_failed")
    assert told.fields["selection"] == "s1"
    desk.scan(inbox=(select("close", TIE, id="s2"), operate(id="s2")))
    assert len(desk.commands) == 2


def test_a_missed_close_of_a_person_is_not_tried_again(desk: Desk) -> None:
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, TIE: OPEN}
    desk.scan(inbox=(select("close", TIE), operate()))
    desk.scan(inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.scans(400)
    assert len(desk.commands) == 1
    assert len(desk.happened("command_failed")) == 1


def test_what_a_person_missed_an_automaton_that_wants_it_too_does_by_itself(desk: Desk) -> None:
    desk.hall.positions |= {"52-VCB-PA": OPEN, "52-VCB-MA": OPEN, TIE: OPEN}
    desk.scan(inbox=(select("close", TIE), operate()))
    desk.scan(wish("close", TIE), inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.scans(100, wish("close", TIE))
    assert [c.owner for c in desk.commands] == ["maria", "CCTS-1"]
    assert [e.fields.get("selection") for e in desk.happened("command_sent")] == ["s1", None]


def test_a_person_may_ask_for_it_again_in_the_scan_in_which_it_failed(desk: Desk) -> None:
    desk.scan(inbox=(select(), operate()))
    desk.scan(inbox=(desk.answer(Result.REFUSED),))
    desk.scan(inbox=(select(id="s2"), operate(id="s2")))
    assert len(desk.commands) == 2


def test_what_nothing_shows_is_over_with_its_acknowledgement(desk: Desk) -> None:
    desk.scan(inbox=(select("reset"), operate()))
    desk.scan(inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.scans(2)
    assert desk.names()[-1] == "command_verified"
    assert "acknowledged to reset" in desk.events[-1].text


# -- refused by name, nothing changed ------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (select("open", "52-NONE"), "unknown_equipment"),
        (select("explode"), "unknown_action"),
        (select("open", "R-MVA"), "unknown_action"),
        (select("shutdown", "SR-1"), "foreign_device"),
        (select("close"), "done_already"),
        (select(user=""), "no_user"),
        (select(user="lane:main"), "no_user"),
        (approve(id="s9"), "unknown_selection"),
        (operate(id="s9"), "unknown_selection"),
        (cancel(id="s9"), "unknown_selection"),
    ],
)
@pytest.mark.fault("F100")
def test_what_makes_no_sense_is_refused_by_name(desk: Desk, message: Message, why: str) -> None:
    desk.scan(inbox=(message,))
    desk.scans(2)
    assert desk.refused() == [why]
    assert desk.state == operation.State()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_none_is_refused(desk: Desk, value: float) -> None:
    chosen = select()
    desk.scan(inbox=(replace(chosen, proposal=replace(chosen.proposal, value=value)),))
    assert desk.refused() == ["not_a_number"]
    assert desk.state == operation.State()


def test_a_refused_step_leaves_the_selection_as_it_was(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    before = desk.state
    desk.scan(inbox=(operate("jan"), approve(), cancel(""), select(user="jan")))
    assert desk.refused() == ["wrong_user", "not_needed", "no_user", "duplicate"]
    assert desk.state == before
    desk.scan(inbox=(operate(),))
    assert len(desk.commands) == 1


def test_a_request_does_not_operate_the_selection_whose_id_it_takes(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    desk.scan(inbox=(OperatorRequest("s1", "maria", select().proposal),))
    assert desk.refused() == ["duplicate"]
    assert not desk.commands
    assert desk.state.chosen


def test_a_restart_forgets_every_selection(desk: Desk) -> None:
    desk.scan(inbox=(select(),))
    desk.state = operation.State()
    desk.scan(inbox=(operate(),))
    assert desk.refused() == ["unknown_selection"]
    assert not desk.commands


def test_only_so_many_ids_are_remembered(desk: Desk) -> None:
    for n in range(0, 1100, 20):
        desk.scan(inbox=tuple(m for i in range(20) for m in (select(id=f"{n + i}"),
                                                             cancel(id=f"{n + i}"))))  # fmt: skip
    assert len(desk.state.ended) == 1024


# -- schemes and the main lane -------------------------------------------------------------------


def in_the_dark() -> Desk:
    """Return a desk that wants a second person, in an outage."""
    desk = Desk(second_approver=ALL)
    outage(desk.hall)
    return desk


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("R-MVA", "not_dark"),
        ("MVG", "not_dark"),
        ("emergency_off", "emergency_off"),
        ("maintenance", "maintenance"),
        ("selector", "not_auto"),
    ],
)
def test_a_black_start_that_would_be_refused_is_refused_when_it_is_selected(
    spoil: str, why: str
) -> None:
    """Before a second person is asked to come."""
    desk = in_the_dark()
    if spoil == "R-MVA":
        desk.hall.said[spoil, "presence"] = 2.0
    elif spoil == "MVG":
        desk.hall.positions["52-GCB-1"] = CLOSED
    else:
        desk.hall.said["CCTS-1", spoil] = 1.0
    desk.scan(inbox=(select("black_start", "CCTS-1"),))
    assert desk.refused() == [why]
    assert not desk.state.chosen
    desk.scan(inbox=(select("reset", "CCTS-1", id="s2"),))
    assert desk.refused() == [why], "a reset is always heard"


def test_a_black_start_takes_two_persons_and_reaches_its_scheme_once() -> None:
    desk = in_the_dark()
    desk.scan(inbox=(select("black_start", "CCTS-1"),))
    assert desk.happened("command_selected")[0].fields["needs_approval"] == "black_start"
    desk.scan(inbox=(operate(),))
    assert desk.orders == []
    desk.scan(inbox=(approve(), operate()))
    desk.scans(3)
    (order,) = desk.orders
    assert (order.id, order.user, order.proposal.action) == ("s1", "maria", "black_start")
    assert desk.names()[-1] == "command_sent", "the scheme answers"
    assert not desk.commands


def test_a_request_signed_alone_does_not_reach_a_scheme_that_wants_two() -> None:
    desk = in_the_dark()
    asked = Proposal("CCTS-1", "scheme", "black_start", 0.0, "maria", "dark")
    desk.scan(inbox=(OperatorRequest("r1", "maria", asked),))
    desk.scans(2)
    assert desk.orders == []
    assert desk.refused() == ["not_approved"]


def test_a_device_that_only_reports_is_not_commanded() -> None:
    desk = Desk()
    points = tuple(
        p
        for p in desk.hall.params.points.points
        if (p.equipment, p.spec.name) != (BREAKER, "command")
    )
    left = PointTable(tuple(replace(p, index=i) for i, p in enumerate(points)))
    desk.hall.params = replace(desk.hall.params, points=left)
    desk.scan(inbox=(select(),))
    assert desk.refused() == ["foreign_device"]


def test_a_reset_of_a_scheme_is_over_when_it_is_handed_over(desk: Desk) -> None:
    desk.scan(inbox=(select("reset", "CCTS-1"), operate()))
    assert desk.names()[-1] == "command_verified"
    assert [o.proposal.equipment for o in desk.orders] == ["CCTS-1"]


def test_what_the_main_lane_commands_goes_the_same_way() -> None:
    desk = Desk("main")
    desk.scan(inbox=(select("shutdown", "SR-1"),))
    desk.scan(inbox=(operate(),))
    desk.scan(inbox=(desk.answer(Result.ACKNOWLEDGED),))
    desk.hall.stages["SR-1"] = "shutting_down"
    desk.scans(2)
    assert [c.action for c in desk.commands] == ["shutdown"]
    assert desk.names()[-1] == "command_verified"
    desk.scan(inbox=(select("open", id="s2"),))
    assert desk.refused() == ["foreign_device"]


def test_a_load_that_does_not_obey_may_be_told_again_after_five_seconds() -> None:
    desk = Desk("main")
    order = Proposal("SR-1", "command", "shutdown", 0.0, "shutdown", "storage is running out")
    desk.scan(order)
    sent_ns = desk.commands[0].issued_at_ns
    desk.scan(inbox=(desk.answer(Result.ACKNOWLEDGED),))
    while desk.hall.now_ns - sent_ns < 5 * SECOND:
        desk.scan()
    desk.scan(order)
    assert len(desk.commands) == 2
