"""What the proof finds without a row happens on the whole site too, and not with all of them."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.model.plant import MainTieMainScheme
from daemon.rehearsal.desk import scenario_for
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.explore import Search
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.proof.replay import scenario
from daemon.rehearsal.prove_without import without
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load

if TYPE_CHECKING:
    from daemon.settings import SiteFile

BY_HAND = Path(__file__).parent / "counterexamples"
PAST_S = 1.4
"""Until when it has gone wrong, if it does [s]."""


@cache
def hall() -> SiteFile:
    return load("ai_hall")


def written(file: SiteFile, gone: str, folder: Path) -> Path:
    """Search the mains without a row, and write the first thing that is surely wrong."""
    with without((gone,)):
        (part,) = schemes.parts(file.site, file.control, "CCTS-1/mains")
        search = Search(part.board, part.mind, part.picture, part.bound_ms, Faults(0, 1, 0))
        tally = search.run(lambda tally: bool(tally.sure))
    wrong = min(tally.sure)
    scheme = file.site.schemes["CCTS-1"]
    assert isinstance(scheme, MainTieMainScheme)
    path = folder / f"without_{gone}.yaml"
    path.write_text(scenario(file.site, scheme, wrong, tally.found[wrong], (gone,)))
    return path


def found(case: Case, *gone: str) -> dict[str, str]:
    """Play a scenario with some rows away, and return what was wrong with it."""
    with without(gone):
        course = run(case, oracles())
    wrong = {v.name: v.detail for v in course.oracles if v.ok is False}
    return wrong | {v["name"]: v["detail"] for v in course.expectations if v["ok"] is False}


@pytest.mark.parametrize(
    ("gone", "says", "what"),
    [
        ("faulted_bus", "parallel", "52-VCB-TIE brought voltage to the bus that 52-VCB-MA is"),
        ("last_feed", "MVA keeps its feed", ""),
    ],
)
def test_a_counterexample_goes_wrong_without_its_row_alone(
    gone: str, says: str, what: str, tmp_path: Path
) -> None:
    file = hall()
    path = written(file, gone, tmp_path)
    assert f"--without {gone}" in path.read_text()
    case = Case(file, scenario_for(str(path), file.site), for_s=PAST_S)
    wrong = found(case, gone)
    assert wrong.keys() == {says}
    assert wrong[says].startswith(what)
    assert found(case) == {}


@pytest.mark.skipif(
    "RIDETHROUGH_SEEDS" not in os.environ, reason="make soak: seconds of plant, twice"
)
@pytest.mark.parametrize(
    ("gone", "says", "what"),
    [
        ("closing_nearby", "parallel", "52-VCB-MB joined two live sources out of step"),
        ("found_synchronism", "MVA keeps its feed", ""),
        ("spring_not_charged", "the intake joins again", ""),
        ("stopped_on_bus", "MVA keeps its feed", ""),
    ],
)
def test_what_was_timed_by_hand_goes_wrong_without_its_row_alone(
    gone: str, says: str, what: str
) -> None:
    """The search gives bounds: the instants were chosen inside them."""
    file = hall()
    case = Case(file, scenario_for(str(BY_HAND / f"without_{gone}.yaml"), file.site))
    wrong = found(case, gone)
    assert wrong.keys() == {says}
    assert wrong[says].startswith(what)
    assert found(case) == {}
