"""One error, and all it may be of: what instruments show of it from when it was seen.

A case is opened for the instrument whose readings are farthest off, with all whose residuals are
related to its own. In every scan in which one of them is read anew and none of them moves, what
each shows is held against what all others say, all in the same instant: with the mean of that, by
its deviation, `m` over `n` readings, the likelihood that the error is that of an instrument is
`exp(n m^2 / 2)`. Before there is such a scan, what its own last readings say stands in for it.

Two that see the same are equally likely by this. But who errs shows what it never *showed before*,
and who does not err shows what it did, be it one of the levels that its load swings between.

Source: own derivation; the likelihood is that of one constant error among normal residuals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from daemon.core.estimation.evidence import Evidence
    from daemon.core.estimation.network import Floats, Ints

NEW_MOST: Final = 30.0
"""What was never shown before says no more than this."""
MEMBER: Final = 5e-4
"""Who is less likely is not of the group."""
STANDS: Final = 0.5
"""Worth of a reading from which on nothing moves."""


class Case(NamedTuple):
    """One error.

    Attributes:
        rows: of whom it may be, who was seen first.
        first: half the square of what their readings said then.
        off: sum of what they were off by in the scans since, by its deviation.
        scans: how many scans that were.
        readings: how many readings of the first.
        new: how much it speaks for each that it shows what it never did before.
        since_ns: since when it has shown [ns].
        shown_ns: when it was seen last [ns].
        firm: of whom two readings have shown it plainly.
    """

    rows: tuple[int, ...]
    first: tuple[float, ...]
    off: tuple[float, ...]
    scans: int
    readings: int
    new: tuple[float, ...]
    since_ns: int
    shown_ns: int
    firm: frozenset[int] = frozenset()

    def chances(self) -> Floats:
        """Return how likely it is that the error is that of each row (n_row,)."""
        odds = np.array(self.first)
        if self.scans:
            count = min(self.scans, self.readings + 1)
            odds = 0.5 * count * np.square(np.array(self.off) / self.scans)
        odds = odds + self.new
        chance = np.exp(odds - odds.max())
        found: Floats = chance / chance.sum()
        return found

    def members(self) -> tuple[tuple[int, ...], float]:
        """Return of whom the error may be, the likeliest first, and how likely that is."""
        chance = self.chances()
        order = np.argsort(-chance, kind="stable")
        members = tuple(self.rows[n] for n in order if chance[n] > MEMBER)
        return members, float(chance[order[0]])


def opened(rows: Ints, first: Floats, since_ns: int, now_ns: int) -> Case:
    """Return a new case.

    Args:
        rows: of whom the error may be, who shows it most first (n_row,).
        first: how much the last readings speak for each (n_row,).
        since_ns: since when it has shown [ns].
        now_ns: time of the scan [ns].
    """
    nothing = (0.0,) * len(rows)
    return Case(_plain(rows), _plain(first), nothing, 0, 0, nothing, since_ns, now_ns)


def followed(case: Case, of: Evidence, scale: Floats, new: Floats | None) -> Case:
    """Return a case after a scan.

    Args:
        case: as of the scan before.
        of: what the readings say.
        scale: deviation of what each shows less what the others say (n_measurement,) [pu].
        new: how much it speaks for each that it shows what it never did before (n_row,); None when
            that tells nothing any more.
    """
    rows = np.array(case.rows)
    if new is not None:
        case = case._replace(new=_plain(np.maximum(case.new, new)))
    if not of.read[rows].any() or not (of.said[0].worth[rows] > STANDS).all():
        return case
    off = (of.shown[rows] - of.told[rows]) / scale[rows]
    return case._replace(
        off=_plain(off + case.off),
        scans=case.scans + 1,
        readings=case.readings + int(of.read[rows[0]]),
    )


def new(rows: Ints, z: Floats, before: tuple[Floats, ...], variance: Floats) -> Floats:
    """Return how much it speaks for each row that it shows what it never did before (n_row,).

    Args:
        rows: whose.
        z: what is shown (n_measurement,) [pu].
        before: what was shown some time ago (n_measurement,) [pu].
        variance: of fresh values (n_measurement,) [pu^2].
    """
    if not before:
        return np.zeros(len(rows))
    nearest = np.abs(np.stack([one[rows] for one in before]) - z[rows]).min(axis=0)
    found: Floats = np.minimum(0.25 * nearest * nearest / variance[rows], NEW_MOST)
    return found


def _plain(of: Floats | Ints) -> tuple[Any, ...]:
    return tuple(of.tolist())
