"""What the image means for the tables of a board: the events of its sections and its intake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.authority import selected
from daemon.core.interlocks import CARRIES_PU, carries_though_open
from daemon.core.transfer import joint, ways
from daemon.core.transfer.section import SECTION, Event, Stage
from daemon.model.natures import Position
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.transfer.board import Scan, SectionState
    from daemon.core.view import View
    from daemon.model.commands import OperatorRequest
    from daemon.model.plant import MainTieMainScheme, Section


def auto(view: View, scheme: MainTieMainScheme) -> bool | None:
    """Return whether the sections are ours to feed; None when that cannot be read."""
    return False if scheme.id in view.facts.black_start.holding else selected(view, scheme)


def reset(view: View, scheme: str) -> bool:
    """Return whether a person has looked and resets the scheme, or starts it from darkness."""
    return request(view, scheme, "reset") is not None or scheme in view.facts.black_start.holding


def request(view: View, scheme: str, action: str) -> OperatorRequest | None:
    """Return what a person asks of a scheme as a whole and was let to, if it is this action."""
    about = (scheme, action)
    found = (m for m in view.requests if (m.proposal.equipment, m.proposal.action) == about)
    return next(found, None)


def from_stable_mains(view: View, bus: str) -> bool:
    """Return whether a bus is live from a utility that has been healthy for its return time."""
    stable = view.facts.supply.stable
    return view.topology.live(bus) and any(s in stable for s in view.topology.sources(bus))


def intake_events(scan: Scan, feed_ns: int) -> list[joint.Event]:
    """Return what is true of the intake breaker this scan, most urgent first.

    Args:
        scan: what is seen.
        feed_ns: since when what lies behind it is usable, 0 when it is not [ns].
    """
    view = scan.view
    here = joint.Event
    events = [here.RESET] if scan.reset else []
    position = view.position(scan.scheme.intake)
    if position is Position.CLOSED:
        events.append(here.SEEN_CLOSED)
    elif position is Position.OPEN:
        events.append(here.SEEN_OPEN)
    if not scan.auto:
        return events
    events.append(here.PART if view.facts.supply.outage else here.WELL)
    before = view.site.equipment[scan.scheme.intake].buses[1]
    known = view.topology.dead(before) or view.topology.live(before)
    if view.lasted(feed_ns, ns(scan.params.reclose_s)) and known and _may_join(scan):
        events.append(here.JOIN)
    return events


def _may_join(scan: Scan) -> bool:
    """Return whether the intake can close, and would not join what nobody sees to the utility.

    While its spring is not charged its time to close does not run: two momentary losses within
    that time would have it given up.
    """
    if scan.state.intake is not joint.Stage.PARTED:
        return True
    return ways.is_charged(scan) and ways.may_join(scan)


def alternate_closed(scan: Scan, i: int) -> str | None:
    """Return the alternate that is closed, "" when none is, None when that is not known."""
    view, drawn = scan.view, scan.scheme.sections[i]
    if scan.state.sections[i].stage in _BY_CURRENT and (hidden := _carries_on(scan, i)):
        return hidden
    feeder, tie = view.position(drawn.generator_feeder), view.position(scan.scheme.tie)
    if feeder is Position.CLOSED:
        return drawn.generator_feeder
    if feeder is not Position.OPEN:
        return None
    if tie is Position.OPEN:
        return ""
    if tie is not Position.CLOSED:
        return None
    # The tie feeds the section that borrows: the one without a main of its own. When what gave is
    # gone it is still for the one that borrowed to open it.
    borrowed = scan.state.sections[i].alternate == scan.scheme.tie
    gives = any(
        view.is_closed(other.main) or view.is_closed(other.generator_feeder)
        for other in scan.scheme.sections
        if other is not drawn
    )
    return scan.scheme.tie if borrowed or (gives and view.is_open(drawn.main)) else ""


def _carries_on(scan: Scan, i: int) -> str:
    """Return the alternate of a section that shows open and carries current, or "".

    The tie is one where sets feed beyond it; between two mains it is the other section's.
    """
    view, scheme, drawn = scan.view, scan.scheme, scan.scheme.sections[i]
    on_sets = any(view.is_closed(s.generator_feeder) for s in scheme.sections if s is not drawn)
    alternates = (drawn.generator_feeder, *[scheme.tie] * (bool(scheme.tie) and on_sets))
    return next((a for a in alternates if carries_though_open(view, a)), "")


def section_events(
    scan: Scan, i: int, state: SectionState, closed: str | None, choice: str
) -> list[Event]:
    """Return what is true of a section this scan and heeded in its stage, most urgent first."""
    view, params, drawn = scan.view, scan.params, scan.scheme.sections[i]
    events = [Event.RESET] if scan.reset else []
    if scan.auto is False:
        return [*events, Event.HANDS_OFF]
    heeds = _HEEDED[state.stage]
    events += _by_position(scan, drawn, state, closed)
    if view.topology.dead(view.site.equipment[drawn.main].buses[0]):
        events.append(Event.MAIN_GONE)
    confirm_ns = ns(params.alternate_confirm_s)
    if Event.ALTERNATE_LOST in heeds and view.lasted(state.dead_ns, confirm_ns):
        events.append(Event.ALTERNATE_LOST)
    if _not_closed(scan, drawn, state):
        events.append(Event.NOT_CLOSED)
    if scan.auto is None:
        # Nothing new is begun on a selector that cannot be read.
        return [e for e in events if state.stage is not Stage.UNJUDGED]
    # A current is read more slowly than a position.
    if Event.CARRIES_ON in heeds and _carries_on(scan, i):
        carries_on = view.lasted(state.since_ns, scan.waits_ns["isolate_s"])
        events += [Event.CARRIES_ON] * carries_on
    if Event.MAIN_LOST in heeds and _main_lost(scan, drawn, state):
        events.append(Event.MAIN_LOST)
    if state.stage in {Stage.AWAITING, Stage.ON_ALTERNATE}:
        events += _to_main(scan, i, state)
    if choice:
        events.append(Event.ALTERNATE_USABLE)
    return events


def _by_position(
    scan: Scan, drawn: Section, state: SectionState, closed: str | None
) -> list[Event]:
    """Return what the positions of a section say, or that they say nothing."""
    heeds, main = _HEEDED[state.stage], scan.view.position(drawn.main)
    alternate = closed or (_unreadable(scan, state) if closed is None else "")
    if alternate and main is Position.CLOSED and _only_shows_closed(scan, drawn, state, alternate):
        return [Event.PARTED] * (state.stage is Stage.PARTING)
    if closed is not None and main in {Position.OPEN, Position.CLOSED}:
        seen = _SEEN[main is Position.CLOSED, bool(closed)]
        if seen is Event.SEEN_BOTH and _main_only_shows_closed(scan, drawn, state, closed):
            seen = Event.SEEN_ON_ALTERNATE
        if seen in _FED and state.stage in _ONTO_DEAD and scan.view.topology.dead(drawn.bus):
            return []
        if seen is Event.SEEN_BOTH and _fed_through(scan, drawn, closed):
            return [Event.FED_THROUGH]
        let_in = seen is not Event.SEEN_BOTH or state.sync_ns
        return [seen] if let_in else [Event.NOT_LET_IN, seen]
    if Event.PARTED in heeds and state.alternate and scan.view.is_open(state.alternate):
        return [Event.PARTED]
    if Event.OUT_OF_SIGHT in heeds and _out_of_sight(scan, state, main):
        return [Event.OUT_OF_SIGHT]
    return []


def _unreadable(scan: Scan, state: SectionState) -> str:
    """Return the alternate that has been told to open where its position cannot be read, or ""."""
    told = state.alternate if state.stage is Stage.PARTING else ""
    known = {Position.OPEN, Position.CLOSED}
    return told if told and scan.view.position(told) not in known else ""


def _only_shows_closed(scan: Scan, drawn: Section, state: SectionState, alternate: str) -> bool:
    """Return whether an alternate that has had its time to open carries nothing, and the main does.

    Its position shows closed, or cannot be read. Two sources in parallel both carry something;
    where one does not, opening the other would take the section its last feed.
    """
    if state.stage is Stage.PARTING:
        if not scan.view.passed(state.since_ns + scan.waits_ns["overlap_s"]):
            return False
    elif state.stage is not Stage.UNJUDGED:
        return False
    return _carries_alone(scan.view, drawn.main, alternate)


def _main_only_shows_closed(
    scan: Scan, drawn: Section, state: SectionState, alternate: str
) -> bool:
    """Return whether a main that was let in by nobody carries nothing, and the alternate does.

    To open the alternate would take the section its last feed.
    """
    found = state.stage in _PARTS and not state.sync_ns
    return found and _carries_alone(scan.view, alternate, drawn.main)


def _fed_through(scan: Scan, drawn: Section, alternate: str) -> bool:
    """Return whether neither main nor alternate may open, each being the last feed of something."""
    return ways.is_last_feed(scan, alternate) and ways.is_last_feed(scan, drawn.main)


def carries(view: View, breaker: str) -> bool:
    """Return whether a breaker shows closed and carries current."""
    carried_a, rated_a = view.read(breaker, "current_a"), view.site.equipment[breaker].ratings
    known = carried_a is not None and view.is_closed(breaker)
    return known and abs(carried_a or 0.0) >= CARRIES_PU * rated_a["current_a"]


def _carries_alone(view: View, one: str, other: str) -> bool:
    """Return whether one of two breakers carries current, and the other none."""
    carried_a, idle_a = view.read(one, "current_a"), view.read(other, "current_a")
    if idle_a is None or carried_a is None:
        return False
    ratings = view.site.equipment[one].ratings, view.site.equipment[other].ratings
    carries, idle = (CARRIES_PU * rated["current_a"] for rated in ratings)
    return abs(idle_a) < idle and abs(carried_a) >= carries


def _to_main(scan: Scan, i: int, state: SectionState) -> list[Event]:
    """Return whether a section that its main does not feed may be given to it."""
    settled = scan.view.lasted(state.mains_ns, ns(scan.params.mains_settle_s))
    if state.stage is Stage.AWAITING:
        usable = ways.from_mains if settled else ways.from_island
        return [Event.MAIN_USABLE] * usable(scan, i, state)
    return [Event.RETURN_PERMITTED] * (settled and ways.may_return(scan, i, state))


def _out_of_sight(scan: Scan, state: SectionState, main: Position | None) -> bool:
    """Return whether what was told to move had its time, and its position cannot be read."""
    seeks = state.stage is Stage.SYNCHRONISING
    if seeks and main is Position.TRAVELLING:
        return False  # as it was told to
    # Until synchronism is found nothing has been told to move.
    told_ns = state.sync_ns if seeks else state.since_ns
    return scan.view.lasted(told_ns, scan.waits_ns["isolate_s"])


_HEEDED: Final = {
    stage: frozenset(event for at, event in SECTION.transitions if at is stage) for stage in Stage
}
"""By stage the events it listens to: what no stage asks for is not waited for either."""
_PARTS: Final = frozenset(
    stage
    for (stage, event), to in SECTION.transitions.items()
    if event is Event.SEEN_BOTH and to is Stage.PARTING
)
"""Stages in which the alternate is opened once both are seen closed."""
_FED: Final = frozenset({Event.SEEN_ON_MAIN, Event.SEEN_ON_ALTERNATE})
_BY_CURRENT: Final = frozenset({Stage.BACKING_OUT, Stage.HELD})
"""Stages in which an alternate that shows open is closed all the same, if it carries current."""
_ONTO_DEAD: Final = frozenset({Stage.FEEDING, Stage.CLOSING_MAIN})
"""What shows closed over a section that stays dead does not feed it: what is told goes on."""
_SEEN: Final = {
    (True, False): Event.SEEN_ON_MAIN,
    (False, True): Event.SEEN_ON_ALTERNATE,
    (True, True): Event.SEEN_BOTH,
    (False, False): Event.SEEN_DEAD,
}


def _main_lost(scan: Scan, drawn: Section, state: SectionState) -> bool:
    """An outage and no voltage; or no voltage for long while mains are at the board's door."""
    view = scan.view
    if view.facts.supply.outage:
        return not view.topology.live(drawn.bus)
    door = view.site.equipment[scan.scheme.intake].buses[1]
    confirmed = view.lasted(state.dead_ns, ns(scan.params.section_confirm_s))
    return confirmed and ways.on_mains(view, door)


def told_to_close(drawn: Section, state: SectionState) -> str:
    """Return the breaker that is told to close, "" when none is."""
    told = {
        Stage.FEEDING: state.alternate,
        Stage.CLOSING_MAIN: drawn.main,
        Stage.SYNCHRONISING: drawn.main,
    }
    return told.get(state.stage, "")


def _not_closed(scan: Scan, drawn: Section, state: SectionState) -> bool:
    """Return whether the breaker that is told to close will not.

    One that waited for synchronism in vain is well: the section goes back with a gap, unless the
    interlocks want no gap. Then it stays where it is, and the return is tried again later.
    """
    if state.stage is Stage.SYNCHRONISING and not state.sync_ns:
        in_vain = scan.view.passed(state.since_ns + scan.waits_ns["sync_s"])
        return in_vain and not ways.may_part(scan, state.alternate)
    return told_to_close(drawn, state) in scan.view.facts.not_closed


def in_sync(scan: Scan, drawn: Section, state: SectionState) -> bool:
    """Return whether the main has found synchronism since it was told to close with it."""
    if state.stage is not Stage.SYNCHRONISING:
        return False
    return state.sync_ns > 0 or scan.view.status(drawn.main, "sync_25") is True
