"""Interlocks: the last word on every switching action, as one table.

A row names what it forbids, for which actions, and says to a person what stands in the way. Rows
ask the image, never a controller's intention: whoever proposes, an automaton or a person, meets
the same rows. What cannot be read of the device itself, or of the voltages on its sides, counts as
the worst case; a fault flag of a *neighbour* that cannot be read does not forbid, so that one
silent meter does not keep a hall dark. The device's own 25 relay times a live-live close; a row
here only decides whether it may be asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.topology import Presence, once_per_site
from daemon.model.natures import Position, Role
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.commands import Proposal
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

LOW_VOLTAGE_V: Final = 1000.0
"""Below this, AC transformers are never paralleled (fault level). Source: own derivation."""

FAULT_TRIPS: Final = ("lockout_86", "trip_50", "trip_51", "trip_67", "trip_87")
"""Flags of a breaker that mean a fault behind it; 27, 32, 59 and 81 only tell of a lost source."""

CLOSE: Final = frozenset({"close", "close_in_sync"})
TRANSFER: Final = {"to_source_1": 0, "to_source_2": 1}


@dataclass(frozen=True, slots=True)
class Case:
    """One action before the interlocks.

    Attributes:
        view: the plant now.
        wish: the action proposed.
        under_way: action outstanding by equipment.
        by_person: whether a person asked for it.
    """

    view: View
    wish: Proposal
    under_way: Mapping[str, str]
    by_person: bool

    @property
    def item(self) -> Equipment:
        """Return the equipment concerned."""
        return self.view.site.equipment[self.wish.equipment]

    @property
    def sides(self) -> tuple[str, str]:
        """Return the buses on both sides of a breaker."""
        return self.item.buses[0], self.item.buses[1]

    def not_known(self, name: str, wanted: bool, equipment: str = "") -> bool:
        """Return whether a status that is served is not known to be `wanted`."""
        equipment = equipment or self.item.id
        served = self.view.points.find(equipment, name) is not None
        return served and self.view.status(equipment, name) is not wanted

    def presences(self) -> tuple[Presence, ...]:
        """Return what is known of the voltage on both sides of a breaker."""
        return tuple(self.view.topology.presence[bus] for bus in self.sides)

    def scheme(self) -> MainTieMainScheme | None:
        """Return the main-tie-main scheme the equipment belongs to."""
        return _belongs(self.view.site, self.view.points).get(self.item.id)

    def may_be_closed(self, equipment: str) -> bool:
        """Return whether another switch is or may be closed, or is about to be."""
        return self.view.position(equipment) is not Position.OPEN or (
            equipment != self.item.id and self.under_way.get(equipment) in CLOSE
        )


class Interlock(NamedTuple):
    """One row: what it is called, what it looks at, when it forbids, and what to tell a person."""

    name: str
    natures: frozenset[str]
    actions: frozenset[str]
    forbids: Callable[[Case], bool]
    because: str


class Verdict(NamedTuple):
    """Name of the row that refuses, or "" when all let the action pass, and the text for it."""

    refused_by: str
    text: str


@once_per_site
def _belongs(site: Site, points: PointTable) -> dict[str, MainTieMainScheme]:
    """Return the main-tie-main scheme of every switch and set that has one."""
    return {
        name: scheme
        for scheme in site.schemes.values()
        if isinstance(scheme, MainTieMainScheme)
        for name in (
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
def _touching(site: Site, points: PointTable) -> dict[str, tuple[str, ...]]:
    """Return the equipment that touches each bus."""
    return {
        bus: tuple(e.id for e in site.equipment.values() if bus in e.buses) for bus in site.buses
    }


@once_per_site
def _ties(site: Site, points: PointTable) -> frozenset[str]:
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


# -- predicates ----------------------------------------------------------------------------------


def _position_unknown(case: Case) -> bool:
    return case.view.position(case.item.id) not in {Position.OPEN, Position.CLOSED}


def _voltage_unknown(case: Case) -> bool:
    return Presence.UNKNOWN in case.presences()


def _live_live(case: Case) -> bool:
    return all(p is Presence.LIVE for p in case.presences())


def _fault_flag(case: Case) -> bool:
    return any(case.not_known(flag, False) for flag in (*FAULT_TRIPS, "failure_50bf"))


def _faulted_bus(case: Case) -> bool:
    """A relay on either section sees a fault, or a breaker that feeds it tripped on one."""
    view, section = case.view, case.view.topology.section
    joined = {section[bus] for bus in case.sides}
    for bus, number in section.items():
        if number in joined:
            for name in _touching(view.site, view.points)[bus]:
                if name != case.item.id and _tells_of_fault(view, name, bus):
                    return True
    return False


def _tells_of_fault(view: View, name: str, bus: str) -> bool:
    item = view.site.equipment[name]
    if item.nature == "relay":
        return any(view.status(name, p) for p in ("trip_87", "pickup_50", "pickup_51", "pickup_67"))
    return (
        item.nature == "breaker"
        and bus in _accused(view, item)
        and view.position(name) is not Position.CLOSED
        and any(view.status(name, flag) for flag in FAULT_TRIPS)
        and not _by_transformer(view, item)
    )


def _accused(view: View, breaker: Equipment) -> tuple[str, ...]:
    """Return the buses that a trip of a breaker tells of.

    That is its load side; what hangs on the source side is sound. It is the other way round when
    its relay saw the current flow towards the source (67). A tie has no fixed load side.
    """
    if breaker.id in _ties(view.site, view.points):
        return breaker.buses
    forward = any(view.status(breaker.id, flag) for flag in ("trip_50", "trip_51"))
    backward = view.status(breaker.id, "trip_67") is True and not forward
    return breaker.buses[:1] if backward else breaker.buses[1:]


def _by_transformer(view: View, breaker: Equipment) -> bool:
    """It was tripped by the 87T of the transformer it stands at: the fault is in there.

    The relay of a bus tells of a fault on the bus by itself.
    """
    touching = _touching(view.site, view.points)
    beside = {name for bus in breaker.buses for name in touching[bus]}
    others = ("trip_50", "trip_51", "trip_67")
    return (
        any(view.status(name, "trip_87t") for name in beside)
        and view.status(breaker.id, "trip_87") is True
        and not any(view.status(breaker.id, flag) for flag in others)
    )


def _backfeed(case: Case) -> bool:
    """A live side would be joined to a side from which a dead utility can be reached."""
    topology = case.view.topology
    for live, other in (case.sides, case.sides[::-1]):
        if topology.live(live) and not topology.live(other):
            reach = topology.reach[other]
            if any(
                topology.reach[u.buses[0]] == reach for u in case.view.site.of_nature("utility")
            ):
                return True
    return False


def fault_behind(view: View, switch: str) -> bool:
    """Return whether a fault may stand behind a transfer switch.

    A relay or breaker of its load section, a breaker that leaves its load bus, or the breaker of
    a feed tells of one: what that feed tripped on may lie behind the switch.
    """
    *feeds, load = view.site.equipment[switch].buses
    section, touching = view.topology.section, _touching(view.site, view.points)
    asked = [bus for bus, number in section.items() if number == section[load]] + feeds
    if any(_tells_of_fault(view, name, bus) for bus in asked for name in touching[bus]):
        return True
    return any(
        view.site.equipment[name].nature == "breaker"
        and any(view.status(name, flag) for flag in FAULT_TRIPS)
        for name in touching[load]
    )


def _closing_nearby(case: Case) -> bool:
    """Another close onto the same dead section is under way: two sources would meet there."""
    view, section = case.view, case.view.topology.section
    dead = {section[bus] for bus in case.sides if not view.topology.live(bus)}
    return any(
        action in {"close", *TRANSFER}
        and name != case.item.id
        and any(section[bus] in dead for bus in view.site.equipment[name].buses)
        for name, action in case.under_way.items()
    )


@once_per_site
def _machine_buses(site: Site, points: PointTable) -> frozenset[str]:
    """Return the terminals of machines that turn."""
    return frozenset(e.buses[0] for e in site.of_nature("generator", "gas_turbine", "smr"))


def _machine_at_rest(case: Case) -> bool:
    """A machine at its own terminals is not known to run: the grid would turn it."""
    own = _machine_buses(case.view.site, case.view.points)
    presence = case.view.topology.presence
    return any(presence[bus] is not Presence.LIVE for bus in case.sides if bus in own)


def _second_dead_bus_close(case: Case) -> bool:
    """Another set's breaker is closed, may be, or is about to be, while the bus looks dead."""
    scheme = case.scheme()
    if scheme is None or case.item.id not in scheme.sets.values():
        return False
    return any(case.may_be_closed(b) for b in scheme.sets.values() if b != case.item.id)


