"""What the image means for a board, look by look: what is seen of it, and its ways to be fed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.facts import BlackStart, Facts, Formed, Health, Supply
from daemon.core.interlocks import CARRIES_PU
from daemon.core.transfer import black_start, guards, joint, main_tie_main, ways
from daemon.core.transfer.board import SectionState
from daemon.core.transfer.section import Event, Stage
from daemon.model.commands import OperatorRequest, Proposal
from daemon.model.natures import Position
from daemon.model.quantities import ns
from tests.hall import CLOSED, OPEN, TRAVELLING
from tests.unit.core.transfer.outgoing import HA, PARAMS, QA, SA1, Board

MA, MB, GA, GB, TIE, IN = (
    "52-VCB-MA", "52-VCB-MB", "52-VCB-GA", "52-VCB-GB", "52-VCB-TIE", "52-VCB-IN",
)  # fmt: skip
WAITS_NS = {name: ns(getattr(PARAMS, name)) for name in main_tie_main._WAITS}
UTILITY = Supply({"U-A": Health.HEALTHY, "U-B": Health.HEALTHY}, ("U-A", "U-B"))


def on_mains(**positions: int) -> Board:
    """Return a board whose sections are on their mains, with some breakers otherwise."""
    board = Board(0)
    board.facts = Facts(supply=UTILITY)
    board.hall.utilities = dict.fromkeys(board.hall.utilities, True)
    board.hall.positions |= {IN: CLOSED, MA: CLOSED, MB: CLOSED, GA: OPEN, GB: OPEN, TIE: OPEN}
    board.hall.positions |= positions
    board.holds(sections=(SectionState(Stage.ON_MAIN), SectionState(Stage.ON_MAIN)))
    return board


def section(board: Board, i: int, **memory: Any) -> SectionState:
    """Let a section of a board remember, and return it."""
    now = replace(board.state.sections[i], **memory)
    sections = [now if k == i else s for k, s in enumerate(board.state.sections)]
    board.holds(sections=tuple(sections))
    return now


def seen(board: Board, i: int = 0, choice: str = "") -> list[Event]:
    """Return what is true of a section."""
    scan = board.scan()._replace(waits_ns=WAITS_NS)
    closed = guards.alternate_closed(scan, i)
    return guards.section_events(scan, i, board.state.sections[i], closed, choice)


# -- what is closed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("feeder", "tie", "main", "borrowed", "closed"),
    [
        (CLOSED, OPEN, OPEN, False, GA),
        (CLOSED, CLOSED, OPEN, True, GA),
        (TRAVELLING, OPEN, OPEN, False, None),
        (OPEN, OPEN, OPEN, False, ""),
        (OPEN, TRAVELLING, OPEN, False, None),
        (OPEN, CLOSED, OPEN, False, TIE),
        (OPEN, CLOSED, CLOSED, False, ""),
        (OPEN, CLOSED, CLOSED, True, TIE),
    ],
)
def test_the_alternate_of_a_section_is_its_feeder_or_the_tie_it_borrows(
    feeder: int, tie: int, main: int, borrowed: bool, closed: str | None
) -> None:
    board = on_mains()
    board.hall.positions |= {GA: feeder, TIE: tie, MA: main}
    section(board, 0, alternate=TIE if borrowed else "")
    assert guards.alternate_closed(board.scan(), 0) == closed


@pytest.mark.parametrize(
    ("positions", "closed"), [({}, TIE), ({MB: OPEN}, ""), ({MB: OPEN, GB: CLOSED}, TIE)]
)
def test_a_tie_feeds_a_section_only_from_one_that_is_fed(
    positions: dict[str, int], closed: str
) -> None:
    board = on_mains()
    board.hall.positions |= {MA: OPEN, TIE: CLOSED, **positions}
    assert guards.alternate_closed(board.scan(), 0) == closed


@pytest.mark.parametrize(
    ("currents", "begin", "since_s", "parted"),
    [
        ((0.0, 300.0), Stage.PARTING, PARAMS.overlap_s, True),
        ((0.0, 300.0), Stage.PARTING, PARAMS.overlap_s - 0.001, False),
        ((None, 300.0), Stage.PARTING, 9.0, False),
        ((0.0, None), Stage.PARTING, 9.0, False),
        ((300.0, 300.0), Stage.PARTING, 9.0, False),
        ((-300.0, 300.0), Stage.PARTING, 9.0, False),
        ((0.0, 0.0), Stage.PARTING, 9.0, False),
        ((0.0, -300.0), Stage.PARTING, 9.0, True),
    ],
)
def test_an_alternate_that_only_shows_closed_is_told_by_its_current(
    currents: tuple[float | None, float | None], begin: Stage, since_s: float, parted: bool
) -> None:
    board = on_mains()
    board.hall.positions[GA] = CLOSED
    for breaker, current_a in zip((GA, MA), currents, strict=True):
        if current_a is None:
            board.hall.hidden.add((breaker, "current_a"))
        else:
            board.hall.said[breaker, "current_a"] = current_a
    section(board, 0, stage=begin, since_ns=board.ago(since_s), alternate=GA)
    assert (Event.PARTED in seen(board)) is parted
    assert (Event.SEEN_BOTH in seen(board)) is not parted


def test_an_alternate_that_is_seen_closed_is_not_judged_while_the_other_is_out_of_sight() -> None:
    """Nobody knows then which of the two still carries the section."""
    board = on_mains(**{TIE: CLOSED})
    board.hall.hidden.add((GA, "position"))
    board.hall.said |= {(TIE, "current_a"): 0.0, (MA, "current_a"): 300.0}
    section(board, 0, stage=Stage.PARTING, since_ns=board.ago(9.0), alternate=TIE)
    assert Event.PARTED not in seen(board)
    board.hall.hidden.add((TIE, "position"))
    assert Event.PARTED in seen(board)


def test_beside_a_main_that_is_not_seen_closed_no_alternate_only_shows_closed() -> None:
    board = on_mains()
    board.hall.positions[GA] = CLOSED
    board.hall.hidden.add((MA, "position"))
    board.hall.said |= {(GA, "current_a"): 0.0, (MA, "current_a"): 300.0}
    section(board, 0, stage=Stage.PARTING, since_ns=board.ago(9.0), alternate=GA)
    assert Event.PARTED not in seen(board)


@pytest.mark.parametrize(
    ("positions", "event"),
    [
        ({}, Event.SEEN_ON_MAIN),
        ({MA: OPEN, GA: CLOSED}, Event.SEEN_ON_ALTERNATE),
        ({MA: OPEN}, Event.SEEN_DEAD),
        ({GA: CLOSED}, Event.SEEN_BOTH),
    ],
)
def test_positions_say_what_feeds_a_section(positions: dict[str, int], event: Event) -> None:
    board = on_mains()
    board.hall.positions |= positions
    events = seen(board)
    assert event in events
    assert (Event.NOT_LET_IN in events) is (event is Event.SEEN_BOTH)
    section(board, 0, sync_ns=1)
    assert Event.NOT_LET_IN not in seen(board)


@pytest.mark.parametrize(
    ("stage", "positions", "event"),
    [
        (Stage.FEEDING, {MA: OPEN, GA: CLOSED}, Event.SEEN_ON_ALTERNATE),
        (Stage.CLOSING_MAIN, {}, Event.SEEN_ON_MAIN),
    ],
)
def test_what_shows_closed_over_a_dead_section_has_not_fed_it(
    stage: Stage, positions: dict[str, int], event: Event
) -> None:
    board = on_mains(**positions)
    section(board, 0, stage=stage, alternate=GA if stage is Stage.FEEDING else "")
    board.hall.stages["DG-1"], board.hall.positions["52-GCB-1"] = "loaded", CLOSED
    assert event in seen(board)
    dark = on_mains(**positions, **{"52-VCB-PA": OPEN})
    section(dark, 0, stage=stage, alternate=GA if stage is Stage.FEEDING else "")
    assert dark.scan().view.topology.dead("MVA")
    assert event not in seen(dark), "it is told on"
    section(dark, 0, stage=Stage.ISOLATING)
    assert event in seen(dark)


def test_while_the_main_or_an_alternate_travels_nothing_is_said_of_what_feeds_the_section() -> None:
    fed = {Event.SEEN_ON_MAIN, Event.SEEN_ON_ALTERNATE, Event.SEEN_BOTH, Event.SEEN_DEAD}
    for stands in (OPEN, CLOSED):
        assert fed.isdisjoint(seen(on_mains(**{MA: TRAVELLING, GA: stands})))
        assert fed.isdisjoint(seen(on_mains(**{MA: stands, GA: TRAVELLING})))


def test_in_other_hands_only_that_is_seen_and_without_a_selector_nothing_new_is_begun() -> None:
    board = on_mains()
    board.auto = False
    assert seen(board) == [Event.HANDS_OFF]
    board.auto = None
    assert Event.SEEN_ON_MAIN in seen(board)
    section(board, 0, stage=Stage.UNJUDGED)
    assert seen(board) == []
    section(board, 0, stage=Stage.AWAITING)
    assert Event.ALTERNATE_USABLE not in seen(board, choice=GA)
    board.auto = True
    assert Event.ALTERNATE_USABLE in seen(board, choice=GA)


# -- what is lost ----------------------------------------------------------------------------------


def test_a_main_is_lost_in_an_outage_or_when_it_stays_dead_behind_live_mains() -> None:
    board = on_mains()
    board.hall.positions["52-VCB-PA"] = OPEN
    for dead_s, lost in (
        (PARAMS.section_confirm_s, True),
        (PARAMS.section_confirm_s - 0.001, False),
    ):
        section(board, 0, dead_ns=board.ago(dead_s))
        assert (Event.MAIN_LOST in seen(board)) is lost
    section(board, 0, dead_ns=board.ago(99.0))
    board.hall.positions[IN] = OPEN
    assert Event.MAIN_LOST not in seen(board), "nothing is at the door"
    board.facts = Facts(supply=Supply(outage=True))
    section(board, 0, dead_ns=0)
    assert Event.MAIN_LOST in seen(board)
    live = on_mains()
    live.facts = Facts(supply=Supply(outage=True))
    assert Event.MAIN_LOST not in seen(live)


@pytest.mark.parametrize(("dead_s", "lost"), [(0.5, True), (0.499, False), (None, False)])
def test_an_alternate_is_lost_when_it_gives_nothing_for_its_time(
    dead_s: float | None, lost: bool
) -> None:
    board = Board()
    section(board, 0, dead_ns=0 if dead_s is None else board.ago(dead_s))
    assert (Event.ALTERNATE_LOST in seen(board)) is lost


# -- the way back ----------------------------------------------------------------------------------


def returning(**memory: Any) -> Board:
    """Return a board with section A on sets and the mains back before its main."""
    board = Board()
    board.facts = replace(board.facts, supply=UTILITY)
    board.hall.utilities = dict.fromkeys(board.hall.utilities, True)
    board.hall.positions |= {IN: CLOSED, MA: OPEN, MB: OPEN}
    section(board, 0, mains_ns=board.ago(PARAMS.mains_settle_s))
    board.holds(**memory)
    return board


def test_a_section_goes_back_when_its_mains_have_settled_and_it_is_its_turn() -> None:
    assert Event.RETURN_PERMITTED in seen(returning())
    early = returning()
    section(early, 0, mains_ns=early.ago(PARAMS.mains_settle_s - 0.001))
    assert Event.RETURN_PERMITTED not in seen(early)
    for block_s, permitted in ((PARAMS.between_blocks_s, True), (2.9, False)):
        board = returning()
        board.holds(block_ns=board.ago(block_s))
        assert (Event.RETURN_PERMITTED in seen(board)) is permitted
    busy = returning()
    section(busy, 1, stage=Stage.FEEDING)
    assert Event.RETURN_PERMITTED not in seen(busy)
    failed = returning()
    section(failed, 0, failed=((MA, failed.hall.now_ns + 1),))
    assert Event.RETURN_PERMITTED not in seen(failed)
    held = returning()
    held.hall.said[MA, "lockout_86"] = 1.0
    assert Event.RETURN_PERMITTED not in seen(held)
    gap = returning()
    gap.hall.hidden.add((MA, "sync_25"))
    assert Event.RETURN_PERMITTED in seen(gap), "then with a gap"


def test_an_awaiting_section_may_be_given_to_its_settled_main() -> None:
    board = on_mains()
    board.hall.positions[MA] = OPEN
    section(board, 0, stage=Stage.AWAITING, mains_ns=board.ago(PARAMS.mains_settle_s))
    assert Event.MAIN_USABLE in seen(board)
    section(board, 0, mains_ns=board.ago(PARAMS.mains_settle_s - 0.001))
    assert Event.MAIN_USABLE not in seen(board)
    section(board, 0, mains_ns=board.ago(9.0), failed=((MA, board.hall.now_ns + 1),))
    assert Event.MAIN_USABLE not in seen(board)
    section(board, 0, failed=())
    order = Formed("ESS-1", 2e6, "grid_following", False)
    board.facts = replace(board.facts, formed={"MVA": order})
    assert Event.MAIN_USABLE not in seen(board), "storage is about to let go of it"


# -- the intake ------------------------------------------------------------------------------------


def intake(board: Board, feed_s: float | None) -> list[joint.Event]:
    feed_ns = 0 if feed_s is None else board.ago(feed_s)
    return guards.intake_events(board.scan(), feed_ns)


def test_the_intake_joins_what_was_well_for_its_time() -> None:
    board, here = on_mains(), joint.Event
    board.hall.positions |= {IN: OPEN}
    assert intake(board, PARAMS.reclose_s) == [here.SEEN_OPEN, here.WELL, here.JOIN]
    assert intake(board, PARAMS.reclose_s - 0.001) == [here.SEEN_OPEN, here.WELL]
    assert intake(board, None) == [here.SEEN_OPEN, here.WELL]
    board.hall.positions[IN] = CLOSED
    assert intake(board, None)[0] is here.SEEN_CLOSED
    board.hall.positions[IN] = TRAVELLING
    assert intake(board, None) == [here.WELL]
    board.facts = Facts(supply=Supply(outage=True))
    assert intake(board, None) == [here.PART]
    for auto in (False, None):
        board.auto = auto
        assert intake(board, 9.0) == []
    unsure = on_mains()
    unsure.hall.positions[IN] = OPEN
    unsure.hall.said["52-VCB-PA", "source_voltage_v"] = 7000.0
    assert here.JOIN not in intake(unsure, 9.0), "what is before it must be dead or live"


def test_a_reset_is_asked_for_or_comes_with_a_start_from_darkness() -> None:
    view = on_mains().scan().view
    assert not guards.reset(view, "CCTS-1")
    holding = replace(view.facts, black_start=BlackStart(holding=("CCTS-1",)))
    assert guards.reset(replace(view, facts=holding), "CCTS-1")
    assert not guards.reset(replace(view, facts=holding), "CCTS-2")
    asked = OperatorRequest("1", "ann", Proposal("CCTS-1", "scheme", "reset", 0.0, "ann", ""))
    accepted = replace(view, facts=replace(view.facts, accepted=(asked,)))
    assert guards.reset(accepted, "CCTS-1")
    assert not guards.reset(accepted, "CCTS-2")
    assert guards.request(accepted, "CCTS-1", "black_start") is None


# -- the black start -------------------------------------------------------------------------------


def test_what_is_missing_after_a_black_start_is_what_can_be_closed() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN, HA: OPEN}
    board.hall.said[SA1, "trip_50"] = 1.0
    scan = board.scan()

    def missing(limit_w: float) -> tuple[str, ...]:
        facts = replace(scan.view.facts, rows_limit_w=limit_w)
        opened = (QA, SA1, HA, "52-VCB-SA2")
        return black_start._missing(replace(scan.view, facts=facts), scan.scheme, opened)

    assert missing(-1.0) == missing(1e6) == (QA, HA)
    assert missing(0.0) == (QA,), "there is no room for rows"


@pytest.mark.parametrize(
    ("breaker", "current_a", "since_s", "others", "told"),
    [
        (GA, 300.0, PARAMS.isolate_s, {}, True),
        (GA, -300.0, PARAMS.isolate_s, {}, True),
        (GA, 300.0, PARAMS.isolate_s - 0.001, {}, False),
        (GA, 1.0, 9.0, {}, False),
        (GA, None, 9.0, {}, False),
        (TIE, 300.0, 9.0, {}, False),
        (TIE, 300.0, 9.0, {GB: CLOSED, MB: OPEN}, True),
    ],
    ids=["carries", "backwards", "just now", "nothing", "unread", "tie of mains", "tie of sets"],
)
def test_an_alternate_that_shows_open_and_carries_is_noticed(
    breaker: str, current_a: float | None, since_s: float, others: dict[str, int], told: bool
) -> None:
    board = on_mains(**others)
    if current_a is None:
        board.hall.hidden.add((breaker, "current_a"))
    else:
        board.hall.said[breaker, "current_a"] = current_a
    section(board, 0, since_ns=board.ago(since_s))
    assert (Event.CARRIES_ON in seen(board)) is told
    section(board, 0, stage=Stage.HELD)
    carries = current_a is not None and abs(current_a) > 100.0 and (breaker == GA or bool(others))
    assert guards.alternate_closed(board.scan(), 0) == (breaker if carries else "")


@pytest.mark.parametrize(
    ("stage", "main", "since_s", "sync_s", "out"),
    [
        (Stage.ISOLATING, None, PARAMS.isolate_s, None, True),
        (Stage.ISOLATING, None, PARAMS.isolate_s - 0.001, None, False),
        (Stage.ISOLATING, Position.TRAVELLING, PARAMS.isolate_s, None, True),
        (Stage.SYNCHRONISING, None, 99.0, None, False),
        (Stage.SYNCHRONISING, None, 99.0, PARAMS.isolate_s, True),
        (Stage.SYNCHRONISING, None, 99.0, PARAMS.isolate_s - 0.001, False),
        (Stage.SYNCHRONISING, Position.TRAVELLING, 99.0, 99.0, False),
    ],
)
def test_what_was_told_to_move_is_out_of_sight_after_its_time(
    stage: Stage, main: Position | None, since_s: float, sync_s: float | None, out: bool
) -> None:
    board = on_mains()
    sync_ns = 0 if sync_s is None else board.ago(sync_s)
    at = section(board, 0, stage=stage, since_ns=board.ago(since_s), sync_ns=sync_ns)
    scan = board.scan()._replace(waits_ns=WAITS_NS)
    assert guards._out_of_sight(scan, at, main) is out


def test_one_hundredth_of_the_rated_current_is_a_current() -> None:
    board = on_mains()
    least = {n: CARRIES_PU * board.hall.site.equipment[n].ratings["current_a"] for n in (GA, MA)}
    for idle_a, carried_a, shows in (
        (least[GA] * 0.999, least[MA], True),
        (least[GA], least[MA], False),
        (0.0, least[MA] * 0.999, False),
    ):
        board.hall.said |= {(GA, "current_a"): idle_a, (MA, "current_a"): carried_a}
        at = section(board, 0, stage=Stage.PARTING, since_ns=board.ago(9.0), alternate=GA)
        scan = board.scan()._replace(waits_ns=WAITS_NS)
        drawn = scan.scheme.sections[0]
        assert guards._only_shows_closed(scan, drawn, at, GA) is shows
        other = replace(at, stage=Stage.ON_MAIN)
        assert not guards._only_shows_closed(scan, drawn, other, GA)


def test_a_board_that_is_started_from_darkness_is_not_fed_by_its_tables() -> None:
    board = on_mains()
    scan = board.scan()
    assert guards.auto(scan.view, scan.scheme) is True
    holding = replace(scan.view.facts, black_start=BlackStart(holding=("CCTS-1",)))
    assert guards.auto(replace(scan.view, facts=holding), scan.scheme) is False


@pytest.mark.parametrize(
    ("stage", "since_s", "sync_ns", "may_part", "listed", "given_up"),
    [
        (Stage.SYNCHRONISING, PARAMS.sync_s, 0, False, False, True),
        (Stage.SYNCHRONISING, PARAMS.sync_s - 0.001, 0, False, True, False),
        (Stage.SYNCHRONISING, PARAMS.sync_s, 0, True, True, False),
        (Stage.SYNCHRONISING, PARAMS.sync_s, 1, False, False, False),
        (Stage.SYNCHRONISING, 0.0, 1, True, True, True),
        (Stage.CLOSING_MAIN, 0.0, 0, True, True, True),
        (Stage.CLOSING_MAIN, 99.0, 0, False, False, False),
        (Stage.ON_MAIN, 99.0, 0, False, True, False),
    ],
)
def test_a_main_is_given_up_when_it_seeks_in_vain_or_did_not_close(
    stage: Stage,
    since_s: float,
    sync_ns: int,
    may_part: bool,
    listed: bool,
    given_up: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = on_mains()
    board.facts = replace(board.facts, not_closed=(MA,) if listed else ())
    at = section(board, 0, stage=stage, since_ns=board.ago(since_s), sync_ns=sync_ns)
    monkeypatch.setattr(ways, "may_part", lambda *_: may_part)
    scan = board.scan()._replace(waits_ns=WAITS_NS)
    assert guards._not_closed(scan, scan.scheme.sections[0], at) is given_up


@pytest.mark.parametrize(
    ("stage", "sync_ns", "said", "found"),
    [
        (Stage.SYNCHRONISING, 1, False, True),
        (Stage.SYNCHRONISING, 0, False, False),
        (Stage.SYNCHRONISING, 0, True, True),
        (Stage.PARTING, 1, True, False),
    ],
)
def test_synchronism_that_was_found_stays_found_while_the_main_closes(
    stage: Stage, sync_ns: int, said: bool, found: bool
) -> None:
    board = on_mains()
    board.hall.said[MA, "sync_25"] = float(said)
    at = section(board, 0, stage=stage, sync_ns=sync_ns)
    scan = board.scan()
    assert guards.in_sync(scan, scan.scheme.sections[0], at) is found


def test_of_three_sections_one_on_sets_makes_the_tie_an_alternate_of_the_others() -> None:
    board = on_mains(**{GB: CLOSED, MB: OPEN, QA: OPEN})
    board.hall.said[TIE, "current_a"] = 300.0
    scan = board.scan()
    one, on_sets = scan.scheme.sections
    on_main = replace(on_sets, generator_feeder=QA)
    for others, told in (
        ((on_sets, on_main), TIE),
        ((on_main, on_sets), TIE),
        ((on_main,), ""),
        ((), ""),
    ):
        scheme = replace(scan.scheme, sections=(one, *others))
        assert guards._carries_on(scan._replace(scheme=scheme), 0) == told


def test_of_three_sections_one_that_is_fed_gives_through_the_tie() -> None:
    board = on_mains(**{MA: OPEN, TIE: CLOSED, QA: OPEN})
    scan = board.scan()
    one, fed = scan.scheme.sections
    dark = replace(fed, main=QA, generator_feeder=QA)
    for others, told in (((fed, dark), TIE), ((dark, fed), TIE), ((dark,), ""), ((), "")):
        scheme = replace(scan.scheme, sections=(one, *others))
        assert guards.alternate_closed(scan._replace(scheme=scheme), 0) == told


@pytest.mark.parametrize(
    ("position", "share", "carried"),
    [
        (CLOSED, CARRIES_PU, True),
        (CLOSED, -CARRIES_PU, True),
        (CLOSED, 0.99 * CARRIES_PU, False),
        (CLOSED, None, False),
        (OPEN, 1.0, False),
        (TRAVELLING, 1.0, False),
    ],
)
def test_a_breaker_carries_that_shows_closed_and_a_share_of_its_rated_current(
    position: int, share: float | None, carried: bool
) -> None:
    board = on_mains(**{GA: position})
    if share is None:
        board.hall.hidden.add((GA, "current_a"))
    else:
        rated_a = board.hall.site.equipment[GA].ratings["current_a"]
        board.hall.said[GA, "current_a"] = share * rated_a
    assert guards.carries(board.scan().view, GA) is carried


@pytest.mark.parametrize(
    ("positions", "carrying", "told"),
    [
        ({}, (GA,), GA),
        ({}, (GB,), ""),
        ({}, (TIE,), ""),
        ({MB: OPEN, GB: CLOSED}, (TIE,), TIE),
        ({MA: OPEN, GA: CLOSED}, (TIE,), ""),
        ({MB: OPEN, GB: CLOSED}, (GA, TIE), GA),
        ({MB: OPEN, GB: CLOSED, TIE: CLOSED}, (TIE,), ""),
    ],
)
def test_what_shows_open_and_carries_is_its_own_feeder_or_a_tie_to_sets(
    positions: dict[str, int], carrying: tuple[str, ...], told: str
) -> None:
    board = on_mains(**positions)
    for breaker in carrying:
        board.hall.said[breaker, "current_a"] = 300.0
    assert guards._carries_on(board.scan(), 0) == told


@pytest.mark.parametrize("stage", [Stage.UNJUDGED, Stage.ON_MAIN])
@pytest.mark.parametrize(
    ("sync_ns", "main_a", "events"),
    [
        (0, 0.0, [Event.SEEN_ON_ALTERNATE]),
        (0, 300.0, [Event.NOT_LET_IN, Event.SEEN_BOTH]),
        (1, 0.0, [Event.SEEN_BOTH]),
    ],
)
def test_a_main_that_nobody_let_in_and_that_carries_nothing_only_shows_closed(
    stage: Stage, sync_ns: int, main_a: float, events: list[Event]
) -> None:
    board = on_mains(**{GA: CLOSED})
    board.hall.said |= {(MA, "current_a"): main_a, (GA, "current_a"): 300.0}
    at = section(board, 0, stage=stage, sync_ns=sync_ns)
    scan = board.scan()
    assert guards._by_position(scan, scan.scheme.sections[0], at, GA) == events
