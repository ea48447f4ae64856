"""CCTS: mains, tie and generator breakers of a board acting as one scheme.

Theory of operation. Each section follows the table in `daemon.core.transfer.section`, the intake
breaker the one in `daemon.core.transfer.joint`; this file turns the image into their events and
their stages into proposals.

*Who moves.* Sections isolate together, but only one at a time is fed, synchronised or parted, in
the order of the site file and with `between_blocks_s` between two load blocks, given or taken back,
so that a set recovers before the next. *From what.* The own main first; the tie when the other
section is on mains and the own main gives nothing or will not close; the generator feeder in an
outage, or when neither of the others is left, for which generation is asked; where the feeder will
not close, the tie from a section that is on sets. A way that the interlocks refuse is none; a
breaker that did not close, its one retry included, is left alone for `again_s`. *With what.* Onto
too few sets the AI rows' caps are asked for first and must be seen in force; where there is not
enough for any row, their feeders are opened first, and closed again when there is (see
`daemon.core.transfer.acceptance`).

*Whose hands.* Selector not on auto, or the board's own logic not inhibited: every section becomes
UNJUDGED and nothing is proposed. A selector or own logic that cannot be read begins nothing new,
but a move under way is ended. A person resets a LOCKOUT by a request for the scheme itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.automaton import advance
from daemon.core.interlocks import Case, barred, check
from daemon.core.transfer import acceptance, joint, section
from daemon.core.transfer.section import Event, Stage
from daemon.core.view import Health, Turn
from daemon.model.commands import Proposal
from daemon.model.natures import Position
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Section, Site

_WAITS: Final = ("isolate_s", "close_s", "sync_s", "overlap_s", "join_s")
_MOVING: Final = frozenset(
    {Stage.FEEDING, Stage.SYNCHRONISING, Stage.PARTING, Stage.BACKING_OUT, Stage.BREAKING}
)
_HEARD_VALID_NS: Final = 2 * SECOND
OPEN_TRANSITION: Final = ("no_sync_check", "low_voltage_parallel")
"""Interlocks that refuse a closed transition and say to go with a gap."""


@dataclass(frozen=True, slots=True)
class Params:
    """Times of the scheme.

    Attributes:
        section_confirm_s: a section dead this long while mains are there has lost its path [s].
        alternate_confirm_s: an alternate that gives nothing this long is lost [s].
        mains_settle_s: mains side live this long before the main may be used [s].
        reclose_s: feed healthy this long before the intake recloses after a momentary loss [s].
        isolate_s: a breaker told to open is open within this, else lockout [s].
        close_s: a breaker told to close is closed within this, its one retry included [s].
        sync_s: synchronism comes within this, else open transition [s].
        overlap_s: longest time with both sources closed [s].
        join_s: the intake closes within this [s].
        between_blocks_s: time between two load blocks given or taken back [s].
        sets_wait_s: longest wait for more sets once the first is on the bus [s].
        caps_wait_s: longest wait for row caps to be seen in force [s].
        again_s: a breaker that did not close, nor at its retry, is tried again after this [s].
        call_s: a section without any source this long calls for generation [s].
        load: what the sets are trusted with.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    section_confirm_s: Annotated[float, Gt(0), Le(60)] = 1.5
    alternate_confirm_s: Annotated[float, Gt(0), Le(10)] = 0.5
    mains_settle_s: Annotated[float, Ge(0), Le(600)] = 2.0
    reclose_s: Annotated[float, Ge(0), Le(60)] = 0.3
    isolate_s: Annotated[float, Gt(0), Le(10)] = 1.0
    close_s: Annotated[float, Gt(0), Le(60)] = 15.0
    sync_s: Annotated[float, Gt(0), Le(120)] = 13.0
    overlap_s: Annotated[float, Gt(0), Le(2)] = 0.5
    join_s: Annotated[float, Gt(0), Le(60)] = 15.0
    between_blocks_s: Annotated[float, Ge(0), Le(60)] = 3.0
    sets_wait_s: Annotated[float, Ge(0), Le(60)] = 6.0
    caps_wait_s: Annotated[float, Ge(0), Le(30)] = 2.0
    again_s: Annotated[float, Gt(0), Le(3600)] = 60.0
    call_s: Annotated[float, Ge(0), Le(60)] = 2.0
    load: acceptance.Params = field(default_factory=acceptance.Params)


