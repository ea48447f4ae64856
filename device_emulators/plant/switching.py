"""What the two sides of all switches are to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from device_emulators.plant.protection import LIVE_PU, SYNC_HZ, SYNC_PU, SYNC_RAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device_emulators.plant.grid import Grid


def in_synchronism(grid: Grid) -> NDArray[np.bool_]:
    """Return across which switches (n_switch,) a synchronism check would pass now.

    Both sides are live; direct current needs equal voltages only. The same as `Gap.within`, for all
    at once.
    """
    a, b = grid.switch_source, grid.switch_load
    v_a, v_b = grid.v_pu[a], grid.v_pu[b]
    live = (v_a >= LIVE_PU) & (v_b >= LIVE_PU) & (np.abs(v_a - v_b) <= SYNC_PU)
    angle = np.pi - (np.pi - (grid.angle_rad[a] - grid.angle_rad[b])) % (2.0 * np.pi)
    turning = (np.abs(grid.hz[a] - grid.hz[b]) <= SYNC_HZ) & (np.abs(angle) <= SYNC_RAD)
    same = grid.is_ac[a] == grid.is_ac[b]
    found: NDArray[np.bool_] = live & same & (turning | ~grid.is_ac[a])
    return found
