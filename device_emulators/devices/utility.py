"""Grid connection: a stiff source whose voltage, frequency and phase a scenario moves.

`sag` lowers the voltage by `depth_pu` of nominal for `for_s` seconds (a depth of 0.4 leaves 0.6).
All connections of a site share one grid, so they turn together until a scenario says otherwise.
With `short_circuit_pu` below 1 a connection is weaker than its nameplate, as where the operator has
a line out of service: load and reactive power then move its voltage by more. Its earth faults stay
those of the nameplate, for the resistor of the neutral bounds them. A short circuit on the
connection itself is cleared by the operator's line protection; the connection stays dead until a
scenario brings it back.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import Device
from device_emulators.plant.zones import Differential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

RANK = 0
LINE_A: Final = 100.0
"""Current of a short circuit on the connection from which the operator's line trips [A]."""
LINE_S: Final = 0.1
"""Time until the operator's breaker is open after that is sure [s]."""


class Utility(Device):
    """A connection to the public grid."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "outage": (),
        "return": (),
        "sag": ("depth_pu", "for_s"),
        "voltage": ("voltage_pu",),
        "frequency": ("frequency_hz",),
        "phase_jump": ("angle_deg",),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {"short_circuit_pu": 1.0}
    QUANTITIES: ClassVar[tuple[str, ...]] = ("energised", "power_w")

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        short_circuit_va = item.ratings["short_circuit_va"] * self.settings["short_circuit_pu"]
        self.former = grid.add_former(item.id, item.buses[0], RANK, short_circuit_va)
        self._line = Differential(item.id, grid, {self.buses[0]: LINE_A}, self._trip_line)
        self.energised = True
        self.steady_pu = 1.0
        self.sag_pu = 0.0

    def begin(self) -> None:
        """Energise the connection."""
        self._show()

    def _show(self) -> None:
        voltage = self.steady_pu - self.sag_pu
        self.former.voltage_pu = max(voltage, 0.0)
        self.grid.set_able(self.former, self.energised and voltage > 0.01)

    def advance(self, dt_s: float) -> None:
        """Turn on."""
        slip = self.former.frequency_hz - self.grid.nominal_hz
        self.former.angle_rad += 2.0 * math.pi * slip * dt_s

    def sense(self) -> bool:
        """Look for a short circuit on the connection."""
        self._line.sense()
        return False

    def _trip_line(self) -> None:
        self.grid.after(self.id, "line", LINE_S, self._lose_line)

    def _lose_line(self) -> None:
        if self.energised:
            self.grid.say(self.id, "output_lost", f"{self.id}: the operator's line has tripped")
            self.energised = False
            self._show()

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Move voltage, frequency or phase."""
        if event in {"outage", "return"}:
            self.energised = event == "return"
            self.sag_pu = 0.0
            self.grid.timers.cancel(self.id, "sag")
        elif event == "sag":
            self.sag_pu = float(values["depth_pu"])
            self.grid.after(self.id, "sag", float(values["for_s"]), self._recover)
        elif event == "voltage":
            self.steady_pu = float(values["voltage_pu"])
        elif event == "frequency":
            self.former.frequency_hz = float(values["frequency_hz"])
        else:
            self.former.angle_rad += math.radians(float(values["angle_deg"]))
        self._show()

    def _recover(self) -> None:
        self.sag_pu = 0.0
        self.grid.say(self.id, "sag_over", f"{self.id}: voltage back")
        self._show()

    def clear(self) -> None:
        """Return to nominal."""
        self.energised, self.steady_pu, self.sag_pu = True, 1.0, 0.0
        self.former.frequency_hz = self.grid.nominal_hz
        self._show()

    def balance(self) -> tuple[float, float, float]:
        """Return the import."""
        return (self.former.given_w if self.former.leads else 0.0), 0.0, 0.0

    def quantity(self, name: str) -> float:
        """Return what the grid gives: `power_w` (negative when it feeds the site), `energised`."""
        if name == "power_w":
            return -self.former.given_w if self.former.leads else 0.0
        if name == "energised":
            return float(self.energised)
        return super().quantity(name)
