"""Sparse matrices whose pattern never changes: only their numbers are computed anew.

What depends on patterns (which entries meet in a product, where the sum goes) is found once; then
a product is a gather, a multiplication and a sum by place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.matrix import Matrix
    from daemon.core.estimation.network import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Places of the entries of a matrix, row by row.

    Attributes:
        row: of every entry, rising (n_entry,).
        column: of every entry (n_entry,).
        shape: rows and columns.
    """

    row: Ints
    column: Ints
    shape: tuple[int, int]

    def starts(self) -> NDArray[np.intp]:
        """Return the first entry of every row, and the number of all (n_row + 1,)."""
        return np.searchsorted(self.row, np.arange(self.shape[0] + 1))

    def matrix(self, data: Floats) -> Matrix:
        """Return the matrix with these numbers; entries that are 0 stay."""
        return sparse.csr_array((data, self.column, self.starts()), shape=self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """How the numbers of a product come from those of its factors.

    Attributes:
        left: entry of the left factor in every elementary product (n_product,).
        right: entry of the right factor (n_product,).
        place: entry of the result it is added to (n_product,).
        result: pattern of the result.
    """

    left: Ints
    right: Ints
    place: Ints
    result: Pattern

    def of(self, left: Floats, right: Floats) -> Floats:
        """Return the numbers of the result."""
        parts = left.take(self.left)
        parts *= right.take(self.right)
        return summed(self.place, parts, len(self.result.row))


def summed(place: NDArray[np.integer[Any]], values: Floats, size: int) -> Floats:
    """Return the sums of `values` by place (size,)."""
    return np.bincount(place, values, size).astype(np.float64, copy=False)


def pattern(row: Ints, column: Ints, shape: tuple[int, int]) -> tuple[Pattern, Ints]:
    """Return the pattern with these places, and the entry that each of them became.

    Args:
        row: of every place, in any order, places may repeat (n_place,).
        column: of every place (n_place,).
        shape: rows and columns.
    """
    key, entry = np.unique(row * shape[1] + column, return_inverse=True)
    return Pattern(key // shape[1], key % shape[1], shape), entry


def product(left: Pattern, right: Pattern) -> Product:
    """Return how the product of two patterns is made."""
    first = np.searchsorted(right.row, left.column, side="left")
    count = np.searchsorted(right.row, left.column, side="right") - first
    on_left = np.repeat(np.arange(len(left.row)), count)
    within = np.arange(len(on_left)) - np.repeat(np.cumsum(count) - count, count)
    on_right = first[on_left] + within
    shape = left.shape[0], right.shape[1]
    result, place = pattern(left.row[on_left], right.column[on_right], shape)
    return Product(on_left, on_right, place, result)


def transposed(of: Pattern) -> tuple[Pattern, Ints]:
    """Return the transpose, and which entry of `of` each of its entries is."""
    order = np.argsort(of.column, kind="stable")
    return Pattern(of.column[order], of.row[order], of.shape[::-1]), order
