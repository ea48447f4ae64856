"""Sags that a large load has to ride through part nobody from the grid, and cost nothing."""

from __future__ import annotations

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from device_emulators.scenario import Scenario

BANDS = [(0.80, 2.0), (0.50, 0.5), (0.20, 0.25), (0.10, 0.15), (0.0, 0.15)]
"""Voltage left [pu], and for how long [s]. Source: ERCOT NOGRR282."""
HOLD = [
    {"name": "no trip", "hold": {"quantity": "52-*-U[AB].trip_count", "at_most": 0}},
    {"name": "joined", "hold": {"quantity": "52-VCB-IN.position", "is": "closed"}},
    {"name": "no transfer", "hold": {"quantity": "ALTS-1.connected", "is": "source_1"}},
    {"name": "no set", "hold": {"quantity": "generator.stage", "is": "stopped"}},
    {"name": "fed", "fed": {"loads": "critical"}},
]  # fmt: skip


@pytest.mark.fault("F42")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("left_pu", "for_s"), BANDS)
def test_a_sag_within_the_bands_of_large_loads_opens_nothing(left_pu: float, for_s: float) -> None:
    sag = {"event": "sag", "depth_pu": 1.0 - left_pu, "for_s": for_s}
    scenario = Scenario.model_validate({
        "scenario": "sag", "description": "A sag.", "for_s": 6.0, "expect": HOLD,
        "timeline": [{"at_s": 2.0, "target": ["U-A", "U-B"], **sag}],
    })  # fmt: skip
    course = run(Case(load("ai_hall"), scenario, seed=1), oracles())
    assert failed(outcome(course, "none")) == []
