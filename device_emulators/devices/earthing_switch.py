"""Earthing switch: operated by hand only, blocked while its bus is live.

Simplified: earthing a bus that becomes live is not a short circuit yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from daemon.model.natures import Position
from device_emulators.devices.device import Device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid


class EarthingSwitch(Device):
    """Earthing switch with its interlock."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"earth": (), "lift": ()}

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.closed = item.normally == "closed"
        self.points = {
            "position": lambda: float((Position.CLOSED if self.closed else Position.OPEN).value),
            "local": lambda: 0.0,
            "blocked": lambda: float(not grid.dead(self.buses[0])),
        }

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Close it by hand if the bus is dead, or open it."""
        if event == "lift":
            self.closed = False
        elif self.grid.dead(self.buses[0]):
            self.closed = True

    def clear(self) -> None:
        """Open it."""
        self.closed = False
