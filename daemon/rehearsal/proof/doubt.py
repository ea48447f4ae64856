"""Whether what a search is not sure of can be: what leads to it, gone through with nothing joined.

A search joins the times of situations of one make, so what it finds may be made of times that never
come together. `retrace` goes some ways to it once more; that none can be gone rules nothing out,
since the search keeps only the first way to a situation. Here it is settled either way, around what
is wrong and nowhere else:

1. The *neighbourhood* is, at first, every make of situation that goes wrong.
2. Of each situation of the search that is of no make in it and leads there, all ways are gone, with
   all its times: they are joined, so too many and never too few. In the neighbourhood nothing is
   joined; what leads out of it is left where the search has been, in a situation that holds it.
3. If nothing goes wrong in there any more, it cannot: whatever goes wrong has come into the
   neighbourhood for a last time, from a situation that the search holds, and was gone with from
   there. It is *refuted*.
4. If it does, the makes from which those ways came in are taken into the neighbourhood, and all
   begins anew. So it grows to where times were joined that matter, and not elsewhere. A way that
   has come all along it from the start, where nothing was ever joined, is *sure*.

With fewer times a situation may turn out to be of a make that the search has never met: a stamp is
surely older than asked, a scan surely leaves all as it is. Where the search does not hold such a
one it is searched as if it were in the neighbourhood; where it does, it is no other than those.

Source: refinement where a counterexample asks for it; Clarke, Grumberg, Jha, Lu and Veith,
"Counterexample-guided abstraction refinement" (2000), doi:10.1007/10722167_15.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.rehearsal.proof import zones
from daemon.rehearsal.proof.situation import Reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from daemon.rehearsal.proof.frontier import Frontier
    from daemon.rehearsal.proof.plant import Faults
    from daemon.rehearsal.proof.situation import Situation, Trail
    from daemon.rehearsal.proof.zones import Zone

MOST: Final = 200_000
"""Situations that are gone through about one doubt before it is left as it is."""


class Onward(NamedTuple):
    """One step from a situation, and what is wrong with it; or, with no end, with staying there."""

    to: Situation | None
    trail: Trail | None
    wrong: tuple[str, ...]


class Settled(NamedTuple):
    """What has come of a doubt.

    Attributes:
        trail: of what is sure, how it goes wrong from the start.
        sure: it can go wrong.
        refuted: it cannot.
        makes: in the neighbourhood at last.
        situations: that were gone through, in all neighbourhoods.
    """

    trail: Trail | None
    sure: bool
    refuted: bool
    makes: int
    situations: int


class Doubt:
    """One thing that may be wrong, and the neighbourhood in which that is settled."""

    def __init__(
        self,
        wrong: str,
        makes: set[int],
        first: Situation,
        frontier: Frontier,
        onward: Callable[[Situation, Trail | None], Iterable[Onward]],
    ) -> None:
        """Doubt that something is wrong.

        Args:
            wrong: what.
            makes: of the situations where the search has found it.
            first: where the search has started.
            frontier: of the search, which has come to its end.
            onward: from a situation that a trail leads to.
        """
        self._wrong: Final = wrong
        self._makes: Final = set(makes)
        self._first: Final = first
        self._frontier: Final = frontier
        self._onward: Final = onward
        self._count = 0
        self._met: defaultdict[int, list[tuple[Faults, Zone]]] = defaultdict(list)
        self._work: deque[tuple[int, Reached]] = deque()

    def settled(self, most: int = MOST) -> Settled:
        """Return what comes of it, after no more than so many situations."""
        while True:
            self._met.clear()
            self._work.clear()
            self._enter()
            entered: dict[int, Trail | None] = {}
            while self._work and self._count <= most:
                came_from, reached = self._work.popleft()
                self._count += 1
                for onward in self._onward(reached.situation, reached.trail):
                    if self._wrong in onward.wrong:
                        entered.setdefault(came_from, onward.trail)
                    if onward.to is not None:
                        self._add(came_from, onward.to, onward.trail)
            sure, refuted = _START in entered, not (entered or self._work)
            if sure or refuted or self._work:
                trail = entered.get(_START)
                return Settled(trail, sure, refuted, len(self._makes), self._count)
            self._makes.update(entered)

    def _enter(self) -> None:
        """Come into the neighbourhood in every way, and from the start if that lies in it."""
        frontier = self._frontier
        if frontier.make(self._first) in self._makes:
            self._add(_START, self._first, None)
        for situation in frontier.before(self._makes):
            came_from = frontier.make(situation)
            for onward in self._onward(situation, None):
                if onward.to is not None and frontier.make(onward.to) in self._makes:
                    self._add(came_from, onward.to, onward.trail)

    def _add(self, came_from: int, situation: Situation, trail: Trail | None) -> None:
        """Let a situation wait, unless it is outside or held by one that was here."""
        frontier = self._frontier
        make, to_come = frontier.make(situation), situation.met.to_come
        if make not in self._makes and frontier.searched(situation):
            return
        zone, met = zones.plain(situation.zone), self._met[make]
        if any(_no_fewer(more, to_come) and zones.covers(other, zone) for more, other in met):
            return
        met.append((to_come, zone))
        self._work.append((came_from, Reached(situation._replace(zone=zone), trail, 0)))


_START: Final = -1
"""What stands for the make from which the start was come to."""


def _no_fewer(faults: Faults, other: Faults) -> bool:
    """Return whether no fewer faults of each sort are to come."""
    return all(a >= b for a, b in zip(faults, other, strict=True))
