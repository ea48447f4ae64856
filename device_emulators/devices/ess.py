"""Battery storage: follows a set-point on AC, can form an island, supports a DC bus by droop.

At an AC bus it follows its set-point while the bus is live and rests while it is dead; told to form
(`grid_forming`) it energises a dead bus by itself (black start) and goes back to following when
something stiffer joins. While it forms, frequency and voltage droop with active and reactive power,
and a slow control brings the frequency back. At a DC bus its droop begins below the band of the
converters, so it gives only when they cannot. What it can give and take falls with temperature,
charge and open strings, and is shown; a set-point beyond that is followed as far as it goes. After
the daemon's silence set-points go to zero where the site says so, at once or by a ramp: what stands
for a job must not become a step of the import.

It ends a discharge at the cut-off voltage of its cells, and trips when it feeds a short circuit or
an overload. Simplified: no reactive power while following; auxiliaries are fed from elsewhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant import battery_room
from device_emulators.plant.battery_room import BatteryRoom
from device_emulators.plant.converter import blocking_loss_w
from device_emulators.plant.dc import DcSource
from device_emulators.plant.indications import Panel
from device_emulators.plant.reading import Cell
from device_emulators.plant.zones import Differential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.battery import Battery
    from device_emulators.plant.elements import Former
    from device_emulators.plant.grid import Grid

RANK: Final = 3
EMPTY_PU: Final = 0.02
SPARED_PU: Final = 0.95
"""Part of the power to the cut-off voltage that is offered."""
DERATED_PU: Final = 0.3
"""What is left of the rating at the temperature that opens a string."""
DROOP_S: Final = 0.1
COLLAPSED_PU: Final = 0.8
COLLAPSED_S: Final = 0.5
"""Voltage of its own bus, and for how long, at which it trips while it feeds."""
NOTHING_W: Final = 1e-3
"""What the solution of a DC node may leave over."""
OVERLOAD_PU: Final = 1.2
OVERLOAD_S: Final = 0.1


class Ess(Device):
    """Storage with its converter."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "disconnect": (),
        "trip": (),
        "derate": ("limit_pu",),
        "refuse": (),
        **battery_room.EVENTS,
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        **battery_room.SETTINGS,
        "soc_pu": 0.85,
        "strings_count": 8.0,
        "efficiency_pu": 0.98,
        "form_s": 0.3,
        "droop_pu": 0.005,
        "voltage_droop_pu": 0.02,
        "restore_s": 3.0,
        "dc_set_pu": 0.94,
        "dc_droop_pu": 0.02,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.room = BatteryRoom(item.ratings["energy_wh"], self.rated_w, self.settings)
        self.battery: Battery = self.room.battery
        self.on_ac = bool(grid.is_ac[self.buses[0]])
        self.former: Former | None = None
        self.source: DcSource | None = None
        self.slot = grid.add_slot(item.buses[0])
        rated_a = item.ratings["power_w"] / (math.sqrt(3.0) * float(grid.nominal_v[self.buses[0]]))
        self._differential = Differential(
            item.id, grid, {self.buses[0]: 0.2 * rated_a}, lambda: self._stop("fault")
        )
        if self.on_ac:
            self.former = grid.add_former(item.id, item.buses[0], RANK, 1e4 * self.rated_w)
        else:
            self.source = grid.add_dc_source(
                DcSource(
                    self.buses[0],
                    self.rated_w,
                    float(self.settings["dc_set_pu"]),
                    float(self.settings["dc_droop_pu"]),
                )
            )
        self.stage = "off"
        self.following_w = 0.0
        self._leaving_w_s = 0.0
        self.derated_pu = 1.0
        self.refuses = False
        self._settled_pu = 0.0
        self._looked = -1
        self._look()
        self.setpoints = Panel(grid.indications, {"power_setpoint_w": 0.0})
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "voltage_v": grid.volts_cell(self.buses[0]),
            "frequency_hz": Cell(grid, "hz", self.buses[0]),
            "power_w": self.power_w,
            "reactive_power_var": self._reactive_var,
            "soc_pu": lambda: self.room.soc_pu,
            "temperature_c": lambda: self.battery.hottest_c,
            "discharge_limit_w": self._discharge_limit_w,
            "charge_limit_w": self._charge_limit_w,
            "battery_health_pu": lambda: self.battery.health_pu - self.battery.resting_pu,
            "battery_alarm": lambda: float(self.room.faulty),
        }

    @property
    def rated_w(self) -> float:
        """Return the converter rating [W]."""
        return self.ratings["power_w"]

    def quantity(self, name: str) -> float:
        """Return a point as it is, whatever the charge gauge shows."""
        return self.battery.available_pu if name == "soc_pu" else super().quantity(name)

    def begin(self) -> None:
        """Go into service with nothing to do."""
        if self.item.normally != "out_of_service":
            self.stage = "grid_following" if self.on_ac else "grid_forming"

    def power_w(self) -> float:
        """Return the power now, negative when discharging [W]."""
        if self.source is not None:
            return -self.source.given_w
        if self.former is not None and self.former.leads:
            return -self.former.given_w
        return self.grid.p_w[self.slot]

    def _reactive_var(self) -> float:
        leads = self.former is not None and self.former.leads
        return -self.former.given_var if leads and self.former else 0.0

    def _look(self) -> None:
        """Find the limits anew when the battery has changed."""
        if self._looked != self.battery.changes:
            self._looked = self.battery.changes
            self._most_w, self._charge_w = self._limits()

    def _limits(self) -> tuple[float, float]:
        """Return what battery and temperature let it give and take [W, W]."""
        battery, cells = self.battery, self.battery.cells
        if not battery.connected:
            return 0.0, 0.0
        over = (battery.hottest_c - cells.derate_c) / (cells.trip_c - cells.derate_c)
        warm = 1.0 - (1.0 - DERATED_PU) * min(max(over, 0.0), 1.0)
        most_w = self.rated_w * warm * self.derated_pu
        charged = battery.available_pu > EMPTY_PU
        return (
            min(most_w, SPARED_PU * battery.most_w()) if charged else 0.0,
            min(most_w, battery.charge_w(math.inf)),
        )

    def _discharge_limit_w(self) -> float:
        return self._most_w if self.stage != "fault" else 0.0

    def _charge_limit_w(self) -> float:
        return self._charge_w if self.stage != "fault" else 0.0

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage.replace('_', ' ')}", stage=stage)

    def act(self, action: str) -> bool:
        """Follow, form, stop or reset."""
        if action == "reset":
            if self.stage == "fault":
                self._enter("standby")
            return True
        if self.stage == "fault":
            return False
        if action == "stop":
            self._stop("standby")
            return True
        if not self.on_ac:
            self._enter("grid_forming")
            return True
        if action == "grid_following":
            self._stop_forming()
            self._enter("grid_following")
            return True
        if not self.grid.dead(self.buses[0]) or self._discharge_limit_w() == 0.0:
            return False
        self.grid.after(self.id, "form", float(self.settings["form_s"]), self._form)
        return True

    def _form(self) -> None:
        if self.former is not None and self.grid.dead(self.buses[0]):
            self.former.frequency_hz = self.grid.nominal_hz
            self.grid.set_able(self.former, able=True)
            self._enter("grid_forming")

    def _stop_forming(self) -> None:
        self.following_w = 0.0
        self._settled_pu = 0.0
        for name in ("overload", "collapsed"):
            self.grid.timers.cancel(self.id, name)
        if self.former is not None:
            self.former.voltage_pu = 1.0
            self.grid.set_able(self.former, able=False)

    def _stop(self, stage: str) -> None:
        self._stop_forming()
        self._enter(stage)

    def fall_back(self) -> None:
        """Go to zero when the site says so, by its ramp if it has one."""
        device = self.item.device
        if device is not None and device.fallback == "ramp_to_zero":
            self._leaving_w_s = device.fallback_ramp_w_s
        elif device is not None and device.fallback == "zero":
            self.setpoints["power_setpoint_w"] = 0.0

    def resume(self) -> None:
        """Stay where the ramp has come to."""
        self._leaving_w_s = 0.0

    def set(self, point: str, value: float) -> bool:
        """Take a set-point within the rating, unless it refuses them."""
        return not self.refuses and abs(value) <= self.rated_w and super().set(point, value)

    def _wanted_w(self) -> float:
        wanted = self.setpoints["power_setpoint_w"]
        return min(max(wanted, -self._discharge_limit_w()), self._charge_limit_w())

    def _loss_w(self) -> float:
        efficiency = float(self.settings["efficiency_pu"])
        return blocking_loss_w(self.power_w(), self.rated_w, efficiency)

    def advance(self, dt_s: float) -> None:
        """Move energy; ramp to the set-point; let an island droop."""
        power_w = self.power_w()
        cells_w = power_w - self._loss_w() if abs(power_w) > NOTHING_W else 0.0
        if self.room.advance(cells_w, max(-power_w, 0.0), dt_s):
            self.grid.say(self.id, "string_opened", f"{self.id} has opened a string that is hot")
        self._look()
        if self._leaving_w_s:
            left_w = self.setpoints["power_setpoint_w"]
            gone_w = min(abs(left_w), self._leaving_w_s * dt_s)
            self.setpoints["power_setpoint_w"] = left_w - math.copysign(gone_w, left_w)
            self._leaving_w_s = self._leaving_w_s if left_w else 0.0
        step = self.ratings.get("ramp_w_s", self.rated_w) * dt_s
        error = self._wanted_w() - self.following_w
        self.following_w += min(max(error, -step), step)
        if self.former is not None and self.former.leads:
            self._droop(self.former, dt_s)

    def _droop(self, former: Former, dt_s: float) -> None:
        nominal_hz = self.grid.nominal_hz
        load_pu = former.given_w / self.rated_w
        restore_s = float(self.settings["restore_s"])
        self._settled_pu += (load_pu - self._settled_pu) * dt_s / (restore_s + dt_s)
        droop = float(self.settings["droop_pu"]) * (load_pu - self._settled_pu)
        sag = float(self.settings["voltage_droop_pu"]) * former.given_var / self.rated_w
        part = dt_s / (DROOP_S + dt_s)
        former.frequency_hz += part * (nominal_hz * (1.0 - droop) - former.frequency_hz)
        former.voltage_pu += part * (1.0 - sag - former.voltage_pu)
        former.angle_rad += 2.0 * math.pi * (former.frequency_hz - nominal_hz) * dt_s

    def demand(self) -> None:
        """Offer support to a DC bus, or follow on AC."""
        if self.source is not None:
            on = self.stage == "grid_forming"
            self.source.ceiling_w = self._discharge_limit_w() if on else 0.0
            self.source.floor_w = -self._charge_limit_w() if on else 0.0
            self.source.offset_w = -self.following_w if on else 0.0
            return
        live = self.grid.live(self.buses[0])
        following = self.stage == "grid_following" and live
        self.grid.p_w[self.slot] = self.following_w if following else 0.0
        self.grid.q_var[self.slot] = 0.0  # a short circuit leaves here what it fed

    def sense(self) -> bool:
        """Watch limits and its terminals; hand the island to whoever is stiffer."""
        if self.on_ac:
            self._differential.sense()
        if self.stage in {"grid_following", "standby"} and self.on_ac:
            return self._rest_or_follow()
        if self.former is not None and self.stage == "grid_forming":
            if self.former.able and not self.former.leads:
                self._stop_forming()
                self._enter("grid_following")
                return True
            return self._guard_forming(self.former)
        if self.source is not None:
            self._guard_voltage(feeds=self.source.ceiling_w > 0.0)
        return False

    def _rest_or_follow(self) -> bool:
        dead = self.grid.dead(self.buses[0])
        if self.stage == "grid_following" and dead:
            self.following_w = 0.0
            self._enter("standby")
        elif self.stage == "standby" and self.grid.live(self.buses[0]):
            self._enter("grid_following")
        return False

    def _guard_forming(self, former: Former) -> bool:
        if self._discharge_limit_w() == 0.0 and former.given_w > 0.0:
            self._stop("off")
            return True
        loaded = former.given_w > OVERLOAD_PU * self.rated_w
        self._trip_after("overload", OVERLOAD_S, when=loaded)
        self._guard_voltage(feeds=former.leads)
        return False

    def _guard_voltage(self, *, feeds: bool) -> None:
        collapsed = feeds and self.grid.v[self.buses[0]] < COLLAPSED_PU
        self._trip_after("collapsed", COLLAPSED_S, when=collapsed)

    def _trip_after(self, name: str, after_s: float, *, when: bool) -> None:
        pending = self.grid.timers.pending(self.id, name)
        if when and not pending:
            self.grid.after(self.id, name, after_s, self._trip)
        elif pending and not when:
            self.grid.timers.cancel(self.id, name)

    def _trip(self) -> None:
        self._stop("fault")

    def hurries(self) -> bool:
        """Return whether it carries load by itself, beside its set-point."""
        if self.source is not None:
            return self.source.given_w - max(self.source.offset_w, 0.0) > 1e-3 * self.rated_w
        return self.former is not None and self.former.leads

    def balance(self) -> tuple[float, float, float]:
        """Return the loss of the converter."""
        return 0.0, 0.0, self._loss_w()

    def stored_j(self) -> float:
        """Return stored and lost energy."""
        return self.battery.energy_j + self.battery.lost_j

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Derate, refuse, trip, lose the battery, or what can happen to a battery."""
        if event == "derate":
            self.derated_pu = float(values["limit_pu"])
        elif event == "refuse":
            self.refuses = True
        elif not self.room.happen(event, values):
            if event == "disconnect":
                self.battery.open_strings(self.battery.strings)
            self._stop("fault")
        self._most_w, self._charge_w = self._limits()

    def clear(self) -> None:
        """Repair the unit; a fault stays until it is reset."""
        self.room.clear()
        self.derated_pu, self.refuses = 1.0, False
        self._most_w, self._charge_w = self._limits()
        if self.stage == "fault":
            self._enter("standby" if self.on_ac else "grid_forming")
