"""Diesel set: cranking, run-up, load, cool-down, fuel; starts by itself when the daemon is silent.

Up to three crank attempts with rests between them, then overcrank. With the heartbeat missing (or
the scheme left to the device) the set starts when a section of its switchboard is dead. The local
controller of the scheme, not the set, then closes breakers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.plant import MainTieMainScheme
from device_emulators.devices.rotating import Rotating
from device_emulators.plant import fuel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

ATTEMPTS: Final = 3
SELECTOR: Final = ("auto", "manual", "test")


class Generator(Rotating):
    """Diesel generating set."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "no_start": (),
        "fail_to_build": (),
        "trip": (),
        "low_oil": (),
        "low_fuel": (),
        "manual": (),
        "auto": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "crank_s": 2.5,
        "crank_limit_s": 15.0,
        "rest_s": 15.0,
        "run_up_s": 6.0,
        "cool_down_s": 20.0,
        "spread_s": 0.3,
        "own_start_s": 2.0,
        "fuel_pu": 1.0,
        "inertia_s": 1.0,
        "governor_s": 0.1,
        "reactance_pu": 0.2,
        "regulator_s": 0.4,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.fuel_l = item.ratings["fuel_l"] * float(self.settings["fuel_pu"])
        self.coolant_c = 40.0
        self.crank_count = self.start_count = 0
        self.overcrank = self.fail_to_build = self.low_oil = False
        self.refuses = self.no_build = False
        self.selector = "auto"
        self.scheme = next(
            (
                s
                for s in grid.site.schemes.values()
                if isinstance(s, MainTieMainScheme) and item.id in s.sets
            ),
            None,
        )
        self.points |= {
            "fuel_l": lambda: self.fuel_l,
            "oil_pressure_pu": lambda: 0.2 if self.low_oil and self.running else self.speed_pu,
            "coolant_temperature_c": lambda: self.coolant_c,
            "crank_count": lambda: float(self.crank_count),
            "start_count": lambda: float(self.start_count),
            "overcrank": lambda: float(self.overcrank),
            "fail_to_build": lambda: float(self.fail_to_build),
            "alarm_oil": lambda: float(self.low_oil and self.running),
            "alarm_fuel": lambda: float(self.fuel_l < 0.2 * item.ratings["fuel_l"]),
            "available": lambda: float(self.stage != "fault" and self.selector == "auto"),
            "selector": lambda: float(SELECTOR.index(self.selector)),
        }

    def act(self, action: str) -> bool:
        """Start, stop or reset, with the selector on auto."""
        return self.selector == "auto" and self.order(action)

    def order(self, action: str) -> bool:
        """Start, stop or reset; return whether it can be obeyed now."""
        if action == "start":
            return self._start()
        if action == "stop":
            return self._stop()
        if self.stage == "fault":
            self.overcrank = self.fail_to_build = False
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

    def _crank(self) -> None:
        self.crank_count += 1
        self.enter("cranking", attempt=self.crank_count)
        if self.refuses or self.fuel_l <= 0.0:
            after = float(self.settings["crank_limit_s"])
            self.grid.after(self.id, "phase", after, self._crank_failed)
        else:
            spread = float(self.settings["spread_s"]) * float(self.grid.rng.uniform(-1.0, 1.0))
            after = max(float(self.settings["crank_s"]) + spread, 0.1)
            self.grid.after(self.id, "phase", after, self._run_up)

    def _crank_failed(self) -> None:
        if self.crank_count >= ATTEMPTS:
            self.overcrank = True
            self.enter("fault", cause="overcrank")
            return
        self.enter("resting")
        self.grid.after(self.id, "phase", float(self.settings["rest_s"]), self._crank)

    def _run_up(self) -> None:
        self.enter("running_up")
        self.grid.after(self.id, "phase", float(self.settings["run_up_s"]), self._at_speed)

    def _at_speed(self) -> None:
        if self.no_build:
            self.fail_to_build = True
            self.fault("no voltage")
        else:
            self.excite()

    def fault(self, cause: str) -> None:
        """Stop at once."""
        self.grid.timers.cancel(self.id, "phase")
        super().fault(cause)

    def advance(self, dt_s: float) -> None:
        """Burn fuel, warm up, follow a set-point."""
        super().advance(dt_s)
        if self.stage == "running_up":
            self.speed_pu = min(1.0, self.speed_pu + dt_s / float(self.settings["run_up_s"]))
        if self.running:
            burnt = fuel.flow_l_s(self.former.given_w, self.machine.power_w) * dt_s
            self.fuel_l = max(0.0, self.fuel_l - burnt)
            self.coolant_c += (85.0 - self.coolant_c) * dt_s / 120.0
            if self.fuel_l == 0.0:
                self.fault("out of fuel")
        else:
            self.coolant_c += (40.0 - self.coolant_c) * dt_s / 1800.0

    def sense(self) -> bool:
        """Watch the switchboard while the daemon is silent."""
        if self.scheme is not None:
            self._watch_board(self.scheme)
        return super().sense()

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

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Refuse to start, fail to build, trip, run low."""
        if event == "no_start":
            self.refuses = True
        elif event == "fail_to_build":
            self.no_build = True
        elif event == "trip":
            self.fault("trip")
        elif event == "low_oil":
            self.low_oil = True
            if self.running:
                self.fault("low oil pressure")
        elif event == "low_fuel":
            self.fuel_l = 0.1 * self.ratings["fuel_l"]
        else:
            self.selector = event

    def clear(self) -> None:
        """Repair the set; a fault stays until it is reset."""
        self.refuses = self.no_build = self.low_oil = False
        self.selector = "auto"
        self.fuel_l = max(self.fuel_l, self.ratings["fuel_l"])