def _third_of_three(case: Case) -> bool:
    """Both others of two mains and the tie are or may be closed."""
    scheme = case.scheme()
    if scheme is None:
        return False
    three = (*(s.main for s in scheme.sections), scheme.tie)
    others = [b for b in three if b and b != case.item.id]
    return case.item.id in three and sum(map(case.may_be_closed, others)) >= 2


def _mains_and_generators(case: Case) -> bool:
    """Main and generator feeder of one section would both be closed without synchronism."""
    scheme = case.scheme()
    for section in scheme.sections if scheme else ():
        pair = {section.main: section.generator_feeder, section.generator_feeder: section.main}
        if case.item.id in pair:
            return case.may_be_closed(pair[case.item.id])
    return False


def _second_storage_feeder(case: Case) -> bool:
    scheme = case.scheme()
    feeders = scheme.storage_feeders if scheme else ()
    return case.item.id in feeders and any(
        case.may_be_closed(b) for b in feeders if b != case.item.id
    )


def _low_voltage_parallel(case: Case) -> bool:
    """It would join two transformers at low voltage, now or as soon as they have voltage again."""
    bus = case.view.site.buses[case.sides[0]]
    if bus.kind != "ac" or bus.voltage_v >= LOW_VOLTAGE_V:
        return False
    if case.wish.action == "close_in_sync":
        return True
    one, other = (_transformers_behind(case, side) for side in case.sides)
    return bool(one and other and len(one | other) > 1)


