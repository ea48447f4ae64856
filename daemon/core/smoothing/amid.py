"""Whether a daemon begins amid a job, and until when what the limits allow counts as spent.

Nobody tells a daemon that starts what moved in the minute before. Its predecessor may have spent
all that it made use of; while nobody spoke to the rows they went on at the ramp that they had; and
until the utility is known to be stable nobody smooths. What is left of a limit after all of that is
next to nothing. Where a job is under way the worst is assumed: nothing is free before the
longest window that begins with the daemon is over. Where nothing moves, the rows did not move
either while nobody spoke to them, and it goes on like its predecessor would have: a limit is free
when its own window has passed.

A job is under way where a store stands for it, or where the rows move while they are first looked
at, farther within `STILL_S` than the slowest limit allows in two seconds. At their slow ramp, the
least that moves the import by much, they take three seconds; what a job at work swings stays below
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.smoothing import catch_up
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.compliance import Bound

STILL_S: Final = 5.0
"""So long rows are watched when the daemon begins [s]."""
_MOVED_S: Final = 2.0
"""They have moved when it is by more than the slowest limit allows in this time [s]."""


class Begin(NamedTuple):
    """What was seen when the daemon began.

    Attributes:
        at_ns: when it first looked; None before [ns].
        rows_w: what the rows drew when they were first known; None before [W].
        until_ns: all is spent before this; 0 where no job was under way [ns].
    """

    at_ns: int | None = None
    rows_w: float | None = None
    until_ns: int = 0

    def open(self, now_ns: int) -> bool:
        """Return whether it is not known yet whether a job was under way."""
        return self.at_ns is None or (not self.until_ns and now_ns - self.at_ns < ns(STILL_S))


def looked(
    was: Begin, bounds: Sequence[Bound], now_ns: int, rows_w: float | None, *, stands: bool
) -> Begin:
    """Return what is known after a look at the plant.

    Args:
        was: before.
        bounds: limits to keep; at least one.
        now_ns: time of the look [ns].
        rows_w: what all rows draw, None while it is not known [W].
        stands: a store gives or takes.
    """
    at_ns = now_ns if was.at_ns is None else was.at_ns
    first_w = rows_w if was.rows_w is None else was.rows_w
    moved_w = 0.0 if rows_w is None or first_w is None else abs(rows_w - first_w)
    slowest_w_s = min(pace.rate_w_s for pace in catch_up.paces(bounds))
    amid = stands or moved_w > _MOVED_S * slowest_w_s
    until_ns = at_ns + max(bound.window_ns for bound in bounds) if amid else 0
    return Begin(at_ns, first_w, until_ns)


def free_ns(begin: Begin, bound: Bound) -> int:
    """Return when a limit, or the part of it that is used, is free again [ns]."""
    at_ns = 0 if begin.at_ns is None else begin.at_ns
    return max(begin.until_ns, at_ns + bound.window_ns)
