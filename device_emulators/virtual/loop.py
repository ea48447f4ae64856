"""The event loop whose time is virtual: it never waits, it jumps.

`BaseEventLoop` asks a selector for input until the next timer is due. Ours has no input, ever; it
moves the time to that timer and returns. All the rest (ready queue, timers, tasks) is asyncio's own
code, so a program meets the order of events that it would meet on a quiet machine of endless speed.

**Time** is counted in whole nanoseconds from 0; asyncio gets it as a float of seconds. Without that
rounding at every jump the errors of floats would add up, and an hour of ticks would end beside its
grid. `advance` ends the run before a float is too coarse for it (`LAST_S`, 24 days).

**Order.** Python's sets of tasks are ordered by address, and a task group cancels its tasks in the
order of a set: on an ordinary loop two runs of one program differ. Tasks here hash by their serial
number.

**Standstill.** A loop with nothing scheduled would wait for ever: `StandstillError` instead. A loop
that turns without end at one instant (somebody spins until a time that cannot come) as well.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from concurrent.futures import Executor
    from contextvars import Context

    from device_emulators.virtual.listener import Listener
    from device_emulators.virtual.network import Network

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RESOLUTION_S: Final = 1e-9
"""Timers this close together are due together [s]."""
LAST_S: Final = float(1 << 21)
"""A little behind this a float no longer tells one nanosecond from the next [s]."""
TURNS_AT_ONE_INSTANT: Final = 1_000_000


class StandstillError(RuntimeError):
    """No time can pass any more; the text says what waits."""


class _NoInput:
    """Stands where a loop has its selector: nothing comes from outside, so time may jump."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None) -> Sequence[object]:
        if timeout is None:
            raise StandstillError(f"nothing is scheduled any more; {_waiting(self._loop)}")
        if timeout > 0:
            self._turns = 0
            self._loop.advance()
        else:
            self._turns += 1
            if self._turns > TURNS_AT_ONE_INSTANT:
                raise StandstillError(f"time stands at {self._loop.time()} s: somebody spins")
        return ()

    def close(self) -> None:
        """Hold nothing."""


def _waiting(loop: VirtualLoop) -> str:
    names = sorted(task.get_name() for task in asyncio.all_tasks(loop))
    return f"waiting for ever: {', '.join(names)}" if names else "no task is left"


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not depend on its address."""

    _serials = itertools.count()

    def __init__(self, coro: Coroutine[Any, Any, Any], **how: Any) -> None:  # noqa: ANN401
        self._serial = next(self._serials)
        super().__init__(coro, **how)

    def __hash__(self) -> int:
        return self._serial


class VirtualLoop(asyncio.BaseEventLoop):
    """An asyncio loop on virtual time and an in-memory network.

    Attributes:
        network: what connects its listeners and clients.
    """

    # Of asyncio's own; `call_at` keeps the next timer first.
    _scheduled: list[asyncio.TimerHandle]
    _check_closed: Callable[[], None]

    def __init__(self, network: Network) -> None:
        """Begin at time 0 with nobody on `network`."""
        super().__init__()
        self.network: Final = network
        self._now_ns, self._now_s = 0, 0.0
        self._selector = _NoInput(self)
        self._clock_resolution = RESOLUTION_S
        self._home = threading.get_ident()
        _Task._serials = itertools.count()
        network.attach(self)

    def time(self) -> float:
        """Return the virtual time [s]."""
        return self._now_s

    def time_ns(self) -> int:
        """Return the virtual time [ns]."""
        return self._now_ns

    def advance(self) -> None:
        """Jump to the next timer.

        Raises:
            OverflowError: it is due after `LAST_S`.
        """
        due_s = self._scheduled[0].when()
        if due_s >= LAST_S:
            raise OverflowError(f"virtual time ends at {LAST_S} s; a timer is due at {due_s} s")
        self._now_ns = round(due_s * 1e9)
        self._now_s = self._now_ns / 1e9

    def create_task(self, coro: Coroutine[Any, Any, T], **how: Any) -> asyncio.Task[T]:  # type: ignore[override]  # noqa: ANN401
        """Schedule a coroutine as a task that hashes by its serial number."""
        self._check_closed()
        return _Task(coro, loop=self, **how)

    def _process_events(self, event_list: Sequence[object]) -> None:
        """Do nothing: there is no input."""

    def _write_to_self(self) -> None:
        """Do nothing: a loop that never sleeps need not be woken."""

    def call_soon_threadsafe(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Schedule a callback; from the loop's own thread only.

        Raises:
            RuntimeError: another thread calls. It lives in real time, which has no place here.
        """
        if threading.get_ident() != self._home:
            raise RuntimeError("a thread under virtual time: its order cannot be repeated")
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(  # type: ignore[override]
        self,
        executor: Executor | None,
        func: Callable[..., T],
        *args: Any,  # noqa: ANN401
    ) -> asyncio.Future[T]:
        """Run `func` here and now; no virtual time passes."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        """Accept a handler that will never be called."""

    def remove_signal_handler(self, sig: int) -> bool:
        """Return that there was no handler."""
        return False

    async def getaddrinfo(  # type: ignore[override]
        self,
        host: str,
        port: int,
        **how: Any,  # noqa: ANN401
    ) -> list[tuple[Any, ...]]:
        """Return `host` as it is: names need no looking up in memory."""
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: object = None,
        sock: object = None,
        **how: Any,  # noqa: ANN401
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connect over the network; options of sockets (`**how`) mean nothing in memory.

        Raises:
            OSError: refused, or nobody answered for two minutes.
            NotImplementedError: TLS or a ready-made socket is asked for.
        """
        _in_memory(host, port, ssl, sock)
        assert host is not None
        assert port is not None
        return await self.network.connect(protocol_factory, host, int(port))

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: object = None,
        sock: object = None,
        start_serving: bool = True,
        **how: Any,  # noqa: ANN401
    ) -> Listener:
        """Listen on the network; options of sockets (`**how`) mean nothing in memory.

        Raises:
            OSError: somebody listens there.
            NotImplementedError: TLS or a ready-made socket is asked for.
        """
        host = host or "0.0.0.0"
        _in_memory(host, port, ssl, sock)
        listener = self.network.listener(protocol_factory, host, int(port or 0))
        if start_serving:
            await listener.start_serving()
        return listener

    async def create_datagram_endpoint(self, *args: object, **how: object) -> Any:  # noqa: ANN401
        """Refuse: asyncio's own would open a real socket.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("no datagrams in memory")


def _in_memory(host: str | None, port: int | None, ssl: object, sock: object) -> None:
    if ssl:
        raise NotImplementedError("no TLS in memory: nobody listens in")
    if sock is not None or host is None or port is None:
        raise NotImplementedError("a network in memory has no sockets; give host and port")
