"""What a search has reached: searched already, or waiting for it.

Whoever has more faults to come can do all that one can who has fewer, and is excused for less. So a
situation is not searched where one has been, or will be, that differs from it in nothing but that
more faults are to come, and that holds all its times.

Situations that differ in nothing but time and faults to come are of one *make*. Which make led to
which is kept, for who wants to know from where another can be come to (`doubt`).
"""

from __future__ import annotations

from array import array
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
    from collections.abc import Collection, Hashable, Iterator

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
_NONE: Final = Faults(0, 0, 0)


class Frontier:
    """What was reached: searched already, or waiting for it.

    Situations that differ only in time have one zone that holds the times of them all: more than
    can happen, and never less.
    """

    def __init__(self, faults: Faults) -> None:
        """Hold nothing yet of a search with so many faults."""
        self._given: Final = faults
        self._searched: dict[int, Situation] = {}
        self._waiting: dict[int, Zone] = {}
        self._joins: Counter[int] = Counter()
        self._loose: dict[int, Loose] = {}
        self._queues: list[deque[tuple[int, Reached]]] = [deque() for _ in range(sum(faults) + 1)]
        self._numbers: dict[Hashable, int] = {}
        self._makes: dict[int, int] = {}
        self._from, self._to = array("i"), array("i")
        self._at = -1
        self.count = 0

    def add(self, reached: Reached) -> None:
        """Let a situation wait that what was taken last leads to, unless others cover it."""
        situation = reached.situation
        key, to_come = self.make(situation), situation.met.to_come
        zone = zones.plain(situation.zone)
        situation = situation._replace(zone=zone)
        self._to.append(self._number(key))
        self._from.append(self._at)
        if self._is_searched(key, to_come, zone):
            return
        for more in _no_fewer(to_come, self._given):
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
        now = reached.situation._replace(zone=self._waiting.pop(key))
        other, make = self._searched.get(key), key ^ _code(now.met.to_come)
        if self._is_searched(make, now.met.to_come, now.zone):
            return None
        if other is not None:
            now = now._replace(zone=self._joined(key, now, other.zone))
        self._searched[key] = now
        self._at = self._number(make)
        self.count += 1
        return reached._replace(situation=now)

    def searched(self, situation: Situation) -> bool:
        """Return whether a situation was searched, or one that holds it and has no less to come."""
        make, to_come = self.make(situation), situation.met.to_come
        return self._is_searched(make, to_come, zones.plain(situation.zone))

    def _is_searched(self, make: int, to_come: Faults, zone: Zone) -> bool:
        found = (self._searched.get(make | more) for more in _no_fewer(to_come, self._given))
        return any(other is not None and zones.covers(other.zone, zone) for other in found)

    def before(self, makes: Collection[int]) -> Iterator[Situation]:
        """Yield what was searched and is of no make of these, but led to one."""
        number = np.array([self._makes[make] for make in makes if make in self._makes])
        led = np.unique(np.array(self._from)[np.isin(np.array(self._to), number)])
        known = list(self._makes)
        for make in (known[n] for n in led if n >= 0):
            if make not in makes:
                every = (self._searched.get(make | code) for code in _no_fewer(_NONE, self._given))
                yield from (situation for situation in every if situation is not None)

    def _number(self, make: int) -> int:
        return self._makes.setdefault(make, len(self._makes))

    def make(self, situation: Situation) -> int:
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
