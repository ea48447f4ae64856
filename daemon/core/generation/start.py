"""Standby sets: from a start order to a set that carries load, and back to rest.

Theory of operation. When generation is wanted (a confirmed outage, or transfer calls for it) every
set that is available and on auto is started at once: the others are the alternates of one that does
not come, and none has to be chosen in the dark. The device cranks, rests and runs up by itself; a
set that is not ready within `ready_s` has FAILED. One ready set is permitted to close onto the dead
bus (CLOSING); which one is decided here and nowhere else, in the starting order of the site file.
Once the bus is live the others close by their synchronism check. A set whose breaker opens without
our word has FAILED as well and is not reclosed. One that runs and shows no voltage within `build_s`
has FAILED before it closes; one that stands alone on the empty bus and does not hold it at voltage
would keep all others from it: it is REJECTED, and has FAILED. So would one that reports a failure
while its breaker is closed: where its relay has not opened that within `open_s`, it is told to.
Every crank attempt after the first is told: the time of a fast start is missed with it. That a set
runs is not believed within `believe_s` of the order to start: it may be what it showed before an
order to stop that is still on its way, and a set that is closed then runs out on the bus.

A set that is to spare (`choice`) hands its load to the others within `hand_over_s`, led there by
its set-point (`sharing`); then its breaker opens, loaded or not. Wanted again, it stays.

When nothing wants the sets and nothing hangs on them, they run `unload_s` on the empty bus, their
breakers open (UNLOADING), they run `cool_s` and are told to stop; the rest of the cool-down is the
device's own programme. While something hangs on them or waits for them they are HELD: one that was
told to start comes though nothing wants generation any more, and none leaves the bus. A failed set
is taken back when generation is no longer wanted and the device says that it is stopped and
available.

Sets of a scheme that is not ours to decide (`core.authority`) are followed and told nothing: one
that comes onto the bus is ON_BUS, and one that is TAKEN_OFF by others has not failed.

    AT_REST
        WANTED -> STARTING
        SEEN_ON_BUS -> ON_BUS
        RUNNING -> READY
    STARTING
        FAULT, after ready_s -> FAILED
        SEEN_ON_BUS -> ON_BUS
        RUNNING -> READY
        RELEASED -> COOLING
    READY
        FAULT, NO_VOLTAGE -> FAILED
        SEEN_ON_BUS -> ON_BUS
        RELEASED -> COOLING
        STOPPED -> AT_REST
        PERMITTED -> CLOSING
    CLOSING
        FAULT -> FAILED
        SEEN_ON_BUS -> ON_BUS
        after close_s -> READY
    ON_BUS
        FAULT, SEEN_OFF_BUS -> FAILED
        TAKEN_OFF -> READY
        NO_VOLTAGE -> REJECTED
        RELEASED -> DRAINING
        TO_SPARE -> HANDING_OVER
    REJECTED
        FAULT, SEEN_OFF_BUS, after open_s -> FAILED
    DRAINING
        FAULT, SEEN_OFF_BUS -> FAILED
        TAKEN_OFF -> READY
        HELD -> ON_BUS
        after unload_s -> UNLOADING
    HANDING_OVER
        FAULT, SEEN_OFF_BUS -> FAILED
        TAKEN_OFF -> READY
        WANTED -> ON_BUS
        RELEASED -> DRAINING
        EMPTY, after hand_over_s -> UNLOADING
    UNLOADING
        FAULT, after open_s -> FAILED
        SEEN_OFF_BUS -> COOLING
    COOLING
        FAULT -> FAILED
        WANTED -> STARTING
        SEEN_ON_BUS -> ON_BUS
        after cool_s -> STOPPING
    STOPPING
        STOPPED -> AT_REST
        WANTED -> STARTING
        SEEN_ON_BUS -> ON_BUS
        after stop_s -> FAILED
    FAILED
        MENDED -> AT_REST
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.authority import selected
from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.facts import Sets
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.natures import Position
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


class Stage(Word):
    """Where a set stands."""

    AT_REST = "at rest"
    STARTING = "told to start"
    READY = "at speed and voltage, off the bus"
    CLOSING = "permitted to close"
    ON_BUS = "on the bus"
    REJECTED = "gives no voltage, breaker told to open"
    DRAINING = "released, still on the bus"
    HANDING_OVER = "to spare, hands its load to the others"
    UNLOADING = "breaker told to open"
    COOLING = "runs without load"
    STOPPING = "told to stop"
    FAILED = "did not come, or left by itself"


class Event(Word):
    """What the image says about a set, and what is wanted of it."""

    FAULT = "device reports a fault"
    SEEN_ON_BUS = "runs, breaker closed"
    SEEN_OFF_BUS = "breaker open"
    TAKEN_OFF = "breaker open, and the scheme is not ours"
    NO_VOLTAGE = "runs and shows no voltage; on the bus: alone, and does not hold it at voltage"
    WANTED = "generation is wanted, set available and on auto"
    RUNNING = "device reports rated speed and voltage"
    STOPPED = "device reports standstill"
    RELEASED = "nothing wants it and nothing hangs on it"
    HELD = "something wants it, hangs on it or waits for it"
    TO_SPARE = "the others carry the load without it"
    EMPTY = "gives next to nothing"
    PERMITTED = "its turn to close"
    MENDED = "not wanted, stopped and available again"


_TRANSITIONS: Final = {
    (Stage.AT_REST, Event.WANTED): Stage.STARTING,
    (Stage.AT_REST, Event.SEEN_ON_BUS): Stage.ON_BUS,
    (Stage.AT_REST, Event.RUNNING): Stage.READY,
    (Stage.STARTING, Event.FAULT): Stage.FAILED,
    (Stage.STARTING, Event.SEEN_ON_BUS): Stage.ON_BUS,
    (Stage.STARTING, Event.RUNNING): Stage.READY,
    (Stage.STARTING, Event.RELEASED): Stage.COOLING,
    (Stage.READY, Event.FAULT): Stage.FAILED,
    (Stage.READY, Event.NO_VOLTAGE): Stage.FAILED,
    (Stage.READY, Event.SEEN_ON_BUS): Stage.ON_BUS,
    (Stage.READY, Event.RELEASED): Stage.COOLING,
    (Stage.READY, Event.STOPPED): Stage.AT_REST,
    (Stage.READY, Event.PERMITTED): Stage.CLOSING,
    (Stage.CLOSING, Event.FAULT): Stage.FAILED,
    (Stage.CLOSING, Event.SEEN_ON_BUS): Stage.ON_BUS,
    (Stage.ON_BUS, Event.FAULT): Stage.FAILED,
    (Stage.ON_BUS, Event.SEEN_OFF_BUS): Stage.FAILED,
    (Stage.ON_BUS, Event.TAKEN_OFF): Stage.READY,
    (Stage.ON_BUS, Event.NO_VOLTAGE): Stage.REJECTED,
    (Stage.ON_BUS, Event.RELEASED): Stage.DRAINING,
    (Stage.ON_BUS, Event.TO_SPARE): Stage.HANDING_OVER,
    (Stage.REJECTED, Event.FAULT): Stage.FAILED,
    (Stage.REJECTED, Event.SEEN_OFF_BUS): Stage.FAILED,
    (Stage.DRAINING, Event.FAULT): Stage.FAILED,
    (Stage.DRAINING, Event.SEEN_OFF_BUS): Stage.FAILED,
    (Stage.DRAINING, Event.TAKEN_OFF): Stage.READY,
    (Stage.DRAINING, Event.HELD): Stage.ON_BUS,
    (Stage.HANDING_OVER, Event.FAULT): Stage.FAILED,
    (Stage.HANDING_OVER, Event.SEEN_OFF_BUS): Stage.FAILED,
    (Stage.HANDING_OVER, Event.TAKEN_OFF): Stage.READY,
    (Stage.HANDING_OVER, Event.WANTED): Stage.ON_BUS,
    (Stage.HANDING_OVER, Event.RELEASED): Stage.DRAINING,
    (Stage.HANDING_OVER, Event.EMPTY): Stage.UNLOADING,
    (Stage.UNLOADING, Event.FAULT): Stage.FAILED,
    (Stage.UNLOADING, Event.SEEN_OFF_BUS): Stage.COOLING,
    (Stage.COOLING, Event.FAULT): Stage.FAILED,
    (Stage.COOLING, Event.WANTED): Stage.STARTING,
    (Stage.COOLING, Event.SEEN_ON_BUS): Stage.ON_BUS,
    (Stage.STOPPING, Event.STOPPED): Stage.AT_REST,
    (Stage.STOPPING, Event.WANTED): Stage.STARTING,
    (Stage.STOPPING, Event.SEEN_ON_BUS): Stage.ON_BUS,
    (Stage.FAILED, Event.MENDED): Stage.AT_REST,
}
SET: Final = Table(
    first=Stage.AT_REST,
    transitions=_TRANSITIONS,
    after={
        Stage.STARTING: ("ready_s", Stage.FAILED),
        Stage.CLOSING: ("close_s", Stage.READY),
        Stage.REJECTED: ("open_s", Stage.FAILED),
        Stage.DRAINING: ("unload_s", Stage.UNLOADING),
        Stage.HANDING_OVER: ("hand_over_s", Stage.UNLOADING),
        Stage.UNLOADING: ("open_s", Stage.FAILED),
        Stage.COOLING: ("cool_s", Stage.STOPPING),
        Stage.STOPPING: ("stop_s", Stage.FAILED),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.AT_REST, Stage.READY, Stage.ON_BUS, Stage.FAILED}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """Times of the start and stop programme.

    Attributes:
        ready_s: from start order to rated speed and voltage: three cranks of 15 s, two rests of
            15 s, and the run-up [s].
        believe_s: what a set shows so soon after its order to start may be older than it [s].
        close_s: a permitted close happens within this, the search for synchronism included [s].
        build_s: a set that runs, or is alone on the empty bus, gives voltage after this [s].
        least_pu: voltage below which it does not [pu].
        unload_s: time on the empty bus before the breaker opens [s].
        hand_over_s: a set to spare hands its load to the others within this [s].
        empty_pu: load below which it has, by its rating [pu].
        open_s: the breaker opens within this [s].
        cool_s: run without load before the order to stop [s].
        stop_s: from the order to standstill, the device's own cool-down included [s].

    Source: crank programme of NFPA 110 Type 10.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    ready_s: Annotated[float, Gt(0), Le(600)] = 90.0
    believe_s: Annotated[float, Gt(0), Le(5)] = 0.5
    close_s: Annotated[float, Gt(0), Le(120)] = 15.0
    build_s: Annotated[float, Gt(0), Le(60)] = 3.0
    least_pu: Annotated[float, Gt(0), Le(1)] = 0.85
    unload_s: Annotated[float, Ge(0), Le(600)] = 5.0
    hand_over_s: Annotated[float, Ge(0), Le(600)] = 60.0
    empty_pu: Annotated[float, Gt(0), Le(1)] = 0.05
    open_s: Annotated[float, Gt(0), Le(10)] = 2.0
    cool_s: Annotated[float, Ge(0), Le(1800)] = 5.0
    stop_s: Annotated[float, Gt(0), Le(3600)] = 900.0


