"""Black start: a board that is dark is taken apart, looked at, and built up again from one source.

Theory of operation. Everything is dark and what the automation does by itself has come to its end:
sets have failed and were mended since, a breaker was locked out, emergency power off was reset, the
daemon has been restarted. A person asks for it, on the scheme itself. Unless all is dark and
nothing forbids it (`daemon.core.darkness`) it is refused by name, when it is selected and when it
would begin.

ISOLATING opens every breaker of the board: mains, tie, generator feeders, breakers of sets, feeders
of storage, outgoing feeders. The automation keeps its hands off meanwhile and forgets what it held
against breakers and machines. VERIFYING looks at it for `verify_s`: all open, all dead, nothing
earthed. Then the automation has the board again (SOURCING): sets are started, one of them closes
onto the dead generator bus; when none comes in its time, storage holds a section; a utility that is
back comes first. Sections follow in the order of the site file, empty as they are; LOADING closes
the outgoing feeders again as blocks, each when the one before has been digested
(`daemon.core.transfer.rows`), AI rows last and only within their caps. What a person had opened
before stays open. It is done when every feeder is closed that can be carried.

Every step has its time. What does not come is named, and the black start is STOPPED: it switches
nothing more, the automation goes on with what there is, and a person resets it or asks again.
Emergency power off, a maintenance tag, a selector that leaves auto, or a `reset` end it at once.

    IDLE
        REQUESTED -> ISOLATING
    ISOLATING
        FORBIDDEN, after isolate_s -> STOPPED
        CANCELLED -> IDLE
        ISOLATED -> VERIFYING
    VERIFYING
        FORBIDDEN, after verify_limit_s -> STOPPED
        CANCELLED -> IDLE
        VERIFIED -> SOURCING
    SOURCING
        FORBIDDEN, after source_s -> STOPPED
        CANCELLED -> IDLE
        FED -> LOADING
    LOADING
        FORBIDDEN, DARK, after load_s -> STOPPED
        CANCELLED, LOADED -> IDLE
    STOPPED (a person resets)
        REQUESTED -> ISOLATING
        CANCELLED -> IDLE
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Gt, Le

from daemon.core import darkness
from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.facts import BlackStart
from daemon.core.interlocks import FAULT_TRIPS
from daemon.core.transfer import acceptance, guards
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.commands import OperatorRequest
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site

ACTION: Final = darkness.ACTION


class Stage(Word):
    """Where the black start of a board stands."""

    IDLE = "none"
    ISOLATING = "every breaker of the board told to open"
    VERIFYING = "all open: is all dead, and nothing earthed?"
    SOURCING = "isolated, the first source is awaited"
    LOADING = "fed: load is taken in blocks"
    STOPPED = "stopped: a person must look"


class Event(Word):
    """What persons say, and what the image says."""

    REQUESTED = "a person asks for it, and nothing forbids it"
    CANCELLED = "a person resets the scheme"
    FORBIDDEN = "emergency power off, maintenance, or the scheme is not on auto"
    ISOLATED = "every breaker of the board is open"
    VERIFIED = "open and dead long enough, nothing earthed"
    FED = "a section is live"
    DARK = "no section is live any more"
    LOADED = "every feeder is closed that can be carried"


_TRANSITIONS: Final = {
    (Stage.IDLE, Event.REQUESTED): Stage.ISOLATING,
    (Stage.ISOLATING, Event.FORBIDDEN): Stage.STOPPED,
    (Stage.ISOLATING, Event.CANCELLED): Stage.IDLE,
    (Stage.ISOLATING, Event.ISOLATED): Stage.VERIFYING,
    (Stage.VERIFYING, Event.FORBIDDEN): Stage.STOPPED,
    (Stage.VERIFYING, Event.CANCELLED): Stage.IDLE,
    (Stage.VERIFYING, Event.VERIFIED): Stage.SOURCING,
    (Stage.SOURCING, Event.FORBIDDEN): Stage.STOPPED,
    (Stage.SOURCING, Event.CANCELLED): Stage.IDLE,
    (Stage.SOURCING, Event.FED): Stage.LOADING,
    (Stage.LOADING, Event.FORBIDDEN): Stage.STOPPED,
    (Stage.LOADING, Event.DARK): Stage.STOPPED,
    (Stage.LOADING, Event.CANCELLED): Stage.IDLE,
    (Stage.LOADING, Event.LOADED): Stage.IDLE,
    (Stage.STOPPED, Event.REQUESTED): Stage.ISOLATING,
    (Stage.STOPPED, Event.CANCELLED): Stage.IDLE,
}
BOARD: Final = Table(
    first=Stage.IDLE,
    transitions=_TRANSITIONS,
    after={
        Stage.ISOLATING: ("isolate_s", Stage.STOPPED),
        Stage.VERIFYING: ("verify_limit_s", Stage.STOPPED),
        Stage.SOURCING: ("source_s", Stage.STOPPED),
        Stage.LOADING: ("load_s", Stage.STOPPED),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.IDLE}),
    person=frozenset({Stage.STOPPED}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """Times of a black start.

    Attributes:
        isolate_s: every breaker is open within this [s].
        verify_s: all must have been open and dead this long [s].
        verify_limit_s: longest look at it [s].
        source_s: a section is live within this: starts of sets, then storage [s].
        load_s: every feeder that can be carried is closed within this [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    isolate_s: Annotated[float, Gt(0), Le(60)] = 5.0
    verify_s: Annotated[float, Gt(0), Le(60)] = 1.0
    verify_limit_s: Annotated[float, Gt(0), Le(600)] = 10.0
    source_s: Annotated[float, Gt(0), Le(3600)] = 150.0
    load_s: Annotated[float, Gt(0), Le(3600)] = 180.0


class At(NamedTuple):
    """The black start of a board.

    Attributes:
        stage: where it stands.
        since_ns: since when [ns].
        dead_ns: since when all is open, dead and unearthed, 0 when it is not [ns].
        opened: outgoing feeders that it opens, to be closed again.
    """

    stage: Stage = Stage.IDLE
    since_ns: int = 0
    dead_ns: int = 0
    opened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Black start of every board by its scheme."""

    boards: Mapping[str, At] = field(default_factory=dict)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: none is under way."""
    return State(
        {
            scheme.id: At()
            for scheme in site.schemes.values()
            if isinstance(scheme, MainTieMainScheme) and scheme.authority == "daemon"
        }
    )


_HOLDING: Final = frozenset({Stage.ISOLATING, Stage.VERIFYING})
_SOURCING: Final = frozenset({Stage.SOURCING, Stage.LOADING})


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every black start on by one scan."""
    asked = {name: m for name in state.boards if (m := guards.request(view, name, ACTION))}
    if not asked and all(at.stage is Stage.IDLE for at in state.boards.values()):
        return Turn(state)  # nothing is looked at as long as nobody asks
    waits_ns = {wait: ns(getattr(params, wait)) for wait, _ in BOARD.after.values()}
    boards: dict[str, At] = {}
    proposals: list[Proposal] = []
    events: list[Happening] = []
    for name, at in state.boards.items():
        scheme = view.site.schemes[name]
        assert isinstance(scheme, MainTieMainScheme)
        problem = darkness.forbidden(view, scheme)
        boards[name] = now = _advance(view, scheme, at, asked, problem, waits_ns, params)
        if name in asked:
            events.append(_answer(view, scheme, asked[name], problem, at, now))
        if now.stage is not at.stage:
            events.append(_tell(view, scheme, at, now, problem))
        if now.stage is Stage.ISOLATING:
            proposals += [
                Proposal(b, "command", "open", 0.0, name, "black start: isolate")
                for b in (*_own(scheme), *now.opened)
                if not view.is_open(b)
            ]
    facts = {
        "black_start": BlackStart(
            tuple(name for name, at in boards.items() if at.stage in _HOLDING),
            tuple(name for name, at in boards.items() if at.stage in _SOURCING),
            tuple(b for at in boards.values() if at.stage in _HOLDING for b in at.opened),
        )
    }
    return Turn(State(boards), tuple(proposals), tuple(events), facts=facts)


def _own(scheme: MainTieMainScheme) -> tuple[str, ...]:
    """Return the breakers of a scheme that isolate its sections, sources first."""
    mains = [b for s in scheme.sections for b in (s.main, s.generator_feeder)]
    found = (*mains, scheme.tie, *scheme.storage_feeders, *scheme.sets.values())
    return tuple(b for b in found if b)


def _answer(
    view: View,
    scheme: MainTieMainScheme,
    request: OperatorRequest,
    problem: tuple[str, str] | None,
    before: At,
    now: At,
) -> Happening:
    """Return what the person who asked is told: it begins, or why it does not."""
    problem = problem or (darkness.not_dark(view, scheme) if now.stage is before.stage else None)
    if problem is None and now.stage is before.stage:
        problem = "under_way", f"it is under way: {now.stage.value}"
    name, text = problem or ("", "begins")
    return view.event(
        scheme.id,
        "command_refused" if problem else "command_verified",
        f"{scheme.id} {ACTION} {'refused: ' * bool(problem)}{text}",
        action=ACTION,
        owner=request.user,
        interlock=name,
        selection=request.id,
    )


def _advance(
    view: View,
    scheme: MainTieMainScheme,
    at: At,
    asked: Mapping[str, OperatorRequest],
    problem: tuple[str, str] | None,
    waits_ns: Mapping[str, int],
    params: Params,
) -> At:
    """Return one black start after this scan."""
    isolated = all(map(view.is_open, (*_own(scheme), *at.opened)))
    dark = darkness.not_dark(view, scheme) is None
    dead_ns = (at.dead_ns or view.now_ns) if isolated and dark else 0
    events = [Event.FORBIDDEN] if problem else []
    if guards.request(view, scheme.id, "reset"):
        events.append(Event.CANCELLED)
    if scheme.id in asked and not problem and dark:
        events.append(Event.REQUESTED)
    if isolated:
        events.append(Event.ISOLATED)
    if view.lasted(dead_ns, ns(params.verify_s)):
        events.append(Event.VERIFIED)
    if any(view.topology.live(s.bus) for s in scheme.sections):
        events.append(Event.FED)
        if not _missing(view, scheme, at.opened):
            events.append(Event.LOADED)
    elif all(view.topology.dead(s.bus) for s in scheme.sections):
        events.append(Event.DARK)
    stage, since_ns = advance(BOARD, at[:2], events, view, waits_ns)
    if stage is Stage.ISOLATING is not at.stage:
        outgoing = acceptance.outgoing_feeders(view.site, view.points, scheme)
        ours = {*at.opened, *view.facts.shed}
        return At(
            stage, since_ns, 0, tuple(f for f in outgoing if f in ours or not view.is_open(f))
        )
    return At(stage, since_ns, dead_ns, () if stage is Stage.IDLE else at.opened)


def _missing(view: View, scheme: MainTieMainScheme, opened: tuple[str, ...]) -> tuple[str, ...]:
    """Return the feeders still to be closed: no faulty ones, and no rows without room."""
    left = [f for f in opened if not view.is_closed(f)]
    if view.facts.rows_limit_w == 0.0:
        of_rows = acceptance.row_feeders(view.site, view.points, scheme)
        left = [f for f in left if f not in of_rows]
    return tuple(f for f in left if not any(view.status(f, flag) for flag in FAULT_TRIPS))


def _tell(
    view: View,
    scheme: MainTieMainScheme,
    before: At,
    now: At,
    problem: tuple[str, str] | None,
) -> Happening:
    """Return an event for a change of stage, with what was missing when it stopped."""
    what, text = "black_start", now.stage.value
    reason = ""
    if now.stage is Stage.STOPPED:
        what, reason = "black_start_stopped", _why(view, scheme, before, problem)
        text = f"stopped while {before.stage.name.lower()}: {reason}"
    elif now.stage is Stage.IDLE:
        done = before.stage is Stage.LOADING and not _missing(view, scheme, before.opened)
        what, text = ("black_start_done", "done") if done else (what, "taken back")
    return view.event(
        scheme.id,
        what,
        f"{scheme.id} black start: {text}",
        stage=now.stage.name.lower(),
        before=before.stage.name.lower(),
        reason=reason,
    )


def _why(view: View, scheme: MainTieMainScheme, before: At, problem: tuple[str, str] | None) -> str:
    """Return what stopped a black start."""
    if problem:
        return problem[1]
    if before.stage is Stage.ISOLATING:
        stuck = [b for b in (*_own(scheme), *before.opened) if not view.is_open(b)]
        return f"not seen to open: {', '.join(stuck)}"
    if before.stage is Stage.VERIFYING:
        found = darkness.not_dark(view, scheme)
        return found[1] if found else "a breaker did not stay open"
    if before.stage is Stage.SOURCING:
        failed = ", ".join(view.facts.sets.failed) or "none"
        return f"no source came; sets that failed: {failed}"
    if all(view.topology.dead(s.bus) for s in scheme.sections):
        return "the source was lost"
    return f"not closed: {', '.join(_missing(view, scheme, before.opened))}"
