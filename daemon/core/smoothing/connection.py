"""What the limiter is given for a site: bounds, band and account of energy, time of a step.

*Bands.* Reserve is not in what storage can do (`stores`). What smoothing takes and gives is an
account of its own, of the size that the range of the rows needs (`catch_up.size_j`) and within what
is really there, so that what shaving does with its part is not taken for swings. Shaving and refill
bring the charge back, and the account with it, over `settled_s`.

A limit over a long time is kept in even parts, or the connection would leap and then stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.smoothing import catch_up, leading, limiter, profile
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.smoothing.stores import Able
    from daemon.model.compliance import Bound

_EVEN_S: Final = 15.0
"""A limit over longer is kept in parts of this [s]."""
_GRAINS_W: Final = 4.0 * leading.GRAIN_W
"""Left over: set-points in grains are off by one, from look to look by two, each way [W]."""
_LEAST_PU: Final = 0.5
"""Of a limit that is hardly more than grains [pu]."""
_COMPLETE: Final = 1.2
"""An announced step is waited for so much longer than the ramp of the rows takes."""


def used(stated: Sequence[Bound], used_pu: float) -> tuple[Bound, ...]:
    """Return the part of each bound that is made use of, one over long in even parts.

    Never so much that the grain of set-points would be beyond it. A filtered limit that is hardly
    more than grains (the sub-synchronous one of the IESO on a few megawatts) is left out: to keep
    it would be to let the import stand, and what is that small rows keep by their ramp.
    """
    found = []
    for bound in stated:
        if bound.band_hz is not None and bound.limit_w < 2.0 * _GRAINS_W:
            continue
        parts = max(1, bound.window_ns // ns(_EVEN_S)) if bound.band_hz is None else 1
        grained_w = max(bound.limit_w - _GRAINS_W, _LEAST_PU * bound.limit_w)
        limit_w = min(used_pu * bound.limit_w, grained_w) / parts
        found.append(bound._replace(window_ns=bound.window_ns // parts, limit_w=limit_w))
    return tuple(found)


def late_s(stated: Sequence[Bound], rows_pu: float, range_w: float) -> float:
    """Return how long rows that rise by their quick ramp take for the whole range [s]."""
    quick_w_s = profile.ramps(stated, rows_pu, 1.0).quick_w_s
    return _COMPLETE * range_w / quick_w_s if quick_w_s else 1.0


def band_j(bounds: Sequence[Bound], able: Sequence[Able], range_w: float) -> float:
    """Return the size of the band of smoothing [J]."""
    size_j = catch_up.size_j(catch_up.paces(bounds), range_w, 0.0, limiter.MARGIN_PU)
    return min(size_j, sum(one.energy_j for one in able))


def account_j(
    was_j: float | None,
    took_w: float,
    passed_ns: int,
    settled_s: float,
    able: Sequence[Able],
    energy_j: float,
) -> float:
    """Return the account of smoothing, within its band and what is really there [J].

    Args:
        was_j: before, None at first [J].
        took_w: what smoothing took since, charging positive [W].
        passed_ns: time since [ns].
        settled_s: time in which others bring it back to the middle [s].
        able: what each store can do.
        energy_j: size of the band [J].
    """
    middle_j = 0.5 * energy_j
    now_j = middle_j
    if was_j is not None:
        passed_s = passed_ns / SECOND
        now_j = was_j + took_w * passed_s
        now_j += (middle_j - now_j) * min(1.0, passed_s / settled_s)
    least_j = max(0.0, energy_j - sum(one.room_j for one in able))
    most_j = min(energy_j, sum(one.stored_j for one in able))
    return min(max(now_j, least_j), most_j)
