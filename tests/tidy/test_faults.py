"""The fault catalogue, the marks of the tests and the table of what is drawn say the same.

`python -m tests.tidy.test_faults` writes what follows from marks and table anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from device_emulators.faults.catalogue import ASKING, DRAWABLE

TESTS = Path(__file__).parents[1]
CATALOGUE = TESTS / "faults.yaml"
MARK = re.compile(r"mark\.fault\(([^)]*)\)")


def catalogue() -> dict[str, dict[str, Any]]:
    """Return the listed faults by id."""
    listed: dict[str, dict[str, Any]] = yaml.safe_load(CATALOGUE.read_text())["faults"]
    return listed


def marked() -> dict[str, list[str]]:
    """Return the test files that carry each fault's mark."""
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for mark in MARK.findall(path.read_text()):
            for fault in re.findall(r'"(F\d+)"', mark):
                found.setdefault(fault, set()).add(str(path.relative_to(TESTS.parent)))
    return {fault: sorted(paths) for fault, paths in found.items()}


def test_marks_name_listed_faults() -> None:
    assert set(marked()) <= set(catalogue())


def drawn() -> dict[str, list[str]]:
    """Return the words by which each fault is drawn."""
    words: dict[str, set[str]] = {}
    for kind in (*DRAWABLE, ASKING):
        words.setdefault(kind.fault, set()).add(kind.event)
    return {fault: sorted(events) for fault, events in words.items()}


def test_the_catalogue_names_the_tests() -> None:
    listed = {fault: row["tests"] for fault, row in catalogue().items() if "tests" in row}
    assert listed == marked(), "python -m tests.tidy.test_faults writes it anew"


def test_handled_is_what_a_test_exercises() -> None:
    for fault, row in catalogue().items():
        assert row["state"] == ("handled" if "tests" in row else "planned"), fault


def test_only_what_is_handled_is_drawn() -> None:
    listed = {fault: row["drawn_as"] for fault, row in catalogue().items() if "drawn_as" in row}
    assert listed == drawn(), "python -m tests.tidy.test_faults writes it anew"
    assert all(catalogue()[fault]["state"] == "handled" for fault in listed)


def test_every_fault_is_listed_once() -> None:
    ids = re.findall(r"^  (F\d+):$", CATALOGUE.read_text(), flags=re.MULTILINE)
    assert ids == [f"F{n:02d}" for n in range(1, 109)]


def _filled(text: str) -> str:
    """Return the catalogue with what follows from the tests' marks and the table of drawn words."""
    where, words = marked(), drawn()
    lines = []
    for line in text.splitlines():
        if line.startswith(("    tests:", "      - ", "    state:", "    drawn_as:")):
            continue
        lines.append(line)
        if line.startswith("    fault:"):
            fault = _fault_above(lines)
            paths = where.get(fault, [])
            lines.append(f"    state: {'handled' if paths else 'planned'}")
            if fault in words:
                lines.append(f"    drawn_as: [{', '.join(words[fault])}]")
            lines += ["    tests:", *(f"      - {path}" for path in paths)] if paths else []
    return "\n".join(lines) + "\n"


def _fault_above(lines: list[str]) -> str:
    return next(line for line in reversed(lines) if line.startswith("  F")).strip(" :")


if __name__ == "__main__":
    CATALOGUE.write_text(_filled(CATALOGUE.read_text()))
