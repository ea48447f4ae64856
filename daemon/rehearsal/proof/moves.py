"""Which stages follow which: what a search has been through, and what a daemon has done.

A *course* is the stage of every automaton of a part at one instant, in a fixed order; a *move* is a
course and the one after it. What the search has seen is kept as a file, so that the moves of any
run can be held against it: the daemon that runs is the one that was proven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from daemon.model.events import Event

Course = tuple[str, ...]
Move = tuple[Course, Course]
_ARROW: Final = " -> "


def text(moves: Iterable[Move]) -> str:
    """Return moves as the lines of a file."""
    return "".join(f"{' '.join(a)}{_ARROW}{' '.join(b)}\n" for a, b in sorted(moves))


def read(lines: str) -> frozenset[Move]:
    """Return the moves that stand in a file.

    Raises:
        ValueError: a line is no move.
    """
    found = set()
    for line in lines.splitlines():
        before, arrow, after = line.partition(_ARROW)
        if not arrow:
            raise ValueError(f"{line!r} is no move: it has no {_ARROW.strip()}")
        found.add((tuple(before.split()), tuple(after.split())))
    return frozenset(found)


class Follower:
    """Follows the automata of a part by the events of a daemon.

    Attributes:
        course: the stages now.
    """

    def __init__(self, first: Mapping[str, str]) -> None:
        """Begin with the first stage of each automaton, by its name in the events."""
        self._stages = dict(first)

    @property
    def course(self) -> Course:
        """Return the stages now."""
        return tuple(self._stages.values())

    def take(self, events: Iterable[Event]) -> Iterator[Move]:
        """Yield the move that the events of one scan make, if they make one."""
        before = self.course
        for event in events:
            name = event.fields.get("section", event.source)
            if "stage" in event.fields and name in self._stages:
                self._stages[name] = event.fields["stage"]
        if self.course != before:
            yield before, self.course
