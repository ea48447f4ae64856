"""Time under proof: what is known of the distances between instants, and nothing more.

The core remembers instants as stamps and asks of them one question only: has this much time passed
since (`View.passed`)? What is under way in the plant ends at some instant to come. A *zone* bounds
the distance between any two of these instants and now: `zone[i, j]` is the most that instant i can
lie after instant j, in milliseconds; instant 0 is now. Time goes by without loss: only the bounds
of now change. So every order in which things can end is kept, and none that cannot happen is added.

Source: difference bound matrices; Dill, "Timing assumptions and verification of finite-state
concurrent systems" (1989), doi:10.1007/3-540-52148-8_17.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MS: Final = 1_000_000
"""Nanoseconds in a millisecond, the unit of all times under proof."""
EVER: Final = 1 << 28
"""No bound [ms]."""
_FAR: Final = EVER >> 1
"""What lies beyond this was made up of `EVER` and something else: it is no bound either [ms]."""
_STRIDE: Final = 1 << 46
"""Distance between the codes of two stamps [ns]: longer than any wait of a setting."""

_BEYOND: Final = b"\0"
"""What tells of a bound that does not hold."""

Zone = NDArray[np.int32]
"""Bounds (n_instant, n_instant) [ms]."""
Loose = NDArray[np.bool_]
"""By bound of a zone, whether it was given up."""


class Query(NamedTuple):
    """A question of the core: is stamp number `stamp` at least `wait_ms` old?"""

    stamp: int
    wait_ms: int


def coded(stamp: int, offset_ns: int = 0) -> int:
    """Return the integer that stands for a stamp, or for a time after it, in the core."""
    return (stamp + 1) * _STRIDE + offset_ns


def decoded(code: int) -> tuple[int, int] | None:
    """Return the number of a stamp and the time after it [ns], or None of a plain integer."""
    if code < _STRIDE:
        return None
    stamp, offset_ns = divmod(code, _STRIDE)
    return stamp - 1, offset_ns


class Moment(int):
    """The time of a scan under proof: compared with another, it asks instead of telling."""

    ask: Callable[[Query], bool]

    def __ge__(self, other: int) -> bool:
        """Return whether a time has come."""
        found = decoded(int(other))
        if found is None:  # not a stamp yet: since the machine was switched on
            return True
        stamp, offset_ns = found
        return self.ask(Query(stamp, -(-offset_ns // MS)))

    __hash__ = int.__hash__


ONLY_NOW: Final[Zone] = np.zeros((1, 1), dtype=np.int32)
"""The zone of which nothing but now is known."""


def covers(zone: Zone, other: Zone) -> bool:
    """Return whether a zone holds all of another."""
    # Asked most of all: a byte is found sooner than an array is reduced.
    return _BEYOND not in (other <= zone).tobytes()


def waited(zone: Zone, latest_ms: Sequence[int]) -> Zone:
    """Return a zone after any time that is allowed.

    Args:
        zone: before.
        latest_ms: by instant, the most that the new now may lie after it, `EVER` without a limit;
            that of instant 0 is not looked at.
    """
    first: Zone = np.minimum.reduce(_column(tuple(latest_ms)) + zone)
    np.minimum(first, EVER, out=first)
    first[0] = 0
    after = zone.copy()
    after[0] = first
    tight: Zone = np.minimum(after, after[:, :1] + first)
    return tight


@lru_cache(maxsize=1 << 14)
def _column(latest_ms: tuple[int, ...]) -> Zone:
    """Return by instant how long after it now may be, as a column [ms]."""
    column = np.array(latest_ms, dtype=np.int32)[:, None]
    column[0] = EVER
    return column


def bounded(zone: Zone, i: int, j: int, most_ms: int) -> Zone | None:
    """Return a zone in which instant i lies at most `most_ms` after j, or None if it cannot."""
    if most_ms >= zone.item(i, j):
        return zone
    if most_ms + zone.item(j, i) < 0:
        return None
    beside = zone[j] + most_ms if most_ms else zone[j]
    narrower: Zone = np.minimum(zone, zone[:, i : i + 1] + beside)
    return narrower


def closed(zone: Zone) -> Zone:
    """Return a zone in which every bound is as tight as the others make it."""
    tight = zone.copy()
    for k in range(len(tight)):
        np.minimum(tight, tight[:, k : k + 1] + tight[k : k + 1], out=tight)
    return plain(tight)


def plain(zone: Zone) -> Zone:
    """Return a zone in which every bound that is none is `EVER`.

    A bound that is drawn in by one that is none, plus a negative one, is none: left as it were it
    would tell zones apart that hold the same times, and no two joined would hold them both.
    """
    far = zone > _FAR
    if not (far != (zone == EVER)).any():
        return zone
    return np.where(far, EVER, zone).astype(np.int32)


def relaxed(zone: Zone, limits: Sequence[int]) -> Zone:
    """Return a zone without the bounds that lie beyond a limit, by the instant they count from."""
    beyond = zone > np.array(limits, dtype=np.int32)
    if not beyond.any():
        return zone
    loose = zone.copy()
    loose[beyond] = EVER
    return closed(loose)


def kept(zone: Zone, instants: Sequence[int]) -> Zone:
    """Return the zone of these instants, in this order; one may be named twice."""
    part: Zone = zone.take(_places(len(zone), tuple(instants)))
    return part


@lru_cache(maxsize=1 << 16)
def _places(n_instant: int, instants: tuple[int, ...]) -> NDArray[np.intp]:
    """Return where in a zone the bounds between some of its instants stand."""
    index = np.array(instants, dtype=np.intp)
    return index[:, None] * n_instant + index


def begun(zone: Zone, spans: Sequence[tuple[int, int]]) -> Zone:
    """Return a zone with more instants, each so far ahead of now as its span says [ms]."""
    n, more = len(zone), len(spans)
    wider = np.empty((n + more, n + more), dtype=np.int32)
    wider[:n, :n] = zone
    low, high, between = _bounds(tuple(spans))
    wider[n:, :n] = high + zone[0]
    wider[:n, n:] = zone[:, :1] - low
    wider[n:, n:] = between
    return np.minimum(wider, EVER, out=wider)


@lru_cache(maxsize=1 << 12)
def _bounds(spans: tuple[tuple[int, int], ...]) -> tuple[Zone, Zone, Zone]:
    """Return the least and the most of some spans, and the most between their ends [ms]."""
    low = np.array([span[0] for span in spans], dtype=np.int32)
    high = np.array([span[1] for span in spans], dtype=np.int32)[:, None]
    between = high - low
    np.fill_diagonal(between, 0)
    return low, high, between


_STEPS: Final = (
    *(0, 20, 40, 60, 80, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000),
    *(7_500, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 60_000, 70_000),
    # Past what sets may take to come: one step after another would make a minute of seconds.
    *(*range(75_000, 120_000, 5_000), *range(120_000, 181_000, 10_000)),
    # To what is waited for longest, that a set stands: else its bound would be given up at once.
    *(*range(200_000, 1_000_001, 100_000), EVER),
)
_STEP_MS: Final = 5
"""Intervals of the plant are multiples of this, and some bounds are kept by no more [ms]."""
_LADDER: Final = np.array(sorted({*_STEPS, *(-step for step in _STEPS)}), dtype=np.int32)


def joined(
    zones: Sequence[Zone],
    *,
    coarse: bool,
    loose: Loose | None = None,
    spared: int = 0,
    judged: Sequence[int] = (),
) -> Zone:
    """Return a zone that holds all: the least, or with bounds that differ on steps of a ladder.

    Without the ladder a zone could grow by a millisecond a thousand times; and where one bound is
    drawn in again by others that grow with it, by the steps of a scan without end. Then bounds that
    differ are given up.

    Args:
        zones: to be joined.
        coarse: by steps of the ladder.
        loose: bounds that were given up in earlier joins. Those that differ now are added. So each
            join that adds time takes away a bound of which others could be made up: none is left
            in the end.
        spared: instant the bounds after which go on by the ladder for now, 0 for none.
        judged: instants at which something is judged: bounds between them and others take small
            steps, as long as none are given up, for what is ended in time has little to spare.
    """
    stack = np.array(zones)
    most: Zone = stack.max(axis=0)
    if not coarse:
        return most
    differ = (stack != most).any(axis=0)
    up = _LADDER[np.minimum(np.searchsorted(_LADDER, most), len(_LADDER) - 1)]
    if judged and loose is None:
        near = -(-most // _STEP_MS) * _STEP_MS
        for instant in judged:
            up[instant], up[:, instant] = near[instant], near[:, instant]
    most = np.where(differ, up, most).astype(np.int32)
    if loose is not None:
        if spared:
            differ[:, spared] = False
        loose |= differ
        most[loose] = EVER
    return closed(most)