class At(NamedTuple):
    """A set, since when it is in its stage [ns], and the crank attempts told of this start."""

    stage: Stage = Stage.AT_REST
    since_ns: int = 0
    cranks: int = 1


@dataclass(frozen=True, slots=True)
class State:
    """Stage of every set by id."""

    sets: Mapping[str, At] = field(default_factory=dict)


class _Place(NamedTuple):
    """A set's breaker, bus and scheme, and the other breakers of that bus."""

    breaker: str
    bus: str
    scheme: str
    others: tuple[str, ...]


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every set is at rest until seen otherwise."""
    return State({name: At() for scheme in _boards(site) for name in scheme.sets})


def _boards(site: Site) -> list[MainTieMainScheme]:
    return [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]


def _feeders(scheme: MainTieMainScheme) -> list[str]:
    return [section.generator_feeder for section in scheme.sections]


@once_per_site
def _places(site: Site, points: PointTable) -> dict[str, _Place]:
    return {
        name: _Place(
            breaker,
            scheme.generator_bus,
            scheme.id,
            tuple(b for b in (*scheme.sets.values(), *_feeders(scheme)) if b != breaker),
        )
        for scheme in _boards(site)
        for name, breaker in scheme.sets.items()
    }


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every set on by one scan."""
    if not state.sets:
        return Turn(state)
    facts = view.facts
    called = facts.supply.outage or bool(facts.generation_wanted)
    wanted = called and not facts.black_start.holding
    released = not wanted and facts.sets_released
    kept_off = released or bool(facts.black_start.holding)
    waits_ns = {wait: ns(getattr(params, wait)) for wait, _ in SET.after.values()}
    places = _places(view.site, view.points)
    others = {s.id for s in _boards(view.site) if selected(view, s) is False}
    sets = dict(state.sets)
    for name, at in state.sets.items():
        if places[name].scheme in others:
            seen = _followed(view, name, places[name])
            sets[name] = At(*advance(SET, at[:2], seen, view, waits_ns))
            continue
        spare = name in facts.sets_to_spare
        calls = wanted and not spare
        events = _events(view, name, places[name], calls, released)
        if Event.RUNNING in events and not _for_us(view, at, calls, kept_off, params):
            events.remove(Event.RUNNING)
        if at.stage is Stage.ON_BUS and _useless(view, name, places[name], at, params):
            events.insert(0, Event.NO_VOLTAGE)
        if at.stage is Stage.READY:
            runs_out = view.stage(name) == "cooling_down"
            events += _before_closing(view, name, places, sets, kept_off or runs_out, params)
        if spare and at.stage in {Stage.ON_BUS, Stage.HANDING_OVER}:
            events += [Event.TO_SPARE] + [Event.EMPTY] * _empty(view, name, params)
        stage, since_ns = advance(SET, at[:2], events, view, waits_ns)
        sets[name] = At(stage, since_ns, _cranks(view, name, at, stage))
    proposals = tuple(
        wish
        for name, at in sets.items()
        if places[name].scheme not in others
        if (wish := _wish(view, name, places[name], at, params))
    )
    events_out = tuple(
        _tell(view, name, state.sets[name], at, facts.supply.since_ns)
        for name, at in sets.items()
        if at.stage is not state.sets[name].stage or at.cranks > state.sets[name].cranks
    )
    return Turn(State(sets), proposals, events_out, facts={"sets": _conclude(view, sets)})


