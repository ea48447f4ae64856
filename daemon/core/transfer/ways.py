"""The ways in which a section of a board may be fed now, best first.

A way that the interlocks refuse is none, and neither is a breaker that has just failed to close.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.facts import Health
from daemon.core.interlocks import Case, barred, check
from daemon.core.transfer import rows
from daemon.core.transfer.board import MOVING
from daemon.core.transfer.section import Stage
from daemon.model.commands import Proposal
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.transfer.board import Scan, SectionState
    from daemon.core.view import View
    from daemon.model.plant import Section

OPEN_TRANSITION: Final = ("no_sync_check", "low_voltage_parallel")
"""Interlocks that refuse a closed transition and say to go with a gap."""


def on_mains(view: View, bus: str) -> bool:
    """Return whether a bus is live from a utility that is healthy."""
    supply = view.facts.supply
    return view.topology.live(bus) and any(
        supply.feeds.get(s) is Health.HEALTHY for s in view.topology.sources(bus)
    )


def _failed(state: SectionState, breaker: str) -> bool:
    return any(name == breaker for name, _ in state.failed)


def _case(scan: Scan, breaker: str, action: str = "close") -> Case:
    wish = Proposal(breaker, "command", action, 0.0, scan.scheme.id, "")
    return Case(scan.view, wish, {}, by_person=False)


def manner(view: View, bus: str) -> str:
    """Return how a breaker closes onto a section: in step where storage holds it."""
    return "close_in_sync" if bus in view.facts.formed and view.topology.live(bus) else "close"


def between_references(view: View, bus: str) -> bool:
    """Return whether storage is about to hold a section, or to let go of it."""
    held = view.facts.formed.get(bus)
    return held is not None and bool(held.order)


def permitted(scan: Scan, state: SectionState, breaker: str, action: str = "close") -> bool:
    """Return whether a breaker has not just failed to close and the interlocks let it."""
    return not _failed(state, breaker) and not check(_case(scan, breaker, action)).refused_by


def from_mains(scan: Scan, i: int, state: SectionState) -> bool:
    """Return whether an awaiting section may be given to its own main, as far as that goes."""
    drawn = scan.scheme.sections[i]
    if between_references(scan.view, drawn.bus):
        return False
    return permitted(scan, state, drawn.main, manner(scan.view, drawn.bus))


def from_island(scan: Scan, i: int, state: SectionState) -> bool:
    """Return whether an awaiting section may be fed by the sources of the site, sets being none.

    Sets and such an island never feed one section together, nor two by turns: whoever has it keeps
    it until it is lost.
    """
    view, island = scan.view, scan.view.facts.island
    if view.facts.sets.on_bus or not _its_turn(scan, i):
        return False
    source = view.site.equipment[scan.scheme.sections[i].main].buses[0]
    joined = view.topology.live(source) and not {*island.sources}.isdisjoint(
        view.topology.sources(source)
    )
    alone = all(s.stage is not Stage.CLOSING_MAIN for s in scan.state.sections)
    return joined and alone and rows.load_fits(scan, i) and from_mains(scan, i, state)


def may_part(scan: Scan, breaker: str) -> bool:
    """Return whether the interlocks let a breaker open."""
    return not check(_case(scan, breaker, "open")).refused_by


def is_last_feed(scan: Scan, breaker: str) -> bool:
    """Return whether the interlocks keep a breaker closed because something would lose its feed."""
    return check(_case(scan, breaker, "open")).refused_by == "last_feed"


def may_join(scan: Scan) -> bool:
    """Return whether it is known what the intake would join to the utility in synchronism.

    Onto a dead bus it joins nothing: another row refuses to synchronise with that.
    """
    return check(_case(scan, scan.scheme.intake, "close_in_sync")).refused_by != "endless_overlap"


def is_charged(scan: Scan) -> bool:
    """Return whether the interlocks do not say of the intake that its spring is not charged."""
    return check(_case(scan, scan.scheme.intake)).refused_by != "spring_not_charged"


def may_return(scan: Scan, i: int, state: SectionState) -> bool:
    """Return whether it is time for the main to close beside the alternate, or after a gap."""
    if not _its_turn(scan, i):
        return False
    main = scan.scheme.sections[i].main
    refused_by = check(_case(scan, main, "close_in_sync")).refused_by
    return not _failed(state, main) and refused_by in {"", *OPEN_TRANSITION}


def _its_turn(scan: Scan, i: int) -> bool:
    """Return whether no other section moves, and the last block has been digested."""
    block_ns, between_ns = scan.state.block_ns, ns(scan.params.between_blocks_s)
    return (not block_ns or scan.view.passed(block_ns + between_ns)) and not any(
        s.stage in MOVING for k, s in enumerate(scan.state.sections) if k != i
    )


def choose(scan: Scan, i: int, state: SectionState) -> str:
    """Return the alternate that may be closed onto an awaiting section now, or ""."""
    view, scheme, drawn = scan.view, scan.scheme, scan.scheme.sections[i]
    if state.stage is not Stage.AWAITING or between_references(view, drawn.bus):
        return ""
    action = manner(view, drawn.bus)
    if action == "close" and not view.topology.dead(drawn.bus):
        return ""
    if not _its_turn(scan, i):
        return ""
    ways: list[str] = []
    if not view.facts.supply.outage:
        main_live = view.topology.live(view.site.equipment[drawn.main].buses[0])
        if main_live and permitted(scan, state, drawn.main, action):
            return ""  # its own main is about to come
        ways += [scheme.tie] * _lent_from_mains(scan, i)
    live = view.topology.live(scheme.generator_bus) and view.facts.sets.on_bus
    if live and rows.load_fits(scan, i):
        ways += [drawn.generator_feeder] * _parted(scan) + [scheme.tie] * _lent_from_sets(scan, i)
    return next((way for way in ways if way and permitted(scan, state, way, action)), "")


def _others(scan: Scan, i: int) -> Iterator[tuple[Section, SectionState]]:
    pairs = zip(scan.scheme.sections, scan.state.sections, strict=True)
    return (pair for k, pair in enumerate(pairs) if k != i)


def _lent_from_mains(scan: Scan, i: int) -> bool:
    """Return whether another section is on mains and may feed this one through the tie."""
    return any(
        other.stage is Stage.ON_MAIN and on_mains(scan.view, drawn.bus)
        for drawn, other in _others(scan, i)
    )


def _lent_from_sets(scan: Scan, i: int) -> bool:
    """Return whether another section is on sets and may feed this one through the tie."""
    view = scan.view
    return any(
        other.stage in {Stage.ON_ALTERNATE, Stage.HELD}
        and view.is_closed(drawn.generator_feeder)
        and view.topology.live(drawn.bus)
        for drawn, other in _others(scan, i)
    )


def _parted(scan: Scan) -> bool:
    """Return whether what feeds one section feeds no other; or that cannot be had."""
    tie = scan.scheme.tie
    stuck = any(s.stage is Stage.LOCKOUT for s in scan.state.sections)
    return not tie or scan.view.is_open(tie) or stuck


def call(scan: Scan) -> str:
    """Return why generation is wanted beside a confirmed outage, or ""."""
    call_ns = ns(scan.params.call_s)
    for i, (drawn, at) in enumerate(zip(scan.scheme.sections, scan.state.sections, strict=True)):
        main_comes = at.mains_ns and permitted(scan, at, drawn.main)
        stranded = at.stage is Stage.AWAITING and at.dead_ns and not main_comes
        if stranded and scan.view.lasted(at.since_ns, call_ns) and _within_reach(scan, i):
            return f"{drawn.bus} has no source"
    return ""


def _within_reach(scan: Scan, i: int) -> bool:
    """Return whether sets could feed a section without a person going there first."""
    drawn, tie = scan.scheme.sections[i], scan.scheme.tie
    if not barred(_case(scan, drawn.generator_feeder)):
        return True
    return bool(tie) and not barred(_case(scan, tie)) and _lent_from_sets(scan, i)


def released(scan: Scan) -> bool:
    """Return whether nothing hangs on the sets or waits for them."""
    for i, at in enumerate(scan.state.sections):
        if at.stage in {Stage.FEEDING, Stage.CLOSING_MAIN}:
            return False
        # In other hands: a feeder may be on its way, or the next thing that they close.
        dead = not scan.view.topology.live(scan.scheme.sections[i].bus)
        if at.stage is Stage.UNJUDGED and dead:
            return False
        if at.stage is Stage.AWAITING and _within_reach(scan, i):
            return False
    return all(scan.view.is_open(s.generator_feeder) for s in scan.scheme.sections)
