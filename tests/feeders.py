"""Radial networks of 20, 194 and 2,002 buses with the instruments that such plants have.

From 15.4 kV through transformers to boards at 6.6 kV and from these through transformers to boards
at 380 V, from which the loads are fed by cables. Voltage is measured on every board and on three
of four loads (0.5 %), active and reactive power at the sending end of every branch and at every
load (1 %); nothing is drawn at a board.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from daemon.core.estimation.islands import islands
from daemon.core.estimation.measurements import (
    ABSENT,
    AGED,
    FRESH,
    Kind,
    Measurements,
    weights,
    worth,
)
from daemon.core.estimation.model import Model, model
from daemon.core.estimation.network import (
    Branches,
    Converters,
    DcBranches,
    Floats,
    Ints,
    Network,
    all_on,
)
from daemon.core.estimation.reading import read
from daemon.core.estimation.solver import solve

SHAPES = {20: (2, 13), 200: (6, 175), 2000: (28, 1917)}
"""Boards at 6.6 kV (twice as many at 380 V) and loads, by size."""

NONE = np.zeros(0, dtype=np.int64)
MEAN_LOAD_PU, POWER_FACTOR = 0.04, 0.3
V_SIGMA_PU, POWER_SIGMA_PU, LEAST_POWER_PU = 0.005, 0.01, 1e-3
AGED_X = 3.0


def ac_network(n_bus: int, branches: Branches, sources: Ints, transit: Ints) -> Network:
    """Return a network without DC."""
    return Network(
        n_ac=n_bus,
        n_dc=0,
        branches=branches,
        dc_branches=DcBranches(np.zeros((0, 2), dtype=np.int64), np.zeros(0)),
        converters=Converters(NONE, NONE, np.zeros((0, 3)), np.zeros(0, dtype=np.bool_)),
        sources=sources,
        dc_sources=NONE,
        transit=transit,
        dc_transit=NONE,
    )


def feeders(size: int) -> Network:
    """Return the network of about `size` buses; the loads are its last buses."""
    middle, loads = SHAPES[size]
    low = 2 * middle
    first_low, first_load = 1 + middle, 1 + middle + low
    at = [(0, 1 + k) for k in range(middle)]
    at += [(1 + k // 2, first_low + k) for k in range(low)]
    at += [(first_low + k % low, first_load + k) for k in range(loads)]
    rated = 1.5 * MEAN_LOAD_PU * loads / low
    spread = np.random.default_rng(size).uniform(0.5, 1.5, loads)
    z = np.concatenate(
        [
            np.full(middle, (0.005 + 0.05j) / (2.0 * rated)),
            np.full(low, (0.006 + 0.06j) / rated),
            (0.01 + 0.006j) * spread / (1.5 * MEAN_LOAD_PU),
        ]
    )
    shunt = np.zeros((len(at), 2), dtype=np.complex128)
    shunt[: middle + low] = (0.001 - 0.005j) * rated
    ones = np.ones(len(at))
    branches = Branches(
        np.array(at), (1.0 / z).astype(np.complex128), shunt, ones, 0.0 * ones, NONE
    )
    return ac_network(len(at) + 1, branches, np.array([0]), np.arange(1, first_load))


def bare(kind: Ints, place: Ints, sigma: Floats) -> Measurements:
    """Return instruments at `from` ends."""
    end, pseudo = np.zeros(len(kind), dtype=np.int64), np.zeros(len(kind), dtype=np.bool_)
    return Measurements(kind, place, end, sigma, AGED_X * sigma, pseudo)


def load_flow(network: Network, p: Floats, q: Floats) -> Floats:
    """Return the state in which the last buses draw `p` and `q`, 1 pu at the first (n_state,)."""
    buses = network.n_ac - len(p) + np.arange(len(p))
    kind = np.repeat([Kind.VOLTAGE, Kind.DRAWN_P, Kind.DRAWN_Q], [1, len(p), len(p)])
    told = bare(kind, np.concatenate([[0], buses, buses]), np.full(len(kind), 1e-3))
    z = np.concatenate([[1.0], p, q])
    solution = solve(model(network, told), all_on(network), z, told.sigma**-2.0)
    assert solution.converged
    return solution.x


def truth(of: Model, x: Floats) -> Floats:
    """Return what every instrument would read in state `x`, everything connected."""
    live = islands(of.equations.network, all_on(of.equations.network))
    return read(of.equations, live, x)[: of.equations.n_measurement]


@dataclass(frozen=True, slots=True, eq=False)
class Metered:
    """A network of feeders with instruments and a state to be in.

    Attributes:
        model: of network and instruments.
        p: active power of the loads (n_load,) [pu].
        x: the true state (n_state,).
        y: what the instruments should read (n_measurement,) [pu].
        worth: weight of every class of every measurement (3, n_measurement) [1/pu^2].
        meter: number of the device of every measurement: P and Q come from one (n_measurement,).
    """

    model: Model
    p: Floats
    x: Floats
    y: Floats
    worth: Floats
    meter: Ints


def metered(size: int) -> Metered:
    """Return the network of about `size` buses with its instruments."""
    network, chance = feeders(size), np.random.default_rng(size)
    _, loads = SHAPES[size]
    p = MEAN_LOAD_PU * chance.uniform(0.5, 1.5, loads)
    x = load_flow(network, p, POWER_FACTOR * p)
    n_branch = len(network.branches.y)
    buses = network.n_ac - loads + np.arange(loads)
    seen = np.sort(chance.choice(buses, ceil(0.75 * loads), replace=False))
    boards, branches = np.arange(network.n_ac - loads), np.arange(n_branch)
    kinds = [Kind.VOLTAGE, Kind.FLOW_P, Kind.FLOW_Q, Kind.DRAWN_P, Kind.DRAWN_Q]
    places = [np.concatenate([boards, seen]), branches, branches, buses, buses]
    kind = np.repeat(kinds, [len(place) for place in places])
    place = np.concatenate(places)
    y = truth(model(network, bare(kind, place, np.ones(len(kind)))), x)
    power = POWER_SIGMA_PU * np.maximum(np.abs(y), LEAST_POWER_PU)
    of = model(network, bare(kind, place, np.where(kind == Kind.VOLTAGE, V_SIGMA_PU, power)))
    n_voltage, told = len(places[0]), of.equations.measurements
    flows, draws = n_voltage + branches, n_voltage + n_branch + np.arange(loads)
    meter = np.concatenate([np.arange(n_voltage), flows, flows, draws, draws])
    return Metered(of, p, x, y, worth(told.sigma, told.sigma_aged), meter)


def drawn_classes(of: Metered, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Return classes with a tenth of the devices aged and a hundredth absent (n_measurement,).

    No load loses both its meters: it would be known by nothing at all.
    """
    fate = chance.random(int(of.meter.max()) + 1)[of.meter]
    classes = np.select([fate < 0.01, fate < 0.11], [ABSENT, AGED], FRESH).astype(np.uint8)
    partner = of.model.partner
    alone = (classes == ABSENT) & (classes[partner] == ABSENT)
    classes[alone & (partner != np.arange(len(partner)))] = AGED
    return classes


def scan(
    of: Metered, chance: np.random.Generator, y: Floats | None = None
) -> tuple[Floats, NDArray[np.uint8], Floats]:
    """Return what is measured in one scan, its classes and weights (n_measurement,) each."""
    told = of.model.equations.measurements
    classes = drawn_classes(of, chance)
    sigma = np.where(classes == AGED, told.sigma_aged, told.sigma)
    z = (of.y if y is None else y) + sigma * chance.standard_normal(len(of.y))
    z[classes == ABSENT] = np.nan
    return z, classes, weights(of.worth, classes)
