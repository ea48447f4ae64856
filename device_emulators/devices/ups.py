"""Double-conversion UPS: the output never notices the input, as long as stored energy lasts.

The rectifier leaves an input that is out of limits at once and the store carries the inverter; an
input lost for at most one second is taken back within a second, a longer loss by a start delay and
a walk-in ramp. Recharge takes a tenth of the capacity per hour. The inverter follows the input's
phase while that is within half a hertz, so that the static bypass stays ready. A fault or a heavy
overload goes to the static bypass if the input is good, else the output is lost. A flywheel gives
before the battery and is charged first.

Simplified: no temperature or ageing; battery voltage falls linearly with charge; bypass transfer
takes no time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant.battery import Store, store_wh
from device_emulators.plant.converter import WalkIn, loss_w
from device_emulators.plant.protection import wrap
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

RANK: Final = 5
INPUT_PU: Final = (0.85, 1.15)
INPUT_HZ_PU: Final = 0.05
FOLLOW_HZ: Final = 0.5
POWER_FACTOR_TAN: Final = 0.1
CHARGE_PER_H: Final = 0.1
FLYWHEEL_CHARGE_PER_H: Final = 20.0


class Ups(Device):
    """UPS with battery or flywheel."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "battery_disconnect": (),
        "fault": (),
        "maintenance": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "soc_pu": 1.0,
        "store_efficiency_pu": 0.97,
        "walk_in_delay_s": 2.0,
        "walk_in_s": 10.0,
        "fast_s": 1.0,
        "low_s": 120.0,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        efficiency = float(self.settings["store_efficiency_pu"])
        charge = float(self.settings["soc_pu"])
        self.battery = store_wh(item.ratings["energy_wh"], charge, efficiency)
        self.flywheel = store_wh(item.ratings.get("flywheel_wh", 0.0), 1.0, efficiency)
        self.slot = grid.add_slot(item.buses[0])
        self.former = grid.add_former(item.id, item.buses[1], RANK, 1e4 * item.ratings["power_va"])
        self.bypass = grid.add_switch(f"{item.id} bypass", *item.buses, closed=False)
        self.walk_in = WalkIn()
        self.stage = "normal"
        self.input_w = self.store_w = self.output_w = 0.0
        self.faulty = False
        self._register_points()

    def _register_points(self) -> None:
        a, b = self.buses
        grid = self.grid
        self.points = {
            "stage": lambda: float(self.item.kind.points["stage"].states.index(self.stage)),
            "input_voltage_ll_v": grid.volts_cell(a),
            "input_frequency_hz": Cell(grid, "hz", a),
            "input_power_w": self._input_w,
            "output_voltage_ll_v": grid.volts_cell(b),
            "output_frequency_hz": Cell(grid, "hz", b),
            "output_power_w": self._output_w,
            "soc_pu": self._soc_pu,
            "battery_power_w": lambda: self.store_w,
            "battery_voltage_v": lambda: 480.0 * (0.85 + 0.15 * self.battery.soc_pu),
            "battery_temperature_c": lambda: 25.0,
            "runtime_s": self._runtime_s,
            "on_battery": lambda: float(self.on_battery),
            "low_battery": lambda: float(self._runtime_s() < self.settings["low_s"]),
            "overload": lambda: float(self.output_w > self.ratings["power_w"]),
            "bypass_available": lambda: float(self._bypass_available()),
        }

    @property
    def stores(self) -> tuple[Store, ...]:
        """Return the stores in the order in which they give."""
        return self.flywheel, self.battery

    @property
    def on_battery(self) -> bool:
        """Return whether the load is carried by stored energy alone."""
        return self.stage == "battery"

    @property
    def on_bypass(self) -> bool:
        """Return whether the static or maintenance bypass is closed."""
        return self.grid.switches[self.bypass].closed

    def _input_w(self) -> float:
        return float(self.grid.switch_w[self.bypass]) if self.on_bypass else self.input_w

    def _output_w(self) -> float:
        return float(self.grid.switch_w[self.bypass]) if self.on_bypass else self.output_w

    def _soc_pu(self) -> float:
        full = sum(s.capacity_j for s in self.stores)
        return sum(s.energy_j for s in self.stores if s.connected) / full

    def _runtime_s(self) -> float:
        need = max(self._need_w(), 0.01 * self.ratings["power_w"])
        return min(sum(s.empty_in_s(need) for s in self.stores), 359_999.0)

    def _need_w(self) -> float:
        return self.output_w + loss_w(self.output_w, self.ratings["power_w"], self._efficiency())

    def _efficiency(self) -> float:
        return self.ratings.get("efficiency_pu", 0.95)

    def _input_good(self) -> bool:
        bus = self.buses[0]
        low, high = INPUT_PU
        near = abs(self.grid.f[bus] - self.grid.nominal_hz) < INPUT_HZ_PU * self.grid.nominal_hz
        return bool(low <= self.grid.v[bus] <= high and near)

    def _bypass_available(self) -> bool:
        gap = self.grid.gap(self.buses[0], self.buses[1])
        if gap is None:
            return self._input_good()
        return self._input_good() and abs(gap.angle_rad) < math.radians(3.0)

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage.replace('_', ' ')}", stage=stage)

    def begin(self) -> None:
        """Feed the output."""
        if self.item.normally == "out_of_service":
            self.stage = "off"
        else:
            self.grid.set_able(self.former, able=True)

    def act(self, action: str) -> bool:
        """Go to bypass or inverter, test the battery, reset."""
        if action == "to_bypass":
            if not self._bypass_available():
                return False
            self._to_bypass("static_bypass")
        elif action == "to_inverter":
            if self.faulty:
                return False
            self._to_inverter()
        elif action == "battery_test":
            return self.stage == "normal" and self.battery.can_give()
        else:
            self.faulty = False
            if self.stage in {"fault", "static_bypass"}:
                self._to_inverter()
        return True

    def _to_bypass(self, stage: str) -> None:
        self.input_w = self.store_w = 0.0
        self.grid.set_able(self.former, able=False)
        self.grid.move(self.bypass, closed=True, cause="bypass")
        self._enter(stage)

    def _to_inverter(self) -> None:
        self.grid.move(self.bypass, closed=False, cause="inverter")
        self.grid.set_able(self.former, able=True)
        self._enter("normal" if self._input_good() else "battery")

    def advance(self, dt_s: float) -> None:
        """Move energy, walk in, follow the phase of the input."""
        self._move_energy(dt_s)
        self.walk_in.advance(self.grid.now_ns, dt_s)
        bus, former = self.buses[0], self.former
        slip = former.frequency_hz - self.grid.nominal_hz
        former.angle_rad = wrap(former.angle_rad + 2.0 * math.pi * slip * dt_s)
        near = abs(self.grid.f[bus] - self.grid.nominal_hz) <= FOLLOW_HZ
        if self.grid.v[bus] > INPUT_PU[0] and near:
            target_hz, target_rad = float(self.grid.f[bus]), float(self.grid.angle_rad[bus])
        else:
            target_hz, target_rad = self.grid.nominal_hz, 0.0
        error = wrap(target_rad - former.angle_rad)
        former.frequency_hz = target_hz + min(max(0.5 * error, -0.15), 0.15)

    def _move_energy(self, dt_s: float) -> None:
        flow = self.store_w
        if flow < 0.0:
            first = self.flywheel if self.flywheel.can_give() else self.battery
            first.exchange(flow, dt_s)
        elif flow > 0.0:
            first = self.flywheel if self.flywheel.can_take() else self.battery
            first.exchange(flow, dt_s)

    def _charge_w(self) -> float:
        if self.walk_in.part_pu < 1.0:
            return 0.0
        if self.flywheel.can_take():
            return FLYWHEEL_CHARGE_PER_H * self.flywheel.capacity_j / 3600.0
        if self.battery.can_take():
            return CHARGE_PER_H * self.battery.capacity_j / 3600.0
        return 0.0

    def draw(self) -> None:
        """Take from the input what output, losses and recharge need."""
        if self.on_bypass or self.stage in {"off", "fault"}:
            self.output_w = self.input_w = self.store_w = 0.0
        else:
            self.output_w = self.grid.former_load_w(self.former) if self.former.able else 0.0
            need = self._need_w()
            self.input_w = self.walk_in.part_pu * need + self._charge_w()
            self.store_w = self.input_w - need
        self.grid.p_w[self.slot] = self.input_w
        self.grid.q_var[self.slot] = POWER_FACTOR_TAN * self.input_w

    def sense(self) -> bool:
        """Leave or take back the input, watch the store."""
        good = self._input_good()
        if self.on_bypass:
            return self._watch_bypass(good=good)
        if self.stage == "fault":
            return False
        changed = self._watch_input(good=good)
        self._plan_empty()
        if self.store_w < 0.0 and not any(s.can_give() for s in self.stores):
            return self._run_out(good=good)
        return changed

    def _watch_bypass(self, *, good: bool) -> bool:
        if good or self.faulty or self.stage == "maintenance_bypass":
            return False
        self.walk_in.lose(self.grid.now_ns)
        self._to_inverter()
        return True

    def _watch_input(self, *, good: bool) -> bool:
        walk_in = self.walk_in
        before = walk_in.part_pu
        if not good:
            walk_in.lose(self.grid.now_ns)
            if self.stage != "off":
                self._enter("battery")
            return before != 0.0
        walk_in.regain(
            self.grid.now_ns,
            float(self.settings["walk_in_delay_s"]),
            float(self.settings["walk_in_s"]),
            float(self.settings["fast_s"]),
        )
        if walk_in.part_pu == 1.0:
            restarted = self.stage == "off" and self.item.normally != "out_of_service"
            if restarted:
                self.grid.set_able(self.former, able=True)
            if self.stage != "off" or restarted:
                self._enter("normal")
            return restarted
        if self.stage == "battery" and self.grid.now_ns >= walk_in.begins_at_ns:
            self._enter("walk_in")
        return False

    def _plan_empty(self) -> None:
        if self.store_w >= 0.0:
            self.grid.timers.cancel(self.id, "empty")
            return
        giving = next((s for s in self.stores if s.can_give()), None)
        if giving is not None:
            left_s = giving.empty_in_s(-self.store_w)
            self.grid.after(self.id, "empty", left_s + 1e-9, lambda: None)

    def _run_out(self, *, good: bool) -> bool:
        if good and self.walk_in.begins_at_ns <= self.grid.now_ns:
            self.walk_in.part_pu = 1.0  # no store left to share with: the rectifier takes it all
            return True
        self.grid.set_able(self.former, able=False)
        self.output_w = self.store_w = 0.0
        self._enter("off")
        self.grid.say(self.id, "output_lost", f"{self.id} has no stored energy left")
        return True

    def hurries(self) -> bool:
        """Return whether the store carries load or the rectifier walks in."""
        return self.walk_in.part_pu < 1.0 and self.stage not in {"off", "fault"}

    def balance(self) -> tuple[float, float, float]:
        """Return the loss."""
        return 0.0, 0.0, self.input_w - self.output_w - self.store_w

    def stored_j(self) -> float:
        """Return stored and lost energy."""
        return sum(s.energy_j + s.lost_j for s in self.stores)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Lose the battery, break, or go to maintenance."""
        if event == "battery_disconnect":
            for store in self.stores:
                store.connected = False
        elif event == "maintenance":
            self._to_bypass("maintenance_bypass")
        else:
            self.faulty = True
            if self._input_good():
                self._to_bypass("static_bypass")
            else:
                self.grid.set_able(self.former, able=False)
                self._enter("fault")

    def clear(self) -> None:
        """Repair the unit and go back to the inverter."""
        for store in self.stores:
            store.connected = True
        self.faulty = False
        if self.on_bypass or self.stage == "fault":
            self._to_inverter()
