"""What of a store is reserve: never given for the sake of a lower demand.

The reserve of a path is the sum over storage joined to it of `min(energy, power x time)`, with the
time until a failure of sets to start is known and that of its orderly shutdown after it. What a
store gives all its paths together is `min(energy, power x time)` of the longest of them at most. So
a store that keeps its power for that time stands behind each path with no less than when it was
full, whatever is joined to it by then: shaving cannot lower the reserve of any path.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Iterable


def reserve_j(
    power_w: float,
    shutdowns_s: Iterable[float],
    start_failure_s: float,
    efficiency_pu: float,
    least_j: float = 0.0,
) -> float:
    """Return the energy that rides through [J].

    Args:
        power_w: rating of the store [W].
        shutdowns_s: how long an orderly shutdown takes, by path [s].
        start_failure_s: until it is known that no set comes [s].
        efficiency_pu: of discharging [pu].
        least_j: reserve that is kept in any case [J].
    """
    time_s = start_failure_s + max(shutdowns_s, default=0.0)
    return max(least_j, power_w * time_s / efficiency_pu)
