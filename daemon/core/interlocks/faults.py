"""Where a fault may stand: what relays, trips and lock-outs of the neighbourhood tell of.

A fault stands on a section when a relay there says so, when a breaker that feeds it tripped on one,
when a transformer at it tripped by its own 87T, or when a converter reports a fault of a pole. What
gets voltage by a close is looked at through its transformers as well; what is live already only as
far as its own section: a fault beyond a transformer would have been cleared there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks.drawn import ties, touching
from daemon.model.natures import Position, Role

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case
    from daemon.core.view import View
    from daemon.model.plant import Equipment

FAULT_TRIPS: Final = ("lockout_86", "trip_50", "trip_51", "trip_67", "trip_87")
"""Flags of a breaker that mean a fault behind it; 27, 32, 59 and 81 only tell of a lost source."""


def tripped(case: Case) -> bool:
    """Return whether the breaker itself tripped on a fault, or may have."""
    return any(case.not_known(flag, False) for flag in (*FAULT_TRIPS, "failure_50bf"))


def faulted_bus(case: Case) -> bool:
    """Something at what the action would join, or give voltage, tells of a fault there."""
    view, beside = case.view, touching(case.view.site, case.view.points)
    asked = {
        bus
        for side in case.sides
        for bus in _joined(view, side, beyond_transformers=not view.topology.live(side))
    }
    return any(
        name != case.item.id and _tells_of_fault(view, name, bus)
        for bus in asked
        for name in beside[bus]
    )


def _joined(view: View, bus: str, *, beyond_transformers: bool) -> set[str]:
    """Return the buses that are joined to a bus by whatever is not known to be open."""
    beside, seen, frontier = touching(view.site, view.points), {bus}, [bus]
    while frontier:
        here = frontier.pop()
        for name in beside[here]:
            item = view.site.equipment[name]
            for end in _ends(view, item, here, beyond_transformers):
                if end not in seen:
                    seen.add(end)
                    frontier.append(end)
    return seen


def _ends(view: View, item: Equipment, bus: str, beyond_transformers: bool) -> tuple[str, ...]:
    """Return the buses that equipment joins to one of its own, or may."""
    role = item.kind.role
    if role is Role.TRANSFORMER:
        return item.buses if beyond_transformers else ()
    if role is Role.TRANSFER:
        stands = view.stage(item.id, "connected")
        poles = {"source_1": item.buses[:1], "source_2": item.buses[1:2], "open": ()}
        joined = (*poles.get(stands or "", item.buses[:2]), item.buses[2])
        return joined if bus in joined else ()
    if role is not Role.SWITCH:
        return ()
    if view.points.find(item.id, "position") is None:
        return item.buses if item.normally != "open" else ()
    return () if view.is_open(item.id) else item.buses


def _tells_of_fault(view: View, name: str, bus: str) -> bool:
    item = view.site.equipment[name]
    if item.nature == "relay":
        return any(view.status(name, p) for p in ("trip_87", "pickup_50", "pickup_51", "pickup_67"))
    if item.nature == "transformer":
        return view.status(name, "trip_87t") is True
    if item.nature == "hvdc":
        return bus == item.buses[1] and view.status(name, "pole_fault") is True
    return (
        item.nature == "breaker"
        and view.position(name) is not Position.CLOSED
        and any(view.status(name, flag) for flag in FAULT_TRIPS)
        and bus in _accused(view, item)
        and not _by_transformer(view, item)
    )


def _accused(view: View, breaker: Equipment) -> tuple[str, ...]:
    """Return the buses that a trip of a breaker tells of.

    That is its load side; what hangs on the source side is sound. It is the other way round when
    its relay saw the current flow towards the source (67), or when a differential relay alone has
    tripped it (87) and one has its zone at the source side and none at the load side: also when
    that relay has been reset and only the breaker is still locked out. A tie has no fixed load
    side.
    """
    if breaker.id in ties(view.site, view.points):
        return breaker.buses
    forward = any(view.status(breaker.id, flag) for flag in ("trip_50", "trip_51"))
    backward = view.status(breaker.id, "trip_67") is True
    if view.status(breaker.id, "trip_87") and not backward:
        source, *load = (_in_a_zone(view, bus) for bus in breaker.buses)
        backward = source and not any(load)
    return breaker.buses[:1] if backward and not forward else breaker.buses[1:]


def _in_a_zone(view: View, bus: str) -> bool:
    """Return whether a differential relay looks at a bus: of the bus itself or of a transformer."""
    return any(
        view.points.find(name, point) is not None
        for name in touching(view.site, view.points)[bus]
        for nature, point in (("relay", "trip_87"), ("transformer", "trip_87t"))
        if view.site.equipment[name].nature == nature
    )


def _by_transformer(view: View, breaker: Equipment) -> bool:
    """It was tripped by the 87T of the transformer it stands at: the fault is in there.

    The relay of a bus tells of a fault on the bus by itself.
    """
    around = touching(view.site, view.points)
    beside = {name for bus in breaker.buses for name in around[bus]}
    others = ("trip_50", "trip_51", "trip_67")
    return (
        any(view.status(name, "trip_87t") for name in beside)
        and view.status(breaker.id, "trip_87") is True
        and not any(view.status(breaker.id, flag) for flag in others)
    )


def fault_behind(view: View, switch: str) -> bool:
    """Return whether a fault may stand behind a transfer switch.

    A relay or breaker of its load section, a breaker that leaves its load bus, or the breaker of
    a feed tells of one: what that feed tripped on may lie behind the switch.
    """
    *feeds, load = view.site.equipment[switch].buses
    beside = touching(view.site, view.points)
    asked = {*_joined(view, load, beyond_transformers=False), *feeds}
    if any(_tells_of_fault(view, name, bus) for bus in asked for name in beside[bus]):
        return True
    return any(
        view.site.equipment[name].nature == "breaker"
        and any(view.status(name, flag) for flag in FAULT_TRIPS)
        for name in beside[load]
    )
