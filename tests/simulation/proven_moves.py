"""What followed what in a run, held against what the proof has been through.

The files of `proven/` hold, for each part of a scheme, which stages of its automata followed which
in the searches that come to an end. They are written by

    ridethrough prove --full --to tests/simulation/proven

Those that are there now are of every two faults.

A run has more in it than a part: three faults at once, storage that holds a section, machines that
hold an island, four sets where the proof has two, a board whose own logic has it, people who mend.
So each move of a run is one of these (`Kind`): explored as it is, of sets, which are alike, either
being the first; explored one by one, where each automaton alone has made its step in the search,
but not both in one scan, or not beside what the others stand at; one that the cut leaves out, by
name; not searched, a step of the table that only more faults lead to; or unexplored, which must not
be.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from daemon.core.generation.start import SET
from daemon.core.transfer.intake import SWITCH
from daemon.core.transfer.joint import JOINT
from daemon.core.transfer.section import SECTION
from daemon.model.events import Event
from daemon.rehearsal.proof.moves import Follower, Move, read
from daemon.rehearsal.simulation.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from daemon.core.automaton import Table
    from daemon.model.events import AlarmTransition

HERE: Final = Path(__file__).parent / "proven"
FEED: Final = {"ALTS-1": "standing"}
BOARD: Final = {"52-VCB-IN": "joined", "MVA": "on_main", "MVB": "on_main"}
SETS: Final = dict.fromkeys(("DG-1", "DG-2", "DG-3", "DG-4"), "at_rest")
"""Stages of a site at rest, by the name of the automaton in events."""


class Kind(Enum):
    """What is to be said of a move of a run."""

    EXPLORED = "explored"
    ONE_BY_ONE = "explored one by one"
    OTHER_HANDS = "in other hands, or out of them: the board's own logic, a selector, a panel"
    MENDED = "reset or mended by a person"
    SPARED = "a set that is to spare hands its load over"
    NOT_SEARCHED = "in its table, and not searched"
    UNEXPLORED = "unexplored"


Step = tuple[str, str]
"""Stage of one automaton before and after a move."""
TABLES: Final = {
    "ALTS-1": (SWITCH,),
    "CCTS-1/mains": (JOINT, SECTION, SECTION),
    "CCTS-1/sets": (SET, SET),
}
_MENDED: Final = {("lockout", "unjudged"), ("held", "parted")}
_TAKEN_OFF: Final = {(s, "ready") for s in ("at_rest", "on_bus", "draining", "handing_over")}


def _why(step: Step, table: Table[Any, Any]) -> Kind:
    """Return why a step may not have been explored."""
    if "handing_over" in step and step not in _TAKEN_OFF:
        return Kind.SPARED
    if step in _MENDED:
        return Kind.MENDED
    if "unjudged" in step or step in _TAKEN_OFF:
        return Kind.OTHER_HANDS
    leads = [(s, to) for (s, _), to in table.transitions.items()]
    leads += [(s, to) for s, (_, to) in table.after.items()]
    known = {(s.name.lower(), to.name.lower()) for s, to in leads}
    return Kind.NOT_SEARCHED if step in known else Kind.UNEXPLORED


class Explored:
    """What a part has been through in the proof."""

    def __init__(self, part: str) -> None:
        """Read it."""
        path = HERE / f"{part.replace('/', '-')}.moves"
        self._moves: Final = read(path.read_text(encoding="utf-8"))
        steps = [
            {(a[i], b[i]) for a, b in self._moves if a[i] != b[i]}
            for i in range(len(next(iter(self._moves))[0]))
        ]
        self._alike: Final = part.endswith("/sets")
        self._tables: Final = TABLES[part]
        self._steps: Final = [steps[0] | steps[1]] * 2 if self._alike else steps

    def kind(self, move: Move) -> Kind:
        """Return what is to be said of a move."""
        before, after = move
        if move in self._moves or (self._alike and (before[::-1], after[::-1]) in self._moves):
            return Kind.EXPLORED
        parts = zip(before, after, self._steps, self._tables, strict=True)
        odd = [
            _why((a, b), table) for a, b, steps, table in parts if a != b and (a, b) not in steps
        ]
        return max(odd, key=[*Kind].index, default=Kind.ONE_BY_ONE)


@cache
def explored(part: str) -> Explored:
    """Return what a part has been through, read once."""
    return Explored(part)


class Walked(Observer):
    """Notes which stages followed which in a run.

    Attributes:
        moves: by part, every move.
    """

    def __init__(self) -> None:
        """Begin with a site at rest."""
        pairs = [{one: SETS[one], other: SETS[other]} for one, other in combinations(SETS, 2)]
        starts: list[tuple[str, Mapping[str, str]]] = [("ALTS-1", FEED), ("CCTS-1/mains", BOARD)]
        starts += [("CCTS-1/sets", pair) for pair in pairs]
        self._followers: Final = [(part, Follower(first)) for part, first in starts]
        self.moves: list[tuple[str, Move]] = []

    def told(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Follow the events of one scan."""
        events = [event for event in news if isinstance(event, Event)]
        for part, follower in self._followers:
            self.moves += ((part, move) for move in follower.take(events))

    def count(self) -> Counter[Kind]:
        """Return how many moves there are of each kind."""
        return Counter(explored(part).kind(move) for part, move in self.moves)

    def unexplored(self) -> Iterator[str]:
        """Yield the moves that nothing explains."""
        for part, move in self.moves:
            if explored(part).kind(move) is Kind.UNEXPLORED:
                yield f"{part}: {' '.join(move[0])} -> {' '.join(move[1])}"
