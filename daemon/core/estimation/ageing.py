"""How far a value may be behind: what instruments read is compared at different instants.

Instruments are polled one after another, some every second, and AI racks move by a third of their
power in a few milliseconds. So how well a reading is known *now* depends on how fast its quantity
moves, and that shows in the readings themselves: the step from one to the next is what may be
missing in the last one. The largest step lately is the *swing* of an instrument, kept in powers of
two so that it changes seldom, and halved when it was not reached by half for `FORGET`.

An instrument whose step was larger than it can err is *restless* for `REST`, and aged: weighed with
its swing, or, when it had never moved before, as if it had jumped. What swings are worth is settled
anew at most every `EVERY`, for it costs time. The rest is *fresh*, however seldom it is read. A
value of uncertain quality is aged too, a bad one absent, and so is what was received before the
last switch moved: it is of another network.

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
    from daemon.core.estimation.network import Floats, Ints

REST: Final = 30 * SECOND
FORGET: Final = 60 * SECOND
EVERY: Final = 10 * SECOND
LAG: Final = 3 * SECOND
"""So long after a switch has moved everything was read anew [ns]."""
ROOM: Final = 0.6
"""Standard deviation by swing: what is missing is anywhere between nothing and all of it."""
JUMP_PU: Final = 0.2
"""Swing of what never moved and does so now, by its reading."""
CLEAR: Final = 2.0
"""A step of more than so many standard deviations is no error of the instrument."""
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
        settle_ns: when it is settled again what swings are worth [ns].
        weighed: level of each when that was settled (n_real,).
        since_ns: what was received before this is not used [ns].
    """

    last: Floats
    until_ns: Ints
    level: Ints
    reached: Floats
    forget_ns: int
    settle_ns: int
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
        weighed=none,
        since_ns=0,
    )


def switched(ages: Ages, now_ns: int) -> Ages:
    """Return the memory after the network has become another at `now_ns` [ns]."""
    return replace(ages, since_ns=now_ns)


def sigma_aged(ages: Ages, sigma: Floats, readings: Floats) -> Floats:
    """Return the standard deviation of aged values (n_real,) [pu].

    Args:
        ages: the memory.
        sigma: standard deviation of the instruments by themselves (n_real,) [pu].
        readings: typical ones (n_real,) [pu].
    """
    swing = sigma * np.exp2(ages.weighed)
    jump = np.where(ages.weighed > 0, swing, JUMP_PU * np.abs(readings))
    aged: Floats = np.hypot(sigma, ROOM * jump)
    return aged


def classes(ages: Ages, quality: NDArray[np.uint8], heard_ns: Ints, now_ns: int) -> Classes:
    """Return the class of every value.

    Args:
        ages: the memory.
        quality: 0 good, 1 uncertain, 2 bad or measuring nothing now (n_real,).
        heard_ns: when each was received (n_real,) [ns].
        now_ns: time of the scan [ns].
    """
    found = np.maximum(quality, ages.until_ns > now_ns)
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
    moving = by > CLEAR * sigma
    until_ns, level, reached = ages.until_ns, ages.level, ages.reached
    if moving.any():
        until_ns = np.where(moving, now_ns + REST, until_ns)
        reached = np.maximum(reached, by)
        above = moving & (by > sigma * np.exp2(level))
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
    """Settle what swings are worth; the same array where nothing is otherwise."""
    again = np.array_equal(ages.level, ages.weighed)
    weighed = ages.weighed if again else ages.level
    return replace(ages, settle_ns=now_ns + EVERY, weighed=weighed)
