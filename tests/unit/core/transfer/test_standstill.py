"""What a board does not get out of by itself is told, and alarmed, and nothing else is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.facts import BlackStart, Sets
from daemon.core.transfer import intake, joint, standstill
from daemon.core.transfer.section import Stage
from daemon.model.events import AlarmTransition
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall, settled
from tests.main_lane import Lane, alarms, supply
from tests.unit.core.test_what_the_proof_found import on_one_set
from tests.unit.core.transfer.outgoing import Board
from tests.unit.core.transfer.sections import on_mains as all_on_mains
from tests.unit.core.transfer.sections import on_sets
from tests.unit.core.transfer.test_guards_by_look import (
    GA,
    GB,
    IN,
    MA,
    MB,
    TIE,
    UTILITY,
    on_mains,
    section,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SLACK_S = 0.2
"""A scan of the main lane, and the word of the switching lane."""


def said(hall: Hall, key: str) -> str:
    """Return what the switching lane last said of the board."""
    return str(hall.messages[-1].values[key].get("CCTS-1", ""))


def raised(told: dict[str, Any], for_s: float) -> list[AlarmTransition]:
    """Return what is alarmed where this is said for a time, and then that all is well."""
    lane = Lane()
    lane.run(1.0)
    done = [lane.scan(supply(**told)), *lane.run(for_s)]
    done += [lane.scan(supply()), *lane.run(6.0)]
    return [a for a in alarms(done, "B") if a.source in {"CCTS-1", "ALTS-1"}]


def parallel(board: Board) -> str:
    """Return which feeds of the board are in parallel."""
    return standstill.joined(board.scan().view).get("CCTS-1", "")


def waited_for(board: Board) -> str:
    """Return what the board waits for."""
    return standstill.waits(board.scan().view).get("CCTS-1", "")


# -- what is joined --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positions", "joined"),
    [
        ({}, ""),
        ({TIE: CLOSED, MB: OPEN}, ""),
        ({MA: OPEN, GA: CLOSED}, ""),
        ({MA: TRAVELLING, GA: CLOSED}, ""),
        ({GA: CLOSED}, f"{MA} and {GA}"),
        ({GB: CLOSED}, f"{MB} and {GB}"),
        ({TIE: CLOSED}, f"{MA} and {MB} and {TIE}"),
        ({TIE: CLOSED, MB: OPEN, GB: CLOSED}, f"{MA} and {GB} and {TIE}"),
        ({TIE: CLOSED, MA: OPEN, MB: OPEN, GA: CLOSED, GB: CLOSED}, ""),
    ],
)
def test_two_feeds_of_what_is_joined_are_told(positions: dict[str, int], joined: str) -> None:
    assert parallel(on_mains(**positions)) == joined


@pytest.mark.parametrize(("carried_a", "joined"), [(0.0, ""), (300.0, f"{MA} and {GA}")])
def test_what_shows_open_and_carries_is_one_of_them(carried_a: float, joined: str) -> None:
    board = on_a_set()
    board.hall.said[MA, "current_a"] = carried_a
    assert parallel(board) == joined


def test_nothing_is_joined_on_a_dead_board() -> None:
    board = Board(0)
    board.hall.positions |= {MA: CLOSED, GA: CLOSED}
    assert parallel(board) == ""


def test_a_parallel_that_rests_behind_an_intake_that_lies_is_told() -> None:
    """Fed through as far as is seen, and so at rest: with the intake closed it is an overlap."""
    board = on_a_set()
    board.hall.positions[MA] = CLOSED
    board.hall.said[IN, "position"] = float(OPEN)
    section(board, 0, stage=Stage.ON_ALTERNATE, alternate=GA)
    assert board.hall.positions[IN] == CLOSED
    assert parallel(board) == f"{MA} and {GA}"


@pytest.mark.parametrize(("for_s", "expected"), [(2.5, []), (3.0 + SLACK_S, ["scheme-parallel"])])
def test_an_overlap_is_alarmed_when_it_lasts(for_s: float, expected: list[str]) -> None:
    found = raised({"joined": {"CCTS-1": f"{MA} and {GA}"}}, for_s)
    assert [a.alarm_class for a in found] == expected
    assert all(a.text.endswith(f"stay in parallel: {MA} and {GA}") for a in found)


# -- what is waited for ----------------------------------------------------------------------------


def test_an_intake_that_shows_open_and_is_not_calls_a_person() -> None:
    """The board lives, nothing known feeds it, and the automaton waits without an end."""
    hall = settled()
    hall.positions |= {"52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    hall.run(1.1)
    assert said(hall, "waits") == ""
    hall.said[IN, "position"] = float(OPEN)
    hall.run(2.0)
    assert hall.state.main_tie_main.schemes["CCTS-1"].intake is joint.Stage.PARTED
    assert said(hall, "waits").startswith(f"{IN}: ")
    assert "find the breaker that shows open and is not" in said(hall, "waits")
    del hall.said[IN, "position"]
    hall.run(0.1)
    assert said(hall, "waits") == ""


def test_an_intake_that_lies_beside_sources_on_the_site_is_locked_out_in_its_time() -> None:
    """They may be what holds the board: it is told to close in synchronism, and shows nothing."""
    hall = settled()
    hall.run(0.1)
    hall.said[IN, "position"] = float(OPEN)
    hall.run(14.0)
    assert said(hall, "stages") != "held"
    hall.run(2.0)
    assert said(hall, "stages") == "held"


@pytest.mark.parametrize(("for_s", "expected"), [(14.5, []), (15.0 + SLACK_S, ["scheme-waits"])])
def test_a_wait_is_alarmed_with_its_reason(for_s: float, expected: list[str]) -> None:
    found = raised({"waits": {"CCTS-1": f"{MA}: rack it in", "ALTS-1": ""}}, for_s)
    assert [a.alarm_class for a in found] == expected
    assert all(a.text == f"CCTS-1: waits for a person: {MA}: rack it in" for a in found)


def test_a_switch_of_the_intake_that_is_held_back_calls_a_person() -> None:
    (found,) = raised({"waits": {"ALTS-1": "open the breaker behind it"}}, 15.0 + SLACK_S)
    assert (found.alarm_class, found.source) == ("intake-waits", "ALTS-1")
    assert found.text == "ALTS-1: waits for a person: open the breaker behind it"


def test_an_intake_that_did_not_close_is_locked_out_like_a_section() -> None:
    (found,) = raised({"stages": {"CCTS-1": "held"}}, 1.0)
    assert (found.alarm_class, found.priority) == ("scheme-lockout", 1)


def test_the_switch_says_what_holds_it_back_while_it_does() -> None:
    hall = settled()
    hall.utilities["U-A"] = False
    hall.said |= {("R-UA", "pickup_27"): 1.0, ("M-UA", "voltage_v"): 0.0}  # an island holds it
    hall.run(2.0)
    at = hall.state.intake.schemes["ALTS-1"]
    told = hall.messages[-1].values["waits"].get("ALTS-1", "")
    assert (at.stage is intake.Stage.READY) == bool(told)
    assert "open the breaker behind it first" in told
    hall.said.clear()
    hall.utilities["U-A"] = True
    hall.run(0.5)
    assert hall.messages[-1].values["waits"] == {}


def dark(*sets: str) -> Board:
    """Return a board whose first section awaits a source, the other on its main."""
    board = on_mains(**{MA: OPEN})
    board.facts = replace(board.facts, awaiting={"MVA": True}, sets=Sets(on_bus=sets))
    return board


def on_a_set() -> Board:
    """Return a board whose first section is on a set, the utility back, the other on its main."""
    board = on_one_set()
    board.hall.positions |= {GA: CLOSED, MB: CLOSED}
    return board


@pytest.mark.parametrize("begin", [dark, on_a_set])
@pytest.mark.parametrize(
    ("point", "value", "reason"),
    [
        ("racked_in", 0.0, "the truck is not in service position: rack it in"),
        ("local", 1.0, "the panel switch is on local (or cannot be read): set it to remote"),
        ("local", 0.0, ""),
    ],
)
def test_a_section_tells_why_its_main_does_not_come(
    begin: Callable[[], Board], point: str, value: float, reason: str
) -> None:
    board = begin()
    board.hall.said[MA, point] = value
    assert waited_for(board) == (reason and f"{MA}: {reason}")
    board.facts = replace(board.facts, supply=replace(UTILITY, stable=()))
    assert waited_for(board) == "", "there is nothing to wait for yet"


def test_a_section_on_its_main_waits_for_nothing() -> None:
    board = on_mains()
    board.hall.said[MA, "local"] = 1.0
    assert waited_for(board) == ""


def test_a_main_without_a_synchronism_check_goes_with_a_gap() -> None:
    board = on_a_set()
    board.hall.hidden.add((MA, "sync_25"))
    assert waited_for(board) == ""


@pytest.mark.parametrize(("sets", "told"), [((), False), (("DG-1",), True)])
def test_a_dark_section_tells_what_keeps_the_sets_from_it(sets: tuple[str], told: bool) -> None:
    board = dark(*sets)
    board.facts = replace(board.facts, supply=replace(UTILITY, stable=()))
    assert waited_for(board) == ""
    board.hall.said[GA, "racked_in"] = 0.0
    assert ("52-VCB-GA: the truck is not in service position" in waited_for(board)) is told


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("auto", f"{MA}: the panel switch is on local (or cannot be read): set it to remote"),
        ("manual", ""),
        ("unread", standstill.UNREAD),
    ],
)
def test_whose_the_board_is_decides_whether_it_waits(selector: str, told: str) -> None:
    board = dark()
    board.hall.said |= {(MA, "local"): 1.0, ("CCTS-1", "selector"): float(selector == "manual")}
    if selector == "unread":
        board.hall.hidden.add(("CCTS-1", "selector"))
    assert waited_for(board) == told


def test_a_board_that_a_person_starts_from_darkness_waits_for_nobody_else() -> None:
    board = dark()
    board.hall.said[MA, "local"] = 1.0
    assert waited_for(board)
    board.facts = replace(board.facts, black_start=BlackStart(holding=("CCTS-1",)))
    assert waited_for(board) == ""


# -- where all is right ----------------------------------------------------------------------------


def test_nothing_is_told_for_long_while_a_board_goes_to_its_sets_and_back() -> None:
    """The longest time that anything stands in a whole outage, against the delay of its alarm."""
    hall = settled()
    longest, now = Counter[str](), Counter[str]()

    def seen(until: Callable[[], bool]) -> bool:
        for key in ("waits", "joined"):
            now[key] = now[key] + 1 if said(hall, key) else 0
            longest[key] = max(longest[key], now[key])
        return until()

    hall.run(1.1)
    hall.lose_mains()
    assert hall.run(30.0, until=partial(seen, partial(on_sets, hall)))
    hall.utilities = dict.fromkeys(hall.utilities, True)
    assert hall.run(120.0, until=partial(seen, partial(all_on_mains, hall)))
    assert 0 < longest["joined"] <= 50, "scans of 10 ms: an overlap is seen, and ends in its time"
    assert longest["waits"] < 100
