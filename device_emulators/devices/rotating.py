"""What diesel sets and gas turbines share: a machine behind a former, its readings, its trips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from device_emulators.devices.device import Device
from device_emulators.plant.indications import Panel
from device_emulators.plant.machine import Machine, follow

if TYPE_CHECKING:
    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

RANK: Final = 2
OVERLOAD_HZ_PU: Final = 0.90
LOADED_PU: Final = 0.01
STIFFNESS: Final = 1e4
"""The voltage dip is in the machine model, so its terminals stand behind next to no impedance."""


class Rotating(Device):
    """A set that can form an island when it runs at speed."""

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        rated_w, rated_va = item.ratings["power_w"], item.ratings["power_va"]
        self.machine = Machine(
            power_w=rated_w,
            power_va=rated_va,
            inertia_s=float(self.settings["inertia_s"]),
            droop_pu=item.ratings.get("droop_pu", 0.04),
            governor_s=float(self.settings["governor_s"]),
            reactance_pu=float(self.settings["reactance_pu"]),
            regulator_s=float(self.settings["regulator_s"]),
        )
        self.former = grid.add_former(
            item.id, item.buses[0], RANK, STIFFNESS * rated_va, self.machine
        )
        self.stage = "stopped"
        self.speed_pu = 0.0
        self.setpoints = Panel(grid.indications, {"power_setpoint_w": 0.0})
        self.points = {
            "stage": self._stage_code,
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "frequency_hz": self._frequency,
            "power_w": lambda: -self._given_w(),
            "reactive_power_var": lambda: -self.former.given_var if self.former.able else 0.0,
        }

    def _stage_code(self) -> float:
        return float(self.item.kind.points["stage"].states.index(self.stage))

    def _given_w(self) -> float:
        return self.former.given_w if self.former.able else 0.0

    def _frequency(self) -> float:
        if self.former.able:
            return self.former.frequency_hz
        return self.grid.nominal_hz * self.speed_pu

    @property
    def running(self) -> bool:
        """Return whether the set holds voltage."""
        return self.former.able

    def enter(self, stage: str, **fields: float | str) -> None:
        """Change the stage and say so."""
        if stage != self.stage:
            self.stage = stage
            text = f"{self.id} {stage.replace('_', ' ')}"
            self.grid.say(self.id, "stage", text, stage=stage, **fields)

    def excite(self) -> None:
        """Reach rated speed and voltage at an angle that chance has chosen."""
        self.speed_pu = 1.0
        machine = self.machine
        machine.mechanical_w = machine.electrical_w = machine.reset_pu = machine.seen_va = 0.0
        self.former.voltage_pu = 1.0
        self.former.frequency_hz = self.grid.nominal_hz
        self.former.angle_rad = float(self.grid.rng.uniform(-math.pi, math.pi))
        self.grid.set_able(self.former, able=True)
        self.enter("ready")

    def halt(self) -> None:
        """Lose speed and voltage."""
        self.speed_pu = 0.0
        self.machine.mechanical_w = self.machine.electrical_w = 0.0
        self.grid.p_w[self.former.slot] = self.grid.q_var[self.former.slot] = 0.0
        self.grid.set_able(self.former, able=False)

    def advance(self, dt_s: float) -> None:
        """Follow the set-point while a stiffer source leads."""
        leader = self.grid.leader(self.buses[0])
        if not self.former.able or leader is None or leader.machine is not None:
            return
        target = -self.setpoints["power_setpoint_w"]
        follow(self.machine, target, dt_s)
        self.grid.p_w[self.former.slot] = -self.machine.mechanical_w
        self.grid.q_var[self.former.slot] = 0.0

    def sense(self) -> bool:
        """Tell loaded from ready; give up when the load has dragged the speed down."""
        if not self.former.able:
            return False
        if self.stage in {"ready", "loaded"}:
            self._judge_load()
        low = self.former.frequency_hz < OVERLOAD_HZ_PU * self.grid.nominal_hz
        if not low:
            self.grid.timers.cancel(self.id, "81")
        elif not self.grid.timers.pending(self.id, "81"):
            self.grid.after(self.id, "81", 0.5, lambda: self.fault("under-frequency"))
        self._guard_reverse_power()
        return False

    def _judge_load(self) -> None:
        if self.former.given_w > LOADED_PU * self.machine.power_w:
            self.grid.timers.cancel(self.id, "unloaded")
            self.enter("loaded")
        elif self.stage == "loaded" and not self.grid.timers.pending(self.id, "unloaded"):
            self.grid.after(self.id, "unloaded", 0.5, self._unloaded)

    def _unloaded(self) -> None:
        if self.stage == "loaded":
            self.enter("ready")

    def _guard_reverse_power(self) -> None:
        if self.former.given_w >= -0.05 * self.machine.power_w:
            self.grid.timers.cancel(self.id, "32")
        elif not self.grid.timers.pending(self.id, "32"):
            self.grid.after(self.id, "32", 2.0, lambda: self.fault("reverse power"))

    def balance(self) -> tuple[float, float, float]:
        """Return the generation."""
        return self._given_w(), 0.0, 0.0

    def fault(self, cause: str) -> None:
        """Stop at once and trip the breaker to the bus."""
        self.halt()
        self.enter("fault", cause=cause)
        for breaker in self.own_breakers():
            breaker.trip("32" if cause == "reverse power" else "81", lockout=False)

    def set(self, point: str, value: float) -> bool:
        """Take the set-point within the rating."""
        if not -1.1 * self.machine.power_w <= value <= 0.0:
            return False
        return super().set(point, value)
