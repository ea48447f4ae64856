"""The site file as a pandapower network, read by code that shares nothing with the plant's.

Breakers, transfer switches and bypasses are pandapower's ideal switches; a source is an external
grid behind the impedance of its short-circuit power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandapower
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

R_BY_X: Final = 0.1
"""Resistance by reactance of a source."""
MAGNETISING_PU: Final = 0.003
"""No-load current of a transformer that declares none."""


@dataclass
class OneLine:
    """A site file and the pandapower network of its alternating-current side.

    Attributes:
        net: the network, without loads at first.
        bus: pandapower's number of every AC bus.
        equipment: the equipment of the file by id.
    """

    path: Path
    net: Any = field(init=False)
    bus: dict[str, int] = field(init=False)
    equipment: dict[str, dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        site = yaml.safe_load(self.path.read_text())
        self.equipment = site["equipment"]
        self.net = pandapower.create_empty_network(f_hz=float(site["site"]["frequency_hz"]))
        self.bus = {
            name: pandapower.create_bus(self.net, vn_kv=float(bus["voltage_v"]) / 1e3, name=name)
            for name, bus in site["buses"].items()
            if bus["kind"] == "ac"
        }

    def of(self, nature: str) -> Iterable[tuple[str, dict[str, Any]]]:
        return ((i, e) for i, e in self.equipment.items() if e["nature"] == nature)

    def _join(self, a: str, b: str) -> None:
        if a in self.bus and b in self.bus:
            pandapower.create_switch(self.net, self.bus[a], self.bus[b], et="b", closed=True)

    def switch(self, positions: Mapping[str, str], bypassed: Iterable[str]) -> None:
        """Join buses by named positions: breakers closed, transfer switches at a source."""
        for name, item in self.of("breaker"):
            if positions[name] == "closed":
                self._join(*item["buses"])
        for name, item in self.of("transfer_switch"):
            first, second, out = item["buses"]
            if positions[name].startswith("source"):
                self._join(first if positions[name] == "source_1" else second, out)
        for name in bypassed:
            self._join(*self.equipment[name]["buses"])

    def branches(self, taps: Mapping[str, int]) -> None:
        """Add transformers, at their `taps` beside neutral, and cables."""
        for name, item in self.of("transformer"):
            self._transformer(name, item, taps.get(name, 0))
        for name, item in self.of("cable"):
            a, b = item["buses"]
            if a in self.bus:
                rated = {key: float(value) for key, value in item["ratings"].items()}
                reactance = rated.get("reactance_ohm", 0.0)
                self._line(name, self.bus[a], self.bus[b], rated["resistance_ohm"], reactance)

    def _line(self, name: str, a: int, b: int, r_ohm: float, x_ohm: float) -> None:
        pandapower.create_line_from_parameters(
            self.net, a, b, 1.0, r_ohm, x_ohm, c_nf_per_km=0.0, max_i_ka=1e3, name=name
        )

    def _transformer(self, name: str, item: dict[str, Any], tap: int) -> None:
        rated = {key: float(value) for key, value in item["ratings"].items()}
        high, low = (self.bus[bus] for bus in item["buses"])
        va = rated["power_va"]
        pandapower.create_transformer_from_parameters(
            self.net,
            high,
            low,
            name=name,
            sn_mva=va / 1e6,
            vn_hv_kv=self.net.bus.vn_kv[high],
            vn_lv_kv=self.net.bus.vn_kv[low],
            vk_percent=100.0 * rated["impedance_pu"],
            vkr_percent=100.0 * rated["load_loss_w"] / va,
            pfe_kw=rated["no_load_loss_w"] / 1e3,
            i0_percent=100.0 * max(MAGNETISING_PU, 1.001 * rated["no_load_loss_w"] / va),
            shift_degree=0.0,
            tap_side="hv",
            tap_neutral=0,
            tap_min=-99,
            tap_max=99,
            tap_step_percent=100.0 * rated.get("tap_step_pu", 0.0125),
            tap_step_degree=0.0,
            tap_changer_type="Ratio",
            tap_pos=tap,
        )

    def source(self, bus: str, pu: float, angle_rad: float, short_circuit_va: float) -> None:
        """Add a source of a voltage [pu] at a bus."""
        kv = float(self.net.bus.vn_kv[self.bus[bus]])
        behind = pandapower.create_bus(self.net, vn_kv=kv)
        ohm = kv**2 / (short_circuit_va / 1e6)
        x_ohm = ohm / math.hypot(1.0, R_BY_X)
        self._line(f"behind {bus}", behind, self.bus[bus], R_BY_X * x_ohm, x_ohm)
        pandapower.create_ext_grid(self.net, behind, vm_pu=pu, va_degree=math.degrees(angle_rad))

    def load(self, bus: str, power_w: float, reactive_var: float) -> None:
        """Add a consumption at a bus."""
        pandapower.create_load(self.net, self.bus[bus], power_w / 1e6, reactive_var / 1e6)

    def solve(self) -> dict[str, tuple[float, float]]:
        """Return voltage and angle of every live bus [pu, rad]."""
        pandapower.runpp(
            self.net,
            calculate_voltage_angles=True,
            trafo_model="pi",
            init="dc",
            tolerance_mva=1e-9,
            numba=False,
        )
        found = {}
        for name, number in self.bus.items():
            row = self.net.res_bus.loc[number]
            if not math.isnan(row.vm_pu):
                found[name] = (float(row.vm_pu), math.radians(float(row.va_degree)))
        return found