def _transformers_behind(case: Case, bus: str) -> set[str]:
    """Return the transformers that a bus has without this breaker, over all that may be closed."""
    site, touching = case.view.site, _touching(case.view.site, case.view.points)
    found: set[str] = set()
    seen, frontier = {bus}, [bus]
    while frontier:
        for name in touching[frontier.pop()]:
            item = site.equipment[name]
            if item.kind.role is Role.TRANSFORMER:
                found.add(name)
            elif item.nature == "breaker" and name != case.item.id and case.may_be_closed(name):
                frontier += [end for end in item.buses if end not in seen]
                seen.update(item.buses)
    return found


def _emergency_off(case: Case) -> bool:
    scheme = case.scheme()
    return case.not_known("emergency_off", False) or (
        scheme is not None and case.not_known("emergency_off", False, scheme.controller)
    )


def _under_maintenance(case: Case) -> bool:
    scheme = case.scheme()
    return scheme is not None and case.not_known("maintenance", False, scheme.controller)


def _last_feed(case: Case) -> bool:
    """A critical load is fed now and would not be without this breaker. Asked for people only."""
    if not case.by_person or not case.view.is_closed(case.item.id):
        return False
    lost = fed_buses(case.view) - fed_buses(case.view, without=case.item.id)
    fed = fed_buses(case.view) - lost
    return any(
        e.critical and lost.intersection(e.buses) and not fed.intersection(e.buses)
        for e in case.view.site.equipment.values()
    )


def fed_buses(view: View, without: str = "") -> set[str]:
    """Return the buses that a running source reaches through closed switches and converters.

    Storage is no source here: it empties.

    Args:
        view: the plant now.
        without: a switch to be thought open.
    """
    links: dict[str, list[str]] = {}
    for item in view.site.equipment.values():
        for a, b in _links(view, item) if item.id != without else ():
            links.setdefault(a, []).append(b)
    frontier = [
        bus
        for source, bus in view.topology.running.items()
        if view.site.equipment[source].kind.role is Role.SOURCE and not view.topology.dead(bus)
    ]
    fed = set(frontier)
    while frontier:
        for bus in links.get(frontier.pop(), ()):
            if bus not in fed:
                fed.add(bus)
                frontier.append(bus)
    return fed


