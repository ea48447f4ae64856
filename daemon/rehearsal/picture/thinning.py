"""Many samples of many quantities in bounded room, with every extreme and its time kept.

Where something happens every sample stays; in quiet times samples share buckets, of each of which
the lowest, the highest and the last value of every quantity are kept, with the times at which they
were first seen. When the room is full, neighbours are joined, those of quiet times first. So a dip
of milliseconds stands out of a day, at its own instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT_NS: Final = 100_000_000
"""Length of the first buckets of quiet times [ns]."""
_ENOUGH_PU: Final = 0.75
"""Joining has helped when it leaves no more of the room taken than this."""


class Thinned:
    """Extremes of `n_quantity` quantities in at most `room` buckets."""

    def __init__(self, n_quantity: int, room: int = 6000) -> None:
        """Begin with nothing seen."""
        self._lows = np.empty((room, n_quantity))
        self._highs = np.empty((room, n_quantity))
        self._lasts = np.empty((room, n_quantity))
        self._low_at_ns = np.empty((room, n_quantity), np.int64)
        self._high_at_ns = np.empty((room, n_quantity), np.int64)
        self._begins_ns = np.empty(room, np.int64)
        self._last_at_ns = np.empty(room, np.int64)
        self._lively = np.zeros(room, np.bool_)
        self._quiet_ns, self._lively_ns = SHORT_NS, 1
        self._row = -1
        self._ends_ns = 0

    def add(self, now_ns: int, values: NDArray[np.float64], *, lively: bool) -> None:
        """Take in `values` (n_quantity,) as they are from `now_ns` on [ns].

        Args:
            now_ns: not before the previous one [ns].
            values: the quantities.
            lively: keep this sample as it is.
        """
        row = self._row
        if row < 0 or lively or self._lively[row] or now_ns >= self._ends_ns:
            self._open(now_ns, values, lively)
            return
        for extremes, at_ns, beyond in (
            (self._lows[row], self._low_at_ns[row], values < self._lows[row]),
            (self._highs[row], self._high_at_ns[row], values > self._highs[row]),
        ):
            extremes[beyond] = values[beyond]
            at_ns[beyond] = now_ns
        self._lasts[row] = values
        self._last_at_ns[row] = now_ns

    def _open(self, now_ns: int, values: NDArray[np.float64], lively: bool) -> None:
        if self._row + 1 == len(self._lows):
            self._join()
        self._row += 1
        row = self._row
        self._lows[row] = self._highs[row] = self._lasts[row] = values
        self._low_at_ns[row] = self._high_at_ns[row] = now_ns
        self._begins_ns[row] = self._last_at_ns[row] = now_ns
        self._lively[row] = lively
        self._ends_ns = now_ns - now_ns % self._quiet_ns + self._quiet_ns

    def _join(self) -> None:
        """Join buckets up to the lengths in force; longer ones only where that does not help."""
        enough = _ENOUGH_PU * len(self._lows)
        starts = self._starts(self._lively_ns, self._quiet_ns)
        if len(starts) > enough:
            longer = self._starts(self._lively_ns, 2 * self._quiet_ns)
            if len(longer) <= enough:
                starts, self._quiet_ns = longer, 2 * self._quiet_ns
        while len(starts) > enough:
            self._lively_ns = max(SHORT_NS, 2 * self._lively_ns)
            self._quiet_ns = max(self._quiet_ns, self._lively_ns)
            starts = self._starts(self._lively_ns, self._quiet_ns)
        self._gather(starts)

    def _starts(self, lively_ns: int, quiet_ns: int) -> NDArray[np.intp]:
        """Return the rows with which buckets of these lengths would begin.

        A lively and a quiet neighbour are joined as two lively ones are.
        """
        length_ns = np.where(self._lively, lively_ns, quiet_ns)
        length_ns = np.minimum(length_ns[1:], length_ns[:-1])
        begins_ns = self._begins_ns
        apart = begins_ns[1:] // length_ns != begins_ns[:-1] // length_ns
        return np.flatnonzero(np.concatenate(((True,), apart)))

    def _gather(self, starts: NDArray[np.intp]) -> None:
        """Make one bucket of those from each of `starts` up to the next."""
        n = len(starts)
        group = np.repeat(np.arange(n), np.diff([*starts, len(self._lows)]))
        for kept, at_ns, best in (
            (self._lows, self._low_at_ns, np.minimum.reduceat(self._lows, starts, axis=0)),
            (self._highs, self._high_at_ns, np.maximum.reduceat(self._highs, starts, axis=0)),
        ):
            # Where the extreme was seen first: elsewhere the time is put beyond all times.
            times = np.where(kept == best[group], at_ns, np.iinfo(np.int64).max)
            at_ns[:n] = np.minimum.reduceat(times, starts, axis=0)
            kept[:n] = best
        ends = np.append(starts[1:], len(self._lows)) - 1
        for of_last in (self._lasts, self._last_at_ns):
            of_last[:n] = of_last[ends]
        self._begins_ns[:n] = self._begins_ns[starts]
        self._lively[:n] = np.logical_or.reduceat(self._lively, starts)
        self._row = n - 1

    def curve(self, quantity: int, digits: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return times [ns] and values of one quantity, rounded, where it changed."""
        used = slice(0, self._row + 1)
        lows, highs = self._lows[used, quantity], self._highs[used, quantity]
        low_ns, high_ns = self._low_at_ns[used, quantity], self._high_at_ns[used, quantity]
        falls = high_ns < low_ns
        ordered = (np.where(falls, highs, lows), np.where(falls, lows, highs))
        values = np.column_stack((*ordered, self._lasts[used, quantity]))
        times = np.column_stack(
            (np.minimum(low_ns, high_ns), np.maximum(low_ns, high_ns), self._last_at_ns[used])
        )
        flat = np.round(values.ravel(), digits) + 0.0  # no negative zero
        changed = np.ones(len(flat), np.bool_)
        changed[1:] = flat[1:] != flat[:-1]
        return times.ravel()[changed], flat[changed]
