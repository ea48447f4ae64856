"""What aims at which demand: ours, and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from daemon.core.balance.shaving import shaver
from daemon.core.balance.shaving.programme import optimum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.balance.shaving.stores import Store
    from daemon.rehearsal.backtest.course import Course


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to aim.

    Attributes:
        about: what it is.
        plans: it asks for plans; without, the first aim goes up with what was exceeded.
        fixed: the first aim stays what it is.
    """

    about: str
    plans: bool = False
    fixed: bool = False


POLICIES: Final = {
    "ours": Policy("lowest aim that the energy left holds in enough of the futures", plans=True),
    "ratchet": Policy("optimum of the last days before, then the highest window so far"),
    "threshold": Policy("optimum of the last days before, kept as it is", fixed=True),
}
FORESIGHT: Final = "foresight"
NONE: Final = "none"
NAMES: Final = (*POLICIES, FORESIGHT, NONE)


_DAYS: Final = 14
"""Of the days before. All of eight weeks make a worse first aim: their highest day is no measure of
the next week (on the tuning weeks of the benchmark a median capture of 0.00 in place of 0.36)."""


def first_aim_w(course: Course, stores: Sequence[Store]) -> float:
    """Return the optimum of the last days before, 0 where there are none [W]."""
    before_w = course.windows_before_w[-round(_DAYS * 86_400.0 / course.window_s) :]
    if not len(before_w):
        return 0.0
    full_j = [store.top_j for store in stores]
    found = optimum(before_w, course.window_s, stores, full_j)
    return found.peak_w if found else 0.0


def params_for(course: Course, given: shaver.Params) -> shaver.Params:
    """Return the parameters with the lengths of the course."""
    return replace(
        given,
        hold=replace(given.hold, window_s=course.window_s),
        forecast=replace(given.forecast, sample_s=course.sample_s),
    )
