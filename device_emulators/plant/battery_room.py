"""A battery with what watches it: its charge gauge, its monitor, and the forecast of its runtime.

The gauge counts charge, so it drifts, or hangs, while the voltage tells another story; a full or an
empty battery sets it right. The forecast is what a device makes of its own gauge: the time its
present load, averaged over some seconds, can be carried from the charge that is shown.

Simplified: strings, temperature and voltage are always shown as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from device_emulators.plant.battery import Battery
from device_emulators.plant.cells import CHEMISTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "string_open": ("strings_count",),
    "overheat": ("rate_k_s",),
    "gauge_stuck": ("soc_pu",),
    "gauge_drift": ("rate_pu_h",),
}
"""What can happen to any battery, with the values each event needs."""
SETTINGS: Final[Mapping[str, float]] = {
    "soc_pu": 1.0,
    "chemistry": 0.0,
    "strings_count": 4.0,
    "health_pu": 1.0,
    "room_c": 25.0,
}
"""What a site may say of a battery: `chemistry` is 0 LFP, 1 NMC, 2 lead acid."""
_AVERAGED_S: Final = 10.0
_LONGEST_S: Final = 359_999.0
_NEARLY_PU: Final = 0.03
"""Voltage above the cut-off at which a battery under load calls itself low [pu]."""


class BatteryRoom:
    """A battery, its gauge and its monitor.

    Args:
        energy_wh: energy when new and full [Wh].
        rated_w: power its cells are built for [W].
        settings: values for `SETTINGS`.

    Attributes:
        battery: the battery.
        faulty: the monitor found something that a person must look at.
    """

    def __init__(self, energy_wh: float, rated_w: float, settings: Mapping[str, float]) -> None:
        self.battery: Final = Battery(
            CHEMISTRIES[int(settings["chemistry"])],
            energy_wh * 3600.0,
            rated_w,
            strings=int(settings["strings_count"]),
            soc_pu=float(settings["soc_pu"]),
            health_pu=float(settings["health_pu"]),
            room_c=float(settings["room_c"]),
            temperature_c=float(settings["room_c"]),
        )
        self.failed_test = False
        self._stuck_pu: float | None = None
        self._drift_pu_h = 0.0
        self._error_pu = 0.0
        self._load_w: float | None = None

    @property
    def faulty(self) -> bool:
        """Return whether a string is open, a cell too hot, or the last test failed."""
        battery = self.battery
        hot = battery.hottest_c >= battery.cells.trip_c
        return bool(battery.parked) or hot or self.failed_test

    @property
    def soc_pu(self) -> float:
        """Return the state of charge that the gauge shows, of all strings [pu]."""
        if self._stuck_pu is not None:
            return self._stuck_pu
        return min(max(self.battery.available_pu + self._error_pu, 0.0), 1.0)

    def advance(self, power_w: float, load_w: float, dt_s: float) -> bool:
        """Move energy at `power_w` [W], charging positive; `load_w` [W] is what it is there for.

        Returns:
            Whether the monitor has opened a string.
        """
        isolated = self.battery.isolated
        self.battery.exchange(power_w, dt_s)
        if self._load_w is None:
            self._load_w = load_w
        self._load_w += (load_w - self._load_w) * dt_s / (_AVERAGED_S + dt_s)
        if self._drift_pu_h:
            self._error_pu += self._drift_pu_h * dt_s / 3600.0
        if self._error_pu and (self.battery.cut_off or not self.battery.can_take()):
            self._error_pu = 0.0
        return self.battery.isolated and not isolated

    def runtime_s(self, load_w: float, least_w: float) -> float:
        """Return the forecast for the averaged load, or `least_w` [W] if that is more [s].

        Before there is an average, `load_w` [W] is taken for it.
        """
        if not self.battery.connected:
            return 0.0
        return min(self.battery.lasts_s(*self._forecast(load_w, least_w)), _LONGEST_S)

    def _forecast(self, load_w: float, least_w: float) -> tuple[float, float]:
        """Return from which charge [pu], and at which power [W], the runtime is told."""
        battery = self.battery
        shown_pu = min(self.soc_pu * battery.strings / battery.joined, 1.0)
        average_w = load_w if self._load_w is None else self._load_w
        return shown_pu, max(average_w, least_w)

    def runs_low(self, within_s: float, load_w: float, least_w: float) -> bool:
        """Return whether the forecast is below `within_s` [s], and find it only if that is near."""
        battery = self.battery
        if battery.connected:
            surely_s = battery.surely_s(*self._forecast(load_w, least_w))
            if min(surely_s, _LONGEST_S) > within_s:
                return False
        return self.runtime_s(load_w, least_w) < within_s

    def nearly_empty(self, power_w: float) -> bool:
        """Return whether a discharge at `power_w` [W], negative, is near the cut-off voltage."""
        battery = self.battery
        return power_w < 0.0 and battery.volts_pu(power_w) < battery.low_pu + _NEARLY_PU

    def happen(self, event: str, values: Mapping[str, float]) -> bool:
        """Let one of `EVENTS` happen; return False for another."""
        if event == "string_open":
            self.battery.open_strings(int(values["strings_count"]))
        elif event == "overheat":
            self.battery.heating_k_s = float(values["rate_k_s"])
        elif event == "gauge_stuck":
            self._stuck_pu = float(values["soc_pu"])
        elif event == "gauge_drift":
            self._drift_pu_h = float(values["rate_pu_h"])
        else:
            return False
        return True

    def clear(self) -> None:
        """Repair everything; the gauge is set right."""
        if self.battery.parked or self.battery.heating_k_s:
            self.battery.close_strings()
        self._stuck_pu = None
        self._drift_pu_h = self._error_pu = 0.0
        self.failed_test = False
