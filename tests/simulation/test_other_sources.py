"""Storage that holds a section gives it back in step: the unmodified daemon against the plant."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.rehearsal.desk import site_of
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from device_emulators import scenario
from device_emulators.vocabulary import vocabulary

LATE = """\
scenario: late_sets
description: Sets come when storage has taken section A.
site: ai_hall
for_s: 75
initial:
  - {target: generator, run_up_s: 45}
timeline:
  - {at_s: 3, target: [U-A, U-B], event: outage}
expect:
  - name: storage holds section A
    reach: {quantity: ESS-1.stage, is: grid_forming, from_s: 3, by_s: 45}
  - name: a set takes it over
    reach: {quantity: 52-VCB-GA.position, is: closed, from_s: 45, by_s: 70}
  - name: storage follows
    reach: {quantity: ESS-1.stage, is: grid_following, from_s: 45, by_s: 70}
  - name: the section sees no gap
    hold: {quantity: MVA.live, is: true, from_s: 45}
  - name: one neutral earths it while storage holds it
    hold: {quantity: MVA.earths_count, at_least: 1, at_most: 1, from_s: 45, to_s: 50}
  - name: and when the sets have settled
    hold: {quantity: MVA.earths_count, at_least: 1, at_most: 1, from_s: 68}
  - name: no two sources are joined out of step
    never: {event: unsynchronised_closing}
"""


@pytest.mark.timeout(300)
def test_late_sets_take_the_section_from_storage_without_a_gap(tmp_path: Path) -> None:
    file = tmp_path / "late_sets.yaml"
    file.write_text(LATE)
    site_file = load(site_of("normal"))
    played = scenario.load(file, site_file.site, vocabulary())
    course = run(Case(site_file, played, seed=1, depth="image"), oracles())
    assert not failed(outcome(course, "none"))
