"""Which loads, converters and stores stand on whose path, in the diagram of this scan.

What does not change is looked up once per site (`Plan`), with the points that tell about it. What
the diagram decides is worked out once per diagram (`Joints`): surveying returns the same one for as
long as no switch and no bus changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.core.topology import Topology
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable


class Plan:
    """The loads of a site, and the points that tell about them and their storage."""

    def __init__(self, site: Site, points: PointTable) -> None:
        racks = site.of_nature("ai_rack")
        dc = {bus.id for bus in site.buses.values() if bus.kind == "dc"}
        self.rows = tuple(_row(row, racks) for row in site.of_nature("rack_row"))
        self.hvdcs = tuple(_converter(item) for item in site.of_nature("hvdc"))
        self.stores = tuple(e for e in site.of_nature("ess") if e.buses[0] in dc)
        self.formers = tuple(e for e in site.of_nature("ess") if e.buses[0] not in dc)
        self.machines = frozenset(e.id for e in site.of_nature("utility", "generator"))
        self.backups = tuple(_converter(e) for e in site.of_nature("ups", "rectifier"))
        self.racks = site.of_nature("it_rack")
        self.of_rows = _gauges(points, [r.item for r in self.rows], _OF_ROW)
        self.of_stores = _gauges(points, self.stores, _OF_STORE)
        self.of_formers = _gauges(points, self.formers, _OF_FORMER)
        self.of_hvdcs = _gauges(points, [c.item for c in self.hvdcs], _OF_HVDC)
        self.of_backups = _gauges(points, [b.item for b in self.backups], _OF_BACKUP)
        self.of_racks = _gauges(points, self.racks, _OF_RACK)
        self.joints: Joints | None = None
        """What is joined in the diagram of the last scan; kept while that stands."""


_OF_ROW: Final = ("power_w", "energy_stored_wh", "shutdown_s")
_OF_STORE: Final = ("soc_pu", "discharge_limit_w", "stage")
_OF_FORMER: Final = ("soc_pu", "discharge_limit_w", "stage", "power_w")
_OF_HVDC: Final = ("stage",)
_OF_BACKUP: Final = ("on_battery", "stage", "output_power_w", "soc_pu", "runtime_s")
_OF_RACK: Final = ("power_w", "shutdown_s")


class Row(NamedTuple):
    """A row with its racks, the buses they hang on, and the priority it is kept with."""

    item: Equipment
    racks: tuple[Equipment, ...]
    feeds: tuple[str, ...]
    priority: int


class Converter(NamedTuple):
    """A converter, and the labels of its stages."""

    item: Equipment
    states: tuple[str, ...]


class Joints(NamedTuple):
    """Which of the plan's things are joined, by place, in one diagram.

    Attributes:
        topology: that diagram.
        near: by row, the converters that may feed it.
        feeds: by row and feed, the section of that feed.
        sections: by row, the sections of its feeds.
        served: by store, its section and the rows that it serves.
        hvdcs: by converter, whether its input is known to be live; None when nothing is known.
        backups: by backup, the same.
        behind: by rack, the backups joined to one of its feeds.
        maybe: by rack, the backups that may be.
        by_feed: by rack and feed, the backups joined to that feed.
        alone: by storage on AC, whether its bus is live and no utility or set is joined to it.
        hvdcs_of: by converter, the storage on AC that its input is joined to, or None.
        backups_of: by backup, the same.
    """

    topology: Topology
    near: tuple[tuple[int, ...], ...]
    feeds: tuple[tuple[int, ...], ...]
    sections: tuple[frozenset[int], ...]
    served: tuple[tuple[int, tuple[int, ...]], ...]
    hvdcs: tuple[bool | None, ...]
    backups: tuple[bool | None, ...]
    behind: tuple[tuple[int, ...], ...]
    maybe: tuple[tuple[int, ...], ...]
    by_feed: tuple[tuple[tuple[int, ...], ...], ...]
    alone: tuple[bool, ...]
    hvdcs_of: tuple[int | None, ...]
    backups_of: tuple[int | None, ...]


def _row(row: Equipment, racks: tuple[Equipment, ...]) -> Row:
    own = tuple(rack for rack in racks if rack.group == row.id)
    feeds = tuple(dict.fromkeys(bus for rack in own for bus in rack.buses))
    return Row(row, own, feeds, row.priority or min((r.priority for r in own), default=0))


def _converter(item: Equipment) -> Converter:
    return Converter(item, item.kind.points["stage"].states)


def _gauges(
    points: PointTable, items: Iterable[Equipment], names: tuple[str, ...]
) -> tuple[Gauges, int]:
    """Return what reads `names` of each item in turn, and how many names those are."""
    return Gauges(points, [(item.id, name) for item in items for name in names]), len(names)


plan_of = once_per_site(Plan)


def joined(plan: Plan, topology: Topology) -> Joints:
    """Return what is joined; surveying keeps the diagram while no switch and no bus changes."""
    if plan.joints is None or plan.joints.topology is not topology:
        plan.joints = _join(plan, topology)
    return plan.joints


def _join(plan: Plan, topology: Topology) -> Joints:
    reach, section = topology.reach, topology.section
    feeds = tuple(tuple(section[bus] for bus in row.feeds) for row in plan.rows)
    sections = tuple(map(frozenset, feeds))
    stores = [section[store.buses[0]] for store in plan.stores]
    ends = [b.item.buses[-1] for b in plan.backups]
    return Joints(
        topology=topology,
        near=tuple(
            _among([c.item.buses[-1] for c in plan.hvdcs], row.feeds, reach) for row in plan.rows
        ),
        feeds=feeds,
        sections=sections,
        served=tuple((at, tuple(n for n, of in enumerate(sections) if at in of)) for at in stores),
        hvdcs=tuple(_input(topology, c.item.buses[0]) for c in plan.hvdcs),
        backups=tuple(_input(topology, b.item.buses[0]) for b in plan.backups),
        behind=tuple(_among(ends, rack.buses, section) for rack in plan.racks),
        maybe=tuple(_among(ends, rack.buses, reach) for rack in plan.racks),
        by_feed=tuple(
            tuple(_among(ends, (bus,), section) for bus in rack.buses) for rack in plan.racks
        ),
        alone=tuple(_alone(topology, plan, e.buses[0]) for e in plan.formers),
        hvdcs_of=tuple(_former(topology, plan, c.item.buses[0]) for c in plan.hvdcs),
        backups_of=tuple(_former(topology, plan, b.item.buses[0]) for b in plan.backups),
    )


def _alone(topology: Topology, plan: Plan, bus: str) -> bool:
    """Return whether a bus is live, and no utility and no set is joined to it or may be."""
    return topology.live(bus) and not any(
        name in plan.machines and topology.reach[at] == topology.reach[bus]
        for name, at in topology.running.items()
    )


def _former(topology: Topology, plan: Plan, bus: str) -> int | None:
    """Return the place of the storage on AC that is joined to a bus, if there is one."""
    nets = [topology.net[e.buses[0]] for e in plan.formers]
    return nets.index(topology.net[bus]) if topology.net[bus] in nets else None


def _among(ends: list[str], buses: Iterable[str], part: Mapping[str, int]) -> tuple[int, ...]:
    """Return the places of the ends that lie in the same part of the diagram as one of `buses`."""
    parts = {part[bus] for bus in buses}
    return tuple(n for n, end in enumerate(ends) if part[end] in parts)


def _input(topology: Topology, bus: str) -> bool | None:
    """Return whether an input is known to be live, False when known to be dead, else None."""
    return False if topology.dead(bus) else True if topology.live(bus) else None
