"""What is taken away under proof is away, is noted while it is there, and comes back."""

from __future__ import annotations

import pytest

from daemon.core import interlocks
from daemon.core.transfer import guards, main_tie_main, ways
from daemon.core.transfer.section import Event, Stage
from daemon.rehearsal.prove_without import GUARDS, NAMES, Guard, heeded, without
from tests.hall import CLOSED, Hall
from tests.unit.core.interlocks.test_rows import case
from tests.unit.core.transfer.test_guards_by_look import GA, MA, on_mains, section, seen


def test_a_row_that_is_taken_away_is_asked_by_nobody_and_comes_back() -> None:
    table = interlocks.BY_ACTION
    with without(("last_feed",)):
        assert all(r.name != "last_feed" for rows in interlocks.BY_ACTION.values() for r in rows)
    assert interlocks.BY_ACTION is table


def test_what_there_is_not_cannot_be_taken_away() -> None:
    with pytest.raises(ValueError, match=r"no_such_row.*let_in"), without(("no_such_row",)):
        pass


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_that_is_taken_away_comes_back(guard: Guard) -> None:
    before = getattr(guard.module, guard.attribute)
    with without((guard.name,)):
        assert getattr(guard.module, guard.attribute) is not before
    assert getattr(guard.module, guard.attribute) is before
    assert guard.name in NAMES


def test_without_its_guard_a_main_that_found_no_synchronism_is_left_beside_the_alternate() -> None:
    board = on_mains(**{GA: CLOSED})
    section(board, 0, stage=Stage.SYNCHRONISING, alternate=GA)
    assert Event.NOT_LET_IN in seen(board)
    with without(("let_in",)):
        assert Event.NOT_LET_IN not in seen(board)
        assert Event.SEEN_BOTH in seen(board)


@pytest.mark.parametrize(("name", "action"), [("", "close_in_sync"), ("main_in_step", "close")])
def test_without_its_guard_a_main_closes_plainly_beside_its_alternate(
    name: str, action: str
) -> None:
    board = on_mains(**{GA: CLOSED})
    section(board, 0, stage=Stage.SYNCHRONISING, alternate=GA)
    with without((name,) if name else ()):
        wishes = main_tie_main._propose(board.scan())
    assert [w.action for w in wishes if w.equipment == MA] == [action]


def test_what_refuses_alone_is_told_from_what_refuses_beside_others() -> None:
    hall = Hall()
    with heeded() as heard:
        interlocks.check(case(hall, GA, "close"))
    assert heard.alone() == {"mains_and_generators"}
    assert heard.beside("mains_and_generators") == []
    hall.said[GA, "racked_in"] = 0.0
    with heeded() as heard:
        interlocks.check(case(hall, GA, "close"))
    assert heard.alone() == set()
    assert heard.beside("mains_and_generators") == ["racked_out"]


def test_a_guard_that_says_what_is_left_without_it_makes_no_difference() -> None:
    board = on_mains(**{GA: CLOSED})
    section(board, 0, stage=Stage.SYNCHRONISING, alternate=GA)
    with heeded() as heard:
        ways.manner(board.scan().view, "MVA")
        assert heard.guards == set()
        assert guards.in_sync(
            board.scan(), board.scan().scheme.sections[0], board.state.sections[0]
        )
    with heeded() as heard:
        main_tie_main._propose(board.scan())
    assert heard.guards == {"main_in_step"}
