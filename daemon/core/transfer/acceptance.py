"""How much load the running sets may be given: what the AI rows may draw before a feeder closes.

Everything that is not an AI row is kept: it is `essential`, with losses and recharge on top. What
the sets on the bus can give beyond that, less a margin for the step, is left for the rows. Below
`rows_min_pu` of their rating it is not worth feeding them at all: their feeders are opened before
the section is fed and the rows stay on stored energy until they shut down in order.

Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from annotated_types import Ge, Gt, Le

from daemon.core.topology import once_per_site
from daemon.model.natures import Role
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

NO_LIMIT_W: Final = -1.0


@dataclass(frozen=True, slots=True)
class Params:
    """What the sets are trusted with.

    Attributes:
        usable_pu: share of the rated power of the sets that load may be planned on [pu].
        overhead_pu: losses and recharge on top of the essential load [pu].
        rows_min_pu: below this share of their rating the rows are not fed [pu].
        rows_efficiency_pu: row power by power drawn from the section [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    usable_pu: Annotated[float, Gt(0), Le(1)] = 0.95
    overhead_pu: Annotated[float, Ge(0), Le(1)] = 0.15
    rows_min_pu: Annotated[float, Ge(0), Le(1)] = 0.2
    rows_efficiency_pu: Annotated[float, Gt(0), Le(1)] = 0.98


@once_per_site
def rated_w(site: Site, points: PointTable) -> tuple[float, float]:
    """Return the rated power of essential loads and of AI racks in service [W]."""
    loads = [
        e
        for e in site.equipment.values()
        if e.kind.role is Role.LOAD and e.normally != "out_of_service"
    ]
    rows_w = sum(e.ratings["power_w"] for e in loads if e.nature == "ai_rack")
    return sum(e.ratings["power_w"] for e in loads) - rows_w, rows_w


def spare_w(site: Site, points: PointTable, capability_w: float, params: Params) -> float:
    """Return what sets of this rated power can give beside all essential loads [W]."""
    essential_w, _ = rated_w(site, points)
    return params.usable_pu * capability_w - (1 + params.overhead_pu) * essential_w


def rows_limit_w(site: Site, points: PointTable, capability_w: float, params: Params) -> float:
    """Return what all AI rows together may draw on sets of this rated power [W].

    Args:
        site: the plant as drawn.
        points: its point table.
        capability_w: rated power of the sets on the bus [W].
        params: what the sets are trusted with.

    Returns:
        The limit [W], 0 where the rows must not be fed, `NO_LIMIT_W` where all may run.
    """
    _, rows_w = rated_w(site, points)
    limit_w = spare_w(site, points, capability_w, params) * params.rows_efficiency_pu
    if limit_w >= rows_w:
        return NO_LIMIT_W
    return limit_w if limit_w >= params.rows_min_pu * rows_w else 0.0


@once_per_site
def _row_feeders(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return the breakers that feed the rows' converters, by the bus they hang on."""
    inputs = {e.buses[0] for e in site.of_nature("hvdc")}
    feeders: dict[str, tuple[str, ...]] = {}
    for breaker in site.of_nature("breaker"):
        if breaker.buses[1] in inputs:
            bus = breaker.buses[0]
            feeders[bus] = (*feeders.get(bus, ()), breaker.id)
    return feeders


def row_feeders(site: Site, points: PointTable, scheme: MainTieMainScheme) -> tuple[str, ...]:
    """Return the breakers that feed the rows' converters from any section of a board."""
    found = _row_feeders(site, points)
    return tuple(name for section in scheme.sections for name in found.get(section.bus, ()))


@once_per_site
def _outgoing(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return the breakers of each bus that are normally closed and belong to no board's scheme."""
    schemes = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    taken = {name for s in schemes for name in (s.tie, *s.storage_feeders, *s.sets.values())}
    taken |= {name for s in schemes for c in s.sections for name in (c.main, c.generator_feeder)}
    feeders: dict[str, tuple[str, ...]] = {}
    for breaker in site.of_nature("breaker"):
        if breaker.id not in taken and breaker.normally != "open":
            bus = breaker.buses[0]
            feeders[bus] = (*feeders.get(bus, ()), breaker.id)
    return feeders


def outgoing_feeders(site: Site, points: PointTable, scheme: MainTieMainScheme) -> tuple[str, ...]:
    """Return the breakers through which the sections of a board feed what hangs on them."""
    found = _outgoing(site, points)
    return tuple(name for section in scheme.sections for name in found.get(section.bus, ()))