def _links(view: View, item: Equipment) -> tuple[tuple[str, str], ...]:
    """Return the ways power may take through a piece of equipment, as (from, to)."""
    role = item.kind.role
    if role is Role.CONVERTER:
        return ((item.buses[0], item.buses[-1]),)
    if role is Role.TRANSFER:
        stage = view.stage(item.id, "connected")
        return tuple((item.buses[i], item.buses[-1]) for i in (0, 1) if stage == f"source_{i + 1}")
    if role is Role.TRANSFORMER or (role is Role.SWITCH and _is_through(view, item)):
        a, b = item.buses[0], item.buses[1]
        return (a, b), (b, a)
    return ()


def _is_through(view: View, item: Equipment) -> bool:
    if view.points.find(item.id, "position") is None:
        return item.normally != "open"
    return view.is_closed(item.id)


def _set_on_bus(case: Case) -> bool:
    scheme = case.scheme()
    return scheme is not None and case.may_be_closed(scheme.sets[case.item.id])


def _set_not_auto(case: Case) -> bool:
    served = case.view.points.find(case.item.id, "selector") is not None
    return served and case.view.stage(case.item.id, "selector") != "auto"


def _target(case: Case) -> str:
    return case.item.buses[TRANSFER[case.wish.action]]


def _target_not_live(case: Case) -> bool:
    return not case.view.topology.live(_target(case))


def _onto_island(case: Case) -> bool:
    """The load side is unknown, or has a source of its own beside the one through the switch."""
    topology, load = case.view.topology, case.item.buses[2]
    if topology.dead(load):
        return False
    return not topology.live(load) or load in fed_buses(case.view, without=case.item.id)


# -- the table -----------------------------------------------------------------------------------

_BREAKER: Final = frozenset({"breaker"})
_TRANSFER: Final = frozenset({"transfer_switch"})
_SET: Final = frozenset({"generator"})
_PLAIN: Final = frozenset({"close"})
_SYNC: Final = frozenset({"close_in_sync"})
_OPEN: Final = frozenset({"open"})
_MOVE: Final = frozenset(TRANSFER)
_ANY: Final = CLOSE | _OPEN | _MOVE

