"""The `control:` block is checked by the controllers' own bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import problems
from daemon.settings.control import load_control
from tests.unit.settings.edits import Edit, found, shipped, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_block_fills_the_params_of_its_controller() -> None:
    control, findings = load_control({"heartbeat": {"beats_per_fallback": 5}}, {})
    assert findings == []
    assert control.heartbeat.beats_per_fallback == 5


@pytest.mark.parametrize(
    ("block", "key", "text", "valid"),
    [
        ({"heartbeet": {}}, ("control", "heartbeet"), "no such controller", "heartbeat"),
        (
            {"heartbeat": {"beats": 5}},
            ("control", "heartbeat", "beats"),
            "unknown key",
            "beats_per_fallback",
        ),
        (
            {"heartbeat": {"beats_per_fallback": 1}},
            ("control", "heartbeat", "beats_per_fallback"),
            "1 should be at least 2",
            "",
        ),
        (
            {"heartbeat": {"beats_per_fallback": "3"}},
            ("control", "heartbeat", "beats_per_fallback"),
            '"3" should be a whole number, without quotes or a unit',
            "",
        ),
        (
            {"compliance": {"rule": []}},
            ("control", "compliance", "rule"),
            "unknown key",
            "rules, every_s, recovery_s, sets, shown_s",
        ),
        ({"outage": []}, ("control", "outage"), "a list should be a mapping (`key: value`)", ""),
    ],
)
@pytest.mark.fault("F87")
def test_mistake_in_a_block(block: dict[str, object], key: object, text: str, valid: str) -> None:
    _, (finding,) = load_control(block, {})
    assert finding.at == key
    assert text in finding.text
    assert valid in finding.valid


def test_a_block_is_checked_with_its_site(tmp_path: Path) -> None:
    good = shipped("sites/traditional").replace("\ncontrol:\n", "\ncontrol:\n  heartbeat: {}\n")
    path = write(tmp_path, good)
    assert problems(path) == []
    edit = Edit("  heartbeat: {}", "  ^hartbeat: {}", "control.hartbeat", "no such controller")
    found(tmp_path, good, edit)
