"""When a limit is reached, in each of many futures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from daemon.rehearsal.growth.loads import Line

    Floats = NDArray[np.float64]

FAR_YEARS: Final = 60.0
"""What is not reached by then is never reached."""
_HALVINGS: Final = 42
QUANTILES: Final = (0.1, 0.5, 0.9)


class Bound(NamedTuple):
    """What is carried, and what can be, in one case.

    Attributes:
        case: in words; "" with everything in service.
        line: what is carried.
        capacity: what can be.
        least: carried in any case, however little is drawn.
    """

    case: str
    line: Line
    capacity: float
    least: float = 0.0


def reached_years(bound: Bound, today_pu: Floats, log_rates: Floats) -> Floats:
    """Return when a capacity is passed in each future, `inf` for never `(n,)` [years].

    Args:
        bound: what is carried, and what can be.
        today_pu: what each group draws today by its rating `(3,)`.
        log_rates: growth of each group in each future `(n, 3)` [1/year].
    """
    count = len(log_rates)
    slopes = bound.line.slopes * today_pu

    def over(years: Floats) -> NDArray[np.bool_]:
        carried = bound.line.constant + np.exp(log_rates * years[:, None]) @ slopes
        return np.asarray(np.maximum(carried, bound.least) > bound.capacity)

    low, high = np.zeros(count), np.full(count, FAR_YEARS)
    now, never = over(low), ~over(high)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        passed = over(middle)
        high = np.where(passed, middle, high)
        low = np.where(passed, low, middle)
    return np.where(now, 0.0, np.where(never, np.inf, high))


def first_years(bounds: Sequence[Bound], today_pu: Floats, log_rates: Floats) -> Floats:
    """Return when the first of several bounds is passed in each future `(n,)` [years]."""
    first = np.full(len(log_rates), np.inf)
    for bound in _leading(bounds):
        first = np.minimum(first, reached_years(bound, today_pu, log_rates))
    return first


def worst(bounds: Sequence[Bound], drawn_pu: Floats) -> Bound:
    """Return the bound that is nearest to its capacity by a percent, of equals the first."""
    return max(bounds, key=lambda one: round(share_pu(one, drawn_pu), 2))


def share_pu(bound: Bound, drawn_pu: Floats) -> float:
    """Return what is carried by what can be."""
    carried = max(float(bound.line.at(drawn_pu)), bound.least)
    return carried / bound.capacity if bound.capacity > 0.0 else float("inf")


def quantiles(years: Floats) -> tuple[float, float, float]:
    """Return the times before which it is reached in one, five and nine of ten futures [years]."""
    ordered = np.sort(years)
    at = [min(len(ordered) - 1, int(np.ceil(q * len(ordered))) - 1) for q in QUANTILES]
    low, middle, high = (float(ordered[k]) for k in at)
    return low, middle, high


def _leading(bounds: Sequence[Bound]) -> list[Bound]:
    """Return the bounds that no other one is always worse than."""
    found: list[tuple[Floats, Bound]] = []
    for bound in bounds:
        if bound.capacity <= 0.0:
            return [bound]
        weights = np.array([bound.line.constant, bound.least, *bound.line.slopes]) / bound.capacity
        if any(np.all(weights <= other + 1e-12) for other, _ in found):
            continue
        found = [(w, b) for w, b in found if not np.all(w <= weights)]
        found.append((weights, bound))
    return [bound for _, bound in found]
