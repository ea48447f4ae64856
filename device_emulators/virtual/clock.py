"""Both clocks of a program in virtual time: one that never steps, and one on the wall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from device_emulators.virtual.loop import VirtualLoop


class VirtualClock:
    """The loop's time as integers, and a wall clock that began at an epoch of the caller's choice.

    It has the shape of `daemon.runtime.clock.Clock`, so that a simulation can hand it over.

    Attributes:
        monotonic_ns: returns the time that never steps [ns]; asked a thousand times a second.
    """

    def __init__(self, loop: VirtualLoop, epoch_ns: int) -> None:
        """Let the wall clock show `epoch_ns` [ns since 1970] when the loop's time is 0."""
        self._loop = loop
        self._epoch_ns = epoch_ns
        self.monotonic_ns: Final = loop.time_ns

    def utc_ns(self) -> int:
        """Return the wall clock [ns since 1970]."""
        return self._epoch_ns + self._loop.time_ns()

    def step(self, by_ns: int) -> None:
        """Set the wall clock forward or back by `by_ns` [ns], as a bad time server does."""
        self._epoch_ns += by_ns
