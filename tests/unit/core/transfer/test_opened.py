"""What a daemon has opened is there for the next one to close: kept, read again, or damaged."""

from __future__ import annotations

import pytest

from daemon.core.transfer import opened, rows
from daemon.core.transfer.board import SchemeState
from daemon.model.commands import LaneMessage
from daemon.model.quantities import SECOND
from tests.hall import OPEN
from tests.unit.core.transfer.outgoing import HA, HB, QA, SA1, Board
from tests.unit.journal.memory import MemoryFiles


@pytest.mark.parametrize(("closed", "comes_back"), [(None, (HA,)), ((HB,), ())])
def test_what_the_daemon_before_had_opened_comes_back(
    closed: tuple[str, ...] | None, comes_back: tuple[str, ...]
) -> None:
    """At the first look; what a person opened (QA) does not."""
    board = Board()
    board.hall.positions |= {QA: OPEN, HA: OPEN}
    board.before = {"CCTS-1": [HA, SA1], "CCTS-9": [QA]}
    board.holds(closed=closed)
    assert tuple(f for f in rows.shed(board.scan()) if f != HB) == comes_back


def test_what_is_opened_is_kept_for_the_next_daemon_and_a_day() -> None:
    was, now = {"CCTS-1": SchemeState(())}, {"CCTS-1": SchemeState((), shed=(HA,))}
    assert opened.told(was, was) == ()
    (request,) = opened.told(was, now)
    files, day_ns = MemoryFiles(), 86_400 * SECOND
    assert opened.recalled(files, "shell", 7) is None
    opened.keep(files, lambda: 7, **request.arguments)
    assert opened.recalled(files, "shell", 7 + day_ns) == LaneMessage(
        "shell", opened.TOPIC, {"CCTS-1": [HA]}
    )
    assert opened.recalled(files, "shell", 8 + day_ns) is None
    assert opened.recalled(files, "shell", 6) is None


@pytest.mark.parametrize(
    "damaged",
    ["{torn", "[]", "null", "{}", '{"at_utc_ns": 1, "feeders": 5}', "[" * 200_000],
    ids=["torn", "a list", "nothing", "empty", "no feeders", "without end"],
)
def test_a_damaged_list_is_none(damaged: str) -> None:
    files = MemoryFiles()
    files.replace(opened.NAME, damaged.encode())
    assert opened.recalled(files, "shell", 1) is None
