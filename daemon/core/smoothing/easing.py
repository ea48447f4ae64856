"""Slower than slow: what a failure of storage leaves of the slowest limit.

Rows that rise quickly because storage was to give the rest have spent a part of the slowest limit
when it turns out that it does not. Until that part has left the window only the rest of the limit
is there: at the slow pace, which by itself spends it evenly, both together would pass it. So from
the moment on at which nothing can be relied on, or at which nearly all is spent whoever is to
blame, the rows share what is left over a whole window.

The import as measured is what counts, not what storage says of itself: one that reports what it
does not do is seen here. Storage that is back ends it. What is over with it is forgotten: a step
that stood at its begin is no reason to begin again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.smoothing import funnel
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.smoothing.funnel import Seen
    from daemon.model.compliance import Bound

_NEARLY_PU: Final = 0.9
"""So much of the limit is spent in no plant whose storage does what it says."""
_LEAST_PU: Final = 0.1
"""Of the slow pace: rows that stood still for good would be no profile [pu]."""


class Easing(NamedTuple):
    """What is remembered.

    Attributes:
        seen: the import in the window of the slowest limit, None before the first.
        until_ns: rows are slower than slow before this; 0 where they are not [ns].
        ramp_w_s: of all rows together, meanwhile [W/s].
        bare: nothing could be relied on.
    """

    seen: Seen | None = None
    until_ns: int = 0
    ramp_w_s: float = 0.0
    bare: bool = False


def eased(
    was: Easing,
    bounds: Sequence[Bound],
    now_ns: int,
    import_w: float,
    slow_w_s: float,
    used_pu: float,
    *,
    bare: bool,
    gone: bool = False,
) -> Easing:
    """Return what is remembered after a measurement.

    Args:
        was: before.
        bounds: limits to keep.
        now_ns: time of the measurement [ns].
        import_w: as measured [W].
        slow_w_s: the slow pace of the rows [W/s].
        used_pu: part of each limit that is made use of [pu].
        bare: no storage can be relied on now.
        gone: a store was lost in this instant.
    """
    slowest = min(
        (bound for bound in bounds if bound.band_hz is None),
        key=lambda bound: bound.limit_w / bound.window_ns,
        default=None,
    )
    if slowest is None:
        return Easing(bare=bare)
    over = 0 < was.until_ns <= now_ns
    seen = was.seen if was.seen and not over else funnel.begin(slowest, now_ns - 1, import_w)
    seen = funnel.passed(slowest, seen, now_ns, import_w)
    until_ns = was.until_ns if now_ns < was.until_ns and bare >= was.bare else 0
    spent_w = max(seen.highs[0][1] - import_w, import_w - seen.lows[0][1])
    failed = gone or (bare and not was.bare)
    if not failed and not until_ns and spent_w < _NEARLY_PU * slowest.limit_w:
        return Easing(seen, 0, 0.0, bare)
    # While it goes on it is looked at again: what a failure spends may be seen later than itself.
    until_ns = now_ns + slowest.window_ns if failed or not until_ns else until_ns
    left_w_s = (used_pu * slowest.limit_w - spent_w) * SECOND / (until_ns - now_ns)
    ramp_w_s = min(slow_w_s, max(left_w_s, _LEAST_PU * slow_w_s))
    if was.until_ns == until_ns:
        ramp_w_s = min(ramp_w_s, was.ramp_w_s)
    return Easing(seen, until_ns, ramp_w_s, bare)
