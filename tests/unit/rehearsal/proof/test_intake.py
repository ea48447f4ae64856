"""The intake under proof: nothing is found where nothing is wrong, and what is planted is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon import settings
from daemon.core import interlocks
from daemon.core.transfer import intake
from daemon.rehearsal.proof import explore, schemes
from daemon.rehearsal.proof.intake import Intake

if TYPE_CHECKING:
    from daemon.rehearsal.proof.explore import Tally


def searched(sudden: int, hidden: int, *, until: str = "", most: int = 20_000) -> Tally:
    """Return what a search of the intake with one loss of a utility came to."""
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "ALTS-1")
    assert isinstance(part.board, Intake)
    part.board.losses = 1
    search = explore.Search(part.board, part.mind, part.picture, part.bound_ms, sudden, hidden)
    return search.run(lambda t: until in t.found if until else t.situations > most)


def without_row(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Take a row out of the interlocks."""
    left = {
        key: tuple(row for row in rows if row.name != name)
        for key, rows in interlocks.BY_ACTION.items()
    }
    monkeypatch.setattr(interlocks, "BY_ACTION", left)


def test_with_a_utility_that_fails_and_returns_nothing_is_wrong() -> None:
    found = searched(0, 0)
    assert found.complete
    assert found.found == {}
    assert found.hungry_ms < schemes.INTAKE_BOUND_MS


def test_a_switch_that_meets_an_island_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row(monkeypatch, "onto_island")
    wrong = "the switch joins two sources"
    assert wrong in searched(0, 1, until=wrong).found


def test_a_switch_that_brings_a_feed_to_a_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row(monkeypatch, "faulted_load")
    monkeypatch.setattr(intake, "fault_behind", lambda *_: False)
    wrong = "the switch feeds a fault that protection has told of"
    assert wrong in searched(1, 0, until=wrong).found
