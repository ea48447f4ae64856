"""What is not sure is settled around it: refuted, shown to be sure, or left in doubt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from daemon.rehearsal.proof.doubt import Doubt, Onward, Settled
from daemon.rehearsal.proof.frontier import Frontier
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.proof.situation import Met, Reached, Situation, Trail

if TYPE_CHECKING:
    from collections.abc import Iterator

WRONG = "it rings"
NONE = Faults(0, 0, 0)
Aged = tuple[int, tuple[int, int]]
"""What is met, and how old something is there [ms]."""


def at(kind: int, age_ms: tuple[int, int], to_come: Faults = NONE) -> Situation:
    """Return a situation of which nothing is known but the age of one stamp."""
    low, high = age_ms
    met = cast("Met", SimpleNamespace(kind=kind, to_come=to_come))
    zone = np.array([[0, high], [-low, 0]], dtype=np.int32)
    return Situation(met, 0, (), (0,), (), zone)


class Bell:
    """Situations that lead to others, of which the last rings at a certain age.

    Attributes:
        leads: by what is met, where it leads and how much older the stamp is there.
        last: what is met at last.
        rings_ms: age at which that rings.
        old: what is met instead of another where the age is 30 ms at least.
        frontier: of a search that has come to its end.
        rings: makes that ring in the search.
    """

    def __init__(
        self,
        leads: dict[int, list[Aged]],
        last: int,
        rings_ms: int = 20,
        old: dict[int, int] | None = None,
    ) -> None:
        self.leads = leads
        self.last = last
        self.rings_ms = rings_ms
        self.old = old or {}
        self.frontier = Frontier(NONE)
        self.first = at(0, (0, 0))
        self.rings: set[int] = set()
        self.frontier.add(Reached(self.first, None, 0))
        while self.frontier:
            if (reached := self.frontier.next()) is None:
                continue
            for onward in self.onward(reached.situation, None):
                if onward.wrong:
                    self.rings.add(self.frontier.make(reached.situation))
                if onward.to is not None:
                    self.frontier.add(Reached(onward.to, None, 0))

    def onward(self, now: Situation, trail: Trail | None) -> Iterator[Onward]:
        """Yield where a situation leads."""
        kind = now.met.kind
        for to, age_ms in self.leads.get(kind, []):
            low, high = age_ms[0] - int(now.zone[1, 0]), age_ms[1] + int(now.zone[0, 1])
            there = self.old.get(to, to) if low >= 30 else to
            yield Onward(at(there, (low, high)), Trail(trail, f"{kind} to {there}", 0), ())
        if kind == self.last:
            rings = -now.zone[1, 0] <= self.rings_ms <= now.zone[0, 1]
            yield Onward(None, trail, (WRONG,) * bool(rings))

    def settled(self, **most: Any) -> Settled:
        """Return what comes of the doubt whether it rings."""
        assert self.rings, "the search has not found it"
        return Doubt(WRONG, self.rings, self.first, self.frontier, self.onward).settled(**most)


def test_times_that_only_joining_had_brought_together_are_refuted() -> None:
    """One way leads there with 0 to 10 ms, another with 30 to 40 ms: joined they hold 20."""
    settled = Bell({0: [(1, (0, 10)), (2, (30, 40))], 2: [(1, (0, 0))]}, last=1).settled()
    assert settled.refuted
    assert not settled.sure
    assert settled.makes == 1


def test_the_neighbourhood_grows_to_where_times_were_joined() -> None:
    """They were joined two steps before."""
    leads = {0: [(1, (0, 10)), (2, (30, 40))], 2: [(1, (0, 0))], 1: [(3, (0, 0))], 3: [(4, (0, 0))]}
    settled = Bell(leads, last=4).settled()
    assert settled.refuted
    assert settled.makes == 3


def test_a_way_that_was_never_joined_is_sure() -> None:
    leads = {0: [(1, (0, 10)), (2, (15, 25))], 2: [(1, (0, 0))], 1: [(3, (0, 0))]}
    settled = Bell(leads, last=3).settled()
    assert settled.sure
    assert not settled.refuted
    assert settled.trail == Trail(Trail(Trail(None, "0 to 2", 0), "2 to 1", 0), "1 to 3", 0)


def test_what_the_search_has_never_met_is_gone_through_as_well() -> None:
    """With its own times alone a situation turns out to be of another make."""
    leads = {0: [(1, (0, 10)), (2, (30, 40))], 2: [(1, (0, 0))]}
    leads |= {1: [(3, (0, 0))], 3: [(4, (0, 0))], 5: [(4, (0, 0))]}
    bell = Bell(leads, last=4, rings_ms=35, old={3: 5})
    assert not any(now.met.kind == 5 for now in bell.frontier.before(bell.rings))
    assert bell.settled().sure


def test_what_takes_too_long_stays_in_doubt() -> None:
    leads = {0: [(1, (0, 10)), (2, (30, 40))], 2: [(1, (0, 0))], 1: [(3, (0, 0))], 3: [(4, (0, 0))]}
    settled = Bell(leads, last=4).settled(most=1)
    assert (settled.sure, settled.refuted, settled.trail) == (False, False, None)


def test_what_led_nowhere_new_still_led_there() -> None:
    """The search leaves out what is held by another; who came from where is kept all the same."""
    bell = Bell({0: [(1, (0, 40)), (2, (0, 0))], 2: [(1, (15, 25))]}, last=1)
    assert {now.met.kind for now in bell.frontier.before(bell.rings)} == {0, 2}


@pytest.mark.parametrize(("age_ms", "held"), [((3, 4), True), ((3, 50), False)])
def test_what_the_search_holds_is_known(age_ms: tuple[int, int], held: bool) -> None:
    bell = Bell({0: [(1, (0, 10)), (2, (30, 40))], 2: [(1, (0, 0))]}, last=1)
    assert bell.frontier.searched(at(1, age_ms)) is held
    assert not bell.frontier.searched(at(1, age_ms, Faults(0, 1, 0)))
