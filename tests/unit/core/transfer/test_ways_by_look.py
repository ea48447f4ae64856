"""The ways in which a section may be fed, look by look: which there are, and which is taken."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.facts import Facts, Formed, Health, Island, Sets, Supply
from daemon.core.transfer import acceptance, guards, joint, main_tie_main, rows, ways
from daemon.core.transfer.board import SectionState, State
from daemon.core.transfer.section import Stage
from daemon.model.quantities import ns
from tests.hall import CLOSED, OPEN, TRAVELLING
from tests.unit.core.transfer.outgoing import HA, PARAMS, Board
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
)  # fmt: skip

if TYPE_CHECKING:
    from daemon.core.transfer.board import Scan


# -- the own main, of an island --------------------------------------------------------------------


def on_island() -> Board:
    """Return a board without sets, and a turbine that holds the delivery bus beyond its mains."""
    board = Board(0)
    board.hall.positions |= {"52-GCB-GT": CLOSED, GA: OPEN, HA: OPEN, "52-VCB-EA": OPEN}
    board.hall.stages["GT-1"] = "loaded"
    board.facts = replace(board.facts, island=Island("HV", ("GT-1",), 9e6))
    section(board, 0, stage=Stage.AWAITING)
    return board


def from_island(board: Board) -> bool:
    return ways.from_island(board.scan(), 0, board.state.sections[0])


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ({"island": Island()}, {}),
        ({"island": Island("HV", ("SMR-1",), 9e6)}, {}),
        ({"sets": Sets(on_bus=("DG-1",), capability_w=3.2e6)}, {}),
        ({}, {"52-VCB-PA": OPEN}),
        ({}, {HA: CLOSED}),
        ({}, {MA: TRAVELLING}),
    ],
    ids=["none", "another", "sets", "not at the main", "too large a step", "main of no use"],
)
def test_an_island_feeds_a_section_that_it_reaches_and_can_begin_with_and_never_beside_sets(
    what: dict[str, Any], spoil: dict[str, int]
) -> None:
    board = on_island()
    assert from_island(board)
    board.facts = replace(board.facts, **what)
    board.hall.positions |= spoil
    if MA in spoil:
        section(board, 0, failed=((MA, board.hall.now_ns + 1),))
    assert not from_island(board)


@pytest.mark.parametrize(
    ("stage", "fed"),
    [
        (Stage.CLOSING_MAIN, False),
        (Stage.PARTING, False),
        (Stage.FEEDING, False),
        (Stage.ON_MAIN, True),
        (Stage.AWAITING, True),
    ],
)
def test_an_island_takes_one_section_after_the_other(stage: Stage, fed: bool) -> None:
    board = on_island()
    section(board, 1, stage=stage)
    assert from_island(board) is fed


def test_an_island_recovers_from_one_block_before_the_next() -> None:
    board = on_island()
    for ago_s, fed in ((PARAMS.between_blocks_s, True), (PARAMS.between_blocks_s - 0.001, False)):
        board.holds(block_ns=board.ago(ago_s))
        assert from_island(board) is fed


# -- the alternates --------------------------------------------------------------------------------


def choice(board: Board, i: int) -> str:
    return ways.choose(board.scan(), i, board.state.sections[i])


def test_sections_have_their_own_feeders_while_the_tie_is_open() -> None:
    board = Board(4)
    board.hall.positions["52-VCB-HB"] = OPEN
    assert choice(board, 1) == GB
    section(board, 1, failed=((GB, board.hall.now_ns + 1),))
    assert choice(board, 1) == TIE, "what another has may be borrowed"
    section(board, 1, failed=((GB, 1), (TIE, 1)))
    assert choice(board, 1) == ""
    section(board, 1, failed=(), stage=Stage.ISOLATING)
    assert choice(board, 1) == ""


def test_a_section_borrows_from_mains_before_it_takes_sets() -> None:
    board = on_mains()
    board.hall.positions |= {MA: OPEN, "52-VCB-PA": OPEN}
    section(board, 0, stage=Stage.AWAITING)
    assert choice(board, 0) == TIE
    board.hall.positions["52-VCB-PA"] = CLOSED
    assert choice(board, 0) == "", "its own main is about to come"
    section(board, 0, failed=((MA, board.hall.now_ns + 1),))
    assert choice(board, 0) == TIE
    board.facts = replace(board.facts, supply=replace(UTILITY, feeds={"U-A": Health.UNKNOWN}))
    assert choice(board, 0) == "", "nobody knows that the other is well"
    board.facts = Facts(supply=UTILITY)
    section(board, 1, stage=Stage.ON_ALTERNATE)
    assert choice(board, 0) == ""


def test_onto_a_section_that_storage_holds_breakers_close_in_step() -> None:
    board = on_mains()
    view = board.scan().view
    assert ways.manner(view, "MVA") == "close"
    held = replace(view.facts, formed={"MVA": Formed("ESS-1", 2e6, "", True)})
    assert ways.manner(replace(view, facts=held), "MVA") == "close_in_sync"
    assert ways.manner(replace(view, facts=held), "MVB") == "close"
    assert not ways.between_references(replace(view, facts=held), "MVA")
    assert not ways.between_references(view, "MVA")
    told = replace(view.facts, formed={"MVA": Formed("ESS-1", 2e6, "grid_forming", False)})
    assert ways.between_references(replace(view, facts=told), "MVA")


def test_a_section_without_a_source_calls_for_generation_after_its_time() -> None:
    board = on_mains()
    board.hall.positions |= {MA: OPEN, "52-VCB-PA": OPEN}
    section(board, 0, stage=Stage.AWAITING, dead_ns=board.ago(9.0))
    for since_s, called in ((PARAMS.call_s, True), (PARAMS.call_s - 0.001, False)):
        section(board, 0, since_ns=board.ago(since_s))
        assert bool(ways.call(board.scan())) is called
    section(board, 0, since_ns=board.ago(9.0), dead_ns=0)
    assert ways.call(board.scan()) == ""
    section(board, 0, dead_ns=1, stage=Stage.ON_MAIN)
    assert ways.call(board.scan()) == ""
    section(board, 0, stage=Stage.AWAITING)
    assert ways.call(board.scan()) == "MVA has no source"
    board.hall.positions["52-VCB-PA"] = CLOSED
    section(board, 0, mains_ns=1)
    assert ways.call(board.scan()) == "", "its main comes"
    section(board, 0, failed=((MA, board.hall.now_ns + 1),))
    assert ways.call(board.scan()) == "MVA has no source", "its main did not close"


@pytest.mark.parametrize(
    ("barred", "lent", "reached"),
    [((), False, True), ((GA,), False, False), ((GA,), True, True), ((GA, TIE), True, False)],
)
def test_sets_are_called_for_a_section_that_they_reach_without_a_person_going_there(
    barred: tuple[str, ...], lent: bool, reached: bool
) -> None:
    """Through its own feeder, or through the tie from a section that is on sets."""
    board = on_mains(**{MA: OPEN, MB: OPEN, "52-VCB-PA": OPEN, GB: CLOSED, "52-GCB-1": CLOSED})
    board.hall.stages["DG-1"] = "loaded"
    board.hall.said |= {(breaker, "local"): 1.0 for breaker in barred}
    section(board, 0, stage=Stage.AWAITING, dead_ns=1, since_ns=board.ago(PARAMS.call_s))
    section(board, 1, stage=Stage.ON_ALTERNATE if lent else Stage.ON_MAIN)
    assert ways.call(board.scan()) == ("MVA has no source" if reached else "")
    board.hall.positions[GB] = OPEN
    if not lent:
        assert ways.released(board.scan()) is not reached, "nor do they run on for it"


def test_sets_are_released_when_nothing_hangs_on_them_or_waits_for_them() -> None:
    board = on_mains()
    assert ways.released(board.scan())
    for stage, released in (
        (Stage.FEEDING, False), (Stage.CLOSING_MAIN, False), (Stage.AWAITING, False),
        (Stage.ON_ALTERNATE, True),
    ):  # fmt: skip
        section(board, 0, stage=stage)
        assert ways.released(board.scan()) is released
    section(board, 0, stage=Stage.ON_MAIN)
    for position in (CLOSED, TRAVELLING):
        board.hall.positions[GB] = position
        assert not ways.released(board.scan())


def test_sets_that_are_on_no_bus_feed_nobody_though_their_bus_is_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be live from behind, or from a set that leaves."""
    monkeypatch.setattr(rows, "load_fits", lambda *_: True)
    board = Board(4)
    board.hall.positions["52-VCB-HB"] = OPEN
    assert choice(board, 1)
    board.facts = replace(board.facts, sets=Sets())
    assert board.scan().view.topology.live("MVG")
    assert choice(board, 1) == ""


