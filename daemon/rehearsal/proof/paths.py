"""Whether a bus without voltage can be fed: each is judged by itself, by the ways that lead there.

A way goes from a live source over breakers that obey (neither stuck, nor in local, nor locked) and
buses without fault. What does not obey stays as it stands: buses that it joins are one, and a way
to one of them is a way to all. No way goes over the terminals of another source, for that would
have it joined or turned; nor past what is given up until a person looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.rehearsal.proof.drawn import Drawn
from daemon.rehearsal.proof.plant import CLOSED, LOCAL, LOCKED, OPEN, STUCK

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from daemon.rehearsal.proof.plant import Plant


class Paths(Drawn):
    """What is drawn, and where it can lead."""

    def starved(self, plant: Plant) -> bool:
        """Return whether a critical bus has no voltage though it can be fed."""
        if not self.heeded(plant):
            return False
        live = self.voltages(plant)
        return any(not live[bus] and self._can_be_fed(plant, bus) for bus in self.critical)

    def heeded(self, plant: Plant) -> bool:
        """Return whether the daemon is there and is let."""
        return plant.automatic and not plant.away

    def belied(self, plant: Plant) -> AbstractSet[int]:
        """Return the buses joined to one of which an instrument tells what is not so."""
        if plant.lie is None:
            return frozenset()
        ends = self.breakers[plant.lie.breaker].ends
        about = (ends[plant.lie.side],) if plant.lie.kind == "voltage" else ends
        reach = self._reach(plant.contacts)
        told = {reach[end] for end in about}
        return {bus for bus, root in enumerate(reach) if root in told}

    def _can_be_fed(self, plant: Plant, bus: int) -> bool:
        """Return whether a way leads to a bus from a source at hand."""
        there = enumerate(self.at_hand(plant))
        return any(self._leads(plant, n, bus) for n, at_hand in there if at_hand)

    def _leads(self, plant: Plant, n: int, bus: int) -> bool:
        """Return whether a way leads from a source to a bus."""
        obeys = [self.obeys(plant, at) for at in range(len(self.breakers))]
        stays = tuple(
            OPEN if well else contact for well, contact in zip(obeys, plant.contacts, strict=False)
        )
        fixed = self._reach(stays)
        bad = (*plant.faulted, *self.belied(plant), *self.barred(plant, n))
        barred = {fixed[b] for b in bad}
        if fixed[bus] in barred:
            return False
        led = tuple(
            CLOSED if well and barred.isdisjoint(fixed[end] for end in breaker.ends) else contact
            for breaker, well, contact in zip(self.breakers, obeys, stays, strict=True)
        )
        reach = self._reach(led)
        return reach[bus] == reach[self.sources[n].bus]

    def obeys(self, plant: Plant, at: int) -> bool:
        """Return whether a breaker can be opened and closed by the daemon."""
        return self.breakers[at].switched and not plant.bent[at] & (STUCK | LOCAL | LOCKED)

    def at_hand(self, plant: Plant) -> tuple[bool, ...]:
        """Return by source whether a critical bus can be fed from it."""
        return plant.sources

    def barred(self, plant: Plant, n: int) -> AbstractSet[int]:
        """Return the buses over which no way from a source leads, beside those at fault."""
        return {source.bus for k, source in enumerate(self.sources) if k != n}
