"""48 V rectifier of several modules, with a battery floating on its bus.

The battery stands on the bus with its own voltage, a little below that of the rectifier, so it
takes over without any switching and the bus then falls with its charge; at 0.90 of nominal voltage
a contactor disconnects it. Modules share the current but for a few per cent; one that is lost
leaves the others its part. Recharge takes a tenth of the capacity per hour.

Simplified: the battery is straight about its open-circuit voltage as a source of the bus, charging
does not go through the bus, no temperature compensation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant import battery_room
from device_emulators.plant.battery_room import BatteryRoom
from device_emulators.plant.converter import WalkIn, loss_w
from device_emulators.plant.dc import DcSource
from device_emulators.plant.zones import Differential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

INPUT_PU: Final = (0.85, 1.15)
CHARGE_PER_H: Final = 0.1
SET_PU: Final = 1.08
DROOP_PU: Final = 0.01
FULL_PU: Final = 1.07
"""Voltage of the full battery at rest, by nominal voltage of the bus."""
DISCONNECTED_PU: Final = 0.90
SHARING_PU: Final = 0.03
"""By how much a module carries more than its part."""


class Rectifier(Device):
    """Rectifier and battery of a 48 V bus."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "battery_disconnect": (),
        "module_loss": ("modules_count",),
        "trip": (),
        **battery_room.EVENTS,
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        **battery_room.SETTINGS,
        "modules_count": 10.0,
        "walk_in_delay_s": 2.0,
        "walk_in_s": 10.0,
        "fast_s": 1.0,
        "low_s": 300.0,
    }
    QUANTITIES: ClassVar[tuple[str, ...]] = ("module_load_pu",)

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        rated = item.ratings["power_w"]
        self.room = BatteryRoom(item.ratings["energy_wh"], rated, self.settings)
        battery = self.battery = self.room.battery
        self._by_cells = FULL_PU / battery.cells.open_pu(1.0)
        raised_pu = DISCONNECTED_PU / self._by_cells - battery.cells.low_pu
        battery.raised_pu = max(raised_pu, 0.0)
        self.slot = grid.add_slot(item.buses[0])
        shorted_a = {self.buses[1]: item.ratings["power_w"] / float(grid.nominal_v[self.buses[1]])}
        self._fuses = Differential(item.id, grid, shorted_a, self._blow)
        self.source = grid.add_dc_source(DcSource(self.buses[1], rated, SET_PU, DROOP_PU))
        self.float = grid.add_dc_source(DcSource(self.buses[1], rated, FULL_PU, DROOP_PU))
        self._looked = -1
        self.walk_in = WalkIn()
        self.stage = "normal"
        self.modules = float(self.settings["modules_count"])
        self.input_w = 0.0
        self.charge_w = 0.0
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "input_voltage_ll_v": grid.volts_cell(self.buses[0]),
            "input_power_w": lambda: self.input_w,
            "output_voltage_v": grid.volts_cell(self.buses[1]),
            "output_power_w": lambda: self.source.given_w + self.float.given_w,
            "soc_pu": lambda: self.room.soc_pu,
            "battery_power_w": self.battery_w,
            "battery_temperature_c": lambda: self.battery.hottest_c,
            "runtime_s": self._runtime_s,
            "on_battery": lambda: float(self.stage == "battery"),
            "low_battery": lambda: float(self._low_battery()),
            "battery_alarm": lambda: float(self.room.faulty),
        }

    def battery_w(self) -> float:
        """Return the power of the battery, negative when discharging [W]."""
        return self.charge_w - self.float.given_w

    def _runtime_s(self) -> float:
        return self.room.runtime_s(self._load_w(), 0.01 * self.ratings["power_w"])

    def _load_w(self) -> float:
        return self.source.given_w + self.float.given_w

    def _low_battery(self) -> bool:
        if self.room.nearly_empty(self.battery_w()):
            return True
        within_s, least_w = float(self.settings["low_s"]), 0.01 * self.ratings["power_w"]
        return self.room.runs_low(within_s, self._load_w(), least_w)

    def _in_service_pu(self) -> float:
        return self.modules / float(self.settings["modules_count"])

    def quantity(self, name: str) -> float:
        """Return a point as it is, whatever the charge gauge shows, or the fullest module."""
        if name == "soc_pu":
            return self.battery.available_pu
        if name == "module_load_pu":
            most_w = self.ratings["power_w"] * self._in_service_pu()
            load_pu = self.source.given_w / most_w if most_w > 0.0 else 0.0
            return min(load_pu * (1.0 + SHARING_PU), 1.0)
        return super().quantity(name)

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage.replace('_', ' ')}", stage=stage)

    def advance(self, dt_s: float) -> None:
        """Move energy, walk in."""
        if self.room.advance(self.battery_w(), self._load_w(), dt_s):
            self.grid.say(self.id, "string_opened", f"{self.id} has opened a string that is hot")
        self.walk_in.advance(self.grid.now_ns, dt_s)

    def demand(self) -> None:
        """Offer rectifier and battery to the bus."""
        part = self.walk_in.part_pu if self.stage not in {"off", "fault"} else 0.0
        rated_w, battery = self.ratings["power_w"], self.battery
        self.source.ceiling_w = part * rated_w * self._in_service_pu()
        self.float.ceiling_w = rated_w if battery.can_give() else 0.0
        if self._looked != battery.changes and battery.connected:
            self._looked = battery.changes
            self.float.set_pu = self._by_cells * battery.cells.open_pu(battery.soc_pu)
            self.float.droop_pu = max(self._by_cells * battery.drop_pu, 1e-3)

    def draw(self) -> None:
        """Take from the input what the bus and the recharge need."""
        charging = self.walk_in.part_pu == 1.0 and self.battery.can_take()
        room_w = self.source.ceiling_w - self.source.given_w
        charging = charging and room_w > 0.0 and self.float.given_w <= 0.0
        self.charge_w = min(self.battery.charge_w(CHARGE_PER_H), room_w) if charging else 0.0
        self.input_w = 0.0
        if self.source.ceiling_w > 0.0:
            given = self.source.given_w + self.charge_w
            efficiency = self.ratings.get("efficiency_pu", 0.95)
            self.input_w = given + loss_w(given, self.ratings["power_w"], efficiency)
        self.grid.p_w[self.slot] = self.input_w
        self.grid.q_var[self.slot] = 0.1 * self.input_w

    def sense(self) -> bool:
        """Leave or take back the input; plan the end of the battery."""
        self._plan_empty()
        self._fuses.sense()
        if self.stage == "fault":
            return False
        low, high = INPUT_PU
        walk_in, before = self.walk_in, self.walk_in.part_pu
        if not low <= self.grid.v[self.buses[0]] <= high:
            walk_in.lose(self.grid.now_ns)
            self._enter("battery" if self.battery.can_give() else "off")
            return before != 0.0
        leader = self.grid.leader(self.buses[0])
        walk_in.regain(
            self.grid.now_ns,
            float(self.settings["walk_in_delay_s"]),
            float(self.settings["walk_in_s"]),
            float(self.settings["fast_s"]),
            gently=leader is not None and leader.machine is not None,
        )
        if walk_in.part_pu == 1.0:
            self._enter("normal")
        elif self.grid.now_ns >= walk_in.begins_at_ns:
            self._enter("walk_in")
        return False

    def _blow(self) -> None:
        """Take rectifiers and battery off a short circuit."""
        self.battery.open_strings(self.battery.strings)
        self._enter("fault")

    def _plan_empty(self) -> None:
        left_s = math.inf
        if self.float.given_w > 0.0 and self.battery.can_give():
            left_s = self.battery.ends_in_s(self.float.given_w)
        if left_s < math.inf:
            self.grid.after(self.id, "empty", left_s + 1e-9, self._check_battery)
        else:
            self.grid.timers.cancel(self.id, "empty")

    def _check_battery(self) -> None:
        """Look at the battery now; the step that ends here has moved its energy."""

    def hurries(self) -> bool:
        """Return whether the battery carries load or the rectifier walks in."""
        return self.float.given_w > 1e-3 * self.ratings["power_w"] or (
            self.walk_in.part_pu < 1.0 and self.stage not in {"off", "fault"}
        )

    def balance(self) -> tuple[float, float, float]:
        """Return the loss."""
        return 0.0, 0.0, self.input_w - self.source.given_w - self.charge_w

    def stored_j(self) -> float:
        """Return stored and lost energy."""
        return self.battery.energy_j + self.battery.lost_j

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Lose the battery, modules, the rectifier, or what can happen to a battery."""
        if self.room.happen(event, values):
            return
        if event == "battery_disconnect":
            self.battery.open_strings(self.battery.strings)
        elif event == "module_loss":
            self.modules = max(self.modules - float(values["modules_count"]), 0.0)
        else:
            self._enter("fault")

    def clear(self) -> None:
        """Repair the unit."""
        self.room.clear()
        self.modules = float(self.settings["modules_count"])
        if self.stage == "fault":
            self._enter("walk_in")