def test_mains_are_there_when_the_bus_is_seen_live_from_a_utility_that_is_well() -> None:
    board = on_mains()
    assert ways.on_mains(board.scan().view, "MVA")
    board.facts = Facts(supply=Supply({"U-A": Health.FAILED, "U-B": Health.UNKNOWN}))
    assert not ways.on_mains(board.scan().view, "MVA")
    board.facts = Facts(supply=UTILITY)
    view = board.scan().view
    seen = SimpleNamespace(live=lambda bus: False, sources=view.topology.sources)
    dead = replace(view, topology=seen)  # type: ignore[arg-type]
    assert not ways.on_mains(dead, "MVA"), "its breakers are closed, and nothing is there"
    assert guards.from_stable_mains(view, "MVA")
    assert not guards.from_stable_mains(dead, "MVA")


def test_what_is_lent_is_asked_of_the_others_alone() -> None:
    board = on_mains()
    scan = board.scan()
    assert ways._lent_from_mains(scan, 0)
    section(board, 0, stage=Stage.AWAITING)
    assert ways._lent_from_mains(board.scan(), 0)
    assert not ways._lent_from_mains(board.scan(), 1)
    one = scan._replace(
        scheme=replace(scan.scheme, sections=scan.scheme.sections[:1]),
        state=replace(scan.state, sections=scan.state.sections[:1]),
    )
    assert not ways._lent_from_mains(one, 0)
    assert not ways._lent_from_sets(one, 0)


