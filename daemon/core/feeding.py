"""What feeds what: the ways power may take through the plant, as far as they are known.

Two answers to each question. What is *surely* so rests on positions, stages and voltages that are
known and good; what *may* be so holds for everything that is not known to be otherwise. Where a
load must not be lost, what may be fed now is held against what surely is fed afterwards.

A switch leads both ways, a transformer too; a converter leads from its input to its output while it
works; a transfer switch leads to its load from the source it stands on. Storage is no source here:
it empties. Storage that forms an island is one.

Must be asked seldom (before an action, not in each scan): it walks the drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.topology import once_per_site
from daemon.model.natures import Position, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.core.view import View
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

WORKING: Final = frozenset({"normal", "running", "walk_in", "static_bypass", "maintenance_bypass"})
"""Stages in which a converter gives its output power from its input."""
RESTING: Final = frozenset({"off", "fault", "precharge"})
"""Stages in which it certainly takes none; on battery it does as soon as the input is back."""


class Change(NamedTuple):
    """What is thought to be otherwise than the view shows.

    Attributes:
        cut: equipment that carries and gives nothing.
        joined: switches that are closed.
        turned: transfer switches, and the source (0 or 1) they stand on.
        added: buses that a new source feeds.
    """

    cut: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    turned: tuple[tuple[str, int], ...] = ()
    added: frozenset[str] = frozenset()


AS_IS: Final = Change()

Link = tuple[str, str, str]
"""From a bus, to a bus, through equipment."""


@once_per_site
def carriers(site: Site, points: PointTable) -> dict[str, tuple[Equipment, ...]]:
    """Return what may carry power away from each bus."""
    found: dict[str, list[Equipment]] = {bus: [] for bus in site.buses}
    for item in site.equipment.values():
        if item.kind.role in {Role.SWITCH, Role.TRANSFER, Role.TRANSFORMER, Role.CONVERTER}:
            for bus in dict.fromkeys(item.buses):
                found[bus].append(item)
    return {bus: tuple(items) for bus, items in found.items()}


@once_per_site
def loads_at(site: Site, points: PointTable) -> dict[str, tuple[Equipment, ...]]:
    """Return the loads at each bus that has any."""
    found: dict[str, list[Equipment]] = {}
    for item in site.equipment.values():
        if item.kind.role is Role.LOAD:
            for bus in dict.fromkeys(item.buses):
                found.setdefault(bus, []).append(item)
    return {bus: tuple(items) for bus, items in found.items()}


def links(view: View, bus: str, *, surely: bool, change: Change = AS_IS) -> Iterator[Link]:
    """Yield the ways power may take from a bus.

    Args:
        view: the plant now.
        bus: where it comes from.
        surely: only ways that are known to be open to it, else all that are not known to be shut.
        change: what is thought to be otherwise.
    """
    for item in carriers(view.site, view.points)[bus]:
        if item.id not in change.cut:
            for a, b in _ends(view, item, surely, change):
                if a == bus:
                    yield a, b, item.id


def _ends(view: View, item: Equipment, surely: bool, change: Change) -> list[tuple[str, str]]:
    """Return from where to where a piece of equipment leads power."""
    role, buses = item.kind.role, item.buses
    if role is Role.CONVERTER:
        stage = view.stage(item.id)
        served = view.points.find(item.id, "stage") is not None
        works = stage in WORKING if surely and served else stage not in RESTING
        return [(buses[0], buses[-1])] if works else []
    if role is Role.TRANSFER:
        stands = _stands_on(view, item, surely, change)
        return [(buses[i], buses[-1]) for i in stands] + [(buses[-1], buses[i]) for i in stands]
    if role is Role.TRANSFORMER or item.id in change.joined or _through(view, item, surely):
        return [(buses[0], buses[1]), (buses[1], buses[0])]
    return []


def _through(view: View, item: Equipment, surely: bool) -> bool:
    if view.points.find(item.id, "position") is None:
        return item.normally != "open"
    position = view.position(item.id)
    return position is Position.CLOSED if surely else position is not Position.OPEN


def _stands_on(view: View, item: Equipment, surely: bool, change: Change) -> tuple[int, ...]:
    """Return the sources a transfer switch stands on, or may."""
    for name, source in change.turned:
        if name == item.id:
            return (source,)
    stage = view.stage(item.id, "connected")
    if stage in {"source_1", "source_2"}:
        return (0 if stage == "source_1" else 1,)
    return () if surely or stage == "open" else (0, 1)


def reach(
    view: View, start: Iterable[str], *, surely: bool, change: Change = AS_IS
) -> dict[str, tuple[str, str]]:
    """Return the buses that power reaches from some buses, nearest first.

    Args:
        view: the plant now.
        start: buses it comes from.
        surely: see `links`.
        change: see `links`.

    Returns:
        By bus, the bus it comes from and the equipment it comes through; "" for the first.
    """
    found: dict[str, tuple[str, str]] = dict.fromkeys(start, ("", ""))
    frontier = list(found)
    while frontier:
        further = []
        for bus in frontier:
            for _, other, through in links(view, bus, surely=surely, change=change):
                if other not in found:
                    found[other] = (bus, through)
                    further.append(other)
        frontier = further
    return found


def sources(view: View, *, surely: bool, change: Change = AS_IS) -> dict[str, str]:
    """Return the sources that hold voltage, or may, with their bus; storage on DC empties."""
    topology, found = view.topology, {}
    for name, bus in topology.running.items():
        item = view.site.equipment[name]
        storage = item.kind.role is Role.STORAGE
        forming = {"grid_forming"} if surely else {"grid_forming", None}
        forms = not storage or view.stage(name) in forming
        alive = topology.live(bus) if surely else not topology.dead(bus)
        only_follows = (surely and item.nature == "pv") or (storage and _on_dc(view, item))
        if name not in change.cut and forms and alive and not only_follows:
            found[name] = bus
    return found


def _on_dc(view: View, item: Equipment) -> bool:
    return view.site.buses[item.buses[0]].kind == "dc"


def fed_buses(
    view: View, *, surely: bool, change: Change = AS_IS, by_reactors: bool = False
) -> frozenset[str]:
    """Return the buses that a running source reaches, or may.

    A reactor surely feeds none by itself: alone it goes to house load and leaves its bus dead.

    Args:
        view: the plant now.
        surely: whether what is not known counts as open, and as dead.
        change: what is thought to be otherwise.
        by_reactors: whether one counts all the same, where what it may feed must not be cut.
    """
    left_out = surely and not by_reactors
    start = {
        bus
        for name, bus in sources(view, surely=surely, change=change).items()
        if not (left_out and view.site.equipment[name].nature == "smr")
    }
    return frozenset(reach(view, start | change.added, surely=surely, change=change))
