"""What it takes to catch up with a step of the load: jump, pace, time, energy, size of a storage.

Source: own derivation, see the chapter.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, tau
from typing import TYPE_CHECKING, NamedTuple

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.compliance import Bound


class Pace(NamedTuple):
    """How fast the connection may follow.

    Attributes:
        jump_w: at once [W].
        rate_w_s: in the long run after it [W/s].
        window_s: a jump is allowed again after this; 0 where it follows evenly [s].
    """

    jump_w: float
    rate_w_s: float
    window_s: float

    def time_s(self, step_w: float) -> float:
        """Return the time to catch up with a step [s]."""
        if not self.window_s:
            return max(0.0, step_w - self.jump_w) / self.rate_w_s
        return max(0, ceil(step_w / self.jump_w) - 1) * self.window_s

    def reach_w(self, time_s: float) -> float:
        """Return how far it comes before an instant that is known so long before [W]."""
        if not self.window_s:
            return self.jump_w + self.rate_w_s * time_s
        return self.jump_w * floor(time_s / self.window_s)

    def energy_j(self, step_w: float) -> float:
        """Return the energy that is missing until a step is caught up with [J]."""
        if not self.window_s:
            return max(0.0, step_w - self.jump_w) ** 2 / (2.0 * self.rate_w_s)
        jumps = int(step_w / self.jump_w)
        missing_w = jumps * step_w - self.jump_w * jumps * (jumps + 1) / 2.0
        return max(0.0, missing_w) * self.window_s


def paces(bounds: Sequence[Bound]) -> tuple[Pace, ...]:
    """Return how fast each bound lets the connection follow."""
    return _paces(tuple(bounds))


@lru_cache(maxsize=64)
def _paces(bounds: tuple[Bound, ...]) -> tuple[Pace, ...]:
    return tuple(_pace(bound) for bound in bounds)


def _pace(bound: Bound) -> Pace:
    if bound.band_hz is not None:
        return Pace(bound.limit_w, tau * bound.band_hz[0] * bound.limit_w, 0.0)
    window_s = bound.window_ns / SECOND
    return Pace(bound.limit_w, bound.limit_w / window_s, window_s)


def time_s(of: Sequence[Pace], step_w: float) -> float:
    """Return the time to catch up with a step under all bounds [s]."""
    return max((pace.time_s(step_w) for pace in of), default=0.0)


def energy_j(of: Sequence[Pace], step_w: float) -> float:
    """Return the energy that is missing until a step is caught up with under all bounds [J]."""
    return max((pace.energy_j(step_w) for pace in of), default=0.0)


def jump_w(of: Sequence[Pace], within_s: float) -> float:
    """Return how far the connection comes within a short time [W]."""
    return min((p.jump_w + p.rate_w_s * (0.0 if p.window_s else within_s) for p in of), default=0.0)


def beforehand_w(of: Sequence[Pace], step_w: float, notice_s: float) -> float:
    """Return how much of a step happens before it comes, by so long a notice [W]."""
    reach_w = min((pace.reach_w(notice_s) for pace in of), default=step_w)
    return min(0.5 * step_w, reach_w) if notice_s else 0.0


def size_j(of: Sequence[Pace], step_w: float, notice_s: float, margin_pu: float) -> float:
    """Return the energy of a storage that carries any step of that size [J].

    Args:
        of: how fast the connection may follow.
        step_w: largest step.
        notice_s: time by which it is announced; 0 without notice [s].
        margin_pu: part of the storage at each end that is not counted on [pu].
    """
    rest_w = step_w - beforehand_w(of, step_w, notice_s)
    return energy_j(of, rest_w) / (1.0 - 2.0 * margin_pu)
