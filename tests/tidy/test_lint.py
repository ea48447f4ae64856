"""Style: what ruff says of the tree."""

from __future__ import annotations

from tests.tidy.rules import run


def test_rules_are_kept() -> None:
    done = run("ruff", "check", "--output-format", "concise")
    assert done.returncode == 0, done.stdout


def test_layout_is_the_formatters() -> None:
    done = run("ruff", "format", "--check")
    assert done.returncode == 0, done.stdout
