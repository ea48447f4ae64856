"""One connection and the polls on it: keep the grid, find out what is lost, knock again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from daemon.drivers.grid import IDLE_S, Backoff, Poll, all_indices, until
from daemon.drivers.modbus import NoReplyError, Wire
from daemon.model.quality import Quality
from daemon.model.quantities import MILLISECOND, ns

if TYPE_CHECKING:
    from daemon.drivers.driver import Link, Statistics

MISSES: Final = 3
"""Requests in a row without a reply after which a line counts as lost."""
EARLY: Final = MILLISECOND // 2
"""A poll that is due within this is due now: an event loop's timers are no better."""


class Keeper(Protocol):
    """The driver that a line belongs to."""

    link: Link

    @property
    def statistics(self) -> Statistics:
        """Return the counters of the driver."""
        ...

    async def read(self, wire: Wire, poll: Poll) -> None:
        """Read one block and put it into the table."""
        ...

    def line_lost(self, reason: str) -> None:
        """Hear that a line is lost."""
        ...

    def line_found(self) -> None:
        """Hear that a lost line is back."""
        ...

    def suspect(self, line: Line, unit: int) -> None:
        """Take a unit that missed a reply off its line."""
        ...


class Line:
    """One connection and the polls on it."""

    def __init__(self, keeper: Keeper, polls: list[Poll]) -> None:
        """Poll `polls` on behalf of `keeper`."""
        self.wire: Final = Wire(keeper.link.gateway.host, keeper.link.gateway.port)
        self.polls = polls
        self.lost = False
        self.heard_ns = 0  # when it last got a reply
        self._keeper = keeper
        self._now_ns = keeper.link.now_ns
        self._backoff = Backoff(keeper.link.chance)
        self._misses = 0
        self._proven = True  # a good reply came over the last connection, or none was tried yet
        self._repliers: dict[int, int] = {}

    async def run(self) -> None:
        """Poll for ever, reconnecting as needed."""
        try:
            while True:
                await self._connect()
                await self._poll()
        finally:
            self.wire.close()

    async def _connect(self) -> None:
        while True:
            if not self._proven:
                await asyncio.sleep(self._backoff.draw())
            self._proven = False
            if await self.wire.connect():
                break
            self._lose(Quality.BAD_NOT_CONNECTED, "cannot connect")
        now = self._now_ns()
        for poll in self.polls:  # everything is read again before it counts as known
            self._keeper.statistics.polls_missed += poll.advance(now)
            poll.due_ns = now

    async def _poll(self) -> None:
        while self.wire.connected:
            now = self._now_ns() + EARLY
            due = [poll for poll in self.polls if poll.due_ns <= now]
            if due:
                # On a slow link the values that are wanted often stay fresh, the others make way.
                await self._read(due[0] if len(due) == 1 else min(due, key=_urgency))
            else:
                next_ns = min([p.due_ns for p in self.polls], default=now + ns(IDLE_S))
                await asyncio.sleep(min(until(next_ns, now), IDLE_S))

    async def _read(self, poll: Poll) -> None:
        started = self._now_ns()
        try:
            await self._keeper.read(self.wire, poll)
        except NoReplyError as error:
            self._missed(poll, str(error))
        else:
            self._heard(poll.block.unit)
        now = self._now_ns()
        poll.judge(now - started)
        if missed := poll.advance(max(now, started + EARLY)):
            self._keeper.statistics.polls_missed += missed

    def _heard(self, unit: int) -> None:
        self._repliers[unit] = self.heard_ns = self._now_ns()
        self._misses = 0
        if not self._proven:
            self._proven = True
            self._backoff.reset()
        if self.lost:
            self.lost = False
            self._keeper.line_found()

    def _missed(self, poll: Poll, reason: str) -> None:
        unit = poll.block.unit
        heard = self._repliers.pop(unit, -1)
        if any(at > heard for at in self._repliers.values()):
            self._keeper.suspect(self, unit)
        self._misses += 1
        if self._misses >= MISSES:
            closed = reason == "connection closed"
            self._lose(Quality.BAD_NOT_CONNECTED if closed else Quality.BAD_TIMEOUT, reason)

    def _lose(self, quality: Quality, reason: str) -> None:
        """Mark every point of the line and say so, once until it is found again."""
        for poll in self.polls:
            poll.words = None
        self._keeper.link.table.mark(all_indices(self.polls), quality)
        if not self.lost:
            self.lost = True
            self._keeper.line_lost(reason)


def _urgency(poll: Poll) -> tuple[int, int]:
    return poll.period_ns, poll.due_ns
