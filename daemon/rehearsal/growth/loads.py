"""What goes through everything, as lines over the power of the groups of racks.

A line is a constant and three slopes: what is carried when each group draws so many times its
rating. The balance is asked at rated power and with one group, or the cooling, at twice that: exact
but for the losses of transformers, which grow with the square. Cooling follows the groups, so its
slope is shared out among theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.model.natures import Role
from daemon.rehearsal.growth.futures import Group
from daemon.settings.checks.balance import carry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from daemon.model.plant import Equipment, Site
    from daemon.rehearsal.growth.assumptions import Assumption
    from daemon.settings.checks.balance import Flow
    from daemon.settings.forms import BalanceForm

    Floats = NDArray[np.float64]

_COOLING: Final = len(Group)
_COOLS: Final = frozenset({"chiller", "pump"})
_STEP: Final = 1.0
"""By how much a group is raised above its rating to find its slope."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is carried, by the power of the groups.

    Attributes:
        constant: when no rack draws anything.
        slopes: by group, when it draws its rating `(3,)`.
    """

    constant: float
    slopes: Floats

    def at(self, drawn_pu: Floats) -> Floats:
        """Return what is carried when the groups draw `(..., 3)` of their ratings."""
        return np.asarray(self.constant + drawn_pu @ self.slopes)

    def plus(self, more: float) -> Line:
        """Return it with a constant more."""
        return Line(self.constant + more, self.slopes)

    def times(self, factor: float) -> Line:
        """Return it in other units."""
        return Line(self.constant * factor, self.slopes * factor)

    def __add__(self, other: Line) -> Line:
        return Line(self.constant + other.constant, self.slopes + other.slopes)


NOTHING: Final = Line(0.0, np.zeros(len(Group)))


class Case(NamedTuple):
    """What everything carries with some equipment out of service.

    Attributes:
        out: what is out of service.
        carried: of sources, transformers and converters, as in the balance, by name.
        rating: of these.
        switched_w: through switches and transfer switches, by id.
        demand_w: by bus.
    """

    out: tuple[str, ...]
    carried: Mapping[str, Line]
    rating: Mapping[str, float]
    switched_w: Mapping[str, Line]
    demand_w: Mapping[str, Line]


class Racks(NamedTuple):
    """The demand of a site.

    Attributes:
        it_w: rated power of each group `(3,)` [W].
        cooling_w: heat that all chillers can take, those that stand by too, one by one [W].
        cooling: share of its rating that what cools draws, as a line.
        coolers_w: rated power of what cools [W].
    """

    it_w: Floats
    cooling_w: tuple[float, ...]
    cooling: Line
    coolers_w: float


def group_of(item: Equipment) -> Group | None:
    """Return the group that a load grows with, None for what is no rack."""
    if item.nature == "ai_rack":
        return Group.AI
    if item.nature == "it_rack":
        return Group.SERVERS if item.variant == "server" else Group.STORAGE
    return None


def racks_of(site: Site, balance: BalanceForm, assumed: Mapping[str, Assumption]) -> Racks:
    """Return how the demand of a site is made up."""
    it_w = np.zeros(len(Group))
    for item in _loads(site):
        group = group_of(item)
        if group is not None:
            it_w[group] += item.ratings["power_w"] * _factor(balance, item)
    chillers = site.of_nature("chiller")
    running_w = sum(c.ratings["cooling_w"] for c in chillers if c.normally == "in_service")
    standing, weather = assumed["standing"].value, assumed["weather"].value
    if running_w:
        cooling = Line(standing, (1.0 - standing) * it_w / running_w).times(weather)
    else:
        cooling = NOTHING.plus(1.0)
    coolers_w = sum(item.ratings["power_w"] for item in _loads(site) if item.nature in _COOLS)
    return Racks(it_w, tuple(c.ratings["cooling_w"] for c in chillers), cooling, coolers_w)


def case(site: Site, balance: BalanceForm, racks: Racks, out: Collection[str] = ()) -> Case:
    """Return what everything carries without `out`, as lines."""
    at_rating = np.ones(_COOLING + 1)
    base = carry(site, _scaled(site, balance, at_rating), out)
    raised = []
    for k in range(_COOLING + 1):
        factors = at_rating.copy()
        factors[k] += _STEP
        raised.append(carry(site, _scaled(site, balance, factors), out))
    flows = (base, *raised)

    def lines(names: Collection[str], values: list[Mapping[str, float]]) -> dict[str, Line]:
        return {name: _line([v.get(name, 0.0) for v in values], racks) for name in names}

    carried = [{id_: one.carried_va for id_, one in flow.loading.items()} for flow in flows]
    rating = {id_: one.rating_va for flow in flows for id_, one in flow.loading.items()}
    switched: list[Mapping[str, float]] = [flow.switched_w for flow in flows]
    demand: list[Mapping[str, float]] = [flow.demand_w for flow in flows]
    return Case(
        tuple(out),
        lines(rating, [*carried]),
        rating,
        lines(_names(flows), switched),
        lines(base.demand_w, demand),
    )


def _names(flows: tuple[Flow, ...]) -> list[str]:
    return list(dict.fromkeys(name for flow in flows for name in flow.switched_w))


def _line(values: list[float], racks: Racks) -> Line:
    """Return the line through what is carried at rating and with each group raised."""
    slopes = (np.array(values[1:]) - values[0]) / _STEP
    constant = values[0] - slopes.sum()
    cooling = racks.cooling.times(float(slopes[_COOLING]))
    return Line(float(constant), slopes[:_COOLING]) + cooling


def _scaled(site: Site, balance: BalanceForm, factors: Floats) -> BalanceForm:
    """Return the balance with loads of each group, and what cools, at a part of their demand."""
    demand_factor = dict(balance.demand_factor)
    for item in _loads(site):
        group = _COOLING if item.nature in _COOLS else group_of(item)
        if group is not None:
            demand_factor[item.id] = _factor(balance, item) * float(factors[group])
    # The form allows no more than the rating; growth goes beyond.
    return balance.model_copy(update={"demand_factor": demand_factor})


def _factor(balance: BalanceForm, item: Equipment) -> float:
    return balance.demand_factor.get(item.id, balance.demand_factor.get(item.nature, 1.0))


def _loads(site: Site) -> Iterator[Equipment]:
    for item in site.equipment.values():
        if item.kind.role is Role.LOAD and item.normally == "in_service":
            yield item
