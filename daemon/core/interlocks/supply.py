"""Who is fed, and by how much: the last feed of a critical load stays, no source gets too much.

A person's opening is held against what is surely fed afterwards, and what has voltage that nothing
is known to give may have it through what would be opened. An automaton opens in order to end
an overlap, to leave a dead source, or to transfer with a gap, and waiting may be worse; so it is
held back only where a critical load is known to lose its last feed, no store is known to bridge the
gap, and its scheme has not declared the feeder shed. A breaker of its board that shows open and
carries current is no loss of feed for it: what is opened then ends an overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core import demand
from daemon.core.feeding import Change, fed_buses, loads_at, reach
from daemon.core.interlocks.case import TRANSFER, carries_though_open
from daemon.core.interlocks.drawn import converters
from daemon.core.topology import Presence
from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.core.interlocks.case import Case
    from daemon.core.view import View
    from daemon.model.plant import Equipment

BRIDGES: Final = frozenset({"normal", "battery", "walk_in"})
"""Stages of a converter in which its store takes over without a gap."""
CHARGED_PU: Final = 0.1
"""Charge that bridges a transfer with a gap. Source: own derivation."""
OVER: Final = frozenset({"off", "lost"})
"""Stages of a load that has nothing to lose any more."""


def last_feed(case: Case) -> bool:
    """A critical load would be without a source for this."""
    view, item = case.view, case.item
    if case.wish.action == "open" and view.is_open(item.id):
        return False
    if all(view.topology.dead(bus) for bus in item.buses):
        return False
    if case.wish.action == "grid_following" and not case.by_person:
        return False  # storage that an automaton releases makes room for a source that lasts
    # What opens already feeds nothing for long: two openings at once may each be harmless alone.
    opening = {name for name, action in case.under_way.items() if action == "open"}
    change = Change(cut=frozenset({item.id, *opening, *_leaving(case)}))
    behind = _behind(case, change)
    concerned = {
        load.id: load
        for bus in behind & loads_at(view.site, view.points).keys()
        for load in loads_at(view.site, view.points)[bus]
        if load.critical and view.stage(load.id) not in OVER
    }
    if not concerned:
        return False
    if case.by_person:
        fed = fed_buses(view, surely=True, change=change)
        return any(fed.isdisjoint(load.buses) for load in concerned.values())
    change = change._replace(joined=_joined_though_open(case))
    if item.id in view.facts.shed:
        return False
    # What has been told to open and still travels feeds until it is open.
    as_yet = Change(joined=frozenset(opening))
    now = fed_buses(view, surely=True, change=as_yet, by_reactors=True)
    return _known_lost(view, now, change, concerned.values())


def _leaving(case: Case) -> frozenset[str]:
    """Return the tie where it closes a ring: its scheme opens it, so a person cannot count on it.

    It may be open already and only show closed.
    """
    view, scheme = case.view, case.scheme()
    if not case.by_person or scheme is None or not scheme.tie:
        return _NONE
    auto = scheme.authority == "daemon" and view.stage(scheme.controller, "selector") == "auto"
    mains = [s.main for s in scheme.sections]
    feeders = [s.generator_feeder for s in scheme.sections]
    ring = any(all(map(view.is_closed, (*both, scheme.tie))) for both in (mains, feeders))
    return frozenset({scheme.tie}) if auto and ring else _NONE


def _joined_though_open(case: Case) -> frozenset[str]:
    """Return the breakers of the board, its intake among them, that show open and are not."""
    scheme = case.scheme()
    if scheme is None:
        return _NONE
    feeders = (b for s in scheme.sections for b in (s.main, s.generator_feeder))
    every = (scheme.intake, scheme.tie, *feeders)
    return frozenset(b for b in every if b and carries_though_open(case.view, b))


def _behind(case: Case, change: Change) -> frozenset[str]:
    """Return the buses that may get power through what would be opened or stopped."""
    view, item = case.view, case.item
    if item.kind.role in {Role.SOURCE, Role.STORAGE}:
        gives = item.id in view.topology.running
        return frozenset(reach(view, item.buses, surely=False, change=change)) if gives else _NONE
    fed = fed_buses(view, surely=False, change=change)
    *sources, load = item.buses
    behind: set[str] = set()
    if not fed.isdisjoint(sources) or _lives_unknown(case, [load], fed):
        behind |= reach(view, [load], surely=False, change=change).keys()
    back = load in fed or _lives_unknown(case, sources, fed)
    if back and item.kind.role is not Role.CONVERTER:
        behind |= reach(view, sources, surely=False, change=change).keys()
    return frozenset(behind)


def _lives_unknown(case: Case, buses: list[str], fed: frozenset[str]) -> bool:
    """Return whether one side may have voltage and nothing is known that could give it.

    A position or a voltage further up that is not as it shows makes it look so.
    """
    may_live = {Presence.LIVE, Presence.UNKNOWN}
    presence = case.view.topology.presence
    return (
        case.by_person and fed.isdisjoint(buses) and any(presence[bus] in may_live for bus in buses)
    )


_NONE: Final[frozenset[str]] = frozenset()


def _known_lost(
    view: View, now: frozenset[str], change: Change, loads: Iterable[Equipment]
) -> bool:
    """Return whether one of some loads hangs on buses fed `now`, and would be fed by nothing."""
    after = fed_buses(view, surely=False, change=change) | _bridged(view, change)
    after |= {  # a static switch goes over by itself, in milliseconds
        e.buses[-1]
        for e in view.site.of_nature("transfer_switch")
        if e.variant == "sts" and not after.isdisjoint(e.buses[:-1])
    }
    return any(
        not now.isdisjoint(load.buses) and after.isdisjoint(load.buses) and not _own(view, load)
        for load in loads
    )


def _own(view: View, load: Equipment) -> bool:
    """Return whether a load has a charged battery of its own."""
    return (view.charge_pu(load.id) or 0.0) >= CHARGED_PU


def _bridged(view: View, change: Change) -> frozenset[str]:
    """Return the buses that a charged store is known to carry through a gap."""
    start = []
    for item in view.site.of_nature("ups", "rectifier", "ess"):
        bus = item.buses[-1]
        if item.nature == "ess":
            holds = view.site.buses[bus].kind == "dc" and view.stage(item.id) == "grid_forming"
        else:
            holds = view.stage(item.id) in BRIDGES
        if holds and _own(view, item):
            start.append(bus)
    return frozenset(reach(view, start, surely=True, change=change))


def overload(case: Case) -> bool:
    """What would hang on the sources may draw more than they are known to be good for."""
    view, item = case.view, case.item
    storage = item.kind.role is Role.STORAGE
    live = [bus for bus in case.sides if view.topology.live(bus)]
    sides, change = case.sides, Change(joined=frozenset({item.id}))
    if case.wish.action in TRANSFER:
        # Voltage is what the source to go to has, and the load side may have it from the other one.
        target = TRANSFER[case.wish.action]
        sides = item.buses[target], item.buses[-1]
        if view.topology.net[sides[0]] == view.topology.net[sides[1]]:
            return False  # the sources that carry it carry it already
        good_w = _good_for_w(view, sides[0])
        if not good_w and not view.topology.sources(sides[0]):
            return False  # it is live by what nobody knows: that is no overload
        change = Change(turned=((item.id, target),))
    elif storage:
        good_w = demand.capability_w(view, item, forming=True)
    elif len(live) == 1:
        good_w = _good_for_w(view, live[0])
    else:
        return False  # with both sides live it only shares; with none nothing is taken up
    if good_w >= demand.rated_w(view.site, view.points):
        return False
    return expected_w(view, sides, change) > good_w


def _good_for_w(view: View, bus: str) -> float:
    """Return what sources, and converters that give to its net, are known to be good for [W]."""
    topology, site = view.topology, view.site
    net = topology.net[bus]
    given_w = sum(demand.capability_w(view, site.equipment[s]) for s in topology.sources(bus))
    return given_w + sum(
        demand.converter_w(view, e)
        for e in converters(site, view.points)
        if topology.net[e.buses[-1]] == net
    )


def expected_w(view: View, buses: tuple[str, ...], change: Change) -> float:
    """Return what loads that hang on some buses, or may, may draw from them [W]."""
    found = reach(view, buses, surely=False, change=change)
    loads, factor, total_w = loads_at(view.site, view.points), dict[str, float](), 0.0
    counted: set[str] = set()
    for bus, (before, through) in found.items():
        item = view.site.equipment.get(through)
        loss = 1.0 / demand.efficiency_pu(item) if item and item.nature in _LOSSY else 1.0
        factor[bus] = factor.get(before, 1.0) * loss
        for load in loads.get(bus, ()):
            if load.id not in counted:
                counted.add(load.id)
                total_w += factor[bus] * demand.expected_w(view, load)
    return total_w


_LOSSY: Final = frozenset({"ups", "hvdc", "rectifier"})
