"""The same network and sensors for power-grid-model: its input, its updates, its state.

Its Newton-Raphson state estimation is an exact weighted least squares solution. The default method,
iterative-linear, is not, and differs by 1e-4 pu. Buses at which nothing stands are zero injections
there as well.

Source: pitfalls PG1 and PG6; documentation of power-grid-model 1.12, chapters on components and
on state estimation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from power_grid_model import (
    CalculationMethod,
    ComponentType,
    LoadGenType,
    MeasuredTerminalType,
    PowerGridModel,
    initialize_array,
)

from daemon.core.estimation.measurements import Kind

if TYPE_CHECKING:
    from daemon.core.estimation.measurements import Measurements
    from daemon.core.estimation.network import Floats, Network

BASE_V, BASE_VA = 1e3, 1e6
WORTHLESS_PU: Final = 1e4
"""Standard deviation of what is absent: sensors cannot be taken away by an update."""

EXACT: Final = CalculationMethod.newton_raphson
LINEAR: Final = CalculationMethod.iterative_linear

_ENDS = (MeasuredTerminalType.branch_from, MeasuredTerminalType.branch_to)


class PowerGrid:
    """An AC network with its sensors in power-grid-model."""

    def __init__(
        self, network: Network, told: Measurements, worthless_pu: float = WORTHLESS_PU
    ) -> None:
        self._worthless_pu = worthless_pu
        n_branch, self._n = len(network.branches.y), network.n_ac
        data: dict[Any, NDArray[Any]] = {
            "node": _nodes(network),
            "generic_branch": _branches(network),
        }
        data["source"] = _sources(network, self._n + n_branch)
        data["sym_load"] = _loads(network, self._n + 2 * n_branch)
        first = self._n + 2 * n_branch + 2 * self._n
        self._voltage = np.flatnonzero(told.kind == Kind.VOLTAGE)
        voltage = initialize_array("input", "sym_voltage_sensor", len(self._voltage))
        voltage["id"] = first + np.arange(len(voltage))
        voltage["measured_object"] = told.place[self._voltage]
        voltage["u_sigma"] = voltage["u_measured"] = BASE_V
        self._pairs = _paired(told)
        power = initialize_array("input", "sym_power_sensor", len(self._pairs))
        power["id"] = first + len(voltage) + np.arange(len(power))
        _attach(power, told, self._pairs[:, 0], self._n, data["sym_load"])
        for name in ("power_sigma", "p_measured", "q_measured", "p_sigma", "q_sigma"):
            power[name] = BASE_VA
        data |= {"sym_voltage_sensor": voltage, "sym_power_sensor": power}
        self.model = PowerGridModel(data)
        self._voltage_id, self._power_id = voltage["id"].copy(), power["id"].copy()
        self._place = told.place

    def update(self, z: Floats, weight: Floats) -> dict[str, NDArray[Any]]:
        """Return an update with these values and weights (n_measurement,)."""
        absent = weight == 0.0
        z = np.where(absent, 0.0, z)
        sigma = np.where(absent, self._worthless_pu, 1.0 / np.sqrt(np.where(absent, 1.0, weight)))
        voltage = initialize_array("update", "sym_voltage_sensor", len(self._voltage))
        voltage["id"] = self._voltage_id
        voltage["u_measured"] = np.where(absent, 1.0, z)[self._voltage] * BASE_V
        voltage["u_sigma"] = sigma[self._voltage] * BASE_V
        power = initialize_array("update", "sym_power_sensor", len(self._pairs))
        power["id"] = self._power_id
        for row, name in zip(self._pairs.T, "pq", strict=True):
            power[f"{name}_measured"] = z[row] * BASE_VA
            power[f"{name}_sigma"] = sigma[row] * BASE_VA
        return {"sym_voltage_sensor": voltage, "sym_power_sensor": power}

    def estimate(self, method: CalculationMethod = EXACT, tolerance: float = 1e-12) -> Floats:
        """Return angles, then magnitudes of every bus (2 n_ac,) [rad, pu]."""
        result = self.model.calculate_state_estimation(
            symmetric=True,
            calculation_method=method,
            error_tolerance=tolerance,
            max_iterations=50,
            output_component_types=[ComponentType.node],
        )[ComponentType.node]
        return np.concatenate([result["u_angle"], result["u_pu"]])


def _nodes(network: Network) -> NDArray[Any]:
    node = initialize_array("input", "node", network.n_ac)
    node["id"], node["u_rated"] = np.arange(network.n_ac), BASE_V
    return node


def _branches(network: Network) -> NDArray[Any]:
    of, ohm = network.branches, BASE_V**2 / BASE_VA
    z = 1.0 / of.y
    branch = initialize_array("input", "generic_branch", len(z))
    branch["id"] = network.n_ac + np.arange(len(z))
    branch["from_node"], branch["to_node"] = of.at.T
    branch["from_status"] = branch["to_status"] = 1
    branch["r1"], branch["x1"] = z.real * ohm, z.imag * ohm
    shunt = of.y_shunt.sum(axis=1)
    branch["g1"], branch["b1"] = shunt.real / ohm, shunt.imag / ohm
    branch["k"], branch["theta"], branch["sn"] = of.ratio, of.shift, BASE_VA
    return branch


def _sources(network: Network, first: int) -> NDArray[Any]:
    source = initialize_array("input", "source", len(network.sources))
    source["id"], source["node"] = first + np.arange(len(source)), network.sources
    source["status"], source["u_ref"] = 1, 1.0
    return source


def _loads(network: Network, first: int) -> NDArray[Any]:
    buses = np.setdiff1d(np.arange(network.n_ac), np.union1d(network.transit, network.sources))
    load = initialize_array("input", "sym_load", len(buses))
    load["id"], load["node"] = first + np.arange(len(load)), buses
    load["status"], load["type"] = 1, LoadGenType.const_power
    return load


def _paired(told: Measurements) -> NDArray[np.int64]:
    """Return the rows of P and of Q of every power sensor (n_sensor, 2)."""
    rows = []
    for p, q in ((Kind.FLOW_P, Kind.FLOW_Q), (Kind.DRAWN_P, Kind.DRAWN_Q)):
        active, reactive = np.flatnonzero(told.kind == p), np.flatnonzero(told.kind == q)
        for both in ("place", "end"):
            assert np.array_equal(getattr(told, both)[active], getattr(told, both)[reactive])
        rows.append(np.stack([active, reactive], axis=1))
    return np.concatenate(rows)


def _attach(
    power: NDArray[Any], told: Measurements, row: NDArray[np.int64], n: int, load: NDArray[Any]
) -> None:
    """Hang power sensors on ends of branches and on loads."""
    flow = told.kind[row] == Kind.FLOW_P
    power["measured_object"][flow] = n + told.place[row[flow]]
    power["measured_terminal_type"] = np.where(told.end[row] == 0, *_ENDS)
    at = np.searchsorted(load["node"], told.place[row[~flow]])
    power["measured_object"][~flow] = load["id"][at]
    power["measured_terminal_type"][~flow] = MeasuredTerminalType.load
