"""ALTS: which of two utility feeds serves the intake.

Theory of operation. The switch stands on one feed. When that feed has failed, or is healthy at the
utility and does not arrive at the switch, and the other is healthy and arrives, for `transfer_s`,
it may go over (READY), and once the interlocks let it, it is told to (MOVING): an open transition
of the device. Until then it may change its mind: what they wait for, an island that has to be
parted, a feed that has just gone as well, can last longer than the reason to go. A reason to go
to the other feed instead is a new one, and waited for anew.
It goes back to source 1 only when that has been stable for `return_s` on top of its own return
time, and only if the site wants that at all. The device must show the new position within
`travel_s`. More than `transfers_max` transfers within `window_s` end in LOCKOUT on whatever feed
the switch stands, until a person resets: a flapping utility must not work the switch to death. Only
what this automaton ordered counts, not what a person or the daemon before told the switch: those
are bounded by the hour, over a restart as well (`interlocks.wear`), and must not keep a feed that
has failed from being left.

    UNJUDGED
        SEEN -> STANDING
    STANDING
        HANDS_OFF -> UNJUDGED
        TOO_MANY -> LOCKOUT
        OTHER_BETTER -> WAITING
    WAITING
        HANDS_OFF -> UNJUDGED
        TOO_MANY -> LOCKOUT
        STAY -> STANDING
        after transfer_s -> READY
    READY
        HANDS_OFF -> UNJUDGED
        TOO_MANY -> LOCKOUT
        STAY -> STANDING
        CLEARED -> MOVING
    MOVING
        HANDS_OFF -> UNJUDGED
        ARRIVED -> STANDING
        after travel_s -> LOCKOUT
    LOCKOUT (a person resets)
        RESET -> UNJUDGED
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.facts import Health
from daemon.core.interlocks import Case, Verdict, check, fault_behind
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.plant import IntakeScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site


class Stage(Word):
    """Where the switch stands."""

    UNJUDGED = "not judged: hand operation, own logic, or not known"
    STANDING = "on a feed"
    WAITING = "the other feed is better, waiting"
    READY = "has waited, the interlocks decide"
    MOVING = "told to transfer"
    LOCKOUT = "did not transfer, or too often: a person must look"


class Event(Word):
    """What the image says about it."""

    RESET = "a person has looked and resets"
    HANDS_OFF = "selector, own logic or panel took it away from us"
    SEEN = "its position is known"
    ARRIVED = "it stands where it was told to go"
    TOO_MANY = "more transfers than allowed in the window"
    OTHER_BETTER = (
        "present feed failed or broken off and the other arrives, or source 1 stable again"
    )
    STAY = "no reason to move any more"
    CLEARED = "the interlocks let it go"


_TRANSITIONS: Final = {
    (Stage.UNJUDGED, Event.SEEN): Stage.STANDING,
    (Stage.STANDING, Event.HANDS_OFF): Stage.UNJUDGED,
    (Stage.STANDING, Event.TOO_MANY): Stage.LOCKOUT,
    (Stage.STANDING, Event.OTHER_BETTER): Stage.WAITING,
    (Stage.WAITING, Event.HANDS_OFF): Stage.UNJUDGED,
    (Stage.WAITING, Event.TOO_MANY): Stage.LOCKOUT,
    (Stage.WAITING, Event.STAY): Stage.STANDING,
    (Stage.READY, Event.HANDS_OFF): Stage.UNJUDGED,
    (Stage.READY, Event.TOO_MANY): Stage.LOCKOUT,
    (Stage.READY, Event.STAY): Stage.STANDING,
    (Stage.READY, Event.CLEARED): Stage.MOVING,
    (Stage.MOVING, Event.HANDS_OFF): Stage.UNJUDGED,
    (Stage.MOVING, Event.ARRIVED): Stage.STANDING,
    (Stage.LOCKOUT, Event.RESET): Stage.UNJUDGED,
}
SWITCH: Final = Table(
    first=Stage.UNJUDGED,
    transitions=_TRANSITIONS,
    after={
        Stage.WAITING: ("transfer_s", Stage.READY),
        Stage.MOVING: ("travel_s", Stage.LOCKOUT),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.UNJUDGED, Stage.STANDING, Stage.READY}),
    person=frozenset({Stage.LOCKOUT}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """Times and limits of the intake.

    Attributes:
        transfer_s: a better feed is better for this long before the switch is told to move [s].
        travel_s: the switch arrives within this [s].
        return_to_source_1: whether source 1 is preferred when both are stable.
        return_s: source 1 stable for this long on top of its return time before going back [s].
        transfers_max: transfers allowed within the window.
        window_s: length of the window [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    transfer_s: Annotated[float, Gt(0), Le(120)] = 0.5
    travel_s: Annotated[float, Gt(0), Le(30)] = 5.0
    return_to_source_1: bool = False
    return_s: Annotated[float, Ge(0), Le(7200)] = 300.0
    transfers_max: Annotated[int, Ge(1), Le(20)] = 3
    window_s: Annotated[float, Gt(0), Le(7200)] = 300.0


class At(NamedTuple):
    """Memory of one switch.

    Attributes:
        stage: where it stands.
        since_ns: since when [ns].
        target: source it goes to, 1 or 2; 0 without a reason to go.
        preferred_ns: since when it stands on 2 while source 1 is stable and preferred, or 0 [ns].
        moved_ns: when it was told to transfer, the last ones [ns].
        refused_by: interlock that has last held it back while it is ready, to say so once.
    """

    stage: Stage = Stage.UNJUDGED
    since_ns: int = 0
    target: int = 0
    preferred_ns: int = 0
    moved_ns: tuple[int, ...] = ()
    refused_by: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Memory of every intake switch the daemon decides, by scheme."""

    schemes: Mapping[str, At] = field(default_factory=dict)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State(
        {
            s.id: At()
            for s in site.schemes.values()
            if isinstance(s, IntakeScheme) and s.authority == "daemon"
        }
    )


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every intake switch on by one scan."""
    if not state.schemes:
        return Turn(state)
    waits_ns = {"transfer_s": ns(params.transfer_s), "travel_s": ns(params.travel_s)}
    after: dict[str, At] = {}
    proposals, events = [], []
    held_back: dict[str, str] = {}
    for name, before in state.schemes.items():
        scheme = view.site.schemes[name]
        assert isinstance(scheme, IntakeScheme)
        at = _look(view, scheme, before, params)
        refusal = _refusal(view, scheme, at)
        # What has been waited for is no reason to go the other way.
        turned = before.target > 0 and at.target != before.target
        cleared = refusal == _NONE
        stage, since_ns = advance(
            SWITCH,
            (at.stage, at.since_ns),
            _events(view, scheme, at, params, cleared=cleared, turned=turned),
            view,
            waits_ns,
        )
        if stage is Stage.MOVING is not at.stage:
            at = at._replace(moved_ns=(*at.moved_ns, view.now_ns))
        held_by = refusal.refused_by if stage is Stage.READY else ""
        if held_by:
            held_back[name] = refusal.text
        if held_by and held_by != at.refused_by:
            events.append(_refused(view, _wish(scheme, at), refusal))
        after[name] = at = at._replace(stage=stage, since_ns=since_ns, refused_by=held_by)
        if stage is Stage.MOVING:
            proposals.append(_wish(scheme, at))
        if stage is not before.stage:
            text = f"{name}: {stage.value}"
            more = {"stage": stage.name.lower(), "target": at.target}
            events.append(view.event(name, "stage", text, **more))
    stages = {name: at.stage.name.lower() for name, at in after.items()}
    return Turn(
        State(after),
        tuple(proposals),
        tuple(events),
        facts={
            "stages": {**view.facts.stages, **stages},
            "held_back": held_back,
        },
    )


_NONE: Final = Verdict("", "")


def _wish(scheme: IntakeScheme, at: At) -> Proposal:
    action, why = f"to_source_{at.target}", f"source {at.target} is the better feed"
    return Proposal(scheme.switch, "command", action, 0.0, scheme.id, why)


def _refusal(view: View, scheme: IntakeScheme, at: At) -> Verdict:
    """Return what holds back a switch that is ready to go."""
    if at.stage is not Stage.READY or not at.target:
        return _NONE
    verdict = check(Case(view, _wish(scheme, at), {}, by_person=False))
    return verdict if verdict.refused_by else _NONE


def _refused(view: View, wish: Proposal, refusal: Verdict) -> Happening:
    return view.event(
        wish.equipment,
        "command_refused",
        f"{wish.equipment} {wish.action} refused: {refusal.text}",
        action=wish.action,
        owner=wish.owner,
        interlock=refusal.refused_by,
    )


def _standing(view: View, scheme: IntakeScheme) -> int:
    """Return the source the switch is known to stand on, else 0."""
    return {"source_1": 1, "source_2": 2}.get(view.stage(scheme.switch, "connected") or "", 0)


def _feeds(view: View, scheme: IntakeScheme) -> dict[int, str]:
    """Return the utility behind each source, by the bus of the relay that judges it."""
    at_bus = {u.buses[0]: u.id for u in view.site.of_nature("utility")}
    return {
        number: at_bus.get(view.site.equipment[relay].buses[0], "")
        for number, relay in enumerate(scheme.relays, 1)
    }


def _look(view: View, scheme: IntakeScheme, at: At, params: Params) -> At:
    """Bring memory up to date: the way to go, and the transfers still in the window."""
    window_ns = ns(params.window_s)
    moved_ns = tuple(t for t in at.moved_ns if not view.passed(t + window_ns))
    if at.stage is Stage.MOVING:
        return at._replace(moved_ns=moved_ns)
    standing, feeds = _standing(view, scheme), _feeds(view, scheme)
    supply = view.facts.supply
    preferred = params.return_to_source_1 and standing == 2 and feeds[1] in supply.stable
    preferred_ns = (at.preferred_ns or view.now_ns) if preferred else 0
    target = 0
    if standing:
        other = 3 - standing
        here, there = (supply.feeds.get(feeds[n]) for n in (standing, other))
        bus, other_bus = (
            view.site.equipment[scheme.switch].buses[n - 1] for n in (standing, other)
        )
        broken_off = here is Health.HEALTHY and view.topology.dead(bus)
        arrives = there is Health.HEALTHY and view.topology.live(other_bus)
        if (here is Health.FAILED or broken_off) and arrives:
            target = other
        elif view.lasted(preferred_ns, ns(params.return_s)):
            target = 1
    return at._replace(target=target, preferred_ns=preferred_ns, moved_ns=moved_ns)


def _events(
    view: View, scheme: IntakeScheme, at: At, params: Params, *, cleared: bool, turned: bool
) -> list[Event]:
    """Return what is true of a switch this scan, most urgent first.

    Args:
        view: of this scan.
        scheme: as drawn.
        at: memory of the switch, looked at anew.
        params: times and limits.
        cleared: the interlocks let it go.
        turned: it was to go to the other feed before.
    """
    events = []
    if any(
        m.proposal.equipment == scheme.id and m.proposal.action == "reset" for m in view.requests
    ):
        events.append(Event.RESET)
    selector = view.stage(scheme.switch, "selector")
    own_logic = view.status(scheme.switch, "inhibited") is False
    if selector not in {"auto", None} or own_logic or view.status(scheme.switch, "local"):
        return [*events, Event.HANDS_OFF]
    standing = _standing(view, scheme)
    if standing:
        events.append(Event.SEEN)
    if standing and standing == at.target:
        events.append(Event.ARRIVED)
    if len(at.moved_ns) >= params.transfers_max and at.target:
        events.append(Event.TOO_MANY)
    # A feed that sinks because a fault is being cleared is no reason to bring the other one to it.
    move = at.target and not turned and selector and not fault_behind(view, scheme.switch)
    if move and cleared:
        events.append(Event.CLEARED)
    events.append(Event.OTHER_BETTER if move else Event.STAY)
    return events
