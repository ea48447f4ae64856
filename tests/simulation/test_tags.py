"""A scenario hangs a maintenance tag and takes it off: what is tagged is not started meanwhile."""

from __future__ import annotations

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from device_emulators.scenario import Scenario


def test_what_is_tagged_is_not_started_until_the_tag_is_off() -> None:
    steps = ((0.2, "tag"), (0.4, "start"), (1.4, "untag"), (1.6, "start"))
    stage = {"quantity": "DG-1.stage"}
    scenario = Scenario.model_validate({
        "scenario": "tagged", "description": "A set is tagged, and given back.", "for_s": 3.0,
        "timeline": [
            {"at_s": at_s, "target": "operator", "event": "ask", "of": "DG-1", "action": action}
            for at_s, action in steps
        ],
        "expect": [
            {"name": "under the tag", "hold": {**stage, "is": "stopped", "to_s": 1.6}},
            {"name": "without", "reach": {**stage, "is_not": "stopped", "from_s": 1.6, "by_s": 3}},
        ],
    })  # fmt: skip
    assert failed(outcome(run(Case(load("ai_hall"), scenario, seed=1), oracles()), "none")) == []
