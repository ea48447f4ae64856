"""Direct-current nodes: droop sources, limits, and loads that take from the better feed.

Every source follows `power = clip(offset + rated * max(0, set - v) / droop, floor, ceiling)`: a
converter module rack, a battery that waits below the normal band, a storage unit with a set-point.
Every load asks for constant power while its feed is above 0.90 pu and lets go down to nothing at
0.85 pu, so that a current-limited bus settles where its sources can carry it and the deficit falls
to the storage of the loads. Dual-fed loads lean to the feed with the higher voltage. Supply falls
and demand rises with voltage, so each node has exactly one solution. All curves are straight in
pieces: mostly the answer lies on the same pieces as the one before, and one Newton step for all
nodes together lands on it. Where it does not, nodes are solved in turn until none moves.

Simplified: no resistance inside a node (cables of direct current are merged), no capacitance: the
voltage is the settled one. Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FULL_PU: Final = 0.90
NOTHING_PU: Final = 0.85
LEAN_PU: Final = 0.03
_TOLERANCE_PU: Final = 1e-10
_SETTLED_PU: Final = 1e-9
_BALANCE_W: Final = 1e-3
_SWEEPS: Final = 40
_NUDGE_PU: Final = 1e-7
_FLAT_W: Final = -1.0
_LOW_PU: Final = 0.5
_STEPS: Final = 60
_LEAST: Final = 1e-9


@dataclass(slots=True)
class DcSource:
    """Something that feeds a DC node by droop.

    Attributes:
        bus: index of its bus.
        rated_w: power over which `droop_pu` counts [W].
        set_pu: voltage below which it begins to give [pu].
        droop_pu: fall of voltage over rated power [pu].
        floor_w: lowest power, negative for one that can be charged [W].
        ceiling_w: highest power now, 0 when it is off [W].
        offset_w: power it gives whatever the voltage, negative to charge [W].
        given_w: result: power given to the node [W].
    """

    bus: int
    rated_w: float
    set_pu: float
    droop_pu: float
    floor_w: float = 0.0
    ceiling_w: float = 0.0
    offset_w: float = 0.0
    given_w: float = 0.0

    def power_w(self, v_pu: float) -> float:
        """Return the power given at a voltage [pu] of its node [W]."""
        wanted = self.offset_w
        if v_pu < self.set_pu:
            wanted += self.rated_w * (self.set_pu - v_pu) / self.droop_pu
        wanted = wanted if wanted > self.floor_w else self.floor_w
        return wanted if wanted < self.ceiling_w else self.ceiling_w

    def slope_w(self, v_pu: float) -> float:
        """Return how the power given changes with the voltage [W/pu]."""
        if v_pu >= self.set_pu:
            return 0.0
        wanted = self.offset_w + self.rated_w * (self.set_pu - v_pu) / self.droop_pu
        return -self.rated_w / self.droop_pu if self.floor_w < wanted < self.ceiling_w else 0.0

    @property
    def forms(self) -> bool:
        """Return whether it can hold a voltage by itself."""
        return self.ceiling_w > 0.0


@dataclass(slots=True)
class DcLoad:
    """Constant-power loads that share the same one or two nodes.

    Attributes:
        a: node of feed A.
        b: node of feed B; the same as `a` for one feed.
        demand_w: power asked for [W].
        from_a_pu: result: part of the demand taken from A.
        from_b_pu: result: part taken from B.
    """

    a: int
    b: int
    demand_w: float
    from_a_pu: float = 0.0
    from_b_pu: float = 0.0


def acceptance(v_pu: float) -> float:
    """Return the part of its demand that a load still takes at a feed voltage [pu]."""
    if v_pu >= FULL_PU:
        return 1.0
    return (v_pu - NOTHING_PU) / (FULL_PU - NOTHING_PU) if v_pu > NOTHING_PU else 0.0


def split(va_pu: float, vb_pu: float) -> tuple[float, float]:
    """Return the parts of a dual-fed demand taken from feeds A and B at their voltages [pu]."""
    lean = 0.5 + 0.5 * min(max((va_pu - vb_pu) / LEAN_PU, -1.0), 1.0)
    if va_pu >= FULL_PU <= vb_pu:
        return lean, 1.0 - lean
    ga, gb = acceptance(va_pu), acceptance(vb_pu)
    from_a = min(ga, lean + max(0.0, 1.0 - lean - gb))
    return from_a, min(gb, 1.0 - from_a)


def _shares(load: DcLoad, v_pu: Sequence[float]) -> tuple[float, float]:
    if load.a == load.b:
        return acceptance(v_pu[load.a]), 0.0
    return split(v_pu[load.a], v_pu[load.b])


def _solve_node(
    node: int, sources: Sequence[DcSource], loads: Sequence[DcLoad], v_pu: list[float]
) -> float:
    """Return the voltage [pu] at which `node` balances, the voltages of the others held."""

    def surplus(v: float) -> float:
        v_pu[node] = v
        total = sum(source.power_w(v) for source in sources)
        for load in loads:
            from_a, from_b = _shares(load, v_pu)
            total -= load.demand_w * ((load.a == node) * from_a + (load.b == node) * from_b)
        return total

    guess = v_pu[node]
    high = max(source.set_pu for source in sources if source.forms)
    near = _step_from(surplus, guess)
    if near is not None and near < high:
        v_pu[node] = near
        return near
    low = _LOW_PU
    at_high = surplus(high)
    if at_high >= 0.0:  # nothing is asked for: the stiffest source sets the voltage
        v_pu[node] = high
        return high
    at_low = surplus(low)
    return _root(surplus, low, at_low, high, at_high)


def _step_from(surplus: Callable[[float], float], guess: float) -> float | None:
    """Return the root [pu] if it lies on the same straight piece as `guess`, else None."""
    here = surplus(guess)
    if abs(here) < _BALANCE_W:
        return guess
    slope = (surplus(guess + 1e-7) - here) / 1e-7
    if slope >= 0.0:
        return None
    there = guess - here / slope
    return there if there > _LOW_PU and abs(surplus(there)) < _BALANCE_W else None


def _root(
    surplus: Callable[[float], float], low: float, at_low: float, high: float, at_high: float
) -> float:
    """Return where `surplus` [W] vanishes between two voltages [pu] (Illinois method)."""
    side = 0
    middle = low
    for _ in range(100):
        if high - low < _TOLERANCE_PU or at_low == at_high:
            break
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        value = surplus(middle)
        if abs(value) < _BALANCE_W:
            return middle
        if value > 0.0:
            low, at_low = middle, value
            if side == 1:
                at_high *= 0.5
            side = 1
        else:
            high, at_high = middle, value
            if side == -1:
                at_low *= 0.5
            side = -1
    return middle


def solve(
    v_pu: list[float],
    sources: Sequence[Sequence[DcSource]],
    loads: Sequence[DcLoad],
) -> None:
    """Settle all DC nodes in place: voltages, `given_w` of sources and parts of loads.

    Args:
        v_pu: voltage of every node [pu], a first guess on entry and the answer on return.
        sources: sources by node.
        loads: loads.
    """
    by_node: list[list[DcLoad]] = [[] for _ in v_pu]
    for load in loads:
        by_node[load.a].append(load)
        if load.b != load.a:
            by_node[load.b].append(load)
    live = [any(source.forms for source in group) for group in sources]
    for node, alive in enumerate(live):
        v_pu[node] = (v_pu[node] or 1.0) if alive else 0.0
    for _ in range(_SWEEPS):
        if _leap(v_pu, live, sources, loads) or not _sweep(v_pu, live, sources, by_node):
            break
    for load in loads:
        load.from_a_pu, load.from_b_pu = _shares(load, v_pu)
    for node, group in enumerate(sources):
        _dispatch(node, group, by_node[node], v_pu)


def _sweep(
    v_pu: list[float],
    live: Sequence[bool],
    sources: Sequence[Sequence[DcSource]],
    by_node: Sequence[Sequence[DcLoad]],
) -> bool:
    """Solve the live nodes one after the other; return whether any moved."""
    moved = 0.0
    for node, group in enumerate(sources):
        if live[node]:
            before = v_pu[node]
            v_pu[node] = _solve_node(node, group, by_node[node], v_pu)
            moved = max(moved, abs(v_pu[node] - before))
    return moved >= _SETTLED_PU


def _leap(
    v_pu: list[float],
    live: Sequence[bool],
    sources: Sequence[Sequence[DcSource]],
    loads: Sequence[DcLoad],
) -> bool:
    """Move all live nodes together by Newton steps; return False, nothing moved, when they miss."""
    there = list(v_pu)
    surplus = _surpluses(there, sources, loads)
    for _ in range(_STEPS):
        off = {n for n, alive in enumerate(live) if alive and abs(surplus[n]) >= _BALANCE_W}
        if not off:
            v_pu[:] = there
            return True
        off |= {n for load in loads if off & {load.a, load.b} for n in (load.a, load.b) if live[n]}
        nodes = sorted(off)
        slopes = _slopes(there, nodes, sources, loads)
        rows = [[*(slopes[node][other] for other in nodes), surplus[node]] for node in nodes]
        _eliminate(rows)
        began, before, part = list(there), sum(map(abs, surplus)), 1.0
        while part > _LEAST:  # a whole step may miss the pieces it was taken for
            for node, row in zip(nodes, rows, strict=True):
                high = max([source.set_pu for source in sources[node] if source.forms])
                there[node] = min(max(began[node] - part * row[-1], NOTHING_PU), high)
            surplus = _surpluses(there, sources, loads)
            if sum(map(abs, surplus)) <= before:
                break
            part *= 0.5
    return False


def _surpluses(
    v_pu: Sequence[float], sources: Sequence[Sequence[DcSource]], loads: Sequence[DcLoad]
) -> list[float]:
    """Return what every node is given more than it takes [W]."""
    surplus = [
        sum([source.power_w(v) for source in group]) for v, group in zip(v_pu, sources, strict=True)
    ]
    for load in loads:
        from_a, from_b = _shares(load, v_pu)
        surplus[load.a] -= load.demand_w * from_a
        surplus[load.b] -= load.demand_w * from_b
    return surplus


def _slopes(
    v_pu: Sequence[float],
    nodes: Sequence[int],
    sources: Sequence[Sequence[DcSource]],
    loads: Sequence[DcLoad],
) -> list[list[float]]:
    """Return how the surplus of each of `nodes` (row) changes with the voltage of each [W/pu]."""
    slopes = [[0.0] * len(v_pu) for _ in v_pu]
    for node in nodes:
        slopes[node][node] = sum([source.slope_w(v_pu[node]) for source in sources[node]])
    for load in loads:
        if load.a not in nodes and load.b not in nodes:
            continue
        from_a, from_b = _shares(load, v_pu)
        a, b, va_pu, vb_pu = load.a, load.b, v_pu[load.a], v_pu[load.b]
        if a == b:
            nudged = [(a, (acceptance(va_pu + _NUDGE_PU), 0.0))]
        else:
            nudged = [(a, split(va_pu + _NUDGE_PU, vb_pu)), (b, split(va_pu, vb_pu + _NUDGE_PU))]
        for moved, (then_a, then_b) in nudged:
            slopes[a][moved] -= load.demand_w * (then_a - from_a) / _NUDGE_PU
            slopes[b][moved] -= load.demand_w * (then_b - from_b) / _NUDGE_PU
    return slopes


def _eliminate(rows: list[list[float]]) -> None:
    """Solve a few linear equations in place, the answers last in their rows.

    On the diagonal stand the slopes of the nodes themselves, which outweigh the rest of their
    columns. Nodes whose sources are all at their limit have none: they get one that moves them
    quickly to where their loads let go.
    """
    for i, row in enumerate(rows):
        if abs(row[i]) < -_FLAT_W:
            row[i] = _FLAT_W
        factor = 1.0 / row[i]
        row[:] = [value * factor for value in row]
        for other in rows:
            if other is not row and other[i] != 0.0:
                factor = other[i]
                other[:] = [x - factor * y for x, y in zip(other, row, strict=True)]


def _dispatch(
    node: int, sources: Sequence[DcSource], loads: Sequence[DcLoad], v_pu: Sequence[float]
) -> None:
    """Set what each source of a node gives; rounding goes to the one with most room."""
    for source in sources:
        source.given_w = source.power_w(v_pu[node]) if v_pu[node] > 0.0 else 0.0
    demand = sum(
        [
            load.demand_w * ((load.a == node) * load.from_a_pu + (load.b == node) * load.from_b_pu)
            for load in loads
        ]
    )
    running = [source for source in sources if source.ceiling_w > 0.0]
    if running and v_pu[node] > 0.0:
        roomy = max(running, key=lambda s: min(s.ceiling_w - s.given_w, s.given_w - s.floor_w))
        roomy.given_w += demand - sum([source.given_w for source in sources])
