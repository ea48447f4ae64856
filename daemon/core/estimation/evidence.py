"""What the last readings of every instrument say against it, whatever has moved meanwhile.

Theory of operation. Instruments are read at different instants, and what they measure swings. So a
reading is not held against what the others say in the scan it came in, but against all they say
until they were read anew as well. While it is *open*, what they say may go up and down, and what it
measured was anywhere between: it may rightly be off by no more than they rose in all, nor by less
than they fell, and by as much again where that went to and fro unseen (`hidden`). So a reading
tells a *range* in which its error is. Where that is narrow, it is worth 1; where it is wide, next
to nothing; and what is off beyond it speaks against the instrument in full. A reading is closed
when the instrument is read again, all others were read anew (as long as the slowest of them takes),
and so was its partner, the one that sees nearly the same, unless nothing has moved for long.

How long that takes is no more than a promise: on a loaded computer a poll fails to start, a gateway
hangs, and who is read on time and has moved is then alone against what others showed before. So it
goes by when readings were received: one is not closed while another, on which it depends, was
received before it (`_waiting`). With gateways that hang for up to 3, 6 and 30 s, sound meters were
called in 1, 7 and 12 of 12 plays of 12 s before that, before who fits by now was spared
(`judgement`) and before estimates of what is not read were no witnesses any more (`tracking`), and
in none with these (`tests.loaded_hall`).

Where loads swing without end, ranges are wide and say little. But what has moved passes and an
error stays. What stays for the seconds that three readings take is told by `lasting`. Where
everything is read in every scan it shows as well by what the last two or three readings are
off by (`off_alike`), against what readings of this instrument usually miss of what moves: those
polled with what they are held against miss none of it, others half, which is learned while
something moves, with a delay, so that an error is nothing that was missed. A ramp that is missed by
all readings alike shows nothing: the mean of three is no surer of it than one.

That tells in passing who errs. When an instrument jumps, what is said of its partner moves, so the
reading of the partner is excused; its own is not.

Source: own derivation; interval-censored residuals, one constant error among normal noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.model.quantities import MILLISECOND

if TYPE_CHECKING:
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.others import Others

MOVES: Final = 1.0
"""A step of what others say is a move from so many of its deviations on, from twice on in full."""
SLOW: Final = 1.0 / 64.0
CALM: Final = 4.0
"""Mean square of steps by an instrument's own variance below which nothing moves."""
PAIR: Final = 0.8
"""What two readings are off by counts so much of what three are."""
KNOWN: Final = 0.3
"""Part of the square of what is usually missed: that is seldom, but then much."""
TOGETHER: Final = 4.0
"""Readings farther apart than this are not off by the same."""
BEHIND, UNSEEN = 0.5, 25.0
"""Square of the part of a move that readings miss until more has moved than this, squared."""
FORGOTTEN: Final = 1.0 / 64.0
"""Part of what is known of that which goes with each reading."""
MOST: Final = 100.0
"""A square counts no more than this in what is known of that."""
TOGETHER_NS: Final = 100 * MILLISECOND
"""What was received within a scan of the main lane was received at once."""
DEPENDS: Final = 0.01
"""Correlation up to which a move of 300 deviations that one misses is 3 of another."""
MANY: Final = 16
"""From more late ones on it is not worth while to ask who depends on each."""


