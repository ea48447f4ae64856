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
    ac, same = grid.switch_kinds
    v_a, v_b = grid.v_pu[grid.switch_source], grid.v_pu[grid.switch_load]
    found: NDArray[np.bool_] = np.minimum(v_a, v_b) >= LIVE_PU
    found &= same
    found &= np.abs(v_a - v_b) <= SYNC_PU
    which = np.flatnonzero(found & ac)
    if len(which):
        a, b = grid.switch_source[which], grid.switch_load[which]
        angle = np.pi - (np.pi - (grid.angle_rad[a] - grid.angle_rad[b])) % (2.0 * np.pi)
        turning = np.abs(grid.hz[a] - grid.hz[b]) <= SYNC_HZ
        found[which] = turning & (np.abs(angle) <= SYNC_RAD)
    return found