@dataclass(frozen=True, slots=True)
class SectionState:
    """Memory of one section.

    Attributes:
        stage: where it stands.
        since_ns: since when [ns].
        alternate: breaker of its alternate source, "" when it has none.
        dead_ns: since when the section is dead, 0 when it is not [ns].
        mains_ns: since when its mains side is usable, 0 when it is not [ns].
        sync_ns: since when it is known that its main, told to close, found synchronism, 0 when
            it is not [ns].
        failed: breakers that did not close, and until when they are left alone [ns].
    """

    stage: Stage = Stage.UNJUDGED
    since_ns: int = 0
    alternate: str = ""
    dead_ns: int = 0
    mains_ns: int = 0
    sync_ns: int = 0
    failed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SchemeState:
    """Memory of one scheme.

    Attributes:
        sections: in the order of the site file.
        intake: stage of the intake breaker.
        intake_ns: since when [ns].
        feed_ns: since when what lies behind the intake is usable, 0 when it is not [ns].
        block_ns: when the last load block was given or taken back [ns].
        sets_ns: since when a set is on the bus, 0 without one [ns].
        shed: row feeders that were opened by this scheme.
    """

    sections: tuple[SectionState, ...]
    intake: joint.Stage = joint.Stage.JOINED
    intake_ns: int = 0
    feed_ns: int = 0
    block_ns: int = 0
    sets_ns: int = 0
    shed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Memory of every main-tie-main scheme that the daemon decides, by id."""

    schemes: Mapping[str, SchemeState] = field(default_factory=dict)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every section is to be judged."""
    return State(
        {
            scheme.id: SchemeState(tuple(SectionState() for _ in scheme.sections))
            for scheme in site.schemes.values()
            if isinstance(scheme, MainTieMainScheme) and scheme.authority == "daemon"
        }
    )


