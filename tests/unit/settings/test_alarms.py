"""Alarm rules: one list out of several files, each mistake in its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.settings import config_dir, load, problems
from tests.unit.settings.edits import shipped, write

if TYPE_CHECKING:
    from pathlib import Path

RULE = """{name}:
  text: "{{source}}: low fuel"
  nature: generator
  condition: is
  point: alarm_fuel
  priority: 3
  cause: The day tank runs empty.
  consequence: The set stops.
  response: Refuel.
  respond_within_s: 3600
"""


def rules(folder: Path, *texts: str) -> list[str]:
    """Write files of rules and return what is wrong with the first."""
    (folder / "alarms").mkdir(exist_ok=True)
    for i, text in enumerate(texts):
        (folder / "alarms" / f"{i}.yaml").write_text(text)
    return [str(p).removeprefix(f"{folder}/alarms/") for p in problems(folder / "alarms/0.yaml")]


def test_shipped_rules_are_sound_and_reach_the_controller() -> None:
    for file in (config_dir() / "alarms").glob("*.yaml"):
        assert problems(file) == []
    assert len(load("ai_hall").control.alarms.rules) > 10


def test_a_mistake_is_named_in_its_file(tmp_path: Path) -> None:
    good = RULE.format(name="low-fuel")
    assert rules(tmp_path, good) == []
    assert rules(tmp_path, good.replace("priority: 3", "priority: 9")) == [
        "0.yaml:6:13: low-fuel.priority: 9 should be at most 4"
    ]
    (said,) = rules(tmp_path, good.replace("point: alarm_fuel", "point: alarm_fuels"))
    assert said.startswith("0.yaml:5:10: low-fuel.point: no point alarm_fuels (valid: alarm_fuel, ")
    (said,) = rules(tmp_path, good.replace("  cause:", "  because:"), good)[:1]
    assert said.startswith("0.yaml:1:1: low-fuel: cause is missing")


def test_a_class_stands_in_one_file_only(tmp_path: Path) -> None:
    good = RULE.format(name="low-fuel")
    assert rules(tmp_path, good, good) == [], "the second file is the one to mend"
    found = problems(tmp_path / "alarms" / "1.yaml")
    assert [p.text for p in found] == [
        f"class low-fuel is also defined in {tmp_path}/alarms/0.yaml"
    ]


def test_a_site_brings_rules_of_its_own(tmp_path: Path) -> None:
    rules(tmp_path, RULE.format(name="low-fuel").replace("priority: 3", "priority: 9"))
    site = write(tmp_path, shipped("sites/traditional"))
    (problem,) = problems(site)
    assert problem.file.endswith("alarms/0.yaml")
