"""Every shipped scenario in virtual time: what it expects is met, and the story is the old one.

`pytest tests/simulation/test_scenarios.py --refresh-golden` writes the transcripts in
tests/golden/scenarios anew; read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.rehearsal.desk import scenario_for, site_of
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import Case, Course, run
from daemon.settings import load
from daemon.settings.folders import config_dir
from tests.simulation.transcript import Transcript

LONGEST_S = float("inf") if "RIDETHROUGH_SEEDS" in os.environ else 600.0
"""Longer scenarios are for `make soak` [s]."""
GOLDEN = Path(__file__).parents[1] / "golden" / "scenarios"
SHIPPED = sorted(path.stem for path in (config_dir() / "scenarios").glob("*.yaml"))
MISSION = {
    "normal": None,
    "momentary_outage": None,
    "extended_outage": None,
    "generator_failure": 95.0,
}
"""Those of the mission, and how much of them frames are exchanged for [s]: when three sets have
failed for good and rows are told to shut down, nothing follows but that they do."""


def case(name: str, depth: str, for_s: float | None = None) -> Case:
    site_file = load(site_of(name))
    return Case(site_file, scenario_for(name, site_file.site), seed=1, depth=depth, for_s=for_s)


def wrong(course: Course) -> list[str]:
    return failed(outcome(course, "none"))


def unexplained(course: Course) -> list[str]:
    """Return the transfer reports, or verdicts of them, that fail without a reason."""
    reports = course.transfers
    parts = [each.cause for each in reports if not each.complete and not each.missing]
    return parts + [v.name for each in reports for v in each.verdicts if not (v.ok or v.detail)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SHIPPED)
def test_image_depth(name: str, refresh_golden: bool) -> None:
    what = case(name, "image")
    if what.scenario.for_s > LONGEST_S:
        pytest.skip("longer than ten minutes: make soak plays it")
    transcript = Transcript()
    course = run(what, [*oracles(), transcript])
    assert not wrong(course)
    assert not unexplained(course)
    kept = GOLDEN / f"{name}.txt"
    if refresh_golden:
        kept.write_text(transcript.text)
    assert transcript.text == kept.read_text(), "--refresh-golden writes it anew"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MISSION)
def test_wire_depth(name: str) -> None:
    assert not wrong(run(case(name, "wire", MISSION[name]), oracles()))
