"""Which parts of the plant hang on one switch alone, by the positions that are shown.

What a switch joins falls into two parts when it is taken away, unless another way leads round it.
All those switches are found in one walk (bridges of a graph), with the sources on either side; for
switches that are shown open the parts are simply what lies at either end.

A connection counts unless it is known to be open: a part is said to hang on a switch alone only
where nothing else could feed it. Converters feed their output side while they work, and never their
input.

Source: R. E. Tarjan, doi:10.1016/0020-0190(74)90003-9 (bridges).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.topology import once_per_site
from daemon.model.natures import Role
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.model.image import Image
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

    Array = NDArray[np.float64]
    Ints = NDArray[np.int64]

_IDLE: Final = frozenset({"stopped", "cranking", "resting", "starting", "offline", "off", "fault"})
"""Stages in which a source or converter certainly feeds nothing."""
_UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The two parts of every switch.

    Attributes:
        fed: whether the part of a side has a source of its own (n_switch, 2); both are true of a
            switch that another way leads round.
        inside: 1 for the buses that belong to the part of a side (n_switch, 2, n_bus).
        beside: 1 for the switches that lead out of the part of a side (n_switch, 2, n_switch).
    """

    fed: NDArray[np.bool_]
    inside: Array
    beside: Array

    def parts(self, by_bus: Array) -> Array:
        """Return the sum over the buses of each part (n_switch, 2)."""
        return _sums(self.inside, by_bus)

    def out_of(self, by_switch: Array) -> Array:
        """Return the sum over the switches that lead out of each part (n_switch, 2)."""
        return _sums(self.beside, by_switch)


def _sums(of: Array, each: Array) -> Array:
    """Return the sums (n_switch, 2) as one product: what counts is whole, so in any order."""
    summed: Array = of.reshape(-1, len(each)) @ each
    return summed.reshape(-1, 2)


class _Edge(NamedTuple):
    """A connection: its ends, and the point and code by which it is known to be open."""

    a: int
    b: int
    point: int
    opened: tuple[int, ...]


class Joints:
    """All connections and sources of a site."""

    def __init__(self, site: Site, points: PointTable) -> None:
        number = {bus: i for i, bus in enumerate(site.buses)}
        self.n_bus: Final = len(number)
        self.edges: Final[list[_Edge]] = []
        self.sources: Final[list[tuple[int, int, frozenset[int]]]] = []
        for item in site.equipment.values():
            self._add(item, [number[bus] for bus in item.buses], points)
        watched = [e.point for e in self.edges] + [s[1] for s in self.sources]
        self._watched: Final = np.array(watched, dtype=np.intp)

    def _add(self, item: Equipment, ends: list[int], points: PointTable) -> None:
        role = item.kind.role
        if role is Role.SWITCH:
            point = points.find(item.id, "position")
            if point is not None or item.normally != "open":
                self.edges.append(
                    _Edge(ends[0], ends[1], _UNKNOWN if point is None else point, (1,))
                )
        elif role is Role.TRANSFORMER:
            self.edges.append(_Edge(ends[0], ends[1], _UNKNOWN, ()))
        elif role is Role.TRANSFER:
            point = points.find(item.id, "connected")
            known = _UNKNOWN if point is None else point
            for source in (1, 2):
                self.edges.append(_Edge(ends[source - 1], ends[2], known, (0, 3 - source)))
        elif role in {Role.SOURCE, Role.STORAGE, Role.CONVERTER}:
            point = points.find(item.id, "stage")
            states = item.kind.points["stage"].states if point is not None else ()
            idle = frozenset(n for n, label in enumerate(states) if label in _IDLE)
            self.sources.append((ends[-1], _UNKNOWN if point is None else point, idle))

    def codes(self, image: Image) -> Ints:
        """Return what tells of connections, then of sources (n_told,); -1 where nothing does."""
        at = self._watched
        known = (at >= 0) & good_mask(image.quality[at])
        return np.where(known, image.values[at], _UNKNOWN).astype(np.int64)

    def ways(self, codes: Ints, ends: NDArray[np.intp]) -> Ways:
        """Return the parts of every switch.

        Args:
            codes: as `codes` returned them.
            ends: buses of the switches that are asked about (n_switch, 2).
        """
        told = codes.tolist()
        edges = [
            (e.a, e.b)
            for e, code in zip(self.edges, told, strict=False)
            if code == _UNKNOWN or code not in e.opened
        ]
        fed = np.zeros(self.n_bus)
        for (bus, _, idle), code in zip(self.sources, told[len(self.edges) :], strict=True):
            fed[bus] += code not in idle
        inside = _parts(self.n_bus, edges, ends)
        beside = inside[:, :, ends[:, 0]] != inside[:, :, ends[:, 1]]
        return Ways((inside @ fed) > 0.0, inside.astype(np.float64), beside.astype(np.float64))


joints_of = once_per_site(Joints)


def _parts(n_bus: int, edges: list[tuple[int, int]], ends: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which buses are joined to either end of a switch without it (n_switch, 2, n_bus)."""
    beside: list[list[tuple[int, int]]] = [[] for _ in range(n_bus)]
    for number, (a, b) in enumerate(edges):
        beside[a].append((b, number))
        beside[b].append((a, number))
    root, below, bridges = _walk(n_bus, beside)
    joined = root[:, None] == root[None, :]
    inside = np.stack([joined[ends[:, 0]], joined[ends[:, 1]]], axis=1)
    for n, (a, b) in enumerate(ends.tolist()):
        for child, parent in ((a, b), (b, a)):
            if bridges.get(child) == parent:
                inside[n, 0 if child == a else 1] = below[child]
                inside[n, 1 if child == a else 0] = joined[parent] & ~below[child]
    return inside


def _walk(
    n_bus: int, beside: list[list[tuple[int, int]]]
) -> tuple[Ints, NDArray[np.bool_], dict[int, int]]:
    """Return the root of every bus, what lies below it, and the bridges: child -> parent."""
    root = np.full(n_bus, -1, dtype=np.int64)
    order: list[int] = []
    seen, low = [-1] * n_bus, [0] * n_bus
    parent, by = [-1] * n_bus, [-1] * n_bus
    for start in range(n_bus):
        if seen[start] >= 0:
            continue
        stack = [(start, iter(beside[start]))]
        seen[start] = low[start] = len(order)
        order.append(start)
        root[start] = start
        while stack:
            bus, rest = stack[-1]
            for other, number in rest:
                if number == by[bus]:
                    continue
                if seen[other] >= 0:
                    low[bus] = min(low[bus], seen[other])
                    continue
                parent[other], by[other] = bus, number
                seen[other] = low[other] = len(order)
                order.append(other)
                root[other] = start
                stack.append((other, iter(beside[other])))
                break
            else:
                stack.pop()
                if parent[bus] >= 0:
                    low[parent[bus]] = min(low[parent[bus]], low[bus])
    below = np.eye(n_bus, dtype=np.bool_)
    for bus in reversed(order):
        if parent[bus] >= 0:
            below[parent[bus]] |= below[bus]
    bridges = {b: parent[b] for b in order if parent[b] >= 0 and low[b] > seen[parent[b]]}
    return root, below, bridges
