"""What `ridethrough prove` found in the board with a loss of the utility and one disturbance.

Each case stands for a way to something wrong that the search had shown to be sure, or could not
rule out, before the rule that it tests was made.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.facts import Facts, Sets
from daemon.core.transfer import guards, joint, main_tie_main, ways
from daemon.core.transfer.board import Scan
from daemon.core.transfer.section import SECTION, Event, Stage
from daemon.model.plant import MainTieMainScheme, Site
from daemon.model.points import tabulate
from daemon.model.quantities import SECOND
from daemon.rehearsal.proof.mains import cut
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall, params, site_file
from tests.unit.core.interlocks.test_rows import back, case, on_sets, refusing
from tests.unit.core.transfer.outgoing import Board
from tests.unit.core.transfer.test_guards_by_look import GA, IN, MA, TIE, on_mains, section


def part() -> tuple[Site, Hall]:
    """Return the site cut to its mains, as it is searched, and the hall of that."""
    site, *_ = site_file()
    scheme = site.schemes["CCTS-1"]
    assert isinstance(scheme, MainTieMainScheme)
    small = cut(site, scheme)
    return small, Hall(replace(params(), site=small, points=tabulate(small)), 1000 * SECOND)


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
    small, hall = part()  # nothing is ahead of the intake that would tell as well
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


def on_one_set() -> Board:
    """Return the board of the part with a set on its bus, and the utility there."""
    board = on_mains()
    _, board.hall = part()
    board.hall.stages["DG-1"] = "loaded"
    board.hall.positions |= {MA: OPEN, "52-VCB-MB": OPEN}
    return board


@pytest.mark.parametrize(("intake", "seen"), [(OPEN, Event.FED_THROUGH), (CLOSED, Event.SEEN_BOTH)])
def test_main_and_alternate_of_which_neither_may_open_are_no_overlap(
    intake: int, seen: Event
) -> None:
    """Others opened the intake as a main closed: nothing could part, and all was locked out.

    The intake was told to close in synchronism all the while, and nobody would have ended that.
    """
    board = on_one_set()
    board.hall.positions |= {IN: intake, MA: CLOSED, GA: CLOSED, "52-VCB-MB": CLOSED}
    section(board, 0, stage=Stage.SYNCHRONISING, alternate=GA)
    scan: Scan = board.scan()
    drawn, at = scan.scheme.sections[0], scan.state.sections[0]
    assert guards._by_position(scan, drawn, at, GA)[-1] is seen


def test_a_section_that_is_fed_through_rests_until_its_main_can_be_sent_out() -> None:
    rests = {
        stage: to for (stage, on), to in SECTION.transitions.items() if on is Event.FED_THROUGH
    }
    assert {*rests.values()} == {Stage.ON_ALTERNATE}
    assert {*rests} == {*Stage} - {Stage.ON_ALTERNATE, Stage.HELD, Stage.LOCKOUT}
    assert SECTION.transitions[Stage.ON_ALTERNATE, Event.SEEN_BOTH] is Stage.EXPELLING


@pytest.mark.parametrize(("shows", "joins"), [(OPEN, False), (TRAVELLING, True), (CLOSED, True)])
def test_the_intake_is_not_joined_to_what_feeds_the_board_unseen(shows: int, joins: bool) -> None:
    """A main shows open and is not: the sets hold the board over it, and nobody sees an overlap.

    The other section went home first, so this one was told to only after half a minute.
    """
    board = on_one_set()
    board.hall.positions |= {IN: OPEN, GA: CLOSED, MA: CLOSED}
    board.hall.said[MA, "position"] = float(shows)
    board.holds(intake=joint.Stage.PARTED)
    assert ("endless_overlap" not in refusing(case(board.hall, IN, "close_in_sync"))) is joins
    assert ways.may_join(board.scan()) is joins
    told = guards.intake_events(board.scan(), board.ago(100.0))
    assert (joint.Event.JOIN in told) is joins


@pytest.mark.parametrize(("one", "other"), [(MA, TIE), (TIE, MA)])
def test_a_tie_that_joins_mains_and_sets_overlaps_like_any_other(one: str, other: str) -> None:
    """A person joins the sections in synchronism while the scheme returns one of them."""
    hall = Hall()
    back(hall)
    hall.positions["52-VCB-MB"] = CLOSED
    under_way = {other: "close_in_sync"}
    assert "endless_overlap" in refusing(case(hall, one, "close_in_sync", under_way))
    assert "endless_overlap" not in refusing(case(hall, one, "close_in_sync"))
    hall.positions[GA] = OPEN  # nothing is on sets: the tie joins no second source
    assert "endless_overlap" not in refusing(
        case(hall, TIE, "close_in_sync", {MA: "close_in_sync"})
    )


@pytest.mark.parametrize(("carried_a", "refused"), [(0.0, False), (300.0, True)])
def test_an_alternate_that_shows_open_and_carries_is_overlapped_too(
    carried_a: float, refused: bool
) -> None:
    """Its section looked dead while its main sought synchronism, and the other was sent home."""
    hall = Hall()
    back(hall)
    hall.positions |= {GA: OPEN, "52-VCB-GB": CLOSED}
    hall.said[GA, "current_a"] = carried_a
    asked = case(hall, "52-VCB-MB", "close_in_sync", {MA: "close_in_sync"})
    assert ("endless_overlap" in refusing(asked)) is refused


@pytest.mark.parametrize(("charged", "joins"), [(0.0, False), (1.0, True)])
@pytest.mark.parametrize("stage", [joint.Stage.PARTED, joint.Stage.JOINED])
def test_the_intake_is_not_given_up_while_its_spring_is_charged(
    charged: float, joins: bool, stage: joint.Stage
) -> None:
    """The utility is lost twice within that time, and each time only for a moment."""
    board = on_mains(**{IN: OPEN})
    board.hall.said[IN, "spring_charged"] = charged
    board.holds(intake=stage)
    told = guards.intake_events(board.scan(), board.ago(100.0))
    assert (joint.Event.JOIN in told) is (joins or stage is not joint.Stage.PARTED)
