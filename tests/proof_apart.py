"""A search in which nothing is joined: what it finds can be, and it need not come to an end.

The search that proves joins the times of situations that differ in nothing else, so the way that it
keeps to what is wrong may be made of times that never come together; and it settles that around
what is wrong only so far. Here each situation keeps its own times. What goes wrong lies mostly
within a few thousand situations, long before their number grows beyond all bounds.
"""

from __future__ import annotations

from collections import defaultdict, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from daemon.rehearsal.proof import explore, zones
from daemon.rehearsal.proof.explore import Search
from daemon.rehearsal.proof.frontier import Frontier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.rehearsal.proof.plant import Faults
    from daemon.rehearsal.proof.situation import Reached
    from daemon.rehearsal.proof.zones import Zone


class _Apart(Frontier):
    """What was reached, each with its own times."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(faults)
        self._held: defaultdict[int, list[tuple[Faults, Zone]]] = defaultdict(list)
        self._queue: deque[Reached] = deque()

    def add(self, reached: Reached) -> None:
        """Let a situation wait unless one holds it that has no less to come."""
        now = reached.situation
        zone, to_come = zones.plain(now.zone), now.met.to_come
        held = self._held[self.make(now)]
        for more, other in held:
            enough = all(a >= b for a, b in zip(more, to_come, strict=True))
            if enough and zones.covers(other, zone):
                return
        held.append((to_come, zone))
        self._queue.append(reached._replace(situation=now._replace(zone=zone)))

    def next(self) -> Reached:
        """Take what has waited longest."""
        self.count += 1
        return self._queue.popleft()

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._queue)

    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._queue)


class Apart(Search):
    """A search that leaves nothing to be settled."""

    def _settle(self) -> None:
        pass


@contextmanager
def apart() -> Iterator[None]:
    """Let searches join nothing while it lasts."""
    explore.Frontier = _Apart  # type: ignore[attr-defined]
    try:
        yield
    finally:
        explore.Frontier = Frontier  # type: ignore[attr-defined]
