"""Power meter: its view on the arrays of all meters (`plant/metering.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from device_emulators.devices.device import Device
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SHOWN: Final = (
    "voltage_v",
    "frequency_hz",
    "power_w",
    "reactive_power_var",
    "current_a",
    "energy_import_wh",
    "energy_export_wh",
)


class Meter(Device):
    """Meter in the connection of a bus."""

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.index = grid.metering.add(self.buses[0])
        self.points = {name: Cell(grid.metering, name, self.index) for name in SHOWN}

    def quantity(self, name: str) -> float:
        """Return the true power, or a point."""
        if name == "power_w":
            return float(self.grid.metering.true_power()[0][self.index])
        return super().quantity(name)
