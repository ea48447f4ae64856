"""Diesel set: cranking, run-up, load, cool-down, fuel; starts by itself when the daemon is silent.

A start takes up to three crank attempts with rests between them, then overcrank locks out. The
class of ISO 8528-5 (1 to 3, rating `performance_class_count` or, where the site file leaves that
out, setting `iso_8528_class`) says how frequency and voltage stand a load step.
With the heartbeat missing (or the scheme left to the device) the set starts when a section of its
switchboard is dead. The local controller of the scheme, not the set, then closes breakers.

With its selector on TEST the set starts by itself and loads itself from a load bank of
`load_bank_pu` of its rating, a quarter of the rating at a time, until the selector leaves TEST; the
bank drops out when the breaker of the set closes. Commands are refused meanwhile. The command
`test` does the same with the selector on AUTO, until the set is told to stop or to start, its
breaker closes, the daemon falls silent or `test_limit_s` have passed.

Simplified: voltage builds within the run-up and appears at its end; oil and coolant follow with one
time constant each; starter batteries never fail by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.plant import MainTieMainScheme
from device_emulators.devices.rotating import SETTINGS, Rotating
from device_emulators.devices.set_protection import CAUSES
from device_emulators.plant import fuel
from device_emulators.plant.performance import CLASSES, Performance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SELECTOR: Final = ("auto", "manual", "test")
BANK_STEP_PU: Final = 0.25
BANK_STEP_S: Final = 5.0
LOW_FUEL_PU: Final = 0.2
LOW_OIL_PU: Final = 0.4
OIL_S: Final = 1.0
HOT_ALARM_C: Final = 98.0
HOT_TRIP_C: Final = 105.0


class Generator(Rotating):
    """Diesel generating set."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "no_start": (),
        "fail_to_build": (),
        "reversed_phases": (),
        "trip": (),
        "emergency_stop": (),
        "low_oil": (),
        "over_temperature": (),
        "low_fuel": (),
        "fuel_leak": ("leak_l_s",),
        "fuel_sensor_stuck": (),
        "fuel_pump_failed": (),
        "fuel_rack_closed": (),
        "governor_hunting": ("amplitude_pu", "period_s"),
        "loss_of_field": (),
        "over_excitation": (),
        "unbalance": ("negative_sequence_pu",),
        "neutral_held": (),
        "manual": (),
        "auto": (),
        "test": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "iso_8528_class": 3.0,
        "crank_s": 2.5,
        "crank_limit_s": 15.0,
        "crank_attempts": 3.0,
        "rest_s": 15.0,
        "run_up_s": 6.0,
        "cool_down_s": 20.0,
        "spread_s": 0.3,
        "own_start_s": 2.0,
        "fuel_pu": 1.0,
        "bulk_l": 40e3,
        "pump_l_s": 1.0,
        "load_bank_pu": 0.5,
        "test_limit_s": 3600.0,
        "inertia_s": 1.0,
        **SETTINGS,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        full_l, setting = item.ratings["fuel_l"], self.settings
        self.tanks = fuel.Tanks(
            full_l, full_l * setting["fuel_pu"], setting["bulk_l"], setting["pump_l_s"]
        )
        self.coolant_c, self.oil_pu = 40.0, 0.0
        self.crank_count = self.start_count = 0
        self.refuses = self.no_build = self.reversed_phases = False
        self.low_oil = self.fan_lost = self.sensor_stuck = False
        self.selector = "auto"
        self.on_test = False
        self._bank = grid.add_slot(item.buses[0])
        self.scheme = next(
            (
                s
                for s in grid.site.schemes.values()
                if isinstance(s, MainTieMainScheme) and item.id in s.sets
            ),
            None,
        )
        self.points |= {
            "fuel_l": self._shown_fuel_l,
            "bulk_tank_l": lambda: self.tanks.bulk_l,
            "load_bank_w": self._bank_w,
            "oil_pressure_pu": lambda: self.oil_pu,
            "coolant_temperature_c": lambda: self.coolant_c,
            "crank_count": lambda: float(self.crank_count),
            "start_count": lambda: float(self.start_count),
            "overcrank": lambda: float(self.cause == "overcrank"),
            "fail_to_build": lambda: float(self.cause == "no voltage"),
            "alarm_oil": lambda: float(self.running and self.oil_pu < LOW_OIL_PU),
            "alarm_fuel": lambda: float(self._shown_fuel_l() < LOW_FUEL_PU * full_l),
            "alarm_temperature": lambda: float(self.coolant_c > HOT_ALARM_C),
            "available": lambda: float(self.stage != "fault" and self.selector == "auto"),
            "neutral_earthed": lambda: float(self.machine.earths),
            "trip_cause": lambda: float(CAUSES.index(self.cause)),
            "selector": lambda: float(SELECTOR.index(self.selector)),
        }

    def performance(self) -> Performance:
        """Return how a set of its class is tuned.

        Raises:
            ValueError: there is no such class; one with a step of its own would be G4.
        """
        declared = self.ratings.get("performance_class_count", self.settings["iso_8528_class"])
        number = int(declared)
        if number not in CLASSES:
            valid = ", ".join(map(str, CLASSES))
            raise ValueError(f"{self.id}: iso_8528_class {number} is not emulated (valid: {valid})")
        return CLASSES[number]

    def _shown_fuel_l(self) -> float:
        return self.tanks.full_l if self.sensor_stuck else self.tanks.day_l

    @property
    def fuel_l(self) -> float:
        """Return what is in the day tank [l]."""
        return self.tanks.day_l

    # Commands.

    def act(self, action: str) -> bool:
        """Start, stop, reset or test, with the selector on auto."""
        if self.selector != "auto":
            return False
        return self._begin_test() if action == "test" else self.order(action)

    def order(self, action: str) -> bool:
        """Start, stop or reset; return whether it can be obeyed now."""
        if action == "start":
            self._end_test()
            return self._start()
        if action == "stop":
            return self._stop()
        if self.stage == "fault":
            self.cause = CAUSES[0]
            self.enter("stopped")
        return True

    def _start(self) -> bool:
        if self.stage == "cooling_down":
            self.grid.timers.cancel(self.id, "phase")
            self.enter("ready")
        if self.stage == "stopped":
            self.crank_count = 0
            self.start_count += 1
            self._crank()
        return self.stage != "fault"

    def _stop(self) -> bool:
        self._end_test()
        self._drop_bank()
        if self.stage in {"ready", "loaded"}:
            self.enter("cooling_down")
            self.grid.after(self.id, "phase", float(self.settings["cool_down_s"]), self._stopped)
        elif self.stage in {"cranking", "resting", "running_up"}:
            self._stopped()
        return True

    def _stopped(self) -> None:
        self.grid.timers.cancel(self.id, "phase")
        self.halt()
        self.enter("stopped")

    def halt(self) -> None:
        """Stand still."""
        self._end_test()
        self._drop_bank()
        self.grid.timers.cancel(self.id, "oil")
        super().halt()

    # The start.

    def _crank(self) -> None:
        self.crank_count += 1
        self.enter("cranking", attempt=self.crank_count)
        if self.refuses or self.tanks.day_l <= 0.0:
            after = float(self.settings["crank_limit_s"])
            self.grid.after(self.id, "phase", after, self._crank_failed)
        else:
            spread = float(self.settings["spread_s"]) * float(self.grid.rng.uniform(-1.0, 1.0))
            after = max(float(self.settings["crank_s"]) + spread, 0.1)
            self.grid.after(self.id, "phase", after, self._run_up)

    def _crank_failed(self) -> None:
        if self.crank_count >= self.settings["crank_attempts"]:
            self.cause = "overcrank"
            self.enter("fault", cause=self.cause)
            return
        self.enter("resting")
        self.grid.after(self.id, "phase", float(self.settings["rest_s"]), self._crank)

    def _run_up(self) -> None:
        self.enter("running_up")
        self.grid.after(self.id, "phase", float(self.settings["run_up_s"]), self._at_speed)

    def _at_speed(self) -> None:
        if self.no_build:
            self.fault("no voltage")
        elif self.reversed_phases:
            self.fault("phase sequence")
        else:
            self.excite()
            if self._testing():
                self.grid.after(self.id, "bank", BANK_STEP_S, self._load_bank)

    # The test, and its load bank.

    def _testing(self) -> bool:
        return self.selector == "test" or self.on_test

    def _begin_test(self) -> bool:
        if self.stage != "stopped" or not self.daemon_present:
            return False
        self.on_test = True
        self.grid.after(self.id, "test", float(self.settings["test_limit_s"]), self._stop)
        return self._start()

    def _end_test(self) -> None:
        if self.on_test:
            self.on_test = False
            self.grid.timers.cancel(self.id, "test")
            self._drop_bank()

    def _bank_w(self) -> float:
        return self.grid.p_w[self._bank] if self.running else 0.0

    def _load_bank(self) -> None:
        size_w = float(self.settings["load_bank_pu"]) * self.machine.power_w
        joined = any(breaker.closed for breaker in self.own_breakers())
        if not self._testing() or not self.running or joined:
            return
        step_w = BANK_STEP_PU * self.machine.power_w
        self.grid.p_w[self._bank] = min(self.grid.p_w[self._bank] + step_w, size_w)
        self.grid.stir()
        if self.grid.p_w[self._bank] < size_w:
            self.grid.after(self.id, "bank", BANK_STEP_S, self._load_bank)

    def _drop_bank(self) -> None:
        self.grid.timers.cancel(self.id, "bank")
        self.grid.p_w[self._bank] = 0.0

    def balance(self) -> tuple[float, float, float]:
        """Return the generation, and what the load bank takes of it."""
        return self._given_w(), self._bank_w(), 0.0

    # Time.

    def advance(self, dt_s: float) -> None:
        """Burn fuel, warm up, follow a set-point."""
        super().advance(dt_s)
        if self.stage == "running_up":
            self.speed_pu = min(1.0, self.speed_pu + dt_s / float(self.settings["run_up_s"]))
        oil_pu = self.speed_pu * (0.2 if self.low_oil else 1.0)
        self.oil_pu += (oil_pu - self.oil_pu) * min(dt_s / OIL_S, 1.0)
        if self.running:
            self._run(dt_s)
        else:
            self.tanks.advance(0.0, dt_s)
            self.coolant_c += (40.0 - self.coolant_c) * dt_s / 1800.0

    def _run(self, dt_s: float) -> None:
        machine = self.machine
        loading_pu = max(self.former.given_w, 0.0) / machine.power_w
        self.tanks.advance(fuel.flow_l_s(self.former.given_w, machine.power_w), dt_s)
        settled_c = 140.0 if self.fan_lost else 75.0 + 12.0 * loading_pu
        self.coolant_c += (settled_c - self.coolant_c) * dt_s / 120.0
        if self.tanks.day_l == 0.0:
            self.fault("out of fuel")
        elif self.coolant_c > HOT_TRIP_C:
            self.fault("over-temperature")

    def sense(self) -> bool:
        """Watch oil, load bank and, while the daemon is silent, the switchboard."""
        if self.running:
            self._watch_oil()
            if self._testing() and any(b.closed for b in self.own_breakers()):
                self._end_test()
                self._drop_bank()
        if self.on_test and not self.daemon_present:
            self._stop()
        if self.scheme is not None:
            self._watch_board(self.scheme)
        return super().sense()

    def _watch_oil(self) -> None:
        if self.oil_pu >= LOW_OIL_PU:
            self.grid.timers.cancel(self.id, "oil")
        elif not self.grid.timers.pending(self.id, "oil"):
            self.grid.after(self.id, "oil", OIL_S, lambda: self.fault("low oil pressure"))

    def _watch_board(self, scheme: MainTieMainScheme) -> None:
        own = scheme.authority == "device" or not self.daemon_present
        wanted = (
            own
            and self.selector == "auto"
            and self.stage == "stopped"
            and any(self.grid.dead(self.grid.bus[s.bus]) for s in scheme.sections)
        )
        if not wanted:
            self.grid.timers.cancel(self.id, "own_start")
        elif not self.grid.timers.pending(self.id, "own_start"):
            delay = float(self.settings["own_start_s"])
            self.grid.after(self.id, "own_start", delay, self._own_start)

    def _own_start(self) -> None:
        self.grid.say(self.id, "own_logic", f"{self.id} starts by itself: its board is dead")
        self._start()

    # Happenings.

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Break something, or move the selector."""
        machine = self.machine
        if event in SELECTOR:
            self._select(event)
        elif event in {"trip", "emergency_stop"}:
            self.fault(event.replace("_", " "))
        elif event == "low_fuel":
            self.tanks.day_l, self.tanks.bulk_l = 0.1 * self.tanks.full_l, 0.0
        elif event == "fuel_leak":
            self.tanks.leak_l_s = float(values["leak_l_s"])
        elif event == "fuel_pump_failed":
            self.tanks.pump_works = False
        elif event == "governor_hunting":
            machine.hunting_pu = float(values["amplitude_pu"])
            machine.hunting_s = float(values["period_s"])
        elif event == "unbalance":
            self.protection.unbalance_pu = float(values["negative_sequence_pu"])
        elif event == "fuel_rack_closed":
            machine.fuelled = False
        elif event == "loss_of_field":
            machine.excited = False
        elif event == "over_excitation":
            machine.forced = True
        else:
            setattr(self, _FLAGS[event], True)

    def _select(self, position: str) -> None:
        before, self.selector = self.selector, position
        if position == "test" and before != "test":
            self._start()
            if self.running:
                self.grid.after(self.id, "bank", BANK_STEP_S, self._load_bank)
        elif before == "test" and position != "test":
            self._stop()

    def clear(self) -> None:
        """Repair the set; a fault stays until it is reset."""
        for flag in _FLAGS.values():
            setattr(self, flag, False)
        machine = self.machine
        machine.fuelled = machine.excited = True
        machine.forced, machine.hunting_pu = False, 0.0
        self.protection.unbalance_pu = 0.0
        self.tanks.fill()
        self.tanks.bulk_l = max(self.tanks.bulk_l, float(self.settings["bulk_l"]))
        self._select("auto")

    def quantity(self, name: str) -> float:
        """Return a point; of the fuel what is really in the day tank."""
        return self.tanks.day_l if name == "fuel_l" else super().quantity(name)


_FLAGS: Final = {
    "no_start": "refuses",
    "fail_to_build": "no_build",
    "reversed_phases": "reversed_phases",
    "low_oil": "low_oil",
    "over_temperature": "fan_lost",
    "fuel_sensor_stuck": "sensor_stuck",
    "neutral_held": "neutral_held",
}
"""What an event breaks, by the attribute that says so."""
