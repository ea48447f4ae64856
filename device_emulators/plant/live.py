"""Everything that follows from the positions of the switches, found anew when one has moved.

Which buses are one node, which nodes one island, who leads it, which neutrals earth what, the
power-flow model of the healthy live islands, that of those with a short circuit, and the groups of
loads that share the same DC nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from device_emulators.plant import earthing
from device_emulators.plant.dc import DcLoad, DcSource
from device_emulators.plant.elements import Island
from device_emulators.plant.network import AcModel
from device_emulators.plant.short_circuit import FaultModel
from device_emulators.plant.topology import merge, switch_flows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device_emulators.plant.earthing import Neutral
    from device_emulators.plant.elements import Fault, Former
    from device_emulators.plant.grid import Grid


@dataclass(frozen=True, slots=True)
class Model:
    """The power-flow model and its place among the buses.

    Attributes:
        solver: the model, or None when nothing is live.
        bus: buses that are live (n_live,).
        node: node of the model of each of them (n_live,).
        count: number of nodes.
        branches: branches that are live, by number.
        leaders: references of these islands.
    """

    solver: AcModel | None
    bus: NDArray[np.intp]
    node: NDArray[np.intp]
    count: int
    branches: NDArray[np.intp]
    leaders: list[Former]


@dataclass(frozen=True, slots=True)
class DcNodes:
    """The DC side of a topology.

    Attributes:
        bus: DC buses (n_dc,).
        node: node of each of them (n_dc,).
        places: both as pairs of numbers.
        count: number of nodes.
        sources: sources by node.
        groups: loads that share their nodes, summed, with the numbers of their pairs.
        faults: short circuits between the poles: their place among the faults, node, resistance.
    """

    bus: NDArray[np.intp]
    node: NDArray[np.intp]
    places: list[tuple[int, int]]
    count: int
    sources: list[list[DcSource]]
    groups: list[tuple[DcLoad, NDArray[np.intp]]]
    faults: list[tuple[int, int, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """What belongs to one topology.

    Attributes:
        flows: matrix from bus consumption to switch flows (n_switch, n_bus).
        enters: bus of all that takes part in the consumption of buses: slots, both ends of all
            branches, leaders, faults, DC sources, both feeds of all pairs.
        islands: AC islands.
        island_of: island of every bus, -1 for DC (n_bus,).
        leaders: references of the live islands.
        slot_bus: bus of every slot (n_slot,).
        slot_island: island of every slot, one more than the last for DC (n_slot,).
        slot_alive: whether its bus is live AC (n_slot,).
        branch_island: island of every branch (n_branch,).
        zone: zone of every bus, which one neutral earths (n_bus,).
        earths: neutrals that earth each zone, by zone.
        model: the healthy AC side.
        faulted: AC islands with a short circuit, or None.
        faulted_at: place among the faults of each that is in `faulted`.
        dc: the DC side.
    """

    flows: NDArray[np.float64]
    enters: NDArray[np.intp]
    islands: list[Island]
    island_of: NDArray[np.intp]
    leaders: list[Former]
    slot_bus: NDArray[np.intp]
    slot_island: NDArray[np.intp]
    slot_alive: NDArray[np.bool_]
    branch_island: NDArray[np.intp]
    zone: NDArray[np.intp]
    earths: dict[int, list[Neutral]]
    model: Model
    faulted: FaultModel | None
    faulted_at: list[int]
    dc: DcNodes


def find(grid: Grid) -> Live:
    """Return what the present positions mean; leaders are told that they lead."""
    n_bus = len(grid.bus_ids)
    closed = [(i, s.source, s.load) for i, s in enumerate(grid.switches) if s.closed]
    node = merge(n_bus, [(a, b) for _, a, b in closed])
    flows = np.zeros((len(grid.switches), n_bus))
    through, n_row = switch_flows(n_bus, closed)
    flows[:n_row] = through.toarray()[:n_row]
    joined = [(int(node[b.source]), int(node[b.load])) for b in grid.branches]
    islands, island_of = _islands(grid, merge(int(node.max()) + 1, joined)[node])
    leaders = [island.leader for island in islands if island.leader is not None]
    for former in grid.formers:
        former.leads = False
    for leader in leaders:
        leader.leads = True
    alive = np.array([island.leader is not None for island in islands] + [False])[island_of]
    slot_bus = np.array(grid.slot_bus, np.intp)
    zone = earthing.zones(grid, node)
    earths = earthing.earthed_by(grid, zone)
    fed = _fed_faults(grid, islands, island_of, zone, earths)
    for number in {int(island_of[fault.bus]) for _, fault in fed}:
        islands[number].faulted = True
    sound = alive & ~np.array([island.faulted for island in islands] + [False])[island_of]
    return Live(
        flows=flows,
        enters=_enters(grid, leaders),
        islands=islands,
        island_of=island_of,
        leaders=leaders,
        slot_bus=slot_bus,
        slot_island=np.where(island_of < 0, len(islands), island_of)[slot_bus],
        slot_alive=alive[slot_bus],
        branch_island=np.array([island_of[b.source] for b in grid.branches], np.intp),
        zone=zone,
        earths=earths,
        model=_model(grid, node, np.flatnonzero(sound), islands),
        faulted=_fault_model(grid, node, islands, fed, zone, earths),
        faulted_at=[place for place, _ in fed],
        dc=_dc_nodes(grid, node),
    )


def _enters(grid: Grid, leaders: list[Former]) -> NDArray[np.intp]:
    return np.array(
        [
            *grid.slot_bus,
            *(branch.source for branch in grid.branches),
            *(branch.load for branch in grid.branches),
            *(leader.bus for leader in leaders),
            *(fault.bus for fault in grid.faults.values()),
            *(source.bus for source in grid.dc_sources),
            *grid.pairs.bus_a,
            *grid.pairs.bus_b,
        ],
        np.intp,
    )


def _islands(grid: Grid, raw: NDArray[np.intp]) -> tuple[list[Island], NDArray[np.intp]]:
    island_of = np.full(len(raw), -1, np.intp)
    islands: list[Island] = []
    for number in np.unique(raw[grid.is_ac]):
        buses = np.flatnonzero((raw == number) & grid.is_ac)
        members = [f for f in grid.formers if f.able and raw[f.bus] == number]
        members.sort(key=lambda f: f.rank)
        island_of[buses] = len(islands)
        island = Island(members[0] if members else None, members, buses)
        island.slots = tuple(i for i, bus in enumerate(grid.slot_bus) if raw[bus] == number)
        islands.append(island)
    return islands, island_of


def _fed_faults(
    grid: Grid,
    islands: list[Island],
    island_of: NDArray[np.intp],
    zone: NDArray[np.intp],
    earths: dict[int, list[Neutral]],
) -> list[tuple[int, Fault]]:
    """Return the AC short circuits through which a current can flow, with their places."""
    return [
        (place, fault)
        for place, fault in enumerate(grid.faults.values())
        if grid.is_ac[fault.bus]
        and islands[int(island_of[fault.bus])].leader is not None
        and (fault.kind != "earth" or int(zone[fault.bus]) in earths)
    ]


def _fault_model(
    grid: Grid,
    node: NDArray[np.intp],
    islands: list[Island],
    fed: list[tuple[int, Fault]],
    zone: NDArray[np.intp],
    earths: dict[int, list[Neutral]],
) -> FaultModel | None:
    leaders = {
        int(bus): island.leader
        for island in islands
        if island.faulted and island.leader is not None
        for bus in island.buses
    }
    for feed in grid.feeds:
        if feed.bus not in leaders:
            feed.began_ns = None
    if not fed:
        return None
    faults = [(fault, earths.get(int(zone[fault.bus]), [])) for _, fault in fed]
    return FaultModel(grid, node, np.array(sorted(leaders), np.intp), leaders, faults, zone)


def _model(
    grid: Grid, node: NDArray[np.intp], bus: NDArray[np.intp], islands: list[Island]
) -> Model:
    leaders = [i.leader for i in islands if i.leader is not None and not i.faulted]
    if not len(bus):
        return Model(None, bus, bus, 0, np.zeros(0, np.intp), leaders)
    numbers, first, model_node = np.unique(node[bus], return_index=True, return_inverse=True)
    place = {int(n): i for i, n in enumerate(numbers)}
    branches = [i for i, b in enumerate(grid.branches) if int(node[b.source]) in place]
    solver = AcModel(
        nominal_v=[float(grid.nominal_v[bus[i]]) for i in first],
        branches=[
            (place[int(node[b.source])], place[int(node[b.load])], b)
            for b in (grid.branches[i] for i in branches)
        ],
        sources=[(place[int(node[f.bus])], f.short_circuit_va) for f in leaders],
        frequency_hz=grid.nominal_hz,
    )
    live = np.array(branches, np.intp)
    return Model(solver, bus, model_node, len(numbers), live, leaders)


def _dc_nodes(grid: Grid, node: NDArray[np.intp]) -> DcNodes:
    bus = np.flatnonzero(~grid.is_ac)
    place: dict[int, int] = {}
    dc_node = np.array([place.setdefault(int(node[b]), len(place)) for b in bus], np.intp)
    sources: list[list[DcSource]] = [[] for _ in place]
    for source in grid.dc_sources:
        sources[place[int(node[source.bus])]].append(source)
    groups: dict[tuple[int, int], list[int]] = {}
    for number, feeds in enumerate(zip(grid.pairs.bus_a, grid.pairs.bus_b, strict=True)):
        a, b = (place[int(node[feed])] for feed in feeds)
        groups.setdefault((a, b), []).append(number)
    loads = [(DcLoad(a, b, 0.0), np.array(n, np.intp)) for (a, b), n in groups.items()]
    faults = [
        (number, place[int(node[fault.bus])], fault.resistance_ohm)
        for number, fault in enumerate(grid.faults.values())
        if not grid.is_ac[fault.bus] and joins_poles(grid, fault)
    ]
    places = list(zip(bus.tolist(), dc_node.tolist(), strict=True))
    return DcNodes(bus, dc_node, places, len(place), sources, loads, faults)


def joins_poles(grid: Grid, fault: Fault) -> bool:
    """Return whether a DC fault is a short circuit: one to earth only where a pole is earthed."""
    earthing = grid.site.buses[grid.bus_ids[fault.bus]].earthing
    return fault.kind == "phase_phase" or earthing in {"positive", "negative", "solid"}
