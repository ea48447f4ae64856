"""What a board asks for in each stage, what it remembers of it, and what it tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.facts import Formed, Island
from daemon.core.transfer import joint, main_tie_main
from daemon.core.transfer.board import SectionState
from daemon.core.transfer.section import Stage
from daemon.model.events import Event as Happening
from daemon.model.quantities import ns
from tests.hall import CLOSED, OPEN
from tests.unit.core.transfer.outgoing import PARAMS, Board
from tests.unit.core.transfer.test_guards_by_look import (
    GA,
    GB,
    IN,
    MA,
    MB,
    TIE,
    WAITS_NS,
    on_mains,
    section,
)  # fmt: skip


def wished(board: Board) -> list[tuple[str, str]]:
    """Return what a board asks for."""
    return [(p.equipment, p.action) for p in main_tie_main._propose(board.scan())]


@pytest.mark.parametrize(
    ("stage", "wish"),
    [
        (Stage.ISOLATING, (MA, "open")),
        (Stage.FEEDING, (GA, "close")),
        (Stage.RELEASING, (GA, "open")),
        (Stage.SYNCHRONISING, (MA, "close_in_sync")),
        (Stage.PARTING, (GA, "open")),
        (Stage.BACKING_OUT, (MA, "open")),
        (Stage.EXPELLING, (MA, "open")),
        (Stage.BREAKING, (GA, "open")),
        (Stage.CLOSING_MAIN, (MA, "close")),
        (Stage.ON_MAIN, None),
        (Stage.ON_ALTERNATE, None),
        (Stage.AWAITING, None),
        (Stage.HELD, None),
    ],
)
def test_each_stage_asks_for_one_breaker(stage: Stage, wish: tuple[str, str] | None) -> None:
    board = on_mains()
    section(board, 0, stage=stage, alternate=GA)
    assert wished(board) == ([wish] if wish else [])
    for p in main_tie_main._propose(board.scan()):
        assert (p.point, p.value, p.owner) == ("command", 0.0, "CCTS-1")
        assert p.reason == f"MVA: {stage.value}"
    section(board, 0, alternate="")
    assert wished(board) == ([wish] if wish and wish[0] == MA else [])
    board.auto = False
    assert wished(board) == []


def test_onto_a_section_that_storage_holds_a_close_is_asked_for_in_step() -> None:
    board = on_mains()
    board.facts = replace(board.facts, formed={"MVA": Formed("ESS-1", 2e6, "", True)})
    section(board, 0, stage=Stage.FEEDING, alternate=GA)
    assert wished(board) == [(GA, "close_in_sync")]


@pytest.mark.parametrize(
    ("positions", "asked"),
    [
        ({TIE: CLOSED}, True),
        ({TIE: CLOSED, MB: OPEN}, False),
        ({TIE: OPEN}, False),
        ({TIE: CLOSED, MA: OPEN, MB: OPEN, GA: CLOSED, GB: CLOSED}, True),
        ({TIE: CLOSED, MA: OPEN, MB: OPEN, GA: CLOSED}, False),
    ],
)
def test_the_tie_opens_where_it_closes_a_ring(positions: dict[str, int], asked: bool) -> None:
    board = on_mains()
    board.hall.positions |= positions
    assert ((TIE, "open") in wished(board)) is asked


@pytest.mark.parametrize(
    ("spoil", "asked"), [("", True), ("stage", False), ("live", False), ("auto", False)]
)
def test_the_tie_opens_between_sections_that_nothing_feeds(spoil: str, asked: bool) -> None:
    board = on_mains()
    board.hall.positions |= {MA: OPEN, MB: OPEN, TIE: CLOSED}
    for i in (0, 1):
        section(board, i, stage=Stage.AWAITING, dead_ns=1)
    if spoil == "stage":
        section(board, 1, stage=Stage.ISOLATING, dead_ns=1)
    elif spoil == "live":
        section(board, 0, dead_ns=0)
    elif spoil == "auto":
        board.auto = None
    assert ((TIE, "open") in wished(board)) is asked


def test_a_board_without_a_tie_asks_for_none() -> None:
    for stage in (Stage.AWAITING, Stage.ON_MAIN):
        board = on_mains(**{TIE: CLOSED})
        for i in (0, 1):
            section(board, i, stage=stage, dead_ns=1)
        scan = board.scan()
        assert main_tie_main._propose(scan)
        assert main_tie_main._propose(scan._replace(scheme=replace(scan.scheme, tie=""))) == []


def test_in_other_hands_no_alternate_is_remembered() -> None:
    """Whoever had it meanwhile may have left another one closed."""
    board = on_mains(**{MA: OPEN, GA: CLOSED})
    section(board, 0, stage=Stage.ON_ALTERNATE, alternate=GA)
    board.auto = False
    at = main_tie_main._advance(board.scan()._replace(waits_ns=WAITS_NS)).sections[0]
    assert (at.stage, at.alternate) == (Stage.UNJUDGED, "")


def test_the_intake_parts_and_joins_in_step_with_an_island() -> None:
    board = on_mains()
    board.holds(intake=joint.Stage.PARTING)
    assert wished(board) == [(IN, "open")]
    board.holds(intake=joint.Stage.JOINING)
    board.hall.positions[IN] = OPEN
    board.hall.positions |= {"52-GCB-SMR": OPEN, "52-GCB-PV": OPEN, "52-GCB-GT": OPEN}
    assert wished(board) == [(IN, "close")]
    board.hall.positions["52-GCB-SMR"] = CLOSED
    assert board.scan().view.topology.live("HV")
    assert wished(board) == [(IN, "close_in_sync")]


def test_what_opens_comes_before_what_closes() -> None:
    board = on_mains()
    section(board, 0, stage=Stage.CLOSING_MAIN)
    section(board, 1, stage=Stage.ISOLATING)
    assert wished(board) == [(MB, "open"), (MA, "close")]


@pytest.mark.parametrize(
    ("stages", "intake", "word"),
    [
        ((Stage.ON_MAIN, Stage.ON_MAIN), joint.Stage.JOINED, "on_main"),
        ((Stage.ON_MAIN, Stage.AWAITING), joint.Stage.JOINED, "on_main awaiting"),
        ((Stage.ON_MAIN, Stage.UNJUDGED), joint.Stage.JOINED, "unjudged"),
        ((Stage.ON_MAIN, Stage.UNJUDGED), joint.Stage.HELD, "held"),
        ((Stage.LOCKOUT, Stage.UNJUDGED), joint.Stage.HELD, "lockout"),
    ],
)
def test_one_word_tells_of_a_board_the_worst_there_is(
    stages: tuple[Stage, Stage], intake: joint.Stage, word: str
) -> None:
    board = on_mains()
    board.holds(sections=tuple(map(SectionState, stages)), intake=intake)
    assert main_tie_main._summary(board.state) == word


def test_each_change_of_stage_is_told() -> None:
    board = on_mains()
    scan, before = board.scan(), board.state
    section(board, 1, stage=Stage.FEEDING, alternate=GB)
    (told,) = main_tie_main._tell(scan.view, scan.scheme, before, board.state)
    assert (told.source, told.name) == ("CCTS-1", "stage")
    assert told.fields == {
        "section": "MVB", "stage": "feeding", "before": "on_main", "alternate": GB,
    }  # fmt: skip
    board.holds(sections=before.sections, intake=joint.Stage.HELD)
    (told,) = main_tie_main._tell(scan.view, scan.scheme, before, board.state)
    assert (told.source, told.name) == ("CCTS-1", "stage")
    assert told.fields == {"section": IN, "stage": "held"}
    assert main_tie_main._tell(scan.view, scan.scheme, before, before) == []


@pytest.mark.parametrize(
    ("begin", "positions", "island", "block"),
    [
        (Stage.FEEDING, {MA: OPEN, GA: CLOSED}, False, True),
        (Stage.CLOSING_MAIN, {}, False, False),
        (Stage.CLOSING_MAIN, {}, True, True),
        (Stage.ON_MAIN, {}, True, False),
    ],
)
def test_what_is_given_to_sets_or_to_an_island_is_a_block_of_load(
    begin: Stage, positions: dict[str, int], island: bool, block: bool
) -> None:
    board = on_mains()
    board.hall.positions |= positions
    if begin is Stage.FEEDING:
        board.hall.stages["DG-1"], board.hall.positions["52-GCB-1"] = "loaded", CLOSED
    if island:
        board.facts = replace(board.facts, island=Island("HV", ("GT-1",), 9e6))
    section(board, 0, stage=begin, alternate=GA if begin is Stage.FEEDING else "")
    after = main_tie_main._advance(board.scan()._replace(waits_ns=WAITS_NS))
    assert after.sections[0].stage in {Stage.ON_ALTERNATE, Stage.ON_MAIN}
    assert after.block_ns == (board.hall.now_ns if block else 0)


def test_a_scan_tells_what_has_changed() -> None:
    board = on_mains()
    board.holds(sections=(SectionState(Stage.UNJUDGED), board.state.sections[1]))
    state = main_tie_main.State({"CCTS-1": board.state})
    turn = main_tie_main.step(board.scan().view, state, PARAMS)
    (told,) = turn.events
    assert isinstance(told, Happening)
    assert (told.fields["section"], told.fields["stage"]) == ("MVA", "on_main")


def test_only_a_board_that_the_daemon_decides_is_decided() -> None:
    site = Board().hall.site
    assert [*main_tie_main.initial(site, PARAMS).schemes] == ["CCTS-1"]
    left = {name: replace(s, authority="device") for name, s in site.schemes.items()}
    assert main_tie_main.initial(replace(site, schemes=left), PARAMS).schemes == {}


@pytest.mark.parametrize(
    ("stage", "told"), [(Stage.FEEDING, GA), (Stage.CLOSING_MAIN, MA), (Stage.ISOLATING, "")]
)
def test_what_was_told_to_close_and_left_the_section_waiting_is_not_tried_again_at_once(
    stage: Stage, told: str
) -> None:
    board = on_mains(**{MA: OPEN, GA: OPEN})
    since_ns = board.ago(PARAMS.close_s)
    section(board, 0, stage=stage, alternate=GA, since_ns=since_ns)
    scan = board.scan()._replace(waits_ns=WAITS_NS)
    after = main_tie_main._advance_section(scan, 0)
    assert after.stage is Stage.AWAITING
    again_ns = board.hall.now_ns + ns(PARAMS.again_s)
    assert after.failed == (((told, again_ns),) if told else ())
    held = {"MVA": Formed("ESS-1", 2e6, "", True)}
    board.facts = replace(board.facts, formed=held)
    scan = board.scan()._replace(waits_ns=WAITS_NS)
    assert main_tie_main._advance_section(scan, 0).failed == (), "storage lets go, then it closes"
