"""What a search has reached: searched already, or waiting for it."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.proof import zones

if TYPE_CHECKING:
    from collections.abc import Hashable

    from daemon.rehearsal.proof.situation import Reached, Situation
    from daemon.rehearsal.proof.zones import Zone

FINE: Final = 6
"""Joins that widen a zone no more than they must; those after them take larger steps."""
PATIENT: Final = 200
"""Joins after which bounds that still grow are given up."""
_BITS: Final = 20
"""Bits for the number of a part of a situation."""


class Frontier:
    """What was reached: searched already, or waiting for it.

    Situations that differ only in time have one zone that holds the times of them all: more than
    can happen, and never less.
    """

    def __init__(self, levels: int) -> None:
        """Hold nothing yet, in so many levels of urgency."""
        self._searched: dict[int, Zone] = {}
        self._waiting: dict[int, Zone] = {}
        self._joins: Counter[int] = Counter()
        self._queues: list[deque[tuple[int, Reached]]] = [deque() for _ in range(levels)]
        self._numbers: dict[Hashable, int] = {}
        self.count = 0

    def add(self, reached: Reached, level: int) -> None:
        """Let a situation wait, unless it is covered by others."""
        key, zone = self._key(reached.situation), reached.situation.zone
        other = self._searched.get(key)
        if other is not None and zones.covers(other, zone):
            return
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = zone
            self._queues[level].append((key, reached))
        elif not zones.covers(waiting, zone):
            self._waiting[key] = self._joined(key, waiting, zone)

    def next(self) -> Reached | None:
        """Take what waits and is most urgent; None where it was covered meanwhile."""
        key, reached = next(q for q in self._queues if q).popleft()
        zone, other = self._waiting.pop(key), self._searched.get(key)
        if other is not None:
            if zones.covers(other, zone):
                return None
            zone = self._joined(key, other, zone)
        self._searched[key] = zone
        self.count += 1
        return reached._replace(situation=reached.situation._replace(zone=zone))

    def _key(self, situation: Situation) -> int:
        key = situation.met.number << _BITS | situation.memory
        for part in situation[2:-1]:
            key = key << _BITS | self._numbers.setdefault(part, len(self._numbers))
        return key

    def _joined(self, key: int, one: Zone, other: Zone) -> Zone:
        self._joins[key] += 1
        n_join = self._joins[key]
        return zones.joined((one, other), coarse=n_join > FINE, endless=n_join > PATIENT)

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return any(self._queues)

    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def kinds(self) -> int:
        """Return how many situations there are that differ in more than time."""
        return len(self._searched)
