"""Converters: losses, and how they take their load back after an input loss.

Source: loss fit of a double-conversion UPS, 0.01333 + 0.0064 x + 0.01081 x^2 of rating at load x;
here scaled so that the declared efficiency holds at rated load. Walk-in of a UPS rectifier: a start
delay, then a linear ramp; after an interruption of at most one second the return is fast (at least
90 % within 2 s), so that a voltage dip is no load loss to the grid. Onto generators it is never
fast: a set takes its load in small steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_FIT: Final = (0.01333, 0.0064, 0.01081)


def loss_w(power_w: float, rated_w: float, efficiency_pu: float) -> float:
    """Return the loss of a converter that gives `power_w` [W] of `rated_w` [W]."""
    x = power_w / rated_w
    a, b, c = _FIT
    at_rated = 1.0 / efficiency_pu - 1.0
    return rated_w * at_rated * (a + b * x + c * x * x) / (a + b + c)


def blocking_loss_w(power_w: float, rated_w: float, efficiency_pu: float) -> float:
    """Return the loss of a converter that stops switching when nothing is asked of it [W].

    The fit without its constant part, whichever way the power goes.
    """
    x = abs(power_w) / rated_w
    _, b, c = _FIT
    return rated_w * (1.0 / efficiency_pu - 1.0) * (b * x + c * x * x) / (b + c)


@dataclass(slots=True)
class WalkIn:
    """Part of its full power that a rectifier may take from its input.

    Attributes:
        part_pu: 0 while the input is out of limits, 1 in normal operation [pu].
        lost_at_ns: when the input was lost, or None while it is good [ns].
        begins_at_ns: when the ramp may begin [ns].
        over_s: length of the ramp [s].
    """

    part_pu: float = 1.0
    lost_at_ns: int | None = None
    begins_at_ns: int = 0
    over_s: float = 1.0

    def lose(self, now_ns: int) -> None:
        """The input went out of limits at `now_ns`."""
        if self.lost_at_ns is None:
            self.lost_at_ns = now_ns
        self.part_pu = 0.0

    def regain(
        self, now_ns: int, delay_s: float, over_s: float, fast_s: float, *, gently: bool = False
    ) -> None:
        """The input is good again: choose the fast return or the walk-in."""
        if self.lost_at_ns is None:
            return
        brief = not gently and now_ns - self.lost_at_ns <= 1_000_000_000
        self.begins_at_ns = now_ns + (0 if brief else round(delay_s * 1e9))
        self.over_s = fast_s if brief else over_s
        self.lost_at_ns = None

    def advance(self, now_ns: int, dt_s: float) -> None:
        """Let the ramp run for `dt_s` up to `now_ns`."""
        if self.lost_at_ns is None and self.part_pu < 1.0 and now_ns > self.begins_at_ns:
            run_s = min(dt_s, (now_ns - self.begins_at_ns) * 1e-9)
            self.part_pu = min(1.0, self.part_pu + run_s / self.over_s)
