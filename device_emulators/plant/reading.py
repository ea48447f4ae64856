"""Reading many points at once.

A point whose value stands in an array is a `Cell`; a reader takes all cells of one array together,
and calls everything else one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of an array attribute, times a factor.

    Attributes:
        owner: what has the array.
        name: name of the attribute; the array may be another one at each reading.
        index: place in the array.
        factor: what the value is multiplied with.
    """

    owner: object
    name: str
    index: int
    factor: float = 1.0

    def __call__(self) -> float:
        """Return the value now."""
        return float(getattr(self.owner, self.name)[self.index] * self.factor)


def reader(getters: Sequence[Callable[[], float]]) -> Callable[[], NDArray[np.float64]]:
    """Return a function that gets every value (n_getter,), the array a new one each time."""
    groups: dict[tuple[int, str], list[int]] = {}
    single: list[tuple[int, Callable[[], float]]] = []
    for place, get in enumerate(getters):
        if isinstance(get, Cell):
            groups.setdefault((id(get.owner), get.name), []).append(place)
        else:
            single.append((place, get))
    columns = [_Column(getters, places) for places in groups.values()]
    at = np.array([place for place, _ in single], np.intp)
    calls = [get for _, get in single]

    def read() -> NDArray[np.float64]:
        values = np.empty(len(getters))
        for column in columns:
            column.fill(values)
        if calls:
            values[at] = [get() for get in calls]
        return values

    return read


class _Column:
    """Cells of one array and where they go."""

    def __init__(self, getters: Sequence[Callable[[], float]], places: Sequence[int]) -> None:
        cells = [cell for cell in (getters[i] for i in places) if isinstance(cell, Cell)]
        self._owner, self._name = cells[0].owner, cells[0].name
        self._places = np.array(places, np.intp)
        self._index = np.array([cell.index for cell in cells], np.intp)
        factor = np.array([cell.factor for cell in cells])
        self._factor = None if (factor == 1.0).all() else factor

    def fill(self, values: NDArray[np.float64]) -> None:
        found = getattr(self._owner, self._name)[self._index]
        values[self._places] = found if self._factor is None else found * self._factor
