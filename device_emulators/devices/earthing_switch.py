"""Earthing switch: operated by hand only, blocked while its bus is live.

While it is closed its bus is short-circuited: whoever makes that bus live feeds a bolted fault, and
so does who closes it past its interlock (`earth_live`). It carries that and breaks nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from daemon.model.natures import Position
from device_emulators.devices.device import Device
from device_emulators.plant.elements import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid


class EarthingSwitch(Device):
    """Earthing switch with its interlock."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "earth": (),
        "earth_live": (),
        "lift": (),
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.closed = False
        if item.normally == "closed":
            self._move(closed=True)
        self.points = {
            "position": lambda: float((Position.CLOSED if self.closed else Position.OPEN).value),
            "local": lambda: 0.0,
            "blocked": lambda: float(not grid.dead(self.buses[0])),
        }

    def _move(self, *, closed: bool) -> None:
        self.closed = closed
        bus = self.buses[0]
        if closed:
            kind = "three_phase" if self.grid.is_ac[bus] else "phase_phase"
            self.grid.set_fault(self.id, Fault(bus, kind))
        else:
            self.grid.clear_fault(self.id)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Close it by hand if the bus is dead or the interlock is passed, or open it."""
        if event == "lift":
            self._move(closed=False)
        elif event == "earth_live" or self.grid.dead(self.buses[0]):
            self._move(closed=True)

    def clear(self) -> None:
        """Open it."""
        self._move(closed=False)
