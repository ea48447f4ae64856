"""What `ridethrough prove` found in the board with a loss of the utility and one disturbance.

Each case stands for a way to something wrong that the search had shown to be sure, or could not
rule out, before the rule that it tests was made.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.facts import Facts, Sets
from daemon.core.transfer import guards, main_tie_main, ways
from daemon.core.transfer.board import Scan
from daemon.core.transfer.section import Event, Stage
from daemon.model.plant import MainTieMainScheme
from daemon.model.points import tabulate
from daemon.rehearsal.proof.mains import cut
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall, params, site_file
from tests.unit.core.interlocks.test_rows import back, case, on_sets, refusing
from tests.unit.core.transfer.test_guards_by_look import GA, IN, MA, TIE, on_mains, section


def sets_and_utility(hall: Hall) -> None:
    """Both sections are dark and isolated; sets and utility come at one moment."""
    on_sets(hall)
    hall.utilities = dict.fromkeys(hall.utilities, True)


@pytest.mark.parametrize("position", [OPEN, TRAVELLING])
@pytest.mark.parametrize(("one", "other"), [(IN, GA), (GA, IN)])
def test_intake_and_feeder_are_not_closed_at_once_onto_what_one_main_keeps_apart(
    one: str, other: str, position: int
) -> None:
    """That main shows open and may not be: while both its sides are dead no voltage tells."""
    hall = Hall()
    sets_and_utility(hall)
    hall.positions[other] = position
    assert position != OPEN or "closing_nearby" not in refusing(case(hall, one, "close"))
    assert "closing_nearby" in refusing(case(hall, one, "close", {other: "close"}))
    hall.positions["52-VCB-PA"] = hall.positions["52-VCB-PB"] = OPEN
    assert "closing_nearby" not in refusing(case(hall, one, "close", {other: "close"}))


@pytest.mark.parametrize(("one", "other"), [(IN, GA), (GA, IN)])
def test_a_utility_that_is_dead_may_be_back_before_the_intake_has_closed(
    one: str, other: str
) -> None:
    """A person has told the intake to close; sets and utility would meet over a main that lies."""
    hall = Hall()
    on_sets(hall)
    assert "closing_nearby" not in refusing(case(hall, one, "close"))
    assert "closing_nearby" in refusing(case(hall, one, "close", {other: "close"}))


def test_an_overlap_is_ended_though_the_intake_shows_its_live_side_dead() -> None:
    """The utility's relay sees it; else neither opening were let: nothing known would feed."""
    site, *_ = site_file()
    scheme = site.schemes["CCTS-1"]
    assert isinstance(scheme, MainTieMainScheme)
    small = cut(site, scheme)  # nothing is ahead of the intake that would tell as well
    hall = Hall(replace(params(), site=small, points=tabulate(small)))
    hall.stages["DG-1"] = "loaded"
    hall.positions |= {GA: CLOSED, MA: CLOSED, "52-VCB-MB": CLOSED}
    assert "last_feed" not in refusing(case(hall, GA, "open"))
    hall.said[IN, "source_voltage_v"] = 0.0
    assert "last_feed" not in refusing(case(hall, GA, "open"))
    relays = [e.id for e in small.of_nature("relay", "meter") if "IN" in e.buses]
    hall.silent |= {*relays}
    assert "last_feed" in refusing(case(hall, GA, "open"))


@pytest.mark.parametrize("by_person", [True, False])
@pytest.mark.parametrize(("told", "refused"), [("close_in_sync", True), ("close", False)])
def test_two_sections_do_not_overlap_at_once(told: str, refused: bool, by_person: bool) -> None:
    """A person joins one section in synchronism while the scheme returns the other."""
    hall = Hall()
    back(hall)
    hall.positions |= {"52-VCB-MB": OPEN, "52-VCB-GB": CLOSED}
    asked = case(hall, MA, "close_in_sync", {"52-VCB-MB": told}, by_person=by_person)
    asked = replace(asked, view=replace(asked.view, facts=Facts(stages={"CCTS-1": "on_alternate"})))
    assert ("endless_overlap" in refusing(asked)) is refused
    hall.positions["52-VCB-GB"] = OPEN  # nothing overlaps there
    asked = case(hall, MA, "close_in_sync", {"52-VCB-MB": told})
    assert "endless_overlap" not in refusing(asked)


