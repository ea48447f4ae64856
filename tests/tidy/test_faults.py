"""The fault catalogue, the marks of the tests and the table of what is drawn say the same.

`python -m tests.tidy.test_faults` writes what follows from marks and table anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from device_emulators.faults.catalogue import ASKING, DRAWABLE, LEANING
from device_emulators.faults.words import OF_INSTRUMENTS
from device_emulators.vocabulary import vocabulary

TESTS = Path(__file__).parents[1]
CATALOGUE = TESTS / "faults.yaml"
OF_THE_PLANT = 56
"""The faults up to this one concern the plant and the ways to it."""
ANY = "any device"
PLANT_ALONE = ("tests/unit/device_emulators/", "tests/oracle/")
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
    for kind in (*DRAWABLE, ASKING, LEANING):
        words.setdefault(kind.fault, set()).add(kind.event)
    return {fault: sorted(events) for fault, events in words.items()}


def test_the_catalogue_names_the_tests() -> None:
    listed = {fault: row["tests"] for fault, row in catalogue().items() if "tests" in row}
    assert listed == marked(), "python -m tests.tidy.test_faults writes it anew"


def state(paths: list[str]) -> str:
    """Return whether the daemon handles what these tests exercise, or the plant alone shows it."""
    return "planned" if all(path.startswith(PLANT_ALONE) for path in paths) else "handled"


def test_handled_is_what_a_test_of_the_daemon_exercises() -> None:
    for fault, row in catalogue().items():
        assert row["state"] == state(row.get("tests", [])), fault


def test_only_what_is_handled_is_drawn() -> None:
    listed = {fault: row["drawn_as"] for fault, row in catalogue().items() if "drawn_as" in row}
    assert listed == drawn(), "python -m tests.tidy.test_faults writes it anew"
    assert all(catalogue()[fault]["state"] == "handled" for fault in listed)


def made() -> dict[str, dict[str, list[str]]]:
    """Return the words by which each fault is brought about, by what they are done to."""
    return {fault: row["made_by"] for fault, row in catalogue().items() if "made_by" in row}


def test_what_makes_a_fault_is_a_word_of_scenarios() -> None:
    events = {**vocabulary().events, ANY: OF_INSTRUMENTS}
    for fault, by in made().items():
        for target, words in by.items():
            assert words, f"{fault}: {target}"
            assert set(words) <= set(events.get(target, ())), f"{fault}: {target}"


def test_every_fault_of_the_plant_can_be_made_or_it_is_said_why_not() -> None:
    for number in range(1, OF_THE_PLANT + 1):
        row = catalogue()[f"F{number:02d}"]
        assert ("made_by" in row) is not ("not_made" in row), f"F{number:02d}"


def test_what_is_drawn_is_among_what_makes_a_fault() -> None:
    for fault, words in drawn().items():
        assert set(words) <= {word for each in made()[fault].values() for word in each}, fault


def test_every_fault_is_listed_once() -> None:
    ids = re.findall(r"^  (F\d+):$", CATALOGUE.read_text(), flags=re.MULTILINE)
    assert ids == [f"F{n:02d}" for n in range(1, 109)]


def _filled(text: str) -> str:
    """Return the catalogue with what follows from the tests' marks and the table of drawn words."""
    where, words = marked(), drawn()
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith(("    tests:", "      - ", "    state:", "    drawn_as:")):
            continue
        if re.match(r"  F\d+:$", line):
            lines += _rest(lines, where, words)
        lines.append(line)
    return "\n".join([*lines, *_rest(lines, where, words)]) + "\n"


def _rest(lines: list[str], where: dict[str, list[str]], words: dict[str, list[str]]) -> list[str]:
    """Return what is written below the last fault of `lines`, if there is one yet."""
    fault = _fault_above(lines)
    if not fault:
        return []
    paths = where.get(fault, [])
    found = [f"    state: {state(paths)}"]
    if fault in words:
        found.append(f"    drawn_as: [{', '.join(words[fault])}]")
    return found + (["    tests:", *(f"      - {path}" for path in paths)] if paths else [])


def _fault_above(lines: list[str]) -> str:
    above = (line for line in reversed(lines) if re.match(r"  F\d+:$", line))
    return next(above, "").strip(" :")


if __name__ == "__main__":
    CATALOGUE.write_text(_filled(CATALOGUE.read_text()))