class _Scan(NamedTuple):
    """One scheme in one scan: what its guards look at."""

    view: View
    scheme: MainTieMainScheme
    state: SchemeState
    params: Params
    waits_ns: Mapping[str, int]
    auto: bool | None
    reset: bool
    limit_w: float


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every scheme on by one scan."""
    waits_ns = {name: ns(getattr(params, name)) for name in _WAITS}
    limit_w = _rows_limit_w(view, params)
    after: dict[str, SchemeState] = {}
    scans: list[_Scan] = []
    proposals: list[Proposal] = []
    events: list[Happening] = []
    for name, before in state.schemes.items():
        scheme = view.site.schemes[name]
        assert isinstance(scheme, MainTieMainScheme)
        scan = _Scan(
            view, scheme, before, params, waits_ns, _auto(view, scheme), _reset(view, name), limit_w
        )
        after[name] = now = _advance(scan)
        events += _tell(view, scheme, before, now)
        scans.append(scan._replace(state=now))
        proposals += _propose(scans[-1])
    facts = {
        "generation_wanted": next(filter(None, map(_call, scans)), ""),
        "sets_released": all(map(_released, scans)),
        "rows_limit_w": limit_w,
        "stages": {**view.facts.stages, **{n: _summary(s) for n, s in after.items()}},
    }
    return Turn(State(after), tuple(proposals), tuple(events), facts=facts)


# -- what the image says -------------------------------------------------------------------------


def _auto(view: View, scheme: MainTieMainScheme) -> bool | None:
    """Return whether the scheme is ours to decide; None when that cannot be read."""
    selector = view.stage(scheme.controller, "selector")
    own_logic = view.stage(scheme.controller)
    if selector not in {"auto", None} or own_logic not in {"inhibited", None}:
        return False
    served = view.points.find(scheme.controller, "stage") is not None
    return None if selector is None or (own_logic is None and served) else True


def _reset(view: View, scheme: str) -> bool:
    return any(
        m.proposal.equipment == scheme and m.proposal.action == "reset" for m in view.requests
    )


def _on_mains(view: View, bus: str) -> bool:
    """Return whether a bus is live from a utility that is healthy."""
    supply = view.facts.supply
    return view.topology.live(bus) and any(
        supply.feeds.get(s) is Health.HEALTHY for s in view.topology.sources(bus)
    )


def _from_stable_mains(view: View, bus: str) -> bool:
    stable = view.facts.supply.stable
    return view.topology.live(bus) and any(s in stable for s in view.topology.sources(bus))


def _since(holds: bool, since_ns: int, now_ns: int) -> int:
    """Return since when a condition holds, 0 when it does not."""
    return (since_ns or now_ns) if holds else 0


def _rows_limit_w(view: View, params: Params) -> float:
    sets = view.facts.sets
    carried = view.facts.supply.outage or not view.facts.sets_released
    if not carried or not sets.on_bus:
        return acceptance.NO_LIMIT_W
    return acceptance.rows_limit_w(view.site, view.points, sets.capability_w, params.load)


# -- the scheme ----------------------------------------------------------------------------------


def _advance(scan: _Scan) -> SchemeState:
    """Return the scheme after this scan: intake first, then the sections in order."""
    view, state, now_ns = scan.view, scan.state, scan.view.now_ns
    behind = view.site.equipment[scan.scheme.intake].buses[0]
    usable = _from_stable_mains if view.facts.supply.outage else _on_mains
    feed_ns = _since(usable(view, behind), state.feed_ns, now_ns)
    intake, intake_ns = advance(
        joint.JOINT,
        (state.intake, state.intake_ns),
        _intake_events(scan, feed_ns),
        view,
        scan.waits_ns,
    )
    state = replace(
        state,
        intake=intake,
        intake_ns=intake_ns,
        feed_ns=feed_ns,
        sets_ns=_since(bool(view.facts.sets.on_bus), state.sets_ns, now_ns),
    )
    for i in range(len(state.sections)):
        moved = _advance_section(scan._replace(state=state), i)
        # Given to the sets, or taken from them: both shake those that carry the other section.
        block = {Stage.ON_ALTERNATE, Stage.ON_MAIN}
        shaken = moved.stage in block and state.sections[i].stage in _MOVING
        state = replace(
            state,
            sections=(*state.sections[:i], moved, *state.sections[i + 1 :]),
            block_ns=now_ns if shaken else state.block_ns,
        )
    return replace(state, shed=_shed(scan._replace(state=state)))


def _intake_events(scan: _Scan, feed_ns: int) -> list[joint.Event]:
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
    if view.lasted(feed_ns, ns(scan.params.reclose_s)) and known:
        events.append(here.JOIN)
    return events


def _advance_section(scan: _Scan, i: int) -> SectionState:
    """Return one section after this scan."""
    view, now_ns = scan.view, scan.view.now_ns
    drawn, state = scan.scheme.sections[i], scan.state.sections[i]
    source = view.site.equipment[drawn.main].buses[0]
    state = replace(
        state,
        dead_ns=_since(view.topology.dead(drawn.bus), state.dead_ns, now_ns),
        mains_ns=_since(_from_stable_mains(view, source), state.mains_ns, now_ns),
        sync_ns=_since(_in_sync(scan, drawn, state), state.sync_ns, now_ns),
        failed=_still_failed(scan, state),
    )
    closed = _alternate_closed(scan, i)
    choice = _choose(scan, i, state)
    events = _events(scan, i, state, closed, choice)
    stage, since_ns = advance(
        section.SECTION, (state.stage, state.since_ns), events, view, scan.waits_ns
    )
    if stage is state.stage:
        return state
    alternate = {
        Stage.FEEDING: choice,
        Stage.ON_MAIN: "",
        Stage.AWAITING: "",
        Stage.UNJUDGED: "",
    }.get(stage, closed or state.alternate)
    failed = state.failed
    given_up = stage is Stage.AWAITING or Event.NOT_CLOSED in events
    if given_up and (breaker := _told_to_close(drawn, state)):
        failed = (*failed, (breaker, now_ns + ns(scan.params.again_s)))
    return replace(state, stage=stage, since_ns=since_ns, alternate=alternate, failed=failed)


def _still_failed(scan: _Scan, state: SectionState) -> tuple[tuple[str, int], ...]:
    """Return which breakers that did not close are to be left alone, and until when [ns]."""
    if scan.reset:
        return ()
    view = scan.view
    return tuple(f for f in state.failed if not view.passed(f[1]) and not view.is_closed(f[0]))


def _told_to_close(drawn: Section, state: SectionState) -> str:
    """Return the breaker that is told to close, "" when none is."""
    told = {
        Stage.FEEDING: state.alternate,
        Stage.CLOSING_MAIN: drawn.main,
        Stage.SYNCHRONISING: drawn.main,
    }
    return told.get(state.stage, "")


def _in_sync(scan: _Scan, drawn: Section, state: SectionState) -> bool:
    """Return whether the main has found synchronism since it was told to close with it."""
    if state.stage is not Stage.SYNCHRONISING:
        return False
    return state.sync_ns > 0 or scan.view.status(drawn.main, "sync_25") is True


def _alternate_closed(scan: _Scan, i: int) -> str | None:
    """Return the alternate that is closed, "" when none is, None when that is not known."""
    view, drawn = scan.view, scan.scheme.sections[i]
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


def _events(
    scan: _Scan, i: int, state: SectionState, closed: str | None, choice: str
) -> list[Event]:
    """Return what is true of a section this scan, most urgent first."""
    view, params, drawn = scan.view, scan.params, scan.scheme.sections[i]
    events = [Event.RESET] if scan.reset else []
    if scan.auto is False:
        return [*events, Event.HANDS_OFF]
    main = view.position(drawn.main)
    if closed is not None and main in {Position.OPEN, Position.CLOSED}:
        events.append(_SEEN[main is Position.CLOSED, bool(closed)])
    if view.topology.dead(view.site.equipment[drawn.main].buses[0]):
        events.append(Event.MAIN_GONE)
    if view.lasted(state.dead_ns, ns(params.alternate_confirm_s)):
        events.append(Event.ALTERNATE_LOST)
    if _not_closed(scan, drawn, state):
        events.append(Event.NOT_CLOSED)
    if scan.auto is None:
        # Nothing new is begun on a selector that cannot be read.
        return [e for e in events if state.stage is not Stage.UNJUDGED]
    if _main_lost(scan, drawn, state):
        events.append(Event.MAIN_LOST)
    if view.lasted(state.mains_ns, ns(params.mains_settle_s)):
        if state.stage is Stage.AWAITING and _permitted(scan, state, drawn.main):
            events.append(Event.MAIN_USABLE)
        if state.stage is Stage.ON_ALTERNATE and _its_turn(scan, i) and _may_return(scan, i, state):
            events.append(Event.RETURN_PERMITTED)
    if choice:
        events.append(Event.ALTERNATE_USABLE)
    return events


_SEEN: Final = {
    (True, False): Event.SEEN_ON_MAIN,
    (False, True): Event.SEEN_ON_ALTERNATE,
    (True, True): Event.SEEN_BOTH,
    (False, False): Event.SEEN_DEAD,
}


def _main_lost(scan: _Scan, drawn: Section, state: SectionState) -> bool:
    """An outage and no voltage; or no voltage for long while mains are at the board's door."""
    view = scan.view
    if view.facts.supply.outage:
        return not view.topology.live(drawn.bus)
    door = view.site.equipment[scan.scheme.intake].buses[1]
    return view.lasted(state.dead_ns, ns(scan.params.section_confirm_s)) and _on_mains(view, door)


