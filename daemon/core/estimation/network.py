"""The electrical network of the estimator as arrays in per unit, independent of any site.

Buses are numbered twice, AC and DC each from 0. Zero-impedance connections do not occur: whoever
makes a network merges the nodes of closed bus ties first. What switches without merging nodes (a
line, a transformer, a converter) is a branch that `Wiring` opens and closes, so the shape of every
array outlives a switching operation.

An AC branch is the usual pi model with a complex ratio at its `from` end:

    from --- t : 1 ---+--- y ---+--- to        t = ratio * exp(j shift)
                      |         |
                   y_from      y_to

A converter ties an AC bus to a DC bus. It draws `p + j q` from the AC bus and delivers the current
`i` into the DC bus, all three states; negative values run it backwards. They are tied by

    p = v_dc * i + (a + da) + (b + db) |i| + (c + dc) i^2

where `da`, `db`, `dc` are states as well, held near zero by pseudo-measurements (`LOSS_A`,
`LOSS_B`, `LOSS_C`), because loss curves come from data sheets.

Behind the bars of one board hang many machines and loads, each with a meter of its own, and the
switches between them have no impedance: their flows are sums of what hangs behind them. So what is
drawn at a bus may be split into *draws*, each with power states of its own (`p`, `q`; at DC `p`)
that add up to what the bus draws, exactly. A bus without draws that is no transit bus draws
whatever is left over.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, chapter 2 (branch model).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """AC lines, cables and transformers.

    Attributes:
        at: AC bus of the `from` and the `to` end (n_branch, 2).
        y: series admittance (n_branch,) [pu].
        y_shunt: shunt admittance at either end, behind the ratio (n_branch, 2) [pu].
        ratio: magnitude of the ratio `t` (n_branch,) [pu].
        shift: angle of the ratio `t` (n_branch,) [rad].
        tapped: branches whose `ratio` is a state, started from that value (n_tap,); each wants a
            `TAP` measurement.
    """

    at: Ints
    y: Complexes
    y_shunt: Complexes
    ratio: Floats
    shift: Floats
    tapped: Ints


@dataclass(frozen=True, slots=True, eq=False)
class DcBranches:
    """DC cables and busways.

    Attributes:
        at: DC bus of the `from` and the `to` end (n_dc_branch, 2).
        g: conductance (n_dc_branch,) [pu].
    """

    at: Ints
    g: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Converters:
    """What ties an AC bus to a DC bus: rectifiers, inverters, halves of a UPS, storage, HVDC.

    Attributes:
        ac: AC bus (n_converter,).
        dc: DC bus (n_converter,).
        loss: coefficients `a`, `b`, `c` of the losses (n_converter, 3) [pu].
        forms: whether it makes the AC voltage when its DC bus is live (n_converter,): an inverter.
    """

    ac: Ints
    dc: Ints
    loss: Floats
    forms: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """All that is bolted down.

    Attributes:
        n_ac: number of AC buses.
        n_dc: number of DC buses.
        branches: between AC buses.
        dc_branches: between DC buses.
        converters: between AC and DC buses.
        sources: AC buses that something outside the model can energise, best angle reference
            first (n_source,).
        dc_sources: DC buses that something outside the model can energise, such as a battery
            (n_dc_source,).
        transit: AC buses where nothing is drawn or fed: exact constraints (n_transit,).
        dc_transit: DC buses where nothing is drawn or fed (n_dc_transit,).
        draws: AC bus of every draw (n_draw,); several may stand at one bus.
        dc_draws: DC bus of every DC draw (n_dc_draw,).
    """

    n_ac: int
    n_dc: int
    branches: Branches
    dc_branches: DcBranches
    converters: Converters
    sources: Ints
    dc_sources: Ints
    transit: Ints
    dc_transit: Ints
    draws: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    dc_draws: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """What is connected now.

    Attributes:
        branch_on: whether an AC branch conducts, closed at both ends (n_branch,).
        dc_branch_on: whether a DC branch conducts (n_dc_branch,).
        converter_on: whether a converter runs (n_converter,).
        source_on: whether the source at `Network.sources` feeds its bus (n_source,).
        dc_source_on: whether the source at `Network.dc_sources` feeds its bus (n_dc_source,).
    """

    branch_on: Flags
    dc_branch_on: Flags
    converter_on: Flags
    source_on: Flags
    dc_source_on: Flags


def all_on(network: Network) -> Wiring:
    """Return the wiring with everything connected."""
    return Wiring(
        branch_on=np.ones(len(network.branches.y), dtype=np.bool_),
        dc_branch_on=np.ones(len(network.dc_branches.g), dtype=np.bool_),
        converter_on=np.ones(len(network.converters.ac), dtype=np.bool_),
        source_on=np.ones(len(network.sources), dtype=np.bool_),
        dc_source_on=np.ones(len(network.dc_sources), dtype=np.bool_),
    )
