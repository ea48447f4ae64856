"""Who waits for connections: the in-memory stand-in for `asyncio.Server`."""

from __future__ import annotations

import asyncio
import contextvars
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from device_emulators.virtual.network import Network


class Socket:
    """Stands where people expect the socket of a connection: it can be asked, and set in vain."""

    family: Final = socket.AF_INET
    type: Final = socket.SOCK_STREAM
    proto: Final = socket.IPPROTO_TCP

    def __init__(self, own: tuple[str, int], peer: tuple[str, int] | None = None) -> None:
        """Remember both addresses."""
        self._own, self._peer = own, peer

    def fileno(self) -> int:
        """Return that there is no file."""
        return -1

    def getsockname(self) -> tuple[str, int]:
        """Return the own address."""
        return self._own

    def getpeername(self) -> tuple[str, int]:
        """Return the address of the peer.

        Raises:
            OSError: it listens and has none.
        """
        if self._peer is None:
            raise OSError("a listener has no peer")
        return self._peer

    def setsockopt(self, *option: object) -> None:
        """Do nothing: no option of the kernel matters here."""


class Listener(asyncio.AbstractServer):
    """A server: makes a protocol for every connection to its address.

    Attributes:
        factory: makes the protocol of one connection.
        address: host and port.
        context: in which it was made, and in which its connections live.
    """

    def __init__(
        self,
        network: Network,
        factory: Callable[[], asyncio.BaseProtocol],
        address: tuple[str, int],
    ) -> None:
        """Belong to `network`; nobody can connect yet."""
        self.factory: Final = factory
        self.address: Final = address
        self.context: Final = contextvars.copy_context()
        self._network = network
        self._serving = False

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """Return something that knows the address it listens on."""
        return (Socket(self.address),) if self._serving else ()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of its network."""
        return self._network.loop

    def is_serving(self) -> bool:
        """Return whether connections are taken."""
        return self._serving

    async def start_serving(self) -> None:
        """Take connections from now on.

        Raises:
            OSError: somebody else listens there.
        """
        if not self._serving:
            self._network.open(self)
            self._serving = True

    async def serve_forever(self) -> None:
        """Take connections until cancelled."""
        await self.start_serving()
        try:
            await self.get_loop().create_future()
        finally:
            self.close()

    def close(self) -> None:
        """Take no more connections; those that stand remain."""
        if self._serving:
            self._serving = False
            self._network.shut(self)

    async def wait_closed(self) -> None:
        """Return when others had a turn; connections are their owners' to close."""
        await asyncio.sleep(0)