def _failed(state: SectionState, breaker: str) -> bool:
    return any(name == breaker for name, _ in state.failed)


def _not_closed(scan: _Scan, drawn: Section, state: SectionState) -> bool:
    """Return whether the breaker that is told to close will not.

    One that waited for synchronism in vain is well: the section goes back with a gap.
    """
    if state.stage is Stage.SYNCHRONISING and not state.sync_ns:
        return False
    return _told_to_close(drawn, state) in scan.view.facts.not_closed


def _close(scan: _Scan, breaker: str, action: str = "close") -> Case:
    wish = Proposal(breaker, "command", action, 0.0, scan.scheme.id, "")
    return Case(scan.view, wish, {}, by_person=False)


def _permitted(scan: _Scan, state: SectionState, breaker: str) -> bool:
    """Return whether a breaker has not just failed to close and the interlocks let it."""
    return not _failed(state, breaker) and not check(_close(scan, breaker)).refused_by


def _may_return(scan: _Scan, i: int, state: SectionState) -> bool:
    """Return whether the main may be closed while the alternate feeds, or after a gap."""
    main = scan.scheme.sections[i].main
    refused_by = check(_close(scan, main, "close_in_sync")).refused_by
    return not _failed(state, main) and refused_by in {"", *OPEN_TRANSITION}


