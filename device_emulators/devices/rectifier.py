"""48 V rectifier with a battery floating on its bus.

The battery begins to give below the band of the rectifier, so it takes over without any switching.
Recharge takes a tenth of the capacity per hour. Simplified: no temperature compensation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant.battery import store_wh
from device_emulators.plant.converter import WalkIn, loss_w
from device_emulators.plant.dc import DcSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

INPUT_PU: Final = (0.85, 1.15)
CHARGE_PER_H: Final = 0.1


class Rectifier(Device):
    """Rectifier and battery of a 48 V bus."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"battery_disconnect": (), "trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "soc_pu": 1.0,
        "store_efficiency_pu": 0.97,
        "walk_in_delay_s": 2.0,
        "walk_in_s": 10.0,
        "fast_s": 1.0,
        "low_s": 300.0,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        rated = item.ratings["power_w"]
        self.battery = store_wh(
            item.ratings["energy_wh"],
            float(self.settings["soc_pu"]),
            float(self.settings["store_efficiency_pu"]),
        )
        self.slot = grid.add_slot(item.buses[0])
        self.source = grid.add_dc_source(DcSource(self.buses[1], rated, 1.0, 0.01))
        self.float = grid.add_dc_source(DcSource(self.buses[1], rated, 0.97, 0.03))
        self.walk_in = WalkIn()
        self.stage = "normal"
        self.input_w = 0.0
        self.charge_w = 0.0
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "input_voltage_ll_v": grid.volts_cell(self.buses[0]),
            "input_power_w": lambda: self.input_w,
            "output_voltage_v": grid.volts_cell(self.buses[1]),
            "output_power_w": lambda: self.source.given_w + self.float.given_w,
            "soc_pu": lambda: self.battery.soc_pu,
            "battery_power_w": self.battery_w,
            "runtime_s": self._runtime_s,
            "on_battery": lambda: float(self.stage == "battery"),
            "low_battery": lambda: float(self._runtime_s() < self.settings["low_s"]),
        }

    def battery_w(self) -> float:
        """Return the power of the battery, negative when discharging [W]."""
        return self.charge_w - self.float.given_w

    def _runtime_s(self) -> float:
        load = max(self.source.given_w + self.float.given_w, 0.01 * self.ratings["power_w"])
        return min(self.battery.empty_in_s(load), 359_999.0)

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage.replace('_', ' ')}", stage=stage)

    def advance(self, dt_s: float) -> None:
        """Move energy, walk in."""
        self.battery.exchange(self.battery_w(), dt_s)
        self.walk_in.advance(self.grid.now_ns, dt_s)

    def demand(self) -> None:
        """Offer rectifier and battery to the bus."""
        part = self.walk_in.part_pu if self.stage not in {"off", "fault"} else 0.0
        self.source.ceiling_w = part * self.ratings["power_w"]
        self.float.ceiling_w = self.ratings["power_w"] if self.battery.can_give() else 0.0

    def draw(self) -> None:
        """Take from the input what the bus and the recharge need."""
        charging = self.walk_in.part_pu == 1.0 and self.battery.can_take()
        charging = charging and self.source.ceiling_w > 0.0
        self.charge_w = CHARGE_PER_H * self.battery.capacity_j / 3600.0 if charging else 0.0
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
        if self.stage == "fault":
            return False
        low, high = INPUT_PU
        walk_in, before = self.walk_in, self.walk_in.part_pu
        if not low <= self.grid.v[self.buses[0]] <= high:
            walk_in.lose(self.grid.now_ns)
            self._enter("battery" if self.battery.can_give() else "off")
            return before != 0.0
        walk_in.regain(
            self.grid.now_ns,
            float(self.settings["walk_in_delay_s"]),
            float(self.settings["walk_in_s"]),
            float(self.settings["fast_s"]),
        )
        if walk_in.part_pu == 1.0:
            self._enter("normal")
        elif self.grid.now_ns >= walk_in.begins_at_ns:
            self._enter("walk_in")
        return False

    def _plan_empty(self) -> None:
        if self.float.given_w > 0.0 and self.battery.can_give():
            left_s = self.battery.empty_in_s(self.float.given_w)
            self.grid.after(self.id, "empty", left_s + 1e-9, lambda: None)
        else:
            self.grid.timers.cancel(self.id, "empty")

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
        """Lose the battery or the rectifier."""
        if event == "battery_disconnect":
            self.battery.connected = False
        else:
            self._enter("fault")

    def clear(self) -> None:
        """Repair the unit."""
        self.battery.connected = True
        if self.stage == "fault":
            self._enter("walk_in")
