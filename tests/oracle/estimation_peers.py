"""Networks of `tests.feeders` with their sensors for pandapower and gridstate, to be timed.

Both solve anew from nominal voltage each time, by weighted least squares. pandapower is given its
table of measurements, gridstate its working copy of the model; neither is asked for bad data.

Source: documentation of pandapower 3.5 (state estimation) and of gridstate 2.12.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandapower
import pandas as pd
from pandapower.estimation import StateEstimation

from daemon.core.estimation.measurements import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.estimation.measurements import Measurements
    from daemon.core.estimation.network import Floats, Network

BASE_KV, BASE_MVA = 10.0, 100.0
OHM: Final = BASE_KV**2 / BASE_MVA
_WHAT: Final = {
    Kind.VOLTAGE: ("v", "bus", None),
    Kind.DRAWN_P: ("p", "bus", None),
    Kind.DRAWN_Q: ("q", "bus", None),
    Kind.FLOW_P: ("p", "line", "from"),
    Kind.FLOW_Q: ("q", "line", "from"),
}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what these print and warn of."""
    with (
        open(os.devnull, "w") as nowhere,  # noqa: PTH123
        contextlib.redirect_stdout(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def pandapower_net(network: Network) -> Any:
    """Return the network as pandapower has it."""
    net = pandapower.create_empty_network(sn_mva=BASE_MVA, f_hz=50.0)
    for _ in range(network.n_ac):
        pandapower.create_bus(net, vn_kv=BASE_KV)
    pandapower.create_ext_grid(net, int(network.sources[0]))
    drawn = np.setdiff1d(np.arange(network.n_ac), np.union1d(network.transit, network.sources))
    pandapower.create_loads(net, drawn, p_mw=1.0, q_mvar=0.3)
    z, shunt = OHM / network.branches.y, network.branches.y_shunt.sum(axis=1) / OHM
    pandapower.create_lines_from_parameters(
        net,
        *network.branches.at.T,
        length_km=1.0,
        r_ohm_per_km=z.real,
        x_ohm_per_km=z.imag,
        c_nf_per_km=shunt.imag / (2.0 * math.pi * 50.0) * 1e9,
        g_us_per_km=shunt.real * 1e6,
        max_i_ka=1.0,
    )
    return net


class Pandapower:
    """A network with its sensors in pandapower."""

    def __init__(self, network: Network, told: Measurements) -> None:
        self.net, self._told = pandapower_net(network), told

    def update(self, z: Floats, weight: Floats) -> None:
        """Take the values of a scan, those that have a weight."""
        kinds = [_WHAT[Kind(kind)] for kind in self._told.kind]
        unit = np.where(self._told.kind == Kind.VOLTAGE, 1.0, BASE_MVA)
        rows = pd.DataFrame(
            {
                "name": None,
                "measurement_type": [what for what, _, _ in kinds],
                "element_type": [element for _, element, _ in kinds],
                "element": self._told.place,
                "value": z * unit,
                "std_dev": unit / np.sqrt(np.where(weight > 0.0, weight, 1.0)),
                "side": [side for _, _, side in kinds],
            }
        )
        self.net.measurement = rows[weight > 0.0].reset_index(drop=True)

    def estimate(self) -> Floats:
        """Return angles, then magnitudes of every bus (2 n_ac,) [rad, pu]."""
        StateEstimation(self.net, tolerance=1e-6, algorithm="wls").estimate(
            zero_injection="no_inj_bus"
        )
        found = self.net.res_bus_est
        return np.concatenate([np.deg2rad(found.va_degree), found.vm_pu])


_GRIDSTATE: Final = {
    Kind.VOLTAGE: (2, 0, BASE_KV),
    Kind.DRAWN_P: (4, 0, -BASE_MVA),
    Kind.DRAWN_Q: (5, 0, -BASE_MVA),
    Kind.FLOW_P: (0, 1, BASE_MVA),
    Kind.FLOW_Q: (1, 1, BASE_MVA),
}
"""Kind, object and unit of what is measured."""


class Gridstate:
    """A network with its sensors in gridstate."""

    def __init__(self, network: Network, told: Measurements) -> None:
        self._api = importlib.import_module("gridstate.api")
        self._from = importlib.import_module("gridstate.adapters.from_pandapower")
        self._net, self._told = pandapower_net(network), told
        pandapower.runpp(self._net, numba=False)
        self._model: Any = None

    def update(self, z: Floats, weight: Floats) -> None:
        """Take the values of a scan, those that have a weight."""
        used = np.flatnonzero(weight > 0.0)
        kind, what, unit = (
            np.array(column) for column in zip(
                *(_GRIDSTATE[Kind(k)] for k in self._told.kind[used]), strict=True
            )
        )  # fmt: skip
        place = self._told.place[used] + what  # branches count from 1
        rows = self._from.measurement_array(len(used))
        rows["id"], rows["object_type"], rows["object_id"] = used, what, place
        rows["measurement_type"], rows["value"] = kind, z[used] * unit
        rows["variance"], rows["status"] = unit**2 / weight[used], True
        rows["branch_side"] = np.where(what == 1, 0, -1)
        self._model = self._from.from_pandapower(self._net, measurements=rows).model

    def estimate(self) -> Floats:
        """Return angles, then magnitudes of every bus (2 n_ac,) [rad, pu]."""
        found = self._api.estimate(
            self._model, algorithm="wls", huber_c=0.0, include_quality_summary=False
        )
        return np.concatenate([found.delta_rad, found.v_pu])
