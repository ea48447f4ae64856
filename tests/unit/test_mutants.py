"""A mutant is one small change of what runs, and of nothing that people or tools read."""

from __future__ import annotations

import argparse
import ast

import pytest

from tests.mutation.mutants import Mutant, mutants, mutated
from tests.mutation.score import every, interval, report

SOURCE = '''
"""A module."""
ROWS = {"one": 1, "two": Stage.OPEN, "three": Stage.CLOSED}


def guard(a: int, b: bool) -> bool:
    """Say so."""
    assert a != 7, f"not {a + 1}"
    if a > 3:
        return False
    return b and not any(c for c in ROWS if c == "one")
'''


def whats() -> list[str]:
    """Return what is mutated of the module."""
    return [one.what for one in mutants("guard.py", SOURCE)]


@pytest.mark.parametrize(
    "what",
    [
        "a > 3 -> a >= 3",
        "a > 3 -> a <= 3",
        "3 -> 4",
        "False -> True",
        "if a > 3: return False -> pass",
        "Stage.OPEN -> Stage.CLOSED",
        "'two' -> nothing",
        "c == 'one' -> nothing",
    ],
)
def test_a_wrong_that_a_person_could_write_is_a_mutant(what: str) -> None:
    assert what in whats()


def test_texts_annotations_and_assertions_stay() -> None:
    assert not [what for what in whats() if "7" in what or "a + 1" in what or "int" in what]


def test_each_mutant_has_a_name_of_its_own_and_changes_the_code() -> None:
    found = mutants("guard.py", SOURCE)
    assert len({one.name for one in found}) == len(found)
    original = ast.unparse(ast.parse(SOURCE))
    for one in found:
        assert ast.unparse(mutated(SOURCE, one)) != original, one.name


def test_what_importing_runs_is_told_from_what_is_called_later() -> None:
    called = {one.what: one.called for one in mutants("guard.py", SOURCE)}
    assert called["a > 3 -> a >= 3"] == "guard"
    assert called["'two' -> nothing"] == ""


def test_what_is_said_of_equal_mutants_is_of_the_code_as_it_stands() -> None:
    """A name that no mutant has any more would end every trial before it begins."""
    assert every(argparse.ArgumentParser())


def test_nine_of_ten_have_to_be_killed() -> None:
    drawn = [Mutant("a.py", n, "", str(n), (), None, "", n) for n in range(10)]
    assert report(drawn, {drawn[3].name}, 1)["ok"]
    assert not report(drawn, {drawn[3].name, drawn[4].name}, 1)["ok"]


def test_the_interval_is_wilson_s() -> None:
    low, high = interval(90, 100)
    assert low == pytest.approx(0.8256, abs=1e-4)
    assert high == pytest.approx(0.9448, abs=1e-4)
