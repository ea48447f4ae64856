"""Rule sets: what came along loads, and what is wrong in one is named by line."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from daemon.settings import SettingsError, config_dir, problems
from daemon.settings.findings import UnknownNameError
from daemon.settings.rules import load_rules, shipped_rules

GOOD = """\
title: Contract of the mill
source: contract of 2026-03-01
mark: own
limits:
  - {name: swing, kind: swing, window_s: 5, limit_w: 1e6}
"""


def refused(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "mill.yaml"
    file.write_text(dedent(text))
    with pytest.raises(SettingsError) as error:
        load_rules(file)
    return [str(one).removeprefix(f"{file}:") for one in error.value.problems]


@pytest.mark.parametrize("name", shipped_rules())
def test_what_came_along_loads_and_names_its_source(name: str) -> None:
    rules = load_rules(name)
    assert rules.name == name
    assert rules.limits
    assert rules.head.source


def test_a_rule_set_of_ones_own_needs_no_code(tmp_path: Path) -> None:
    file = tmp_path / "mill.yaml"
    file.write_text(GOOD)
    assert [limit.name for limit in load_rules(file).limits] == ["swing"]


def test_a_name_that_is_none_tells_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"no rule 'ercot' \(valid: ercot_"):
        load_rules("ercot")
    with pytest.raises(SettingsError, match="No such file"):
        load_rules("nowhere.yaml")


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        """\
        title: Contract of the mill
        mark: own
        limit: []
        limits:
          - {name: swing, kind: swnig, window_s: 5, limit_w: 1e6}
          - {name: ramp, kind: change, window_s: -60, limit_w: 1e6}
          - {name: dip, kind: excursion, quantity: voltage_kv, below: 0.9, longest_s: 1}
          - {name: swing, kind: swing, window_s: 5, limit_w: 1e6, windows_s: 3}
          - {name: none}
          - 7
        """,
    )
    assert [line.partition(":")[0] for line in found] == ["1", "3", "5", "6", "7", "8", "9", "10"]
    said = "\n".join(found)
    assert "source is missing" in said
    assert "limit: unknown key (valid: limits" in said
    assert "swnig is no kind of limit (valid: swing, " in said
    assert "-60 should be above 0" in said
    assert '"voltage_kv" is not known (valid: power_w, voltage_pu, frequency_hz)' in said
    assert "unknown key (valid: window_s" in said
    assert "kind is missing (valid: band_energy, " in said


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (
            "name: a, kind: excursion, quantity: voltage_pu, longest_s: 1",
            "below or above, not both",
        ),
        (
            "name: a, kind: excursion, quantity: voltage_pu, below: 1, above: 2, longest_s: 1",
            "below or above, not both",
        ),
        ("name: a, kind: swing, window_s: 5", "limit_w, limit_pu, or both for the lesser"),
        ("name: a, kind: swing, window_s: 5, limit_w: 1, band_hz: [5, 1]", "lowest, then highest"),
        (
            "name: a, kind: share, quantity: power_w, interval_s: 1, low: 2, high: 1, share_pu: 1",
            "low is not below high",
        ),
        (
            "name: a, kind: excursion, quantity: voltage_pu, of: nominal, below: 1, longest_s: 1",
            "voltage_pu has no nominal value",
        ),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(tmp_path: Path, limit: str, words: str) -> None:
    head = GOOD.replace("{name: swing, kind: swing, window_s: 5, limit_w: 1e6}", f"{{{limit}}}")
    (found,) = refused(tmp_path, head)
    assert found.startswith("5:")
    assert words in found


def test_two_limits_of_one_name_are_refused(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, GOOD + GOOD.splitlines()[-1])
    assert found.startswith("6:")
    assert "swing stands twice" in found


def test_a_file_that_is_no_rule_set_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "- 1\n")
    assert refused(tmp_path, "")
    assert refused(tmp_path, GOOD.replace("limits:", "limits: []\nx:").partition("x:")[0])


def test_the_example_people_copy_is_a_rule_set(tmp_path: Path) -> None:
    (text,) = re.findall(
        r"```yaml\n(.*?)```", (config_dir() / "rules" / "README.md").read_text(), re.DOTALL
    )
    file = tmp_path / "hall.yaml"
    file.write_text(text)
    assert problems(file) == []
    assert len(load_rules(file).limits) == 6
