"""What a connection has not delivered when it is given up is never delivered.

A connection that is closed is not gone: the kernel goes on sending what the other side has not
confirmed, for a minute or two. A write that found its link down would then reach the device when
the link is back, long after the command has failed and something else was done instead: no epoch
and no number tells the device that it is late. So a connection that carries commands is reset when
it is closed (SO_LINGER of no time), and with it goes what it had still to send.

Source: RFC 9293, 3.10.4 and 3.10.5 (CLOSE sends what is queued, ABORT discards it); socket(7). Seen
on Linux 6.18: 6 s after it was closed such a connection delivered a write that it had been given
while the link was down, as soon as that was up again; reset, it delivered nothing.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

NOT_AT_ALL: Final = struct.pack("ii", 1, 0)
"""How long to go on after closing: limited, and to 0 s."""


def discard_on_close(transport: asyncio.BaseTransport | None) -> None:
    """Let a connection end with a reset, whoever closes it.

    Args:
        transport: of the connection; one in memory has no socket and nothing to send later.
    """
    found = None if transport is None else transport.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOT_AT_ALL)
