"""Good files with one small mistake, and where the reader should point."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from daemon.settings import Problem, config_dir, problems

if TYPE_CHECKING:
    from pathlib import Path


class Edit(NamedTuple):
    """A mistake in a good file.

    Attributes:
        old: text of the good file, which must stand in it once.
        new: what replaces it; `^` marks the character that the problem should point at.
        key: the key it should name.
        text: what it should say, in part.
        valid: what it should offer, in part.
    """

    old: str
    new: str
    key: str
    text: str
    valid: str = ""
    alone: bool = True
    """Nothing else is reported: what follows from the mistake is not another one."""


def shipped(name: str) -> str:
    return (config_dir() / f"{name}.yaml").read_text(encoding="utf-8")


def write(folder: Path, good: str, *edits: Edit, name: str = "site.yaml") -> Path:
    """Write a good text with mistakes and return the file."""
    for edit in edits:
        assert good.count(edit.old) == 1, f"{edit.old!r} stands {good.count(edit.old)} times"
        good = good.replace(edit.old, edit.new.replace("^", "", 1))
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(good, encoding="utf-8")
    return path


def place(good: str, *edits: Edit) -> list[tuple[int, int]]:
    """Return line and column of the mark of every mistake, counted in the text itself."""
    for edit in edits:
        assert edit.new.count("^") == 1, f"no mark in {edit.new!r}"
        good = good.replace(edit.old, edit.new)
    lines = good.split("\n")
    return [(i, line.index("^") + 1) for i, line in enumerate(lines, 1) if "^" in line]


def found(folder: Path, good: str, edit: Edit, name: str = "site.yaml") -> list[Problem]:
    """Return the problems of a file with one mistake, and check the one that was made."""
    path = write(folder, good, edit, name=name)
    listed = problems(path)
    ((line, column),) = place(good, edit)
    said = "\n".join(map(str, listed))
    hits = [p for p in listed if p.key == edit.key and edit.text in p.text]
    assert hits, f"no such problem among:\n{said}"
    assert (hits[0].line, hits[0].column) == (line, column), said
    assert edit.valid in hits[0].valid, said
    key = f"{edit.key}: " if edit.key else ""
    assert str(hits[0]).startswith(f"{path}:{line}:{column}: {key}")
    assert len(listed) == 1 or not edit.alone, said
    return listed
