"""The power smoothing profile of accelerators: a floor, ramps, and burning on the way down.

Where work asks for less than the floor, accelerators burn the difference while a job is there, and
for the hysteresis after it has gone; then the floor is left, by the ramp. Power rises no faster
than the ramp, and where work falls away faster it falls by the ramp, the difference burnt. A power
cap is no part of the profile: it is obeyed at once, whatever the ramp.

Simplified: one ramp limit set from outside; what is allowed downwards is a part of it.
Source: the structure of vendors' power smoothing interfaces (floor in per cent of the rating, ramps
in W/s, hysteresis in ms).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

JOB_PU: Final = 0.2
"""More than this, by rating, is the power of a job."""


class Smoothing:
    """The profiles of all racks.

    Attributes:
        floor_pu: floor by rating, 0 for none (n_rack,) [pu].
        ramp_w_s: fastest rise, 0 for any (n_rack,) [W/s].
        down_pu: fastest fall by fastest rise (n_rack,) [pu].
        hysteresis_ns: how long the floor is kept after a job (n_rack,) [ns].
        used: some rack has a floor or a ramp.
    """

    def __init__(self, rating_w: NDArray[np.float64]) -> None:
        """Begin without any profile for racks with ratings [W] (n_rack,)."""
        n = len(rating_w)
        self._rating_w = rating_w
        self.floor_pu = np.zeros(n)
        self.ramp_w_s = np.zeros(n)
        self.down_pu = np.ones(n)
        self.hysteresis_ns = np.zeros(n, np.int64)
        self._job_ns = np.full(n, np.iinfo(np.int64).min // 2)
        self.used = False

    def set(self, which: NDArray[np.intp], floor_pu: float, ramp_w_s: float) -> None:
        """Give racks a profile."""
        self.floor_pu[which], self.ramp_w_s[which] = floor_pu, ramp_w_s
        self.used = bool(self.floor_pu.any() or self.ramp_w_s.any())

    def lifted(
        self, asked_w: NDArray[np.float64], power_w: NDArray[np.float64], now_ns: int
    ) -> NDArray[np.float64]:
        """Return what racks take whose work asks for `asked_w` and that take `power_w` [W]."""
        if not self.used:
            return asked_w
        job = asked_w > JOB_PU * self._rating_w
        self._job_ns[job] = now_ns
        floor_w = self.floor_pu * self._rating_w
        # after a job the floor is kept, but nobody rises to it any more
        floor_w = np.where(job, floor_w, np.minimum(floor_w, power_w))
        held = now_ns - self._job_ns <= self.hysteresis_ns
        return np.where(held, np.maximum(asked_w, floor_w), asked_w)

    def limited(self, change_w: NDArray[np.float64], dt_s: float) -> NDArray[np.float64]:
        """Return the change of power that the ramps allow in `dt_s` [s] (n_rack,) [W]."""
        if not self.used:
            return change_w
        up = np.where(self.ramp_w_s > 0.0, self.ramp_w_s * dt_s, np.inf)
        return np.minimum(np.maximum(change_w, -up * self.down_pu), up)
