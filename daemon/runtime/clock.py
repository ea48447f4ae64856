"""The one clock of the process, and the ticks of the scan.

Monotonic time rules every decision; the wall clock is a stamp for people and records. No other
module of the daemon imports `time`, so a simulation that hands over another `Clock` has all of it.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import struct
import time
from contextvars import copy_context
from typing import TYPE_CHECKING, Final, Protocol

from daemon.model.quantities import SECOND, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

_TFD_NONBLOCK: Final = 0o4000
_TFD_CLOEXEC: Final = 0o2000000
_TFD_TIMER_ABSTIME: Final = 1


class Clock(Protocol):
    """Where every time in the daemon comes from."""

    def monotonic_ns(self) -> int:
        """Return the time that never steps [ns]."""
        ...

    def utc_ns(self) -> int:
        """Return the wall clock [ns since 1970]."""
        ...


class SystemClock:
    """The clock of the machine."""

    def monotonic_ns(self) -> int:
        """Return CLOCK_MONOTONIC [ns]."""
        return time.monotonic_ns()

    def utc_ns(self) -> int:
        """Return CLOCK_REALTIME [ns since 1970]."""
        return time.time_ns()


def processor_s() -> float:
    """Return the processor time used by this process [s]: for figures, never for decisions."""
    return time.process_time()


class Ticks(Protocol):
    """A fixed grid of instants; a late listener misses ticks, the grid never slides."""

    async def each(self, act: Callable[[int], None]) -> None:
        """Call `act` at every instant of the grid, with its monotonic time [ns], until it raises.

        Raises:
            Exception: what `act` raised.
        """
        ...

    def close(self) -> None:
        """Give back what the ticks hold."""
        ...


class SleepTicks:
    """Ticks by the event loop's own timer: exact under virtual time, good to about 1 ms else."""

    def __init__(self, now_ns: Callable[[], int], period_ns: int) -> None:
        """Start a grid of `period_ns` [ns] at the next multiple of the period."""
        self._now_ns = now_ns
        self._period_ns = period_ns
        self._slot_ns = now_ns() // period_ns * period_ns + period_ns
        self._timer: asyncio.TimerHandle | None = None

    async def each(self, act: Callable[[int], None]) -> None:
        """Call `act` at every instant, from a callback: waking a task each time would cost more.

        Raises:
            Exception: what `act` raised.
        """
        loop, context = asyncio.get_running_loop(), copy_context()
        failed: asyncio.Future[None] = loop.create_future()

        def ring() -> None:
            # As a task would be: after the timers of the instant.
            loop.call_soon(turn, context=context)

        def turn() -> None:
            if failed.done():  # cancelled since the timer rang
                return
            try:
                while (left := self._slot_ns - self._now_ns()) <= 0:  # a timer may fire early
                    act(self._slot_ns)
                    self._next()
            except Exception as error:
                failed.set_exception(error)
            else:
                self._timer = loop.call_later(seconds(left), ring, context=context)

        turn()
        await failed

    def _next(self) -> None:
        # An instant that has just passed is served late rather than left out.
        self._slot_ns = max(
            self._slot_ns + self._period_ns, self._now_ns() // self._period_ns * self._period_ns
        )

    def close(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()


class TimerFdTicks:
    """Ticks by a timer of the kernel as file descriptor: late by 0.1 ms instead of 1 ms.

    asyncio rounds its time limits up to a millisecond and uvloop fires up to one early; a file
    descriptor that becomes readable has neither fault. What there is when they begin stays: looking
    through it for garbage again and again would cost milliseconds.
    """

    def __init__(self, now_ns: Callable[[], int], period_ns: int) -> None:
        """Start a grid of `period_ns` [ns] at the next multiple of the period.

        Raises:
            OSError: the kernel refuses a timer.
        """
        self._now_ns = now_ns
        self._period_ns = period_ns
        self._last_ns = now_ns() // period_ns * period_ns
        self._fd = _timerfd(self._last_ns + period_ns, period_ns)
        self._rung = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._fd, self._ring)

    async def each(self, act: Callable[[int], None]) -> None:
        """Call `act` at every instant.

        Raises:
            Exception: what `act` raised.
        """
        gc.collect()
        gc.freeze()
        while True:
            act(await self.wait())

    def _ring(self) -> None:
        os.read(self._fd, 8)
        self._rung.set()

    async def wait(self) -> int:
        """Return at the next instant of the grid [ns]."""
        slot_ns = self._last_ns
        # A busy loop can ring for an instant that a late listener has already been given.
        while slot_ns <= self._last_ns:
            await self._rung.wait()
            self._rung.clear()
            slot_ns = self._now_ns() // self._period_ns * self._period_ns
        self._last_ns = slot_ns
        return slot_ns

    def close(self) -> None:
        """Stop the timer."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


def _timerfd(first_ns: int, period_ns: int) -> int:
    """Return a periodic timer, first due at `first_ns` [ns]; Python has its own from 3.13 on."""
    libc = ctypes.CDLL("libc.so.6", use_errno=True)
    fd = libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    spec = struct.pack("qqqq", *divmod(period_ns, SECOND), *divmod(first_ns, SECOND))
    if libc.timerfd_settime(fd, _TFD_TIMER_ABSTIME, spec, None) < 0:
        os.close(fd)
        raise OSError(ctypes.get_errno(), "timerfd_settime")
    return int(fd)
