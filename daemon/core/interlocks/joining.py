"""What a close would join: two sources, a dead utility, a third of three, two transformers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from daemon.core.feeding import Change, fed_buses
from daemon.core.interlocks.case import TRANSFER, carries_though_open
from daemon.core.interlocks.drawn import touching, utilities
from daemon.core.topology import Presence
from daemon.model.natures import Position, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.interlocks.case import Case

ENERGISING: Final = frozenset({"close", "grid_forming", *TRANSFER})
"""Actions that may bring voltage to a dead bus."""
LOW_VOLTAGE_V: Final = 1000.0
"""Below this, AC transformers are never paralleled (fault level). Source: own derivation."""
_SEEN: Final = frozenset({Position.OPEN, Position.CLOSED})


def live_live(case: Case) -> bool:
    """Both sides have voltage."""
    return all(p is Presence.LIVE for p in case.presences())


def backfeed(case: Case) -> bool:
    """Voltage would come to a side from which a dead utility can be reached."""
    topology = case.view.topology
    one, other = case.sides
    dead = [b for a, b in ((one, other), (other, one)) if _gives(case, a) and not topology.live(b)]
    reached = {topology.reach[bus] for bus in dead}
    return any(
        topology.reach[u.buses[0]] in reached for u in utilities(case.view.site, case.view.points)
    )


def _gives(case: Case, bus: str) -> bool:
    """Return whether voltage would come from a bus: it is live, or the storage there forms."""
    return case.item.kind.role is Role.STORAGE or case.view.topology.live(bus)


def closing_nearby(case: Case) -> bool:
    """Another close onto the same dead bus is under way: two sources would meet there.

    So they would over one breaker that shows open and is not: while all is dead no voltage tells.
    """
    view, reach = case.view, case.view.topology.reach
    dead = {reach[bus] for bus in case.sides if not view.topology.live(bus)}
    forming = any(
        formed.order == "grid_forming" and reach[bus] in dead and formed.store != case.item.id
        for bus, formed in view.facts.formed.items()
    )
    others = [
        (action, name, view.site.equipment[name].buses)
        for name, action in case.under_way.items()
        if name != case.item.id
    ]
    return (
        forming
        or any(
            any(reach[bus] in dead for bus in buses)
            and (action in ENERGISING or _may_yet_close(case, name, action))
            for action, name, buses in others
        )
        or any(
            action in ENERGISING and _meet_over_one(case, dead, buses)
            for action, _, buses in others
        )
    )


def _may_yet_close(case: Case, name: str, action: str) -> bool:
    """Return whether a breaker that is not told to close plainly may bring voltage all the same.

    What seeks synchronism finds none with a dead bus; once it moves nothing holds it. What was told
    to close and then to open again may do both.
    """
    view = case.view
    if view.is_open(name):
        return False
    live = any(map(view.topology.live, view.site.equipment[name].buses))
    return action == "close_in_sync" or (action == "open" and live)


def _meet_over_one(case: Case, dead: set[int], buses: tuple[str, ...]) -> bool:
    """Return whether one breaker alone keeps another close, from another source, from this one."""
    view, reach = case.view, case.view.topology.reach
    ours, theirs = _may_give(case, case.sides), _may_give(case, buses)
    if not ours or not theirs or ours & theirs:
        return False
    # While it travels both its sides are one reach: the one that it brings voltage to counts.
    onto = {reach[bus] for bus in buses if not view.topology.live(bus)}
    return any(
        {reach[item.buses[0]], reach[item.buses[1]]} & dead
        and {reach[item.buses[0]], reach[item.buses[1]]} & onto
        for item in view.site.of_nature("breaker")
        if item.id != case.item.id
    )


def _may_give(case: Case, buses: tuple[str, ...]) -> set[int]:
    """Return where voltage comes from at some buses: they are live, or a utility is there.

    One that is dead may be back before what has been told to close has closed.
    """
    view, reach = case.view, case.view.topology.reach
    there = {reach[u.buses[0]] for u in utilities(view.site, view.points)}
    return {reach[bus] for bus in buses if view.topology.live(bus) or reach[bus] in there}


def second_dead_bus_close(case: Case) -> bool:
    """Another set's breaker is closed, may be, or is about to be, while the bus looks dead."""
    scheme = case.scheme()
    if scheme is None or case.item.id not in scheme.sets.values():
        return False
    return any(case.may_be_closed(b) for b in scheme.sets.values() if b != case.item.id)


