"""Networks of AC and DC drawn by chance, with every kind of instrument at every place."""

from __future__ import annotations

import numpy as np

from daemon.core.estimation.layout import layout
from daemon.core.estimation.measurements import Kind, Measurements, Terms, worth
from daemon.core.estimation.model import Model, model
from daemon.core.estimation.network import (
    Branches,
    Converters,
    DcBranches,
    Floats,
    Ints,
    Network,
)

SIGMA_PU = 0.01


def hybrid(
    chance: np.random.Generator, n_ac: int = 6, n_dc: int = 3, n_converter: int = 3
) -> Network:
    """Return a network: a tree of AC buses with a few rings, a chain of DC buses, converters."""
    tree = [(int(chance.integers(k)), k) for k in range(1, n_ac)]
    rings = [(0, n_ac - 1)] if n_ac > 3 else []
    at = np.array(tree + rings, dtype=np.int64).reshape(-1, 2)
    n = len(at)
    y = 1.0 / (chance.uniform(0.005, 0.05, n) + 1j * chance.uniform(0.01, 0.1, n))
    shunt = (1j * chance.uniform(0.0, 0.02, (n, 2))).astype(np.complex128)
    tapped = np.flatnonzero(chance.random(n) < 0.3)
    dc_at = np.array([(k, k + 1) for k in range(n_dc - 1)], dtype=np.int64).reshape(-1, 2)
    ac, dc = (
        chance.integers(n_ac, size=n_converter),
        chance.integers(max(n_dc, 1), size=n_converter),
    )
    many = n_converter if n_dc else 0
    loss = np.array([0.005, 0.01, 0.01]) * chance.uniform(0.5, 1.5, (many, 3))
    drawing = np.flatnonzero(chance.random(n_ac) < 0.3)
    return Network(
        n_ac=n_ac,
        n_dc=n_dc,
        branches=Branches(
            at,
            y.astype(np.complex128),
            shunt,
            chance.uniform(0.95, 1.05, n),
            chance.uniform(-0.1, 0.1, n),
            tapped,
        ),
        dc_branches=DcBranches(dc_at, chance.uniform(20.0, 200.0, len(dc_at))),
        converters=Converters(ac[:many], dc[:many], loss, np.zeros(many, dtype=np.bool_)),
        sources=np.array([0]),
        dc_sources=np.array([0] if n_dc else [], dtype=np.int64),
        transit=np.setdiff1d(np.flatnonzero(chance.random(n_ac) < 0.3), np.append(drawing, 0)),
        dc_transit=np.arange(n_dc - 1, n_dc) if n_dc > 1 else np.zeros(0, dtype=np.int64),
        draws=np.repeat(drawing, 2),
        dc_draws=np.zeros(min(n_dc, 2), dtype=np.int64),
    )


def everywhere(network: Network) -> Measurements:
    """Return instruments of every kind at every place, and a sum of flows at every branch."""
    n_branch, n_dc_branch = len(network.branches.y), len(network.dc_branches.g)
    ends = [(kind, n_branch, 2) for kind in (Kind.FLOW_P, Kind.FLOW_Q, Kind.FLOW_I)]
    ends += [(kind, n_dc_branch, 2) for kind in (Kind.DC_FLOW_I, Kind.DC_FLOW_P)]
    buses = (Kind.VOLTAGE, Kind.DRAWN_P, Kind.DRAWN_Q)
    dc_buses = (Kind.DC_VOLTAGE, Kind.DC_DRAWN_I, Kind.DC_DRAWN_P)
    machines = (Kind.CONVERTER_P, Kind.CONVERTER_Q, Kind.CONVERTER_I, Kind.CONVERTER_DC_P)
    losses = (Kind.LOSS_A, Kind.LOSS_B, Kind.LOSS_C, Kind.LOSSES)
    single = [(kind, network.n_ac) for kind in buses] + [(kind, network.n_dc) for kind in dc_buses]
    single += [(kind, len(network.converters.ac)) for kind in machines + losses]
    single += [(kind, len(network.draws)) for kind in (Kind.DRAW_P, Kind.DRAW_Q)]
    single += [(Kind.DC_DRAW_P, len(network.dc_draws)), (Kind.SUM, n_branch)]
    single += [(Kind.CARRIED_I, network.n_ac)]
    rows = [
        (kind, place, end) for kind, n, both in ends for place in range(n) for end in range(both)
    ]
    rows += [(kind, place, 0) for kind, n in single for place in range(n)]
    rows += [(Kind.CARRIED_I, bus, 1) for bus in range(network.n_dc)]
    rows += [(Kind.TAP, int(branch), 0) for branch in network.branches.tapped]
    kind, place, end = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    sums = [
        (row, Kind.FLOW_P, branch, side, 1.0)
        for branch, row in enumerate(np.flatnonzero(kind == Kind.SUM).tolist())
        for side in (0, 1)
    ]
    for number in np.flatnonzero((kind == Kind.CARRIED_I) & (end == 0)).tolist():
        drawn = (Kind.DRAWN_P, 0.96), (Kind.DRAWN_Q, 0.28)
        sums += [(number, each, int(place[number]), 0, share) for each, share in drawn]
    for number in np.flatnonzero((kind == Kind.CARRIED_I) & (end == 1)).tolist():
        sums.append((number, Kind.DC_DRAWN_P, int(place[number]), 0, 1.0))
    row, what, at, side = np.array([one[:4] for one in sums], dtype=np.int64).reshape(-1, 4).T
    terms = Terms(row, what, at, side, np.array([one[4] for one in sums]))
    sigma = np.full(len(kind), SIGMA_PU)
    pseudo = np.isin(kind, losses)
    return Measurements(kind, place, end, sigma, 3.0 * sigma, pseudo, terms)


def modelled(chance: np.random.Generator, n_ac: int = 6, n_dc: int = 3) -> Model:
    """Return the model of a network drawn by chance with every instrument."""
    network = hybrid(chance, n_ac, n_dc)
    return model(network, everywhere(network))


def some_state(of: Model, chance: np.random.Generator) -> Floats:
    """Return a state near nominal, where nothing in particular holds (n_state,)."""
    where = layout(of.equations.network)
    x = chance.uniform(-0.2, 0.2, where.size)
    x[where.voltage] += 1.0
    x[where.dc_voltage] += 1.0
    x[where.tap] += 1.0
    x[where.loss] *= 0.01
    return x


def fresh(of: Model) -> Floats:
    """Return the weight of every measurement when all are fresh (n_measurement,)."""
    told = of.equations.measurements
    weight: Floats = worth(told.sigma, told.sigma_aged)[0]
    return weight


def numbered(of: Model, kind: Kind) -> Ints:
    """Return the measurements of one kind."""
    return np.flatnonzero(of.equations.measurements.kind == kind)