class Said(NamedTuple):
    """What a reading says of the error of each instrument, by the deviation of that.

    Attributes:
        low: the error is no less (n_measurement,).
        high: nor is it more (n_measurement,).
    """

    low: Floats
    high: Floats

    def where(self, these: Flags, other: Said) -> Said:
        """Return `other`, and of `these` what this says."""
        return Said(np.where(these, self.low, other.low), np.where(these, self.high, other.high))

    @property
    def off(self) -> Floats:
        """The least error that it shows (n_measurement,); 0 where it may be none."""
        found: Floats = np.maximum(self.low, 0.0) + np.minimum(self.high, 0.0)
        return found

    @property
    def worth(self) -> Floats:
        """How much it says: 1 where nothing has moved, 0 where there is none (n_measurement,)."""
        wide = self.wide
        return 1.0 / (1.0 + wide * wide)

    @property
    def wide(self) -> Floats:
        """Half of the range; infinite where there is none (n_measurement,)."""
        found: Floats = 0.5 * (self.high - self.low)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is remembered of every instrument (n_measurement,) each.

    Attributes:
        told: what the others said in the last scan [pu].
        level: the same without what is within its noise [pu].
        off: reading that is open less what the others said then [pu].
        up: by how much more than they said it may have been, by what has moved since [pu].
        down: by how much less [pu].
        opened_ns: when that reading came [ns].
        heard_ns: when it was received, which may be some time before [ns].
        read_ns: when the last reading came [ns].
        said: what the open reading says so far, and what the two before it did; the newest first.
        restless: mean square of the steps from scan to scan [pu^2].
        shown: what each showed in the last scan [pu].
        read: whether it was read in the last scan.
        closed: whether a reading was closed then.
        offs: what the last three readings were off by when they came, the newest first, by the
            deviation of that (3, n_measurement).
        missed: sum of the squares that readings missed of what moved, by the same.
        moved: sum of the squares of what moved.
    """

    told: Floats
    level: Floats
    off: Floats
    up: Floats
    down: Floats
    opened_ns: Ints
    heard_ns: Ints
    read_ns: Ints
    said: tuple[Said, Said, Said]
    restless: Floats
    shown: Floats
    read: Flags
    closed: Flags
    offs: Floats
    missed: Floats
    moved: Floats


class Look(NamedTuple):
    """A scan.

    Attributes:
        now_ns: its time [ns].
        z: what was read (n_measurement,) [pu].
        told: what the others say (n_measurement,) [pu].
        news: what was read anew (n_measurement,).
        heard_ns: when each was received, now where nothing is to be read (n_measurement,) [ns].
    """

    now_ns: int
    z: Floats
    told: Floats
    news: Flags
    heard_ns: Ints


def begun(
    told: Floats, shown: Floats, restless: Floats, before: Evidence | None = None
) -> Evidence:
    """Return the memory of instruments of which nothing was seen yet.

    Args:
        told: what the others say (n_measurement,) [pu].
        shown: what each shows (n_measurement,) [pu].
        restless: mean square of its steps (n_measurement,) [pu^2].
        before: of the same instruments, of which the instants of reading are known.
    """
    none, never = np.zeros(len(told)), np.full(len(told), -1, dtype=np.int64)
    nothing = _nothing(len(told))
    return Evidence(
        told=told,
        level=told,
        off=none,
        up=none,
        down=none,
        opened_ns=never,
        heard_ns=never,
        read_ns=never,
        said=(nothing, nothing, nothing),
        restless=restless,
        shown=shown,
        read=none > 0.0,
        closed=none > 0.0,
        offs=np.zeros((3, len(told))),
        missed=np.full(len(told), BEHIND * UNSEEN) if before is None else before.missed,
        moved=np.full(len(told), UNSEEN) if before is None else before.moved,
    )


def followed(before: Evidence, look: Look, by: Others, period_ns: int, hidden: float) -> Evidence:
    """Return the memory after a scan.

    Args:
        before: as of the scan before.
        look: the scan.
        by: how sure the others are of what they say.
        period_ns: in so long a time everything is read anew [ns].
        hidden: how often as far as was seen it may have moved the other way and back, unseen.
    """
    now_ns, z, told, news, heard_ns = look
    partner = by.inverse.pairs.partner
    # Against a level that follows with some play: what creeps has moved as well.
    step = told - before.level
    size = np.abs(step)
    size = np.minimum(size, 2.0 * np.maximum(size - MOVES * by.noise, 0.0))
    level = before.level + np.copysign(size, step)
    there, back = np.where(step > 0.0, (size, hidden * size), (hidden * size, size))
    up, down = before.up + there, before.down + back
    read_ns = np.where(news, now_ns, before.read_ns)
    restless = before.restless + SLOW * (np.square(z - before.shown) - before.restless)
    known = read_ns[partner] > before.opened_ns  # its own, where it has no partner
    known |= restless * by.inverse.weight < CALM
    begins = news & (before.opened_ns < 0)
    closing = news & known & (now_ns - before.opened_ns >= period_ns) & ~begins
    if period_ns:
        closing &= ~_waiting(before.heard_ns, closing, heard_ns, by)
    opening = closing | begins
    _, newest, older = before.said
    last = _said(before.off, up, down, by.scale)
    # What moved in this very scan may have moved after this reading as well as before.
    off = np.where(opening, z - told, before.off)
    offs, missed, moved = _learnt(before, opening, off, by.scale)
    up, down = np.where(opening, back, up), np.where(opening, there, down)
    return Evidence(
        told=told,
        level=level,
        off=off,
        up=up,
        down=down,
        opened_ns=np.where(opening, now_ns, before.opened_ns),
        heard_ns=np.where(opening, heard_ns, before.heard_ns),
        read_ns=read_ns,
        said=(
            _said(off, up, down, by.scale),
            last.where(closing, newest),
            newest.where(closing, older),
        ),
        restless=restless,
        shown=z,
        read=news,
        closed=closing,
        offs=offs,
        missed=missed,
        moved=moved,
    )


def _waiting(opened: Ints, closing: Flags, heard_ns: Ints, by: Others) -> Flags:
    """Return whose open readings wait for a reading of another.

    Args:
        opened: when the open readings were received (n_measurement,) [ns].
        closing: which of them would be closed (n_measurement,).
        heard_ns: when the last readings were received (n_measurement,) [ns].
        by: how much instruments depend on one another.
    """
    waits = np.zeros_like(closing)
    if not closing.any():
        return waits
    before = opened - TOGETHER_NS
    late = (heard_ns < int(before[closing].max())).nonzero()[0]
    if len(late) > MANY:  # a gateway hangs, and who is read all the same may depend on any of it
        waits |= before > int(heard_ns[late].min())
        return waits
    for row in late.tolist():
        waits |= (before > heard_ns[row]) & (np.abs(by.correlation(row)) > DEPENDS)
    return waits


def _learnt(
    before: Evidence, opening: Flags, off: Floats, scale: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return what the last three readings were off by, and what they miss of what moves.

    Args:
        before: as of the scan before.
        opening: which readings are opened (n_measurement,).
        off: what these are off by (n_measurement,) [pu].
        scale: deviation of that (n_measurement,) [pu].
    """
    rows = opening.nonzero()[0]
    if not len(rows):
        return before.offs, before.missed, before.moved
    offs, missed, moved = before.offs.copy(), before.missed.copy(), before.moved.copy()
    # Only once it was judged: an error is nothing that was missed.
    wide = np.minimum(before.said[2].wide[rows], UNSEEN)
    wide = np.where(offs[2, rows] != 0.0, np.square(wide), 0.0)
    square = np.minimum(np.square(offs[2, rows]), MOST)
    gone = np.clip(square - 1.0, 0.0, 4.0 * wide)
    missed[rows] += gone - FORGOTTEN * (missed[rows] - BEHIND * UNSEEN)
    moved[rows] += wide - FORGOTTEN * (moved[rows] - UNSEEN)
    offs[1:, rows] = offs[:2, rows]
    offs[0, rows] = off[rows] / scale[rows]
    return offs, missed, moved


