"""The interval that limits on variation leave for the next value of a power.

A rise of at most x within a window: the next value is at most x above the lowest in the window. A
fall: at most x below the highest. A filtered signal is linear in the next value, so an interval of
the one is an interval of the other; zero counts as in its window, for that is where it goes when
the power stands. Thus a value that stands is always allowed, and the interval is never empty.

The filter is that of the verdicts: one pole at each corner, high-pass exact for values that hold.
Where the last value is of now, the next one counts as through the low-pass at once and before any
of it is forgotten: that is the most that it comes to until the next look, however late that is.
"""

from __future__ import annotations

from math import exp, tau
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.compliance import Bound

_INFINITE: Final = float("inf")


class Interval(NamedTuple):
    """What is allowed [W]."""

    low_w: float
    high_w: float

    def nearest(self, value_w: float) -> float:
        """Return the allowed value that is nearest [W]."""
        return min(max(value_w, self.low_w), self.high_w)


class Seen(NamedTuple):
    """What one bound remembers.

    Attributes:
        lows: values of the window that are lower than all later ones, with their times [ns, W].
        highs: values of the window that are higher than all later ones, with their times [ns, W].
        raw_w: last value after the low-pass [W].
        slow_w: what the high-pass takes away [W].
        at_ns: time of the last value [ns].
    """

    lows: tuple[tuple[int, float], ...]
    highs: tuple[tuple[int, float], ...]
    raw_w: float
    slow_w: float
    at_ns: int


def begin(bound: Bound, now_ns: int, value_w: float) -> Seen:
    """Return the memory of a bound where the power has long stood at a value."""
    at = (now_ns, value_w if bound.band_hz is None else 0.0)
    return Seen((at,), (at,), value_w, value_w, now_ns)


def spent(bound: Bound, now_ns: int, value_w: float, free_ns: int) -> Seen:
    """Return the memory of a bound of which all is spent both ways, and free again at an instant.

    Nobody saw how the power came to its value: it may stay there and go nowhere before that.

    Args:
        bound: the limit.
        now_ns: time [ns].
        value_w: the power [W].
        free_ns: when it may move again; what is past is as if it had long stood [ns].
    """
    stood = begin(bound, now_ns, value_w)
    if free_ns <= now_ns:
        return stood
    # As if it had been as low, and as high, as the limit bears, a window before that instant.
    level_w = value_w if bound.band_hz is None else 0.0
    at_ns = free_ns - bound.window_ns
    lows = ((at_ns, level_w - bound.limit_w), *stood.lows)
    highs = ((at_ns, level_w + bound.limit_w), *stood.highs)
    return stood._replace(lows=lows, highs=highs)


def room(bounds: Sequence[Bound], seen: Sequence[Seen], now_ns: int) -> Interval:
    """Return what all bounds allow now."""
    low_w, high_w = -_INFINITE, _INFINITE
    for bound, was in zip(bounds, seen, strict=True):
        here = _room(bound, was, now_ns)
        low_w, high_w = max(low_w, here.low_w), min(high_w, here.high_w)
    return Interval(low_w, high_w)


def _room(bound: Bound, seen: Seen, now_ns: int) -> Interval:
    begins_ns = now_ns - bound.window_ns
    lowest = next((v for at, v in seen.lows if at >= begins_ns), seen.lows[-1][1])
    highest = next((v for at, v in seen.highs if at >= begins_ns), seen.highs[-1][1])
    if bound.band_hz is not None:
        lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    low = highest - bound.limit_w if bound.fall else -_INFINITE
    high = lowest + bound.limit_w if bound.rise else _INFINITE
    if bound.band_hz is None:
        return Interval(low, high)
    if now_ns <= seen.at_ns:
        return Interval(low + seen.slow_w, high + seen.slow_w)
    keep, slow_w = _advanced(bound.band_hz, seen, now_ns)
    rest_w = slow_w - keep * seen.raw_w
    return Interval((low + rest_w) / (1.0 - keep), (high + rest_w) / (1.0 - keep))


def _advanced(band_hz: tuple[float, float], seen: Seen, now_ns: int) -> tuple[float, float]:
    """Return what the low-pass keeps of its last value, and the slow part now [W]."""
    step_s = max(now_ns - seen.at_ns, 1) / SECOND
    keep = exp(-tau * band_hz[0] * step_s)
    slow_w = keep * seen.slow_w + (1.0 - keep) * seen.raw_w
    return exp(-tau * band_hz[1] * step_s), slow_w


def passed(bound: Bound, seen: Seen, now_ns: int, value_w: float) -> Seen:
    """Return the memory of a bound after a value."""
    raw_w, slow_w, figure = value_w, seen.slow_w, value_w
    if bound.band_hz is not None:
        keep, slow_w = _advanced(bound.band_hz, seen, now_ns)
        raw_w = keep * seen.raw_w + (1.0 - keep) * value_w
        figure = raw_w - slow_w
    begins_ns = now_ns - bound.window_ns
    lows = _queued(seen.lows, begins_ns, now_ns, figure, 1.0)
    highs = _queued(seen.highs, begins_ns, now_ns, figure, -1.0)
    return Seen(lows, highs, raw_w, slow_w, now_ns)


def stood(bound: Bound, seen: Seen, now_ns: int, value_w: float) -> Seen:
    """Return the memory of a bound after a value that was measured now and stood since the last.

    A filtered signal was farthest from zero when the value came, just after it was last looked at:
    at the end of a look much of that is over. As it was then it counts until the whole look is out
    of the window: in between it was hardly less.
    """
    if bound.band_hz is None:
        return passed(bound, seen, now_ns, value_w)
    step_s = max(now_ns - seen.at_ns, 1) / SECOND
    came_w, keep = value_w - seen.slow_w, exp(-tau * bound.band_hz[0] * step_s)
    slow_w = keep * seen.slow_w + (1.0 - keep) * value_w
    begins_ns = now_ns - bound.window_ns
    lows = _queued(seen.lows, begins_ns, now_ns, came_w, 1.0)
    highs = _queued(seen.highs, begins_ns, now_ns, came_w, -1.0)
    lows = _queued(lows, begins_ns, now_ns, value_w - slow_w, 1.0)
    highs = _queued(highs, begins_ns, now_ns, value_w - slow_w, -1.0)
    return Seen(lows, highs, value_w, slow_w, now_ns)


def _queued(
    queue: tuple[tuple[int, float], ...], begins_ns: int, now_ns: int, value: float, sign: float
) -> tuple[tuple[int, float], ...]:
    """Return the queue of extremes with a value more, without what is too old or hidden by it."""
    begin, end = 0, len(queue)
    while begin < end and queue[begin][0] < begins_ns:
        begin += 1
    while end > begin and sign * queue[end - 1][1] >= sign * value:
        end -= 1
    return (*queue[begin:end], (now_ns, value))
