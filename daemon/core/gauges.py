"""Points that are always read together: one look at the image instead of one for every value.

A controller that needs many values each scan names them once per site (`once_per_site`) and reads
them as a list in the order it named them. What `View.read` says of one value holds for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from daemon.model.image import Image
    from daemon.model.points import PointTable
    from daemon.model.quality import QualityArray


class Gauges:
    """Some points of a site in an order of their own.

    Attributes:
        points: indices of those that are served.
        every: index of each, None where it is not served.
        unserved: how many are not.
    """

    def __init__(self, points: PointTable, names: Iterable[tuple[str, str]]) -> None:
        """Look up `names` (equipment, point); one that is not served reads None for ever."""
        found = [points.find(equipment, name) for equipment, name in names]
        self._size: Final = len(found)
        self.every: Final = found
        self._places: Final = [n for n, index in enumerate(found) if index is not None]
        self.points: Final = [index for index in found if index is not None]
        self.unserved: Final = len(found) - len(self.points)
        self._served: Final = np.array(self.points, dtype=np.intp)
        self._quality: QualityArray | None = None
        self._good: list[bool] | None = None

    def read(self, image: Image) -> list[float | None]:
        """Return each value that is served and good, else None."""
        values: list[float | None] = image.values[self._served].tolist()
        good = self._judged(image.quality)
        if good is not None:
            values = [value if fine else None for value, fine in zip(values, good, strict=True)]
        if len(self._places) == self._size:
            return values
        every: list[float | None] = [None] * self._size
        for place, value in zip(self._places, values, strict=True):
            every[place] = value
        return every

    def array(self, image: Image) -> NDArray[np.float64]:
        """Return each value (n,), NaN where it is not served or not good."""
        values: NDArray[np.float64] = image.values[self._served]
        if not self.complete(image):
            values[~good_mask(image.quality[self._served])] = np.nan
        if not self.unserved:
            return values
        every = np.full(self._size, np.nan)
        every[self._places] = values
        return every

    def complete(self, image: Image) -> bool:
        """Return whether all that are served are good."""
        return self._judged(image.quality) is None

    def _judged(self, quality: QualityArray) -> list[bool] | None:
        """Return which of the served points are good, None for all; kept while it is one array.

        The array of an image is write-protected, and most images share the one of the image before.
        """
        if quality is not self._quality or quality.flags.writeable:
            good = good_mask(quality[self._served])
            self._quality, self._good = quality, None if good.all() else good.tolist()
        return self._good
