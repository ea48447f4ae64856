"""What a search has reached: searched already, or waiting for it.

Whoever has more faults to come can do all that one can who has fewer, and is excused for less. So a
situation is not searched where one has been, or will be, that differs from it in nothing but that
more faults are to come, and that holds all its times.
"""

from __future__ import annotations

from collections import Counter, deque
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.rehearsal.proof import zones
from daemon.rehearsal.proof.plant import Faults
from daemon.rehearsal.proof.situation import HUNGRY
from daemon.rehearsal.proof.switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Hashable

    from daemon.rehearsal.proof.situation import Reached, Situation
    from daemon.rehearsal.proof.zones import Loose, Zone

FINE: Final = 6
"""Joins that widen a zone no more than they must; those after them take larger steps."""
PATIENT: Final = 200
"""Joins after which bounds that still grow are given up."""
_JUDGED: Final = frozenset(Switchgear.bounds)
"""Labels of what must be ended in time."""
_FAULTS: Final = 6
"""Bits for the faults to come, of each sort fewer than four."""
_BITS: Final = 20
"""Bits for the number of a part of a situation."""


class Frontier:
    """What was reached: searched already, or waiting for it.

    Situations that differ only in time have one zone that holds the times of them all: more than
    can happen, and never less.
    """

    def __init__(self, faults: Faults) -> None:
        """Hold nothing yet of a search with so many faults."""
        self._given: Final = faults
        self._searched: dict[int, Zone] = {}
        self._waiting: dict[int, Zone] = {}
        self._joins: Counter[int] = Counter()
        self._loose: dict[int, Loose] = {}
        self._queues: list[deque[tuple[int, Reached]]] = [deque() for _ in range(sum(faults) + 1)]
        self._numbers: dict[Hashable, int] = {}
        self.count = 0

    def add(self, reached: Reached) -> None:
        """Let a situation wait, unless it is covered by others."""
        situation = reached.situation
        key, to_come = self._key(situation), situation.met.to_come
        zone = zones.plain(situation.zone)
        situation = situation._replace(zone=zone)
        for more in _no_fewer(to_come, self._given):
            other = self._searched.get(key | more)
            if other is not None and zones.covers(other, zone):
                return
            other = self._waiting.get(key | more)
            if other is not None and zones.covers(other, zone):
                return
        key |= _code(to_come)
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = zone
            # Fewest faults first: what is found needs no more of them than it shows.
            self._queues[sum(self._given) - sum(to_come)].append((key, reached))
        else:
            self._waiting[key] = self._joined(key, situation, waiting)

    def next(self) -> Reached | None:
        """Take what waits and is most urgent; None where it was covered meanwhile."""
        key, reached = next(q for q in self._queues if q).popleft()
        zone, other = self._waiting.pop(key), self._searched.get(key)
        to_come = reached.situation.met.to_come
        alike = key ^ _code(to_come)
        for more in _no_fewer(to_come, self._given):
            wider = self._searched.get(alike | more)
            if wider is not None and zones.covers(wider, zone):
                return None
        if other is not None:
            now = reached.situation._replace(zone=zone)
            zone = self._joined(key, now, other)
        self._searched[key] = zone
        self.count += 1
        return reached._replace(situation=reached.situation._replace(zone=zone))

    def _key(self, situation: Situation) -> int:
        """Return what tells situations apart that differ in more than time and faults to come."""
        key = situation.met.kind << _BITS | situation.memory
        for part in situation[2:-1]:
            key = key << _BITS | self._numbers.setdefault(part, len(self._numbers))
        return key << _FAULTS

    def _joined(self, key: int, now: Situation, other: Zone) -> Zone:
        """Return a zone that holds that of a situation and another."""
        self._joins[key] += 1
        n_join, pair, spared = self._joins[key], (now.zone, other), 0
        if n_join <= PATIENT:
            judged = [1 + len(now.stamps) + n for n, at in enumerate(now.labels) if at in _JUDGED]
            return zones.joined(pair, coarse=n_join > FINE, judged=judged)
        loose = self._loose.setdefault(key, np.zeros(other.shape, dtype=np.bool_))
        if n_join <= 2 * PATIENT and HUNGRY in now.labels:  # what is judged is given up last
            spared = 1 + len(now.stamps) + now.labels.index(HUNGRY)
        return zones.joined(pair, coarse=True, loose=loose, spared=spared)

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return any(self._queues)

    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def kinds(self) -> int:
        """Return how many situations there are that differ in more than time."""
        return len(self._searched)


def _code(faults: Faults) -> int:
    """Return a number for faults to come."""
    return faults.losses << 4 | faults.sudden << 2 | faults.hidden


@lru_cache
def _no_fewer(faults: Faults, given: Faults) -> tuple[int, ...]:
    """Return the numbers of no fewer faults to come, of none fewer, as far as so many are given."""
    ranges = (range(low, high + 1) for low, high in zip(faults, given, strict=True))
    return tuple(_code(Faults(*more)) for more in product(*ranges))
