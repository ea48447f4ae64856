"""The limits of the delivery in the plant: kept when storage fails, told when they are passed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.delivery import Import
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load as load_site
from device_emulators.scenario import load
from device_emulators.vocabulary import vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.rehearsal.simulation.observer import Observer
    from daemon.rehearsal.simulation.run import Course

KEPT = "{name: kept, comply: {rules: [contract]}}"


LONG = pytest.mark.skipif(
    "RIDETHROUGH_SEEDS" not in os.environ, reason="make soak: minutes of plant"
)
JOBS = pytest.mark.parametrize("event", ["job_start, utilisation_pu: 1.0", "job_stop"])


def play(
    folder: Path,
    for_s: float,
    timeline: str,
    expect: str,
    utilisation_pu: float = 0.0,
    *watching: Observer,
) -> Course:
    """Play a day on which rows get a job or lose it, or the reactor is lost."""
    file = folder / "scenario.yaml"
    file.write_text(
        f"scenario: delivery\ndescription: The import moves.\nfor_s: {for_s}\n"
        f"initial: [{{target: rack_row, utilisation_pu: {utilisation_pu}}}]\n"
        f"timeline: [{timeline}]\nexpect: [{expect}]\n"
    )
    found = load_site("ai_hall")
    return run(Case(found, load(file, found.site, vocabulary()), seed=1), (*oracles(), *watching))


def wrong(course: Course) -> list[str]:
    """Return what was not as it should be."""
    found = [f"{v['name']}: {v['value']} {v['detail']}" for v in course.expectations if not v["ok"]]
    return found + [f"{v.name}: {v.detail}" for v in course.oracles if v.ok is False]


@pytest.mark.timeout(300)
def test_a_job_keeps_the_contract_though_storage_gives_hardly_anything(tmp_path: Path) -> None:
    timeline = "{at_s: 16, target: ESS-1, event: derate, limit_pu: 0.1}, "
    timeline += "{at_s: 22, target: rack_row, event: job_start, utilisation_pu: 1.0}"
    assert wrong(play(tmp_path, 90.0, timeline, KEPT)) == []


@pytest.mark.timeout(300)
def test_storage_that_refuses_just_as_a_job_starts_costs_no_limit(tmp_path: Path) -> None:
    timeline = "{at_s: 16, target: rack_row, event: job_start, utilisation_pu: 1.0}, "
    timeline += "{at_s: 16, target: ESS-1, event: refuse}"
    slow = "{quantity: rack_row.ramp_limit_w_s, at_most: 4000"
    expect = f"{{name: slow, reach: {slow}, from_s: 16, by_s: 28}}}}, "
    expect += f"{{name: for good, hold: {slow}, from_s: 28}}}}, {KEPT}"
    assert wrong(play(tmp_path, 80.0, timeline, expect)) == []


@pytest.mark.timeout(300)
def test_a_limit_that_is_passed_is_alarmed_and_the_alarm_goes(tmp_path: Path) -> None:
    timeline = "{at_s: 25, target: SMR-1, event: trip}"
    expect = '{name: told, alarm: {id: "delivery-limit-passed:*", raised_by_s: 30, '
    expect += "cleared_by_s: 110}}"
    assert wrong(play(tmp_path, 115.0, timeline, expect)) == []


@pytest.mark.timeout(600)
@pytest.mark.fault("F62")
@LONG
@JOBS
@pytest.mark.parametrize("after_s", [3, 12, 28, 44])
def test_a_daemon_that_dies_while_a_job_starts_or_stops_costs_no_limit(
    event: str, after_s: int, tmp_path: Path
) -> None:
    timeline = f"{{at_s: 20, target: rack_row, event: {event}}}, "
    timeline += f"{{at_s: {20 + after_s}, target: daemon, event: pause, for_s: 300}}"
    slow = "{quantity: rack_row.ramp_limit_w_s, at_most: 1000"
    expect = f"{{name: slow, hold: {slow}, from_s: {23.5 + after_s}}}}}, {KEPT}"
    utilisation_pu = 1.0 if event == "job_stop" else 0.0
    assert wrong(play(tmp_path, 100.0 + after_s, timeline, expect, utilisation_pu)) == []


@pytest.mark.timeout(600)
@pytest.mark.fault("F19")
@LONG
@JOBS
def test_storage_whose_meter_freezes_amid_a_job_costs_no_limit(event: str, tmp_path: Path) -> None:
    timeline = f"{{at_s: 20, target: rack_row, event: {event}}}, "
    timeline += "{at_s: 27, target: ESS-1, event: freeze, point: power_w}"
    utilisation_pu = 1.0 if event == "job_stop" else 0.0
    assert wrong(play(tmp_path, 110.0, timeline, KEPT, utilisation_pu)) == []


@pytest.mark.timeout(600)
@pytest.mark.fault("F53")
@LONG
@pytest.mark.parametrize("failure", ["trip", "derate, limit_pu: 0.1"])
@pytest.mark.parametrize("after_s", [15, 30])
def test_storage_that_is_gone_in_an_instant_moves_the_import_by_the_least_and_for_an_instant(
    failure: str, after_s: int, tmp_path: Path
) -> None:
    """What is gone and what moved before are the least that a window sees (`smoothing`).

    After it the import is within the swing that is allowed: what a derated store has left brings it
    back towards the mean that was before.
    """
    at_s = 20 + after_s
    timeline = "{at_s: 20, target: rack_row, event: job_start, utilisation_pu: 1.0}, "
    timeline += f"{{at_s: {at_s}, target: ESS-1, event: {failure}}}"
    seen = Import()
    play(tmp_path, at_s + 70.0, timeline, "{name: fed, fed: {loads: critical}}", 0.0, seen)
    t_s, import_w = np.array(seen.t_ns) / 1e9, np.array(seen.power_w)
    before_w, gone = import_w[t_s < at_s][-1], (t_s >= at_s) & (t_s < at_s + 0.15)
    step_w = import_w[gone].max() - before_w
    assert step_w > 0.8e6
    least_w = import_w[gone].max() - import_w[t_s < at_s].min()
    after_w = import_w[t_s >= at_s]
    assert after_w.max() - import_w[t_s < at_s].min() <= least_w + 0.1e6
    soon_w = import_w[(t_s >= at_s + 0.6) & (t_s < at_s + 30.0)]
    assert soon_w.max() <= before_w + 0.8e6, "it does not stay"
