"""Switchgear as it is drawn: what stands where, what its contacts join, and what has voltage.

Voltages follow at once: a bus is live when a live source reaches it over closed contacts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.proof.plant import CLOSED

if TYPE_CHECKING:
    from daemon.rehearsal.proof.plant import Breaker, Plant, Source


class Drawn:
    """Buses, breakers, fixed links and sources, and where power is while contacts stand so.

    Attributes:
        live: buses that have voltage, from contacts, live sources and faulted buses.
    """

    def __init__(
        self,
        buses: tuple[str, ...],
        breakers: tuple[Breaker, ...],
        links: tuple[tuple[int, int], ...],
        sources: tuple[Source, ...],
        critical: tuple[int, ...],
    ) -> None:
        """Take buses, breakers, fixed links, sources, and the buses that are to be fed."""
        self.buses: Final = buses
        self.breakers: Final = breakers
        self.sources: Final = sources
        self.critical: Final = critical
        self._links: Final = links
        self._reach = lru_cache(maxsize=65536)(self._joined)
        self.live = lru_cache(maxsize=65536)(self._live)

    def number(self, name: str) -> int:
        """Return the number of a breaker."""
        return next(n for n, b in enumerate(self.breakers) if b.name == name)

    def name(self, at: int) -> str:
        """Return the name of a breaker."""
        return self.breakers[at].name

    def _joined(self, contacts: tuple[int, ...]) -> tuple[int, ...]:
        """Return the lowest bus that each bus is joined to."""
        parent = list(range(len(self.buses)))

        def root(i: int) -> int:
            while parent[i] != i:
                i = parent[i]
            return i

        closed = [b.ends for b, c in zip(self.breakers, contacts, strict=True) if c == CLOSED]
        for a, b in (*self._links, *closed):
            low, high = sorted((root(a), root(b)))
            parent[high] = low
        return tuple(map(root, range(len(self.buses))))

    def _live(
        self, contacts: tuple[int, ...], sources: tuple[bool, ...], faulted: tuple[int, ...]
    ) -> tuple[bool, ...]:
        """Return which buses have voltage; a fault takes it from all it is joined to."""
        reach = self._reach(contacts)
        fed = {reach[s.bus] for s, on in zip(self.sources, sources, strict=True) if on}
        fed -= {reach[b] for b in faulted}
        return tuple(part in fed for part in reach)

    def voltages(self, plant: Plant) -> tuple[bool, ...]:
        """Return which buses have voltage."""
        return self.live(plant.contacts, plant.sources, plant.faulted)

    def behind(self, plant: Plant, bus: int) -> list[int]:
        """Return the live sources joined to a bus."""
        reach = self._reach(plant.contacts)
        return [
            n for n, s in enumerate(self.sources) if plant.sources[n] and reach[s.bus] == reach[bus]
        ]

    def paralleled(self, plant: Plant) -> bool:
        """Return whether a live utility is joined to another source."""
        return any(
            s.utility and plant.sources[n] and len(self.behind(plant, s.bus)) > 1
            for n, s in enumerate(self.sources)
        )

    def fed_back(self, plant: Plant) -> bool:
        """Return whether a dead utility is joined to a live source."""
        return any(
            s.utility and not plant.sources[n] and self.behind(plant, s.bus)
            for n, s in enumerate(self.sources)
        )
