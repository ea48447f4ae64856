"""Reading many points at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def reader(getters: Sequence[Callable[[], float]]) -> Callable[[], NDArray[np.float64]]:
    """Return a function that calls every getter and returns the values (n_getter,)."""

    def read() -> NDArray[np.float64]:
        return np.array([get() for get in getters], dtype=np.float64)

    return read