def third_of_three(case: Case) -> bool:
    """Both others of two mains and the tie are or may be closed; or of two feeders and the tie."""
    return any(True for _ in _beside_in_three(case))


def _beside_in_three(case: Case) -> Iterator[tuple[str, ...]]:
    """Yield the others of two mains and the tie, or two feeders and the tie, that may be closed."""
    scheme = case.scheme()
    if scheme is None or not scheme.tie:
        return
    mains = (*(s.main for s in scheme.sections), scheme.tie)
    feeders = (*(s.generator_feeder for s in scheme.sections), scheme.tie)
    for three in (mains, feeders):
        others = tuple(b for b in three if b != case.item.id and case.may_be_closed(b))
        if case.item.id in three and len(others) >= 2:
            yield others


def mains_and_generators(case: Case) -> bool:
    """Main and generator feeder of one section would both be closed."""
    return any(map(case.may_be_closed, _beside_in_section(case)))


def _beside_in_section(case: Case) -> tuple[str, ...]:
    """Return the generator feeder beside a main, and the main beside a generator feeder."""
    scheme = case.scheme()
    for section in scheme.sections if scheme else ():
        pair = {section.main: section.generator_feeder, section.generator_feeder: section.main}
        if case.item.id in pair:
            return (pair[case.item.id],)
    return ()


def endless_overlap(case: Case) -> bool:
    """Two sources would stay in parallel: nobody is there to end the overlap.

    The scheme that asks for it parts what it has joined; a person's close is parted by it only
    while the scheme is on auto, in the daemon's hands, knows where it stands, and sees what would
    be in parallel: a main behind a silent gateway is not seen to be one. And two overlaps at once
    last longer than each: while one section changes over, no other one joins its two sources. Nor
    is it seen what the intake would be in parallel with, where the board is live and nothing that
    is known feeds it: then a breaker shows open and is not, a main or the intake itself.
    """
    scheme = case.scheme()
    if scheme is None:
        return False
    if case.item.id == scheme.intake:
        return _fed_unseen(case, case.item.buses[1])
    beside = _joined_beside(case)
    if not beside:
        return False
    if any(_overlaps(case, name) for name in case.under_way if name != case.item.id):
        return True
    if not case.by_person:
        return False
    view = case.view
    stage = view.facts.stages.get(scheme.id, "unjudged")
    return (
        scheme.authority != "daemon"
        or view.stage(scheme.controller, "selector") != "auto"
        or stage in {"unjudged", "lockout"}
        or any(view.position(b) not in _SEEN for b in beside)
    )


def _joined_beside(case: Case) -> set[str]:
    """Return what would be in parallel with a breaker of a scheme once it is closed."""
    beside = {b for three in _beside_in_three(case) for b in three}
    for breaker in _beside_in_section(case):
        if case.may_be_closed(breaker) or carries_though_open(case.view, breaker):
            beside.add(breaker)
    return beside | _on_both_sides(case)


def _on_both_sides(case: Case) -> set[str]:
    """Return the mains and generator feeders that a tie would join, if it would join both sorts."""
    scheme = case.scheme()
    if scheme is None or case.item.id != scheme.tie:
        return set()
    return {
        breaker
        for one in scheme.sections
        for other in scheme.sections
        if one is not other and all(map(case.may_be_closed, (one.main, other.generator_feeder)))
        for breaker in (one.main, other.generator_feeder)
    }


def _fed_unseen(case: Case, bus: str) -> bool:
    """Return whether a bus is live, and nothing that is known may be what feeds it."""
    alone = Change(cut=frozenset({case.item.id}))
    return case.view.topology.live(bus) and bus not in fed_buses(
        case.view, surely=False, change=alone
    )


def _overlaps(case: Case, name: str) -> bool:
    """Return whether another breaker of the scheme is about to close beside what is closed."""
    if case.under_way[name] != "close_in_sync":
        return False
    other = replace(case, wish=replace(case.wish, equipment=name))
    return other.scheme() is case.scheme() and bool(_joined_beside(other))


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
