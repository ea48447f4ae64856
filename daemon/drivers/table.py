"""The live table: the last value of every point, its quality and when it came.

Drivers write, a scan freezes. What a freeze adds is age, by these rules:

- older than three of its periods (at least `STALE_MIN`, so that no value is called stale before
  one request had its time): Uncertain, "no communication, last usable value";
- older than ten periods (at least `DEAD_MIN`): Bad, "no communication";
- the life counter of its device rose once and then stood still for `LIFE_LIMIT`: Uncertain, all
  points of the device, though they may still answer (a frozen device behind a live gateway).

A value never gets better by ageing: a Bad one stays as it is.

Between two freezes mostly nothing changes, so a freeze hands out the arrays of the one before, with
the same `Image.version`, for as long as no value and no quality is another. Age is only looked at
when the first value could have grown old, or when one that is marked was heard of again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from daemon.model.image import Image, bits_differ, frozen
from daemon.model.quality import Quality, QualityArray
from daemon.model.quantities import MILLISECOND, SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.model.points import PointTable

Indices = NDArray[np.intp]

STALE_PERIODS: Final = 3
DEAD_PERIODS: Final = 10
STALE_MIN: Final = 300 * MILLISECOND
DEAD_MIN: Final = SECOND
LIFE_LIMIT: Final = 4 * SECOND

_NEVER: Final = np.iinfo(np.int64).max

_STALE: Final = np.uint32(Quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE)
_DEAD: Final = np.uint32(Quality.BAD_NO_COMMUNICATION)
_BAD: Final = np.uint32(Quality.BAD)
_UNCERTAIN: Final = np.uint32(Quality.UNCERTAIN)


class Table:
    """Values (n_point,), quality (n_point,) and time of receipt (n_point,) of a site.

    Attributes:
        renew: called before times of receipt are looked at, for drivers that enter them late.
    """

    def __init__(self, points: PointTable, now_ns: int) -> None:
        """Begin with nothing known at `now_ns` [ns]."""
        n = len(points)
        self.values: Final[NDArray[np.float64]] = np.zeros(n)
        self.quality: Final[QualityArray] = np.full(
            n, Quality.BAD_WAITING_FOR_INITIAL_DATA, dtype=np.uint32
        )
        self.source_ns: Final[NDArray[np.int64]] = np.full(n, now_ns, dtype=np.int64)
        period = np.array([ns(p.period_s) for p in points.points], dtype=np.int64)
        self._stale_ns: Final = np.maximum(STALE_PERIODS * period, STALE_MIN)
        self._dead_ns: Final = np.maximum(DEAD_PERIODS * period, DEAD_MIN)
        self._least_ns: Final = int(self._stale_ns.min(initial=STALE_MIN))
        self._life: Final = _Life(points, now_ns)
        self._read: Final = np.array(["r" in p.place.access for p in points.points], dtype=bool)
        self._changed = True  # a value or a quality may have, since the last look
        self._renewed = True  # a time of receipt has, since it was last copied
        self._marked = False  # some value carries a mark of age or of a stopped counter
        self._old: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)  # which were too old then
        self._unmarks = False  # one of those was heard of since
        self._review_ns = 0  # before this nothing grows old
        self._seen: Image | None = None
        self.renew: Callable[[], None] = _nothing

    def put(
        self,
        indices: Indices,
        values: NDArray[np.float64],
        quality: QualityArray,
        now_ns: int,
    ) -> None:
        """Take in what was read at `now_ns` [ns]: `values` and `quality` (n,) at `indices` (n,)."""
        self.values[indices] = values
        self.quality[indices] = quality
        self._changed = True
        self.touch(indices, now_ns)
        # What was Bad so far did not age.
        self._review_ns = min(self._review_ns, now_ns + self._least_ns)

    def touch(self, indices: Indices, now_ns: int) -> None:
        """Note that the values at `indices` (n,) were confirmed unchanged at `now_ns` [ns]."""
        self.source_ns[indices] = now_ns
        self._renewed = True
        if self._marked and self._old[indices].any():
            self._unmarks = True

    def mark(self, indices: Indices, quality: Quality) -> None:
        """Give the points at `indices` (n,) another quality; values and times stay."""
        self.quality[indices] = quality
        self._changed = True
        self._review_ns = 0

    def expire(self, now_ns: int) -> None:
        """Let every value count as old at `now_ns` [ns] until it is read again."""
        self.renew()
        np.minimum(self.source_ns, now_ns - self._dead_ns - 1, out=self.source_ns)
        self._renewed = True
        self._review_ns = 0

    def complete(self, since_ns: int) -> bool:
        """Return whether all that can be read was answered, well or badly, after `since_ns`."""
        self.renew()
        silent = (self.source_ns < since_ns) & (self.quality < _BAD)
        waiting = self.quality == np.uint32(Quality.BAD_WAITING_FOR_INITIAL_DATA)
        return not bool(((silent | waiting) & self._read).any())

    def freeze(self, now_ns: int, utc_ns: int) -> Image:
        """Return the image of this instant, with stale values marked."""
        self.renew()
        version = self.settle(now_ns)
        seen = self._seen
        assert seen is not None
        source_ns = frozen(self.source_ns) if self._renewed else seen.source_ns
        self._renewed = False
        self._seen = Image(now_ns, utc_ns, seen.values, seen.quality, source_ns, version)
        return self._seen

    def settle(self, now_ns: int) -> int:
        """Let values grow old up to `now_ns` [ns]; return the version a freeze would have now."""
        if now_ns >= self._review_ns:
            self.renew()
        aged = now_ns >= self._review_ns or self._unmarks
        if self._changed or aged or now_ns >= self._life.due_ns:
            self._changed = self._unmarks = False
            self._show(now_ns, self._age(now_ns, anew=aged))
        assert self._seen is not None
        return self._seen.version

    def _age(self, now_ns: int, *, anew: bool) -> QualityArray:
        """Return the quality (n_point,) with marks of age."""
        quality = self.quality
        if anew or self._marked:
            old, dead = self._look(now_ns)
            if old.any():
                quality = quality.copy()
                quality[old & (quality < _UNCERTAIN)] = _STALE
                quality[dead] = _DEAD
        still = self._life.stopped(self.values, now_ns)
        if still is not None:
            quality = np.where(still & (quality < _UNCERTAIN), _STALE, quality)
        self._marked = quality is not self.quality
        return quality

    def _look(self, now_ns: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which values (n_point,) are stale and which dead; note when the next will be."""
        age, usable = now_ns - self.source_ns, self.quality < _BAD
        old, dead = (age > self._stale_ns) & usable, (age > self._dead_ns) & usable
        left = np.where(old, self._dead_ns, self._stale_ns)[usable & ~dead] - age[usable & ~dead]
        self._review_ns = now_ns + int(left.min(initial=_NEVER - now_ns - 1)) + 1
        self._old = old
        return old, dead

    def _show(self, now_ns: int, quality: QualityArray) -> None:
        """Take the arrays of a new version where a value or a quality is another."""
        seen = self._seen
        if seen is None:
            source_ns = frozen(self.source_ns)
            self._seen = Image(now_ns, 0, frozen(self.values), frozen(quality), source_ns, 1)
            return
        judged = not np.array_equal(quality, seen.quality)
        if judged or bits_differ(self.values, seen.values).any():
            self._seen = replace(
                seen,
                values=frozen(self.values),
                quality=frozen(quality) if judged else seen.quality,
                version=seen.version + 1,
            )


