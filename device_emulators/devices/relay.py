"""Multi-function relay at a bus: filtered measurements and pick-ups with their times.

Voltage passes a filter of one cycle; a pick-up needs its condition for a time of its own and drops
out with hysteresis. Pick-ups of 50, 51, 67 and 32 are those of the breakers at the bus. A bus where
no source stands has a differential relay (87B) as well: a short circuit on it trips every breaker
at it with lockout, and holds the open ones open until somebody has cleared it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import SECOND, Device
from device_emulators.devices.earthing_switch import EarthingSwitch
from device_emulators.plant.indications import Panel
from device_emulators.plant.zones import Differential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.plant import Equipment
    from device_emulators.devices.breaker import Breaker
    from device_emulators.plant.grid import Grid

PICK_UP_S: Final[Mapping[str, float]] = {
    "27": 0.025,
    "59": 0.040,
    "81o": 0.100,
    "81u": 0.100,
    "81r": 0.200,
}
OF_BREAKERS: Final = ("32", "50", "51", "67")
NOISE_PU: Final = 0.0005
FILTER_S: Final = 0.0167


class Relay(Device):
    """Bus relay."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"bus_trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "under_voltage_pu": 0.85,
        "over_voltage_pu": 1.10,
        "under_frequency_hz": 59.3,
        "over_frequency_hz": 60.5,
        "rocof_hz_s": 1.0,
        "differential_a": 200.0,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.seen_pu = 0.0
        self.seen_hz = 0.0
        self.rocof = 0.0
        self._before: tuple[int, float] = (grid.now_ns, 0.0)
        self.noise = 0.0
        self.up = Panel(grid.indications, dict.fromkeys(PICK_UP_S, False))
        self._busy = True
        self._over = False
        self.trip_87 = False
        self._earthing: list[EarthingSwitch] = []
        bus = self.buses[0]
        self.points = {
            "voltage_ll_v": lambda: max(
                0.0, (self.seen_pu + self.noise * (self.seen_pu > 0.05)) * grid.nominal_v[bus]
            ),
            "frequency_hz": lambda: self.seen_hz,
            "rocof_hz_s": lambda: self.rocof,
            "presence": self._presence,
            "trip_87": lambda: float(self.trip_87),
        }
        self.over = Panel(grid.indications, dict.fromkeys(OF_BREAKERS, False))
        self._breakers: list[Breaker] = []
        self._differential: Differential | None = None
        for panel in (self.up, self.over):
            for number in panel:
                self.points[f"pickup_{number}"] = panel.cell(number)

    def begin(self) -> None:
        """Have seen the settled bus for long."""
        self.seen_pu = float(self.grid.v[self.buses[0]])
        self.seen_hz = float(self.grid.f[self.buses[0]])
        self._before = (self.grid.now_ns, self.seen_hz)
        self._earthing = [
            d
            for d in self.grid.devices.values()
            if isinstance(d, EarthingSwitch) and d.buses == self.buses
        ]
        self._breakers = self.breakers_at(self.buses[0])
        if all(former.bus != self.buses[0] for former in self.grid.formers):
            pickup_a = {self.buses[0]: float(self.settings["differential_a"])}
            self._differential = Differential(self.id, self.grid, pickup_a, self._trip_bus)
        self.grid.timers.cancel(self.id, "27")
        self._busy = True
        self.up["27"] = self.seen_pu < self.settings["under_voltage_pu"]

    def _presence(self) -> float:
        if any(switch.closed for switch in self._earthing):
            return 2.0
        return 0.0 if self.seen_pu < 0.2 else 1.0

    def advance(self, dt_s: float) -> None:
        """Let the filter follow the bus."""
        self.seen_pu += (float(self.grid.v[self.buses[0]]) - self.seen_pu) * (
            1.0 - math.exp(-dt_s / FILTER_S)
        )

    def sample(self) -> None:
        """Measure frequency and its rate of change over 100 ms."""
        hz = float(self.grid.f[self.buses[0]])
        self.noise = NOISE_PU * float(self.grid.noise.standard_normal())
        then, before = self._before
        if self.grid.now_ns - then >= SECOND // 10:
            fresh = hz > 0.0 and before > 0.0
            self.rocof = (hz - before) * SECOND / (self.grid.now_ns - then) if fresh else 0.0
            self._before = (self.grid.now_ns, hz)
        self.seen_hz = hz

    def sense(self) -> bool:
        """Run the pick-up times, look for a short circuit on the bus."""
        if self._differential is not None:
            self._differential.sense()
        if self.grid.overloaded or self._over:
            self._gather()
        v, hz = float(self.grid.v[self.buses[0]]), float(self.grid.f[self.buses[0]])
        s, up = self.settings, self.up
        if not self._busy and self._ordinary(v, hz):
            return False
        ease = 0.02
        self._judge("27", v < s["under_voltage_pu"] + ease * up["27"])
        self._judge("59", v > s["over_voltage_pu"] - ease * up["59"])
        self._judge("81u", 0.0 < hz < s["under_frequency_hz"] + 0.05 * up["81u"])
        self._judge("81o", hz > s["over_frequency_hz"] - 0.05 * up["81o"])
        self._judge("81r", abs(self.rocof) > s["rocof_hz_s"])
        pending = self.grid.timers.pending
        self._busy = any(up.values()) or any(pending(self.id, number) for number in up)
        return False

    def _gather(self) -> None:
        """Show what the breakers at the bus have picked up."""
        for number in OF_BREAKERS:
            self.over[number] = any(b.picked_up(number) for b in self._breakers)
        self._over = any(self.over.values())

    def _ordinary(self, v: float, hz: float) -> bool:
        """Return whether nothing picks up."""
        s = self.settings
        return bool(
            s["under_voltage_pu"] <= v <= s["over_voltage_pu"]
            and (hz <= 0.0 or s["under_frequency_hz"] <= hz <= s["over_frequency_hz"])
            and abs(self.rocof) <= s["rocof_hz_s"]
        )

    def _judge(self, number: str, condition: bool) -> None:
        timers = self.grid.timers
        if not condition:
            timers.cancel(self.id, number)
            self.up[number] = False
        elif not self.up[number] and not timers.pending(self.id, number):
            self.grid.after(self.id, number, PICK_UP_S[number], self._picker(number))

    def _picker(self, number: str) -> Callable[[], None]:
        def pick_up() -> None:
            self.up[number] = True
            self.grid.say(self.id, "pickup", f"{self.id}: {number} picked up", element=number)

        return pick_up

    def quantity(self, name: str) -> float:
        """Return the unfiltered voltage and frequency, or a point."""
        if name == "voltage_ll_v":
            return self.grid.volts(self.buses[0])
        if name == "frequency_hz":
            return float(self.grid.f[self.buses[0]])
        return super().quantity(name)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Operate the bus differential."""
        self._trip_bus()

    def _trip_bus(self) -> None:
        if not self.trip_87:
            self.trip_87 = True
            for breaker in self._breakers:
                breaker.trip("87", lockout=True, by=self.id)

    def clear(self) -> None:
        """Reset the bus differential."""
        self.trip_87 = False
        for breaker in self._breakers:
            breaker.held_by.discard(self.id)
