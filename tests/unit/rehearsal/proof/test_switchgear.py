"""Switchgear under proof: what an opening is blamed for, and what not."""

from __future__ import annotations

import pytest

from daemon import settings
from daemon.core.facts import Facts
from daemon.core.transfer import joint
from daemon.core.transfer.board import SchemeState, SectionState, State
from daemon.core.transfer.section import Stage
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.mains import Mains
from daemon.rehearsal.proof.plant import (
    CLOSED,
    ENDED_MS,
    LOCKED,
    OPEN,
    OPENING,
    RESTART_MS,
    STUCK,
    Faults,
    Plant,
    moved,
    put,
)

MAIN, INTAKE = "52-VCB-MA", "52-VCB-IN"


@pytest.fixture(scope="module")
def board() -> Mains:
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "CCTS-1/mains")
    assert isinstance(part.board, Mains)
    return part.board


def told_to_open(board: Mains, plant: Plant, name: str) -> Plant:
    """Return the plant with the order of the daemon to open a breaker on its way."""
    return board.obey(plant, board.number(name), "open", for_gap=False).plant


def wrongs(board: Mains, plant: Plant, name: str) -> set[str]:
    """Return what is wrong once the order is there."""
    at = board.number(name)
    return {wrong for branch in board.fire(plant, ("order", at)) for wrong in branch.wrong}


def test_an_opening_that_takes_a_bus_its_last_feed_is_wrong(board: Mains) -> None:
    plant = told_to_open(board, board.first(Faults(1, 0, 0)), MAIN)
    assert f"{MAIN} takes MVA its last feed" in wrongs(board, plant, MAIN)


def test_a_bus_that_is_fed_only_since_the_order_was_sent_is_not_robbed(board: Mains) -> None:
    rest = board.first(Faults(1, 0, 0))
    at = board.number(INTAKE)
    dark = rest._replace(contacts=put(rest.contacts, at, OPEN))
    sent = told_to_open(board, dark, MAIN)
    fed = sent._replace(contacts=put(sent.contacts, at, CLOSED))
    assert board.voltages(fed) != board.voltages(sent)
    assert wrongs(board, fed, MAIN) == set()


def test_of_two_orders_the_second_takes_nothing_that_the_first_has_left(board: Mains) -> None:
    sent = told_to_open(board, told_to_open(board, board.first(Faults(1, 0, 0)), INTAKE), MAIN)
    assert f"{INTAKE} takes MVA its last feed" in wrongs(board, sent, INTAKE)
    assert wrongs(board, sent, MAIN) == set()


def test_a_breaker_that_opens_as_a_fault_comes_tells_of_it(board: Mains) -> None:
    rest = board.first(Faults(1, 1, 0))
    at = board.number(MAIN)
    opening = moved(rest, at, OPENING)
    (branch,) = [b for b in board.adversary(opening) if "a fault on MVA" in b.text]
    assert branch.plant.bent[at] & LOCKED
    assert branch.plant.contacts[at] == OPEN
    assert ("travel", at) in branch.ended


def test_nobody_ends_an_overlap_while_the_daemon_starts_anew(board: Mains) -> None:
    rest = board.first(Faults(1, 1, 0))._replace(sources=(True, True))
    both = rest._replace(contacts=put(rest.contacts, board.number("52-VCB-GA"), CLOSED))
    assert board.paralleled(both)
    (limit,) = [span for label, span in board.away(both).timers if label == ("ended", 0)]
    assert limit == (RESTART_MS[1] + ENDED_MS,) * 2
    assert board.away(rest).timers == ()
    assert not board.heeded(board.away(rest).plant)


def scheme_in(stage: Stage, intake: joint.Stage = joint.Stage.JOINED) -> dict[str, State]:
    """Return the memory of a daemon whose first section and intake stand so."""
    sections = (SectionState(stage), SectionState(Stage.ON_MAIN))
    return {"main_tie_main": State({"CCTS-1": SchemeState(sections, intake=intake)})}


def test_a_section_is_given_up_for_a_reason_and_then_a_person_looks(board: Mains) -> None:
    dark = board.first(Faults(1, 1, 0))
    dark = dark._replace(contacts=put(dark.contacts, board.number(MAIN), OPEN))
    assert board.starved(dark)
    found = board.heard(dark, scheme_in(Stage.LOCKOUT), Facts())
    assert found.wrong == ("a section is given up for nothing",)
    assert not board.starved(found.plant)
    disturbed = board.heard(dark._replace(sudden=0), scheme_in(Stage.LOCKOUT), Facts())
    assert disturbed.wrong == ()
    assert board.heard(found.plant, scheme_in(Stage.LOCKOUT), Facts()).wrong == ()
    assert board.heard(dark, scheme_in(Stage.AWAITING), Facts()).wrong == ()


def test_the_intake_is_given_up_for_a_reason(board: Mains) -> None:
    rest, held = board.first(Faults(1, 1, 0)), scheme_in(Stage.ON_MAIN, joint.Stage.HELD)
    found = board.heard(rest, held, Facts())
    assert found.wrong == ("the intake is given up for nothing",)
    assert board.heard(found.plant, held, Facts()).wrong == ()
    assert board.heard(rest._replace(sudden=0), held, Facts()).wrong == ()
    stuck = rest._replace(bent=put(rest.bent, board.number(INTAKE), STUCK))
    assert board.heard(stuck, held, Facts()).wrong == ()