def _events(view: View, name: str, place: _Place, wanted: bool, released: bool) -> list[Event]:
    """Return what is true of a set this scan, most urgent first."""
    stage = view.stage(name)
    position = view.position(place.breaker)
    running = stage in {"ready", "loaded"}
    events = []
    if stage == "fault":
        events.append(Event.FAULT)
    if position is Position.CLOSED and running:
        events.append(Event.SEEN_ON_BUS)
    elif position is Position.OPEN:
        events.append(Event.SEEN_OFF_BUS)
    available = view.status(name, "available")
    if wanted and available is not False and view.stage(name, "selector") in {"auto", None}:
        events.append(Event.WANTED)
    if running:
        events.append(Event.RUNNING)
    if stage == "stopped":
        events.append(Event.STOPPED)
        if not wanted and available is True and position is Position.OPEN:
            events.append(Event.MENDED)
    events.append(Event.RELEASED if released else Event.HELD)
    return events


def _for_us(view: View, at: At, wanted: bool, kept_off: bool, params: Params) -> bool:
    """Return whether a set that runs does so for us: not by hand, nor from before its start."""
    if at.stage is Stage.STARTING:
        return not kept_off and view.lasted(at.since_ns, ns(params.believe_s))
    return wanted


def _followed(view: View, name: str, place: _Place) -> list[Event]:
    """Return what is true of a set that others decide, most urgent first."""
    events = _events(view, name, place, wanted=False, released=False)
    if view.is_open(place.breaker):
        events.insert(Event.FAULT in events, Event.TAKEN_OFF)
    return events


