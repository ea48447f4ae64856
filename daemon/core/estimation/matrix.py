"""Matrices as the equations use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.network import Floats

Matrix: TypeAlias = "sparse.csr_array[np.float64, tuple[int, int]]"
Columns: TypeAlias = "sparse.csc_array[np.float64]"
Compact: TypeAlias = "Matrix | NDArray[np.float64]"
"""A matrix that is dense where that is faster."""


def times(matrix: Compact | Columns, vector: Floats) -> Floats:
    """Return `matrix` times `vector`."""
    return cast("Floats", matrix @ vector)
