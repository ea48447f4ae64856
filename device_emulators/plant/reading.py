"""Reading many points at once.

A point whose value stands in an array is a `Cell`; a reader takes all cells of all arrays together,
and calls everything else one by one. Arrays may be others at each reading, but not longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
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
    arrays: dict[tuple[int, str], tuple[object, str, int]] = {}
    calls = [get for get in getters if not isinstance(get, Cell)]
    start, called = len(calls), 0
    index, factor = np.zeros(len(getters), np.intp), np.ones(len(getters))
    for place, get in enumerate(getters):
        if not isinstance(get, Cell):
            index[place] = called
            called += 1
            continue
        key = id(get.owner), get.name
        if key not in arrays:
            arrays[key] = get.owner, get.name, start
            start += len(getattr(get.owner, get.name))
        index[place], factor[place] = arrays[key][2] + get.index, get.factor
    sources = [(owner, name) for owner, name, _ in arrays.values()]
    if not calls and len(sources) == 1:
        return partial(_from_one, *sources[0], index, factor)

    def read() -> NDArray[np.float64]:
        found = [[get() for get in calls], *[getattr(owner, name) for owner, name in sources]]
        values: NDArray[np.float64] = np.concatenate(found, dtype=np.float64)[index]
        values *= factor
        return values

    return read


def _from_one(
    owner: object, name: str, index: NDArray[np.intp], factor: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return some values of one array attribute (n_index,)."""
    values: NDArray[np.float64] = getattr(owner, name)[index] * factor
    return values
