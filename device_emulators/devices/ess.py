"""Battery storage: follows a set-point on AC, can form an island, supports a DC bus by droop.

At an AC bus it follows its set-point while the bus is live and rests while it is dead; told to form
(`grid_forming`) it energises a dead bus by itself and goes back to following when something stiffer
joins. At a DC bus its droop begins below the band of the converters, so it gives only when they
cannot. After the daemon's silence set-points go to zero where the site says so.

Simplified: no thermal model, no reactive power while following.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant.battery import store_wh
from device_emulators.plant.dc import DcSource
from device_emulators.plant.indications import Panel
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.elements import Former
    from device_emulators.plant.grid import Grid

RANK: Final = 3
EMPTY_PU: Final = 0.02


class Ess(Device):
    """Storage with its converter."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"disconnect": (), "trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "soc_pu": 0.85,
        "efficiency_pu": 0.97,
        "form_s": 0.3,
        "dc_set_pu": 0.94,
        "dc_droop_pu": 0.02,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.store = store_wh(
            item.ratings["energy_wh"],
            float(self.settings["soc_pu"]),
            float(self.settings["efficiency_pu"]),
        )
        self.on_ac = bool(grid.is_ac[self.buses[0]])
        self.former: Former | None = None
        self.source: DcSource | None = None
        self.slot = grid.add_slot(item.buses[0])
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
        self.setpoints = Panel(grid.indications, {"power_setpoint_w": 0.0})
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "voltage_v": grid.volts_cell(self.buses[0]),
            "frequency_hz": Cell(grid, "hz", self.buses[0]),
            "power_w": self.power_w,
            "reactive_power_var": self._reactive_var,
            "soc_pu": lambda: self.store.soc_pu,
            "temperature_c": lambda: 27.0,
            "discharge_limit_w": self._discharge_limit_w,
            "charge_limit_w": self._charge_limit_w,
        }

    @property
    def rated_w(self) -> float:
        """Return the converter rating [W]."""
        return self.ratings["power_w"]

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

    def _discharge_limit_w(self) -> float:
        able = self.store.connected and self.store.soc_pu > EMPTY_PU and self.stage != "fault"
        return self.rated_w if able else 0.0

    def _charge_limit_w(self) -> float:
        able = self.store.can_take() and self.store.soc_pu < 0.999 and self.stage != "fault"
        return self.rated_w if able else 0.0

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
        self.grid.timers.cancel(self.id, "overload")
        if self.former is not None:
            self.grid.set_able(self.former, able=False)

    def _stop(self, stage: str) -> None:
        self._stop_forming()
        self._enter(stage)

    def fall_back(self) -> None:
        """Go to zero when the site says so."""
        if self.item.device is not None and self.item.device.fallback == "zero":
            self.setpoints["power_setpoint_w"] = 0.0

    def set(self, point: str, value: float) -> bool:
        """Take a set-point within the rating."""
        return abs(value) <= self.rated_w and super().set(point, value)

    def _wanted_w(self) -> float:
        wanted = self.setpoints["power_setpoint_w"]
        return min(max(wanted, -self._discharge_limit_w()), self._charge_limit_w())

    def advance(self, dt_s: float) -> None:
        """Move energy; ramp to the set-point."""
        self.store.exchange(self.power_w(), dt_s)
        step = self.ratings.get("ramp_w_s", self.rated_w) * dt_s
        error = self._wanted_w() - self.following_w
        self.following_w += min(max(error, -step), step)
        if self.former is not None and self.former.leads:
            slip = self.former.frequency_hz - self.grid.nominal_hz
            self.former.angle_rad += 2.0 * math.pi * slip * dt_s

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

    def sense(self) -> bool:
        """Watch limits; hand the island to whoever is stiffer."""
        if self.stage in {"grid_following", "standby"} and self.on_ac:
            return self._rest_or_follow()
        if self.former is not None and self.stage == "grid_forming":
            if self.former.able and not self.former.leads:
                self._stop_forming()
                self._enter("grid_following")
                return True
            return self._guard_forming(self.former)
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
        if former.given_w <= 1.2 * self.rated_w:
            self.grid.timers.cancel(self.id, "overload")
        elif not self.grid.timers.pending(self.id, "overload"):
            self.grid.after(self.id, "overload", 0.1, lambda: self._stop("fault"))
        return False

    def hurries(self) -> bool:
        """Return whether it carries load by itself, beside its set-point."""
        if self.source is not None:
            return self.source.given_w - max(self.source.offset_w, 0.0) > 1e-3 * self.rated_w
        return self.former is not None and self.former.leads

    def stored_j(self) -> float:
        """Return stored and lost energy."""
        return self.store.energy_j + self.store.lost_j

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Lose the battery or trip."""
        if event == "disconnect":
            self.store.connected = False
        self._stop("fault")

    def clear(self) -> None:
        """Repair the unit; a fault stays until it is reset."""
        self.store.connected = True
        if self.stage == "fault":
            self._enter("standby" if self.on_ac else "grid_forming")
