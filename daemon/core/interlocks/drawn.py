"""What the drawing of the site says for good, found once: schemes, neighbours, ties, machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.core.topology import once_per_site
from daemon.model.natures import Role
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from daemon.model.plant import Site
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
    return {
        machine: tuple(e.id for e in site.of_nature("breaker") if bus in e.buses)
        for bus, machine in machines(site, points).items()
    }


@once_per_site
def partners(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return for every UPS the others that critical loads of its own hang on as well."""
    units = site.of_nature("ups")
    behind = {unit.id: _critical_behind(site, unit.buses[1]) for unit in units}
    return {
        unit.id: tuple(
            other.id for other in units if other is not unit and behind[unit.id] & behind[other.id]
        )
        for unit in units
    }


def _critical_behind(site: Site, bus: str) -> frozenset[str]:
    """Return the critical loads that switches can join to a bus, from its side of them."""
    seen, frontier, loads = {bus}, [bus], set()
    switches = [e for e in site.equipment.values() if e.kind.role in {Role.SWITCH, Role.TRANSFER}]
    while frontier:
        here = frontier.pop()
        loads |= {e.id for e in site.equipment.values() if e.critical and here in e.buses}
        ends = [e.buses[-1] for e in switches if here in e.buses[:-1]]
        frontier += [end for end in ends if end not in seen]
        seen.update(ends)
    return frozenset(loads)
