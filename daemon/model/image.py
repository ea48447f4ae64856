"""The process image: the whole plant as seen at one instant, frozen.

Struct of arrays, write-protected. `now_ns` is monotonic and rules every decision; `utc_ns` is a
stamp for people and records. A value is only as good as its quality and age: use `Image.good`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from daemon.model.quality import Quality, is_good

if TYPE_CHECKING:
    from daemon.model.quality import QualityArray


@dataclass(frozen=True, slots=True)
class Image:
    """Values, quality and source time of every point at one scan.

    Attributes:
        now_ns: monotonic time of the scan [ns].
        utc_ns: wall-clock time of the scan [ns since 1970].
        values: engineering values (n_point,), float64.
        quality: status codes (n_point,), uint32; stale values are already marked.
        source_ns: monotonic time each value was received (n_point,), int64 [ns].
    """

    now_ns: int
    utc_ns: int
    values: NDArray[np.float64]
    quality: QualityArray
    source_ns: NDArray[np.int64]

    def value(self, index: int) -> float:
        """Return the value at `index`, whatever its quality."""
        return float(self.values[index])

    def good(self, index: int | None) -> bool:
        """Return whether the point at `index` exists and is good now."""
        return index is not None and is_good(int(self.quality[index]))

    def get(self, index: int | None) -> float | None:
        """Return the value at `index` if it is good, else None."""
        return float(self.values[index]) if index is not None and self.good(index) else None

    def age_ns(self, index: int) -> int:
        """Return how long ago the value was received [ns]."""
        return self.now_ns - int(self.source_ns[index])


def freeze(
    now_ns: int,
    utc_ns: int,
    values: NDArray[np.float64],
    quality: QualityArray,
    source_ns: NDArray[np.int64],
) -> Image:
    """Return a write-protected copy of the live arrays (n_point,) as an image."""
    copies = values.copy(), quality.copy(), source_ns.copy()
    for array in copies:
        array.flags.writeable = False
    return Image(now_ns, utc_ns, *copies)


def blank(n_point: int, now_ns: int = 0, utc_ns: int = 0) -> Image:
    """Return an image of `n_point` points of which nothing is known yet."""
    return freeze(
        now_ns,
        utc_ns,
        np.zeros(n_point),
        np.full(n_point, Quality.BAD_WAITING_FOR_INITIAL_DATA, dtype=np.uint32),
        np.full(n_point, now_ns, dtype=np.int64),
    )