def _its_turn(scan: _Scan, i: int) -> bool:
    """Return whether no other section moves, and the last block has been digested."""
    block_ns, between_ns = scan.state.block_ns, ns(scan.params.between_blocks_s)
    return (not block_ns or scan.view.passed(block_ns + between_ns)) and not any(
        s.stage in _MOVING for k, s in enumerate(scan.state.sections) if k != i
    )


def _choose(scan: _Scan, i: int, state: SectionState) -> str:
    """Return the alternate that may be closed onto an awaiting section now, or ""."""
    view, scheme, drawn = scan.view, scan.scheme, scan.scheme.sections[i]
    if state.stage is not Stage.AWAITING or not view.topology.dead(drawn.bus):
        return ""
    if not _its_turn(scan, i):
        return ""
    ways: list[str] = []
    if not view.facts.supply.outage:
        main_live = view.topology.live(view.site.equipment[drawn.main].buses[0])
        if main_live and _permitted(scan, state, drawn.main):
            return ""  # its own main is about to come
        ways += [scheme.tie] * _lent_from_mains(scan, i)
    live = view.topology.live(scheme.generator_bus) and view.facts.sets.on_bus
    if live and _load_fits(scan):
        ways += [drawn.generator_feeder] * _parted(scan) + [scheme.tie] * _lent_from_sets(scan, i)
    return next((way for way in ways if way and _permitted(scan, state, way)), "")


def _others(scan: _Scan, i: int) -> Iterator[tuple[Section, SectionState]]:
    pairs = zip(scan.scheme.sections, scan.state.sections, strict=True)
    return (pair for k, pair in enumerate(pairs) if k != i)


def _lent_from_mains(scan: _Scan, i: int) -> bool:
    """Return whether another section is on mains and may feed this one through the tie."""
    return any(
        other.stage is Stage.ON_MAIN and _on_mains(scan.view, drawn.bus)
        for drawn, other in _others(scan, i)
    )


def _lent_from_sets(scan: _Scan, i: int) -> bool:
    """Return whether another section is on sets and may feed this one through the tie."""
    view = scan.view
    return any(
        other.stage in {Stage.ON_ALTERNATE, Stage.HELD}
        and view.is_closed(drawn.generator_feeder)
        and view.topology.live(drawn.bus)
        for drawn, other in _others(scan, i)
    )


