"""How far a value may be behind: what instruments read is compared at different instants.

Instruments are polled one after another, some every second, and AI racks move by a third of their
power in a few milliseconds. So how well a reading is known *now* depends on how fast its quantity
moves, and that shows in the readings themselves: the step from one to the next is what may be
missing in the last one. The largest step lately is the *swing* of an instrument, kept in powers of
two so that it changes seldom, and halved when it was not reached by half for `FORGET`.

An instrument whose step was larger than it can err is *restless* for `REST`. What is restless is
weighed with its swing; that is settled anew at most every `EVERY`. What has become restless since
is *aged* until then: it counts as if it had jumped. The rest is *fresh*, however seldom it is read.
A value of uncertain quality is aged, a bad one absent, and so is what was received before the last
switch moved: it is of another network.

Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation.measurements import ABSENT
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.network import Flags, Floats, Ints

REST: Final = 10 * SECOND
FORGET: Final = 60 * SECOND
EVERY: Final = SECOND
LAG: Final = 3 * SECOND
"""So long after a switch has moved everything was read anew [ns]."""
ROOM: Final = 0.6
"""Standard deviation by swing: what is missing is anywhere between nothing and all of it."""
JUMP_PU: Final = 0.2
"""Swing of what never moved and does so now, by its reading."""
HALF: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Ages:
    """What is remembered of every real instrument (n_real,).

    Attributes:
        last: its reading in the last scan [pu].
        until_ns: until when it is restless [ns].
        level: its swing is two to this, by its own standard deviation; 0 where none was seen.
        reached: largest step since swings were looked at [pu].
        forget_ns: when swings are looked at again [ns].
        settle_ns: when it is settled again what is weighed with its swing [ns].
        swinging: which are (n_real,).
        weighed: level of each when that was settled (n_real,).
        since_ns: what was received before this is not used [ns].
    """

    last: Floats
    until_ns: Ints
    level: Ints
    reached: Floats
    forget_ns: int
    settle_ns: int
    swinging: Flags
    weighed: Ints
    since_ns: int


def begin(readings: Floats, now_ns: int) -> Ages:
    """Return the memory of instruments (n_real,) [pu] that were never seen to move."""
    count = len(readings)
    none = np.zeros(count, dtype=np.int64)
    return Ages(
        last=readings,
        until_ns=none,
        level=none,
        reached=np.zeros(count),
        forget_ns=now_ns + FORGET,
        settle_ns=now_ns,
        swinging=np.zeros(count, dtype=np.bool_),
        weighed=none,
        since_ns=0,
    )


def switched(ages: Ages, now_ns: int) -> Ages:
    """Return the memory after the network has become another at `now_ns` [ns]."""
    return replace(ages, since_ns=now_ns)


def sigmas(ages: Ages, sigma: Floats, readings: Floats) -> tuple[Floats, Floats]:
    """Return the standard deviations that are weighed with, of fresh and of aged values.

    Args:
        ages: the memory.
        sigma: standard deviation of the instruments by themselves (n_real,) [pu].
        readings: typical ones (n_real,) [pu].
    """
    swing = ROOM * sigma * np.exp2(ages.weighed)
    jump = np.maximum(swing, ROOM * JUMP_PU * np.abs(readings))
    aged = np.hypot(sigma, jump)
    return np.where(ages.swinging, np.hypot(sigma, swing), sigma), aged


def classes(ages: Ages, quality: NDArray[np.uint8], heard_ns: Ints, now_ns: int) -> Classes:
    """Return the class of every value.

    Args:
        ages: the memory.
        quality: 0 good, 1 uncertain, 2 bad or measuring nothing now (n_real,).
        heard_ns: when each was received (n_real,) [ns].
        now_ns: time of the scan [ns].
    """
    restless = (ages.until_ns > now_ns) & ~(ages.swinging & (ages.level <= ages.weighed))
    found = np.maximum(quality, restless)
    if now_ns - ages.since_ns < LAG:
        found[heard_ns < ages.since_ns] = ABSENT
    return found


def stepped(ages: Ages, readings: Floats, sigma: Floats, now_ns: int) -> Ages:
    """Return the memory after the readings of a scan.

    Args:
        ages: the memory.
        readings: of this scan (n_real,) [pu].
        sigma: standard deviation of the instruments by themselves (n_real,) [pu].
        now_ns: time of the scan [ns].
    """
    by = np.abs(readings - ages.last)
    moving = by > sigma
    until_ns, level, reached = ages.until_ns, ages.level, ages.reached
    if moving.any():
        until_ns = np.where(moving, now_ns + REST, until_ns)
        reached = np.maximum(reached, by)
        above = by > sigma * np.exp2(level)
        if above.any():
            level = level.copy()
            level[above] = np.ceil(np.log2(by[above] / sigma[above])).astype(np.int64)
    after = replace(ages, last=readings, until_ns=until_ns, level=level, reached=reached)
    if now_ns >= ages.forget_ns:
        after = _forgotten(after, sigma, now_ns)
    return _settled(after, now_ns) if now_ns >= ages.settle_ns else after


def _forgotten(ages: Ages, sigma: Floats, now_ns: int) -> Ages:
    """Halve the swings that were not reached by half."""
    lower = (ages.level > 0) & (ages.reached < HALF * sigma * np.exp2(ages.level))
    nothing = np.zeros_like(ages.reached)
    return replace(ages, level=ages.level - lower, reached=nothing, forget_ns=now_ns + FORGET)


def _settled(ages: Ages, now_ns: int) -> Ages:
    """Settle what is weighed with its swing; the same arrays where nothing is otherwise."""
    swinging = ages.until_ns > now_ns
    again = np.array_equal(swinging, ages.swinging) and np.array_equal(ages.level, ages.weighed)
    if again:
        return replace(ages, settle_ns=now_ns + EVERY)
    return replace(ages, settle_ns=now_ns + EVERY, swinging=swinging, weighed=ages.level)
