"""What is worth keeping is marked, and what of it has gone is told."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.journal.keeping import Segment
from daemon.model.events import AlarmTransition, Event
from daemon.runtime.incidents import keeper, tell_gone


def alarm(priority: int, *, active: bool = True) -> AlarmTransition:
    return AlarmTransition(
        0, 0, "a:1", 1, "B", priority, "a", "1", "", 0.0, 0.0, "", 0, active, False, "", ""
    )


@pytest.mark.parametrize(
    ("news", "kept"),
    [
        (alarm(1), 1),
        (alarm(2), 1),
        (alarm(3), 0),
        (alarm(1, active=False), 0),
        (Event(0, "transfer", "transfer_report", "", {}), 1),
        (Event(0, "operation", "command_operated", "", {}), 1),
        (Event(0, "operation", "command_selected", "", {}), 0),
        (Event(0, "scan", "scan_overrun", "", {}), 0),
    ],
)
def test_an_incident_is_kept(news: Event | AlarmTransition, kept: int) -> None:
    calls: list[None] = []
    keeper(lambda: calls.append(None))(news)
    assert len(calls) == kept


def test_only_the_record_of_an_incident_is_missed() -> None:
    told: list[tuple[Any, ...]] = []
    quiet, marked = Segment("journal-00000001.rtj.gz", 1), Segment("journal-2.rtj.gz", 1, True)
    tell_gone([quiet], lambda *what: told.append(what))
    assert told == []
    tell_gone([quiet, marked], lambda *what: told.append(what))
    ((name, source, text, values),) = told
    assert (name, source, values) == ("record_gone", "journal", {"files": [marked.name]})
    assert "1 incident" in text