INTERLOCKS: Final[tuple[Interlock, ...]] = (
    Interlock(
        "local", _BREAKER | _TRANSFER, _ANY, lambda c: c.not_known("local", False),
        "the panel switch is on local (or cannot be read): set it to remote",
    ),
    Interlock(
        "emergency_off", _BREAKER | _SET, CLOSE | {"start"}, _emergency_off,
        "emergency power off or fire trip stands (or cannot be read): reset it at its button",
    ),
    Interlock(
        "maintenance", _BREAKER | _SET, CLOSE | {"start"}, _under_maintenance,
        "a maintenance tag is on the scheme (or cannot be read): take it off first",
    ),
    Interlock(
        "position_unknown", _BREAKER, CLOSE, _position_unknown,
        "its position is travelling, contradictory or not good: restore the indication",
    ),
    Interlock(
        "racked_out", _BREAKER, CLOSE, lambda c: c.not_known("racked_in", True),
        "the truck is not in service position: rack it in",
    ),
    Interlock(
        "spring_not_charged", _BREAKER, CLOSE, lambda c: c.not_known("spring_charged", True),
        "the closing spring is not charged: wait, or charge it by hand",
    ),
    Interlock(
        "protection_trip", _BREAKER, CLOSE, _fault_flag,
        "it tripped on a fault, 86 or 50BF stands: find the fault and reset",
    ),
    Interlock(
        "faulted_bus", _BREAKER, CLOSE, _faulted_bus,
        "bus protection operated or a feeder of this bus tripped on a fault: clear and reset it",
    ),
    Interlock(
        "earthed", _BREAKER, CLOSE, lambda c: Presence.EARTHED in c.presences(),
        "one side is earthed (or its earthing switch cannot be read): open the earthing switch",
    ),
    Interlock(
        "voltage_unknown", _BREAKER, CLOSE, _voltage_unknown,
        "the voltage of one side is not known, or its measurements disagree: check them",
    ),
    Interlock(
        "second_storage_feeder", _BREAKER, CLOSE, _second_storage_feeder,
        "the storage is joined to the other section: open that feeder first",
    ),
    Interlock(
        "live_live", _BREAKER, _PLAIN, _live_live,
        "both sides are live: use close_in_sync",
    ),
    Interlock(
        "not_live_live", _BREAKER, _SYNC, lambda c: not _live_live(c),
        "one side is not live, there is nothing to synchronise with: use close",
    ),
    Interlock(
        "no_sync_check", _BREAKER, _SYNC, lambda c: c.view.read(c.item.id, "sync_25") is None,
        "it has no synchronism check (25) that can be read: transfer open",
    ),
    Interlock(
        "backfeed", _BREAKER, CLOSE, _backfeed,
        "it would feed a utility that is dead: open the intake first",
    ),
    Interlock(
        "closing_nearby", _BREAKER, CLOSE, _closing_nearby,
        "another switch is closing onto the same dead bus: wait for it",
    ),
    Interlock(
        "machine_at_rest", _BREAKER, _PLAIN, _machine_at_rest,
        "the machine behind it does not run, and would be turned by the bus: start it first",
    ),
    Interlock(
        "second_dead_bus_close", _BREAKER, _PLAIN, _second_dead_bus_close,
        "another set is closed or closing onto this bus: use close_in_sync once the bus is live",
    ),
    Interlock(
        "third_of_three", _BREAKER, _PLAIN, _third_of_three,
        "both others of two mains and the tie are closed: open one, or use close_in_sync",
    ),
    Interlock(
        "mains_and_generators", _BREAKER, _PLAIN, _mains_and_generators,
        "main and generator feeder of a section exclude each other: open the other first",
    ),
    Interlock(
        "low_voltage_parallel", _BREAKER, CLOSE, _low_voltage_parallel,
        "transformers are never paralleled at low voltage: open one of them first",
    ),
    Interlock(
        "last_feed", _BREAKER, _OPEN, _last_feed,
        "it is the last feed of a critical load: transfer the load, or declare it shed",
    ),
    Interlock(
        "target_not_live", _TRANSFER, _MOVE, _target_not_live,
        "the source to go to is not known to be live: wait for it",
    ),
    Interlock(
        "faulted_load", _TRANSFER, _MOVE, lambda c: fault_behind(c.view, c.item.id),
        "a fault stands behind it, or its feed tripped on one: clear and reset it",
    ),
    Interlock(
        "onto_island", _TRANSFER, _MOVE, _onto_island,
        "its load side has a source of its own, or is unknown: open the breaker behind it first",
    ),
    Interlock(
        "set_not_auto", _SET, frozenset({"start", "stop"}), _set_not_auto,
        "the selector of the set is not on auto (or cannot be read): set it to auto",
    ),
    Interlock(
        "set_not_available", _SET, frozenset({"start"}),
        lambda c: c.not_known("available", True),
        "the set reports that it cannot be started: look at its panel",
    ),
    Interlock(
        "set_on_bus", _SET, frozenset({"stop"}), _set_on_bus,
        "the breaker of the set is or may be closed: unload and open it first",
    ),
)  # fmt: skip
"""Every rule, in the order in which a person would want to be told."""

ONLY_BY_PERSON: Final = frozenset(
    {
        "local",
        "emergency_off",
        "maintenance",
        "racked_out",
        "protection_trip",
        "faulted_bus",
        "earthed",
    }
)
"""Rows that refuse until somebody has been there: it is of no use to wait for them."""

_BY_ACTION: Final[Mapping[tuple[str, str], tuple[Interlock, ...]]] = {
    (nature, action): tuple(r for r in INTERLOCKS if nature in r.natures and action in r.actions)
    for nature in {n for r in INTERLOCKS for n in r.natures}
    for action in {a for r in INTERLOCKS for a in r.actions}
}


def check(case: Case) -> Verdict:
    """Return the first row that forbids an action, or a verdict that lets it pass."""
    rows = _BY_ACTION.get((case.item.nature, case.wish.action), ())
    for row in rows:
        if row.forbids(case):
            return Verdict(row.name, f"{case.item.id} {case.wish.action} refused: {row.because}")
    return Verdict("", f"passed {len(rows)} interlocks")


def barred(case: Case) -> bool:
    """Return whether a row forbids an action that only a person can lift."""
    rows = _BY_ACTION.get((case.item.nature, case.wish.action), ())
    return any(row.name in ONLY_BY_PERSON and row.forbids(case) for row in rows)
