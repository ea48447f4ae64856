"""800 V converter in modules: droop voltage, current limit, pre-charge, walk-in, unidirectional.

It carries a fifth more than its modules in service are rated for during five seconds, then its
limit falls to their rating until it has cooled down. A monitor measures the insulation of all that
is joined to its bus, where no pole is earthed, and says behind which outgoing breaker a leak lies.
A bus that stays collapsed trips it.

Simplified: modules share evenly; a pole fault stops the whole converter; the capacitors of the bus
charge in a fixed time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant.converter import WalkIn, loss_w
from device_emulators.plant.dc import DcSource
from device_emulators.plant.indications import Panel
from device_emulators.plant.overload import Overload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

INPUT_PU: Final = (0.85, 1.15)
POWER_FACTOR_TAN: Final = 0.05
INSULATION_OHM: Final = 500e3
POLE_FAULT_OHM: Final = 50.0
LEAST_OHM: Final = 1.0
OVERLOAD_PU: Final = 1.2
OVERLOAD_S: Final = 5.0
COLLAPSED_PU: Final = 0.8
COLLAPSED_S: Final = 0.5
"""Voltage of its bus, and for how long, at which it trips while it feeds."""


class Hvdc(Device):
    """AC to DC converter."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "pole_fault": (),
        "module_loss": ("modules_count",),
        "trip": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "precharge_s": 1.0,
        "walk_in_s": 10.0,
        "fast_s": 1.0,
    }

    QUANTITIES: ClassVar[tuple[str, ...]] = ("overload_used_pu",)

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.source = grid.add_dc_source(
            DcSource(
                self.buses[1], item.ratings["power_w"], 1.0, item.ratings.get("droop_pu", 0.02)
            )
        )
        self.walk_in = WalkIn()
        self.stage = "running"
        self.modules = item.ratings["modules_count"]
        self.pole_fault = False
        self.overload = Overload(((OVERLOAD_PU, OVERLOAD_S),), OVERLOAD_S)
        self.spent = False
        self.input_w = 0.0
        self.setpoints = Panel(grid.indications, {"power_limit_w": item.ratings["power_w"]})
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "input_voltage_ll_v": grid.volts_cell(self.buses[0]),
            "input_power_w": lambda: self.input_w,
            "output_voltage_v": grid.volts_cell(self.buses[1]),
            "output_power_w": lambda: self.source.given_w,
            "output_current_a": self._output_a,
            "insulation_ohm": self._insulation_ohm,
            "leak_feeder_count": self._leak_feeder,
            "modules_count": lambda: self.modules,
            "available_w": self._available_w,
            "limited": lambda: float(self._limited()),
            "pole_fault": lambda: float(self.pole_fault),
        }

    def _output_a(self) -> float:
        volts = self.grid.volts(self.buses[1])
        return self.source.given_w / volts if volts > 0.0 else 0.0

    def _limited(self) -> bool:
        return 0.0 < self.source.ceiling_w <= self.source.given_w * (1.0 + 1e-9)

    def _leaks(self) -> list[tuple[int, float]]:
        """Return bus and resistance [ohm] of every leak to earth of what is joined to its bus."""
        grid = self.grid
        if not grid.faults:
            return []
        joined = self._reach(self.buses[1], -1)
        return [
            (fault.bus, max(fault.resistance_ohm, LEAST_OHM))
            for fault in grid.faults.values()
            if fault.kind == "earth" and fault.bus in joined
        ]

    def _reach(self, start: int, without: int) -> set[int]:
        """Return the buses joined to one by closed switches, but for one of them."""
        found, frontier = {start}, [start]
        while frontier:
            bus = frontier.pop()
            for number, switch in enumerate(self.grid.switches):
                if switch.closed and number != without and bus in {switch.source, switch.load}:
                    other = switch.load if bus == switch.source else switch.source
                    if other not in found:
                        found.add(other)
                        frontier.append(other)
        return found

    def _insulation_ohm(self) -> float:
        leaks = [ohm for _, ohm in self._leaks()]
        if self.pole_fault:
            leaks.append(POLE_FAULT_OHM)
        return 1.0 / (1.0 / INSULATION_OHM + sum(1.0 / ohm for ohm in leaks))

    def _leak_feeder(self) -> float:
        """Return the outgoing breaker behind which the worst leak lies, from 1; 0 for none."""
        leaks = self._leaks()
        if not leaks:
            return 0.0
        bus, _ = min(leaks, key=lambda leak: leak[1])
        for place, breaker in enumerate(self.breakers_at(self.buses[1]), 1):
            if bus not in self._reach(self.buses[1], breaker.switch):
                return float(place)
        return 0.0

    def _available_w(self) -> float:
        in_service = self.modules / self.ratings["modules_count"]
        return in_service * self.ratings["power_w"] if self.stage not in {"off", "fault"} else 0.0

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage.replace('_', ' ')}", stage=stage)

    def begin(self) -> None:
        """Run."""
        if self.item.normally == "out_of_service":
            self.stage = "off"

    def act(self, action: str) -> bool:
        """Start, stop or reset."""
        if action == "start" and self.stage == "off":
            self.walk_in.lose(self.grid.now_ns - 2_000_000_000)
            self._enter("precharge")
        elif (action == "stop" and self.stage != "fault") or (
            action == "reset" and self.stage == "fault" and not self.pole_fault
        ):
            self._enter("off")
        return self.stage != "fault"

    def set(self, point: str, value: float) -> bool:
        """Take a power limit within the rating."""
        return 0.0 <= value <= self.ratings["power_w"] and super().set(point, value)

    def advance(self, dt_s: float) -> None:
        """Walk in, warm up by what is above the rating."""
        self.walk_in.advance(self.grid.now_ns, dt_s)
        if self.overload.wear > 0.0 or self.source.given_w > self._available_w():
            self.overload.advance(self._load_pu(), dt_s)
            self.spent = self.spent and self.overload.wear > 0.0

    def _load_pu(self) -> float:
        available_w = self._available_w()
        return self.source.given_w / available_w if available_w > 0.0 else 0.0

    def demand(self) -> None:
        """Offer what modules, ramp and limit allow."""
        most_w = self._available_w() * (1.0 if self.spent else OVERLOAD_PU)
        told_w = self.setpoints["power_limit_w"]
        limit = min(most_w, told_w) if told_w < self.ratings["power_w"] else most_w
        on = self.stage in {"running", "walk_in"}
        self.source.ceiling_w = self.walk_in.part_pu * limit if on else 0.0

    def draw(self) -> None:
        """Take from the AC side what the DC side was given, and the losses."""
        given = self.source.given_w
        if self.source.ceiling_w <= 0.0:
            self.input_w = 0.0
        else:
            efficiency = self.ratings.get("efficiency_pu", 0.985)
            self.input_w = given + loss_w(given, self.ratings["power_w"], efficiency)
        self.grid.p_w[self.slot] = self.input_w
        self.grid.q_var[self.slot] = POWER_FACTOR_TAN * self.input_w

    def sense(self) -> bool:
        """Leave or take back the input."""
        if self.stage in {"off", "fault"}:
            return False
        self._guard()
        low, high = INPUT_PU
        walk_in, before = self.walk_in, self.walk_in.part_pu
        if not low <= self.grid.v[self.buses[0]] <= high:
            walk_in.lose(self.grid.now_ns)
            self._enter("precharge")
            return before != 0.0
        walk_in.regain(
            self.grid.now_ns,
            float(self.settings["precharge_s"]),
            float(self.settings["walk_in_s"]),
            float(self.settings["fast_s"]),
        )
        if walk_in.part_pu == 1.0:
            self._enter("running")
        elif self.grid.now_ns >= walk_in.begins_at_ns:
            self._enter("walk_in")
        return False

    def _guard(self) -> None:
        """Plan the end of an overload, and the trip on a collapsed bus."""
        timers = self.grid.timers
        if self.source.given_w > self._available_w() * (1.0 + 1e-9) and not self.spent:
            left_s = self.overload.left_s(self._load_pu())
            self.grid.after(self.id, "overload", left_s, self._spend)
        elif timers.pending(self.id, "overload"):
            timers.cancel(self.id, "overload")
        collapsed = self.source.ceiling_w > 0.0 and self.grid.v[self.buses[1]] < COLLAPSED_PU
        if collapsed and not timers.pending(self.id, "collapsed"):
            self.grid.after(self.id, "collapsed", COLLAPSED_S, self._trip)
        elif timers.pending(self.id, "collapsed") and not collapsed:
            timers.cancel(self.id, "collapsed")

    def _spend(self) -> None:
        self.spent = True
        self.grid.say(self.id, "overloaded", f"{self.id} has carried its overload for long enough")

    def _trip(self) -> None:
        self._enter("fault")

    def hurries(self) -> bool:
        """Return whether it walks in or is overloaded."""
        return self.stage == "walk_in" or self.grid.timers.pending(self.id, "overload")

    def balance(self) -> tuple[float, float, float]:
        """Return the loss."""
        return 0.0, 0.0, self.input_w - self.source.given_w

    def quantity(self, name: str) -> float:
        """Return a point, or how much of its overload has been used up."""
        return self.overload.wear if name == "overload_used_pu" else super().quantity(name)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Lose a pole, modules, or everything."""
        if event == "module_loss":
            lost = float(values["modules_count"])
            self.modules = max(0.0, self.ratings["modules_count"] - lost)
            return
        self.pole_fault = event == "pole_fault"
        self._enter("fault")

    def clear(self) -> None:
        """Repair the converter and start it."""
        self.pole_fault = False
        self.modules = self.ratings["modules_count"]
        if self.stage == "fault":
            self._enter("off")
            self.act("start")
