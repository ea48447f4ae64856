"""A job stops while storage gives all that it may: nothing is exported, however fast rows fall."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.run import LIVES, Case, run
from daemon.settings import load as load_site
from device_emulators.scenario import load
from device_emulators.vocabulary import vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.rehearsal.simulation.run import Course

SAFETY = {"fed", "parallel", "commands", "ratings", "reserve", LIVES}
SCENARIO = """
scenario: job_given_up
description: idle rows get a job, which stops while storage gives most
for_s: 42
initial: [{{target: rack_row, utilisation_pu: 0.0, ramp_down_pu: {falls_pu}}}]
timeline:
  - {{at_s: 2, target: rack_row, event: job_start, utilisation_pu: 1.0}}
  - {{at_s: 30, target: rack_row, event: job_stop}}
expect:
  - name: nothing is exported
    hold: {{quantity: U-A.power_w, at_most: 0}}
  - name: storage gives
    reach: {{quantity: ESS-1.power_w, at_most: {gives_w}, from_s: 2, by_s: 30}}
"""


def play(folder: Path, falls_pu: float, gives_w: float) -> Course:
    file = folder / "scenario.yaml"
    file.write_text(SCENARIO.format(falls_pu=falls_pu, gives_w=gives_w))
    found = load_site("ai_hall")
    words = replace(found.control.smoothing, falls_pu=falls_pu)
    found = replace(found, control=replace(found.control, smoothing=words))
    return run(Case(found, load(file, found.site, vocabulary())), oracles())


@pytest.mark.fault("F55")
@pytest.mark.timeout(300)
@pytest.mark.skipif("RIDETHROUGH_SEEDS" not in os.environ, reason="make soak: 42 s of plant each")
@pytest.mark.parametrize(
    ("falls_pu", "gives_w"), [(1.0, -1.2e6), (3.0, -1.2e6), (10.0, -0.9e6), (1000.0, 0.0)]
)
def test_nothing_is_exported_when_a_job_stops_while_storage_gives(
    tmp_path: Path, falls_pu: float, gives_w: float
) -> None:
    """Where rows stop in one instant storage gives nothing here: they are as much as the import.

    Held to the laws of safety; what is alarmed about meters while rows fall is no matter of this.
    """
    course = play(tmp_path, falls_pu, gives_w)
    assert [verdict["ok"] for verdict in course.expectations] == [True, True], course.expectations
    assert not [v for v in course.oracles if v.ok is False and v.name in SAFETY]