def off_alike(of: Evidence, rows: Ints) -> Floats:
    """Return what the last readings are all off by, by the deviation of one (n_row,).

    What has moved passes, an error stays: in three, the farthest left out, or, as that is less,
    in two. But what moves one way for long is missed by all alike, and no mean makes that less: so
    the deviation is that of one reading, with what this instrument misses of such moves.

    Two are not enough where loads jump and come back a scan later: who is read late in both misses
    both alike, which is most of what is seen by mistake there (`tests.bench.baddata`, every scan).
    Without the two less than half of that is left, and 1 to 2 % of errors less are found. Three
    that agree could be believed whatever moved meanwhile: 1 to 2 % more are found, and sums of many
    loads are seen by mistake instead. Readings counted though their partner was not read anew find
    no more. Three times the part that is missed (`KNOWN`) finds 2 % less and mends nothing.
    """
    low, middle, high = np.sort(of.offs[:, rows], axis=0)
    above = np.maximum(low + np.minimum(middle, low + TOGETHER), 0.0)
    below = np.minimum(high + np.maximum(middle, high - TOGETHER), 0.0)
    three = 0.5 * np.where(middle > 0.0, above, below)
    last, before = of.offs[:2, rows]
    less = np.copysign(np.minimum(np.abs(last), np.abs(before)), last)
    two = PAIR * np.where(last * before > 0.0, less, 0.0)
    wide = np.square(np.stack([one.wide[rows] for one in of.said]))
    part = KNOWN * of.missed[rows] / of.moved[rows]
    two /= np.sqrt(1.0 + part * wide[:2].mean(axis=0))
    three /= np.sqrt(1.0 + part * wide.mean(axis=0))
    found: Floats = np.where(np.abs(two) > np.abs(three), two, three)
    return found


def may_be_alike(of: Evidence, least: float) -> Flags:
    """Return whose `off_alike` may be as large as this: seen soon, for it mostly is not."""
    two, three = of.offs[:2], least - 0.5 * TOGETHER
    found: Flags = np.minimum.reduce(np.abs(two)) > least / PAIR
    found |= np.minimum.reduce(of.offs) > three
    found |= np.maximum.reduce(of.offs) < -three
    return found


def against(of: Evidence) -> Floats:
    """Return what the last two or three readings say together by the deviation of that.

    Those before an error began say nothing, so the larger counts (n_measurement,).
    """
    last, before, first = (one.off for one in of.said)
    off = last + before
    count = 1.0 * (last != 0.0) + (before != 0.0)
    two = off * off / np.maximum(count, 1.0)
    off, count = off + first, count + (first != 0.0)
    found: Floats = np.sqrt(np.maximum(two, off * off / np.maximum(count, 1.0)))
    return found


def _nothing(n: int) -> Said:
    return Said(np.full(n, -np.inf), np.full(n, np.inf))


def _said(off: Floats, up: Floats, down: Floats, scale: Floats) -> Said:
    """Return what readings say.

    Args:
        off: reading less what the others said (n_measurement,) [pu].
        up: by how much more than they said it may have been (n_measurement,) [pu].
        down: by how much less (n_measurement,) [pu].
        scale: deviation of the difference while nothing moves (n_measurement,) [pu].
    """
    return Said((off - up) / scale, (off + down) / scale)
