"""What is energised, in how many islands, and which bus is the angle reference of each.

An AC bus is alive when a source that is on, or a forming converter whose DC bus is alive, reaches
it through branches that are on; a DC bus when a DC source or a running converter at a live AC bus
does. Whatever is left is dead: known to be 0, not unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from daemon.core.estimation.layout import layout

if TYPE_CHECKING:
    from daemon.core.estimation.network import Flags, Floats, Ints, Network, Wiring


@dataclass(frozen=True, slots=True, eq=False)
class Islands:
    """The energised parts of a network in one wiring.

    Attributes:
        ac: number of the island of every AC bus (n_ac,); -1 where dead.
        dc: number of the DC island of every DC bus (n_dc,); -1 where dead.
        reference: AC bus whose angle is 0 (n_island,).
        branch: 1.0 where an AC branch carries something, else 0.0 (n_branch,).
        behind: voltage behind the ratio of a branch by that before it, 0.0 where it carries nothing
            (n_branch,); not for ratios that are states.
        dc_branch: 1.0 and 0.0 for DC branches (n_dc_branch,).
        converter: 1.0 and 0.0 for converters (n_converter,).
        free: states that are not known beforehand (n_state,): alive, and no reference angle.
        alive: states of what is energised (n_state,).
    """

    ac: Ints
    dc: Ints
    reference: Ints
    branch: Floats
    behind: Floats
    dc_branch: Floats
    converter: Floats
    free: Flags
    alive: Flags


def islands(network: Network, wiring: Wiring) -> Islands:
    """Return what is energised in `wiring`."""
    part = _parts(network.n_ac, network.branches.at, wiring.branch_on)
    dc_part = _parts(network.n_dc, network.dc_branches.at, wiring.dc_branch_on)
    live, dc_live, converting = _spread(network, wiring, part, dc_part)
    ac = np.where(live[part], part, -1)
    dc = np.where(dc_live[dc_part], dc_part, -1)
    forming = network.converters.ac[converting & network.converters.forms]
    first = np.concatenate([network.sources[wiring.source_on], forming])
    _, chosen = np.unique(ac[first], return_index=True)
    reference = first[chosen]
    alive = _alive(network, ac >= 0, dc >= 0, converting)
    free = alive.copy()
    free[reference] = False
    start, end = network.branches.at.T
    dc_start, _ = network.dc_branches.at.T
    carries = (wiring.branch_on & (ac[start] >= 0) & (ac[end] >= 0)).astype(np.float64)
    return Islands(
        ac=ac,
        dc=dc,
        reference=reference,
        branch=carries,
        behind=carries / network.branches.ratio,
        dc_branch=(wiring.dc_branch_on & (dc[dc_start] >= 0)).astype(np.float64),
        converter=converting.astype(np.float64),
        free=free,
        alive=alive,
    )


def _parts(n_bus: int, at: Ints, on: Flags) -> Ints:
    """Return the number of the connected part of every bus (n_bus,), in order of first buses.

    Every part is called by one of its buses; of two that a branch joins, the higher name becomes
    the lower one, until no branch joins two names. That takes as many rounds as the logarithm of
    the buses, and for few of them a tenth of what a general search in a sparse graph does.
    """
    name = np.arange(n_bus)
    start, end = at[on].T
    while True:
        one, other = name.take(start), name.take(end)
        apart = (one != other).nonzero()[0]
        if not len(apart):
            return np.unique(name, return_inverse=True)[1]
        one, other = one.take(apart), other.take(apart)
        np.minimum.at(name, np.maximum(one, other), np.minimum(one, other))
        name = _shortest(name)


def _shortest(name: Ints) -> Ints:
    """Return the names that stand at the end of chains of names (n_bus,)."""
    while True:
        further = name.take(name)
        if np.array_equal(further, name):
            return name
        name = further


def _spread(
    network: Network, wiring: Wiring, part: Ints, dc_part: Ints
) -> tuple[Flags, Flags, Flags]:
    """Return which AC parts and DC parts are alive, and which converters run."""
    live = np.zeros(network.n_ac, dtype=np.bool_)
    dc_live = np.zeros(network.n_dc, dtype=np.bool_)
    live[part[network.sources[wiring.source_on]]] = True
    dc_live[dc_part[network.dc_sources[wiring.dc_source_on]]] = True
    converters = network.converters
    ac, dc, on = part[converters.ac], dc_part[converters.dc], wiring.converter_on
    while True:
        fed = on & live[ac] & ~dc_live[dc]
        formed = on & converters.forms & dc_live[dc] & ~live[ac]
        if not (fed.any() or formed.any()):
            return live, dc_live, on & live[ac] & dc_live[dc]
        dc_live[dc[fed]] = True
        live[ac[formed]] = True


def _alive(network: Network, ac: Flags, dc: Flags, converting: Flags) -> Flags:
    """Return which states belong to what is energised (n_state,)."""
    where = layout(network)
    alive = np.zeros(where.size, dtype=np.bool_)
    alive[where.angle] = alive[where.voltage] = ac
    alive[where.dc_voltage] = dc
    alive[where.p] = alive[where.q] = alive[where.i] = converting
    alive[where.loss] = np.tile(converting, 3)
    alive[where.tap] = ac[network.branches.at[network.branches.tapped, 0]]
    alive[where.draw_p] = alive[where.draw_q] = ac[network.draws]
    alive[where.dc_draw_p] = dc[network.dc_draws]
    return alive
