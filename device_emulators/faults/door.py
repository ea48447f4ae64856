"""A door: where clients of a gateway are let in, and on whose connections things go wrong.

It stands between a server's protocols and the sockets of its clients, in the server's process, so
that a client sees on real sockets what a broken network or a broken gateway would show. While
nothing is wrong it costs a call for each piece of bytes. `proxy` puts the same door before a server
that is somewhere else.

What is simplified: the kernel goes on answering for us. A way that is cut or a gateway that hangs
still takes new connections and acknowledges bytes; only programs hear nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from numpy.random import PCG64, Generator

from device_emulators.faults.lane import Lane
from device_emulators.faults.way import KNOWN, Way
from device_emulators.faults.words import ENDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Factory: TypeAlias = Callable[[], asyncio.BaseProtocol]
Listen: TypeAlias = Callable[[Factory], Awaitable[asyncio.AbstractServer]]

_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""Linger for no time: a close is a reset."""
_AGAIN_S: Final = 0.2
"""How long after a port could not be had back it is tried again [s]."""


class Door:
    """Where one gateway listens.

    Attributes:
        way: what is wrong now.
    """

    def __init__(self, protocol: str, name: str) -> None:
        """Listen nowhere; what words leave to chance is drawn by `name`, alike in every run."""
        self.way: Final = Way(protocol, Generator(PCG64(zlib.crc32(name.encode()))))
        self._passages: Final[list[_Passage]] = []
        self._server: asyncio.AbstractServer | None = None
        self._open_again: Callable[[], Awaitable[asyncio.AbstractServer]]
        self._opening: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self, factory: Factory, listen: Listen) -> None:
        """Let clients in to the protocols of `factory`; `listen` begins to listen.

        Raises:
            OSError: the port cannot be had.
        """

        def passage() -> asyncio.BaseProtocol:
            return _Passage(self.way, factory(), self._passages)

        async def again() -> asyncio.AbstractServer:
            return await listen(passage)

        self._open_again, self._closed = again, False
        self._server = await again()

    def suffer(self, event: str, values: Mapping[str, Any]) -> None:
        """Let something go wrong, or end all of it.

        Raises:
            ValueError: it is nothing that can happen to a door.
        """
        if event in ENDS:
            self.way.heal()
        elif event == "reset" or event in KNOWN:
            if event != "reset":
                self.way.disturb(event, values)
            if event in {"reset", "refuse"}:
                self._each(_Passage.reset)
            if event == "cut":
                self._each(_Passage.vanish)
        else:
            raise ValueError(f"nothing called {event} can happen to a door")
        self._each(_Passage.look)
        self._listen_or_not()

    def _each(self, do: Callable[[_Passage], None]) -> None:
        for passage in list(self._passages):
            do(passage)

    def _listen_or_not(self) -> None:
        if self.way.refuses and self._server is not None:
            self._server.close()
            self._server = None
        opens = not (self.way.refuses or self._closed or self._server or self._opening)
        if opens and hasattr(self, "_open_again"):
            self._opening = asyncio.ensure_future(self._reopen())

    async def _reopen(self) -> None:
        try:
            while not self.way.refuses and self._server is None:
                try:
                    self._server = await self._open_again()
                except OSError:  # somebody took the port meanwhile
                    await asyncio.sleep(_AGAIN_S)
        finally:
            self._opening = None
        self._listen_or_not()  # it may have been told to refuse again meanwhile

    # What an owner asks of something that listens.

    @property
    def sockets(self) -> Sequence[Any]:
        """Return the sockets that are listened on."""
        found: Sequence[Any] = getattr(self._server, "sockets", ())
        return found

    def close(self) -> None:
        """Let nobody in any more; connections are their owners' to close."""
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
        if self._server is not None:
            self._server.close()
            self._server = None
        self.way.heal()
        self._each(_Passage.abandon)

    async def wait_closed(self) -> None:
        """Return when others had a turn."""
        await asyncio.sleep(0)


class _Exit(asyncio.Transport):
    """The transport a server's protocol writes to: that of its client, with a lane before it."""

    def __init__(self, passage: _Passage, transport: asyncio.Transport) -> None:
        super().__init__()
        self._passage = passage
        self._transport = transport
        self._closing = False
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.is_reading = transport.is_reading  # type: ignore[method-assign]
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._passage.replies.take(bytes(data))

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._passage.leave()

    def abort(self) -> None:
        self._closing = True
        self._transport.abort()


class _Passage(asyncio.Protocol):
    """One connection: what its client sends and what it is answered."""

    def __init__(self, way: Way, inner: asyncio.BaseProtocol, all_: list[_Passage]) -> None:
        self._way, self._inner, self._all = way, inner, all_
        self._transport: asyncio.Transport
        self._gone = False
        """The server's side ended without a word to the client."""
        self._knocked = False
        """The client wrote to what is gone while the way was cut."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        loop = asyncio.get_running_loop()
        self._requests = Lane(self._way, loop, self._hand_in, replies=False)
        self.replies = Lane(self._way, loop, transport.write, replies=True)
        self._all.append(self)
        self._inner.connection_made(_Exit(self, transport))

    def data_received(self, data: bytes) -> None:
        if not self._gone:
            self._requests.take(data)
        elif self._way.cut:
            self._knocked = True
        else:
            self.reset()

    def _hand_in(self, data: bytes) -> None:
        if not self._gone:
            self._inner.data_received(data)  # type: ignore[attr-defined]

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.forget()
        self.replies.drop()
        if not self._gone:
            self._requests.close(lambda: self._end(exc))

    def _end(self, exc: Exception | None) -> None:
        if not self._gone:
            self._gone = True
            self._inner.connection_lost(exc)

    def forget(self) -> None:
        """Hear of nothing any more."""
        if self in self._all:
            self._all.remove(self)

    def abandon(self) -> None:
        """Be left to the server, which closes it; what it knows no more ends now."""
        self.forget()
        if self._gone:
            self._transport.abort()
        else:
            self.look()

    def leave(self) -> None:
        """Close, when everything that was written has gone."""
        if not self._gone:
            self.replies.close(self._transport.close)

    def look(self) -> None:
        """See that the way is another than before."""
        if self._gone and self._knocked and not self._way.cut:
            self.reset()
            return
        self._requests.look()
        self.replies.look()

    def reset(self) -> None:
        """End at once, with a reset for the client; what was under way is lost."""
        self._requests.drop()
        self.replies.drop()
        sock = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

    def vanish(self) -> None:
        """End for the server without a word to the client."""
        self._requests.drop()
        self.replies.drop()
        self._end(ConnectionAbortedError(errno.ECONNABORTED, "the way is gone"))
