"""Which buses are one node, which nodes are one island, and what flows through a closed switch.

Closed switches have no impedance: they merge their buses into one *node*. Nodes joined by branches
(transformers, cables) form an *island*. Inside a node the flow of every closed switch follows from
the injections alone: on a spanning tree it is the sum over the buses behind it. A closed ring of
switches has no unique answer; its last edge in file order is then said to carry nothing.

Source: own derivation (Kirchhoff's current law on a tree).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def merge(count: int, pairs: Sequence[tuple[int, int]]) -> NDArray[np.intp]:
    """Return the group of each of `count` items (count,) after joining `pairs`.

    Groups are numbered in the order of their first member, so the result does not depend on the
    order of `pairs`.
    """
    root = list(range(count))

    def find(item: int) -> int:
        while root[item] != item:
            root[item] = root[root[item]]
            item = root[item]
        return item

    for a, b in pairs:
        low, high = sorted((find(a), find(b)))
        root[high] = low
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(find(i), len(numbers)) for i in range(count)], np.intp)


def switch_flows(count: int, edges: Sequence[tuple[int, int, int]]) -> tuple[csr_array, int]:
    """Return the matrix that turns bus injections into switch flows, and the count of its rows.

    Args:
        count: number of buses.
        edges: closed switches as (row, source bus, load bus).

    Returns:
        Matrix (n_row, n_bus): its product with the consumption of every bus [W] is the power
        through every switch from its source to its load terminal [W]; open switches have zero rows.
    """
    neighbours: list[list[tuple[int, int, float]]] = [[] for _ in range(count)]
    n_row = 1 + max((row for row, _, _ in edges), default=-1)
    for row, source, load in edges:
        neighbours[source].append((load, row, 1.0))
        neighbours[load].append((source, row, -1.0))
    above: list[tuple[int, int, float] | None] = [None] * count  # bus above, switch, sign
    seen = [False] * count
    order: list[int] = []
    for start in range(count):
        if seen[start]:
            continue
        seen[start] = True
        stack = [start]
        while stack:
            bus = stack.pop()
            order.append(bus)
            for other, row, sign in neighbours[bus]:
                if not seen[other]:
                    seen[other] = True
                    above[other] = (bus, row, sign)
                    stack.append(other)
    rows, columns, values = [], [], []
    for bus in order:
        step = above[bus]
        while step is not None:
            upper, row, sign = step
            rows.append(row)
            columns.append(bus)
            values.append(sign)
            step = above[upper]
    return csr_array((values, (rows, columns)), shape=(max(n_row, 1), count)), n_row


def sum_by(place: NDArray[np.intp], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the sums of `values` (n,) by their `place` (n,) in 0..count-1 (count,)."""
    sums: NDArray[np.float64] = np.bincount(place, values, count).astype(np.float64, copy=False)
    return sums
