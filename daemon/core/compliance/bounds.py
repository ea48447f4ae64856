"""What rule sets demand of how power moves, for whoever has to keep it.

Two kinds of limit on power are judged and have no bound. A part of the energy of fluctuation
(`band_energy`) says nothing of any amplitude: the same trace at a hundredth of its size has the
same part in the band, and one that hardly moves may have all of it there; so no next value is right
or wrong by it. A mean over windows of the clock (`demand`) is kept for the contract alone, by peak
shaving. Who names a rule set with one of these is told so (`uncontrolled`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.core.compliance.limits import BandEnergy, Change, Demand, Limit, Ramp, RuleSet, Swing
from daemon.model.compliance import Bound
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Sequence


def bounds(rule_sets: Sequence[RuleSet], rated_w: float) -> tuple[Bound, ...]:
    """Return the bounds of all limits on swing, change and ramp of power.

    A net ramp is taken for a limit on every change within its window, which is stricter: a power
    that stands must never be a violation.

    Args:
        rule_sets: whose limits have to be kept.
        rated_w: base of limits in per unit of the load [W].
    """
    found = (_bound(limit, rated_w) for rules in rule_sets for limit in rules.limits)
    return tuple(bound for bound in found if bound is not None)


def uncontrolled(rule_sets: Sequence[RuleSet]) -> tuple[str, ...]:
    """Return the limits on power that are judged and nobody keeps, as "rule set: limit"."""
    return tuple(
        f"{rules.name}: {limit.name}"
        for rules in rule_sets
        for limit in rules.limits
        if isinstance(limit, BandEnergy | Demand)
    )


def _bound(limit: Limit, rated_w: float) -> Bound | None:
    if isinstance(limit, Ramp):
        if limit.quantity != "power_w":
            return None
        return Bound(ns(limit.window_s), limit.limit * limit.window_s / limit.per_s)
    if not isinstance(limit, Swing | Change):
        return None
    sizes = [limit.limit_w] if limit.limit_w is not None else []
    sizes += [limit.limit_pu * rated_w] if limit.limit_pu is not None else []
    if isinstance(limit, Swing):
        return Bound(ns(limit.window_s), min(sizes), limit.band_hz)
    rise, fall = limit.direction != "fall", limit.direction != "rise"
    return Bound(ns(limit.window_s), min(sizes), None, rise, fall)
