"""Storage that holds a section gives it back in step: the unmodified daemon against the plant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.model.events import Event
from daemon.model.quantities import seconds
from daemon.rehearsal.desk import scenario_for, site_of
from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.observer import Observer
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from device_emulators import scenario
from device_emulators.vocabulary import vocabulary

if TYPE_CHECKING:
    from daemon.model.events import AlarmTransition
    from daemon.rehearsal.simulation.observer import Scene

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


@pytest.mark.fault("F44")
@pytest.mark.timeout(300)
def test_storage_too_small_for_all_that_is_essential_loses_the_chillers_at_once() -> None:
    site_file = load("ai_hall")
    site, small = site_file.site, site_file.site.equipment["ESS-1"]
    small = replace(small, ratings={**small.ratings, "power_w": 2e6})
    site = replace(site, equipment={**site.equipment, small.id: small})
    told = Told()
    played = scenario_for("sets_fail", site, "image")
    case = Case(replace(site_file, site=site), played, seed=1, for_s=90.0)
    assert not failed(outcome(run(case, [*oracles(), told]), "none"))
    ((at_s, shed),) = told.named("load_shed", source="essential")
    assert shed.fields["loads"] == ["CH-1", "CH-2"]
    assert at_s == pytest.approx(82.5, abs=0.5), "when no set is left that may come"
    stopped = told.named("command_verified", action="stop")
    assert {e.source for _, e in stopped} == {"CH-1", "CH-2"}
    assert max(at for at, _ in stopped) - at_s < 2.0


class Told(Observer):
    """Keeps what the daemon says."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Event]] = []

    def begin(self, scene: Scene) -> None:
        self.origin_ns = scene.origin_ns

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        for one in news:
            if isinstance(one, Event):
                self.events.append((seconds(one.at_ns - self.origin_ns), one))

    def named(self, name: str, **fields: str) -> list[tuple[float, Event]]:
        return [
            (at_s, e)
            for at_s, e in self.events
            if e.name == name and fields.items() <= {"source": e.source, **e.fields}.items()
        ]
