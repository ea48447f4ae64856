"""What the events of the scan make of a selection."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.console.ledger import KEPT, Followed, Ledger
from daemon.model.commands import Proposal
from daemon.model.events import Event
from daemon.model.quantities import SECOND

WISH = Proposal("52-A", "command", "close", 0.0, "kim", "asked for")


def followed(name: str, at_ns: int = 0) -> Followed:
    return Followed(name, "kim", WISH, (), at_ns)


def event(name: str, selection: str = "7-1", at_ns: int = SECOND, **fields: Any) -> Event:
    return Event(at_ns, "52-A", name, f"it is {name}", {"selection": selection, **fields})


def test_it_goes_from_stage_to_stage_with_the_time_that_is_left() -> None:
    ledger, found = Ledger(), followed("7-1")
    ledger.open(found)
    assert ledger.outstanding() == []
    ledger.hear(event("command_selected", valid_s=5.0, lost=("R-1",), needs_approval=""))
    assert ledger.outstanding() == [found]
    assert (found.stage, found.left_s(3 * SECOND), found.left_s(9 * SECOND)) == ("selected", 3, 0)
    assert found.plain(0)["lost"] == ["R-1"]
    ledger.hear(event("command_operated", at_ns=2 * SECOND))
    assert found.left_s(2 * SECOND) is None
    ledger.hear(event("command_verified", at_ns=3 * SECOND))
    assert ledger.outstanding() == []
    assert [(s["name"], s["at_s"]) for s in found.plain(0)["steps"]] == [
        ("selected", 1.0),
        ("operated", 2.0),
        ("verified", 3.0),
    ]


def test_a_refused_step_leaves_the_selection_as_it_was() -> None:
    ledger, found = Ledger(), followed("7-1")
    ledger.open(found)
    ledger.hear(event("command_selected", valid_s=60.0))
    ledger.hear(event("command_refused", interlock="approver", standing=True))
    assert (found.stage, found.plain(0)["refused_by"]) == ("selected", "")
    assert found.left_s(SECOND) == 60.0
    ledger.hear(event("command_refused", interlock="earthed"))
    assert (found.stage, found.plain(0)["refused_by"]) == ("refused", "earthed")


@pytest.mark.parametrize(
    "other", [event("command_selected", "7-2"), event("stage"), Event(0, "x", "stage", "", {})]
)
def test_what_concerns_others_changes_nothing(other: Event) -> None:
    ledger, found = Ledger(), followed("7-1")
    ledger.open(found)
    assert ledger.hear(other) is None
    assert found.stage == "asked"


def test_only_what_has_ended_is_forgotten_and_only_when_there_is_much() -> None:
    ledger = Ledger()
    ledger.open(followed("7-0"))
    for number in range(1, 2 * KEPT):
        ledger.open(followed(f"7-{number}"))
        ledger.hear(event("command_verified", f"7-{number}"))
    assert ledger.find("7-0") is not None
    assert ledger.find("7-1") is None
    assert ledger.find(f"7-{2 * KEPT - 1}") is not None
