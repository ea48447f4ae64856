"""Points that are always read together: one look at the image instead of one for every value.

A controller that needs many values each scan names them once per site (`once_per_site`) and reads
them as a list in the order it named them. What `View.read` says of one value holds for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.quality import Quality, good_mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.image import Image
    from daemon.model.points import PointTable

_UNCERTAIN: Final = int(Quality.UNCERTAIN)


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

    def read(self, image: Image) -> list[float | None]:
        """Return each value that is served and good, else None."""
        values: list[float | None] = image.values[self._served].tolist()
        codes = image.quality[self._served]
        if codes.max(initial=0) >= _UNCERTAIN:
            pairs = zip(values, good_mask(codes).tolist(), strict=True)
            values = [value if good else None for value, good in pairs]
        if len(self._places) == self._size:
            return values
        every: list[float | None] = [None] * self._size
        for place, value in zip(self._places, values, strict=True):
            every[place] = value
        return every
