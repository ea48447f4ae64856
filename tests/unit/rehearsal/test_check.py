"""What is said of a file in which nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.cli import main
from daemon.rehearsal.check import check
from daemon.settings import config_dir

if TYPE_CHECKING:
    from pathlib import Path

NOTE = "training_example: energy in 0.1-20 Hz is judged but not controlled"


def site_with(folder: Path, rules: str) -> Path:
    text = (config_dir() / "sites" / "ai_hall.yaml").read_text("utf-8")
    file = folder / "hall.yaml"
    file.write_text(
        text.replace("control:\n", f"control:\n  compliance: {{rules: [{rules}]}}\n", 1)
    )
    return file


def test_a_limit_that_a_site_names_and_nobody_keeps_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = site_with(tmp_path, "ercot_swing, training_example")
    found = check(file)
    assert found.notes == (NOTE,)
    assert found.as_json()["ok"]
    assert main(["check", str(file)]) == 0
    assert f"{file}: note: {NOTE}" in capsys.readouterr().out


def test_rules_that_are_kept_need_no_note(tmp_path: Path) -> None:
    assert check(site_with(tmp_path, "ercot_swing, ieso_v3")).notes == ()


@pytest.mark.parametrize("kind", ["band_energy", "demand"])
def test_a_rule_file_is_told_the_same(tmp_path: Path, kind: str) -> None:
    limit = {
        "band_energy": "band_hz: [0.1, 5], share_pu: 0.2, segment_s: 100",
        "demand": "window_s: 900, limit_w: 5e6",
    }[kind]
    file = tmp_path / "own.yaml"
    file.write_text(
        "title: Own\nsource: own\nmark: own\nlimits:\n"
        "  - {name: swing, kind: swing, window_s: 5, limit_w: 0.8e6}\n"
        f"  - {{name: it, kind: {kind}, {limit}}}\n"
    )
    assert check(file).notes == ("own: it is judged but not controlled",)
