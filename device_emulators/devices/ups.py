"""Double-conversion UPS: the output never notices the input, as long as stored energy lasts.

The rectifier leaves an input that is out of limits at once and the store carries the inverter; what
watches the input says so two milliseconds later. An input lost for at most one second is taken back
within a second, a longer loss, or a return onto generators, by a start delay and a walk-in ramp. A
flywheel gives before the battery and is charged first; the battery charges at a tenth of its
capacity per hour, then at its charging voltage. The inverter follows the input's phase while that
is within half a hertz, so that the static bypass stays ready; it is refused out of limits.

An overload is carried for its time and then goes to the static bypass, as does an inverter that
faults or feeds a short circuit; without a bypass in synchronism that is an interrupted transfer,
without a bypass the output is lost. From an overload it comes back by itself. A battery test lets
the battery carry most of the load for a while with the rectifier behind it. A unit whose map has
the set-point shares its load with the battery, above half charge, until its input is lost.

Simplified: the regulated output shows no dip at a change of mode or load (a unit of IEC 62040-3
class 1 stays inside ITIC there), and the static switch takes no time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant import battery_room
from device_emulators.plant.battery_room import BatteryRoom
from device_emulators.plant.converter import WalkIn, loss_w
from device_emulators.plant.flywheel import Flywheel, flywheel_wh
from device_emulators.plant.indications import Panel
from device_emulators.plant.overload import Overload
from device_emulators.plant.protection import wrap
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.battery import Battery
    from device_emulators.plant.grid import Grid

RANK: Final = 5
INPUT_PU: Final = (0.85, 1.15)
INPUT_HZ_PU: Final = 0.05
DETECT_S: Final = 0.002
FOLLOW_HZ: Final = 0.5
BYPASS_PU: Final = 0.10
BYPASS_RAD: Final = math.radians(3.0)
INTERRUPTED_S: Final = 0.2
"""Break of a transfer to a bypass that is not in synchronism."""
POWER_FACTOR_TAN: Final = 0.1
CHARGE_PER_H: Final = 0.1
FLYWHEEL_CHARGE_PER_H: Final = 20.0
BATTERY_V: Final = 480.0
OVERLOAD: Final = ((1.25, 600.0), (1.50, 60.0))
OVERLOAD_ABOVE_S: Final = 0.2
SHORT_PU: Final = 0.5
"""Output voltage at which the inverter is at its current limit in a short circuit."""
TO_BYPASS_S: Final = 0.005
SHORT_S: Final = 0.5
"""How long the inverter feeds a short circuit that no bypass can clear, and the bypass one."""
RETURN_S: Final = 30.0
TEST_PU: Final = 0.2
"""Part of the load that the rectifier keeps during a battery test."""
TEST_SOC_PU: Final = 0.5
"""Charge below which a test is refused, and no load is shared."""


class Ups(Device):
    """UPS with battery, or with flywheel and battery."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "battery_disconnect": (),
        "fault": (),
        "maintenance": (),
        **battery_room.EVENTS,
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        **battery_room.SETTINGS,
        "walk_in_delay_s": 2.0,
        "walk_in_s": 10.0,
        "fast_s": 1.0,
        "low_s": 120.0,
        "test_s": 30.0,
    }
    QUANTITIES: ClassVar[tuple[str, ...]] = ("flywheel_speed_pu", "overload_used_pu")

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        rated_w = item.ratings["power_w"]
        self.room = BatteryRoom(item.ratings["energy_wh"], rated_w, self.settings)
        self.battery: Battery = self.room.battery
        self.flywheel: Flywheel = flywheel_wh(item.ratings.get("flywheel_wh", 0.0), rated_w)
        self.slot = grid.add_slot(item.buses[0])
        self.former = grid.add_former(item.id, item.buses[1], RANK, 1e4 * item.ratings["power_va"])
        self.bypass = grid.add_switch(f"{item.id} bypass", *item.buses, closed=False)
        self.walk_in = WalkIn()
        self.overload = Overload(OVERLOAD, OVERLOAD_ABOVE_S)
        self.stage = "normal"
        self.input_w = self.output_w = self.need_w = 0.0
        self.battery_w = self.flywheel_w = 0.0
        self.faulty = self.testing = self.shorted = False
        self.setpoints = Panel(grid.indications, {"power_setpoint_w": 0.0})
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
            "soc_pu": lambda: self._soc_pu(self.room.soc_pu),
            "battery_power_w": lambda: self.battery_w + self.flywheel_w - self._hold_w(),
            "battery_voltage_v": lambda: BATTERY_V * self.battery.volts_pu(self.battery_w),
            "battery_current_a": self._battery_a,
            "battery_temperature_c": lambda: self.battery.hottest_c,
            "battery_health_pu": lambda: self.battery.health_pu - self.battery.resting_pu,
            "runtime_s": self._runtime_s,
            "on_battery": lambda: float(self.on_battery),
            "low_battery": lambda: float(self._low_battery()),
            "overload": lambda: float(self.output_w > self.ratings["power_w"]),
            "bypass_available": lambda: float(self._bypass_available()),
            "battery_alarm": lambda: float(self.room.faulty),
        }

    @property
    def stores(self) -> tuple[Flywheel, Battery]:
        """Return the stores in the order in which they give."""
        return self.flywheel, self.battery

    @property
    def store_w(self) -> float:
        """Return the power of all stores, negative when discharging [W]."""
        return self.battery_w + self.flywheel_w

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

    def _soc_pu(self, of_battery_pu: float) -> float:
        fly = self.flywheel
        turning_j = fly.energy_j if fly.connected else 0.0
        held_j = of_battery_pu * self.battery.capacity_j + turning_j
        return min(max(held_j / (self.battery.capacity_j + fly.capacity_j), 0.0), 1.0)

    def _battery_a(self) -> float:
        volts = BATTERY_V * self.battery.volts_pu(self.battery_w)
        return self.battery_w / volts if volts > 0.0 else 0.0

    def _runtime_s(self) -> float:
        return self._turning_s() + self.room.runtime_s(self.need_w, self._least_w())

    def _least_w(self) -> float:
        return 0.01 * self.ratings["power_w"]

    def _turning_s(self) -> float:
        return self.flywheel.empty_in_s(max(self.need_w, self._least_w()))

    def _low_battery(self) -> bool:
        if self.room.nearly_empty(self.battery_w):
            return True
        within_s = float(self.settings["low_s"]) - self._turning_s()
        return self.room.runs_low(within_s, self.need_w, self._least_w())

    def _load_pu(self) -> float:
        return self.output_w / self.ratings["power_w"]

    def quantity(self, name: str) -> float:
        """Return a point as it is, whatever the charge gauge shows, or an inner quantity."""
        if name == "flywheel_speed_pu":
            return self.flywheel.speed_pu if self.flywheel.capacity_j else 0.0
        if name == "overload_used_pu":
            return self.overload.wear
        if name == "soc_pu":
            return self._soc_pu(self.battery.available_pu)
        return super().quantity(name)

    # Input and bypass.

    def _input_good(self) -> bool:
        bus = self.buses[0]
        low, high = INPUT_PU
        near = abs(self.grid.f[bus] - self.grid.nominal_hz) < INPUT_HZ_PU * self.grid.nominal_hz
        return bool(low <= self.grid.v[bus] <= high and near)

    def _bypass_in_range(self) -> bool:
        bus, grid = self.buses[0], self.grid
        near = abs(grid.f[bus] - grid.nominal_hz) <= FOLLOW_HZ
        return abs(grid.v[bus] - 1.0) <= BYPASS_PU and near

    def _bypass_available(self) -> bool:
        if not self._bypass_in_range():
            return False
        gap = self.grid.gap(self.buses[0], self.buses[1])
        return gap is None or (
            abs(gap.angle_rad) <= BYPASS_RAD
            and abs(gap.voltage_pu) <= BYPASS_PU
            and abs(gap.slip_hz) <= FOLLOW_HZ
        )

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
            return self._begin_test()
        else:
            self.faulty = self.room.failed_test = False
            if self.stage in {"fault", "static_bypass"}:
                self._to_inverter()
        return True

    def _to_bypass(self, stage: str) -> None:
        self._rest()
        self.grid.set_able(self.former, able=False)
        self.grid.move(self.bypass, closed=True, cause="bypass")
        self._enter(stage)

    def _rest(self) -> None:
        self.input_w = self.battery_w = self.flywheel_w = 0.0
        self.testing = False
        for name in ("overload", "short", "test", "detect", "empty"):
            self.grid.timers.cancel(self.id, name)

    def _to_inverter(self) -> None:
        self.shorted = False
        self.grid.timers.cancel(self.id, "return")
        self.grid.move(self.bypass, closed=False, cause="inverter")
        self.grid.set_able(self.former, able=True)
        self._enter("normal" if self._input_good() else "battery")

    def _leave_inverter(self) -> None:
        """Hand the load to the bypass, in or out of synchronism, or lose the output."""
        if self._bypass_available():
            self._to_bypass("static_bypass")
            return
        waits = self._bypass_in_range()
        self._stop("fault")
        if waits:
            self.grid.after(self.id, "bypass", INTERRUPTED_S, self._late_bypass)

    def _late_bypass(self) -> None:
        if self.stage == "fault" and self._bypass_in_range():
            self._to_bypass("static_bypass")

    def _stop(self, stage: str) -> None:
        self._rest()
        self.output_w = 0.0
        self.grid.set_able(self.former, able=False)
        self._enter(stage)

    def _come_back(self) -> None:
        if self.stage == "static_bypass" and not self.faulty:
            if self._output_w() <= self.ratings["power_w"] and self.grid.live(self.buses[1]):
                self._to_inverter()
            else:
                self.grid.after(self.id, "return", RETURN_S, self._come_back)

    # The battery test.

    def _begin_test(self) -> bool:
        charged = self.battery.can_give() and self.battery.soc_pu >= TEST_SOC_PU
        if self.stage != "normal" or not charged or self.walk_in.part_pu < 1.0:
            return False
        self.testing, self.room.failed_test = True, False
        self.grid.after(self.id, "test", float(self.settings["test_s"]), self._end_test)
        return True

    def _end_test(self, *, failed: bool = False) -> None:
        self.testing = False
        self.room.failed_test = failed
        self.grid.timers.cancel(self.id, "test")

    # The hooks of a step.

    def advance(self, dt_s: float) -> None:
        """Move energy, walk in, follow the phase of the input."""
        self.flywheel.exchange(self.flywheel_w, dt_s)
        if self.room.advance(self.battery_w, self.need_w, dt_s):
            self.grid.say(self.id, "string_opened", f"{self.id} has opened a string that is hot")
        self.overload.advance(self._load_pu(), dt_s)
        self.walk_in.advance(self.grid.now_ns, dt_s)
        self._follow(dt_s)

    def _follow(self, dt_s: float) -> None:
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

    def _hold_w(self) -> float:
        return self.flywheel.hold_w if self.walk_in.part_pu == 1.0 else 0.0

    def draw(self) -> None:
        """Take from the input what output, losses and recharge need."""
        self.output_w = self.input_w = self.battery_w = self.flywheel_w = 0.0
        if not (self.on_bypass or self.stage in {"off", "fault"}):
            if self.former.able:
                self.output_w = self.grid.former_load_w(self.former)
            rated_w = self.ratings["power_w"]
            efficiency = self.ratings.get("efficiency_pu", 0.95)
            self.need_w = self.output_w + loss_w(self.output_w, rated_w, efficiency)
            part = self.walk_in.part_pu
            part = min(part, TEST_PU) if self.testing else part
            if shared_w := self._shared_w() if part == 1.0 else 0.0:
                self.flywheel_w, self.battery_w = self.flywheel.hold_w, -shared_w
                self.input_w = self.need_w + self.store_w
            elif part == 1.0:
                self._charge()
                self.input_w = self.need_w + self.store_w
            else:
                self.input_w = part * self.need_w
                self._discharge(self.need_w - self.input_w)
        self.grid.p_w[self.slot] = self.input_w
        self.grid.q_var[self.slot] = POWER_FACTOR_TAN * self.input_w

    def _shared_w(self) -> float:
        """Return what the battery gives beside a good input [W]."""
        able = self.battery.can_give() and self.battery.soc_pu >= TEST_SOC_PU
        most_w = (1.0 - TEST_PU) * self.need_w
        return min(-self.setpoints["power_setpoint_w"], most_w) if able else 0.0

    def set(self, point: str, value: float) -> bool:
        """Take a share for the battery while the input feeds."""
        fits = -self.ratings["power_w"] <= value <= 0.0
        return self.stage == "normal" and fits and super().set(point, value)

    def fall_back(self) -> None:
        """Let the input carry it all when the site says so."""
        device = self.item.device
        if device is not None and device.fallback == "zero":
            self.setpoints["power_setpoint_w"] = 0.0

    def _charge(self) -> None:
        fly = self.flywheel
        self.flywheel_w = fly.hold_w
        if fly.can_take():
            self.flywheel_w += FLYWHEEL_CHARGE_PER_H * fly.capacity_j / 3600.0
        elif self.battery.can_take():
            self.battery_w = self.battery.charge_w(CHARGE_PER_H)

    def _discharge(self, power_w: float) -> None:
        turning_w = 0.0
        if self.flywheel.can_give() and not self.testing:
            most_w = self.flywheel.rated_w if self.battery.can_give() else math.inf
            turning_w = min(power_w, most_w)
        self.flywheel_w, self.battery_w = -turning_w, turning_w - power_w

    def sense(self) -> bool:
        """Leave or take back the input, watch store, load and output."""
        good = self._input_good()
        if self.on_bypass:
            return self._watch_bypass(good=good)
        if self.stage == "fault":
            return False
        changed = self._watch_input(good=good)
        if self.stage != "off":
            self._watch_load()
        self._plan_empty()
        if self.store_w < 0.0 and not (self.flywheel.can_give() or self.battery.can_give()):
            return self._run_out(good=good)
        return changed

    def _watch_bypass(self, *, good: bool) -> bool:
        stays = self.faulty or self.stage == "maintenance_bypass"
        if good or stays or self.grid.timers.pending(self.id, "clearing"):
            return False
        if self.shorted:
            self.grid.move(self.bypass, closed=False, cause="short circuit")
            self._stop("fault")
            return True
        self.walk_in.lose(self.grid.now_ns)
        self._to_inverter()
        return True

    def _watch_input(self, *, good: bool) -> bool:
        walk_in, timers = self.walk_in, self.grid.timers
        before = walk_in.part_pu
        if not good:
            walk_in.lose(self.grid.now_ns)
            if self.stage not in {"off", "battery"} and not timers.pending(self.id, "detect"):
                self.grid.after(self.id, "detect", DETECT_S, self._detected)
            return before != 0.0
        if walk_in.lost_at_ns is not None:
            self._take_back()
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

    def _detected(self) -> None:
        self.setpoints["power_setpoint_w"] = 0.0
        if self.testing:
            self._end_test()
        self._enter("battery")

    def _take_back(self) -> None:
        self.grid.timers.cancel(self.id, "detect")
        leader = self.grid.leader(self.buses[0])
        self.walk_in.regain(
            self.grid.now_ns,
            float(self.settings["walk_in_delay_s"]),
            float(self.settings["walk_in_s"]),
            float(self.settings["fast_s"]),
            gently=leader is not None and leader.machine is not None,
        )
        if self.stage == "normal":  # over before it was noticed
            self.walk_in.part_pu = 1.0

    def _watch_load(self) -> None:
        load_pu, timers = self._load_pu(), self.grid.timers
        if load_pu > 1.0:
            self.grid.after(self.id, "overload", self.overload.left_s(load_pu), self._overloaded)
        elif timers.pending(self.id, "overload"):
            timers.cancel(self.id, "overload")
        if self.former.able and self.grid.v[self.buses[1]] < SHORT_PU:
            if not timers.pending(self.id, "short"):
                waits_s = TO_BYPASS_S if self._bypass_in_range() else SHORT_S
                self.grid.after(self.id, "short", waits_s, self._shorted)
        elif timers.pending(self.id, "short"):
            timers.cancel(self.id, "short")

    def _overloaded(self) -> None:
        self.grid.say(self.id, "overloaded", f"{self.id} has carried its overload for long enough")
        self._leave_inverter()
        self.grid.after(self.id, "return", RETURN_S, self._come_back)

    def _shorted(self) -> None:
        self.grid.say(self.id, "short_circuit", f"{self.id} feeds a short circuit at its limit")
        if self._bypass_in_range():  # the output has no phase of its own any more
            self._to_bypass("static_bypass")
            self.shorted = True
            self.grid.after(self.id, "return", RETURN_S, self._come_back)
            self.grid.after(self.id, "clearing", SHORT_S, self._look_again)
        else:
            self._stop("fault")

    def _plan_empty(self) -> None:
        if self.store_w >= 0.0:
            self.grid.timers.cancel(self.id, "empty")
            return
        left_s = math.inf
        if self.flywheel_w < 0.0:
            left_s = self.flywheel.empty_in_s(-self.flywheel_w)
        if self.battery_w < 0.0:
            left_s = min(left_s, self.battery.ends_in_s(-self.battery_w))
        if left_s < math.inf:
            self.grid.after(self.id, "empty", left_s + 1e-9, self._look_again)
        else:
            self.grid.timers.cancel(self.id, "empty")

    def _look_again(self) -> None:
        """Let a step end here, so that its stores and its input are looked at."""

    def _run_out(self, *, good: bool) -> bool:
        if self.testing:
            self._end_test(failed=True)
            return True
        if good and self.walk_in.begins_at_ns <= self.grid.now_ns:
            self.walk_in.part_pu = 1.0  # no store left to share with: the rectifier takes it all
            return True
        self._stop("off")
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
        """Lose the battery, break, go to maintenance, or what can happen to a battery."""
        if self.room.happen(event, values):
            return
        if event == "battery_disconnect":
            self.flywheel.connected = False
            self.battery.open_strings(self.battery.strings)
        elif event == "maintenance":
            self._to_bypass("maintenance_bypass")
        else:
            self.faulty = True
            self._leave_inverter()

    def clear(self) -> None:
        """Repair the unit and go back to the inverter."""
        self.flywheel.connected = True
        self.room.clear()
        self.faulty = False
        if self.on_bypass or self.stage == "fault":
            self._to_inverter()
