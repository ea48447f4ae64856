"""What a search has found is gone once more, alone, before it is said that it can happen."""

from __future__ import annotations

import pytest

from daemon import settings
from daemon.core import interlocks
from daemon.rehearsal.proof import explore, retrace, schemes
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.proof.situation import Trail

WRONG = "the switch joins two sources"


def search() -> explore.Search:
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "ALTS-1")
    return explore.Search(part.board, part.mind, part.picture, part.bound_ms, Faults(2, 0, 1))


def without_onto_island(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {
        key: tuple(row for row in rows if row.name != "onto_island")
        for key, rows in interlocks.BY_ACTION.items()
    }
    monkeypatch.setattr(interlocks, "BY_ACTION", left)


def trail(*texts: str) -> Trail | None:
    """Return a trail of these steps."""
    found = None
    for text in texts:
        found = Trail(found, text, 0)
    return found


def test_steps_that_follow_one_another_lead_somewhere() -> None:
    here = search()
    there = retrace.retraced(here.first(), here._ways, trail("daemon: looks", "! U-A fails")).there
    assert there
    assert not any(now.met.plant.sources[0] for now in there)


def test_a_step_that_cannot_follow_leads_nowhere() -> None:
    here = search()
    steps = trail("daemon: looks", "! U-A fails", "ALTS-1 on source 2")
    assert retrace.retraced(here.first(), here._ways, steps).there == ()


def test_what_cannot_be_gone_is_found_and_not_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    without_onto_island(monkeypatch)
    nowhere = retrace.Retraced((), frozenset())
    monkeypatch.setattr(retrace, "retraced", lambda *_: nowhere)
    tally = search().run(lambda t: WRONG in t.found)
    assert WRONG in tally.found
    assert tally.sure == set()


def test_what_can_be_gone_is_sure_though_it_was_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    without_onto_island(monkeypatch)
    tally = search().run(lambda t: WRONG in t.sure)
    assert tally.found[WRONG][-1].text == "ALTS-1 on source 2"
