"""Operations are bounded by the hour, openings are not, and an hour later it is forgotten."""

from __future__ import annotations

from dataclasses import replace

from daemon.core.interlocks.wear import HOUR_NS, MOST
from daemon.model.commands import OperatorRequest, Proposal
from daemon.model.quantities import SECOND
from tests.hall import CLOSED, OPEN, Hall

FEED = "52-GCB-UB"


def ask(hall: Hall, action: str, number: int = 0) -> None:
    """Let the other lane ask for an action at the reserve feed."""
    wish = Proposal(FEED, "command", action, 0.0, "main", "asked")
    hall.inbox.append(OperatorRequest(f"{action}-{number}-{hall.now_ns}", "lane:main", wish))
    hall.run(0.5)


def worn(times: int, ago_ns: int) -> Hall:
    """Return a hall in which the open reserve feed was operated some times, some time ago."""
    hall = Hall()
    hall.positions[FEED] = OPEN
    hall.now_ns += HOUR_NS
    operation = replace(hall.state.operation, operated={FEED: (hall.now_ns - ago_ns,) * times})
    hall.state = replace(hall.state, operation=operation)
    return hall


def test_what_is_told_to_close_is_counted_and_an_opening_is_not() -> None:
    hall = Hall()
    hall.positions[FEED] = OPEN
    ask(hall, "close")
    assert hall.positions[FEED] == CLOSED
    ask(hall, "open")
    assert hall.positions[FEED] == OPEN
    assert len(hall.state.operation.operated[FEED]) == 1


def test_one_more_than_it_stands_is_refused_by_name() -> None:
    hall = worn(MOST["breaker"] - 1, 60 * SECOND)
    ask(hall, "close")
    assert hall.told(FEED) == ["close"]
    hall = worn(MOST["breaker"], 60 * SECOND)
    ask(hall, "close")
    assert hall.told(FEED) == []
    (event,) = hall.happened("command_refused", FEED)
    assert event.fields["interlock"] == "too_often"


def test_an_hour_later_it_may_be_operated_again() -> None:
    hall = worn(MOST["breaker"], HOUR_NS - SECOND)
    ask(hall, "close")
    assert hall.told(FEED) == []
    hall.run(1.0)
    assert FEED not in hall.state.operation.operated
    ask(hall, "close", 1)
    assert hall.told(FEED) == ["close"]
