"""What a close would join: two sources, a dead utility, a third of three, two transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks.case import TRANSFER
from daemon.core.interlocks.drawn import machine_buses, touching
from daemon.core.topology import Presence
from daemon.model.natures import Role

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case

LOW_VOLTAGE_V: Final = 1000.0
"""Below this, AC transformers are never paralleled (fault level). Source: own derivation."""


def live_live(case: Case) -> bool:
    """Both sides have voltage."""
    return all(p is Presence.LIVE for p in case.presences())


def backfeed(case: Case) -> bool:
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


def closing_nearby(case: Case) -> bool:
    """Another close onto the same dead section is under way: two sources would meet there."""
    view, section = case.view, case.view.topology.section
    dead = {section[bus] for bus in case.sides if not view.topology.live(bus)}
    return any(
        action in {"close", *TRANSFER}
        and name != case.item.id
        and any(section[bus] in dead for bus in view.site.equipment[name].buses)
        for name, action in case.under_way.items()
    )


def machine_at_rest(case: Case) -> bool:
    """A machine at its own terminals is not known to run: the grid would turn it."""
    own = machine_buses(case.view.site, case.view.points)
    presence = case.view.topology.presence
    return any(presence[bus] is not Presence.LIVE for bus in case.sides if bus in own)


def second_dead_bus_close(case: Case) -> bool:
    """Another set's breaker is closed, may be, or is about to be, while the bus looks dead."""
    scheme = case.scheme()
    if scheme is None or case.item.id not in scheme.sets.values():
        return False
    return any(case.may_be_closed(b) for b in scheme.sets.values() if b != case.item.id)


def third_of_three(case: Case) -> bool:
    """Both others of two mains and the tie are or may be closed."""
    scheme = case.scheme()
    if scheme is None:
        return False
    three = (*(s.main for s in scheme.sections), scheme.tie)
    others = [b for b in three if b and b != case.item.id]
    return case.item.id in three and sum(map(case.may_be_closed, others)) >= 2


def mains_and_generators(case: Case) -> bool:
    """Main and generator feeder of one section would both be closed without synchronism."""
    scheme = case.scheme()
    for section in scheme.sections if scheme else ():
        pair = {section.main: section.generator_feeder, section.generator_feeder: section.main}
        if case.item.id in pair:
            return case.may_be_closed(pair[case.item.id])
    return False


def second_storage_feeder(case: Case) -> bool:
    """The storage would be joined to both sections."""
    scheme = case.scheme()
    feeders = scheme.storage_feeders if scheme else ()
    return case.item.id in feeders and any(
        case.may_be_closed(b) for b in feeders if b != case.item.id
    )


def low_voltage_parallel(case: Case) -> bool:
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
    site, beside = case.view.site, touching(case.view.site, case.view.points)
    found: set[str] = set()
    seen, frontier = {bus}, [bus]
    while frontier:
        for name in beside[frontier.pop()]:
            item = site.equipment[name]
            if item.kind.role is Role.TRANSFORMER:
                found.add(name)
            elif item.nature == "breaker" and name != case.item.id and case.may_be_closed(name):
                frontier += [end for end in item.buses if end not in seen]
                seen.update(item.buses)
    return found
