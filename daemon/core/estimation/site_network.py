"""The site as a network: which buses are one node now, and what joins the nodes.

A closed switch has no impedance, so the buses it joins are one node, and its flow is the sum of
what hangs behind it: that of a ring has no such sum and is nobody's. Transformers and cables are
branches. So a network is made anew when a switch moves, and kept. Which converters work and which
sources give changes nothing of it, only what of it conducts, and which way power flows only what
the meters of buses measure: these are looked up (`Prepared` in `estimator`).

Cables have no capacitance and vector groups no phase shift: angles are those of one phase. The
magnetising current of a transformer is a typical one, as no nameplate of a site tells it.

Source: magnetising current of distribution transformers 0.2 to 0.5 %, typical nameplates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.drawing import BASE_VA
from daemon.core.estimation.measurements import Kind
from daemon.core.estimation.network import Branches, Converters, DcBranches, Network, Wiring
from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.core.estimation.drawing import Branch, Drawing
    from daemon.core.estimation.network import Flags, Ints

MAGNETISING_PU: Final = 0.003
STRENGTH: Final = ("utility", "generator", "gas_turbine", "smr", "ess", "pv")
"""Natures that can energise an AC bus, the best reference of angles first."""


Closed = tuple[bool, ...]
"""Which switches of the drawing are closed."""


class Wires(NamedTuple):
    """What decides about the network and what of it conducts, one flag each.

    Attributes:
        closed: by switch of the drawing.
        backward: by switch of the drawing, whether power flows from its second to its first bus;
            of what stands at the bus of a meter only that which leaves it is measured.
        working: by converter of the drawing.
        giving: by draw of the drawing, whether it may energise its bus now.
        unknown: buses of the drawing that are fed by nobody knows what; nothing gives there.
    """

    closed: Closed
    backward: tuple[bool, ...]
    working: tuple[bool, ...]
    giving: tuple[bool, ...]
    unknown: frozenset[int] = frozenset()


class Term(NamedTuple):
    """One quantity of the network, and how often it counts in a sum."""

    kind: Kind
    place: int
    end: int
    sign: float


Terms = tuple[Term, ...]


class WayOut(NamedTuple):
    """A closed switch at the bus of a meter.

    Attributes:
        switch: its number.
        forward: whether the bus is its first one: power leaves then unless it flows backward.
        terms: what leaves through it then; None where nobody knows, as in a ring.
    """

    switch: int
    forward: bool
    terms: Terms | None


class Exit(NamedTuple):
    """What may leave the bus of a meter: what hangs on it and takes, and through switches."""

    hanging: Terms
    ways: tuple[WayOut, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SiteNetwork:
    """A network and how to find a site in it.

    Attributes:
        closed: the switches it was made for.
        network: its arrays.
        node: AC or DC bus of the network that a bus of the drawing belongs to (n_bus,).
        part: the same for all that closed switches and branches join, of the lowest bus of it.
        draw: number of a draw of the drawing among the AC or DC draws of the network (n_draw,).
        line: number of a branch of the drawing among the AC or DC branches of it (n_branch,).
        sources: draws of the drawing that are the AC sources of the network.
        dc_sources: those that are its DC sources.
        flows: by closed switch what flows through it from its first to its second bus; without
            those of a ring.
        exits: by bus of a meter what may leave it.
    """

    closed: Closed
    network: Network
    node: Ints
    part: tuple[int, ...]
    draw: Ints
    line: Ints
    sources: tuple[int, ...]
    dc_sources: tuple[int, ...]
    flows: dict[int, Terms]
    exits: dict[int, Exit]

    def wiring(self, wires: Wires) -> Wiring:
        """Return what of the network conducts."""
        network = self.network
        giving = np.array(wires.giving, dtype=np.bool_)
        return Wiring(
            branch_on=np.ones(len(network.branches.y), dtype=np.bool_),
            dc_branch_on=np.ones(len(network.dc_branches.g), dtype=np.bool_),
            converter_on=np.array(wires.working, dtype=np.bool_),
            source_on=giving[list(self.sources)],
            dc_source_on=giving[list(self.dc_sources)],
        )

    def live(self, drawing: Drawing, wires: Wires) -> Flags:
        """Return which buses of the drawing a source reaches through what works (n_bus,)."""
        live = energised(drawing, self.part, wires.working, wires.giving)
        return np.array([one in live for one in self.part], dtype=np.bool_)


def build(drawing: Drawing, closed: Closed, metered: Iterable[int] = ()) -> SiteNetwork:
    """Return the network of a site.

    Args:
        drawing: the site.
        closed: which switches are.
        metered: buses with a meter of what leaves them.
    """
    ends = [s.ends for s, one in zip(drawing.switches, closed, strict=True) if one]
    node = _numbered(_joined(len(drawing.buses), ends), drawing.is_dc)
    draw = _numbered(range(len(drawing.draws)), [drawing.is_dc[d.bus] for d in drawing.draws])
    ac = [i for i, d in enumerate(drawing.draws) if not drawing.is_dc[d.bus]]
    dc = [i for i, d in enumerate(drawing.draws) if drawing.is_dc[d.bus]]
    n_ac, n_dc = (_count(node, drawing.is_dc, dc=kind) for kind in (False, True))
    at_ac, at_dc = (node[[drawing.draws[i].bus for i in some]] for some in (ac, dc))
    line = _numbered(
        range(len(drawing.branches)), [drawing.is_dc[b.ends[0]] for b in drawing.branches]
    )
    lines = [b for b in drawing.branches if not drawing.is_dc[b.ends[0]]]
    busways = [b for b in drawing.branches if drawing.is_dc[b.ends[0]]]
    sources = _sources(drawing, ac)
    dc_sources = [i for i in dc if drawing.draws[i].source]
    network = Network(
        n_ac=n_ac,
        n_dc=n_dc,
        branches=_branches(lines, node, drawing.nominal_v),
        dc_branches=_busways(busways, node, drawing),
        converters=_converters(drawing, node),
        sources=node[[drawing.draws[i].bus for i in sources]],
        dc_sources=node[[drawing.draws[i].bus for i in dc_sources]],
        transit=np.setdiff1d(np.arange(n_ac), at_ac),
        dc_transit=np.setdiff1d(np.arange(n_dc), at_dc),
        draws=at_ac,
        dc_draws=at_dc,
    )
    leaving = hanging(drawing, draw, line)
    flows = _flows(drawing, closed, leaving)
    return SiteNetwork(
        closed=closed,
        network=network,
        node=node,
        part=tuple(parts(drawing, closed)),
        draw=draw,
        line=line,
        sources=tuple(sources),
        dc_sources=tuple(dc_sources),
        flows=flows,
        exits=_exits(drawing, closed, metered, flows, leaving, draw),
    )


def parts(drawing: Drawing, closed: Closed) -> list[int]:
    """Return for each bus of the drawing the lowest that closed switches and branches join it to.

    Args:
        drawing: the site.
        closed: which switches are.
    """
    ends = [s.ends for s, one in zip(drawing.switches, closed, strict=True) if one]
    return _joined(len(drawing.buses), [*ends, *(b.ends for b in drawing.branches)])


def energised(
    drawing: Drawing, part: Sequence[int], working: Sequence[bool], giving: Sequence[bool]
) -> set[int]:
    """Return the parts that a source reaches through what works.

    Args:
        drawing: the site.
        part: of every bus (n_bus,).
        working: which converters do (n_converter,).
        giving: which draws may energise their bus (n_draw,).
    """
    live = {part[d.bus] for d, gives in zip(drawing.draws, giving, strict=True) if gives}
    works = [c for c, on in zip(drawing.converters, working, strict=True) if on]
    before = -1
    while before != len(live):
        before = len(live)
        for each in works:
            start, end = (each.ac, each.dc) if each.part == "rectifier" else (each.dc, each.ac)
            if part[start] in live:
                live.add(part[end])
    return live


def _joined(count: int, ends: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each bus the lowest one it is joined to."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in ends:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(i) for i in range(count)]


def _numbered(root: Sequence[int], is_dc: Sequence[bool]) -> Ints:
    """Return consecutive numbers of roots, of AC and of DC each from 0."""
    numbers: dict[int, int] = {}
    counts = [0, 0]
    for one, dc in zip(root, is_dc, strict=True):
        if one not in numbers:
            numbers[one] = counts[dc]
            counts[dc] += 1
    return np.array([numbers[one] for one in root], dtype=np.int64)


def _count(node: Ints, is_dc: Sequence[bool], *, dc: bool) -> int:
    return max((int(n) + 1 for n, kind in zip(node, is_dc, strict=True) if kind is dc), default=0)


def _sources(drawing: Drawing, ac: Sequence[int]) -> list[int]:
    """Return the AC draws that can energise their bus, the strongest first."""
    found = [i for i in ac if drawing.draws[i].source]
    return sorted(found, key=lambda i: STRENGTH.index(drawing.draws[i].members[0].nature))


# What the network is made of.


def _branches(lines: Sequence[Branch], node: Ints, nominal_v: Sequence[float]) -> Branches:
    models = [
        _transformer(b) if b.item.nature == "transformer" else _cable(b, nominal_v) for b in lines
    ]
    return Branches(
        at=node[[b.ends for b in lines]].reshape(-1, 2),
        y=np.array([y for y, _ in models], dtype=np.complex128),
        y_shunt=np.array([[shunt / 2.0] * 2 for _, shunt in models], dtype=np.complex128).reshape(
            -1, 2
        ),
        ratio=np.ones(len(lines)),
        shift=np.zeros(len(lines)),
        tapped=np.flatnonzero([b.item.ratings.get("tap_step_pu", 0.0) > 0.0 for b in lines]),
    )


def _transformer(branch: Branch) -> tuple[complex, complex]:
    """Return series and shunt admittance of a transformer, half of it at either end [pu]."""
    ratings = branch.item.ratings
    rated_va = ratings["power_va"]
    resistance = ratings["load_loss_w"] / rated_va
    reactance = max(ratings["impedance_pu"] ** 2 - resistance**2, 0.0) ** 0.5
    conductance = ratings["no_load_loss_w"] / rated_va
    susceptance = max(MAGNETISING_PU**2 - conductance**2, 0.0) ** 0.5
    size = rated_va / BASE_VA
    return size / complex(resistance, reactance), size * complex(conductance, -susceptance)


def _cable(branch: Branch, nominal_v: Sequence[float]) -> tuple[complex, complex]:
    """Return series and shunt admittance of a cable [pu]."""
    ratings = branch.item.ratings
    ohm = complex(ratings["resistance_ohm"], ratings.get("reactance_ohm", 0.0))
    return nominal_v[branch.ends[0]] ** 2 / BASE_VA / (ohm or complex(LEAST_OHM)), 0j


LEAST_OHM: Final = 1e-4
"""A cable that claims to have no impedance gets this, so that what it carries is known."""


def _busways(busways: Sequence[Branch], node: Ints, drawing: Drawing) -> DcBranches:
    base_ohm = [drawing.nominal_v[b.ends[0]] ** 2 / BASE_VA for b in busways]
    ohm = [max(b.item.ratings["resistance_ohm"], LEAST_OHM) for b in busways]
    return DcBranches(
        at=node[[b.ends for b in busways]].reshape(-1, 2),
        g=np.array([base / one for base, one in zip(base_ohm, ohm, strict=True)]),
    )


def _converters(drawing: Drawing, node: Ints) -> Converters:
    found = drawing.converters
    return Converters(
        ac=node[[c.ac for c in found]],
        dc=node[[c.dc for c in found]],
        loss=np.array([c.loss for c in found]).reshape(-1, 3),
        forms=np.array([c.part == "inverter" for c in found], dtype=np.bool_),
    )


# What flows through switches.

Hanging = dict[int, list[Term]]


def _flows(drawing: Drawing, closed: Closed, hanging: Hanging) -> dict[int, Terms]:
    """Return by closed switch the sum of what hangs on its second side, or less of the first."""
    ways: dict[int, list[tuple[int, int]]] = {}
    for number, (switch, joins) in enumerate(zip(drawing.switches, closed, strict=True)):
        if joins:
            a, b = switch.ends
            ways.setdefault(a, []).append((b, number))
            ways.setdefault(b, []).append((a, number))
    found: dict[int, Terms] = {}
    for number, (switch, joins) in enumerate(zip(drawing.switches, closed, strict=True)):
        if not joins:
            continue
        behind = _side(ways, switch.ends[1], number)
        if switch.ends[0] in behind:
            continue
        before = _side(ways, switch.ends[0], number)
        there = [t for bus in sorted(behind) for t in hanging.get(bus, ())]
        here = [t for bus in sorted(before) for t in hanging.get(bus, ())]
        shorter = there if len(there) <= len(here) else [turned(t) for t in here]
        found[number] = tuple(shorter)
    return found


def turned(term: Term) -> Term:
    """Return the same the other way round."""
    return term._replace(sign=-term.sign)


def _side(ways: dict[int, list[tuple[int, int]]], start: int, without: int) -> set[int]:
    """Return the buses joined to one by closed switches, but for one of them."""
    seen, left = {start}, [start]
    while left:
        for bus, number in ways.get(left.pop(), ()):
            if number != without and bus not in seen:
                seen.add(bus)
                left.append(bus)
    return seen


def hanging(drawing: Drawing, draw: Ints, line: Ints) -> Hanging:
    """Return by bus the active powers that leave it other than through switches."""
    found: Hanging = {}
    for bus, term in _leaving(drawing, draw, line):
        found.setdefault(bus, []).append(term)
    return found


def _leaving(drawing: Drawing, draw: Ints, line: Ints) -> Iterable[tuple[int, Term]]:
    for number, each in zip(draw.tolist(), drawing.draws, strict=True):
        kind = Kind.DC_DRAW_P if drawing.is_dc[each.bus] else Kind.DRAW_P
        yield each.bus, Term(kind, number, 0, 1.0)
    for number, branch in zip(line.tolist(), drawing.branches, strict=True):
        kind = Kind.DC_FLOW_P if drawing.is_dc[branch.ends[0]] else Kind.FLOW_P
        for end, bus in enumerate(branch.ends):
            yield bus, Term(kind, number, end, 1.0)
    for number, converter in enumerate(drawing.converters):
        yield converter.ac, Term(Kind.CONVERTER_P, number, 0, 1.0)
        yield converter.dc, Term(Kind.CONVERTER_DC_P, number, 0, -1.0)


def _exits(
    drawing: Drawing,
    closed: Closed,
    metered: Iterable[int],
    flows: dict[int, Terms],
    hanging: Hanging,
    draw: Ints,
) -> dict[int, Exit]:
    """Return by metered bus what may leave it: what hangs on it and takes, and through switches.

    What only compensates takes nothing.
    """
    found: dict[int, Exit] = {}
    draws = {int(n): i for i, n in enumerate(draw) if not drawing.is_dc[drawing.draws[i].bus]}
    for bus in metered:
        ways = []
        for number, switch in enumerate(drawing.switches):
            terms = flows.get(number)
            if closed[number] and bus in switch.ends and not _compensates(drawing, draws, terms):
                forward = switch.ends[0] == bus
                if terms is not None and not forward:
                    terms = tuple(turned(t) for t in terms)
                ways.append(WayOut(number, forward, terms))
        takes = tuple(t for t in hanging.get(bus, ()) if _takes(drawing, t))
        found[bus] = Exit(takes, tuple(ways))
    return found


def _compensates(drawing: Drawing, draws: dict[int, int], terms: Terms | None) -> bool:
    """Return whether a switch leads to compensation and nothing else."""
    return bool(terms) and all(
        t.kind is Kind.DRAW_P
        and drawing.draws[draws[t.place]].members[0].kind.role is Role.COMPENSATOR
        for t in terms or ()
    )


def _takes(drawing: Drawing, term: Term) -> bool:
    """Return whether what hangs on a bus takes power from it in normal operation."""
    if term.kind in {Kind.FLOW_P, Kind.DC_FLOW_P}:
        return term.end == 0
    if term.kind in {Kind.CONVERTER_P, Kind.CONVERTER_DC_P}:
        return (term.kind is Kind.CONVERTER_P) == (
            drawing.converters[term.place].part == "rectifier"
        )
    return True
