"""One direction of a connection whose way can be disturbed: what was sent and is yet to arrive.

An undisturbed lane hands on what it gets, at once and in the same call. Else pieces wait for their
time; they keep their order, as TCP does, except that `late` lets every reply be late by itself.
"""

from __future__ import annotations

import contextvars
from collections import deque
from typing import TYPE_CHECKING, Final

from device_emulators.faults.frames import Frames

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable, Iterator

    from device_emulators.faults.way import Way


class Lane:
    """Carries bytes to `deliver` as its way demands."""

    def __init__(
        self,
        way: Way,
        loop: AbstractEventLoop,
        deliver: Callable[[bytes], None],
        *,
        replies: bool,
    ) -> None:
        """Carry nothing yet.

        Args:
            way: what is wrong.
            loop: whose time it is.
            deliver: takes what arrives.
            replies: it leads from the gateway to its clients, else to the gateway.
        """
        self._way, self._loop, self._deliver, self._replies = way, loop, deliver, replies
        self._frames: Final = Frames(way.protocol)
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._last_s = 0.0
        self._kept: bytes | None = None
        self._timer: TimerHandle | None = None
        self._end: Callable[[], None] | None = None
        self._context: Final = contextvars.copy_context()

    @property
    def held(self) -> bool:
        """Return whether nothing arrives now."""
        return self._way.holds_replies if self._replies else self._way.holds_requests

    def take(self, data: bytes) -> None:
        """Send bytes."""
        if self._way.quiet and not self._under_way and not self._frames.begun:
            self._deliver(data)
            return
        for piece in self._pieces(data):
            self._send(piece)
        self._arm()

    def close(self, end: Callable[[], None]) -> None:
        """Call `end` when all that is under way has arrived."""
        self._end = end
        self._arm()

    def drop(self) -> None:
        """Lose what is under way, and say nothing of the end any more."""
        self._under_way.clear()
        self._end = self._kept = None
        self._arm()

    def look(self) -> None:
        """See that the way is another than before; what was kept back goes on."""
        if self._kept is not None and not self._way.reorders:
            kept, self._kept = self._kept, None
            self._send(kept)
        self._arm()

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what is sent in place of `data`."""
        way = self._way
        if not self._replies or not (way.changes or way.reorders or self._frames.begun):
            yield data
            return
        for frame in self._frames.cut(data):
            for changed in way.changed(frame):
                if not way.reorders:
                    yield changed
                elif self._kept is None:
                    self._kept = changed
                else:
                    yield changed
                    kept, self._kept = self._kept, None
                    yield kept

    def _send(self, piece: bytes) -> None:
        way, now_s = self._way, self._loop.time()
        due_s = max(self._last_s, now_s + way.delay_s())
        pause_s = way.pause_s if self._replies else 0.0
        if self._replies:
            due_s += way.late_s
        parts = [piece[i : i + 1] for i in range(len(piece))] if pause_s else [piece]
        for number, part in enumerate(parts):
            self._under_way.append((due_s + number * pause_s, part))
        last_s = due_s + (len(parts) - 1) * pause_s
        self._last_s = last_s - (way.late_s if self._replies else 0.0)

    def _arm(self) -> None:
        """Set the timer for the next arrival, if there can be one now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.held:
            return
        if self._under_way:
            due_s = self._under_way[0][0]
            self._timer = self._loop.call_at(due_s, self._arrive, context=self._context)
        elif self._end is not None:
            end, self._end = self._end, None
            self._loop.call_soon(end, context=self._context)

    def _arrive(self) -> None:
        self._timer = None
        _, piece = self._under_way.popleft()
        self._deliver(piece)
        if self._timer is None:
            self._arm()
