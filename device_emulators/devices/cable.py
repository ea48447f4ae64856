"""Cable: an impedance on AC; a plain connection on DC, where resistance is not modelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device_emulators.devices.device import Device

if TYPE_CHECKING:
    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid


class Cable(Device):
    """Fixed connection."""

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        if grid.is_ac[self.buses[0]] and item.ratings["resistance_ohm"] > 0.0:
            grid.add_branch(
                item.id, item.buses[0], item.buses[1], kind="cable", ratings=dict(item.ratings)
            )
        else:
            grid.add_switch(item.id, *item.buses, closed=True)
