"""A connection as the network sees it: two ends, two pipes, and what is done to them as a whole."""

from __future__ import annotations

import contextvars
import errno
from functools import partial
from typing import TYPE_CHECKING, Final

from device_emulators.virtual.link import Fault
from device_emulators.virtual.stream import End, Pipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from device_emulators.virtual.link import Link
    from device_emulators.virtual.listener import Listener
    from device_emulators.virtual.network import Network
    from device_emulators.virtual.stream import Delay


class Connection:
    """Two ends and the pipes between them.

    Attributes:
        link: whose it is.
        delay: of both directions.
        client: the end that connected; its protocol is yet to come.
        server: the end that was connected to.
    """

    def __init__(
        self,
        network: Network,
        link: Link,
        port: int,
        listener: Listener,
        delay: Delay,
        forget: Callable[[], None],
    ) -> None:
        """Join a client on `port` to `listener`; `forget` is called when both ends are gone."""
        loop = network.loop
        self.link: Final = link
        self.delay: Final = delay
        self._forget = forget
        self._to_server = Pipe(loop, delay, partial(network.arrived, link, "to_server"))
        self._to_client = Pipe(loop, delay, partial(network.arrived, link, "to_client"))
        self.client: Final = End(loop, contextvars.copy_context(), self._gone)
        self.server: Final = End(loop, listener.context.copy(), self._gone)
        own = (link.client or "", port)
        at = (link.host or "", link.port or 0)
        self.client.join(self._to_client, self._to_server, own, at)
        self.server.join(self._to_server, self._to_client, at, own)
        loop.call_soon(self._accept, listener, context=self.server.context)

    def _accept(self, listener: Listener) -> None:
        try:
            self.server.begin(listener.factory())
        except Exception:
            self.server.close()
            raise

    def _gone(self) -> None:
        if self.client.lost and self.server.lost:
            self._forget()

    def suffer(self, faults: Fault) -> None:
        """Hold what the faults hold."""
        self._to_server.cut(bool(faults & Fault.HOLD_TO_SERVER))
        self._to_client.cut(bool(faults & Fault.HOLD_TO_CLIENT))

    def reset(self) -> None:
        """End at both ends by a reset."""
        self.client.reset()
        self.server.reset()

    def vanish(self) -> None:
        """End at the server without a word to the client."""
        self.server.lose(ConnectionAbortedError(errno.ECONNABORTED, "the machine is gone"))
