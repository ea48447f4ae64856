"""Many samples of many quantities in bounded room, with every extreme and its time kept.

Time is cut into buckets; of each the lowest and the highest value of every quantity stay, each with
the first time it was seen. Where something happens buckets are short for good; in quiet times they
grow as the room fills. So a dip of milliseconds stands out of a day, at its own instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT_NS: Final = 100_000_000
_DULL_PU: Final = 0.75
"""Room that may still be taken after quiet buckets were joined; else lively ones are, too."""


class Thinned:
    """Extremes of `n_quantity` quantities in at most `room` buckets."""

    def __init__(self, n_quantity: int, room: int = 4000) -> None:
        """Begin with nothing seen."""
        self._lows = np.empty((room, n_quantity))
        self._highs = np.empty((room, n_quantity))
        self._low_at_ns = np.empty((room, n_quantity), np.int64)
        self._high_at_ns = np.empty((room, n_quantity), np.int64)
        self._begins_ns = np.empty(room, np.int64)
        self._lively = np.zeros(room, np.bool_)
        self._quiet_ns = SHORT_NS
        self._last = -1
        self._ends_ns = 0

    def add(self, now_ns: int, values: NDArray[np.float64], *, lively: bool) -> None:
        """Take in `values` (n_quantity,) as they are from `now_ns` on [ns].

        Args:
            now_ns: not before the previous one [ns].
            values: the quantities.
            lively: keep short buckets around this time.
        """
        if now_ns >= self._ends_ns or lively != self._lively[self._last]:
            self._open(now_ns, values, lively)
            return
        row = self._last
        lower = values < self._lows[row]
        if lower.any():
            self._lows[row][lower] = values[lower]
            self._low_at_ns[row][lower] = now_ns
        higher = values > self._highs[row]
        if higher.any():
            self._highs[row][higher] = values[higher]
            self._high_at_ns[row][higher] = now_ns

    def _open(self, now_ns: int, values: NDArray[np.float64], lively: bool) -> None:
        while self._last + 1 == len(self._lows):
            self._join()
        self._last += 1
        row = self._last
        self._lows[row] = self._highs[row] = values
        self._low_at_ns[row] = self._high_at_ns[row] = self._begins_ns[row] = now_ns
        self._lively[row] = lively
        length_ns = SHORT_NS if lively else self._quiet_ns
        self._ends_ns = now_ns - now_ns % length_ns + length_ns

    def _join(self) -> None:
        """Make quiet buckets twice as long; all of them are quiet once that does not help."""
        self._quiet_ns *= 2
        slot = self._begins_ns // self._quiet_ns
        first = np.ones(len(slot), np.bool_)
        quiet = ~self._lively
        first[1:] = ~((slot[1:] == slot[:-1]) & quiet[1:] & quiet[:-1])
        starts = np.flatnonzero(first)
        if len(starts) > _DULL_PU * len(slot):
            self._lively[:] = False
        self._gather(starts)

    def _gather(self, starts: NDArray[np.intp]) -> None:
        n = len(starts)
        group = np.repeat(np.arange(n), np.diff([*starts, len(self._lows)]))
        for kept, at_ns, sign in (
            (self._lows, self._low_at_ns, 1.0),
            (self._highs, self._high_at_ns, -1.0),
        ):
            best = sign * np.minimum.reduceat(sign * kept, starts, axis=0)
            # Where the extreme was seen first: elsewhere the time is put beyond all times.
            times = np.where(kept == best[group], at_ns, np.iinfo(np.int64).max)
            at_ns[:n] = np.minimum.reduceat(times, starts, axis=0)
            kept[:n] = best
        self._begins_ns[:n] = self._begins_ns[starts]
        self._lively[:n] = self._lively[starts]
        self._last = n - 1

    def curve(self, quantity: int, digits: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return times [ns] and values of one quantity, rounded, where it changed."""
        used = slice(0, self._last + 1)
        lows, highs = self._lows[used, quantity], self._highs[used, quantity]
        low_ns, high_ns = self._low_at_ns[used, quantity], self._high_at_ns[used, quantity]
        falls = high_ns < low_ns
        values = np.column_stack((np.where(falls, highs, lows), np.where(falls, lows, highs)))
        times = np.column_stack((np.minimum(low_ns, high_ns), np.maximum(low_ns, high_ns)))
        flat = np.round(values.ravel(), digits) + 0.0  # no negative zero
        changed = np.ones(len(flat), np.bool_)
        changed[1:] = flat[1:] != flat[:-1]
        return times.ravel()[changed], flat[changed]
