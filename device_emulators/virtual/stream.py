"""One connection: two transports, and between them a pipe in each direction.

A pipe keeps the order and takes its time: what is written arrives one delay later, never before
what was written earlier. Bytes that arrive at one instant arrive as one piece, as they would from a
kernel that kept them: after a stall a program meets its backlog glued together.

A pipe that is cut *holds* its bytes. TCP repeats what was lost until it arrives, so to the programs
at its ends a lossy or parted network is one that stands still and then catches up. (A kernel gives
up after a quarter of an hour; ours does not. Nor does it wait for its next repetition.)

How an end can go: `close` flushes and says so (FIN); `reset` says so at once and loses what was on
its way (RST); `lose` says nothing: the peer learns of it when something it wrote reaches a machine
that knows nothing of the connection, and is answered by a reset. So half-open connections need no
rule of their own.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from device_emulators.virtual.listener import Socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from device_emulators.virtual.loop import VirtualLoop

Address = tuple[str, int]

_DRAWS: Final = 64
_NANOSECOND_S: Final = 1e-9


class Mark(Enum):
    """What may follow the bytes."""

    FIN = "no more will come"
    RST = "there is no such connection"


class Delay:
    """How long a piece is on its way.

    Attributes:
        latency_s: shortest time [s].
        jitter_s: what chance may add [s].
    """

    def __init__(self, chance: Generator, latency_s: float, jitter_s: float) -> None:
        """Draw the jitter evenly from `chance`."""
        self.latency_s, self.jitter_s = latency_s, jitter_s
        self._chance = chance
        self._draws: list[float] = []

    def draw(self) -> float:
        """Return the next delay [s]."""
        if not self._draws:
            self._draws = self._chance.random(_DRAWS).tolist()
        return self.latency_s + self.jitter_s * self._draws.pop()


class Pipe:
    """One direction of a connection: what was written and has not arrived.

    Attributes:
        size: bytes under way.
        sender: the end that writes.
        receiver: the end that reads.
    """

    sender: End
    receiver: End

    def __init__(
        self, loop: VirtualLoop, delay: Delay, tap: Callable[[bytes | Mark], None]
    ) -> None:
        """Carry nothing yet; `tap` sees everything at the moment it arrives."""
        self.size = 0
        self._loop, self._delay, self._tap = loop, delay, tap
        self._items: deque[tuple[float, bytes | Mark]] = deque()
        self._last_s = 0.0
        self._cut = False
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: bytes | Mark) -> None:
        """Send bytes, or a mark."""
        due_s = self._last_s = max(self._last_s, self._loop.time() + self._delay.draw())
        self._items.append((due_s, item))
        if isinstance(item, bytes):
            self.size += len(item)
        if self._timer is None:
            self.arm()

    def cut(self, cut: bool) -> None:
        """Hold everything from now on, or let it go: it then arrives one delay later."""
        if self._cut and not cut:
            self._last_s = max(self._last_s, self._loop.time() + self._delay.draw())
            due_s = self._last_s
            self._items = deque((max(due_s, at), item) for at, item in self._items)
        self._cut = cut
        self.arm()

    def drop(self) -> None:
        """Lose what is under way."""
        self._items.clear()
        self.size = 0
        self.arm()

    def arm(self) -> None:
        """Set the timer for the next arrival, if there can be one now."""
        moves = self._items and not self._cut and self.receiver.is_reading()
        if not moves and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif moves and self._timer is None:
            due_s = self._items[0][0]
            self._timer = self._loop.call_at(due_s, self._arrive, context=self.receiver.context)

    def _arrive(self) -> None:
        self._timer = None
        items = self._items
        item = items.popleft()[1]
        if isinstance(item, Mark):
            self._tap(item)
            self.receiver.marked(item)
        else:
            data = self._joined(item) if items else item
            self.size -= len(data)
            self._tap(data)
            self.receiver.receive(data)
            self.sender.drained()
        if self._items:
            self.arm()

    def _joined(self, first: bytes) -> bytes:
        """Return `first` with all bytes that arrive at the same instant; a mark ends them."""
        items, pieces = self._items, [first]
        now_s = self._loop.time() + _NANOSECOND_S
        while items and items[0][0] <= now_s:
            item = items[0][1]
            if isinstance(item, Mark):
                break  # it comes next, as a call of its own
            pieces.append(item)
            items.popleft()
        return b"".join(pieces)


class End(asyncio.transports._FlowControlMixin):
    """One end of a connection: the transport that a protocol writes to.

    Attributes:
        context: in which its protocol is called.
        lost: the protocol was told of the end, or will be at once.
    """

    # Of the mixin, which typeshed does not tell in full.
    _loop: VirtualLoop
    _protocol: asyncio.Protocol
    _extra: dict[str, object]
    _maybe_pause_protocol: Callable[[], None]
    _maybe_resume_protocol: Callable[[], None]

    def __init__(
        self, loop: VirtualLoop, context: contextvars.Context, gone: Callable[[], None]
    ) -> None:
        """Serve nobody yet, see `begin`; `gone` is called after the end was told of."""
        super().__init__(None, loop)
        self.context: Final = context
        self.lost = False
        self._closing = False
        self._reading = False
        self._said_all = False
        self._gone = gone

    def join(self, incoming: Pipe, outgoing: Pipe, own: Address, peer: Address) -> None:
        """Stand between two pipes."""
        self._in, self._out = incoming, outgoing
        incoming.receiver = outgoing.sender = self
        self._extra.update(sockname=own, peername=peer, socket=Socket(own, peer))

    def begin(self, protocol: asyncio.BaseProtocol) -> None:
        """Serve `protocol`."""
        self.set_protocol(protocol)
        if not self.lost:
            self._protocol.connection_made(self)
            self.resume_reading()

    # What a protocol asks for.

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Call `protocol` from now on."""
        if not isinstance(protocol, asyncio.Protocol) and not hasattr(protocol, "data_received"):
            raise TypeError(f"{protocol!r} does not take data")
        self._protocol = protocol  # type: ignore[assignment]

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is called."""
        return self._protocol

    def is_closing(self) -> bool:
        """Return whether it is closed or being closed."""
        return self._closing

    def is_reading(self) -> bool:
        """Return whether data are wanted; an end that is gone takes them, to answer."""
        return self._reading or self._closing

    def pause_reading(self) -> None:
        """Let data wait under way."""
        self._reading = False
        self._in.arm()

    def resume_reading(self) -> None:
        """Take data again."""
        self._reading = True
        self._in.arm()

    def get_write_buffer_size(self) -> int:
        """Return the bytes that have not arrived: a network in memory has no other place."""
        return self._out.size

    def write(self, data: Any) -> None:  # noqa: ANN401 - whatever has bytes
        """Send bytes; without effect after `close`, as in asyncio.

        Raises:
            RuntimeError: after `write_eof`.
        """
        if self._said_all and not self._closing:
            raise RuntimeError("Cannot call write() after write_eof()")
        if data and not self._closing:
            self._out.put(bytes(data))
            self._maybe_pause_protocol()

    def can_write_eof(self) -> bool:
        """Return that it can."""
        return True

    def write_eof(self) -> None:
        """Say that no more will come, and go on reading."""
        if not self._said_all and not self._closing:
            self._said_all = True
            self._out.put(Mark.FIN)

    def close(self) -> None:
        """Say that no more will come, and end; what was written still arrives."""
        if not self._closing:
            self.write_eof()
            self.lose(None)

    def abort(self) -> None:
        """End as `close` does: a kernel sends a FIN for this, too."""
        self.close()

    # What happens to it.

    def receive(self, data: bytes) -> None:
        """Take data, or answer that nobody is here."""
        if self._closing:
            self._out.put(Mark.RST)
            return
        try:
            self._protocol.data_received(data)
        except Exception as error:
            self._loop.call_exception_handler(
                {
                    "message": "Fatal error: protocol.data_received() call failed.",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )
            self.write_eof()
            self.lose(error)

    def marked(self, mark: Mark) -> None:
        """Hear that no more will come, or that there is no such connection."""
        if self._closing:
            return
        if mark is Mark.RST:
            self.reset()
        elif not self._protocol.eof_received():
            self.close()

    def drained(self) -> None:
        """Let a protocol that was paused write again."""
        if not self._closing:
            self._maybe_resume_protocol()

    def reset(self) -> None:
        """End by a reset; what was under way to it is lost."""
        self._in.drop()
        self.lose(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def lose(self, error: Exception | None) -> None:
        """End without a word to the peer."""
        if self.lost:
            return
        self.lost = self._closing = True
        self._reading = False
        self._loop.call_soon(self._end, error, context=self.context)
        self._in.arm()

    def _end(self, error: Exception | None) -> None:
        protocol = getattr(self, "_protocol", None)
        try:
            if protocol is not None:
                protocol.connection_lost(error)
        finally:
            self._gone()
