"""Modbus TCP connections: frames out of a stream of bytes, answers in their order.

A master may cut a frame anywhere or send many at once; every whole frame is answered before the
next. What cannot be a frame (another protocol, a length that no request has) ends the connection,
because where the next one begins is not known any more. As the protocol's guide has it, one
connection too many ends the one that has been quiet for the longest time. A master that does not
take its answers is not listened to until it does.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 and 4.2.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[[int, bytes], bytes | None]
    """From unit id and request to the answer, None for silence."""

MAX_CONNECTIONS: Final = 32
_HEADER: Final = struct.Struct(">HHHB")
_LENGTHS: Final = range(2, 267)
"""Of unit id and request: at least a function; at most function 23 with as many bytes as its one
byte can count, so that a write of too many registers is refused and not hung up on."""


class Connection(asyncio.Protocol):
    """One master."""

    def __init__(self, answer: Answer, open_: dict[Connection, None]) -> None:
        """Answer with `answer`; `open_` holds the connections there are, the quietest first."""
        self._answer = answer
        self._open = open_
        self._rest = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place among the connections."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._open) >= MAX_CONNECTIONS:
            next(iter(self._open)).end()
        self._open[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._open.pop(self, None)

    def end(self) -> None:
        """Close at once."""
        self._open.pop(self, None)
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every whole frame."""
        if self not in self._open:
            return
        del self._open[self]
        self._open[self] = None  # now the one heard last
        if self._rest:
            data = self._rest + data
        answers = []
        at = 0
        while len(data) - at >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(data, at)
            if protocol or length not in _LENGTHS:
                self.end()
                return
            end = at + 6 + length
            if end > len(data):
                break
            answer = self._answer(unit, data[at + _HEADER.size : end])
            if answer is not None:
                answers.append(_HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer)
            at = end
        self._rest = data[at:]
        if answers:
            self._transport.write(b"".join(answers))

    def pause_writing(self) -> None:
        """Listen no more: answers pile up."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Listen again."""
        self._transport.resume_reading()
