"""Watches the balance of a plant while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from device_emulators.plant.plant import Plant

RATED_W = 10e6
"""What the largest source of the benches and the sites is rated at [W]."""


class Watch:
    """Looks at every bus at every step."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.worst = (0.0, "", 0)
        plant.watchers.append(self.look)

    def look(self) -> None:
        """Hold what a bus takes by itself to what its switches bring."""
        grid = self.plant.grid
        for taken, flows in (
            (grid.consumed_w, grid.switch_w),
            (grid.consumed_var, grid.switch_var),
        ):
            left = taken.copy()
            np.add.at(left, grid.switch_source, flows)
            np.subtract.at(left, grid.switch_load, flows)
            if taken is grid.consumed_var:
                left[~grid.is_ac] = 0.0
            bus = int(np.argmax(np.abs(left)))
            if not abs(left[bus]) <= self.worst[0]:
                self.worst = (abs(float(left[bus])), grid.bus_ids[bus], grid.now_ns)


def energy_left_pu(plant: Plant) -> float:
    """Return the energy that came from nowhere, by what loads have used [pu]."""
    energy = plant.truth().energy_wh
    left = energy["sources"] - energy["loads"] - energy["losses"] - energy["stored"]
    return left / max(energy["loads"], 1.0)
