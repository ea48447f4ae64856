"""How much load the running sets may be given, and how much of it at once.

*In all.* Everything that is not an AI row is kept: it is `essential`, with losses and recharge on
top. What the sets on the bus can give beyond that, less a margin for the step, is left for the
rows. Below `rows_min_pu` of their rating it is not worth feeding them at all: their feeders are
opened before the section is fed and the rows stay on stored energy until they shut down in order.

*At once.* ISO 8528-5 judges frequency and voltage of a set after a step of load; how large that
step may be depends on the class that the site file gives the set, and adds up over the sets on the
bus. What an outgoing feeder brings is the rating of the loads behind it: half for one that has a
second feeder, rows by their caps. Loads that walk in bring less at first, and that is the margin.

Source: ISO 8528-5 for the classes; the step of each is the site's to set, since the standard stages
it by the mean effective pressure of the engine. A set with a step of its own is class G4. Own
derivation of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.topology import once_per_site
from daemon.model.natures import Role
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.plant import Equipment, Site
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
        step_g1_pu: load step that a set of class G1 takes within its class [pu].
        step_g2_pu: the same of class G2 [pu].
        step_g3_pu: the same of class G3, and of a set whose class is not given [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    usable_pu: Annotated[float, Gt(0), Le(1)] = 0.95
    overhead_pu: Annotated[float, Ge(0), Le(1)] = 0.15
    rows_min_pu: Annotated[float, Ge(0), Le(1)] = 0.2
    rows_efficiency_pu: Annotated[float, Gt(0), Le(1)] = 0.98
    step_g1_pu: Annotated[float, Gt(0), Le(1)] = 0.7
    step_g2_pu: Annotated[float, Gt(0), Le(1)] = 0.6
    step_g3_pu: Annotated[float, Gt(0), Le(1)] = 0.5


class Block(NamedTuple):
    """What hangs on one outgoing feeder, or on a section beside its feeders.

    Attributes:
        essential_w: rating of all that is no AI row [W].
        rows_w: rating of the AI racks [W].
        priority: the best of its loads, 1 is kept longest; 1 where there are none.
    """

    essential_w: float = 0.0
    rows_w: float = 0.0
    priority: int = 1


@once_per_site
def rated_w(site: Site, points: PointTable) -> tuple[float, float]:
    """Return the rated power of essential loads and of AI racks in service [W]."""
    loads = _loads(site)
    rows_w = sum(e.ratings["power_w"] for e in loads if e.nature == "ai_rack")
    return sum(e.ratings["power_w"] for e in loads) - rows_w, rows_w


def _loads(site: Site) -> list[Equipment]:
    return [
        e
        for e in site.equipment.values()
        if e.kind.role is Role.LOAD and e.normally != "out_of_service"
    ]


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


def unlimited_w(site: Site, points: PointTable, params: Params) -> float:
    """Return the rated power of sets from which on the rows need no limit, 0 without rows [W]."""
    essential_w, rows_w = rated_w(site, points)
    needed_w = (1 + params.overhead_pu) * essential_w + rows_w / params.rows_efficiency_pu
    return needed_w / params.usable_pu if rows_w else 0.0


def step_w(site: Site, sets: Iterable[str], params: Params) -> float:
    """Return the largest load step that sets take together within their classes [W]."""
    total_w = 0.0
    by_class = {1: params.step_g1_pu, 2: params.step_g2_pu, 3: params.step_g3_pu}
    for name in sets:
        ratings = site.equipment[name].ratings
        number = int(ratings.get("performance_class_count", 3))
        step_pu = by_class.get(number, ratings.get("load_step_pu", params.step_g3_pu))
        total_w += step_pu * ratings["power_w"]
    return total_w


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
    taken = _taken(site)
    feeders: dict[str, tuple[str, ...]] = {}
    for breaker in site.of_nature("breaker"):
        if breaker.id not in taken and breaker.normally != "open":
            bus = breaker.buses[0]
            feeders[bus] = (*feeders.get(bus, ()), breaker.id)
    return feeders


def _taken(site: Site) -> set[str]:
    schemes = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    taken = {name for s in schemes for name in (s.tie, *s.storage_feeders, *s.sets.values())}
    return taken | {n for s in schemes for c in s.sections for n in (c.main, c.generator_feeder)}


def outgoing_feeders(site: Site, points: PointTable, scheme: MainTieMainScheme) -> tuple[str, ...]:
    """Return the breakers through which the sections of a board feed what hangs on them."""
    found = _outgoing(site, points)
    return tuple(name for section in scheme.sections for name in found.get(section.bus, ()))


def feeders_of(site: Site, points: PointTable, bus: str) -> tuple[str, ...]:
    """Return the breakers through which one section feeds what hangs on it."""
    return _outgoing(site, points).get(bus, ())


@once_per_site
def blocks(site: Site, points: PointTable) -> dict[str, Block]:
    """Return what hangs on every outgoing feeder, and on every section beside its feeders."""
    schemes = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    sections = [c.bus for s in schemes for c in s.sections]
    starts = {bus: bus for bus in sections}
    for bus in sections:
        starts |= {f: site.equipment[f].buses[1] for f in _outgoing(site, points).get(bus, ())}
    stop = frozenset(sections)
    taken = _taken(site) | {f for f in starts if f not in stop}
    reached = {name: _downstream(site, bus, stop, taken) for name, bus in starts.items()}
    found = dict.fromkeys(starts, Block(priority=0))
    for load in _loads(site):
        feeds = [name for name, buses in reached.items() if buses.intersection(load.buses)]
        for name in feeds:
            found[name] = _with(found[name], load, load.ratings["power_w"] / len(feeds))
    return {name: b._replace(priority=b.priority or 1) for name, b in found.items()}


def _with(block: Block, load: Equipment, power_w: float) -> Block:
    """Return a block with one more load on it."""
    priority = load.priority or 1
    row = load.nature == "ai_rack"
    return Block(
        block.essential_w + (0.0 if row else power_w),
        block.rows_w + (power_w if row else 0.0),
        min(block.priority or priority, priority),
    )


def _downstream(site: Site, start: str, stop: frozenset[str], taken: set[str]) -> set[str]:
    """Return the buses that a bus feeds in normal operation, itself included."""
    links: dict[str, list[str]] = {}
    for item in site.equipment.values():
        role, buses = item.kind.role, item.buses
        if role in {Role.SWITCH, Role.TRANSFORMER} and item.normally != "open":
            if item.id not in taken:
                links.setdefault(buses[0], []).append(buses[1])
        elif role is Role.CONVERTER:
            links.setdefault(buses[0], []).append(buses[1])
        elif role is Role.TRANSFER:
            links.setdefault(buses[item.normally == "source_2"], []).append(buses[2])
    found, frontier = {start}, [start]
    while frontier:
        ahead = [b for b in links.get(frontier.pop(), ()) if b not in found and b not in stop]
        found.update(ahead)
        frontier += ahead
    return found


def block_w(block: Block, rows_pu: float, params: Params) -> float:
    """Return what a feeder brings when it closes [W].

    Args:
        block: what hangs on it.
        rows_pu: what the rows may draw, by their rating [pu].
        params: losses on top.
    """
    essential_w = (1 + params.overhead_pu) * block.essential_w
    return essential_w + rows_pu * block.rows_w / params.rows_efficiency_pu
