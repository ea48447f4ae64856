"""What the proof finds without a row happens on the whole site too, and not with all of them.

And what the rows do there whose equipment is in no part of the proof.
"""

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
from daemon.rehearsal.prove_without import ROWS, without
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from tests.proof_cases import unit_case
from tests.proof_on_plant import CHEAP, PLAYED, judged
from tests.proof_rows import BY_SEARCH

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


def test_every_row_has_a_verdict_of_its_own() -> None:
    assert {*PLAYED}.isdisjoint(BY_SEARCH)
    assert {*PLAYED} & {*ROWS} | BY_SEARCH == {*ROWS}
    assert [row for row in ROWS if not unit_case(row)] == []
    assert unit_case("held back by") == ""  # written in many places, and held to nothing


SAID = {
    "emergency_off": ("counterexample", "the board of CCTS-1, which is struck off by emergency"),
    "maintenance": ("counterexample", "the board of CCTS-1, which has a maintenance tag"),
    "own_logic": ("counterexample", "52-GCB-1 and 52-GCB-2 joined DG-1 and DG-2 at once"),
    "racked_out": ("counterexample", "the intake joins again"),
    "earthed": ("counterexample", "52-GCB-UB brought voltage to the line that ES-UB earths"),
    "second_storage_feeder": ("counterexample", "transformers side by side: TX-P-A and TX-P-B"),
    "no_sync_check": ("covered", "by the device's own check; parallel: 52-GCB-4 joined"),
    "second_neutral": ("counterexample", "52-GCB-4 joined DG-4 to the neutrals of DG-1 DG-2 DG-3"),
    "low_voltage_parallel": ("counterexample", "52-ACB-TA paralleled TX-S-A1 and TX-S-A2"),
    "target_not_live": ("covered", "by onto_island; MVA keeps its feed"),
    "out_of_phase": ("covered", "by STS-1 itself, which refuses"),
    "not_auto": ("covered", "by not_available, DG-1 itself; parallel: DG-1 came up while people"),
    "not_available": ("covered", "by DG-1 itself, which refuses"),
    "started_on_bus": ("counterexample", "DG-2 came up on a bus that DG-1 holds"),
    "second_reference": ("covered", "by overload, ESS-1 itself; islands: more than one reference"),
    "storage_empty": ("counterexample", "no section is given voltage that does not last"),
    "on_maintenance": ("counterexample", "UPS-A came up while people have it at its panel"),
    "ups_fault": ("counterexample", "UPS-A came up on a short circuit"),
    "ups_overload": ("counterexample", "UPS-A came up on a short circuit"),
    "bypass_not_ready": ("covered", "by UPS-A itself; no server notices that"),
    "not_testable": ("covered", "by UPS-A itself, which refuses"),
    "partner_not_normal": ("counterexample", "what both UPS feed notices nothing"),
    "too_often": ("wear", "no more than ten starts within the hour"),
    "rejoins_in_step": ("covered", "by live_live, 52-GCB-SMR itself; parallel: 52-GCB-SMR joined"),
    "onto_storage_in_step": ("counterexample", "the set takes the section over from storage"),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=()
            if name in CHEAP
            else pytest.mark.skipif(
                "RIDETHROUGH_SEEDS" not in os.environ, reason="make soak: seconds of plant, thrice"
            ),
        )
        for name in PLAYED
    ],
)
def test_what_a_row_is_for_is_seen_on_the_plant(name: str) -> None:
    found = judged(name)
    said, why = SAID[name]
    assert found.said == said, found
    assert why in found.why
