"""What instruments are off by all the time, while what they measure swings.

Theory of operation. Where loads swing without end, what is compared was read at different instants,
and any one reading says little. But what has moved passes and an error stays: so in every scan of
the time that three readings take, what each instrument shows is held against what all others say,
read anew or not, and the mean of that is weighed by how far it goes to and fro in that time. That
is a t-test, whose deviation comes of the swings themselves: nothing has to be known of them, and
nothing is learned that a job that starts makes wrong.

A ramp is missed by all scans alike, the more the longer ago either side was read. So what the
others rise or fall by within the time is excused for a part of a reading's period (`LAG`). The mean
of a calm time is no surer than `CALM`, as its scans see the same few readings, and swings count
with a part (`SWINGS`), as it is not all chance how they are read.

These limits see 97.2 % of errors of ten deviations in three plays of the AI hall on which they were
looked at and 98.6 % in two others. Sharper ones (0.85, 0.15 and 0.9 of the limit for 0.7, 0.2 and
0.93) see no more, and in `generator_failure` what they saw let the plant be looked at in every scan
while load was taken back, where four sound meters were condemned. With these, and everybody held
against readings that agree (`judgement`), none is, though it be looked at in every scan throughout.

Scans between two looks of the estimator are not solved; what they say is told by the linearisation
of the look that follows (`farther`).

Source: W. S. Gosset ("Student"), The probable error of a mean (1908); own derivation for limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.others import answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.others import Others

CALM: Final = 0.7
"""Deviation of the mean while nothing moves, by that of one reading."""
SWINGS: Final = 0.2
"""Part with which what is to and fro counts."""
LAG: Final = 0.1
"""What the others rise or fall by in the time that three readings take, by what of it is missed."""
READINGS: Final = 3
LEAST: Final = 10
"""Fewer scans do not tell chance from swings."""


class Mark(NamedTuple):
    """Sums until a scan, and what it showed (n_measurement,) each.

    Attributes:
        at_ns: when that was [ns].
        off: of what each was off by, by its deviation.
        square: of the squares of that.
        used: how often it was there.
        told: what the others said, by the same deviation.
    """

    at_ns: int
    off: Floats
    square: Floats
    used: Floats
    told: Floats


Marks = tuple[Mark, ...]


class Shown(NamedTuple):
    """A scan.

    Attributes:
        at_ns: its time [ns].
        off: what each is off by, by its deviation (n_measurement,).
        told: what the others say, by the same (n_measurement,).
    """

    at_ns: int
    off: Floats
    told: Floats


def farther(others: Others, by: Floats) -> Floats:
    """Return by how much farther instruments are off where they show more by `by`.

    Args:
        others: what tells what all others say.
        by: 0 where nothing is shown (n_measurement,) [pu].
    """
    of = others.inverse
    found: Floats = (by - answer(of, of.weight * by)) / others.left
    return found


def followed(before: Marks, scans: Iterable[Shown], used: Flags, period_ns: int) -> Marks:
    """Return the marks after scans: those of the time that three readings take.

    Args:
        before: as of the scan before.
        scans: those since, the newest last.
        used: whose values are there (n_measurement,).
        period_ns: in so long a time everything is read anew [ns]; where that is in every scan,
            nothing is remembered: chance is told from swings by many scans, not by three.
    """
    if not period_ns:
        return ()
    marks, there = list(before), used.astype(np.float64)
    for scan in scans:
        off, square, count = scan.off, np.square(scan.off), there
        if marks:
            last = marks[-1]
            off, square, count = last.off + off, last.square + square, last.used + count
        marks.append(Mark(scan.at_ns, off, square, count, scan.told))
    since_ns = marks[-1].at_ns - READINGS * period_ns
    return tuple(mark for mark in marks if mark.at_ns >= since_ns)


def whole(marks: Marks, period_ns: int) -> bool:
    """Return whether the marks go back for as long as three readings take, by scans enough."""
    if len(marks) <= LEAST:
        return False
    gone_ns, scans = marks[-1].at_ns - marks[0].at_ns, len(marks) - 1
    return gone_ns * (scans + 1) > READINGS * period_ns * scans


def lasting(marks: Marks) -> Floats:
    """Return what instruments are off by all the time, by the deviation of that (n_measurement,).

    0 where a value was not there for some of the time.
    """
    first, last = marks[0], marks[-1]
    count = len(marks) - 1
    mean = (last.off - first.off) / count
    spread = (last.square - first.square) / count - mean * mean
    least = LAG * np.abs(last.told - first.told)
    size = np.maximum(np.abs(mean) - least, 0.0)
    size /= np.sqrt(CALM * CALM + SWINGS * SWINGS * np.maximum(spread, 0.0))
    there = last.used - first.used > count - 0.5
    return np.where(there, np.copysign(size, mean), 0.0)


def mean(marks: Marks, rows: Ints) -> Floats:
    """Return what instruments are off by in the mean, by the deviation of one reading (n_row,)."""
    first, last = marks[0], marks[-1]
    found: Floats = (last.off[rows] - first.off[rows]) / (len(marks) - 1)
    return found
