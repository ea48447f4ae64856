"""AC power flow of the live islands by power-grid-model.

One model holds all islands that have a reference source. It is built anew when a switch moves and
only updated when powers or source voltages do. Angles are relative to a frame that turns at nominal
frequency, so that islands can be compared for synchronism.

Taps are on the first winding: a position above neutral adds turns and lowers the voltage of the
second. A transformer that declares no step has none.

Simplified: symmetric operation, cables without capacitance, vector groups without phase shift, no
inrush, a short-circuit impedance that does not depend on the tap, and a magnetising current of
0.3 % that does not saturate. Loads are of constant power; should the Newton iteration find no
solution (a collapse), loads follow the square of the voltage instead and the answer says so.

The calls that power-grid-model offers describe all their arrays to its core at every call, which
takes ten times as long as the solution of a site. Here the arrays are described once, by the parts
those calls are made of, and filled anew each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from power_grid_model import (
    CalculationMethod,
    ComponentType,
    DatasetType,
    LoadGenType,
    PowerGridModel,
    WindingType,
    initialize_array,
)
from power_grid_model._core.data_handling import prepare_output_view, prepare_update_view
from power_grid_model._core.enum import CalculationType
from power_grid_model._core.error_handling import assert_no_error
from power_grid_model._core.options import Options
from power_grid_model._core.power_grid_core import ConstDatasetPtr, get_power_grid_core
from power_grid_model.errors import (  # type: ignore[attr-defined]  # it declares no exports
    IterationDiverge,
    MaxIterationReached,
    SparseMatrixError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_ERROR_PU: Final = 1e-10
_MAGNETISING_PU: Final = 0.003
_BASE_ID: Final = 1_000_000  # ids of PGM are unique over all components


@dataclass(frozen=True, slots=True)
class Branch:
    """A transformer or a cable between two buses.

    Attributes:
        id: equipment id.
        source: index of the first bus.
        load: index of the second bus.
        kind: "transformer" or "cable".
        ratings: nameplate values by name.
        tap: steps of its tap changer beside neutral.
    """

    id: str
    source: int
    load: int
    kind: str
    ratings: dict[str, float]
    tap: int = 0


@dataclass(frozen=True, slots=True)
class Solution:
    """What the network does at one instant.

    Attributes:
        v_pu: voltage of every node [pu] (n_node,).
        angle_rad: angle of every node in the nominal frame [rad] (n_node,).
        source_w: active power given by every source [W] (n_source,).
        source_var: reactive power given by every source [var] (n_source,).
        branch_w: active power into both ends of every branch [W] (n_branch, 2).
        branch_var: reactive power into both ends [var] (n_branch, 2).
        collapsed: the loads could not be carried at constant power.
    """

    v_pu: NDArray[np.float64]
    angle_rad: NDArray[np.float64]
    source_w: NDArray[np.float64]
    source_var: NDArray[np.float64]
    branch_w: NDArray[np.float64]
    branch_var: NDArray[np.float64]
    collapsed: bool


class AcModel:
    """The power-flow model of one topology.

    Args:
        nominal_v: nominal voltage of every node [V] (n_node,).
        branches: (first node, second node, branch) of every branch.
        sources: (node, short-circuit power [VA]) of every reference source.
        frequency_hz: nominal frequency [Hz].
        shunts: nodes at which `solve_linear` may be given an admittance.
    """

    def __init__(
        self,
        nominal_v: Sequence[float],
        branches: Sequence[tuple[int, int, Branch]],
        sources: Sequence[tuple[int, float]],
        frequency_hz: float,
        shunts: Sequence[int] = (),
    ) -> None:
        self._n_node = len(nominal_v)
        self._branches = branches
        inputs: dict[Any, Any] = {
            ComponentType.node: _nodes(nominal_v),
            ComponentType.source: _sources(sources),
            ComponentType.sym_load: _loads(self._n_node),
        }
        lines = [(a, b, x) for a, b, x in branches if x.kind == "cable"]
        transformers = [(a, b, x) for a, b, x in branches if x.kind == "transformer"]
        if lines:
            inputs[ComponentType.line] = _lines(lines)
        if transformers:
            inputs[ComponentType.transformer] = _transformers(transformers, nominal_v)
        if shunts:
            inputs[ComponentType.shunt] = _shunts(shunts)
        self._model = PowerGridModel(inputs, system_frequency=frequency_hz)
        self._load_update = _update(inputs, ComponentType.sym_load)
        self._source_update = _update(inputs, ComponentType.source)
        updates = {
            ComponentType.sym_load: self._load_update,
            ComponentType.source: self._source_update,
        }
        if shunts:
            self._shunt_update = _update(inputs, ComponentType.shunt)
            self._shunt_update["status"] = 1
            self._shunt_update["g0"] = self._shunt_update["b0"] = 0.0
            updates[ComponentType.shunt] = self._shunt_update
        self._updates = prepare_update_view(updates)
        self._out = {
            kind: initialize_array(DatasetType.sym_output, kind, len(inputs[kind]))
            for kind in _WANTED
            if kind in inputs
        }
        self._results = prepare_output_view(self._out, DatasetType.sym_output)
        place = {id(x): i for i, (_, _, x) in enumerate(branches)}
        self._flows = [
            (
                np.array([place[id(x)] for _, _, x in found], np.intp),
                *(self._out[kind][name] for name in ("p_from", "p_to", "q_from", "q_to")),
            )
            for kind, found in (
                (ComponentType.line, lines),
                (ComponentType.transformer, transformers),
            )
            if found
        ]

    def solve(
        self,
        source_pu: Sequence[float],
        source_rad: Sequence[float],
        load_w: NDArray[np.float64],
        load_var: NDArray[np.float64],
    ) -> Solution:
        """Return the solution for source voltages [pu], angles [rad] and node loads [W, var]."""
        self._set(source_pu, source_rad, load_w, load_var)
        try:
            self._run(_NEWTON)
        except (IterationDiverge, MaxIterationReached, SparseMatrixError):
            self._run(_LINEAR)
            return self._read(collapsed=True)
        return self._read(collapsed=False)

    def solve_linear(
        self,
        source_pu: Sequence[float],
        source_rad: Sequence[float],
        load_w: NDArray[np.float64],
        load_var: NDArray[np.float64],
        shunt_s: Sequence[complex],
    ) -> Solution:
        """Return the solution with loads as the admittances that take their powers at 1 pu.

        `shunt_s` are the admittances of the shunts [S]. Linear, so there always is an answer.
        """
        self._shunt_update["g1"] = [y.real for y in shunt_s]
        self._shunt_update["b1"] = [y.imag for y in shunt_s]
        self._set(source_pu, source_rad, load_w, load_var)
        self._run(_LINEAR)
        return self._read(collapsed=False)

    def _set(
        self,
        source_pu: Sequence[float],
        source_rad: Sequence[float],
        load_w: NDArray[np.float64],
        load_var: NDArray[np.float64],
    ) -> None:
        self._source_update["u_ref"] = source_pu
        self._source_update["u_ref_angle"] = source_rad
        self._load_update["p_specified"] = load_w
        self._load_update["q_specified"] = load_var
        core = get_power_grid_core()
        core.update_model(self._model._model, self._updates.get_dataset_ptr())
        assert_no_error()

    def _run(self, options: Options) -> None:
        get_power_grid_core().calculate(
            self._model._model,
            options.opt,
            output_data=self._results.get_dataset_ptr(),
            update_data=_NOTHING,
        )
        assert_no_error()

    def _read(self, *, collapsed: bool) -> Solution:
        out = self._out
        nodes, sources = out[ComponentType.node], out[ComponentType.source]
        flows_w = np.zeros((len(self._branches), 2))
        flows_var = np.zeros((len(self._branches), 2))
        for rows, p_from, p_to, q_from, q_to in self._flows:
            flows_w[rows, 0], flows_w[rows, 1] = p_from, p_to
            flows_var[rows, 0], flows_var[rows, 1] = q_from, q_to
        return Solution(
            v_pu=nodes["u_pu"].copy(),
            angle_rad=nodes["u_angle"].copy(),
            source_w=sources["p"].copy(),
            source_var=sources["q"].copy(),
            branch_w=flows_w,
            branch_var=flows_var,
            collapsed=collapsed,
        )


_WANTED: Final = [
    ComponentType.node,
    ComponentType.source,
    ComponentType.line,
    ComponentType.transformer,
]
_NOTHING: Final = ConstDatasetPtr()


def _options(method: CalculationMethod) -> Options:
    return PowerGridModel._options(
        calculation_type=CalculationType.power_flow,
        symmetric=True,
        error_tolerance=_ERROR_PU,
        max_iterations=30,
        calculation_method=method,
    )


_NEWTON: Final = _options(CalculationMethod.newton_raphson)
_LINEAR: Final = _options(CalculationMethod.linear)


def _update(inputs: Mapping[Any, Any], kind: ComponentType) -> NDArray[np.void]:
    array = initialize_array(DatasetType.update, kind, len(inputs[kind]))
    array["id"] = inputs[kind]["id"]
    return array


def _nodes(nominal_v: Sequence[float]) -> NDArray[np.void]:
    nodes = initialize_array(DatasetType.input, ComponentType.node, len(nominal_v))
    nodes["id"] = np.arange(len(nominal_v))
    nodes["u_rated"] = nominal_v
    return nodes


def _sources(sources: Sequence[tuple[int, float]]) -> NDArray[np.void]:
    array = initialize_array(DatasetType.input, ComponentType.source, len(sources))
    array["id"] = _BASE_ID + np.arange(len(sources))
    array["node"] = [node for node, _ in sources]
    array["status"] = 1
    array["u_ref"] = 1.0
    array["sk"] = [power for _, power in sources]
    return array


def _loads(n_node: int) -> NDArray[np.void]:
    loads = initialize_array(DatasetType.input, ComponentType.sym_load, n_node)
    loads["id"] = 2 * _BASE_ID + np.arange(n_node)
    loads["node"] = np.arange(n_node)
    loads["status"] = 1
    loads["type"] = LoadGenType.const_power
    loads["p_specified"] = 0.0
    loads["q_specified"] = 0.0
    return loads


def _shunts(nodes: Sequence[int]) -> NDArray[np.void]:
    array = initialize_array(DatasetType.input, ComponentType.shunt, len(nodes))
    array["id"] = 5 * _BASE_ID + np.arange(len(nodes))
    array["node"] = nodes
    array["status"] = 1
    array["g1"] = array["b1"] = array["g0"] = array["b0"] = 0.0
    return array


def _lines(lines: Sequence[tuple[int, int, Branch]]) -> NDArray[np.void]:
    array = initialize_array(DatasetType.input, ComponentType.line, len(lines))
    array["id"] = 3 * _BASE_ID + np.arange(len(lines))
    array["from_node"] = [a for a, _, _ in lines]
    array["to_node"] = [b for _, b, _ in lines]
    array["from_status"] = array["to_status"] = 1
    array["r1"] = [branch.ratings["resistance_ohm"] for _, _, branch in lines]
    array["x1"] = [branch.ratings.get("reactance_ohm", 0.0) for _, _, branch in lines]
    array["c1"] = array["tan1"] = 0.0
    return array


def _transformers(
    transformers: Sequence[tuple[int, int, Branch]], nominal_v: Sequence[float]
) -> NDArray[np.void]:
    array = initialize_array(DatasetType.input, ComponentType.transformer, len(transformers))
    ratings = [branch.ratings for _, _, branch in transformers]
    array["id"] = 4 * _BASE_ID + np.arange(len(transformers))
    array["from_node"] = [a for a, _, _ in transformers]
    array["to_node"] = [b for _, b, _ in transformers]
    array["from_status"] = array["to_status"] = 1
    array["u1"] = [nominal_v[a] for a, _, _ in transformers]
    array["u2"] = [nominal_v[b] for _, b, _ in transformers]
    array["sn"] = [r["power_va"] for r in ratings]
    array["uk"] = [r["impedance_pu"] for r in ratings]
    array["pk"] = [r["load_loss_w"] for r in ratings]
    array["p0"] = [r["no_load_loss_w"] for r in ratings]
    array["i0"] = [
        max(_MAGNETISING_PU, 1.001 * r["no_load_loss_w"] / r["power_va"]) for r in ratings
    ]
    array["winding_from"] = array["winding_to"] = WindingType.wye_n
    array["clock"] = 0
    array["tap_side"] = 0
    array["tap_nom"] = 0
    array["tap_pos"] = [branch.tap for _, _, branch in transformers]
    array["tap_min"] = [-r.get("taps_count", 0.0) for r in ratings]
    array["tap_max"] = [r.get("taps_count", 0.0) for r in ratings]
    array["tap_size"] = [
        nominal_v[a] * branch.ratings.get("tap_step_pu", 0.0) for a, _, branch in transformers
    ]
    return array
