"""Two-winding transformer: flows from the network, heat, 87T, and a tap changer if it has one.

Heat: oil and hot spot follow the current of every second (see `plant.oil`). An alarm contact closes
at 95 deg C of oil or 120 deg C of hot spot; at 115 and 140 deg C, the limits of long-time emergency
loading in IEC 60076-7, the breakers next to both windings are tripped, again and again until it
has cooled down. 87T trips the same breakers with lockout on a short circuit between them, or told
to by a scenario. The tap changer acts by itself or by hand.

Simplified: see `plant.oil`, `plant.tap_changer` and `plant.network`: no inrush, so closing onto a
dead transformer draws nothing but its load.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant.indications import Panel
from device_emulators.plant.oil import Oil, heating_of
from device_emulators.plant.tap_changer import TapChanger
from device_emulators.plant.zones import Differential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

HEAT_S: Final = 1.0
"""Over this time the heat of the current is averaged before anything warms up [s]."""
RELEASE_K: Final = 5.0
"""A contact opens again this far below the temperature at which it closed [K]."""
SETPOINT_PU: Final = (0.9, 1.1)


class Transformer(Device):
    """Transformer with its monitor."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "trip_87t": (),
        "tap_stuck": (),
        "temperature": ("oil_temperature_c",),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "loading_pu": 0.4,
        "oil_alarm_c": 95.0,
        "oil_trip_c": 115.0,
        "hot_spot_alarm_c": 120.0,
        "hot_spot_trip_c": 140.0,
        "differential_pu": 0.3,
        "tap_first_s": 30.0,
        "tap_next_s": 10.0,
        "tap_drive_s": 5.0,
        "tap_band_pu": 0.0125,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.branch = grid.add_branch(
            item.id, item.buses[0], item.buses[1], kind="transformer", ratings=dict(item.ratings)
        )
        loss_ratio = self.ratings["load_loss_w"] / max(self.ratings["no_load_loss_w"], 1.0)
        heating = heating_of(self.ratings["power_va"])
        self.oil = Oil.at(heating, loss_ratio, float(self.settings["loading_pu"]))
        self._heat_s = self._heat = 0.0
        self.tripped = self.too_warm = self.too_hot = False
        self.taps = TapChanger(
            steps=int(self.ratings.get("taps_count", 0.0)),
            band_pu=float(self.settings["tap_band_pu"]),
            first_s=float(self.settings["tap_first_s"]),
            next_s=float(self.settings["tap_next_s"]),
            drive_s=float(self.settings["tap_drive_s"]),
        )
        self._wanted = 0
        pickup_va = float(self.settings["differential_pu"]) * self.ratings["power_va"]
        volts = {bus: math.sqrt(3.0) * float(grid.nominal_v[bus]) for bus in self.buses}
        pickup_a = {bus: pickup_va / v for bus, v in volts.items()}
        self._differential = Differential(item.id, grid, pickup_a, self._trip_87t)
        self.setpoints = Panel(grid.indications, {"voltage_setpoint_pu": 1.0})
        self._register_points()

    def _register_points(self) -> None:
        flows_w, flows_var = self._flows_w, self._flows_var
        self.points = {
            "power_w": lambda: flows_w()[0],
            "reactive_power_var": lambda: flows_var()[0],
            "current_a": lambda: self.grid.current_a(self.buses[0], flows_w()[0], flows_var()[0]),
            "loss_w": lambda: sum(flows_w()),
            "oil_temperature_c": lambda: self.oil.top_oil_c,
            "hot_spot_temperature_c": lambda: self.oil.hot_spot_c,
            "ageing_rate_pu": lambda: self.oil.ageing_pu,
            "loading_pu": self._loading_pu,
            "tap_count": lambda: float(self.taps.position),
            "tap_change_count": lambda: float(self.taps.changes_count),
            "tap_automatic": lambda: float(self.taps.automatic and self.taps.steps > 0),
            "tap_blocked": lambda: float(self._tap_blocked()),
            "trip_87t": lambda: float(self.tripped),
            "alarm_temperature": lambda: float(self.too_warm),
            "trip_temperature": lambda: float(self.too_hot),
        }

    def _flows_w(self) -> list[float]:
        flows: list[float] = self.grid.branch_w[self.branch].tolist()
        return flows

    def _flows_var(self) -> list[float]:
        flows: list[float] = self.grid.branch_var[self.branch].tolist()
        return flows

    def _loading_pu(self) -> float:
        grid, number = self.grid, self.branch
        carried_va = math.hypot(grid.branch_w.item(number, 0), grid.branch_var.item(number, 0))
        return carried_va / self.ratings["power_va"]

    def _current_pu(self) -> float:
        volts_pu = self.grid.v[self.buses[0]]
        return self._loading_pu() / volts_pu if volts_pu > 0.0 else 0.0

    def advance(self, dt_s: float) -> None:
        """Warm up, look after the voltage."""
        current_pu = self._current_pu()
        self._heat_s += dt_s
        self._heat += current_pu * current_pu * dt_s
        if self._heat_s >= HEAT_S:
            self.oil.advance(math.sqrt(self._heat / self._heat_s), self._heat_s)
            self._heat_s = self._heat = 0.0
            self._watch_heat()
        if self.taps.steps:
            self._watch_voltage(current_pu)

    def sense(self) -> bool:
        """Look for a short circuit between the breakers of both windings."""
        self._differential.sense()
        return False

    def _trip_87t(self) -> None:
        self.tripped = True
        for breaker in self.breakers_at(*self.buses):
            breaker.trip("87", lockout=True)

    # Heat.

    def _watch_heat(self) -> None:
        self.too_warm = self._above("alarm", closed=self.too_warm)
        self.too_hot = self._above("trip", closed=self.too_hot)
        if self.too_hot:
            for breaker in self.breakers_at(*self.buses):
                breaker.trip("49", lockout=False)

    def _above(self, contact: str, *, closed: bool) -> bool:
        release = RELEASE_K if closed else 0.0
        oil, spot = self.oil.top_oil_c + release, self.oil.hot_spot_c + release
        settings = self.settings
        return bool(
            oil >= settings[f"oil_{contact}_c"] or spot >= settings[f"hot_spot_{contact}_c"]
        )

    # The tap changer.

    def _tap_blocked(self) -> bool:
        taps = self.taps
        at_end = self._wanted != 0 and abs(taps.position + self._wanted) > taps.steps
        held = taps.blocked(self.grid.v[self.buses[1]], self._current_pu())
        return taps.steps > 0 and (at_end or held or taps.stuck)

    def _watch_voltage(self, current_pu: float) -> None:
        taps, voltage_pu = self.taps, self.grid.v[self.buses[1]]
        free = taps.automatic and not taps.blocked(voltage_pu, current_pu)
        wanted = taps.wants(voltage_pu) if free else 0
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if wanted:
            self.grid.after(self.id, "tap", taps.first_s, self._step)
        else:
            self.grid.timers.cancel(self.id, "tap")

    def _step(self) -> None:
        if self._wanted:
            self._drive(self._wanted)

    def _drive(self, direction: int) -> bool:
        if not self.taps.may(direction):
            return False
        self.taps.drives = direction
        self.grid.after(self.id, "drive", self.taps.drive_s, self._arrive)
        return True

    def _arrive(self) -> None:
        grid, taps = self.grid, self.taps
        if taps.arrive():
            grid.branches[self.branch] = replace(grid.branches[self.branch], tap=taps.position)
            grid.topology_changed = True
            text = f"{self.id} on tap {taps.position:+d}"
            grid.say(self.id, "tap_changed", text, position=float(taps.position))
        if self._wanted:
            grid.after(self.id, "tap", taps.next_s, self._step)

    def act(self, action: str) -> bool:
        """Step by hand, or change between hand and automatic."""
        if not self.taps.steps:
            return False
        if action in {"automatic", "manual"}:
            self.taps.automatic = action == "automatic"
            return True
        return not self.taps.automatic and self._drive(-1 if action == "raise" else 1)

    def set(self, point: str, value: float) -> bool:
        """Take the voltage to hold."""
        low, high = SETPOINT_PU
        if not (low <= value <= high and super().set(point, value)):
            return False
        self.taps.voltage_pu = value
        return True

    # Happenings.

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip by 87T, seize the tap changer, or be found hot."""
        if event == "tap_stuck":
            self.taps.stuck = True
        elif event == "temperature":
            self.oil.warm_to(float(values["oil_temperature_c"]))
        else:
            self._trip_87t()

    def clear(self) -> None:
        """Reset the relay, free the tap changer."""
        self.tripped = self.taps.stuck = False
