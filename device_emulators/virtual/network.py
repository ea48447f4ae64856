"""A network in memory: who listens where, who is connected to whom, and what is wrong with it.

Every piece of bytes takes `latency_s` and an evenly drawn part of `jitter_s`. Each connection draws
from a generator of its own, so that more traffic on one does not move the bytes of another.

**Who is who.** A listener is known by host and port. A client is known by the name of the machine
its code runs on: `with located("daemon"):` names it for everything started inside, tasks of tasks
included, so that unmodified libraries need not be told. A `Link` chooses connections by these.

**What can be wrong** stays wrong until healed, for connections that stand and for new ones:

| Fault | A new connection | One that stands |
|---|---|---|
| REFUSE | is refused at once | goes on |
| STALL | is made | holds all bytes, as when the peer's program hangs |
| CUT_TO_SERVER, CUT_TO_CLIENT | finds no answer | holds the bytes of one direction |
| CUT | finds no answer | holds all bytes |

`reset`, `close` and `vanish` happen once, to the connections that stand. After `vanish` the servers
have lost theirs without a word and the link is cut, as when a device loses its supply. Healed, the
clients still believe in their connections until they write (half-open).
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from device_emulators.virtual.connection import Connection
from device_emulators.virtual.link import Fault, Link, machine
from device_emulators.virtual.listener import Listener
from device_emulators.virtual.stream import Delay, Mark

if TYPE_CHECKING:
    from numpy.random import Generator

    from device_emulators.virtual.loop import VirtualLoop
    from device_emulators.virtual.stream import Address, End

Factory: TypeAlias = Callable[[], asyncio.BaseProtocol]
Tap: TypeAlias = Callable[[Link, str, bytes | Mark], None]

LATENCY_S: Final = 0.0002
JITTER_S: Final = 0.0003
SYN_S: Final = 127.0
"""How long a kernel knocks at a door that does not answer: six repetitions [s]."""
FIRST_EPHEMERAL: Final = 49_152
_ANY_HOST: Final = "0.0.0.0"


class Network:
    """Listeners, connections and faults of one virtual loop.

    Attributes:
        loop: the loop it belongs to.
        tap: told link, direction ("to_server", "to_client") and content of everything that arrives.
    """

    loop: VirtualLoop

    def __init__(
        self, chance: Generator, latency_s: float = LATENCY_S, jitter_s: float = JITTER_S
    ) -> None:
        """Be empty and well; `chance` decides about jitter."""
        self.tap: Tap | None = None
        self._chance = chance
        self._usual = (latency_s, jitter_s)
        self._slow: dict[Link, tuple[float, float]] = {}
        self._faults: dict[Link, Fault] = {}
        self._listeners: dict[Address, Listener] = {}
        self._connections: dict[int, Connection] = {}
        self._serials = itertools.count()
        self._ports = itertools.count(FIRST_EPHEMERAL)
        self._knocking: list[asyncio.Future[None]] = []

    def attach(self, loop: VirtualLoop) -> None:
        """Belong to `loop`."""
        self.loop = loop

    # Who listens.

    def listener(self, factory: Factory, host: str, port: int) -> Listener:
        """Return a listener that takes no connections yet; port 0 is any free one."""
        return Listener(self, factory, (_canonical(host), port or next(self._ports)))

    def open(self, listener: Listener) -> None:
        """Let clients find a listener.

        Raises:
            OSError: another one has its address.
        """
        if listener.address in self._listeners:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        self._listeners[listener.address] = listener

    def shut(self, listener: Listener) -> None:
        """Let nobody find it any more."""
        del self._listeners[listener.address]

    # Who connects.

    async def connect(
        self, factory: Factory, host: str, port: int
    ) -> tuple[End, asyncio.BaseProtocol]:
        """Connect to a listener: there after one delay, back after another.

        Raises:
            ConnectionRefusedError: nobody listens, or the link refuses.
            ConnectionResetError: the listener took it and dropped it at once.
            TimeoutError: nobody answered for `SYN_S`.
        """
        link = Link(machine(), _canonical(host), port)
        await self._find(link)
        latency_s, jitter_s = self._pace(link)
        delay = Delay(self._chance.spawn(1)[0], latency_s, jitter_s)
        await asyncio.sleep(delay.draw())
        connection = self._join(link, await self._find(link), delay)
        try:
            await asyncio.sleep(delay.draw())
        except asyncio.CancelledError:
            connection.client.close()
            raise
        if connection.client.lost:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        protocol = factory()
        connection.client.begin(protocol)
        return connection.client, protocol

    async def _find(self, link: Link) -> Listener:
        """Return who listens, when the link lets them answer."""
        try:
            async with asyncio.timeout(SYN_S):
                while self._acting(link) & Fault.NO_ANSWER:
                    answer = self.loop.create_future()
                    self._knocking.append(answer)
                    await answer
        except TimeoutError:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
        assert link.host is not None
        assert link.port is not None
        found = self._listeners.get((link.host, link.port))
        found = found or self._listeners.get((_ANY_HOST, link.port))
        if found is None or self._acting(link) & Fault.REFUSE:
            text = f"Connect call failed ('{link.host}', {link.port})"
            raise ConnectionRefusedError(errno.ECONNREFUSED, text)
        return found

    def _join(self, link: Link, listener: Listener, delay: Delay) -> Connection:
        serial, port = next(self._serials), next(self._ports)

        def forget() -> None:
            self._connections.pop(serial, None)

        connection = Connection(self, link, port, listener, delay, forget)
        self._connections[serial] = connection
        connection.suffer(self._acting(link))
        return connection

    def arrived(self, link: Link, direction: str, content: bytes | Mark) -> None:
        """Hear that something reached its receiver."""
        if self.tap is not None:
            self.tap(link, direction, content)

    # What is wrong.

    def impose(self, fault: Fault, link: Link) -> None:
        """Let a fault act on a link, beside those that act already."""
        self._faults[link] = self._faults.get(link, Fault.NONE) | fault
        self._changed()

    def slow(self, link: Link, latency_s: float, jitter_s: float) -> None:
        """Let everything on a link take longer; of several that cover it, the last one rules."""
        self._slow.pop(link, None)
        self._slow[link] = (latency_s, jitter_s)
        self._changed()

    def heal(self, link: Link) -> None:
        """End all that was imposed on exactly this link; what was held arrives."""
        self._faults.pop(link, None)
        self._slow.pop(link, None)
        self._changed()

    def reset(self, link: Link) -> int:
        """Reset what is connected over a link, at both ends at once; return how many."""
        return self._each(link, Connection.reset)

    def close(self, link: Link) -> int:
        """Let the servers close what is connected over a link; return how many."""
        return self._each(link, lambda connection: connection.server.close())

    def vanish(self, link: Link) -> int:
        """Let the servers of a link lose their connections unheard, and cut it; return how many."""
        self.impose(Fault.CUT, link)
        return self._each(link, Connection.vanish)

    def connected(self, link: Link) -> int:
        """Return how many connections of a link stand, at one end at least."""
        return self._each(link, lambda _: None)

    def _each(self, link: Link, do: Callable[[Connection], None]) -> int:
        covered = [each for each in self._connections.values() if link.covers(each.link)]
        for connection in covered:
            do(connection)
        return len(covered)

    def _acting(self, link: Link) -> Fault:
        acting = Fault.NONE
        for where, fault in self._faults.items():
            if where.covers(link):
                acting |= fault
        return acting

    def _pace(self, link: Link) -> tuple[float, float]:
        for where, pace in reversed(self._slow.items()):
            if where.covers(link):
                return pace
        return self._usual

    def _changed(self) -> None:
        for connection in self._connections.values():
            connection.delay.latency_s, connection.delay.jitter_s = self._pace(connection.link)
            connection.suffer(self._acting(connection.link))
        knocking, self._knocking = self._knocking, []
        for answer in knocking:
            if not answer.done():
                answer.set_result(None)


def _canonical(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host
