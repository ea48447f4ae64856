"""Power meter: the import at the utility (export negative), elsewhere what passes through a bus.

The throughput of a bus is the sum of all flows that leave it through switches, transformers,
converters and loads. Values are refreshed every 100 ms with a small error; energies are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from device_emulators.devices.device import SECOND, Device

if TYPE_CHECKING:
    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

REFRESH_NS: Final = SECOND // 10
NOISE_PU: Final = 0.001
VOLTAGE_NOISE_PU: Final = 0.0003


class Meter(Device):
    """Meter in the connection of a bus."""

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.voltage_v = self.frequency_hz = self.power = self.reactive = self.current_a = 0.0
        self.import_wh = self.export_wh = 0.0
        self._fresh_at_ns = -REFRESH_NS
        self._ends: tuple[tuple[str, int, float], ...] = ()
        self._utility = False
        self.points = {
            "voltage_v": lambda: self.voltage_v,
            "frequency_hz": lambda: self.frequency_hz,
            "power_w": lambda: self.power,
            "reactive_power_var": lambda: self.reactive,
            "current_a": lambda: self.current_a,
            "energy_import_wh": lambda: self.import_wh,
            "energy_export_wh": lambda: self.export_wh,
        }

    def begin(self) -> None:
        """Find what is joined to the bus, and measure."""
        grid, bus = self.grid, self.buses[0]
        ends: list[tuple[str, int, float]] = []
        for number, switch in enumerate(grid.switches):
            if switch.source == bus:
                ends.append(("switch", number, 1.0))
            elif switch.load == bus:
                ends.append(("switch", number, -1.0))
        for number, branch in enumerate(grid.branches):
            if bus in {branch.source, branch.load}:
                ends.append(("branch", number, float(branch.load == bus)))
        self._ends = tuple(ends)
        self._utility = any(f.bus == bus and f.rank == 0 for f in grid.formers)
        self.sample()

    def _flows(self) -> list[tuple[float, float]]:
        grid = self.grid
        flows = []
        for kind, number, sign in self._ends:
            if kind == "switch":
                flows.append((sign * grid.switch_w[number], sign * grid.switch_var[number]))
            else:
                end = int(sign)
                flows.append((grid.branch_w[number, end], grid.branch_var[number, end]))
        own = (grid.consumed_w[self.buses[0]], grid.consumed_var[self.buses[0]])
        for _, number, sign in (e for e in self._ends if e[0] == "branch"):
            own = (own[0] - grid.branch_w[number, int(sign)], own[1])
        flows.append(own)
        return [(float(p), float(q)) for p, q in flows]

    def true_power(self) -> tuple[float, float]:
        """Return active and reactive power [W, var]."""
        if self._utility:
            bus = self.buses[0]
            return float(-self.grid.consumed_w[bus]), float(-self.grid.consumed_var[bus])
        flows = self._flows()
        return sum(p for p, _ in flows if p > 0.0), sum(q for p, q in flows if p > 0.0)

    def advance(self, dt_s: float) -> None:
        """Count energy."""
        power, _ = self.true_power()
        if power >= 0.0:
            self.import_wh += power * dt_s / 3600.0
        else:
            self.export_wh -= power * dt_s / 3600.0

    def sample(self) -> None:
        """Measure anew every 100 ms."""
        if self.grid.now_ns - self._fresh_at_ns < REFRESH_NS:
            return
        self._fresh_at_ns = self.grid.now_ns
        bus = self.buses[0]
        e_v, e_p, e_q = self.grid.noise.standard_normal(3)
        power, reactive = self.true_power()
        self.voltage_v = self.grid.volts(bus) * (1.0 + VOLTAGE_NOISE_PU * float(e_v))
        self.frequency_hz = float(self.grid.hz[bus])
        self.power = power * (1.0 + NOISE_PU * float(e_p))
        self.reactive = reactive * (1.0 + NOISE_PU * float(e_q))
        self.current_a = self.grid.current_a(bus, self.power, self.reactive)

    def quantity(self, name: str) -> float:
        """Return the true power, or a point."""
        return self.true_power()[0] if name == "power_w" else super().quantity(name)
