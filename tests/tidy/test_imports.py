"""Who may import whom, and which file knows which library."""

from __future__ import annotations

from tests.tidy.rules import ROOT, run, stray_imports


def test_contracts_are_kept() -> None:
    done = run("lint-imports", "--no-logo")
    assert done.returncode == 0, done.stdout


def test_each_library_is_known_to_one_file_per_side() -> None:
    assert stray_imports(ROOT) == []
