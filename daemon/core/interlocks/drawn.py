"""What the drawing of the site says for good, found once: schemes, neighbours, ties, machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.core.topology import once_per_site
from daemon.model.natures import Role
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable


@once_per_site
def schemes_by_member(site: Site, points: PointTable) -> dict[str, MainTieMainScheme]:
    """Return the main-tie-main scheme of every switch, set and storage that has one."""
    storage = {e.buses[0]: e.id for e in site.of_nature("ess")}
    return {
        name: scheme
        for scheme in site.schemes.values()
        if isinstance(scheme, MainTieMainScheme)
        for name in (
            *(storage.get(site.equipment[f].buses[1], "") for f in scheme.storage_feeders),
            *(s.main for s in scheme.sections),
            *(s.generator_feeder for s in scheme.sections),
            *(s.upstream for s in scheme.sections if s.upstream),
            *scheme.sets,
            *scheme.sets.values(),
            *scheme.storage_feeders,
            scheme.tie,
            scheme.intake,
        )
        if name
    }


@once_per_site
def touching(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return the equipment that touches each bus."""
    found: dict[str, list[str]] = {bus: [] for bus in site.buses}
    for item in site.equipment.values():
        for bus in dict.fromkeys(item.buses):
            found[bus].append(item.id)
    return {bus: tuple(names) for bus, names in found.items()}


@once_per_site
def ties(site: Site, points: PointTable) -> frozenset[str]:
    """Return the bus ties: normally open, and both buses have a feed of their own.

    A feeder of storage is none: its load side is where the storage is.
    """
    fed = {
        e.buses[1]
        for e in site.equipment.values()
        if e.kind.role is Role.TRANSFORMER or (e.nature == "breaker" and e.normally != "open")
    }
    storage = {bus for e in site.of_nature("ess") for bus in e.buses}
    drawn = {s.tie for s in site.schemes.values() if isinstance(s, MainTieMainScheme)}
    return frozenset(
        e.id
        for e in site.of_nature("breaker")
        if e.id in drawn
        or (e.normally == "open" and fed.issuperset(e.buses) and storage.isdisjoint(e.buses))
    )


@once_per_site
def machines(site: Site, points: PointTable) -> dict[str, str]:
    """Return the machine that turns at each bus that has one."""
    return {e.buses[0]: e.id for e in site.of_nature("generator", "gas_turbine", "smr")}


@once_per_site
def own_breakers(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return the breakers at the terminals of every machine."""
    around = touching(site, points)
    return {
        machine: tuple(n for n in around[bus] if site.equipment[n].nature == "breaker")
        for bus, machine in machines(site, points).items()
    }


@once_per_site
def source_buses(site: Site, points: PointTable) -> frozenset[str]:
    """Return the buses of all that gives power, utilities and storage among it."""
    roles = {Role.SOURCE, Role.STORAGE}
    return frozenset(b for e in site.equipment.values() if e.kind.role in roles for b in e.buses)


@once_per_site
def sources_breakers(site: Site, points: PointTable) -> frozenset[str]:
    """Return the breakers at the terminals of everything that gives power but utilities."""
    own = {
        bus
        for e in site.equipment.values()
        if e.kind.role is Role.SOURCE and e.nature != "utility"
        for bus in e.buses
    }
    return frozenset(e.id for e in site.of_nature("breaker") if not own.isdisjoint(e.buses))


@once_per_site
def utilities(site: Site, points: PointTable) -> tuple[Equipment, ...]:
    """Return the utilities."""
    return site.of_nature("utility")


@once_per_site
def converters(site: Site, points: PointTable) -> tuple[Equipment, ...]:
    """Return what gives a net its power from another one."""
    return site.of_nature("ups", "hvdc", "rectifier")


@once_per_site
def partners(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return for every UPS the others that critical loads of its own hang on as well."""
    on = {unit.id: _critical_behind(site, points, unit.buses[1]) for unit in site.of_nature("ups")}
    units: dict[str, list[str]] = {}
    for unit, loads in on.items():
        for load in loads:
            units.setdefault(load, []).append(unit)
    return {
        unit: tuple(dict.fromkeys(n for load in sorted(loads) for n in units[load] if n != unit))
        for unit, loads in on.items()
    }


def _critical_behind(site: Site, points: PointTable, bus: str) -> frozenset[str]:
    """Return the critical loads that switches can join to a bus, from its side of them."""
    around, seen, frontier, loads = touching(site, points), {bus}, [bus], set[str]()
    while frontier:
        here = frontier.pop()
        for name in around[here]:
            item = site.equipment[name]
            if item.critical:
                loads.add(name)
            elif item.kind.role in {Role.SWITCH, Role.TRANSFER} and here in item.buses[:-1]:
                frontier += [item.buses[-1]] * (item.buses[-1] not in seen)
                seen.add(item.buses[-1])
    return frozenset(loads)
