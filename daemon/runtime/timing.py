"""How long scans took and how late they began: a ring for percentiles, buckets for ever."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.quantities import MILLISECOND

if TYPE_CHECKING:
    from daemon.publishers.publisher import Spread

RING: Final = 16_384


class Timing:
    """Durations [ns]: the last `RING` of them in full, all of them in the buckets of a `Spread`."""

    def __init__(self, spread: Spread) -> None:
        """Count into `spread` as well."""
        self._spread = spread
        self._ring = array("q", bytes(8 * RING))
        self._count = 0

    def add(self, duration_ns: int) -> None:
        """Take in one duration [ns]."""
        self._ring[self._count % RING] = duration_ns
        self._count += 1
        self._spread.add(duration_ns)

    def percentile_ms(self, share: float) -> float:
        """Return the duration that `share` (0 to 100) of the last ones did not exceed [ms]."""
        if not self._count:
            return 0.0
        held = np.frombuffer(self._ring, dtype=np.int64)[: min(self._count, RING)]
        return float(np.percentile(held, share)) / MILLISECOND