def _parted(scan: _Scan) -> bool:
    """Return whether what feeds one section feeds no other; or that cannot be had."""
    tie = scan.scheme.tie
    stuck = any(s.stage is Stage.LOCKOUT for s in scan.state.sections)
    return not tie or scan.view.is_open(tie) or stuck


# -- load on sets --------------------------------------------------------------------------------


def _load_fits(scan: _Scan) -> bool:
    """Return whether a section may be fed by the sets that run now."""
    if scan.limit_w == acceptance.NO_LIMIT_W:
        return True
    if not _sets_awaited(scan):
        return False
    if scan.limit_w > 0 and _caps_in_force(scan):
        return True
    return all(map(scan.view.is_open, _feeders(scan)))


def _sets_awaited(scan: _Scan) -> bool:
    """Return whether no more sets are coming, or they have been waited for long enough."""
    waited = scan.view.lasted(scan.state.sets_ns, ns(scan.params.sets_wait_s))
    return waited or (scan.state.sets_ns > 0 and not scan.view.facts.sets.pending)


def _caps_in_force(scan: _Scan) -> bool:
    heard = scan.view.word("caps")
    if heard is None or scan.view.passed(heard.at_ns + _HEARD_VALID_NS + 1):
        return False
    return 0 <= float(heard.values["rows_limit_w"]) <= scan.limit_w


def _rows_cut(scan: _Scan) -> bool:
    """Return whether the rows must be off the board: nothing for them, or no cap in force."""
    if scan.limit_w == acceptance.NO_LIMIT_W or not _sets_awaited(scan):
        return False
    if scan.limit_w == 0:
        return True
    patience_s = scan.params.sets_wait_s + scan.params.caps_wait_s
    late = scan.view.lasted(scan.state.sets_ns, ns(patience_s))
    return late and not _caps_in_force(scan)


def _feeders(scan: _Scan) -> tuple[str, ...]:
    return acceptance.row_feeders(scan.view.site, scan.view.points, scan.scheme)


def _shed(scan: _Scan) -> tuple[str, ...]:
    """Return the row feeders that this scheme opened and still has to close again."""
    if scan.auto is False:
        return ()
    if _rows_cut(scan):
        closed = [f for f in _feeders(scan) if scan.view.is_closed(f)]
        return tuple(dict.fromkeys((*scan.state.shed, *closed)))
    return tuple(f for f in scan.state.shed if not scan.view.is_closed(f))


# -- what follows --------------------------------------------------------------------------------


def _propose(scan: _Scan) -> list[Proposal]:
    """Return what the scheme wants done in its stages, openings first."""
    wishes: list[tuple[str, str, str]] = []
    scheme, state, view = scan.scheme, scan.state, scan.view
    if scan.auto is False:
        return []
    three = [*(s.main for s in scheme.sections), scheme.tie]
    if scheme.tie and all(map(view.is_closed, three)):
        wishes.append((scheme.tie, "open", "both mains and the tie are closed"))
    if state.intake is joint.Stage.PARTING:
        wishes.append((scheme.intake, "open", joint.Stage.PARTING.value))
    elif state.intake is joint.Stage.JOINING:
        # Sources on the site may hold the delivery bus as an island.
        island = view.topology.live(view.site.equipment[scheme.intake].buses[1])
        action = "close_in_sync" if island else "close"
        wishes.append((scheme.intake, action, joint.Stage.JOINING.value))
    for drawn, at in zip(scheme.sections, state.sections, strict=True):
        if wish := _ACTIONS.get(at.stage):
            action, which = wish
            breaker = drawn.main if which == "main" else at.alternate
            if breaker:
                wishes.append((breaker, action, f"{drawn.bus}: {at.stage.value}"))
    wishes += _row_wishes(scan)
    wishes.sort(key=lambda wish: wish[1] != "open")
    return [Proposal(b, "command", action, 0.0, scheme.id, why) for b, action, why in wishes]


