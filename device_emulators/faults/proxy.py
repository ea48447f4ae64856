"""A TCP fault proxy: a door before a server that is somewhere else, real or emulated.

`ridethrough fault proxy --listen 15502 --to 10.0.0.5:502 --kind slow latency_s=0.5` stands between
any client and any server of Modbus TCP, OPC UA or bytes. While it runs, a line on standard input
begins another fault (`dribble pause_s=0.05`) or ends all (`heal`).

Must not know: the plant. It serves any master and any device.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from device_emulators.faults.door import Door
from device_emulators.faults.flapping import Flapping
from device_emulators.faults.words import OF_OPCUA, of_protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from device_emulators.faults.door import Factory

Address = tuple[str, int]
PROTOCOLS: Final = ("modbus_tcp", "opcua", "bytes")
"""What can be spoken through it; `bytes` is anything else."""


def words_for(protocol: str) -> dict[str, tuple[str, ...]]:
    """Return what a proxy can do to what passes through it, with the values each needs."""
    not_ours = {*OF_OPCUA, "storm", "busy", "no_path", "no_target"}
    return {event: needs for event, needs in of_protocol(protocol).items() if event not in not_ours}


class Proxy:
    """Lets clients in at one address and passes them on to another."""

    def __init__(self, to: Address, protocol: str) -> None:
        """Stand before `to`; nothing listens yet."""
        self._to, self._protocol = to, protocol
        self._door = Door(protocol, f"{to[0]}:{to[1]}")
        self._near: Final[set[_Near]] = set()
        self._flapping: Flapping | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 is any free one.

        Raises:
            OSError: the port cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._flapping = Flapping(loop, lambda _, event, values: self._door.suffer(event, values))

        async def listen(factory: Factory) -> asyncio.AbstractServer:
            return await loop.create_server(factory, *(self._address or (host, port)))

        self._address: Address | None = None
        await self._door.open(lambda: _Near(self._to, self._near), listen)
        name = self._door.sockets[0].getsockname()
        self._address = (name[0], name[1])

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        assert self._address is not None, "it listens"
        return self._address[1]

    def suffer(self, event: str, values: Mapping[str, Any]) -> None:
        """Let something go wrong from now on.

        Raises:
            ValueError: no such word, or a value missing or unknown; says what there is.
        """
        needed = words_for(self._protocol).get(event)
        if needed is None:
            valid = ", ".join(words_for(self._protocol))
            raise ValueError(f"nothing called {event} can be done here (valid: {valid})")
        if set(values) != set(needed):
            raise ValueError(f"{event} takes the values {', '.join(needed) or 'none'}")
        assert self._flapping is not None, "it is open"
        self._flapping.suffer("", event, values)

    def close(self) -> None:
        """End every connection and listen no more."""
        if self._flapping is not None:
            self._flapping.close()
        self._door.close()
        for near in list(self._near):
            near.close()


class _Near(asyncio.Protocol):
    """The side of a client: everything goes to the server, and what comes back to the client."""

    def __init__(self, to: Address, all_: set[_Near]) -> None:
        self._to, self._all = to, all_
        self._transport: asyncio.Transport
        self._far: asyncio.Transport | None = None
        self._before = b""
        self._joining: asyncio.Task[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._all.add(self)
        self._joining = asyncio.ensure_future(self._join())

    async def _join(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            far, _ = await loop.create_connection(lambda: _Far(self._transport), *self._to)
        except OSError:
            self._transport.abort()
            return
        self._far = far
        far.write(self._before)

    def data_received(self, data: bytes) -> None:
        if self._far is None:
            self._before += data
        else:
            self._far.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.discard(self)
        self._joining.cancel()
        if self._far is not None:
            self._far.close()

    def close(self) -> None:
        """End both sides."""
        self._transport.abort()


class _Far(asyncio.Protocol):
    """The side of the server."""

    def __init__(self, near: asyncio.Transport) -> None:
        self._near = near

    def data_received(self, data: bytes) -> None:
        self._near.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._near.close()


def values_of(pairs: Sequence[str]) -> dict[str, float | str]:
    """Return values given as name=value, numbers as such.

    Raises:
        ValueError: one is not of that form.
    """
    values: dict[str, float | str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals and text):
            raise ValueError(f"{pair}: a value is given as name=value")
        try:
            values[name] = float(text)
        except ValueError:
            values[name] = text
    return values


async def run(
    listen: Address,
    to: Address,
    protocol: str,
    fault: tuple[str, Mapping[str, Any]] | None,
    for_s: float | None,
    out: Callable[[str], None] = print,
) -> None:
    """Stand between `listen` and `to` until Ctrl-C; `fault` stands from the begin, for `for_s` [s].

    Raises:
        OSError: the port cannot be had.
        ValueError: no such fault.
    """
    loop = asyncio.get_running_loop()
    proxy = Proxy(to, protocol)
    ended, hears = asyncio.Event(), False
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await proxy.open(*listen)
    try:
        if fault is not None:
            proxy.suffer(*fault)
        out(f"{listen[0]}:{proxy.port} -> {to[0]}:{to[1]}" + (f"  {fault[0]}" if fault else ""))
        if fault is not None and for_s is not None:
            loop.call_later(for_s, lambda: _heal(proxy, out))
        hears = _hear(proxy, out)
        await ended.wait()
    finally:
        if hears:
            loop.remove_reader(sys.stdin)
        proxy.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _hear(proxy: Proxy, out: Callable[[str], None]) -> bool:
    """Heed lines of standard input; return whether it is one that lines can come on."""
    try:
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin, lambda: _told(proxy, sys.stdin.readline(), out))
    except (OSError, ValueError):  # /dev/null, a file, closed: as in the background
        return False
    return True


def _heal(proxy: Proxy, out: Callable[[str], None]) -> None:
    proxy.suffer("heal", {})
    out("heal")


def _told(proxy: Proxy, line: str, out: Callable[[str], None]) -> None:
    """Do what a line of standard input says."""
    if not line:  # nobody is there to say more
        asyncio.get_running_loop().remove_reader(sys.stdin)
        return
    event, *pairs = line.split() or ("",)
    try:
        if event:
            proxy.suffer(event, values_of(pairs))
            out(line.strip())
    except ValueError as error:
        out(str(error))
