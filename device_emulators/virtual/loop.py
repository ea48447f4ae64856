"""The event loop whose time is virtual: it never waits, it jumps.

A turn of an asyncio loop waits for input until the next timer is due, then runs what is ready. Ours
has no input, ever; it moves the time to that timer and goes on. Handles, timers, tasks and futures
are asyncio's own, so a program meets the order of events that it would meet on a quiet machine of
endless speed.

**Time** is counted in whole nanoseconds from 0; asyncio gets it as a float of seconds. Without that
rounding the errors of floats would add up, and an hour of ticks would end beside its grid. A run
ends before a float is too coarse for it (`LAST_S`, 48 days).

**Order.** Timers of one nanosecond run in the order in which they were set; asyncio leaves that to
the shape of its heap, so that one timer more could turn the order of others. Its sets of tasks are
ordered by address, and a task group cancels its tasks in the order of a set: two runs of a program
differ on an ordinary loop. Tasks here hash by their serial number.

**Pauses.** All code of one machine (see `link.located`) can be paused as a whole, as a debugger or
a starved hypervisor does it: what becomes due meanwhile waits and runs afterwards, in its order.

**Standstill.** A loop with nothing scheduled would wait for ever: `StandstillError` instead. A loop
that turns without end at one instant (somebody spins until a time that cannot come) as well.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import socket
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

from device_emulators.virtual.link import machine

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor
    from contextvars import Context

    from device_emulators.virtual.listener import Listener
    from device_emulators.virtual.network import Network

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LAST_S: Final = float(1 << 22)
"""A little behind this a float no longer tells one nanosecond from the next [s]."""
TURNS_AT_ONE_INSTANT: Final = 1_000_000
CANCELLED: Final = 1_000
"""So many cancelled timers are carried along before they are looked for."""


class StandstillError(RuntimeError):
    """No time can pass any more; the text says what waits."""


def _unset(timer: asyncio.TimerHandle) -> None:
    """Let a timer know that it no longer counts as cancelled when it is."""
    timer._scheduled = False  # type: ignore[attr-defined]


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

    # Of `BaseEventLoop`, in the shape they have had since Python 3.4.
    _check_closed: Callable[[], None]
    _closed: bool
    _ready: deque[asyncio.Handle]
    _stopping: bool
    _timer_cancelled_count: int

    def __init__(self, network: Network) -> None:
        """Begin at time 0 with nobody on `network`."""
        super().__init__()
        self.network: Final = network
        self._now_ns, self._now_s = 0, 0.0
        self._turns = 0
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._serials = itertools.count()
        self._paused: dict[str, list[asyncio.Handle]] = {}
        self._home = threading.get_ident()
        _Task._serials = itertools.count()
        network.attach(self)

    def time(self) -> float:
        """Return the virtual time [s]."""
        return self._now_s

    def time_ns(self) -> int:
        """Return the virtual time [ns]."""
        return self._now_ns

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback at a time [s]; what is set first runs first.

        Raises:
            OverflowError: after `LAST_S`.
        """
        if self._closed:
            self._check_closed()
        if when >= LAST_S:
            raise OverflowError(f"virtual time ends at {LAST_S} s; a timer is set for {when} s")
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (round(when * 1e9), next(self._serials), timer))
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback after `delay` [s]."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Schedule a callback for the next turn, without asyncio's checks for its debug mode."""
        if self._closed:
            self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def pause(self, machine: str) -> None:
        """Run nothing of `machine` from now on; its kernel still takes connections and bytes."""
        self._paused.setdefault(machine, [])

    def resume(self, machine: str) -> None:
        """Run what waited, in the order in which it became due, and go on."""
        self._ready.extend(self._paused.pop(machine, ()))

    def _run_once(self) -> None:
        """Turn once: jump if nobody is ready, then run who is ready now."""
        ready, timers, paused = self._ready, self._timers, self._paused
        self._turns += 1
        if not ready and not self._stopping:
            self._forget_cancelled()
            self._jump()
        if self._turns > TURNS_AT_ONE_INSTANT:
            raise StandstillError(f"time stands at {self._now_s} s: somebody spins")
        while timers and timers[0][0] <= self._now_ns:
            timer = heapq.heappop(timers)[2]
            _unset(timer)
            if timer._cancelled:
                self._timer_cancelled_count -= 1
            else:
                ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not (handle._cancelled or (paused and self._waits(handle))):
                handle._run()

    def _forget_cancelled(self) -> None:
        """Drop cancelled timers at the head, and everywhere once they are the most."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            self._timer_cancelled_count -= 1
            _unset(heapq.heappop(timers)[2])
        if self._timer_cancelled_count > max(CANCELLED, len(timers) // 2):
            for _, _, timer in timers:
                if timer._cancelled:
                    _unset(timer)
            timers[:] = [entry for entry in timers if not entry[2]._cancelled]
            heapq.heapify(timers)
            self._timer_cancelled_count = 0

    def _jump(self) -> None:
        if not self._timers:
            raise StandstillError(f"nothing is scheduled any more; {_waiting(self)}")
        due_ns = self._timers[0][0]
        if due_ns > self._now_ns:  # a timer may be set for what is past
            self._turns = 0
            self._now_ns, self._now_s = due_ns, due_ns / 1e9

    def _waits(self, handle: asyncio.Handle) -> bool:
        """Return whether a handle belongs to a paused machine; it then waits there."""
        waiting = self._paused.get(machine(handle._context))  # type: ignore[attr-defined]
        if waiting is None:
            return False
        waiting.append(handle)
        return True

    def create_task(self, coro: Coroutine[Any, Any, T], **how: Any) -> asyncio.Task[T]:  # type: ignore[override]  # noqa: ANN401
        """Schedule a coroutine as a task that hashes by its serial number."""
        self._check_closed()
        return _Task(coro, loop=self, **how)

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
