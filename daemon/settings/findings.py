"""What is wrong with a file, as values: where it stands, what it is, what would be right."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Location = tuple[str | int, ...]
"""Keys and list places from the top of a file down to a value."""

_SHOWN = 24  # a longer list of valid words hides the one that was meant


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that must be mended before a file is accepted.

    Attributes:
        file: the file as it was named.
        line: line, from 1.
        column: column, from 1.
        key: dotted path of the value.
        text: what is wrong, naming objects as drawn.
        valid: what would be right, as a list for people, or "".
    """

    file: str
    line: int
    column: int
    key: str
    text: str
    valid: str = ""

    def __str__(self) -> str:
        """Return the one line a person (and an editor) reads."""
        valid = f" (valid: {self.valid})" if self.valid else ""
        key = f"{self.key}: " if self.key else ""
        return one_line(f"{self.file}:{self.line}:{self.column}: {key}{self.text}{valid}")


class SettingsError(Exception):
    """A file was refused.

    Attributes:
        problems: everything found, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the `problems` and say them, one a line."""
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnknownNameError(SettingsError):
    """Something was asked for by a name that nothing has."""

    def __init__(self, what: str, given: str, names: str) -> None:
        """Keep it as a problem, and say it without a place: there is no file."""
        problem = Problem(given, 1, 1, "", f"no {what} '{given}'", f"{names}, or a file")
        super().__init__([problem])
        self.args = (f"{problem.text} (valid: {problem.valid})",)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem found in values: at which place of the file, what, and what would be right."""

    at: Location
    text: str
    valid: str = ""
    at_key: bool = False
    """The key itself is wrong, not its value."""


def one_line(text: str) -> str:
    """Return a text with every character escaped that would break its line or not show.

    Ids and cells come from files: a line feed in one must not make one message look like two, nor
    an escape sequence reach a terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def dotted(at: Location) -> str:
    """Return the parts of a location as one path; a part that does not show is quoted."""
    return ".".join(p if (p := str(part)).isprintable() else json.dumps(p) for part in at)


def choices(valid: Iterable[str], given: str = "") -> str:
    """Return the valid words for people, the one nearest to `given` first."""
    words = sorted(set(valid))
    near = difflib.get_close_matches(given, words, n=3, cutoff=0.6)
    ordered = [*near, *(word for word in words if word not in near)]
    more = f", ... {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more


def shown(path: Path) -> str:
    """Return `path` as people name it: relative to where they are if it lies below."""
    try:
        return str(path.relative_to(path.cwd()))
    except ValueError:
        return str(path)
