"""Transfer switch: one load, two sources, never both.

ATS: when its source is lost for 3 s and the other is healthy it transfers with an open gap, and
goes back to the preferred source after that has been healthy for 10 s. STS: at once, with a gap of
4 ms. Both decide themselves, always. ALTS: decides itself only while the daemon is silent (or the
scheme leaves it to the device), after its own delay, and does not come back by itself.

Every transfer is open: the old source is left before the new one is taken. Simplified: no residual
voltage of motors, no closed transition.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.plant import IntakeScheme
from device_emulators.devices.device import Device
from device_emulators.plant.protection import SYNC_RAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

TRANSFER_S: Final[Mapping[str, float]] = {"ats": 0.15, "sts": 0.004, "alts": 0.3}
DELAY_S: Final[Mapping[str, float]] = {"ats": 3.0, "sts": 0.0, "alts": 1.0}
RETURN_S: Final[Mapping[str, float]] = {"ats": 10.0, "sts": 10.0}
SELECTOR: Final = ("auto", "manual", "test")
CODES: Final[Mapping[int | None, float]] = {None: 0.0, 0: 1.0, 1: 2.0}


class TransferSwitch(Device):
    """ATS, STS or ALTS."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "fail_to_transfer": (),
        "local": (),
        "remote": (),
        "manual": (),
        "auto": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "transfer_delay_s": math.nan,  # as its variant
        "return_s": math.nan,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        one, two, load = item.buses
        self.on: int | None = {"source_1": 0, "source_2": 1}.get(item.normally, 0)
        if item.normally == "open":
            self.on = None
        self.preferred = self.on
        self.poles = tuple(
            grid.add_switch(f"{item.id} source {n + 1}", source, load, closed=self.on == n)
            for n, source in enumerate((one, two))
        )
        self.travelling = self._armed = False
        self.target: int | None = None
        self.count = 0
        self.stuck = self.local = False
        self.selector = "auto"
        self.scheme = next(
            (
                s
                for s in grid.site.schemes.values()
                if isinstance(s, IntakeScheme) and s.switch == item.id
            ),
            None,
        )
        a, b, c = self.buses
        self.points = {
            "connected": lambda: 3.0 if self.travelling else CODES[self.on],
            "source_1_voltage_ll_v": grid.volts_cell(a),
            "source_2_voltage_ll_v": grid.volts_cell(b),
            "load_voltage_ll_v": grid.volts_cell(c),
            "current_a": lambda: float(max(grid.switch_current_a[n] for n in self.poles)),
            "source_1_healthy": lambda: float(self._healthy(0)),
            "source_2_healthy": lambda: float(self._healthy(1)),
            "in_sync": lambda: float(self._in_sync()),
            "local": lambda: float(self.local),
            "inhibited": lambda: float(not self._own_logic()),
            "transfer_count": lambda: float(self.count),
            "selector": lambda: float(SELECTOR.index(self.selector)),
        }

    def _setting(self, name: str, by_variant: Mapping[str, float]) -> float:
        value = float(self.settings[name])
        return by_variant.get(self.item.variant, 0.0) if math.isnan(value) else value

    def _own_logic(self) -> bool:
        if self.item.variant != "alts":
            return True
        if self.scheme is not None and self.scheme.authority == "device":
            return True
        return not self.daemon_present

    def _healthy(self, source: int) -> bool:
        bus, nominal_hz = self.buses[source], self.grid.nominal_hz
        near = abs(self.grid.f[bus] - nominal_hz) < 0.05 * nominal_hz
        return 0.85 <= self.grid.v[bus] <= 1.12 and near

    def _in_sync(self) -> bool:
        gap = self.grid.gap(self.buses[0], self.buses[1])
        return gap is not None and abs(gap.angle_rad) <= 2 * SYNC_RAD and abs(gap.slip_hz) < 0.2

    def act(self, action: str) -> bool:
        """Transfer on command."""
        if self.local or self.selector != "auto":
            return False
        if action == "reset":
            return True
        if self.travelling:
            return False
        target = {"to_source_1": 0, "to_source_2": 1, "open": None}[action]
        if target is not None and self.item.variant != "alts" and not self._healthy(target):
            return False
        self._transfer(target, "command")
        return True

    def _transfer(self, target: int | None, cause: str) -> None:
        if target == self.on or self.stuck:
            return
        self._disarm()
        if self.on is not None:
            self.grid.move(self.poles[self.on], closed=False, cause=cause)
        self.travelling, self.target, self.on = True, target, None
        gap_s = self.ratings.get("transfer_s", TRANSFER_S[self.item.variant])
        self.grid.after(self.id, "arrive", gap_s, lambda: self._arrive(cause))

    def _disarm(self) -> None:
        self._armed = False
        for name in ("delay", "return"):
            self.grid.timers.cancel(self.id, name)

    def _arrive(self, cause: str) -> None:
        self.travelling, self.on = False, self.target
        self.count += 1
        if self.on is not None:
            self.grid.move(self.poles[self.on], closed=True, cause=cause)
        where = "open" if self.on is None else f"on source {self.on + 1}"
        self.grid.say(self.id, "transferred", f"{self.id} {where} ({cause})", cause=cause)

    def sense(self) -> bool:
        """Run the own logic."""
        if self.travelling or self.on is None or self.selector != "auto" or not self._own_logic():
            self._disarm()
            return False
        healthy = self._healthy(self.on)
        if healthy and self.on == self.preferred:
            if self._armed:
                self._disarm()
            return False
        other = 1 - self.on
        lost = not healthy and self._healthy(other)
        delay = self._setting("transfer_delay_s", DELAY_S)
        if lost and delay == 0.0:
            self._transfer(other, "own logic")
            return True
        self._arm("delay", delay, other, wanted=lost)
        back = self.on != self.preferred and self._healthy(other) and self._healthy(self.on)
        if self.item.variant == "sts":
            back = back and self._in_sync()
        if self.item.variant != "alts":
            self._arm("return", self._setting("return_s", RETURN_S), other, wanted=back)
        return False

    def _arm(self, name: str, delay_s: float, target: int, *, wanted: bool) -> None:
        if not wanted:
            self.grid.timers.cancel(self.id, name)
        elif not self.grid.timers.pending(self.id, name):
            self._armed = True
            self.grid.after(self.id, name, delay_s, lambda: self._transfer(target, "own logic"))

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Stick, or move a switch on the panel."""
        if event == "fail_to_transfer":
            self.stuck = True
        elif event in {"local", "remote"}:
            self.local = event == "local"
        else:
            self.selector = event

    def clear(self) -> None:
        """Free the mechanism and the panel."""
        self.stuck = self.local = False
        self.selector = "auto"
