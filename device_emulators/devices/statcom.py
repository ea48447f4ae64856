"""STATCOM with a harmonic filter: reactive power within its rating while its bus is live.

It follows one of three targets with a lag of 30 ms: a reactive power, a voltage of its bus (by a
droop of 2 %), or a power factor of the section, which is all that is fed through its bus without
passing a transformer upwards. Besides, in the other modes too, it opposes what the voltage does
within ten seconds, which is what lamps and neighbours see as flicker; for half a second after a new
set-point it does not, as that moves the voltage itself. Its limit is a current: below 90 % of
voltage the limit falls with the voltage. Below 20 % it blocks.

What it gives moves the voltage, and that its target, at once and the more the weaker the source is:
behind one set by several times as much, the other way. A step ends where this loop has come within
it, with the slope that the target showed before; a step by the target of its beginning alone would
go too far, and back by the next, for ever.

The filter is a fixed capacitive power. All filters of a section together take 80 % of its harmonic
current, at most what fundamental currents of their ratings would be. The distortion is that of the
current the section takes: each converter and drive adds a fixed share of its power, by its kind.

Simplified: no losses; harmonics are one number without orders, phases or resonance, and do not
distort the voltage; currents of different devices add up arithmetically, which is the worst case;
the flicker index is that of `plant.flicker`.

Source: distortion of kinds of converters: typical nameplates (active front end 3 to 5 %, six-pulse
drive with choke 30 to 40 %), not a certain product.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant.flicker import Flicker
from device_emulators.plant.indications import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid
    from device_emulators.plant.live import Live

LAG_S: Final = 0.03
MEASURED_NS: Final = 1_000_000_000
DROOP_PU: Final = 0.02
SLOW_S: Final = 10.0
HELD_S: Final = 0.5
LEARNT_PU: Final = 1e-3
"""A move of this part of the rating shows how the target follows it."""
STEEPEST: Final = -20.0
"""More than that no source on a site is so weak for."""
CURRENT_LIMIT_BELOW_PU: Final = 0.9
BLOCKED_BELOW_PU: Final = 0.2
FILTERED_PU: Final = 0.8
DISTORTION_PU: Final[Mapping[str, float]] = {
    "hvdc": 0.05,
    "ups": 0.04,
    "rectifier": 0.05,
    "chiller": 0.30,
    "pump": 0.30,
}
"""Harmonic current by fundamental current, by kind of equipment."""
MODES: Final = ("reactive_power", "voltage", "power_factor")
BOUNDS: Final = {"voltage_setpoint_pu": (0.9, 1.1), "power_factor_setpoint_pu": (0.8, 1.0)}


class Statcom(Device):
    """Reactive compensator with a filter."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"trip": ()}

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.stage = "off" if item.normally == "out_of_service" else "running"
        self.mode = MODES[0]
        self.flicker = Flicker()
        self.given_var = 0.0
        self._slow_pu = self._held_s = 0.0
        self._last: tuple[float, float] | None = None
        self._slope = 0.0
        self._harmonic_va = self._taken_w = self._filters_var = 0.0
        self._measured_ns = grid.now_ns - MEASURED_NS
        self._section_of: Live | None = None
        self._section: tuple[list[int], list[int], list[Device]] = ([], [], [])
        self.setpoints = Panel(
            grid.indications,
            {
                "reactive_power_setpoint_var": 0.0,
                "voltage_setpoint_pu": 1.0,
                "power_factor_setpoint_pu": 1.0,
            },
        )
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "mode": lambda: float(MODES.index(self.mode)),
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "reactive_power_var": lambda: grid.q_var[self.slot],
            "flicker_pu": lambda: self.flicker.severity_pu,
            "distortion_pu": self._distortion_pu,
            "filter_overloaded": lambda: float(
                FILTERED_PU * self._harmonic_va > self._filters_var > 0.0
            ),
        }

    @property
    def on(self) -> bool:
        """Return whether it acts."""
        return self.stage == "running" and self.grid.v[self.buses[0]] >= BLOCKED_BELOW_PU

    def act(self, action: str) -> bool:
        """Start, stop, reset, or change the mode."""
        if action.removesuffix("_mode") in MODES:
            self.mode = action.removesuffix("_mode")
            self._held_s = HELD_S
            return True
        if action == "start" and self.stage == "off":
            self.stage = "running"
        elif (action == "stop" and self.stage == "running") or (
            action == "reset" and self.stage == "fault"
        ):
            self.stage = "off"
        return self.stage != "fault"

    def set(self, point: str, value: float) -> bool:
        """Take a set-point within its bounds; one that is only told again moves nothing."""
        rating = self.ratings["reactive_power_var"]
        low, high = BOUNDS.get(point, (-rating, rating))
        before = self.setpoints.get(point)
        if not (low <= value <= high and super().set(point, value)):
            return False
        if value != before:
            self._held_s = HELD_S
        return True

    def fall_back(self) -> None:
        """Lend nothing any more when the site says so: who may want it back is silent."""
        device = self.item.device
        if device is not None and device.fallback == "zero":
            self.set("reactive_power_setpoint_var", 0.0)

    def advance(self, dt_s: float) -> None:
        """Move towards the target, follow the voltage."""
        voltage_pu = self.grid.v[self.buses[0]]
        self.flicker.advance(voltage_pu, dt_s)
        if not self.on:
            self.given_var = self._slow_pu = 0.0
            return
        if self._held_s > 0.0 or self._slow_pu == 0.0:
            self._held_s -= dt_s
            self._slow_pu = voltage_pu
        limit = self.ratings["reactive_power_var"] * min(1.0, voltage_pu / CURRENT_LIMIT_BELOW_PU)
        target = self._target_var(voltage_pu)
        self._learn(target)
        stiffness = 1.0 - self._slope
        moved = (target - self.given_var) / stiffness * -math.expm1(-stiffness * dt_s / LAG_S)
        self.given_var = min(max(self.given_var + moved, -limit), limit)
        self._slow_pu += (voltage_pu - self._slow_pu) * -math.expm1(-dt_s / SLOW_S)

    def _learn(self, target_var: float) -> None:
        """Take from a move that was worth it by how much the target follows what is given."""
        given_var = self.given_var
        if self._last is not None:
            given_before, target_before = self._last
            moved_var = given_var - given_before
            if abs(moved_var) < LEARNT_PU * self.ratings["reactive_power_var"]:
                return
            slope = min(max((target_var - target_before) / moved_var, STEEPEST), 0.0)
            # Halfway: what others did meanwhile is in it too.
            self._slope += (slope - self._slope) / 2.0
        self._last = given_var, target_var

    def _target_var(self, voltage_pu: float) -> float:
        by_pu = self.ratings["reactive_power_var"] / DROOP_PU
        if self.mode == "voltage":
            return (voltage_pu - self.setpoints["voltage_setpoint_pu"]) * by_pu
        slow = self.setpoints["reactive_power_setpoint_var"]
        if self.mode == "power_factor":
            power_w, reactive_var = self._section_load()
            factor = self.setpoints["power_factor_setpoint_pu"]
            slow = power_w * math.tan(math.acos(factor)) - reactive_var
        return slow + (voltage_pu - self._slow_pu) * by_pu

    def filter_var(self) -> float:
        """Return what the filter gives now [var]."""
        return self.ratings.get("filter_var", 0.0) * self.grid.v[self.buses[0]] ** 2 * self.on

    def demand(self) -> None:
        """Give what was decided, and what the filter gives."""
        self.grid.q_var[self.slot] = self.given_var * self.on - self.filter_var()

    # What is fed through its bus.

    def _find_section(self) -> tuple[list[int], list[int], list[Device]]:
        """Return slots, branches and devices of the section, found anew when a switch has moved."""
        grid = self.grid
        if self._section_of is not grid.live_part:
            ways: dict[int, list[int]] = {}
            for switch in grid.switches:
                if switch.closed:
                    ways.setdefault(switch.source, []).append(switch.load)
                    ways.setdefault(switch.load, []).append(switch.source)
            for branch in grid.branches:
                ways.setdefault(branch.source, []).append(branch.load)
            reached, to_do = {self.buses[0]}, [self.buses[0]]
            while to_do:
                fresh = set(ways.get(to_do.pop(), ())) - reached
                reached |= fresh
                to_do += fresh
            slots = [i for i, bus in enumerate(grid.slot_bus) if bus in reached]
            branches = [i for i, b in enumerate(grid.branches) if b.source in reached]
            devices = [
                d
                for d in grid.devices.values()
                if (d.item.nature in DISTORTION_PU or isinstance(d, Statcom))
                and d.buses[0] in reached
            ]
            self._section_of, self._section = grid.live_part, (slots, branches, devices)
        return self._section

    def _section_load(self) -> tuple[float, float]:
        """Return active and reactive power of the section without its own converter [W, var]."""
        grid = self.grid
        slots, branches, _ = self._find_section()
        power_w = sum(grid.p_w[i] for i in slots) + float(grid.branch_w[branches].sum())
        reactive_var = sum(grid.q_var[i] for i in slots) + float(grid.branch_var[branches].sum())
        return power_w, reactive_var - self.given_var

    def sample(self) -> None:
        """Measure the harmonics once a second."""
        if self.grid.now_ns - self._measured_ns < MEASURED_NS:
            return
        self._measured_ns = self.grid.now_ns
        self._taken_w = self._section_load()[0]
        devices = self._find_section()[2]
        self._filters_var = sum(d.filter_var() for d in devices if isinstance(d, Statcom))
        self._harmonic_va = sum(
            DISTORTION_PU[device.item.nature] * max(_input_w(device), 0.0)
            for device in devices
            if not isinstance(device, Statcom)
        )

    def _distortion_pu(self) -> float:
        if self._taken_w <= 0.0 or not self.grid.live(self.buses[0]):
            return 0.0
        filtered_va = min(FILTERED_PU * self._harmonic_va, self._filters_var)
        return (self._harmonic_va - filtered_va) / self._taken_w

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip."""
        self.stage = "fault"

    def clear(self) -> None:
        """Repair and start."""
        self.stage = "running"


def _input_w(device: Device) -> float:
    return device.points["input_power_w" if "input_power_w" in device.points else "power_w"]()
