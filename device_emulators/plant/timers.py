"""What is due when: named timers of the devices, fired in exact order of time."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timers:
    """Named timers; setting one again moves it; equal times fire in the order of setting."""

    def __init__(self) -> None:
        self._queue: list[tuple[int, int, tuple[str, str]]] = []
        self._live: dict[tuple[str, str], tuple[int, int, Callable[[], object]]] = {}
        self._count = 0

    def set(self, owner: str, name: str, at_ns: int, action: Callable[[], object]) -> None:
        """Call `action` at `at_ns`; an earlier timer of the same owner and name is forgotten."""
        self._count += 1
        self._live[owner, name] = (at_ns, self._count, action)
        heapq.heappush(self._queue, (at_ns, self._count, (owner, name)))

    def cancel(self, owner: str, name: str) -> None:
        """Forget a timer, if it is set."""
        self._live.pop((owner, name), None)

    def pending(self, owner: str, name: str) -> bool:
        """Return whether a timer is set."""
        return (owner, name) in self._live

    def due_ns(self, owner: str, name: str) -> int | None:
        """Return when a timer fires [ns], or None."""
        found = self._live.get((owner, name))
        return found[0] if found else None

    @property
    def next_ns(self) -> int | None:
        """Return when the next timer fires [ns], or None."""
        while self._queue:
            at_ns, count, key = self._queue[0]
            found = self._live.get(key)
            if found is not None and found[1] == count:
                return at_ns
            heapq.heappop(self._queue)
        return None

    def fire(self, now_ns: int) -> bool:
        """Run every timer due at or before `now_ns`; return whether any was."""
        fired = False
        while (at_ns := self.next_ns) is not None and at_ns <= now_ns:
            _, _, key = heapq.heappop(self._queue)
            _, _, action = self._live.pop(key)
            action()
            fired = True
        return fired
