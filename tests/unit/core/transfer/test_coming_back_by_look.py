"""The outgoing feeders of a board, one look at a time: what was shed, and what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.facts import BlackStart, Health, Supply
from daemon.core.transfer import acceptance, rows
from daemon.core.transfer.section import Stage
from tests.hall import CLOSED, OPEN
from tests.unit.core.transfer.outgoing import (
    HA,
    HB,
    OUTGOING,
    PARAMS,
    QA,
    SA1,
    Board,
    replace_pending,
)

# -- what was shed ---------------------------------------------------------------------------------


def test_what_closes_or_is_faulty_is_no_longer_to_come_back() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN, "52-VCB-QB": CLOSED}
    board.hall.said[SA1, "trip_51"] = 1.0
    board.holds(shed=(QA, SA1, "52-VCB-QB"))
    assert QA in rows.shed(board.scan())
    assert SA1 not in rows.shed(board.scan())
    assert "52-VCB-QB" not in rows.shed(board.scan())


def test_in_other_hands_the_shed_feeders_are_forgotten_but_not_in_a_black_start() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN}
    board.holds(shed=(QA,), closed=(QA, SA1))
    board.auto = False
    board.hall.said["CCTS-1", "selector"] = 1.0
    assert rows.shed(board.scan()) == ()
    start = BlackStart(holding=("CCTS-1",), opened=(SA1,))
    board.facts = replace(board.facts, black_start=start)
    assert rows.shed(board.scan()) == (QA, SA1)


def test_what_the_boards_own_logic_opened_comes_back() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN}
    board.auto = False
    board.hall.stages["CCTS-1"] = "feeding"
    board.holds(closed=(SA1,))
    assert rows.shed(board.scan()) == (SA1,)
    board.holds(closed=None)
    assert set(rows.shed(board.scan())) == {QA, SA1}, "nobody has looked before"
    board.hall.said["CCTS-1", "selector"] = 1.0
    assert rows.shed(board.scan()) == (), "a person has it"


def test_what_stood_closed_is_noted_while_the_own_logic_rests() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN}
    board.holds(shed=(SA1,), closed=(HB,))
    assert rows.closed(board.scan()) == tuple(f for f in OUTGOING if f != QA)
    board.auto = None
    assert rows.closed(board.scan()) == (HB,)
    board.auto = True
    board.hall.stages["CCTS-1"] = "feeding"
    assert rows.closed(board.scan()) == (HB,)


# -- what comes back -------------------------------------------------------------------------------


def back(board: Board) -> list[str]:
    """Return which feeders are asked to close."""
    return [f for f, action, _ in rows.wishes(board.scan()) if action == "close"]


def with_shed(**facts: Any) -> Board:
    board = Board(4, **facts)
    board.hall.positions |= {QA: OPEN, SA1: OPEN, HA: OPEN, HB: OPEN}
    board.holds(shed=(SA1, QA), block_ns=board.ago(PARAMS.between_blocks_s))
    return board


def test_on_sets_one_comes_back_at_a_time_the_best_first() -> None:
    board = with_shed()
    found = acceptance.blocks(board.hall.site, board.hall.params.points)
    first, second = sorted((SA1, QA), key=lambda f: found[f].priority)
    assert back(board) == [first]
    board.holds(block_ns=board.ago(PARAMS.between_blocks_s - 0.001))
    assert back(board) == []
    board.holds(block_ns=0)
    assert back(board) == [first]
    board.facts = replace(board.facts, not_closed=(first,))
    assert set(back(board)) == {first, second}, "one that is stuck stands in nobody's way"


def test_on_the_utility_all_come_back_together() -> None:
    board = with_shed()
    board.facts = replace(board.facts, supply=Supply({"U-A": Health.HEALTHY}, ("U-A",)))
    board.hall.utilities = dict.fromkeys(board.hall.utilities, True)
    board.hall.positions |= {"52-VCB-IN": CLOSED, "52-VCB-MA": CLOSED, "52-VCB-GA": OPEN}
    board.holds(block_ns=board.ago(0.0))
    assert set(back(board)) == {QA, SA1}
    start = BlackStart(sourcing=("CCTS-1",))
    board.facts = replace(board.facts, black_start=start)
    assert back(board) == [], "after a black start they come in blocks"


@pytest.mark.parametrize("flag", ["emergency_off", "maintenance"])
@pytest.mark.parametrize("seen", [True, False])
def test_under_emergency_off_or_a_tag_none_comes_back(flag: str, seen: bool) -> None:
    board = with_shed()
    if seen:
        board.hall.said["CCTS-1", flag] = 1.0
    else:
        board.hall.hidden.add(("CCTS-1", flag))
    assert back(board) == []


def test_while_a_section_moves_or_is_dead_none_comes_back() -> None:
    board = with_shed()
    one, other = board.state.sections
    board.holds(sections=(one, replace(other, stage=Stage.FEEDING)))
    assert back(board) == []
    board = with_shed()
    board.hall.positions["52-VCB-GA"] = OPEN
    assert back(board) == []


def test_what_the_sets_cannot_carry_stays_off() -> None:
    board = with_shed()
    board.holds(shed=(HA,))
    board.limit_w = 1e6
    assert back(board) == [], "their caps are not in force"
    board.caps = (1e6, 0.0)
    assert back(board) == [HA]
    board.limit_w = 0.0
    assert back(board) == []
    assert rows.wishes(board.scan()) == []
    closed = Board(4)
    closed.limit_w = 0.0
    closed.holds(shed=(HA, HB))
    assert {(f, a) for f, a, _ in rows.wishes(closed.scan())} == {(HA, "open"), (HB, "open")}


def test_on_sets_they_come_back_one_by_one_though_the_utility_is_well_again() -> None:
    board = with_shed(supply=Supply({"U-A": Health.HEALTHY}, ("U-A",)))
    assert len(back(board)) == 1


@pytest.mark.parametrize(
    ("spoil", "may"),
    [
        ("", True),
        ("too much", False),
        ("no room", False),
        ("step", False),
        ("step awaited", True),
        ("step early", False),
        ("step pending", False),
    ],
)
def test_a_feeder_closes_when_it_can_be_carried_and_is_no_larger_a_step_than_it_must_be(
    spoil: str, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = with_shed()
    waited_s = PARAMS.sets_wait_s - (0.001 if spoil == "step early" else 0.0)
    board.holds(block_ns=board.ago(waited_s if "step " in spoil else 0.0))
    if spoil == "step pending":
        sets = replace_pending(board.facts.sets, ("DG-2",))
        board.facts = replace(board.facts, sets=sets)
        board.holds(sets_ns=board.ago(0.0))
    brings_w = {"": 1e6, "no room": 1e6, "too much": 2e6 + 1.0}.get(spoil, 2e6)
    monkeypatch.setattr(rows, "_brings", lambda *_: brings_w)
    monkeypatch.setattr(rows, "_room_w", lambda *_: 0.9e6 if spoil == "no room" else 2e6)
    monkeypatch.setattr(rows, "_step_w", lambda *_: 1e6)
    assert rows._may_close(board.scan(), QA) is may


def test_a_feeder_that_must_go_is_not_asked_back(monkeypatch: pytest.MonkeyPatch) -> None:
    board = with_shed()
    monkeypatch.setattr(rows, "_must_go", lambda scan: (QA,))
    monkeypatch.setattr(rows, "_next", lambda scan, feeders: feeders)
    found = [(f, action) for f, action, _ in rows.wishes(board.scan())]
    assert found == [(QA, "open"), (SA1, "close")]
