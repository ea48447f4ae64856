"""Storage that holds a section by itself while no machine runs: grid-forming.

Theory of operation. A store on AC reaches the sections of a board through interlocked feeders and
follows whatever holds its section. When a section awaits a source and none comes (no set on its
way, or none ready within `late_s`), and nothing else holds the delivery bus, the store is CALLED.
It is PREPARED when it is joined to that section and to no other, when the interlocks let it form,
and when the board says that what hangs on the section fits: the board then reckons with the power
of the store, within `usable_pu` of its rating, and takes the feeders of AI rows off first
(`transfer.rows`). Only then it is told to form, and is expected on the section within `form_s`. A
store with less charge than `start_pu` is not called, nor for a section on which a fault stands;
until it has been seen to hold a section (`proven`) it counts for no reserve.

A section has one reference. While a store is about to form a dead section nothing else is closed
onto it; once it holds it, main or generator feeder close by their synchronism check alone, and the
store goes back to following by itself when something stiffer leads (RELIEVED). If synchronism does
not come, or the charge falls to `floor_pu`, it is told to follow again (RELEASING): the section is
dead for as long as its next source needs, which stored energy behind it carries. A store that
trips, or does not form, is UNABLE until it is not wanted any more or `again_s` have passed.

The neutral: a converter that forms earths its section as long as nothing else does; sets and mains
transformers take that over with the section.

    AT_REST
        CALLED -> PREPARING
        SEEN_FORMING -> CARRYING
    PREPARING
        DISMISSED -> AT_REST
        PREPARED -> FORMING
        after prepare_s -> UNABLE
    FORMING
        SEEN_FORMING -> CARRYING
        FAULT, after form_s -> RELEASING
    CARRYING
        FAULT, DIED -> UNABLE
        RELIEVED -> AT_REST
        TO_RELEASE -> RELEASING
    RELEASING
        SEEN_FOLLOWING, after release_s -> UNABLE
    UNABLE
        DISMISSED, after again_s -> AT_REST
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Interval, Le

from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.facts import Formed
from daemon.core.interlocks import Case, barred, check
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


class Stage(Word):
    """Where a store stands."""

    AT_REST = "follows, or rests"
    PREPARING = "called: to be joined to the section, and load to be taken off it"
    FORMING = "told to form"
    CARRYING = "holds the section"
    RELEASING = "told to follow again"
    UNABLE = "cannot hold a section now"


class Event(Word):
    """What the image says about a store, and what is wanted of it."""

    CALLED = "a section has no source, and none comes"
    DISMISSED = "no section is in need of it"
    PREPARED = "joined to the section alone, its load fits, and the interlocks let it form"
    SEEN_FORMING = "device says it forms, and the section is live"
    SEEN_FOLLOWING = "device says it does not form"
    RELIEVED = "something stiffer leads: the section is live, and the device follows"
    DIED = "the section is dead, or the device rests"
    TO_RELEASE = "charge at its floor, or what was to close in synchronism did not"
    FAULT = "device reports a fault"


_TRANSITIONS: Final = {
    (Stage.AT_REST, Event.CALLED): Stage.PREPARING,
    (Stage.AT_REST, Event.SEEN_FORMING): Stage.CARRYING,
    (Stage.PREPARING, Event.DISMISSED): Stage.AT_REST,
    (Stage.PREPARING, Event.PREPARED): Stage.FORMING,
    (Stage.FORMING, Event.SEEN_FORMING): Stage.CARRYING,
    (Stage.FORMING, Event.FAULT): Stage.RELEASING,
    (Stage.CARRYING, Event.FAULT): Stage.UNABLE,
    (Stage.CARRYING, Event.DIED): Stage.UNABLE,
    (Stage.CARRYING, Event.RELIEVED): Stage.AT_REST,
    (Stage.CARRYING, Event.TO_RELEASE): Stage.RELEASING,
    (Stage.RELEASING, Event.SEEN_FOLLOWING): Stage.UNABLE,
    (Stage.UNABLE, Event.DISMISSED): Stage.AT_REST,
}
STORE: Final = Table(
    first=Stage.AT_REST,
    transitions=_TRANSITIONS,
    after={
        Stage.PREPARING: ("prepare_s", Stage.UNABLE),
        Stage.FORMING: ("form_s", Stage.RELEASING),
        Stage.RELEASING: ("release_s", Stage.UNABLE),
        Stage.UNABLE: ("again_s", Stage.AT_REST),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.AT_REST, Stage.CARRYING}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """When storage holds a section, and within what charge.

    Attributes:
        failed_s: a section without a source, and none on its way, waits this long [s].
        late_s: the longest wait for sets that are on their way [s].
        prepare_s: joined, and load taken off, within this [s].
        form_s: from the order to a live section [s].
        release_s: from the order to a device that does not form any more [s].
        again_s: rest of a store that was unable [s].
        usable_pu: part of its rating that load may be planned on [pu].
        start_pu: charge below which it is not called [pu].
        floor_pu: charge at which it lets go of the section [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    failed_s: Annotated[float, Ge(0), Le(600)] = 2.0
    late_s: Annotated[float, Gt(0), Le(600)] = 35.0
    prepare_s: Annotated[float, Gt(0), Le(120)] = 20.0
    form_s: Annotated[float, Gt(0), Le(60)] = 5.0
    release_s: Annotated[float, Gt(0), Le(60)] = 5.0
    again_s: Annotated[float, Gt(0), Le(3600)] = 60.0
    usable_pu: Annotated[float, Gt(0), Le(1)] = 0.95
    start_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.2
    floor_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.1


class At(NamedTuple):
    """A store, since when it is in its stage, and the section it is for."""

    stage: Stage = Stage.AT_REST
    since_ns: int = 0
    section: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Stage of every store by id, and since when each awaiting section has been dead [ns]."""

    stores: Mapping[str, At] = field(default_factory=dict)
    dark_ns: Mapping[str, int] = field(default_factory=dict)


class _Place(NamedTuple):
    """A store's bus and scheme, its feeder by section, and what closes onto each section."""

    bus: str
    scheme: str
    feeders: Mapping[str, str]
    closers: Mapping[str, tuple[str, str]]


def _find(site: Site) -> dict[str, _Place]:
    """Return the stores that reach sections of the site's boards."""
    found = {}
    for scheme in site.schemes.values():
        if not isinstance(scheme, MainTieMainScheme) or scheme.authority != "daemon":
            continue
        sections = {s.bus: s for s in scheme.sections}
        for store in site.of_nature("ess"):
            feeders = {
                bus: name
                for name in scheme.storage_feeders
                if store.buses[0] in site.equipment[name].buses
                for bus in site.equipment[name].buses
                if bus in sections
            }
            if feeders:
                closers = {b: (s.main, s.generator_feeder) for b, s in sections.items()}
                found[store.id] = _Place(store.buses[0], scheme.id, feeders, closers)
    return found


@once_per_site
def _places(site: Site, points: PointTable) -> dict[str, _Place]:
    return _find(site)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every store follows until seen otherwise."""
    places = _find(site)
    return State(
        {name: At() for name in places},
        {bus: 0 for place in places.values() for bus in place.feeders},
    )


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every store on by one scan."""
    if not state.stores:
        return Turn(state)
    places = _places(view.site, view.points)
    waiting = view.facts.awaiting
    dark_ns = {
        bus: (since_ns or view.now_ns) if bus in waiting and view.topology.dead(bus) else 0
        for bus, since_ns in state.dark_ns.items()
    }
    waits_ns = {wait: ns(getattr(params, wait)) for wait, _ in STORE.after.values()}
    stores = {
        name: _advance(view, name, places[name], at, dark_ns, waits_ns, params)
        for name, at in state.stores.items()
    }
    proposals = [
        wish
        for name, at in stores.items()
        if at.stage is Stage.PREPARING
        for wish in _joining(view, places[name], at.section)
    ]
    events = tuple(
        view.event(
            name,
            "stage",
            f"{name}: {at.stage.value}" + f" ({at.section})" * bool(at.section),
            stage=at.stage.name.lower(),
            before=state.stores[name].stage.name.lower(),
            bus=at.section,
        )
        for name, at in stores.items()
        if at.stage is not state.stores[name].stage
    )
    formed = {
        at.section: _formed(view, name, at.stage, params)
        for name, at in stores.items()
        if at.stage in _ORDERS
    }
    return Turn(State(stores, dark_ns), tuple(proposals), events, facts={"formed": formed})


_ORDERS: Final = {
    Stage.PREPARING: "",
    Stage.FORMING: "grid_forming",
    Stage.CARRYING: "",
    Stage.RELEASING: "grid_following",
}


def _formed(view: View, store: str, stage: Stage, params: Params) -> Formed:
    rated_w = params.usable_pu * view.site.equipment[store].ratings["power_w"]
    return Formed(store, rated_w, _ORDERS[stage], stage is Stage.CARRYING)


def _advance(
    view: View,
    name: str,
    place: _Place,
    at: At,
    dark_ns: Mapping[str, int],
    waits_ns: Mapping[str, int],
    params: Params,
) -> At:
    section = at.section
    if at.stage is Stage.AT_REST:
        section = _held(view, name, place) or _in_need(view, name, place, dark_ns, params)
    events = _events(view, name, place, section, at.stage, params)
    stage, since_ns = advance(STORE, at[:2], events, view, waits_ns)
    if stage is Stage.AT_REST:
        return At(stage, since_ns)
    return At(stage, since_ns, section)


def _held(view: View, name: str, place: _Place) -> str:
    """Return the section that a store holds already, or ""."""
    joined = _joined_to(view, place)
    forms = view.stage(name) == "grid_forming" and joined and view.topology.live(joined)
    return joined if forms else ""


def _in_need(
    view: View, name: str, place: _Place, dark_ns: Mapping[str, int], params: Params
) -> str:
    """Return the section that is to be held, the one the store is joined to first, or ""."""
    facts, soc_pu = view.facts, view.charge_pu(name)
    if soc_pu is None or soc_pu < params.start_pu or not _wanted(view):
        return ""
    wait_s = params.late_s if facts.sets.pending else params.failed_s
    joined = _joined_to(view, place)
    for bus in sorted(place.feeders, key=lambda bus: bus != joined):
        # What is true of another section is seen once it is joined to that one.
        useless = bus == joined and barred(_to_form(view, name))
        if not useless and view.lasted(dark_ns[bus], ns(wait_s)):
            return bus
    return ""


def _to_form(view: View, store: str) -> Case:
    wish = Proposal(store, "command", "grid_forming", 0.0, store, "")
    return Case(view, wish, {}, by_person=False)


def _wanted(view: View) -> bool:
    """Return whether there is nothing else to hold a section."""
    facts = view.facts
    lost = facts.supply.outage or bool(facts.generation_wanted)
    held = facts.sets.on_bus or facts.island.bus or facts.black_start.holding
    return lost and not held


def _joined_to(view: View, place: _Place) -> str:
    """Return the section whose feeder of the store is closed, or ""."""
    return next((bus for bus, feeder in place.feeders.items() if view.is_closed(feeder)), "")


def _events(
    view: View, name: str, place: _Place, section: str, stage: Stage, params: Params
) -> list[Event]:
    """Return what is true of a store this scan, most urgent first."""
    says = view.stage(name)
    events = [Event.FAULT] if says == "fault" else []
    if stage is Stage.AT_REST:
        if section and view.topology.live(section):  # one that it is called for is dead
            events.append(Event.SEEN_FORMING)
        elif section and says != "fault":
            events.append(Event.CALLED)
        return events
    dead = view.topology.dead(section)
    if says == "grid_forming" and view.topology.live(section):
        events.append(Event.SEEN_FORMING)
    if says not in {"grid_forming", None}:
        events.append(Event.SEEN_FOLLOWING)
        if says == "grid_following" and view.topology.live(section):
            events.append(Event.RELIEVED)
        elif says != "grid_following" or dead:
            events.append(Event.DIED)
    if not _wanted(view) or (stage is Stage.PREPARING and section not in view.facts.awaiting):
        events.append(Event.DISMISSED)
    if stage is Stage.PREPARING and dead and view.facts.awaiting.get(section):
        ready = _alone(view, place, section) and not check(_to_form(view, name)).refused_by
        events += [Event.PREPARED] * ready
    soc_pu = view.charge_pu(name)
    unmatched = any(c in view.facts.not_closed for c in place.closers[section])
    if unmatched or (soc_pu is not None and soc_pu <= params.floor_pu):
        events.append(Event.TO_RELEASE)
    return events


def _alone(view: View, place: _Place, section: str) -> bool:
    """Return whether the store is joined to a section and to no other."""
    return all(
        view.is_closed(feeder) if bus == section else view.is_open(feeder)
        for bus, feeder in place.feeders.items()
    )


def _joining(view: View, place: _Place, section: str) -> list[Proposal]:
    """Return what joins a store to its section: other feeders open first."""
    why = f"storage is to hold {section}"
    others = [f for bus, f in place.feeders.items() if bus != section and not view.is_open(f)]
    if others:
        return [Proposal(f, "command", "open", 0.0, place.scheme, why) for f in others]
    own = place.feeders[section]
    if view.is_closed(own):
        return []
    return [Proposal(own, "command", "close", 0.0, place.scheme, why)]
