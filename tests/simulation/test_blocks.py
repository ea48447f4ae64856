"""Sites of several power blocks: one daemon leads them all, and each block for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.planning.file import put, text_of
from daemon.rehearsal.simulation.outcome import failed, outcome
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load
from device_emulators.scenario import Scenario


def wrong(folder: Path, mw: float, scenario: Scenario) -> list[str]:
    path = folder / "site.yaml"
    put(text_of(mw * 1e6, 130e3), path)
    case = Case(load(path), scenario, seed=1, depth="image")
    return failed(outcome(run(case, oracles()), "none"))


@pytest.mark.timeout(300)
def test_every_block_goes_to_its_own_sets(tmp_path: Path) -> None:
    scenario = Scenario.model_validate({
        "scenario": "both_blocks", "description": "Both feeds of two blocks are gone.",
        "for_s": 32.0,
        "timeline": [{"at_s": 5.0, "target": ["U-A", "U-B"], "event": "outage"}],
        "expect": [
            {"name": "fed", "fed": {"loads": "critical"}},
            *(
                {
                    "name": bus,
                    "reach": {"quantity": f"{bus}.live", "is": True, "from_s": 7.0, "by_s": 25.0},
                }
                for bus in ("B01-MVA", "B01-MVB", "B02-MVA", "B02-MVB")
            ),
        ],
    })  # fmt: skip
    assert wrong(tmp_path, 12.0, scenario) == []


@pytest.mark.timeout(300)
def test_one_block_without_its_feed_goes_to_the_other_and_the_rest_stay(tmp_path: Path) -> None:
    scenario = Scenario.model_validate({
        "scenario": "one_block", "description": "The feed transformer of one block of three trips.",
        "for_s": 25.0,
        "timeline": [{"at_s": 3.0, "target": "B02-TX-G-A", "event": "trip_87t"}],
        "expect": [
            {"name": "fed", "fed": {"loads": "critical"}},
            {
                "name": "over",
                "reach": {"quantity": "B02-ALTS-1.connected", "is": "source_2", "by_s": 6.0},
            },
            {"name": "stay", "hold": {"quantity": "B01-ALTS-1.connected", "is": "source_1"}},
            {"name": "no sets", "hold": {"quantity": "generator.stage", "is": "stopped"}},
        ],
    })  # fmt: skip
    assert wrong(tmp_path, 21.0, scenario) == []
