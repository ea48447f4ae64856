"""What a switching action would do if it happened now: who would be lost, what would be overloaded.

Asked when a person selects, so that the answer stands before the approval; it may take a
millisecond or two.

*Lost* is a load that surely has a feed from a source now and would surely not have one then. What a
store would bridge counts as lost all the same: the store empties. Racks of one row are told by
their row.

*Overloaded* is what would carry more than its rating and more than now. Loads count with measured
power, with their rating where that is not known. Each net is a tree from its strongest source
(a utility, then sets, then what else holds voltage); a load is split evenly over its live feeds;
every link carries what lies behind it, converters with their losses. Machines and storage that only
follow give what they give now.

Limits: currents in a ring follow the first way found, not the impedances; reactive power is taken
with one power factor; nothing of inrush, recharge or what a device decides by itself afterwards.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core import demand
from daemon.core.feeding import AS_IS, Change, fed_buses, reach, sources
from daemon.core.topology import once_per_site
from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.view import View
    from daemon.model.commands import Proposal
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

FEEDS: Final = frozenset({"close", "close_in_sync"})
LEAVES: Final = frozenset({"open", "stop", "house_load", "grid_following"})
TURNS: Final = {"to_source_1": 0, "to_source_2": 1}
STRONGEST: Final = ("utility", "generator", "gas_turbine", "smr", "ess")
"""What holds voltage and frequency, the stiffest first."""
RESTING: Final = frozenset({"off", "lost", "stopped"})
"""Stages of a load that has nothing to lose."""
LEAST_MORE_PU: Final = 0.01
"""More than now by this part of the rating is more."""


class Consequence(NamedTuple):
    """What an action would lead to.

    Attributes:
        lost: loads, or whole rows, that would have no source any more.
        overloaded: sources, transformers, converters and switches beyond their rating.
    """

    lost: tuple[str, ...] = ()
    overloaded: tuple[str, ...] = ()


def predict(view: View, wish: Proposal) -> Consequence:
    """Return what an action would lead to if it happened now.

    Args:
        view: the plant now.
        wish: the action; of a scheme, or a set-point, nothing is foretold.
    """
    item = view.site.equipment.get(wish.equipment)
    if item is None or wish.point != "command":
        return Consequence()
    if item.kind.role in {Role.LOAD, Role.GROUP}:
        ends = wish.action in {"shutdown", "stop"}
        return Consequence(lost=(item.id,) if ends else ())
    change = _change(view, item, wish.action)
    before, after = fed_buses(view, surely=True), fed_buses(view, surely=True, change=change)
    return Consequence(_lost(view, before, after), _overloaded(view, change))


def _change(view: View, item: Equipment, action: str) -> Change:
    """Return how the plant would be otherwise."""
    name = frozenset({item.id})
    if action in FEEDS:
        return Change(joined=name)
    if action in LEAVES:
        return Change(cut=name)
    if action in TURNS:
        return Change(turned=((item.id, TURNS[action]),))
    if action == "grid_forming" and not view.topology.live(item.buses[0]):
        return Change(added=frozenset(item.buses))
    return AS_IS


@once_per_site
def _loads(site: Site, points: PointTable) -> tuple[Equipment, ...]:
    return tuple(e for e in site.equipment.values() if e.kind.role is Role.LOAD)


@once_per_site
def _members(site: Site, points: PointTable) -> dict[str, frozenset[str]]:
    """Return the loads of every group."""
    found: dict[str, set[str]] = {}
    for load in _loads(site, points):
        if load.group:
            found.setdefault(load.group, set()).add(load.id)
    return {group: frozenset(members) for group, members in found.items()}


def _lost(view: View, before: frozenset[str], after: frozenset[str]) -> tuple[str, ...]:
    """Return the loads that have a feed before and none after, rows as one."""
    loads = _loads(view.site, view.points)
    gone = {
        e.id: e.group
        for e in loads
        if not before.isdisjoint(e.buses)
        and after.isdisjoint(e.buses)
        and view.stage(e.id) not in RESTING
    }
    whole = {g for g, of in _members(view.site, view.points).items() if gone.keys() >= of}
    return tuple(dict.fromkeys(g if g in whole else name for name, g in gone.items()))


def _overloaded(view: View, change: Change) -> tuple[str, ...]:
    """Return what would carry more than its rating, and more than now."""
    now, then = carried_w(view), carried_w(view, change)
    found = []
    for name, power_w in then.items():
        limit_w = _limit_w(view, view.site.equipment[name])
        more_w = power_w - now.get(name, 0.0)
        if power_w > limit_w and more_w > LEAST_MORE_PU * limit_w:
            found.append(name)
    return tuple(sorted(found, key=list(view.site.equipment).index))


def _limit_w(view: View, item: Equipment) -> float:
    """Return what equipment may carry [W]."""
    role, ratings = item.kind.role, item.ratings
    if role is Role.SOURCE or role is Role.STORAGE:
        return demand.capability_w(view, item, forming=True)
    if role is Role.CONVERTER:
        return ratings["power_w"]
    if role is Role.TRANSFORMER:
        return demand.POWER_FACTOR_PU * ratings["power_va"]
    bus = view.site.buses[item.buses[-1]]
    phases = math.sqrt(3.0) * demand.POWER_FACTOR_PU if bus.kind == "ac" else 1.0
    return phases * bus.voltage_v * ratings["current_a"]


def carried_w(view: View, change: Change = AS_IS) -> Mapping[str, float]:
    """Return what sources and all that carries power carry, by the rules of this file [W].

    Args:
        view: the plant now.
        change: what is thought to be otherwise.
    """
    giving = sources(view, surely=True, change=change)
    giving |= {
        e.id: bus for bus in change.added for e in view.site.of_nature("ess") if bus in e.buses
    }
    holding, found = _trees(view, giving, change)
    drawn_w = _drawn(view, found, giving)
    for name, bus in giving.items():
        if not any(name in names for names in holding.values()):
            drawn_w[bus] = drawn_w.get(bus, 0.0) - _given_w(view, name)
    _, total_w = _summed(view, found, drawn_w)
    given_w: dict[str, float] = {}
    for root, names in holding.items():
        given_w |= _shares(view, names, total_w.get(root, 0.0))
    for names in holding.values():
        for name in names:
            drawn_w[giving[name]] = drawn_w.get(giving[name], 0.0) - given_w[name]
    carried, _ = _summed(view, found, drawn_w)
    return {name: abs(power_w) for name, power_w in (carried | given_w).items()}


def _summed(
    view: View, found: _Found, drawn_w: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return what every link carries towards what is drawn, and what every root gives [W]."""
    at_bus, carried, total_w = dict(drawn_w), dict[str, float](), dict[str, float]()
    for bus, (before, through) in reversed(found.items()):
        power_w = at_bus.get(bus, 0.0)
        if not through:
            total_w[bus] = power_w
            continue
        item = view.site.equipment[through]
        carried[through] = power_w
        if item.kind.role is Role.CONVERTER:
            power_w /= demand.efficiency_pu(item)
        at_bus[before] = at_bus.get(before, 0.0) + power_w
    return carried, total_w


