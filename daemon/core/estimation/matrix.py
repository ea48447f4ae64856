"""Matrices as the equations use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import sparse
from scipy.sparse import _sparsetools

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from daemon.core.estimation.network import Floats

Matrix: TypeAlias = "sparse.csr_array[np.float64, tuple[int, int]]"
Compact: TypeAlias = "Matrix | NDArray[np.float64]"
"""A matrix that is dense where that is faster."""

Linear: TypeAlias = "Callable[[Floats], Floats]"
"""What a matrix does to a vector."""


def linear(matrix: Compact) -> Linear:
    """Return what `matrix` does to a vector, all that does not depend on it looked up once.

    It is what `matrix @ vector` comes to. For a plant of 200 buses the operator of sparse matrices
    spends a third of its time on finding out what it was given.
    """
    if isinstance(matrix, np.ndarray):
        return matrix.dot  # the operator takes half as long again where it is small
    rows, columns = matrix.shape
    start, index, data = matrix.indptr, matrix.indices, matrix.data

    def product(vector: Floats) -> Floats:
        into = np.zeros(rows)
        _sparsetools.csr_matvec(rows, columns, start, index, data, vector, into)
        return into

    return product