def _useless(view: View, name: str, place: _Place, at: At, params: Params) -> bool:
    """Return whether a set is alone on the empty bus and is known not to give it voltage."""
    if not view.lasted(at.since_ns, ns(params.build_s)) or view.topology.live(place.bus):
        return False
    voltage_v = view.read(name, "voltage_ll_v")
    low = voltage_v is not None and (
        voltage_v < params.least_pu * view.site.buses[place.bus].voltage_v
    )
    return low and all(map(view.is_open, place.others))


def _before_closing(
    view: View,
    name: str,
    places: Mapping[str, _Place],
    sets: Mapping[str, At],
    kept_off: bool,
    params: Params,
) -> list[Event]:
    """Return whether a set that runs may close, or that it gives no voltage."""
    voltage_v = view.read(name, "voltage_ll_v")
    rated_v = view.site.buses[places[name].bus].voltage_v
    if voltage_v is not None and voltage_v < params.least_pu * rated_v:
        late = view.lasted(sets[name].since_ns, ns(params.build_s))
        return [Event.NO_VOLTAGE] * late
    return [Event.PERMITTED] * (not kept_off and _may_close(view, name, places, sets))


def _empty(view: View, name: str, params: Params) -> bool:
    power_w = view.read(name, "power_w")
    rated_w = view.site.equipment[name].ratings["power_w"]
    return power_w is not None and -power_w < params.empty_pu * rated_w