_Found = dict[str, tuple[str, str]]


def _trees(
    view: View, giving: Mapping[str, str], change: Change
) -> tuple[dict[str, tuple[str, ...]], _Found]:
    """Return by root the sources that hold its net, and how power comes to every bus."""
    left, holding, found = dict(giving), dict[str, tuple[str, ...]](), _Found()
    for nature in STRONGEST:
        for name, bus in giving.items():
            if name not in left or view.site.equipment[name].nature != nature:
                continue
            tree = reach(view, [bus], surely=True, change=change)
            here = [n for n, at in left.items() if at in tree]
            like = [n for n in here if view.site.equipment[n].nature == nature]
            holding[bus] = tuple(like)
            # A net that a stronger source holds further up keeps what it has.
            found |= {b: way for b, way in tree.items() if b not in found}
            for other in here:
                del left[other]
    return holding, found


def _drawn(
    view: View, found: Mapping[str, tuple[str, str]], giving: Mapping[str, str]
) -> dict[str, float]:
    """Return what loads draw at every bus, split evenly over their live feeds [W].

    Storage that only follows counts with what it takes.
    """
    drawn: dict[str, float] = {}
    for load in _loads(view.site, view.points):
        live = [bus for bus in load.buses if bus in found]
        for bus in live:
            drawn[bus] = drawn.get(bus, 0.0) + demand.drawn_w(view, load) / len(live)
    for store in view.site.of_nature("ess"):
        bus = store.buses[0]
        if store.id not in giving:
            drawn[bus] = drawn.get(bus, 0.0) - _given_w(view, store.id)
    return drawn


def _given_w(view: View, name: str) -> float:
    """Return what a source gives that only follows, nothing when that is not known [W]."""
    return -(view.read(name, "power_w") or 0.0)


def _shares(view: View, holding: tuple[str, ...], power_w: float) -> dict[str, float]:
    """Return the power of a net by the sources that hold it, shared by what they can give [W]."""
    limits_w = {name: _limit_w(view, view.site.equipment[name]) for name in holding}
    total_w = sum(limits_w.values())
    return {
        name: power_w * (limit_w / total_w if total_w > 0.0 else 1.0 / len(limits_w))
        for name, limit_w in limits_w.items()
    }
