"""Does the power balance close, with everything in service and in the declared N-1 cases?

Every bus is fed over its cheapest path: without starting a standby source if possible, then with
the fewest switching actions, then over the fewest pieces of equipment. These paths form trees, and
the rated demand of the loads is summed up from the leaves to the sources. A load with two feeds
takes half from each that is fed, so that the loss of one side shows on the other. Converters add
what they lose, transformers their iron and copper losses.

Counted as sources are those that can hold an island alone: utilities and generating sets. What
follows a grid (photovoltaics, gas turbine, reactor) and what is stored are no answer to a lasting
loss, so they are left out. Sets that can reach each other over breakers share what they carry.

This is a nameplate check by sums of active power at one power factor, no load flow.
Source: own derivation.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.natures import Role
from daemon.settings.checks.connections import links
from daemon.settings.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from daemon.model.plant import Equipment, Site
    from daemon.settings.findings import Location
    from daemon.settings.forms import BalanceForm

_FORMING: Final = frozenset({"utility", "generator"})
_ROUNDING_PU: Final = 1e-9
_RATED_AT_INPUT: Final = frozenset({"hvdc"})  # its modules are limited by the current they take


class Feed(NamedTuple):
    """How a bus is fed: over `item` from bus `source`, in a tree that starts at bus `root`."""

    item: Equipment | None
    source: str
    root: str


class Loading(NamedTuple):
    """What equipment carries, and what it may."""

    carried_va: float
    rating_va: float

    @property
    def share_pu(self) -> float:
        """Return the loading by rating."""
        return self.carried_va / self.rating_va


class Flow(NamedTuple):
    """The answer for one case.

    Attributes:
        demand_w: power by bus at which it is needed, losses of what lies behind it included.
        loading: of sources, transformers and converters that carry anything, by id.
        unfed: loads without any path to a source.
        switched_w: what goes through switches and transfer switches, by id; of sources that share
            what they carry, one stands for all.
    """

    demand_w: Mapping[str, float]
    loading: Mapping[str, Loading]
    unfed: tuple[Equipment, ...]
    switched_w: Mapping[str, float]


def check_balance(site: Site, balance: BalanceForm) -> Iterator[Finding]:
    """Yield the cases in which a load has no source or something carries more than its rating."""
    yield from _check_case(site, balance, (), ("balance",))
    for i, case in enumerate(balance.n_minus_1):
        yield from _check_case(site, balance, case, ("balance", "n_minus_1", i))


def _check_case(
    site: Site, balance: BalanceForm, out: Collection[str], at: Location
) -> Iterator[Finding]:
    case = f"without {' and '.join(out)}" if out else "with everything in service"
    flow = carry(site, balance, out)
    for load in flow.unfed:
        if load.critical or not out:
            yield Finding(at, f"{case}, no source reaches {load.id}", at_key=True)
    for id_, loading in flow.loading.items():
        if loading.share_pu > 1.0 + _ROUNDING_PU:
            carried, rating = loading.carried_va / 1e6, loading.rating_va / 1e6
            text = f"{case}, {id_} carries {carried:.2f} MVA of {rating:.2f} MVA"
            yield Finding(at, f"{text} ({loading.share_pu:.0%})", at_key=True)


def carry(site: Site, balance: BalanceForm, out: Collection[str] = ()) -> Flow:
    """Return what everything carries at rated demand with some equipment out of service."""
    feeds = _feed_buses(site, out)
    demand_w = {bus: balance.unlisted_w.get(bus, 0.0) for bus in feeds}
    unfed = []
    for load in _loads(site, out):
        fed = [bus for bus in load.buses if bus in feeds]
        factor = balance.demand_factor.get(load.id, balance.demand_factor.get(load.nature, 1.0))
        for bus in fed:
            demand_w[bus] += load.ratings["power_w"] * factor / len(fed)
        if not fed:
            unfed.append(load)
    loading: dict[str, Loading] = {}
    switched_w: dict[str, float] = {}
    for bus, feed in reversed(feeds.items()):  # leaves first
        if feed.item is not None and demand_w[bus]:
            taken_w, carried = _through(feed.item, demand_w[bus], balance.power_factor_pu)
            demand_w[feed.source] += taken_w
            if carried:
                loading[feed.item.id] = carried
            elif feed.item.kind.role in {Role.SWITCH, Role.TRANSFER}:
                switched_w[feed.item.id] = taken_w
    loading |= _sources(site, out, feeds, demand_w, balance.power_factor_pu)
    return Flow(demand_w, loading, tuple(unfed), switched_w)


def _loads(site: Site, out: Collection[str]) -> list[Equipment]:
    """Return the loads that draw power: those standing by do not."""
    return [
        item
        for item in site.equipment.values()
        if item.kind.role is Role.LOAD and item.normally == "in_service" and item.id not in out
    ]


def _feed_buses(site: Site, out: Collection[str]) -> dict[str, Feed]:
    """Return how each bus is fed, in the order in which the paths grow from the sources."""
    ways: dict[str, list[tuple[Equipment, str, int]]] = {}
    paths: list[tuple[tuple[int, int, int], int, str, Feed]] = []
    for item in site.equipment.values():
        if item.id in out:
            continue
        for i, (source, load) in enumerate(links(item.kind.role, item.buses)):
            ways.setdefault(source, []).append((item, load, _switchings(item, i)))
        if item.nature in _FORMING:
            standby = int(item.normally != "in_service")
            bus = item.buses[0]
            paths.append(((standby, 0, 0), len(paths), bus, Feed(None, bus, bus)))
    heapq.heapify(paths)
    count = len(paths)
    feeds: dict[str, Feed] = {}
    while paths:
        (standby, switchings, hops), _, bus, feed = heapq.heappop(paths)
        if bus in feeds:
            continue
        feeds[bus] = feed
        for item, load, more in ways.get(bus, ()):
            cost = (standby, switchings + more, hops + 1)
            heapq.heappush(paths, (cost, count, load, Feed(item, bus, feed.root)))
            count += 1  # the order of the file decides between equals
    return feeds


def _switchings(item: Equipment, way: int) -> int:
    """Return how many actions make a way through equipment conduct."""
    if item.kind.role is Role.SWITCH:
        return int(item.normally != "closed")
    if item.kind.role is Role.TRANSFER:
        return int(item.normally != f"source_{way + 1}")
    return 0


def _through(item: Equipment, given_w: float, power_factor: float) -> tuple[float, Loading | None]:
    """Return what equipment takes to give `given_w` [W], and its loading if it has a rating."""
    ratings = item.ratings
    match item.kind.role:
        case Role.TRANSFORMER:
            share = given_w / power_factor / ratings["power_va"]
            taken_w = given_w + ratings["no_load_loss_w"] + share**2 * ratings["load_loss_w"]
            return taken_w, Loading(taken_w / power_factor, ratings["power_va"])
        case Role.CONVERTER:
            taken_w = given_w / ratings.get("efficiency_pu", 1.0)
            judged_w = taken_w if item.nature in _RATED_AT_INPUT else given_w
            return taken_w, Loading(judged_w, ratings["power_w"])
        case _:
            return given_w, None


def _sources(
    site: Site,
    out: Collection[str],
    feeds: Mapping[str, Feed],
    demand_w: Mapping[str, float],
    power_factor: float,
) -> dict[str, Loading]:
    """Return the loading of the sources at the roots; those that work together share theirs."""
    loading: dict[str, Loading] = {}
    for root in dict.fromkeys(feed.root for feed in feeds.values()):
        if not demand_w[root]:
            continue
        group = _together(site, out, root)
        rating_va = sum(
            min(e.ratings["power_va"], e.ratings.get("power_w", float("inf")) / power_factor)
            for e in group
        )
        name = ", ".join(source.id for source in group)
        before_va = loading[name].carried_va if name in loading else 0.0
        loading[name] = Loading(before_va + demand_w[root] / power_factor, rating_va)
    return loading


def _together(site: Site, out: Collection[str], root: str) -> list[Equipment]:
    """Return the sources that feed one system: utilities alone, sets over breakers between them."""
    here = [e for e in site.of_nature(*_FORMING) if e.id not in out]
    first = [e for e in here if e.buses[0] == root]
    if any(e.nature == "utility" for e in first):
        return first
    joined = {root}
    switches = [
        e for e in site.equipment.values() if e.kind.role is Role.SWITCH and e.id not in out
    ]
    grown = True
    while grown:
        before = len(joined)
        for switch in switches:
            if joined.intersection(switch.buses):
                joined.update(switch.buses)
        grown = len(joined) > before
    return [e for e in here if e.nature == "generator" and e.buses[0] in joined]
