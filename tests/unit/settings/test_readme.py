"""The examples people copy are accepted as they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from daemon.settings import config_dir, problems

if TYPE_CHECKING:
    from pathlib import Path


def examples(folder: str) -> list[str]:
    text = (config_dir() / folder / "README.md").read_text()
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_the_example_of_a_site_is_a_site(tmp_path: Path) -> None:
    (text,) = examples("sites")
    path = tmp_path / "small.yaml"
    path.write_text(text)
    assert problems(path) == []


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_of_maps_are_maps(tmp_path: Path, number: int) -> None:
    text = examples("devices")[number]
    path = tmp_path / text.split()[1] / "example.yaml"
    path.parent.mkdir()
    path.write_text(text)
    assert problems(path) == []