# -- what is taken ---------------------------------------------------------------------------------


def waiting(**memory: Any) -> Board:
    """Return a board on four sets whose second section waits and may be given to them."""
    board = Board(4)
    board.hall.positions["52-VCB-HB"] = OPEN
    board.holds(**memory)
    assert board.state.block_ns or choice(board, 1) == GB
    return board


def seen_live(board: Board, main: str, relay: str) -> None:
    """Let a section be seen under voltage, whatever feeds it."""
    board.hall.said |= {(main, "load_voltage_v"): 6600.0, (relay, "presence"): 1.0}


def test_nothing_is_closed_plainly_onto_a_section_that_is_not_known_to_be_dead() -> None:
    board = waiting()
    seen_live(board, MB, "R-MVB")
    assert not board.scan().view.topology.dead("MVB")
    assert choice(board, 1) == ""


def test_onto_a_section_that_storage_holds_sets_are_closed_in_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    def permitted(scan: Scan, state: SectionState, breaker: str, action: str) -> bool:
        asked.append((breaker, action))
        return True

    board = waiting()
    monkeypatch.setattr(ways, "manner", lambda *_: "close_in_sync")
    monkeypatch.setattr(ways, "permitted", permitted)
    seen_live(board, MB, "R-MVB")
    assert choice(board, 1) == GB
    assert asked == [(GB, "close_in_sync")]


def test_while_storage_takes_or_leaves_a_section_nothing_is_closed_onto_it() -> None:
    board = waiting()
    for order, taken in (("grid_forming", ""), ("grid_following", ""), ("", GB)):
        held = Formed("ESS-1", 2e6, order, False)
        board.facts = replace(board.facts, formed={"MVB": held})
        assert choice(board, 1) == taken, order


