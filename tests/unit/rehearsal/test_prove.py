"""`ridethrough prove` as a command: what it prints, writes, and returns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from daemon.cli import main
from daemon.rehearsal.prove import LEVELS

if TYPE_CHECKING:
    from pathlib import Path

SHORT = ("prove", "--short", "--scheme", "ALTS-1", "--json")


def test_what_is_proven_is_said_with_its_figures(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT]) == 0
    *lines, last = capfd.readouterr().out.splitlines()
    assert lines[-1] == "proven"
    said = json.loads(last)
    assert said["ok"] is True
    assert said["asked"] == {
        "site": "ai_hall", "scheme": "ALTS-1", "form": "short", "without": [],
    }  # fmt: skip
    for verdict, faults, line in zip(said["verdicts"], LEVELS["short"], lines, strict=False):
        assert (verdict["name"], verdict["ok"], verdict["complete"]) == ("ALTS-1", True, True)
        assert {name: verdict[name] for name in faults._fields} == faults._asdict()
        assert verdict["found"] == {}
        assert verdict["transitions"] > verdict["situations"] > verdict["kinds"] > 200
        assert 0 < verdict["dark_ms"] < verdict["dark_limit_ms"]
        assert f" {verdict['situations']} situations " in line
    assert len(said["verdicts"]) == len(LEVELS["short"])


def test_what_is_found_without_a_row_is_told_and_written(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = [*SHORT, "--without", "switch_waits", "--to", str(tmp_path)]
    assert main(asked) == 1
    *lines, last = capfd.readouterr().out.splitlines()
    assert lines[-1] == "NOT proven"
    said = json.loads(last)
    assert (said["ok"], said["asked"]["without"]) == (False, ["switch_waits"])
    wrong = "the switch leaves a feed that carries"
    assert wrong in said["verdicts"][0]["sure"]
    assert said["verdicts"][0]["found"][wrong][-1]["at_ms"] > 0
    page = tmp_path / "ALTS-1-1.yaml"
    assert f"  written: {page}" in lines
    assert wrong in page.read_text(encoding="utf-8")
    assert " -> " in (tmp_path / "ALTS-1.moves").read_text(encoding="utf-8")
