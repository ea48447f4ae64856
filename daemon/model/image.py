"""The process image: the whole plant as seen at one instant, frozen.

Struct of arrays, write-protected. `now_ns` is monotonic and rules every decision; `utc_ns` is a
stamp for people and records. A value is only as good as its quality and age: use `Image.good`.

Most scans see what the one before them saw. `version` says so without a look at the arrays: two
images of one table with the same version, other than `UNVERSIONED`, hold the same values and
qualities; times of receipt may differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from daemon.model.quality import Quality, is_good

if TYPE_CHECKING:
    from daemon.model.quality import QualityArray

T = TypeVar("T", bound=np.generic)

UNVERSIONED: Final = 0
"""Version of an image that is not known to be like any other."""


@dataclass(frozen=True, slots=True)
class Image:
    """Values, quality and source time of every point at one scan.

    Attributes:
        now_ns: monotonic time of the scan [ns].
        utc_ns: wall-clock time of the scan [ns since 1970].
        values: engineering values (n_point,), float64.
        quality: status codes (n_point,), uint32; stale values are already marked.
        source_ns: monotonic time each value was received (n_point,), int64 [ns].
        version: rises with every change of a value or a quality.
    """

    now_ns: int
    utc_ns: int
    values: NDArray[np.float64]
    quality: QualityArray
    source_ns: NDArray[np.int64]
    version: int = UNVERSIONED

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
    return Image(now_ns, utc_ns, frozen(values), frozen(quality), frozen(source_ns))


def frozen(array: NDArray[T]) -> NDArray[T]:
    """Return a write-protected copy of an array."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def bits_differ(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where two arrays (n_point,) differ as bits: a NaN that stays is no change."""
    return np.not_equal(one.view(np.int64), other.view(np.int64))


def blank(n_point: int, now_ns: int = 0, utc_ns: int = 0) -> Image:
    """Return an image of `n_point` points of which nothing is known yet."""
    return freeze(
        now_ns,
        utc_ns,
        np.zeros(n_point),
        np.full(n_point, Quality.BAD_WAITING_FOR_INITIAL_DATA, dtype=np.uint32),
        np.full(n_point, now_ns, dtype=np.int64),
    )
