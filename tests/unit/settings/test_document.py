"""YAML 1.2 with places."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from daemon.settings.document import read
from daemon.settings.findings import Problem

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(text: str) -> Path:
        path = tmp_path / "a.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("true", True),
        ("False", False),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1e6", 1e6),
        ("1.5e-3", 1.5e-3),
        (".5", 0.5),
        ("-7", -7),
        ("+7", 7),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ('"5"', "5"),
        ("~", None),
        ("", None),
        ("null", None),
        ("-.inf", float("-inf")),
    ],
)
def test_scalars_are_those_of_yaml_1_2(write: Any, text: str, value: object) -> None:
    document = read(write(f"a: {text}\n"))
    assert document.problems == []
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_every_value_and_key_knows_its_place(write: Any) -> None:
    document = read(write("a:\n  b: [1, {c: x}]\n"))
    assert document.keys["a", "b"] == (2, 3)
    assert document.values["a", "b"] == (2, 6)
    assert document.values["a", "b", 0] == (2, 7)
    assert document.keys["a", "b", 1, "c"] == (2, 11)
    assert document.values["a", "b", 1, "c"] == (2, 14)


def test_merged_values_keep_their_place_and_give_way_to_own_ones(write: Any) -> None:
    document = read(write("x: &x {p: 1, q: 2}\ny: &y {q: 3, r: 4}\nz: {<<: [*x, *y], p: 5}\n"))
    assert document.data["z"] == {"p": 5, "q": 2, "r": 4}
    assert document.values["z", "p"] == (3, 22)
    assert document.values["z", "q"] == (1, 17)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1: a: stands twice; first on line 1"),
        ("a: {b: 1, b: 2}\n", "a.yaml:1:11: a.b: stands twice; first on line 1"),
        ("? [1]\n: 2\n", "a.yaml:1:3: a key must be plain text"),
        ("a: !tag 4\n", "a.yaml:1:4: a: tag !tag is not known here"),
        ("a: &a [*a]\n", "a.yaml:1:4: a.0: an anchor that holds itself"),
        ("a: &a {<<: *a}\n", "a.yaml:1:4: a: an anchor that holds itself"),
        ("a: {<<: 4}\n", "a.yaml:1:9: a: only a mapping can be merged"),
        ("a: *b\n", "a.yaml:1:4: not valid YAML: found undefined alias"),
        ("a: [1\nb: 2\n", "a.yaml:2:2: not valid YAML: "),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1: not valid YAML: "),
        ("a:\n\tb: 1\n", "a.yaml:2:1: not valid YAML: a tab: indent with spaces"),
        ("a: \x01\n", "a.yaml:1:1: not valid YAML: "),
        ("", "a.yaml:1:1: the file is empty"),
    ],
)
def test_bad_yaml_is_a_problem_with_a_place(write: Any, text: str, said: str) -> None:
    path = write(text)
    problems = [str(problem) for problem in read(path).problems]
    assert problems[0].startswith(str(path).removesuffix("a.yaml") + said)


def test_a_file_that_is_not_there_or_not_text_is_a_problem(tmp_path: Path) -> None:
    assert "No such file" in str(read(tmp_path / "none.yaml").problems[0])
    (tmp_path / "b.yaml").write_bytes(b"a: \xff\xfe\n")
    assert "not UTF-8" in str(read(tmp_path / "b.yaml").problems[0])


def test_a_missing_key_points_at_what_should_hold_it(write: Any) -> None:
    document = read(write("a: {b: {c: 1}}\n"))
    assert document.place(("a", "b", "d")) == (("a", "b"), 1, 5)
    assert document.place(("a", "tag of a union", "b", "c")) == (("a", "b", "c"), 1, 12)
    assert document.place(("z",)) == ((), 1, 1)


def test_what_is_nested_without_end_is_a_problem_with_a_place(write: Any) -> None:
    document = read(write("a:\n  " + "[" * 900 + "]" * 900))
    assert [(p.line, p.column) for p in document.problems] == [(2, 35)]
    assert "too deep" in document.problems[0].text


@pytest.mark.parametrize("text", ["[" * 200_000, "a: " + "{" * 200_000, "- " * 100_000 + "1"])
def test_what_is_nested_deeper_than_a_stack_is_a_problem_and_ends_no_process(
    write: Any, text: str
) -> None:
    (problem,) = read(write(text)).problems
    assert problem.line == 1
    assert problem.text == "is nested too deep"


def test_anchors_that_multiply_are_a_problem(write: Any) -> None:
    """387 million values in ten lines are named, and not one of them is made."""
    few = "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghij"))
    document = read(write("a: &a [x]\n" + few))
    (problem,) = document.problems
    assert problem.text == "its anchors make too much of it, more than 1000000 values"
    assert (problem.line, problem.column) == (7, 4)
    assert document.data is None
    assert not document.values


def test_merges_that_multiply_are_a_problem(write: Any) -> None:
    few = "".join(
        f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 9)}]}}\n" for a, b in pairwise("abcdefghij")
    )
    (problem,) = read(write("a: &a {x: 1}\n" + few)).problems
    assert "too much" in problem.text


def test_merges_that_lead_on_and_on_are_a_problem(write: Any) -> None:
    few = "".join(f"x{i + 1}: &x{i + 1} {{<<: *x{i}}}\n" for i in range(2000))
    assert "is nested too deep" in str(read(write("x0: &x0 {x: 1}\n" + few)).problems[0])


def test_an_id_with_a_line_feed_makes_no_second_line(write: Any) -> None:
    (problem,) = read(write('a: {"b\\nc\\e": 1, "b\\nc\\e": 2}\n')).problems
    assert problem.key == 'a."b\\nc\\u001b"'
    assert str(Problem("f", 1, 1, "", "x\ny\0")) == "f:1:1: x\\ny\\x00"
