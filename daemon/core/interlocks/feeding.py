"""Who is fed, and by what: the last feed of a critical load is not opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.model.natures import Role

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case
    from daemon.core.view import View
    from daemon.model.plant import Equipment


def last_feed(case: Case) -> bool:
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
