from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from daemon.rehearsal.desk import scenario_for
from daemon.rehearsal.simulation import found
from daemon.rehearsal.simulation.run import Case
from daemon.rehearsal.simulation.swarm import drawn_acts, with_tail_s
from daemon.settings import load
from device_emulators.scenario import load as load_scenario
from device_emulators.vocabulary import vocabulary

if TYPE_CHECKING:
    from pathlib import Path

SEED = 5


def test_smallest_scenario_reproduces_and_says_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site_file = load("ai_hall")
    case = Case(site_file, scenario_for("normal", site_file.site), SEED, for_s=60.0)
    guilty = drawn_acts(site_file.site, SEED, 60.0)[-1][0]

    def objections(tried: Any) -> dict[str, str]:
        begun = {(each.target, each.event) for each in tried.scenario.timeline}
        return {"law": "broken"} if (guilty.target, guilty.event) in begun else {}

    monkeypatch.setattr(found, "objections", objections)
    path = tmp_path / "smallest.yaml"
    path.write_text(found.smallest(case, "ridethrough simulate normal --seed 5"))
    scenario = load_scenario(path, site_file.site, vocabulary())
    assert {each.target for each in scenario.timeline} == {guilty.target}
    assert objections(Case(site_file, scenario, SEED))
    said = path.read_text()
    assert "law: broken" in said
    assert "ridethrough simulate normal --seed 5" in said
    assert scenario.for_s == with_tail_s(60.0)


def test_seed_that_does_not_fail_has_no_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    site_file = load("ai_hall")
    case = Case(site_file, scenario_for("normal", site_file.site), SEED, for_s=60.0)
    monkeypatch.setattr(found, "objections", lambda _case: {})
    with pytest.raises(ValueError, match="nothing fails with seed 5"):
        found.smallest(case, "")