def test_a_section_that_feeds_itself_takes_no_alternate() -> None:
    board = waiting()
    for stage in set(Stage) - {Stage.AWAITING}:
        section(board, 1, stage=stage)
        assert choice(board, 1) == "", stage


def test_the_next_section_waits_until_the_sets_have_digested_the_last_block() -> None:
    board = waiting()
    for ago_s, taken in ((PARAMS.between_blocks_s, GB), (PARAMS.between_blocks_s - 0.001, "")):
        board.holds(block_ns=board.ago(ago_s))
        assert choice(board, 1) == taken
    board.holds(block_ns=0)
    section(board, 0, stage=Stage.PARTING)
    assert choice(board, 1) == "", "the other section is about to move"


def test_before_the_first_block_there_is_nothing_to_digest() -> None:
    """However short a time ago the machine of the daemon was switched on."""
    board = on_mains()
    board.hall.now_ns = ns(PARAMS.between_blocks_s) - 1
    assert ways._its_turn(board.scan(), 0)
    board.holds(block_ns=1)
    assert not ways._its_turn(board.scan(), 0)


def test_of_three_sections_one_that_moves_holds_up_the_others() -> None:
    board = on_mains()
    waits, rests = SectionState(Stage.AWAITING), SectionState(Stage.ON_MAIN)
    for moving in (Stage.PARTING, Stage.FEEDING, Stage.SYNCHRONISING):
        for others in ((rests, SectionState(moving)), (SectionState(moving), rests)):
            board.holds(sections=(waits, *others))
            assert not ways._its_turn(board.scan(), 0)
    board.holds(sections=(waits, rests, rests))
    assert ways._its_turn(board.scan(), 0)


def test_in_an_outage_no_section_borrows_from_mains_that_still_show_voltage() -> None:
    board = on_mains(**{MA: OPEN, "52-VCB-PA": OPEN})
    section(board, 0, stage=Stage.AWAITING)
    assert choice(board, 0) == TIE
    board.facts = Facts(supply=replace(UTILITY, outage=True))
    assert choice(board, 0) == ""


def test_in_an_outage_a_live_mains_side_keeps_no_section_from_the_sets() -> None:
    board = waiting()
    board.hall.positions |= {IN: CLOSED, "52-GCB-SMR": CLOSED}
    board.hall.utilities = dict.fromkeys(board.hall.utilities, True)
    source = board.hall.site.equipment[MB].buses[0]
    view = board.scan().view
    assert view.topology.live(source)
    assert choice(board, 1) == GB
    board.facts = replace(board.facts, supply=UTILITY)
    section(board, 1, mains_ns=1)
    assert choice(board, 1) == "", "the utility is well: its main comes"


def test_sets_that_their_breakers_keep_from_the_bus_feed_nobody() -> None:
    board = waiting()
    board.hall.positions |= {f"52-GCB-{n}": OPEN for n in range(1, 5)}
    assert board.scan().view.facts.sets.on_bus
    assert choice(board, 1) == ""


def test_a_section_whose_load_the_sets_do_not_take_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    board = waiting()
    monkeypatch.setattr(rows, "load_fits", lambda scan, i: i != 1)
    assert choice(board, 1) == ""


@pytest.mark.parametrize(
    ("tie", "other", "parted"),
    [
        (OPEN, Stage.ON_ALTERNATE, True),
        (CLOSED, Stage.ON_ALTERNATE, False),
        (TRAVELLING, Stage.ON_ALTERNATE, False),
        (CLOSED, Stage.LOCKOUT, True),
        (TRAVELLING, Stage.LOCKOUT, True),
    ],
)
def test_the_sets_get_a_second_section_only_beside_an_open_tie_unless_the_other_is_stuck(
    tie: int, other: Stage, parted: bool
) -> None:
    board = waiting()
    board.hall.positions[TIE] = tie
    section(board, 0, stage=other)
    assert ways._parted(board.scan()) is parted


