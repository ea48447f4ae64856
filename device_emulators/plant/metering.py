"""All power meters of a site at once: what they should show, what they show, what they count.

A meter at the bus of a utility shows the import (export negative), any other the throughput of its
bus: the sum of all flows that leave it through switches, transformers, converters and loads. Values
are refreshed every 100 ms with a small error; energies are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device_emulators.plant.grid import Grid

REFRESH_NS: Final = 100_000_000
NOISE_PU: Final = 0.001
VOLTAGE_NOISE_PU: Final = 0.0003


class Metering:
    """Struct of arrays over all meters (n_meter,); registered by the devices.

    Attributes:
        voltage_v: voltage shown [V].
        frequency_hz: frequency shown [Hz].
        power_w: power shown [W].
        reactive_power_var: reactive power shown [var].
        current_a: current shown [A].
        energy_import_wh: energy counted [Wh].
        energy_export_wh: energy counted against the load direction [Wh].
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._bus: list[int] = []
        self._fresh_at_ns = -REFRESH_NS
        self._true_at = -1
        self._true = (np.zeros(0), np.zeros(0))
        self.begin()

    def add(self, bus: int) -> int:
        """Register a meter at a bus and return its number."""
        self._bus.append(bus)
        return len(self._bus) - 1

    def begin(self) -> None:
        """Find what is joined to the buses, once everything is registered."""
        grid, count = self._grid, len(self._bus)
        self._buses = np.array(self._bus, np.intp)
        utility = {former.bus for former in grid.formers if former.rank == 0}
        self._utility = np.array([bus in utility for bus in self._bus], dtype=bool)
        self._nominal_v = grid.nominal_v[self._buses]
        self._ac = grid.is_ac[self._buses]
        self._phases = np.where(self._ac, np.sqrt(3.0), 1.0)
        n_switch, n_branch = len(grid.switches), len(grid.branches)
        owner: list[int] = []
        column: list[int] = []
        sign: list[float] = []
        end_owner: list[int] = []
        end: list[int] = []
        for meter, bus in enumerate(self._bus):
            for number, switch in enumerate(grid.switches):
                if bus in {switch.source, switch.load}:
                    owner.append(meter)
                    column.append(number)
                    sign.append(1.0 if switch.source == bus else -1.0)
            for number, branch in enumerate(grid.branches):
                if bus in {branch.source, branch.load}:
                    end_owner.append(meter)
                    end.append(number + n_branch * (branch.load == bus))
        self._end_owner, self._end = np.array(end_owner, np.intp), np.array(end, np.intp)
        # columns: switches, both ends of branches, what the bus itself takes; then all of it again
        # for reactive power, which counts to a second set of meters
        own = np.arange(count)
        owners = np.array([*owner, *end_owner, *own], np.intp)
        columns = np.array(
            [*column, *(n_switch + self._end), *(n_switch + 2 * n_branch + own)], np.intp
        )
        signs = np.array([*sign, *np.ones(len(end) + count)])
        self._owner = np.concatenate([owners, count + owners])
        self._column = np.concatenate([columns, n_switch + 2 * n_branch + count + columns])
        self._sign = np.concatenate([signs, signs])
        self.voltage_v = self.frequency_hz = self.current_a = np.zeros(count)
        self.power_w = self.reactive_power_var = np.zeros(count)
        self.energy_import_wh = np.zeros(count)
        self.energy_export_wh = np.zeros(count)

    def true_power(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return active and reactive power [W, var] (n_meter,)."""
        if self._true_at != self._grid.flows_count:
            self._true_at = self._grid.flows_count
            self._true = self._measure()
        return self._true

    def _measure(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        grid, count = self._grid, len(self._bus)
        own_w, own_var = grid.consumed_w[self._buses], grid.consumed_var[self._buses]
        ends_w, ends_var = grid.branch_w.T.ravel(), grid.branch_var.T.ravel()
        inner_w = own_w - np.bincount(self._end_owner, ends_w[self._end], count)
        flows = [grid.switch_w, ends_w, inner_w, grid.switch_var, ends_var, own_var]
        flow = self._sign * np.concatenate(flows)[self._column]
        half = len(flow) // 2
        leaves = flow[:half] > 0.0
        flow[:half] *= leaves
        flow[half:] *= leaves
        through = np.bincount(self._owner, flow, 2 * count)
        return (
            np.where(self._utility, -own_w, through[:count]),
            np.where(self._utility, -own_var, through[count:]),
        )

    def advance(self, dt_s: float) -> None:
        """Count energy."""
        energy_wh = self.true_power()[0] * (dt_s / 3600.0)
        self.energy_import_wh += np.maximum(energy_wh, 0.0)
        self.energy_export_wh -= np.minimum(energy_wh, 0.0)

    def sample(self) -> None:
        """Measure anew every 100 ms."""
        grid = self._grid
        if grid.now_ns - self._fresh_at_ns < REFRESH_NS:
            return
        self._fresh_at_ns = grid.now_ns
        error = grid.noise.standard_normal((len(self._bus), 3))
        power, reactive = self.true_power()
        true_v = grid.v_pu[self._buses] * self._nominal_v
        self.voltage_v = true_v * (1.0 + VOLTAGE_NOISE_PU * error[:, 0])
        self.frequency_hz = grid.hz[self._buses]
        self.power_w = power * (1.0 + NOISE_PU * error[:, 1])
        self.reactive_power_var = reactive * (1.0 + NOISE_PU * error[:, 2])
        apparent_va = np.hypot(self.power_w, self.reactive_power_var)
        carried = np.where(self._ac, apparent_va, abs(self.power_w))
        volts = self._phases * true_v
        self.current_a = np.divide(carried, volts, out=np.zeros(len(volts)), where=volts > 0.0)