def _cranks(view: View, name: str, at: At, stage: Stage) -> int:
    """Return how many crank attempts of this start are known, the first included."""
    if stage is not Stage.STARTING:
        return 1
    if view.stage(name) not in {"cranking", "resting"}:
        return at.cranks
    return max(at.cranks, int(view.read(name, "crank_count") or 1))


def _may_close(view: View, name: str, places: Mapping[str, _Place], sets: Mapping[str, At]) -> bool:
    """Return whether a ready set may close: synchronised, or as the only one onto a dead bus."""
    bus = places[name].bus
    if view.topology.live(bus):
        return True
    neighbours = [n for n, p in places.items() if p.bus == bus and n != name]
    return view.topology.dead(bus) and not any(
        sets[n].stage is Stage.CLOSING or not view.is_open(places[n].breaker) for n in neighbours
    )


def _wish(view: View, name: str, place: _Place, at: At, params: Params) -> Proposal | None:
    """Return what a set's stage asks for."""
    stage = at.stage
    if stage is Stage.STARTING:
        return Proposal(name, "command", "start", 0.0, place.scheme, "generation is wanted")
    if stage is Stage.CLOSING:
        action = "close_in_sync" if view.topology.live(place.bus) else "close"
        return Proposal(place.breaker, "command", action, 0.0, place.scheme, f"{name} is ready")
    if stage is Stage.REJECTED:
        why = f"{name} gives no voltage"
        return Proposal(place.breaker, "command", "open", 0.0, place.scheme, why)
    if stage is Stage.UNLOADING:
        why = f"{name} is not wanted any more"
        return Proposal(place.breaker, "command", "open", 0.0, place.scheme, why)
    if stage is Stage.STOPPING:
        return Proposal(name, "command", "stop", 0.0, place.scheme, "cooled down")
    if stage is Stage.FAILED and _left_closed(view, name, place, at, params):
        why = f"{name} has failed and is on the bus"
        return Proposal(place.breaker, "command", "open", 0.0, place.scheme, why)
    return None


def _left_closed(view: View, name: str, place: _Place, at: At, params: Params) -> bool:
    """Return whether a set that gives nothing was left on the bus by its own relay."""
    dead = view.stage(name) in {"fault", "stopped"} and view.is_closed(place.breaker)
    return dead and view.lasted(at.since_ns, ns(params.open_s))


_ON: Final = frozenset({Stage.ON_BUS, Stage.DRAINING, Stage.HANDING_OVER})


def _conclude(view: View, sets: Mapping[str, At]) -> Sets:
    """Return what the sets can do now."""
    by_stage = {stage: tuple(n for n, at in sets.items() if at.stage is stage) for stage in Stage}
    on_bus = tuple(n for n, at in sets.items() if at.stage in _ON)
    return Sets(
        ready=by_stage[Stage.READY] + by_stage[Stage.CLOSING] + on_bus,
        on_bus=on_bus,
        pending=tuple(
            n for n, at in sets.items() if at.stage in {Stage.STARTING, Stage.READY, Stage.CLOSING}
        ),
        failed=by_stage[Stage.FAILED],
        leaving=by_stage[Stage.HANDING_OVER],
        capability_w=sum(
            view.site.equipment[n].ratings["power_w"]
            for n in on_bus
            if sets[n].stage is not Stage.HANDING_OVER
        ),
    )


def _tell(view: View, name: str, before: At, after: At, lost_ns: int) -> Happening:
    since_loss_s = round(view.elapsed_s(lost_ns), 3) if lost_ns else 0.0
    if after.stage is before.stage:
        text = f"{name}: crank attempt {after.cranks}, the time of a fast start is missed"
        fields = {"attempt": after.cranks, "since_loss_s": since_loss_s}
        return view.event(name, "set_cranks_again", text, **fields)
    happened = {
        Stage.FAILED: "set_failed",
        Stage.READY: "set_ready",
        Stage.ON_BUS: "set_on_bus",
        Stage.STARTING: "set_starting",
    }.get(after.stage, "stage")
    text = f"{name}: {after.stage.value}"
    if after.stage is Stage.FAILED and before.stage is not Stage.FAILED:
        text = f"{name}: failed while {before.stage.value}"
    return view.event(
        name,
        happened,
        text,
        stage=after.stage.name.lower(),
        before=before.stage.name.lower(),
        since_loss_s=since_loss_s,
    )