_ACTIONS: Final = {
    Stage.ISOLATING: ("open", "main"),
    Stage.FEEDING: ("close", "alternate"),
    Stage.RELEASING: ("open", "alternate"),
    Stage.SYNCHRONISING: ("close_in_sync", "main"),
    Stage.PARTING: ("open", "alternate"),
    Stage.BACKING_OUT: ("open", "main"),
    Stage.BREAKING: ("open", "alternate"),
    Stage.CLOSING_MAIN: ("close", "main"),
}


def _row_wishes(scan: _Scan) -> list[tuple[str, str, str]]:
    """Open row feeders while there is nothing for them; close those again when there is."""
    if _rows_cut(scan):
        return [(f, "open", "the sets cannot carry the rows") for f in scan.state.shed]
    held = scan.limit_w != acceptance.NO_LIMIT_W and not _caps_in_force(scan)
    return [
        (f, "close", "the rows can be carried again")
        for f in scan.state.shed
        if not held and scan.view.topology.live(scan.view.site.equipment[f].buses[0])
    ]


def _call(scan: _Scan) -> str:
    """Return why generation is wanted beside a confirmed outage, or ""."""
    call_ns = ns(scan.params.call_s)
    for i, (drawn, at) in enumerate(zip(scan.scheme.sections, scan.state.sections, strict=True)):
        main_comes = at.mains_ns and _permitted(scan, at, drawn.main)
        stranded = at.stage is Stage.AWAITING and at.dead_ns and not main_comes
        if stranded and scan.view.lasted(at.since_ns, call_ns) and _within_reach(scan, i):
            return f"{drawn.bus} has no source"
    return ""


def _within_reach(scan: _Scan, i: int) -> bool:
    """Return whether sets could feed a section without a person going there first."""
    drawn, tie = scan.scheme.sections[i], scan.scheme.tie
    if not barred(_close(scan, drawn.generator_feeder)):
        return True
    return bool(tie) and not barred(_close(scan, tie)) and _lent_from_sets(scan, i)


def _released(scan: _Scan) -> bool:
    """Return whether nothing hangs on the sets or waits for them."""
    for i, at in enumerate(scan.state.sections):
        if at.stage in {Stage.FEEDING, Stage.CLOSING_MAIN}:
            return False
        if at.stage is Stage.AWAITING and _within_reach(scan, i):
            return False
    return all(scan.view.is_open(s.generator_feeder) for s in scan.scheme.sections)


def _summary(state: SchemeState) -> str:
    """Return one word for the scheme where one will do: the worst, or what all sections share."""
    stages = [at.stage for at in state.sections]
    if not section.SECTION.person.isdisjoint(stages):
        return "lockout"
    if state.intake is joint.Stage.HELD:
        return "held"
    return " ".join(dict.fromkeys(stage.name.lower() for stage in stages))


def _tell(
    view: View, scheme: MainTieMainScheme, before: SchemeState, after: SchemeState
) -> list[Happening]:
    """Return an event for every change of stage."""
    told = [
        view.event(
            scheme.id,
            "stage",
            f"{scheme.id} {drawn.bus}: {now.stage.value}",
            section=drawn.bus,
            stage=now.stage.name.lower(),
            before=was.stage.name.lower(),
            alternate=now.alternate,
        )
        for drawn, was, now in zip(scheme.sections, before.sections, after.sections, strict=True)
        if was.stage is not now.stage
    ]
    if before.intake is not after.intake:
        text = f"{scheme.id} {scheme.intake}: {after.intake.value}"
        told.append(
            view.event(
                scheme.id, "stage", text, section=scheme.intake, stage=after.intake.name.lower()
            )
        )
    return told
