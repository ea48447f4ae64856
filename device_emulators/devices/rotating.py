"""What diesel sets and gas turbines share: a machine behind a former, its readings, its trips.

A set that leads an island earths its neutral: it comes to speed with its neutral contactor closed,
and when sets stand in parallel only the first of them keeps it closed, so that an island has one
earth. The next one takes over when that set leaves; beside a utility no set earths. A contactor
that is held (`neutral_held`) stays closed for as long as its set runs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from device_emulators.devices.device import Device
from device_emulators.devices.set_protection import BREAKER_ELEMENTS, CAUSES, SetProtection
from device_emulators.plant.indications import Panel
from device_emulators.plant.machine import Machine, follow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid
    from device_emulators.plant.performance import Performance

RANK: Final = 2
LOADED_PU: Final = 0.01
CONTACTOR_S: Final = 0.06
STIFFNESS: Final = 1e4
"""The voltage dip is in the machine model, so its terminals stand behind next to no impedance."""
SETTINGS: Final[Mapping[str, float]] = {
    "governor_s": math.nan,
    "reactance_pu": math.nan,
    "regulator_s": math.nan,
    "subtransient_pu": 0.13,
    "voltage_droop_pu": 0.015,
    "isochronous": 1.0,
    "under_frequency_pu": 0.90,
    "under_frequency_s": 0.5,
    "over_frequency_pu": 1.13,
    "reverse_s": 2.0,
    "overload_pu": 1.12,
    "overload_s": 10.0,
}
"""What may be set of every set; what is not a number is as its kind is tuned."""


class Rotating(Device):
    """A set that can form an island when it runs at speed."""

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.machine = self._machine(self.performance())
        rated_va = self.machine.power_va
        self.former = grid.add_former(
            item.id, item.buses[0], RANK, STIFFNESS * rated_va, self.machine
        )
        self.stage = "stopped"
        self.cause = CAUSES[0]
        self.speed_pu = 0.0
        self.neutral_held = False
        self.protection = SetProtection(self)
        self.setpoints = Panel(grid.indications, {"power_setpoint_w": 0.0})
        self.points = {
            "stage": self._stage_code,
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "frequency_hz": self._frequency,
            "power_w": lambda: -self._given_w(),
            "reactive_power_var": lambda: -self.former.given_var if self.former.able else 0.0,
        }

    def performance(self) -> Performance:
        """Return how the set is tuned."""
        raise NotImplementedError

    def _machine(self, tuned: Performance) -> Machine:
        own = {k: v for k, v in self.settings.items() if not math.isnan(float(v))}
        return Machine(
            power_w=self.ratings["power_w"],
            power_va=self.ratings["power_va"],
            inertia_s=own["inertia_s"],
            droop_pu=self.ratings.get("droop_pu", 0.04),
            governor_s=own.get("governor_s", tuned.governor_s),
            reactance_pu=own.get("reactance_pu", tuned.reactance_pu),
            regulator_s=own.get("regulator_s", tuned.regulator_s),
            subtransient_pu=own["subtransient_pu"],
            gain_pu=tuned.gain_pu,
            dead_s=tuned.dead_s,
            lead_s=tuned.lead_s,
            aspirated_pu=tuned.aspirated_pu,
            boost_s=tuned.boost_s,
            voltage_droop_pu=own["voltage_droop_pu"],
            isochronous=bool(own["isochronous"]),
        )

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
        """Reach rated speed and voltage at an angle that chance has chosen, neutral earthed."""
        self.speed_pu = 1.0
        self.machine.start()
        self.machine.earths = True
        self.former.voltage_pu = 1.0
        self.former.frequency_hz = self.grid.nominal_hz
        self.former.angle_rad = float(self.grid.rng.uniform(-math.pi, math.pi))
        self.grid.set_able(self.former, able=True)
        self.enter("ready")

    def halt(self) -> None:
        """Lose speed and voltage."""
        self.speed_pu = 0.0
        self.machine.start()
        self.machine.earths = False
        self.protection.drop_out()
        self.grid.timers.cancel(self.id, "neutral")
        self.grid.p_w[self.former.slot] = self.grid.q_var[self.former.slot] = 0.0
        self.grid.set_able(self.former, able=False)

    def parallel(self) -> bool:
        """Return whether it runs beside a stiffer source, which holds frequency and voltage."""
        leader = self.grid.leader(self.buses[0]) if self.former.able else None
        return leader is not None and leader.machine is None

    def advance(self, dt_s: float) -> None:
        """Follow the set-point while a stiffer source leads."""
        self.protection.advance(dt_s)
        self.machine.reference_pu = -self._told_w() / self.machine.power_w
        if self.parallel():
            self.follow(-self.setpoints["power_setpoint_w"], dt_s)

    def _told_w(self) -> float:
        """Return its set-point, in an island only while the daemon is heard [W]."""
        line = self.machine.isochronous and not self.daemon_present
        return 0.0 if line else self.setpoints["power_setpoint_w"]

    def follow(self, target_w: float, dt_s: float, ramp_s: float = 5.0) -> None:
        """Go towards a power [W] beside a stiffer source."""
        follow(self.machine, target_w, dt_s, ramp_s)
        excited = self.machine.excited
        self.grid.p_w[self.former.slot] = -self.machine.mechanical_w
        self.grid.q_var[self.former.slot] = 0.0 if excited else 0.5 * self.machine.power_va

    def sense(self) -> bool:
        """Tell loaded from ready; let protection and the neutral contactor look."""
        if not self.former.able:
            return False
        if self.stage in {"ready", "loaded"}:
            self._judge_load()
        self.protection.sense()
        self._mind_neutral()
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

    def _mind_neutral(self) -> None:
        wanted = self._should_earth()
        if wanted == self.machine.earths:
            self.grid.timers.cancel(self.id, "neutral")
        elif not self.grid.timers.pending(self.id, "neutral"):
            self.grid.after(self.id, "neutral", CONTACTOR_S, self._move_contactor)

    def _should_earth(self) -> bool:
        if self.neutral_held and self.machine.earths:
            return True
        island = self.grid.island(self.buses[0])
        if island is None or island.leader is None or island.leader.machine is None:
            return False
        return next(f for f in island.members if f.machine is not None) is self.former

    def _move_contactor(self) -> None:
        self.machine.earths = self._should_earth()
        self.grid.topology_changed = True

    def balance(self) -> tuple[float, float, float]:
        """Return the generation."""
        return self._given_w(), 0.0, 0.0

    def fault(self, cause: str) -> None:
        """Stop at once and trip the breaker to the bus."""
        if self.stage == "fault":
            return
        self.grid.timers.cancel(self.id, "phase")
        self.cause = cause
        self.halt()
        self.enter("fault", cause=cause)
        for breaker in self.own_breakers():
            breaker.trip(BREAKER_ELEMENTS.get(cause, "81"), lockout=False)

    def set(self, point: str, value: float) -> bool:
        """Take the set-point within the rating."""
        if not -1.1 * self.machine.power_w <= value <= 0.0:
            return False
        return super().set(point, value)
