"""What a board does not get out of by itself, for people: feeds in parallel, and waits.

Nobody acts on it, so it asks no automaton: both are read from what is seen, whoever has the board
and wherever its automaton rests, which a position that lies may have led there.

*In parallel* are two feeds of one section, or of two that the tie joins, where all of them are
closed. No such parallel is meant to last: reactor, turbine and sun join the utility behind breakers
of their own, sets only for an overlap, transformers of two sections only over a tie that closes for
one. Two feeders of one generator bus are one source.

*A wait* is for a person where a source is there, the scheme is on auto, and the interlocks refuse
what would join it: for a dark section its main, or its feeder while a set is on the bus; for a
section on sets its main once the utility is stable; for the delivery bus the intake.

Both are of the instant. How long one may last before a person is called is the delay of its alarm
(config/alarms). An overlap has ended `overlap_s` and two `isolate_s` after it began (the alternate
parts, else the main is sent out; a current is read one `isolate_s` later than a position), or its
section is locked out. A wait ends by itself within a retry of a close, or while a spring charges
(10 s); what lasts `close_s` is one.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from daemon.core.authority import selected
from daemon.core.interlocks import Case, barred, carries_though_open, check
from daemon.core.topology import once_per_site
from daemon.core.transfer.guards import from_stable_mains
from daemon.core.transfer.ways import OPEN_TRANSITION
from daemon.model.commands import Proposal
from daemon.model.plant import MainTieMainScheme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.view import View
    from daemon.model.plant import Section, Site
    from daemon.model.points import PointTable

UNREAD: Final = "its selector, or whether its own logic rests, cannot be read: look at both"


@once_per_site
def boards(site: Site, points: PointTable) -> tuple[MainTieMainScheme, ...]:
    """Return the main-tie-main boards of a site."""
    return tuple(s for s in site.schemes.values() if isinstance(s, MainTieMainScheme))


def joined(view: View) -> dict[str, str]:
    """Return by board the feeds that are in parallel, where there are any."""
    found = {s.id: _joined(view, s) for s in boards(view.site, view.points)}
    return {board: feeds for board, feeds in found.items() if feeds}


def waits(view: View) -> dict[str, str]:
    """Return by board what it waits for that a person has to bring about, where it does."""
    found = {s.id: "; ".join(_waits(view, s)) for s in boards(view.site, view.points)}
    return {board: reasons for board, reasons in found.items() if reasons}


def _joined(view: View, scheme: MainTieMainScheme) -> str:
    tied = bool(scheme.tie) and _closed(view, scheme.tie)
    groups = [scheme.sections] if tied else [(section,) for section in scheme.sections]
    for sections in groups:
        mains = [s.main for s in sections if _closed(view, s.main)]
        feeders = [s.generator_feeder for s in sections if _closed(view, s.generator_feeder)]
        live = any(view.topology.live(s.bus) for s in sections)
        if live and len(mains) + bool(feeders) > 1:
            return " and ".join([*mains, *feeders, *[scheme.tie] * tied])
    return ""


def _closed(view: View, breaker: str) -> bool:
    """Return whether a breaker is closed, or shows open and carries current."""
    return view.is_closed(breaker) or carries_though_open(view, breaker)


def _waits(view: View, scheme: MainTieMainScheme) -> Iterator[str]:
    auto = selected(view, scheme)
    if auto is None:
        yield UNREAD
    if not auto or scheme.id in view.facts.black_start.holding:
        return
    sections = (_of_section(view, scheme, section) for section in scheme.sections)
    yield from filter(None, chain([_of_intake(view, scheme)], sections))


def _of_intake(view: View, scheme: MainTieMainScheme) -> str:
    """Return why the intake stays open though a stable utility is behind it."""
    behind, before = view.site.equipment[scheme.intake].buses
    if not view.is_open(scheme.intake) or not from_stable_mains(view, behind):
        return ""
    action = "close_in_sync" if view.topology.live(before) else "close"
    return _refusal(view, scheme, scheme.intake, action)


def _of_section(view: View, scheme: MainTieMainScheme, drawn: Section) -> str:
    """Return why a section has no source, or not the utility, though there is one."""
    main_comes = from_stable_mains(view, view.site.equipment[drawn.main].buses[0])
    if drawn.bus in view.facts.awaiting:
        action = "close_in_sync" if view.topology.live(drawn.bus) else "close"
        if main_comes:
            return _refusal(view, scheme, drawn.main, action)
        feeder = drawn.generator_feeder
        if view.facts.sets.on_bus and barred(_case(view, scheme, feeder, action)):
            return _refusal(view, scheme, feeder, action)
    elif main_comes and view.is_open(drawn.main) and _on_sets(view, drawn.bus):
        return _refusal(view, scheme, drawn.main, "close_in_sync", *OPEN_TRANSITION)
    return ""


def _on_sets(view: View, bus: str) -> bool:
    natures = {view.site.equipment[source].nature for source in view.topology.sources(bus)}
    return view.topology.live(bus) and "generator" in natures


def _case(view: View, scheme: MainTieMainScheme, breaker: str, action: str) -> Case:
    wish = Proposal(breaker, "command", action, 0.0, scheme.id, "")
    return Case(view, wish, {}, by_person=False)


def _refusal(
    view: View, scheme: MainTieMainScheme, breaker: str, action: str, *but_for: str
) -> str:
    """Return what the interlocks say of a close, "" where they let it or another way is left."""
    verdict = check(_case(view, scheme, breaker, action))
    refused = verdict.refused_by and verdict.refused_by not in but_for
    return f"{breaker}: {verdict.text}" if refused else ""
