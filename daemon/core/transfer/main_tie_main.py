"""CCTS: mains, tie and generator breakers of a board acting as one scheme.

Theory of operation. Each section follows the table in `daemon.core.transfer.section`, the intake
breaker the one in `daemon.core.transfer.joint`; `guards` turns the image into their events, `ways`
says what may feed a section, and this file turns their stages into proposals.

*Who moves.* Sections isolate together, but only one at a time is fed, synchronised or parted, in
the order of the site file and with `between_blocks_s` between two load blocks, given or taken back,
so that a set recovers before the next. *From what.* The own main first; the tie when the other
section is on mains and the own main gives nothing or will not close; the generator feeder in an
outage, or when neither of the others is left, for which generation is asked; where the feeder will
not close, the tie from a section that is on sets. A way that the interlocks refuse is none; a
breaker that did not close, its one retry included, is left alone for `again_s`. Where no set runs
and sources of the site hold the delivery bus as an island, the own mains lead there, one section
after the other. Onto a section that storage holds, everything closes by synchronism check, and
nothing while storage is about to take or to leave it (`daemon.core.generation.forming`). *With
what.* A section is fed with the feeders whose load the sources on the bus take in one step; the
others are opened first and closed again as blocks of their own, AI rows last and only with their
caps seen in force; so is what the board's own logic has shed while the daemon was silent (see
`daemon.core.transfer.rows`).

*Whose hands.* Selector not on auto, or the board's own logic not inhibited: every section becomes
UNJUDGED and nothing is proposed. A selector or own logic that cannot be read begins nothing new,
but a move under way is ended. A person resets HELD and LOCKOUT by a request for the scheme itself.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from daemon.core.automaton import advance
from daemon.core.transfer import acceptance, guards, joint, opened, rows, section, ways
from daemon.core.transfer.board import MOVING, Params, Scan, SchemeState, SectionState, State
from daemon.core.transfer.section import Event, Stage
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site

__all__ = ["Params", "State", "initial", "step"]

_WAITS: Final = ("isolate_s", "close_s", "sync_s", "overlap_s", "join_s")


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every section is to be judged."""
    return State(
        {
            scheme.id: SchemeState(tuple(SectionState() for _ in scheme.sections))
            for scheme in site.schemes.values()
            if isinstance(scheme, MainTieMainScheme) and scheme.authority == "daemon"
        }
    )


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every scheme on by one scan."""
    waits_ns = {name: ns(getattr(params, name)) for name in _WAITS}
    capability_w = rows.capability_w(view, state)
    limit_w = rows.limit_w(view, capability_w, params)
    after: dict[str, SchemeState] = {}
    scans: list[Scan] = []
    proposals: list[Proposal] = []
    events: list[Happening] = []
    for name, before in state.schemes.items():
        scheme = view.site.schemes[name]
        assert isinstance(scheme, MainTieMainScheme)
        auto, reset = guards.auto(view, scheme), guards.reset(view, name)
        scan = Scan(view, scheme, before, params, waits_ns, auto, reset, capability_w, limit_w)
        after[name] = now = _advance(scan)
        events += _tell(view, scheme, before, now)
        scans.append(scan._replace(state=now))
        proposals += _propose(scans[-1])
    facts = {
        "generation_wanted": next(filter(None, map(ways.call, scans)), ""),
        "sets_released": all(map(ways.released, scans)),
        "awaiting": dict(chain.from_iterable(map(_awaiting, scans))),
        "rows_limit_w": limit_w,
        "rows_free_w": acceptance.unlimited_w(view.site, view.points, params.load),
        "stages": {**view.facts.stages, **{n: _summary(s) for n, s in after.items()}},
        "shed": tuple(chain.from_iterable(s.shed for s in after.values())),
    }
    requests = opened.told(state.schemes, after)
    return Turn(State(after), tuple(proposals), tuple(events), requests=requests, facts=facts)


def _awaiting(scan: Scan) -> list[tuple[str, bool]]:
    """Return the sections that await a source, and whether their load fits what there may be."""
    if not scan.auto:
        return []
    pairs = enumerate(zip(scan.scheme.sections, scan.state.sections, strict=True))
    return [
        (drawn.bus, rows.load_fits(scan, i))
        for i, (drawn, at) in pairs
        if at.stage is Stage.AWAITING
    ]


def _since(holds: bool, since_ns: int, now_ns: int) -> int:
    """Return since when a condition holds, 0 when it does not."""
    return (since_ns or now_ns) if holds else 0


def _advance(scan: Scan) -> SchemeState:
    """Return the scheme after this scan: intake first, then the sections in order."""
    view, state, now_ns = scan.view, scan.state, scan.view.now_ns
    behind = view.site.equipment[scan.scheme.intake].buses[0]
    joined = state.joined or view.is_closed(scan.scheme.intake)
    momentary = joined and not view.facts.supply.outage
    usable = ways.on_mains if momentary else guards.from_stable_mains
    feed_ns = _since(usable(view, behind), state.feed_ns, now_ns)
    intake, intake_ns = advance(
        joint.JOINT,
        (state.intake, state.intake_ns),
        guards.intake_events(scan, feed_ns),
        view,
        scan.waits_ns,
    )
    state = replace(
        state,
        intake=intake,
        intake_ns=intake_ns,
        feed_ns=feed_ns,
        joined=joined,
        sets_ns=_since(bool(view.facts.sets.on_bus), state.sets_ns, now_ns),
    )
    for i in range(len(state.sections)):
        moved = _advance_section(scan._replace(state=state), i)
        # Given to the sets, or taken from them: both shake those that carry the other section.
        block = {Stage.ON_ALTERNATE, Stage.ON_MAIN}
        moving = MOVING | {Stage.CLOSING_MAIN} if view.facts.island.bus else MOVING
        shaken = moved.stage in block and state.sections[i].stage in moving
        state = replace(
            state,
            sections=(*state.sections[:i], moved, *state.sections[i + 1 :]),
            block_ns=now_ns if shaken else state.block_ns,
        )
    now = scan._replace(state=state)
    shed = rows.shed(now)
    # A feeder that came back is a block like any other.
    back = view.facts.supply.outage and any(map(view.is_closed, {*state.shed}.difference(shed)))
    return replace(
        state, shed=shed, closed=rows.closed(now), block_ns=now_ns if back else state.block_ns
    )


def _advance_section(scan: Scan, i: int) -> SectionState:
    """Return one section after this scan."""
    view, now_ns = scan.view, scan.view.now_ns
    drawn, state = scan.scheme.sections[i], scan.state.sections[i]
    source = view.site.equipment[drawn.main].buses[0]
    state = replace(
        state,
        dead_ns=_since(view.topology.dead(drawn.bus), state.dead_ns, now_ns),
        mains_ns=_since(guards.from_stable_mains(view, source), state.mains_ns, now_ns),
        sync_ns=_since(guards.in_sync(scan, drawn, state), state.sync_ns, now_ns),
        failed=_still_failed(scan, state),
    )
    closed = guards.alternate_closed(scan, i)
    choice = ways.choose(scan, i, state)
    events = guards.section_events(scan, i, state, closed, choice)
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
    in_step = drawn.bus in view.facts.formed  # storage lets go of it, then it closes plainly
    if given_up and not in_step and (breaker := guards.told_to_close(drawn, state)):
        failed = (*failed, (breaker, now_ns + ns(scan.params.again_s)))
    return replace(state, stage=stage, since_ns=since_ns, alternate=alternate, failed=failed)


def _still_failed(scan: Scan, state: SectionState) -> tuple[tuple[str, int], ...]:
    """Return which breakers that did not close are to be left alone, and until when [ns]."""
    if scan.reset:
        return ()
    view = scan.view
    return tuple(f for f in state.failed if not view.passed(f[1]) and not view.is_closed(f[0]))


def _propose(scan: Scan) -> list[Proposal]:
    """Return what the scheme wants done in its stages, openings first."""
    wishes: list[tuple[str, str, str]] = []
    scheme, state, view = scan.scheme, scan.state, scan.view
    if scan.auto is False:
        return []
    mains = [s.main for s in scheme.sections]
    feeders = [s.generator_feeder for s in scheme.sections]
    # A ring on the sets would leave them beside the utility when the first main comes back.
    for both, name in ((mains, "mains"), (feeders, "generator feeders")):
        if scheme.tie and all(map(view.is_closed, (*both, scheme.tie))):
            wishes.append((scheme.tie, "open", f"both {name} and the tie are closed"))
    apart = scheme.tie and scheme.tie not in [at.alternate for at in state.sections]
    if apart and view.is_closed(scheme.tie) and _on_both(view, scheme):
        wishes.append((scheme.tie, "open", "the tie joins mains and sets"))
    dead = all(at.stage is Stage.AWAITING and at.dead_ns for at in state.sections)
    if scan.auto and dead and scheme.tie and view.is_closed(scheme.tie):
        wishes.append((scheme.tie, "open", "the tie joins sections that nothing feeds"))
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
            if action == "close":
                action = ways.manner(view, drawn.bus)
            if breaker:
                wishes.append((breaker, action, f"{drawn.bus}: {at.stage.value}"))
    wishes += rows.wishes(scan)
    wishes.sort(key=lambda wish: wish[1] != "open")
    return [Proposal(b, "command", action, 0.0, scheme.id, why) for b, action, why in wishes]


def _on_both(view: View, scheme: MainTieMainScheme) -> bool:
    """Return whether one section has its main and another a generator feeder that carries.

    One that only shows closed would cost the section what the tie has just given it.
    """
    return any(
        view.is_closed(one.main) and guards.carries(view, other.generator_feeder)
        for one in scheme.sections
        for other in scheme.sections
        if one is not other
    )


_ACTIONS: Final = {
    Stage.ISOLATING: ("open", "main"),
    Stage.FEEDING: ("close", "alternate"),
    Stage.RELEASING: ("open", "alternate"),
    Stage.SYNCHRONISING: ("close_in_sync", "main"),
    Stage.PARTING: ("open", "alternate"),
    Stage.BACKING_OUT: ("open", "main"),
    Stage.EXPELLING: ("open", "main"),
    Stage.BREAKING: ("open", "alternate"),
    Stage.CLOSING_MAIN: ("close", "main"),
}


def _summary(state: SchemeState) -> str:
    """Return one word for the scheme where one will do: the worst, or what all sections share."""
    stages = [at.stage for at in state.sections]
    if not section.SECTION.person.isdisjoint(stages):
        return "lockout"
    if state.intake is joint.Stage.HELD:
        return "held"
    if section.Stage.UNJUDGED in stages:
        return "unjudged"
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
