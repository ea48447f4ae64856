"""The worst figure so far, and how often the limit was passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.compliance.samples import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Worst:
    """What is kept of figures that should be small.

    Attributes:
        value: the largest; None before the first.
        at_ns: when it was [ns].
        first_ns: when a figure was beyond the limit first, None if none was [ns].
        count: how many times figures went beyond it.
        inside: the last figure was within the limit.
    """

    value: float | None = None
    at_ns: int = 0
    first_ns: int | None = None
    count: int = 0
    inside: bool = True

    def one(self, at_ns: int, value: float, limit: float) -> Worst:
        """Return the worst with one more event."""
        at, figure = np.array([at_ns], dtype=np.int64), np.array([value])
        return self.more(at, figure, limit, events=True)

    def more(
        self,
        t_ns: NDArray[np.int64],
        figures: NDArray[np.float64],
        limit: float,
        *,
        events: bool = False,
    ) -> Worst:
        """Return the worst with more figures `(n,)` in order of time.

        Args:
            t_ns: when they were `(n,)` [ns].
            figures: `(n,)`.
            limit: what they should not be above.
            events: each counts by itself; else those that follow one another count once.
        """
        if not len(figures):
            return self
        k = int(np.argmax(figures))
        value, at_ns = float(figures[k]), int(t_ns[k])
        if self.value is not None and value <= self.value:
            value, at_ns = self.value, self.at_ns
        over = figures > limit + ROUNDING * abs(limit)
        first = int(np.argmax(over))
        if not over[first]:
            return Worst(value, at_ns, self.first_ns, self.count)
        begun = int(np.count_nonzero(over))
        if not events:
            begun -= int(np.count_nonzero(over[1:] & over[:-1]))
            begun -= int(over[0] and not self.inside)
        first_ns = int(t_ns[first]) if self.first_ns is None else self.first_ns
        return Worst(value, at_ns, first_ns, self.count + begun, not over[-1])


NOTHING: Final = Worst()
"""Before the first figure."""