def test_a_board_without_a_tie_has_mains_and_feeders_alone() -> None:
    board = waiting()
    scan = board.scan()
    scan = scan._replace(scheme=replace(scan.scheme, tie=""))
    assert ways._parted(scan)
    assert ways.choose(scan, 1, board.state.sections[1]) == GB
    failed = replace(board.state.sections[1], failed=((GB, board.hall.now_ns + 1),))
    assert ways.choose(scan, 1, failed) == ""


# -- what the rest of the daemon is told -----------------------------------------------------------


def told(board: Board) -> dict[str, Any]:
    """Return what a scan of the scheme concludes."""
    state = State({"CCTS-1": board.state})
    return dict(main_tie_main.step(board.scan().view, state, PARAMS).facts or {})


def test_a_section_that_awaits_a_source_is_told_with_whether_its_load_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = waiting()
    monkeypatch.setattr(rows, "load_fits", lambda scan, i: i == 1)
    assert main_tie_main._awaiting(board.scan()) == [("MVB", True)]
    section(board, 0, stage=Stage.AWAITING)
    assert main_tie_main._awaiting(board.scan()) == [("MVA", False), ("MVB", True)]
    for auto in (False, None):
        board.auto = auto
        assert main_tie_main._awaiting(board.scan()) == [], "it is in other hands"


def test_sets_hear_of_a_section_without_a_source_and_of_what_hangs_on_them() -> None:
    board = on_mains(**{MA: OPEN, MB: OPEN, IN: OPEN})
    board.hall.utilities = dict.fromkeys(board.hall.utilities, False)
    board.hall.positions |= {"52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    board.facts = Facts(supply=Supply(outage=True), stages={"ALTS-1": "on_source_1"})
    for i in (0, 1):
        at = {"since_ns": board.ago(PARAMS.call_s), "dead_ns": board.ago(9.0)}
        section(board, i, stage=Stage.AWAITING, **at)
    board.holds(intake=joint.Stage.PARTED)
    found = told(board)
    assert found["generation_wanted"] == "MVA has no source"
    assert found["sets_released"] is False
    assert set(found["awaiting"]) == {"MVA", "MVB"}
    assert found["stages"] == {"ALTS-1": "on_source_1", "CCTS-1": "awaiting"}
    assert found["shed"] == ()
    well = told(on_mains())
    assert well["generation_wanted"] == ""
    assert well["sets_released"] is True
    assert well["awaiting"] == {}
    assert well["stages"] == {"CCTS-1": "on_main"}
    assert well["rows_limit_w"] == acceptance.NO_LIMIT_W
    assert well["rows_free_w"] > 1e6


def test_what_is_shed_and_what_the_rows_may_draw_on_sets_is_told() -> None:
    board = Board()
    board.holds(shed=("52-VCB-QB",))
    board.hall.positions["52-VCB-QB"] = OPEN
    scan = board.scan()
    found = told(board)
    assert "52-VCB-QB" in found["shed"]
    assert found["rows_limit_w"] == scan.limit_w
    assert 0.0 <= found["rows_limit_w"] < found["rows_free_w"]


def test_a_section_lends_when_any_other_is_on_sets() -> None:
    board = Board()
    scan = board.scan()
    assert ways._lent_from_sets(scan, 1)
    assert not ways._lent_from_sets(scan, 0), "the other has nothing to lend"
    one, other = board.state.sections
    board.holds(sections=(replace(one, stage=Stage.HELD), other))
    assert ways._lent_from_sets(board.scan(), 1), "what stays where it is has it to lend"
    for spoil in ("stage", "open", "dead"):
        poor = Board()
        one, other = poor.state.sections
        if spoil == "stage":
            poor.holds(sections=(replace(one, stage=Stage.AWAITING), other))
        elif spoil == "open":
            poor.hall.hidden.add(("52-VCB-GA", "position"))
        else:
            poor.hall.stages["DG-1"] = "stopped"
        assert not ways._lent_from_sets(poor.scan(), 1), spoil
