"""The driver of one Modbus TCP gateway: planned block reads, commands at most once.

**Connections.** A gateway with a mirror gets two: one for the mirror and for actions, so that
neither waits behind bulk reads, and one for the rest. On each there is one request at a time. A
third, the probe, exists while a unit is suspect.

**Loss.** A reply that does not come in time may still come later and would then be taken for the
answer to another request. So a connection that missed a reply is closed, at once, and made anew.
That alone is no loss: the values grow old by themselves. A gateway counts as lost when it cannot be
connected to, or when `line.MISSES` requests in a row had no reply; then its points turn Bad and one
attempt at a time goes out, after a growing and jittered wait.

**A dead unit behind a living gateway** must not cost the others their time. The first missed reply
moves the unit to the probe connection. A probe that is answered moves it back; one that is not
makes its points Bad. If anything else behind the gateway was heard meanwhile, the unit is said to
be lost, and its commands are answered as failed without being sent; if nothing, it is the gateway.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daemon.drivers.driver import LinkChange, Statistics
from daemon.drivers.grid import Backoff, Poll, all_indices, spread
from daemon.drivers.line import Line
from daemon.drivers.modbus import ExceptionReplyError, NoReplyError, RejectedError, Wire
from daemon.drivers.order import order
from daemon.drivers.plan import plan
from daemon.model.commands import Command, Outcome, Result
from daemon.model.quality import Quality

if TYPE_CHECKING:
    from daemon.drivers.driver import Link
    from daemon.drivers.order import Write


class _ExpiredError(Exception):
    """The command's time is over."""


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A unit that missed a reply: its line, its polls, and when it was taken off."""

    line: Line
    polls: list[Poll]
    since_ns: int


class ModbusDriver:
    """See the top of the file."""

    def __init__(self, link: Link) -> None:
        """Plan the reads of everything behind the gateway of `link`."""
        self.link = link
        self._statistics: Final = Statistics()
        polls = spread(plan(link.site, link.points, link.gateway.id), link.phase)
        fast = [p for p in polls if p.block.mirror]
        rest = [p for p in polls if not p.block.mirror]
        lines = [Line(self, fast)] if fast else []
        self._lines: Final = [*lines, Line(self, rest)] if rest or not fast else lines
        self._suspects: Final[dict[int, _Suspect]] = {}
        self._silent: Final[set[int]] = set()
        self._suspected = asyncio.Event()
        self._lines_lost = 0

    @property
    def gateway(self) -> str:
        """Return the id of the gateway."""
        return self.link.gateway.id

    @property
    def statistics(self) -> Statistics:
        """Return the counters."""
        self._statistics.connected = all(line.wire.connected for line in self._lines)
        return self._statistics

    async def run(self) -> None:
        """Connect, poll and reconnect until cancelled."""
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(line.run())
            group.create_task(self._probe())

    async def read(self, wire: Wire, poll: Poll) -> None:
        """Read one block over `wire` and put it into the table.

        Raises:
            NoReplyError: nothing came back in time.
        """
        indices = poll.decoder.indices
        started = self.link.now_ns()
        try:
            words = await wire.read(poll.block)
        except NoReplyError:
            self._statistics.polls_failed += 1
            raise
        except (ExceptionReplyError, RejectedError) as error:
            # The unit lives, but this block says nothing about the plant.
            self._statistics.polls_failed += 1
            poll.words = None
            if isinstance(error, ExceptionReplyError):
                self.link.table.mark(indices, error.quality)
            else:
                self._statistics.rejected += 1
                self.link.table.mark(indices, Quality.BAD_COMMUNICATION_ERROR)
            return
        now = self.link.now_ns()
        self._statistics.polls += 1
        self._statistics.latency_ns = now - started
        if words == poll.words:
            self.link.table.touch(indices, now)
        else:
            poll.words = words
            self.link.table.put(indices, *poll.decoder.decode(words), now)

    async def write(self, command: Command) -> Outcome:
        """Write one command at most once; see `Driver.write`."""
        try:
            write = order(self.link.site, command)
            result, detail = await self._send(write, command)
        except ValueError as error:
            result, detail = Result.REFUSED, str(error)
        return Outcome(command.id, result, self.link.now_ns(), detail)

    async def _send(self, write: Write, command: Command) -> tuple[Result, str]:
        if write.unit in self._silent:
            return Result.FAILED, "unit does not answer; not sent"
        # Actions share the connection of the mirror, the rest waits behind bulk reads.
        line = self._lines[0] if command.point == "command" else self._lines[-1]

        def in_time() -> None:
            if self.link.now_ns() >= command.expires_at_ns:
                raise _ExpiredError

        try:
            await line.wire.write(write, in_time)
        except _ExpiredError:
            return Result.EXPIRED, "expired before it could be sent"
        except NoReplyError as error:
            return Result.FAILED, str(error)
        except ExceptionReplyError as error:
            return Result.FAILED if error.unclear else Result.REFUSED, str(error)
        except RejectedError as error:
            self._statistics.rejected += 1
            return Result.FAILED, str(error)
        return Result.ACKNOWLEDGED, "acknowledged"

    def line_lost(self, reason: str) -> None:
        """Note that one of the connections is lost; the first loss is said."""
        self._lines_lost += 1
        if self._lines_lost == 1:
            self._say("", False, reason)

    def line_found(self) -> None:
        """Note that a lost connection is back; the last one is said."""
        self._lines_lost -= 1
        self._statistics.reconnects += 1
        if not self._lines_lost:
            self._say("", True, "answers again")

    def suspect(self, line: Line, unit: int) -> None:
        """Take a unit that missed a reply off its line, to be probed on a connection of its own."""
        polls = [p for p in line.polls if p.block.unit == unit]
        line.polls = [p for p in line.polls if p.block.unit != unit]
        self._suspects[unit] = _Suspect(line, polls, self.link.now_ns())
        self._suspected.set()

    def _say(self, unit: str, up: bool, reason: str) -> None:
        self.link.report(LinkChange(self.link.now_ns(), self.gateway, unit, up, reason))

    async def _probe(self) -> None:
        """Ask suspect units, one at a time, until each answers."""
        wire = Wire(self.link.gateway.host, self.link.gateway.port)
        backoff = Backoff(self.link.chance)
        try:
            while True:
                if not self._suspects:
                    self._suspected.clear()
                    wire.close()
                    backoff.reset()
                    await self._suspected.wait()
                for unit in list(self._suspects):
                    await self._probe_unit(wire, unit)
                if self._suspects:
                    await asyncio.sleep(backoff.draw())
        finally:
            wire.close()

    async def _probe_unit(self, wire: Wire, unit: int) -> None:
        suspect = self._suspects[unit]
        line, polls = suspect.line, suspect.polls
        if line.lost or not (wire.connected or await wire.connect()):
            return
        equipment = polls[0].block.slots[0].point.equipment
        try:
            for poll in polls:
                await self.read(wire, poll)
        except NoReplyError as error:
            self.link.table.mark(all_indices(polls), Quality.BAD_TIMEOUT)
            for poll in polls:
                poll.words = None
            alive = any(each.heard_ns > suspect.since_ns for each in self._lines)
            if alive and unit not in self._silent:
                self._silent.add(unit)
                self._say(equipment, False, str(error))
            return
        del self._suspects[unit]
        for poll in polls:
            poll.due_ns = self.link.now_ns() + poll.period_ns
        line.polls.extend(polls)
        if unit in self._silent:
            self._silent.discard(unit)
            self._say(equipment, True, "answers again")
