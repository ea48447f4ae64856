"""Solving the grid: DC nodes, AC islands, and what flows through every switch.

Called in this order in every round of a step: `refresh`, `solve_dc`, `estimate_loads`, `solve_ac`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant import dc, dc_short_circuit, live
from device_emulators.plant.protection import wrap
from device_emulators.plant.short_circuit import BOLTED_OHM
from device_emulators.plant.topology import sum_by

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from device_emulators.plant.dc import DcLoad
    from device_emulators.plant.grid import Grid
    from device_emulators.plant.live import Live
    from device_emulators.plant.short_circuit import FaultModel


def refresh(grid: Grid) -> None:
    """Find nodes and islands anew if a switch or the ability of a former has changed."""
    if grid.topology_changed:
        grid.live_part = live.find(grid)
        grid.topology_changed = False


def solve_dc(grid: Grid) -> None:
    """Settle the DC nodes for the present demands and limits."""
    nodes = grid.live_part.dc
    if not nodes.count:
        return
    v_pu = [0.0] * nodes.count
    for bus, node in nodes.places:
        v_pu[node] = grid.v[bus]
    pairs = grid.pairs
    for load, members in nodes.groups:
        load.demand_w = float(pairs.demand_w[members].sum())
    loads = [load for load, _ in nodes.groups]
    if nodes.faults:
        _solve_dc_faults(grid, v_pu, loads)
    else:
        dc.solve(v_pu, nodes.sources, loads)
    grid.v_pu[nodes.bus] = np.array(v_pu)[nodes.node]
    grid.show()
    for load, members in nodes.groups:
        demand_w = pairs.demand_w[members]
        pairs.from_a_w[members] = demand_w * load.from_a_pu
        pairs.from_b_w[members] = demand_w * load.from_b_pu


def _solve_dc_faults(grid: Grid, v_pu: list[float], loads: list[DcLoad]) -> None:
    """Settle the DC nodes with short circuits, of which several at one node are one."""
    nodes = grid.live_part.dc
    siemens: dict[int, float] = {}
    for _, node, ohm in nodes.faults:
        siemens[node] = siemens.get(node, 0.0) + 1.0 / max(ohm, BOLTED_OHM)
    nominal_v = dict(zip(nodes.node.tolist(), grid.nominal_v[nodes.bus].tolist(), strict=True))
    joined = {node: 1.0 / one for node, one in siemens.items()}
    dc_short_circuit.solve(v_pu, nodes.sources, loads, joined, nominal_v)
    for number, node, ohm in nodes.faults:
        volts = v_pu[node] * nominal_v[node]
        grid.fault_a[number] = volts / max(ohm, BOLTED_OHM)
        grid.fault_va[number] = volts * grid.fault_a[number]


def estimate_loads(grid: Grid) -> None:
    """Sum what islands of machines are about to carry, with the losses of the last solution."""
    part = grid.live_part
    if all(leader.machine is None for leader in part.leaders):
        return
    p, q = np.array(grid.p_w), np.array(grid.q_var)
    own = [f.slot for f in grid.formers if f.able]
    p[own] = q[own] = 0.0
    _sum_slots(part, p, q)


def _sum_slots(part: Live, p: NDArray[np.float64], q: NDArray[np.float64]) -> None:
    count = len(part.islands) + 1
    load_w = sum_by(part.slot_island, p, count).tolist()
    load_var = sum_by(part.slot_island, q, count).tolist()
    for number, one in enumerate(part.islands):
        if one.leader is not None:
            one.load_w = load_w[number] + one.loss_w
            one.load_var = load_var[number] + one.loss_var


def solve_ac(grid: Grid) -> None:
    """Solve the live islands for the present powers and source voltages."""
    part = grid.live_part
    for leader in part.leaders:
        grid.p_w[leader.slot] = grid.q_var[leader.slot] = 0.0
    p, q = np.array(grid.p_w), np.array(grid.q_var)
    dead = ~part.slot_alive
    p[dead] = q[dead] = 0.0  # nothing flows at a dead bus, whatever its load would like
    sources = [(f.voltage_pu, f.angle_rad, f.frequency_hz) for f in part.leaders]
    if part.faulted is not None and part.faulted.changed():
        grid.topology_changed = True
    emfs = part.faulted.emfs() if part.faulted is not None else []
    asked = (part, p.tobytes(), q.tobytes(), sources, emfs)
    if grid.solved_for[0] == asked:
        _, p, q = grid.solved_for  # as carried: a collapse takes less than was asked
    else:
        _solve_islands(grid, part, p, q)
        grid.solved_for = (asked, p, q)
        grid.solves += 1
    grid.p_w, grid.q_var = p.tolist(), q.tolist()
    _flows(grid, part, p, q)


def _solve_islands(grid: Grid, part: Live, p: NDArray[np.float64], q: NDArray[np.float64]) -> None:
    ac, model, n_bus = grid.is_ac, part.model, len(grid.bus_ids)
    grid.v_pu[ac] = grid.angle_rad[ac] = 0.0
    grid.branch_w = np.zeros((len(grid.branches), 2))
    grid.branch_var = np.zeros((len(grid.branches), 2))
    if grid.faults:
        _forget_fed(grid, part)
    if model.solver is not None:
        solution = model.solver.solve(
            [f.voltage_pu for f in model.leaders],
            [wrap(f.angle_rad) for f in model.leaders],
            sum_by(model.node, sum_by(part.slot_bus, p, n_bus)[model.bus], model.count),
            sum_by(model.node, sum_by(part.slot_bus, q, n_bus)[model.bus], model.count),
        )
        grid.v_pu[model.bus] = solution.v_pu[model.node]
        grid.angle_rad[model.bus] = solution.angle_rad[model.node]
        grid.branch_w[model.branches] = solution.branch_w
        grid.branch_var[model.branches] = solution.branch_var
        if solution.collapsed:  # constant power has no solution: loads follow the voltage
            inside = np.isin(part.slot_bus, model.bus)
            square = np.where(inside, grid.v_pu[part.slot_bus] ** 2, 1.0)
            p *= square
            q *= square
        for i, leader in enumerate(model.leaders):
            leader.given_w = float(solution.source_w[i])
            leader.given_var = float(solution.source_var[i])
    grid.sequences = None
    if part.faulted is not None:
        _solve_faulted(grid, part.faulted, p, q)
    _close_islands(grid, part, p, q)
    grid.show()


def _forget_fed(grid: Grid, part: Live) -> None:
    """Let no AC short circuit draw anything; what those of DC draw has just been found."""
    dc = [number for number, *_ in part.dc.faults]
    kept = grid.fault_va[dc], grid.fault_a[dc]
    grid.fault_va, grid.fault_a = np.zeros(len(grid.faults), complex), np.zeros(len(grid.faults))
    grid.fault_va[dc], grid.fault_a[dc] = kept


def _solve_faulted(
    grid: Grid, model: FaultModel, p: NDArray[np.float64], q: NDArray[np.float64]
) -> None:
    """Solve the islands with short circuits; `p` and `q` become what their slots carry."""
    part = grid.live_part
    found = model.solve(p, q)
    network = found.network
    grid.v_pu[model.bus] = network.v_pu[model.node]
    grid.angle_rad[model.bus] = network.angle_rad[model.node]
    grid.branch_w[model.branches] = network.branch_w
    grid.branch_var[model.branches] = network.branch_var
    inside = np.isin(part.slot_bus, model.bus)
    p[inside] *= found.slot_pu[inside]
    q[inside] *= found.slot_pu[inside]
    for feed, given_va in zip(model.feeds, found.given_va.tolist(), strict=True):
        former = feed.former
        if former is not None:
            former.given_w, former.given_var = given_va.real, given_va.imag
        led = former is not None and former.leads
        p[feed.slot], q[feed.slot] = (0.0, 0.0) if led else (-given_va.real, -given_va.imag)
    grid.fault_va[part.faulted_at] = found.fault_va
    grid.fault_a[part.faulted_at] = found.fault_a
    if found.negative_a is not None and found.zero_a is not None:
        both = np.stack([found.negative_a, found.zero_a], axis=1)
        carried = part.flows @ both.real + 1j * (part.flows @ both.imag)
        grid.sequences = carried[:, 0], carried[:, 1]


def _close_islands(grid: Grid, part: Live, p: NDArray[np.float64], q: NDArray[np.float64]) -> None:
    """Tell every island its frequency, losses and load, and its members what they give."""
    count = len(part.islands)
    place = part.branch_island
    watts = grid.branch_w[:, 0] + grid.branch_w[:, 1]
    vars_ = grid.branch_var[:, 0] + grid.branch_var[:, 1]
    if part.faulted is not None:
        fault_va = grid.fault_va[part.faulted_at]
        place = np.concatenate([place, part.island_of[[f.bus for f in part.faulted.faults]]])
        watts = np.concatenate([watts, fault_va.real])
        vars_ = np.concatenate([vars_, fault_va.imag])
    loss_w, loss_var = (sum_by(place, x, count).tolist() for x in (watts, vars_))
    hz = np.zeros(count + 1)  # the last for buses that are in no island
    others_w, others_var = p.copy(), q.copy()
    for number, island in enumerate(part.islands):
        if island.leader is None:
            continue
        hz[number] = island.leader.frequency_hz
        island.loss_w, island.loss_var = loss_w[number], loss_var[number]
        for former in island.members:
            others_w[former.slot] = others_var[former.slot] = 0.0
            if former is not island.leader:
                former.given_w, former.given_var = -float(p[former.slot]), -float(q[former.slot])
    grid.hz = hz[part.island_of]
    _sum_slots(part, others_w, others_var)


def _flows(grid: Grid, part: Live, p: NDArray[np.float64], q: NDArray[np.float64]) -> None:
    """Find what every bus consumes, and so what every switch carries."""
    n_bus, pairs = len(grid.bus_ids), grid.pairs
    w: list[ArrayLike] = [
        p,
        grid.branch_w[:, 0],
        grid.branch_w[:, 1],
        [-leader.given_w for leader in part.leaders],
        grid.fault_va.real,
        [-source.given_w for source in grid.dc_sources],
        pairs.from_a_w,
        pairs.from_b_w,
    ]
    var: list[ArrayLike] = [
        q,
        grid.branch_var[:, 0],
        grid.branch_var[:, 1],
        [-leader.given_var for leader in part.leaders],
        grid.fault_va.imag,
    ]
    reactive = np.concatenate(var)
    grid.consumed_w = sum_by(part.enters, np.concatenate(w), n_bus)
    grid.consumed_var = sum_by(part.enters[: len(reactive)], reactive, n_bus)
    grid.switch_w = part.flows @ grid.consumed_w
    grid.switch_var = part.flows @ grid.consumed_var
    zero = None if grid.sequences is None else grid.sequences[1]
    grid.switch_residual_a = np.zeros(len(grid.switches)) if zero is None else 3.0 * np.abs(zero)
    grid.flows_count += 1
    _find_overloaded(grid)


def _find_overloaded(grid: Grid) -> None:
    limited, source, limit_va = grid.pickups
    allowed = limit_va * grid.v_pu[source]
    carried = np.hypot(grid.switch_w[limited], grid.switch_var[limited])
    above = (carried > allowed) & (allowed > 0.0)
    grid.overloaded = frozenset(limited[above].tolist()) if above.any() else _NONE


_NONE: Final[frozenset[int]] = frozenset()
