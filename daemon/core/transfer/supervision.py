"""UPS, STS and ATS decide for themselves: here they are verified and recorded.

Theory of operation. A transfer switch whose source has failed while the other is healthy has to
move by itself within `ats_s` or `sts_s`. One that does not is STUCK: an event says so, and it is
asked once to go over, which it may refuse. A UPS is watched by its own stage: what it does in
milliseconds is told when the next reading shows it.

    SETTLED
        SHOULD_MOVE -> OVERDUE
    OVERDUE
        WELL -> SETTLED
        after move_s -> STUCK
    STUCK
        WELL -> SETTLED
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Gt, Le

from daemon.core.automaton import Table, Word, advance
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.plant import SupervisedScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site


class Stage(Word):
    """Whether a transfer switch does what it has to."""

    SETTLED = "on a good source, or none is better"
    OVERDUE = "has to transfer by itself now"
    STUCK = "did not transfer"


class Event(Word):
    """What the image says about it."""

    WELL = "on a healthy source, or the other is no better"
    SHOULD_MOVE = "its source failed, the other is healthy"


SUPERVISED: Final = Table(
    first=Stage.SETTLED,
    transitions={
        (Stage.SETTLED, Event.SHOULD_MOVE): Stage.OVERDUE,
        (Stage.OVERDUE, Event.WELL): Stage.SETTLED,
        (Stage.STUCK, Event.WELL): Stage.SETTLED,
    },
    after={Stage.OVERDUE: ("move_s", Stage.STUCK)},
    ignored={
        Stage.SETTLED: frozenset({Event.WELL}),
        Stage.OVERDUE: frozenset({Event.SHOULD_MOVE}),
        Stage.STUCK: frozenset({Event.SHOULD_MOVE}),
    },
    rests=frozenset({Stage.SETTLED, Stage.STUCK}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """How long a device may take, as far as the polling of it can tell.

    Attributes:
        ats_s: an automatic transfer switch has moved within this, its own delays included [s].
        sts_s: a static transfer switch has moved within this: a few readings [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    ats_s: Annotated[float, Gt(0), Le(60)] = 5.0
    sts_s: Annotated[float, Gt(0), Le(10)] = 0.5


class At(NamedTuple):
    """A supervised device: verdict, since when, and what it showed last."""

    stage: Stage = Stage.SETTLED
    since_ns: int = 0
    shown: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Every supervised device by id."""

    devices: Mapping[str, At] = field(default_factory=dict)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State(
        {
            member: At()
            for scheme in site.schemes.values()
            if isinstance(scheme, SupervisedScheme)
            for member in scheme.members
        }
    )


_UPS_EVENTS: Final = {
    "battery": ("ups_on_battery", "carries its load from storage"),
    "walk_in": ("ups_walk_in", "takes over from its input again"),
    "normal": ("ups_on_input", "feeds its load from its input"),
    "static_bypass": ("ups_on_bypass", "is on static bypass: its load is unprotected"),
    "maintenance_bypass": ("ups_on_bypass", "is on maintenance bypass: its load is unprotected"),
    "off": ("ups_off", "is off"),
    "fault": ("ups_fault", "reports a fault"),
}


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Look at every supervised device."""
    devices, proposals, events = {}, [], []
    for name, before in state.devices.items():
        if view.site.equipment[name].nature == "ups":
            after = _watch_ups(view, name, before)
        else:
            after = _watch_switch(view, name, before, params)
            if after.stage is Stage.STUCK:
                action = f"to_source_{_target(view, name, after.shown)}"
                why = "its source failed and it did not transfer by itself"
                proposals.append(Proposal(name, "command", action, 0.0, "supervision", why))
        devices[name] = after
        if after is not before:
            events += _tell(view, name, before, after)
    same = all(devices[name] is at for name, at in state.devices.items())
    return Turn(state if same else State(devices), tuple(proposals), tuple(events))


def _target(view: View, name: str, shown: str) -> int:
    """Return the source to go to: the other one, and from nowhere one that is healthy."""
    others = [n for n in (1, 2) if shown != f"source_{n}"]
    return next((n for n in others if view.status(name, f"source_{n}_healthy")), others[0])


def _watch_ups(view: View, name: str, at: At) -> At:
    shown = view.stage(name)
    return at if shown is None or shown == at.shown else At(at.stage, view.now_ns, shown)


def _watch_switch(view: View, name: str, at: At, params: Params) -> At:
    """Judge a transfer switch; without good readings nothing is said and no time runs on."""
    shown = view.stage(name, "connected")
    healthy = {n: view.status(name, f"source_{n}_healthy") for n in (1, 2)}
    if shown is None or None in healthy.values():
        return at
    standing = {"source_1": 1, "source_2": 2}.get(shown, 0)
    bad = standing == 0 or not healthy[standing]
    should = bad and any(healthy[n] for n in (1, 2) if n != standing)
    move_s = params.sts_s if view.site.equipment[name].variant == "sts" else params.ats_s
    stage, since_ns = advance(
        SUPERVISED,
        (at.stage, at.since_ns),
        (Event.SHOULD_MOVE if should else Event.WELL,),
        view,
        {"move_s": ns(move_s)},
    )
    return at if (stage, shown) == (at.stage, at.shown) else At(stage, since_ns, shown)


def _tell(view: View, name: str, before: At, after: At) -> list[Happening]:
    """Return what is worth recording about a change."""
    told = []
    if after.shown != before.shown:
        if after.shown in _UPS_EVENTS:
            event, text = _UPS_EVENTS[after.shown]
            # The first reading after a start is news only when it is not normal.
            if before.shown or after.shown != "normal":
                told.append(view.event(name, event, f"{name} {text}", stage=after.shown))
        elif before.shown and after.shown.startswith("source"):
            text = f"{name} feeds its load from {after.shown.replace('_', ' ')}"
            told.append(view.event(name, "transferred", text, connected=after.shown))
    if after.stage is Stage.STUCK is not before.stage:
        text = f"{name} did not transfer though the other source is healthy"
        told.append(view.event(name, "transfer_failed", text, connected=after.shown))
    return told
