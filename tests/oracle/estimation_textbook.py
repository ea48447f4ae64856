"""Networks of textbooks as pandapower has them, for the estimator: IEEE 14 to 118 buses, CIGRE.

pandapower solves the power flow and, from the same instruments, its own weighted least squares.
Branches are taken from the admittances that it computes, so transformers, ratios, phase shifts and
charging are as it models them. A shunt at a bus is a branch to a bus of its own at which nothing is
drawn. Voltage is measured at every bus (0.5 %), what is drawn at every bus but that of the grid and
what enters every branch (1 %).

`python -m tests.oracle.estimation_textbook` prints how near the three come to one another.

Source: documentation of pandapower 3.5, chapter on state estimation; R. Zimmerman, C.
Murillo-Sanchez, MATPOWER manual, section 3 (branch model).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandapower
import pandapower.networks
from pandapower.estimation import StateEstimation
from pandapower.pypower.makeYbus import branch_vectors

from daemon.core.estimation.measurements import Kind
from daemon.core.estimation.model import Model, model
from daemon.core.estimation.network import Branches, Floats, Ints, Network, all_on
from daemon.core.estimation.solver import solve
from tests.feeders import NONE, ac_network, bare, truth
from tests.oracle.estimation import PowerGrid

NETWORKS: Final = {
    "IEEE 14": pandapower.networks.case14,
    "IEEE 30": pandapower.networks.case30,
    "IEEE 57": pandapower.networks.case57,
    "IEEE 118": pandapower.networks.case118,
    "CIGRE HV": pandapower.networks.create_cigre_network_hv,
    "CIGRE MV": pandapower.networks.create_cigre_network_mv,
    "CIGRE LV": pandapower.networks.create_cigre_network_lv,
}
BASE_MVA: Final = 100.0
VOLTAGE, POWER, LEAST_POWER_PU = 0.005, 0.01, 1e-3
_STIFF: Final = 3.0
"""Admittance of the branch to a shunt, by that of the shunt."""


@dataclass(frozen=True, slots=True, eq=False)
class Textbook:
    """A network that is known twice.

    Attributes:
        net: as pandapower has it, its power flow solved.
        model: as the estimator has it, with instruments.
        x: the state that the power flow found, angles from the grid (n_state,) [rad, pu].
        y: what the instruments should read (n_measurement,) [pu].
        n: number of buses that both have; those of shunts follow.
        bus: number in pandapower of each of these (n,).
        branch: element and number in pandapower of every branch but those of shunts.
    """

    net: Any
    model: Model
    x: Floats
    y: Floats
    n: int
    bus: list[int]
    branch: list[tuple[str, int]]

    @property
    def weight(self) -> Floats:
        """Of the measurements (n_measurement,) [1/pu^2]."""
        weight: Floats = self.model.equations.measurements.sigma**-2.0
        return weight


def textbook(name: str) -> Textbook:
    """Return a network with its power flow solved."""
    net = NETWORKS[name]()
    net.sn_mva = BASE_MVA
    opened = net.switch[(net.switch.et == "l") & ~net.switch.closed].element
    net.line.loc[opened, "in_service"] = False  # else a line that ends nowhere has a bus there
    pandapower.runpp(
        net,
        calculate_voltage_angles=True,
        tolerance_mva=1e-9,
        max_iteration=50,
        numba=False,
    )
    solved = net._ppc["internal"]
    n, slack = len(solved["bus"]), int(solved["ref"][0])
    shunt = (solved["bus"][:, 4] + 1j * solved["bus"][:, 5]) / solved["baseMVA"]
    hung = np.flatnonzero(shunt)
    branches = _branches(solved["branch"], n, hung, shunt[hung])
    network = ac_network(n + len(hung), branches, np.array([slack]), n + np.arange(len(hung)))
    voltage = solved["V"] * np.exp(-1j * np.angle(solved["V"][slack]))
    x = np.zeros(2 * network.n_ac)
    of = model(network, _instruments(network, n, slack, np.ones(0)))
    every = np.concatenate([voltage, _behind(branches, voltage, n)])
    x[of.equations.where.angle], x[of.equations.where.voltage] = np.angle(every), np.abs(every)
    y = truth(of, x)
    of = model(network, _instruments(network, n, slack, y))
    return Textbook(net, of, x, y, n, _buses(net, n), _elements(net))


def _branches(rows: Floats, n: int, hung: Ints, shunt: Any) -> Branches:
    """Return pandapower's branches, then one to each shunt."""
    y_tt, y_ff, _, y_tf = branch_vectors(rows, len(rows))[:4]
    ratio = np.where(rows[:, 8].real == 0.0, 1.0, rows[:, 8].real)
    shift = np.deg2rad(rows[:, 9].real)
    y = -y_tf * ratio * np.exp(1j * shift)
    ends = np.stack([y_ff * ratio**2 - y, y_tt - y], axis=1)
    stiff = _STIFF * np.abs(shunt)
    less = 2.0 * stiff - shunt
    half = (-less + np.sqrt(less * less + 4.0 * shunt * stiff)) / 2.0
    at = np.concatenate(
        [rows[:, :2].real.astype(np.int64), np.stack([hung, n + np.arange(len(hung))], axis=1)]
    )
    return Branches(
        at=at,
        y=np.concatenate([y, stiff]).astype(np.complex128),
        y_shunt=np.concatenate([ends, np.stack([half, half], axis=1)]).astype(np.complex128),
        ratio=np.concatenate([ratio, np.ones(len(hung))]),
        shift=np.concatenate([shift, np.zeros(len(hung))]),
        tapped=NONE,
    )


