"""How often a device was operated outlives the daemon: kept, given to the next, and counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.interlocks import wear
from daemon.model.commands import LaneMessage
from daemon.model.quantities import SECOND
from tests.hall import Hall
from tests.unit.core.operation.desk import BREAKER, Desk, wish
from tests.unit.journal.memory import MemoryFiles

DAY_NS = 20_000 * 86_400 * SECOND


def next_desk(desk: Desk, files: MemoryFiles, away_s: int) -> Desk:
    """Return the desk of a daemon that starts after a time, on another clock of its machine."""
    following = Desk()
    now_ns, utc_ns = following.hall.now_ns, DAY_NS + away_s * SECOND
    message = wear.recalled(files, "shell", now_ns, utc_ns)
    if message is not None:
        following.facts = replace(following.facts, operated=message.values)
    return following


def keep(desk: Desk, files: MemoryFiles) -> None:
    """Do what the worker is asked to."""
    for request in desk.turn.requests:
        assert request.function == wear.KEEP
        wear.keep(files, lambda: DAY_NS, **request.arguments)


@pytest.mark.parametrize(("away_s", "refused"), [(2, ["too_often"]), (3_700, [])])
@pytest.mark.fault("F62")
def test_a_set_that_was_started_too_often_is_not_after_a_restart_either(
    away_s: int, refused: list[str]
) -> None:
    files, desk = MemoryFiles(), Desk()
    for _ in range(wear.MOST["generator"]):
        desk.state = type(desk.state)(operated=desk.state.operated)
        desk.scan(wish("start", "DG-2"))
        keep(desk, files)
    assert len(desk.commands) == wear.MOST["generator"]
    following = next_desk(desk, files, away_s)
    following.scan(wish("start", "DG-2"))
    assert following.refused() == refused
    assert len(following.commands) == 1 - len(refused)


def test_what_comes_twice_counts_once_and_what_is_told_since_is_added() -> None:
    files, desk = MemoryFiles(), Desk()
    desk.scan(wish("start", "DG-2"))
    keep(desk, files)
    following = next_desk(desk, files, 60)
    following.scans(3)
    (earlier,) = following.state.operated["DG-2"]
    assert Hall().now_ns - earlier == pytest.approx(60 * SECOND, abs=SECOND)
    following.scan(wish("start", "DG-2"))
    assert following.state.operated["DG-2"] == (earlier, following.commands[-1].issued_at_ns)


def test_nothing_is_kept_of_what_is_not_counted() -> None:
    desk = Desk()
    desk.scan(wish("open", BREAKER))
    assert desk.commands
    assert desk.turn.requests == ()
    assert desk.state.operated == {}


def test_a_clock_that_went_back_makes_nothing_older() -> None:
    files = MemoryFiles()
    assert wear.recalled(files, "shell", 7, 7) is None
    wear.keep(files, lambda: DAY_NS, {"DG-2": [10.0, 5.0]})
    for utc_ns, away_ns in ((DAY_NS + 9, 9), (DAY_NS - 9, 0)):
        now_ns = 100 * SECOND
        assert wear.recalled(files, "shell", now_ns, utc_ns) == LaneMessage(
            "shell", "operated", {"DG-2": [now_ns - away_ns - s * SECOND for s in (10, 5)]}
        )


@pytest.mark.parametrize(
    "damaged",
    [
        "{torn", "[]", "null", "{}", '{"at_utc_ns": 1, "ages_s": 5}',
        '{"at_utc_ns": 1, "ages_s": {"DG-2": [1e999]}}', "[" * 200_000,
    ],
    ids=["torn", "a list", "nothing", "empty", "no ages", "an age without end", "without end"],
)  # fmt: skip
def test_damaged_ages_are_none(damaged: str) -> None:
    files = MemoryFiles()
    files.replace(wear.NAME, damaged.encode())
    assert wear.recalled(files, "shell", 1, 1) is None


def test_the_next_daemon_begins_with_it() -> None:
    hall = Hall()
    hall.inbox.append(LaneMessage("shell", wear.TOPIC, {"DG-2": [hall.now_ns - SECOND]}))
    hall.scan()
    hall.scan()
    assert [len(at) for at in hall.state.operation.operated.values()] == [1]