@pytest.mark.parametrize(("carried_a", "refused"), [(0.0, True), (300.0, False)])
def test_an_overlap_is_ended_though_the_intake_shows_open(carried_a: float, refused: bool) -> None:
    """What it carries tells that it is not, and that the alternate is not the last feed."""
    hall = Hall()
    back(hall)
    hall.positions |= {IN: OPEN, MA: CLOSED, "52-VCB-MB": CLOSED}
    hall.said[IN, "current_a"] = carried_a
    for item in hall.site.of_nature("ups", "rectifier", "ai_rack", "ess"):
        hall.said[item.id, "soc_pu"] = 0.0
    assert ("last_feed" in refusing(case(hall, GA, "open"))) is refused


def test_what_one_source_brings_is_closed_at_once() -> None:
    hall = Hall()
    on_sets(hall)
    assert "closing_nearby" not in refusing(case(hall, GA, "close", {"52-VCB-GB": "close"}))


@pytest.mark.parametrize(
    ("position", "told", "refused"),
    [(TRAVELLING, "open", True), (CLOSED, "open", False), (OPEN, "open", False)],
)
def test_the_intake_waits_for_a_main_that_was_closing_and_is_told_to_open(
    position: int, told: str, refused: bool
) -> None:
    """It was let in when others opened the intake, and may close before it opens."""
    hall = Hall()
    back(hall)
    hall.positions |= {IN: OPEN, MA: position}
    if position == CLOSED:  # and both sides are dark: nothing is brought by it
        hall.positions[GA] = OPEN
    assert ("closing_nearby" in refusing(case(hall, IN, "close", {MA: told}))) is refused


def test_a_main_is_not_called_back_while_the_alternate_opens() -> None:
    """Each opening alone were harmless: what travels feeds until it is open."""
    hall = Hall()
    back(hall)
    hall.positions |= {MA: CLOSED, GA: TRAVELLING}
    hall.hidden.add((IN, "position"))  # the intake is not known to be closed again
    for item in hall.site.of_nature("ups", "rectifier", "ai_rack", "ess"):
        hall.said[item.id, "soc_pu"] = 0.0
    hall.positions["52-VCB-MB"] = OPEN
    assert "last_feed" in refusing(case(hall, MA, "open", {GA: "open"}))
    assert "last_feed" not in refusing(case(hall, MA, "open"))


@pytest.mark.parametrize("stage", [Stage.AWAITING, Stage.UNJUDGED, Stage.ON_MAIN])
@pytest.mark.parametrize(
    ("main_a", "alternate_a", "seen"),
    [
        (0.0, 300.0, Event.SEEN_ON_ALTERNATE),
        (300.0, 300.0, Event.SEEN_BOTH),
        (0.0, 0.0, Event.SEEN_BOTH),
    ],
)
def test_a_main_that_carries_nothing_beside_its_alternate_only_shows_closed(
    stage: Stage, main_a: float, alternate_a: float, seen: Event
) -> None:
    board = on_mains()
    board.hall.positions[GA] = CLOSED
    board.hall.said |= {(MA, "current_a"): main_a, (GA, "current_a"): alternate_a}
    section(board, 0, stage=stage, alternate=GA)
    scan: Scan = board.scan()
    drawn, at = scan.scheme.sections[0], scan.state.sections[0]
    assert guards._by_position(scan, drawn, at, GA)[-1] is seen


def test_sets_are_not_let_go_while_a_dead_section_is_in_other_hands() -> None:
    """The selector leaves auto while a feeder closes: whoever took it wants the sets."""
    board = on_mains()
    board.facts = replace(board.facts, sets=Sets())
    assert ways.released(board.scan())
    board.hall.positions[MA] = OPEN
    section(board, 0, stage=Stage.UNJUDGED)
    assert not ways.released(board.scan())


@pytest.mark.parametrize(("alternate", "opens"), [(GA, True), (TIE, False)])
def test_a_tie_that_joins_mains_and_sets_is_opened_unless_it_is_the_alternate(
    alternate: str, opens: bool
) -> None:
    """A person closed it while the main of the dead section beyond it was closing."""
    board = on_mains(**{MA: OPEN, GA: CLOSED, TIE: CLOSED})
    board.hall.said[GA, "current_a"] = 300.0
    section(board, 0, stage=Stage.ON_ALTERNATE, alternate=alternate)
    section(board, 1, stage=Stage.ON_MAIN)
    wishes = [(w.equipment, w.action) for w in main_tie_main._propose(board.scan())]
    assert ((TIE, "open") in wishes) is opens
    board.hall.said[GA, "current_a"] = 0.0  # it only shows closed: the tie is what feeds
    assert (TIE, "open") not in [
        (w.equipment, w.action) for w in main_tie_main._propose(board.scan())
    ]
