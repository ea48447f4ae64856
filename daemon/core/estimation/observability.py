"""Which meter would add most: where one more would make powers surer, and how much.

With C the covariance of two powers as they are estimated now, a meter of deviation s at the second
takes C^2 / (s^2 + variance of the second) from the variance of the first. The sum of that over the
powers of all equipment, each by its rating, is what a meter is worth. Where one stands already
another adds little, and it is not proposed.

Source: own derivation from the update of a covariance by one measurement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation import estimator
from daemon.core.estimation.believed import VAGUE_PU
from daemon.core.estimation.drawing import BASE_VA
from daemon.core.estimation.gauss_newton import linearised
from daemon.core.estimation.instruments import METER
from daemon.core.estimation.inverse import inverse as inverse_of
from daemon.core.estimation.islands import islands
from daemon.core.estimation.prepared import plan

if TYPE_CHECKING:
    from daemon.core.estimation.inverse import Inverse
    from daemon.core.estimation.network import Floats, Ints
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

LEAST_PU: Final = 0.5
"""A power is told by a meter when that takes more than this part of its deviation."""
_HARDLY_PU: Final = 0.9
"""A meter that leaves more than this part of the deviation of its own power adds nothing."""


class Worth(NamedTuple):
    """What one more power meter would do.

    Attributes:
        equipment: where it would stand.
        sigma_w: deviation of the power there now [W].
        after_w: with the meter [W].
        others: other equipment of which it would take half the deviation, or more.
    """

    equipment: str
    sigma_w: float
    after_w: float
    others: tuple[str, ...]


def meters(
    state: estimator.State, site: Site, points: PointTable, count: int = 5
) -> tuple[Worth, ...]:
    """Return the power meters that would add most, the best first.

    Args:
        state: of an estimator that has tracked a scan.
        site: the plant as drawn.
        points: its point table.
        count: how many.
    """
    of = plan(site, points)
    if state.wires is None or state.reference is None or state.track is None:
        return ()
    model, basis = of.prepared(state.wires).tracker(of, state.reference).model, state.track.basis
    live = islands(model.equations.network, basis.wiring)
    factors = linearised(model, live, basis.x, basis.weight)
    inverse = inverse_of(model.equations, factors, model.partner)
    told, names = of.to_site, list(site.equipment)
    there = list(of.told.all[: of.told.count])
    if state.absent is not None:
        there = [each for each, gone in zip(there, state.absent.tolist(), strict=False) if not gone]
    metered = {points.points[i].equipment for each in there for i in each.points}
    free = np.array([names[n] not in metered for n in told.power_of.tolist()], dtype=np.bool_)
    covariance = _covariance(inverse, told.power)
    rated = told.vague_w / VAGUE_PU / BASE_VA
    variance = covariance.diagonal()
    meter = variance + np.hypot(METER.power_pu, METER.floor_pu) ** 2 * rated**2
    taken = covariance**2 / meter
    worth = np.where(free, (taken / rated[:, None] ** 2).sum(axis=0), 0.0)
    found = []
    for best in np.argsort(-worth, kind="stable")[:count].tolist():
        if worth[best] <= 0.0:
            break
        after = np.sqrt(np.maximum(variance - taken[:, best], 0.0))
        if after[best] > _HARDLY_PU * np.sqrt(variance[best]):
            continue
        less = np.flatnonzero(after < (1.0 - LEAST_PU) * np.sqrt(variance))
        found.append(
            Worth(
                equipment=names[told.power_of[best]],
                sigma_w=float(np.sqrt(variance[best])) * BASE_VA,
                after_w=float(after[best]) * BASE_VA,
                others=tuple(names[told.power_of[n]] for n in less.tolist() if n != best),
            )
        )
    return tuple(found)


def _covariance(of: Inverse, rows: Ints) -> Floats:
    """Return the covariance of readings, each with each (n_row, n_row) [pu^2]."""
    found = np.empty((len(rows), len(rows)))
    for column, row in enumerate(rows.tolist()):
        push = np.zeros(len(of.weight))
        push[row] = 1.0
        found[:, column] = of.readings(of.alone(push))[rows]
    return found
