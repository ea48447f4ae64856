"""What only emulators read is checked by what the emulators say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import problems
from tests.unit.settings.edits import Edit, shipped, write

if TYPE_CHECKING:
    from pathlib import Path

OLD = "\n  chiller: {restart_s: 180}\n"


def settings_of(nature: str) -> tuple[str, ...]:
    known = {
        "chiller": ("restart_s",),
        "generator": ("crank_s", "run_up_s"),
        "pv": ("irradiance_file",),
        "ups": ("chemistry",),
    }
    return known.get(nature, ())


@pytest.mark.parametrize(
    ("new", "key", "text", "valid"),
    [
        ("DG-1: {crank: 3}", "emulation.DG-1.crank", "can be set of a generator", "crank_s, run"),
        ("chiller: {restart_s: soon}", "emulation.chiller.restart_s", "'soon' should be a", ""),
        ("generator: {crank_s: true}", "emulation.generator.crank_s", "True should be a", ""),
        ("PV-1: {irradiance_file: 3}", "emulation.PV-1.irradiance_file", "the path of a file", ""),
    ],
)
def test_settings_the_emulators_do_not_know(
    tmp_path: Path, new: str, key: str, text: str, valid: str
) -> None:
    edit = Edit(OLD, f"\n  {new}\n", key, text)
    path = write(tmp_path, shipped("sites/ai_hall"), edit)
    (problem,) = problems(path, settings_of)
    assert problem.key == key
    assert text in problem.text
    assert valid in problem.valid
    assert problems(path) == [], "nothing is known of the emulators here"


def test_settings_the_emulators_know(tmp_path: Path) -> None:
    edit = Edit(OLD, "\n  DG-1: {crank_s: 3}\n  pv: {irradiance_file: sun.csv}\n", "", "")
    assert problems(write(tmp_path, shipped("sites/ai_hall"), edit), settings_of) == []
