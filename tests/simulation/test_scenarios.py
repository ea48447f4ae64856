"""Every shipped scenario in virtual time: what it expects is met, and the story is the old one.

`pytest tests/simulation/test_scenarios.py --refresh-golden` writes the transcripts in
tests/golden/scenarios anew; read the diff.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import run
from daemon.settings.folders import config_dir
from tests.simulation.conftest import case

if TYPE_CHECKING:
    from daemon.rehearsal.simulation.run import Course
    from tests.simulation.conftest import Played

GOLDEN = Path(__file__).parents[1] / "golden" / "scenarios"
SHIPPED = sorted(path.stem for path in (config_dir() / "scenarios").glob("*.yaml"))
MISSION = {
    "normal": 12.0,
    "momentary_outage": None,
    "extended_outage": None,
    "generator_failure": 95.0,
}
"""Those of the mission, and how much of them frames are exchanged for [s]: where nothing happens,
as long as every poll has come round many times; and when three sets have failed for good and rows
are told to shut down, nothing follows but that they do."""


def wrong(course: Course) -> list[str]:
    return failed(outcome(course, "none"))


def unexplained(course: Course) -> list[str]:
    """Return the transfer reports, or verdicts of them, that fail without a reason."""
    reports = course.transfers
    parts = [each.cause for each in reports if not each.complete and not each.missing]
    return parts + [v.name for each in reports for v in each.verdicts if not (v.ok or v.detail)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("played", SHIPPED, indirect=True)
def test_image_depth(played: Played, refresh_golden: bool) -> None:
    assert not wrong(played.course)
    assert not unexplained(played.course)
    kept = GOLDEN / f"{played.name}.txt"
    if refresh_golden:
        kept.write_text(played.transcript)
    assert played.transcript == kept.read_text(), "--refresh-golden writes it anew"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MISSION, ids=lambda name: f"{name}, wire")
def test_wire_depth(name: str) -> None:
    assert not wrong(run(case(name, "wire", MISSION[name]), oracles()))