def _behind(branches: Branches, voltage: Any, n: int) -> Any:
    """Return the voltages at the far ends of the branches to shunts."""
    ends = branches.at[:, 1] >= n
    near, y, half = branches.at[ends, 0], branches.y[ends], branches.y_shunt[ends, 1]
    return voltage[near] * y / (y + half)


def _instruments(network: Network, n: int, slack: int, y: Floats) -> Any:
    """Return the instruments, weighed by what they read."""
    buses, branches = np.arange(n), np.flatnonzero(network.branches.at[:, 1] < n)
    drawn = np.setdiff1d(buses, slack)
    kinds = [Kind.VOLTAGE, Kind.FLOW_P, Kind.FLOW_Q, Kind.DRAWN_P, Kind.DRAWN_Q]
    places = [buses, branches, branches, drawn, drawn]
    kind = np.repeat(kinds, [len(place) for place in places])
    sigma = np.ones(len(kind))
    if len(y):
        power = POWER * np.maximum(np.abs(y), LEAST_POWER_PU)
        sigma = np.where(kind == Kind.VOLTAGE, VOLTAGE, power)
    return bare(kind, np.concatenate(places), sigma)


def _elements(net: Any) -> list[tuple[str, int]]:
    """Return element and number of every branch in pandapower's order, those that are in use."""
    lookup, in_use = net._pd2ppc_lookups["branch"], net._ppc["internal"]["branch_is"]
    names: list[tuple[str, int]] = [("", -1)] * len(in_use)
    for element, (first, last) in lookup.items():
        names[first:last] = [(element, int(number)) for number in net[element].index]
    return [name for name, used in zip(names, in_use, strict=True) if used]


def by_pandapower(of: Textbook, z: Floats) -> Floats:
    """Return pandapower's weighted least squares estimate of the buses (2 n,) [rad, pu]."""
    net, told = of.net, of.model.equations.measurements
    base, lookup = net.sn_mva, of.bus
    net.measurement.drop(net.measurement.index, inplace=True)
    for kind, place, value, sigma in zip(told.kind, told.place, z, told.sigma, strict=True):
        if kind == Kind.VOLTAGE:
            pandapower.create_measurement(net, "v", "bus", value, sigma, lookup[place])
        elif kind in {Kind.DRAWN_P, Kind.DRAWN_Q}:
            what = "p" if kind == Kind.DRAWN_P else "q"
            pandapower.create_measurement(
                net, what, "bus", value * base, sigma * base, lookup[place]
            )
        else:
            what = "p" if kind == Kind.FLOW_P else "q"
            element, number = of.branch[place]
            side = "from" if element == "line" else "hv"
            pandapower.create_measurement(
                net, what, element, value * base, sigma * base, number, side
            )
    estimation = StateEstimation(net, tolerance=1e-11, maximum_iterations=50, algorithm="wls")
    estimation.estimate(v_start="results", delta_start="results", zero_injection=None)
    found = net.res_bus_est.loc[lookup]
    angle = np.deg2rad(found.va_degree.to_numpy())
    slack = int(of.model.equations.network.sources[0])
    return np.concatenate([angle - angle[slack], found.vm_pu.to_numpy()])


def _buses(net: Any, n: int) -> list[int]:
    """Return a bus of pandapower at each of its internal ones, told by voltage and angle."""
    found = [-1] * n
    internal = net._ppc["internal"]["V"]
    result = net.res_bus.vm_pu * np.exp(1j * np.deg2rad(net.res_bus.va_degree))
    lookup = net._pd2ppc_lookups["bus"]
    for bus, voltage in result.dropna().items():
        place = int(lookup[bus])
        assert abs(internal[place] - voltage) < 1e-9
        found[place] = int(bus)
    return found


def apart(of: Textbook, one: Floats, other: Floats) -> float:
    """Return the largest difference of voltages and angles at the buses that both have."""
    n, total = of.n, of.model.equations.network.n_ac
    own = np.concatenate([one[:n], one[total : total + n]])
    theirs = other if len(other) == 2 * n else np.concatenate([other[:n], other[total:][:n]])
    gap = own - theirs
    gap[:n] = np.angle(np.exp(1j * gap[:n]))
    return float(np.abs(gap).max())


def main() -> None:
    """Print the table."""
    print("network    buses  meters   without     against             against        [pu, rad]")
    print("                           noise       power-grid-model    pandapower")
    for name in NETWORKS:
        of, chance = textbook(name), np.random.default_rng(1)
        z = of.y + of.model.equations.measurements.sigma * chance.standard_normal(len(of.y))
        wiring = all_on(of.model.equations.network)
        clean = solve(of.model, wiring, of.y, of.weight)
        noisy = solve(of.model, wiring, z, of.weight)
        grid = PowerGrid(of.model.equations.network, of.model.equations.measurements)
        grid.model.update(update_data=grid.update(z, of.weight))
        exact = apart(of, clean.x, of.x)
        ours = apart(of, noisy.x, grid.estimate())
        theirs = apart(of, noisy.x, by_pandapower(of, z))
        print(f"{name:<10} {of.n:5} {len(z):7}   {exact:<11.1e} {ours:<20.1e} {theirs:<14.1e}")


if __name__ == "__main__":
    main()
