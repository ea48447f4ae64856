"""Photovoltaic plant: feeds a healthy grid, trips at loss of mains and opens its breaker.

The sun is a constant `irradiance_pu` unless the site says more: with `latitude_deg` and
`longitude_deg` it is a sky that clouds cover by `cloud_pu`, the plant's time beginning at the clock
time `start_utc_s`; with `irradiance_file` it is what was measured at that time of the year. Rated
power belongs to 1,000 W/m2 on the modules.

It trips when voltage or frequency leave the limits of IEEE 1547 for their times, at once below half
of the voltage, and opens its breaker when it stays alone. It enters service when the grid has been
healthy for `enter_service_s` (IEEE 1547: 300 s; shorter, so that a demonstration sees it).

Simplified: no cell temperature, no soiling beyond the rating, unity power factor.
Source: IEEE 1547-2018 category III, default settings.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import SECOND, Device
from device_emulators.irradiance import read_irradiance
from device_emulators.plant import sun
from device_emulators.plant.indications import Panel
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SUN_NS: Final = 10 * SECOND
"""How often the sun is looked at anew."""
LOST_PU: Final = 0.5
TRIPS: Final = {
    "27": (0.88, math.inf, 21.0),
    "59": (0.0, 1.2, 0.16),
}
"""Lowest and highest voltage [pu], and how long it may be beyond [s]."""
HZ_LIMITS: Final = (56.5 / 60.0, 62.0 / 60.0)
HZ_S: Final = 0.16
ENTER_PU: Final = (0.917, 1.05)
ENTER_HZ: Final = (59.5 / 60.0, 60.1 / 60.0)


class Pv(Device):
    """PV plant behind one inverter."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "irradiance": ("irradiance_pu",),
        "clouds": ("cloud_pu",),
        "trip": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "irradiance_pu": 0.4,
        "latitude_deg": math.nan,
        "longitude_deg": 0.0,
        "tilt_deg": 25.0,
        "azimuth_deg": 180.0,
        "cloud_pu": 0.0,
        "start_utc_s": 0.0,
        "irradiance_file": math.nan,
        "enter_service_s": 10.0,
        "ramp_s": 10.0,
        "islanding_s": 0.2,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.slot = grid.add_slot(item.buses[0])
        self.stage = "off"
        self.power_w = 0.0
        self.cloud_pu = float(self.settings["cloud_pu"])
        self.said_pu = math.nan
        self._timing = False
        self._open_sky()
        self.setpoints = Panel(grid.indications, {"power_limit_w": item.ratings["power_w"]})
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "voltage_ll_v": grid.volts_cell(self.buses[0]),
            "frequency_hz": Cell(grid, "hz", self.buses[0]),
            "power_w": lambda: self.power_w,
            "reactive_power_var": lambda: 0.0,
            "power_available_w": lambda: -self._available_w(),
            "irradiance_pu": lambda: self.irradiance_pu,
        }

    # The sun.

    def _open_sky(self) -> None:
        setting: Mapping[str, Any] = self.settings
        file = setting["irradiance_file"]
        self._record = read_irradiance(Path(file)) if isinstance(file, str) else None
        self._plane = None
        if not math.isnan(setting["latitude_deg"]):
            names = ("latitude_deg", "longitude_deg", "tilt_deg", "azimuth_deg")
            self._plane = sun.Plane(*(float(setting[name]) for name in names))
        self._look_up()

    def _look_up(self) -> None:
        """See what the sun gives now."""
        self._looked_ns = self.grid.now_ns
        utc_s = (
            float(self.settings["start_utc_s"]) + (self.grid.now_ns - self.grid.start_ns) / SECOND
        )
        if not math.isnan(self.said_pu):
            self.irradiance_pu = self.output_pu = self.said_pu
        elif self._record is not None:
            self.output_pu, self.irradiance_pu = self._record.at(utc_s)
        elif self._plane is not None:
            found = sun.on_plane_w_m2(utc_s, self._plane, self.cloud_pu) / 1000.0
            self.irradiance_pu = self.output_pu = found
        else:
            clear = float(self.settings["irradiance_pu"])
            self.irradiance_pu = self.output_pu = clear * sun.cloud_factor(self.cloud_pu)

    def _available_w(self) -> float:
        return min(self.output_pu, 1.0) * self.ratings["power_w"]

    def _target_w(self) -> float:
        return -min(self._available_w(), self.setpoints["power_limit_w"])

    # The inverter.

    def begin(self) -> None:
        """Feed."""
        if self.item.normally != "out_of_service":
            self.stage = "feeding"
            self.power_w = self._target_w()

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage}", stage=stage)

    def set(self, point: str, value: float) -> bool:
        """Take a curtailment limit within the rating."""
        return 0.0 <= value <= self.ratings["power_w"] and super().set(point, value)

    def advance(self, dt_s: float) -> None:
        """Ramp towards what sun and limit allow."""
        if self.grid.now_ns - self._looked_ns >= SUN_NS:
            self._look_up()
        if self.stage == "feeding":
            step = self.ratings["power_w"] / float(self.settings["ramp_s"]) * dt_s
            self.power_w += min(max(self._target_w() - self.power_w, -step), step)

    def demand(self) -> None:
        """Feed the bus."""
        self.grid.p_w[self.slot] = self.power_w
        self.grid.q_var[self.slot] = 0.0  # a short circuit leaves here what it fed

    def sense(self) -> bool:
        """Stop at an unhealthy grid, come back after a healthy time."""
        if self.stage == "feeding":
            return self._guard()
        if self.item.normally == "out_of_service":
            return False
        healthy = self._healthy()
        if self.stage in {"off", "tripped"} and healthy:
            self._enter("waiting")
            delay = float(self.settings["enter_service_s"])
            self.grid.after(self.id, "enter", delay, lambda: self._enter("feeding"))
        elif self.stage == "waiting" and not healthy:
            self.grid.timers.cancel(self.id, "enter")
            self._enter("tripped")
        return False

    def _healthy(self) -> bool:
        volts, hz = self.grid.v[self.buses[0]], self.grid.f[self.buses[0]] / self.grid.nominal_hz
        return ENTER_PU[0] <= volts <= ENTER_PU[1] and ENTER_HZ[0] <= hz <= ENTER_HZ[1]

    def _guard(self) -> bool:
        volts, hz = self.grid.v[self.buses[0]], self.grid.f[self.buses[0]] / self.grid.nominal_hz
        if volts < LOST_PU:
            self._trip()
            delay = float(self.settings["islanding_s"])
            self.grid.after(self.id, "islanding", delay, self._separate)
            return True
        ordinary = TRIPS["27"][0] <= volts <= TRIPS["59"][1] and HZ_LIMITS[0] <= hz <= HZ_LIMITS[1]
        if ordinary and not self._timing:
            return False
        self._timing = not ordinary
        for element, (low, high, delay) in TRIPS.items():
            self._time(element, not low <= volts <= high, delay)
        self._time("81", not HZ_LIMITS[0] <= hz <= HZ_LIMITS[1], HZ_S)
        return False

    def _time(self, element: str, beyond: bool, delay_s: float) -> None:
        if not beyond:
            self.grid.timers.cancel(self.id, element)
        elif not self.grid.timers.pending(self.id, element):
            self.grid.after(self.id, element, delay_s, self._trip)

    def _trip(self) -> None:
        for element in (*TRIPS, "81"):
            self.grid.timers.cancel(self.id, element)
        self.power_w = 0.0
        self._enter("tripped")

    def _separate(self) -> None:
        if self.grid.v[self.buses[0]] > LOST_PU:
            return
        for breaker in self.own_breakers():
            breaker.operate("open", f"{self.id} loss of mains")

    def balance(self) -> tuple[float, float, float]:
        """Return the generation."""
        return -self.grid.p_w[self.slot], 0.0, 0.0

    # Happenings.

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Change the sun or the clouds, or trip."""
        if event == "irradiance":
            self.said_pu = float(values["irradiance_pu"])
            self._look_up()
        elif event == "clouds":
            self.cloud_pu = float(values["cloud_pu"])
            self._look_up()
        else:
            self._trip()

    def clear(self) -> None:
        """Return to the declared sun."""
        self.said_pu = math.nan
        self.cloud_pu = float(self.settings["cloud_pu"])
        self._look_up()