def _nothing() -> None:
    pass


class _Life:
    """Watches the life counter of every device that has one.

    Attributes:
        due_ns: the next counter is stopped at this time, if none rises until then [ns].
    """

    def __init__(self, points: PointTable, now_ns: int) -> None:
        counters = [p for p in points.points if p.spec.name == "life_count"]
        device = {p.equipment: i for i, p in enumerate(counters)}
        period = np.array([ns(p.period_s) for p in counters], dtype=np.int64)
        self._counter = np.array([p.index for p in counters], dtype=np.intp)
        # The last place stands for "has no counter" and is never stopped.
        self._owner = np.array(
            [device.get(p.equipment, len(counters)) for p in points.points], dtype=np.intp
        )
        self._limit_ns = np.maximum(LIFE_LIMIT, STALE_PERIODS * period)
        self._last = np.zeros(len(counters))
        self._risen_ns = np.full(len(counters), now_ns, dtype=np.int64)
        self._rises = np.zeros(len(counters), dtype=np.int64)
        self._still: NDArray[np.bool_] | None = None
        self.due_ns = _NEVER

    def stopped(self, values: NDArray[np.float64], now_ns: int) -> NDArray[np.bool_] | None:
        """Return which points (n_point,) belong to a device whose counter stands, or None."""
        if not len(self._counter):
            return None
        count = values[self._counter]
        risen = count != self._last
        anew = bool(risen.any())
        if now_ns < self.due_ns and not anew:
            return self._still
        if anew:
            self._last = count
            self._risen_ns[risen] = now_ns
            self._rises[risen] += 1
        # The first change is the first reading; only a second one shows a counter that works.
        left_ns = self._risen_ns + self._limit_ns - now_ns
        works, stopped = self._rises > 1, left_ns < 0
        ahead = left_ns[works & ~stopped]
        self.due_ns = now_ns + int(ahead.min()) + 1 if len(ahead) else _NEVER
        stopped &= works
        self._still = np.append(stopped, False)[self._owner] if stopped.any() else None
        return self._still
