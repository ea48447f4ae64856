"""Gas turbines that are called when the sets are not enough: from cold to a held delivery bus.

Theory of operation. A turbine behind a breaker that is normally open stands by for the worst: it is
called in an outage when no set is on its way and those there are cannot carry all load, or when the
outage has lasted `long_outage_s`, so that it is hot before the sets run dry. Its start takes
minutes; the sets are not waited for meanwhile and nothing is taken from them.

Once it runs, its breaker closes onto the delivery bus: plainly while that is dead and the intake is
known to be open, by synchronism check beside a turbine that holds it already. The delivery bus is
then an *island*, told as a fact: one reference, the first turbine on it; one neutral, that of this
turbine, for the primary transformers end the earthed zone towards the sections. Sections that have
no source are fed through their own mains from there (`transfer.ways`), never beside the sets: a
section has one source. The reactor rejoins it by synchronism (`rejoin`), inverters that want a
utility do not.

When the utility is back, the intake closes onto the island by its synchronism check, so that
nothing on it sees a gap. The turbine is then DISMISSED: it is unloaded beside the utility (the main
lane sets its power to nothing), its breaker opens, and it stops. One that feeds nobody leaves as
soon as the utility is stable, and the intake closes onto a dead bus. A turbine that trips, that
leaves by itself or does not come has FAILED; it is taken back when it is not wanted any more and
reports that it is mended.

    AT_REST
        CALLED -> STARTING
        SEEN_JOINED -> JOINED
    STARTING
        FAULT, after start_s -> FAILED
        SEEN_JOINED -> JOINED
        RUNNING -> READY
        DISMISSED -> STOPPING
    READY
        FAULT -> FAILED
        SEEN_JOINED -> JOINED
        DISMISSED -> STOPPING
        STOPPED -> AT_REST
        PERMITTED -> CLOSING
    CLOSING
        FAULT -> FAILED
        SEEN_JOINED -> JOINED
        after close_s -> READY
    JOINED
        FAULT, SEEN_PARTED -> FAILED
        DISMISSED -> UNLOADING
    UNLOADING
        FAULT -> FAILED
        SEEN_PARTED -> STOPPING
        CALLED -> JOINED
        UNLOADED, after unload_s -> PARTING
    PARTING
        FAULT, after open_s -> FAILED
        SEEN_PARTED -> STOPPING
    STOPPING
        STOPPED -> AT_REST
        CALLED -> STARTING
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
from daemon.core.facts import Island
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.natures import Position
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

GRAIN_W: Final = 100_000.0
"""The capability of an island moves in these steps, so that others are not asked for a watt."""


class Stage(Word):
    """Where a turbine stands."""

    AT_REST = "at rest"
    STARTING = "told to start"
    READY = "at speed and voltage, off the delivery bus"
    CLOSING = "permitted to close"
    JOINED = "on the delivery bus"
    UNLOADING = "beside the utility, giving its load back"
    PARTING = "breaker told to open"
    STOPPING = "told to stop"
    FAILED = "did not come, or left by itself"


class Event(Word):
    """What the image says about a turbine, and what is wanted of it."""

    FAULT = "device reports a fault"
    SEEN_JOINED = "runs, breaker closed"
    SEEN_PARTED = "breaker open"
    RUNNING = "device reports rated speed and voltage"
    STOPPED = "device reports standstill"
    CALLED = "sets are not enough, turbine available"
    DISMISSED = "no outage any more, or the utility is stable and nobody is fed from here"
    PERMITTED = "intake open, and the delivery bus dead or held by another turbine"
    UNLOADED = "gives next to nothing"
    MENDED = "not wanted, stopped and available again"


_TRANSITIONS: Final = {
    (Stage.AT_REST, Event.CALLED): Stage.STARTING,
    (Stage.AT_REST, Event.SEEN_JOINED): Stage.JOINED,
    (Stage.STARTING, Event.FAULT): Stage.FAILED,
    (Stage.STARTING, Event.SEEN_JOINED): Stage.JOINED,
    (Stage.STARTING, Event.RUNNING): Stage.READY,
    (Stage.STARTING, Event.DISMISSED): Stage.STOPPING,
    (Stage.READY, Event.FAULT): Stage.FAILED,
    (Stage.READY, Event.SEEN_JOINED): Stage.JOINED,
    (Stage.READY, Event.DISMISSED): Stage.STOPPING,
    (Stage.READY, Event.STOPPED): Stage.AT_REST,
    (Stage.READY, Event.PERMITTED): Stage.CLOSING,
    (Stage.CLOSING, Event.FAULT): Stage.FAILED,
    (Stage.CLOSING, Event.SEEN_JOINED): Stage.JOINED,
    (Stage.JOINED, Event.FAULT): Stage.FAILED,
    (Stage.JOINED, Event.SEEN_PARTED): Stage.FAILED,
    (Stage.JOINED, Event.DISMISSED): Stage.UNLOADING,
    (Stage.UNLOADING, Event.FAULT): Stage.FAILED,
    (Stage.UNLOADING, Event.SEEN_PARTED): Stage.STOPPING,
    (Stage.UNLOADING, Event.CALLED): Stage.JOINED,
    (Stage.UNLOADING, Event.UNLOADED): Stage.PARTING,
    (Stage.PARTING, Event.FAULT): Stage.FAILED,
    (Stage.PARTING, Event.SEEN_PARTED): Stage.STOPPING,
    (Stage.STOPPING, Event.STOPPED): Stage.AT_REST,
    (Stage.STOPPING, Event.CALLED): Stage.STARTING,
    (Stage.FAILED, Event.MENDED): Stage.AT_REST,
}
TURBINE: Final = Table(
    first=Stage.AT_REST,
    transitions=_TRANSITIONS,
    after={
        Stage.STARTING: ("start_s", Stage.FAILED),
        Stage.CLOSING: ("close_s", Stage.READY),
        Stage.UNLOADING: ("unload_s", Stage.PARTING),
        Stage.PARTING: ("open_s", Stage.FAILED),
        Stage.STOPPING: ("stop_s", Stage.FAILED),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.AT_REST, Stage.READY, Stage.JOINED, Stage.FAILED}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """When a turbine is called, and its times.

    Attributes:
        call_after_s: sets must have been too few this long, with none on its way [s].
        long_outage_s: an outage that lasts this long calls it in any case [s].
        start_s: from start order to rated speed and voltage, cold [s].
        close_s: a permitted close happens within this, the search for synchronism included [s].
        unloaded_pu: power below which it counts as unloaded [pu].
        unload_s: longest time of giving its load back to the utility [s].
        open_s: the breaker opens within this [s].
        stop_s: from the order to standstill [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    call_after_s: Annotated[float, Ge(0), Le(3600)] = 5.0
    long_outage_s: Annotated[float, Gt(0), Le(86_400)] = 1800.0
    start_s: Annotated[float, Gt(0), Le(3600)] = 600.0
    close_s: Annotated[float, Gt(0), Le(120)] = 15.0
    unloaded_pu: Annotated[float, Gt(0), Le(1)] = 0.05
    unload_s: Annotated[float, Gt(0), Le(3600)] = 600.0
    open_s: Annotated[float, Gt(0), Le(10)] = 2.0
    stop_s: Annotated[float, Gt(0), Le(3600)] = 300.0


class At(NamedTuple):
    """A turbine, and since when it is in its stage."""

    stage: Stage = Stage.AT_REST
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Stage of every turbine by id, and since when sets are too few, 0 when they are not [ns]."""

    turbines: Mapping[str, At] = field(default_factory=dict)
    short_ns: int = 0


class _Place(NamedTuple):
    """A turbine's breaker, the delivery bus and intake behind it, and reactors at that bus."""

    breaker: str
    bus: str
    intake: str
    scheme: str
    mains: tuple[str, ...]
    steady: tuple[str, ...]


def _find(site: Site) -> dict[str, _Place]:
    """Return the turbines that stand by at the delivery buses of the site's schemes."""
    found = {}
    for scheme in site.schemes.values():
        if not isinstance(scheme, MainTieMainScheme) or scheme.authority != "daemon":
            continue
        bus = site.equipment[scheme.intake].buses[1]
        beside = {
            end: breaker
            for breaker in site.of_nature("breaker")
            if bus in breaker.buses
            for end in breaker.buses[:2]
            if end != bus
        }
        steady = tuple(e.id for e in site.of_nature("smr") if e.buses[0] in beside)
        mains = tuple(section.main for section in scheme.sections)
        for turbine in site.of_nature("gas_turbine"):
            breaker = beside.get(turbine.buses[0])
            if breaker is not None and breaker.normally == "open":
                found[turbine.id] = _Place(breaker.id, bus, scheme.intake, scheme.id, mains, steady)
    return found


@once_per_site
def _places(site: Site, points: PointTable) -> dict[str, _Place]:
    return _find(site)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: every turbine is at rest until seen otherwise."""
    return State({name: At() for name in _find(site)})


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every turbine on by one scan."""
    if not state.turbines:
        return Turn(state)
    places = _places(view.site, view.points)
    short_ns = (state.short_ns or view.now_ns) if _too_few(view) else 0
    called = _called(view, short_ns, params)
    waits_ns = {wait: ns(getattr(params, wait)) for wait, _ in TURBINE.after.values()}
    others = {n for n, p in places.items() if _others_decide(view, p.scheme)}
    turbines = dict(state.turbines)
    for name, at in state.turbines.items():
        ours = name not in others
        events = _events(view, name, places[name], called and ours, params)
        if at.stage is Stage.READY and ours and _may_close(view, name, places, turbines):
            events.append(Event.PERMITTED)
        turbines[name] = At(*advance(TURBINE, at, events, view, waits_ns))
    proposals = tuple(
        wish
        for name, at in turbines.items()
        if name not in others
        if (wish := _wish(view, name, places[name], at.stage))
    )
    events_out = tuple(
        view.event(
            name,
            "stage",
            f"{name}: {at.stage.value}",
            stage=at.stage.name.lower(),
            before=state.turbines[name].stage.name.lower(),
        )
        for name, at in turbines.items()
        if at.stage is not state.turbines[name].stage
    )
    facts = {"island": _island(view, places, turbines)}
    return Turn(State(turbines, short_ns), proposals, events_out, facts=facts)


def _others_decide(view: View, scheme: str) -> bool:
    """Return whether the scheme that a turbine stands by for is not ours to decide now."""
    drawn = view.site.schemes[scheme]
    return isinstance(drawn, MainTieMainScheme) and selected(view, drawn) is False


def _too_few(view: View) -> bool:
    """Return whether the sets cannot carry all load, and no more of them are on their way."""
    facts = view.facts
    if not facts.supply.outage or facts.sets.pending:
        return False
    return not facts.sets.on_bus or facts.rows_limit_w >= 0.0


def _called(view: View, short_ns: int, params: Params) -> bool:
    """Return whether turbines are called."""
    supply = view.facts.supply
    if not supply.outage or view.facts.black_start.holding:
        return False
    return view.lasted(short_ns, ns(params.call_after_s)) or view.lasted(
        supply.since_ns, ns(params.long_outage_s)
    )


def _events(view: View, name: str, place: _Place, called: bool, params: Params) -> list[Event]:
    """Return what is true of a turbine this scan, most urgent first."""
    stage, position = view.stage(name), view.position(place.breaker)
    running = stage in {"ready", "loaded"}
    available = view.status(name, "available")
    outage = view.facts.supply.outage
    events = []
    if stage == "fault":
        events.append(Event.FAULT)
    if position is Position.CLOSED and running:
        events.append(Event.SEEN_JOINED)
    elif position is Position.OPEN:
        events.append(Event.SEEN_PARTED)
    if running and outage:  # one that runs by hand while nobody wants it is none of ours
        events.append(Event.RUNNING)
    if stage == "stopped":
        events.append(Event.STOPPED)
        wanted = outage and not view.facts.black_start.holding
        if not wanted and available is True and position is Position.OPEN:
            events.append(Event.MENDED)
    if called and available is not False and not _dismissed(view, place):
        events.append(Event.CALLED)
    if _dismissed(view, place):
        events.append(Event.DISMISSED)
    if _unloaded(view, name, params):
        events.append(Event.UNLOADED)
    return events


def _dismissed(view: View, place: _Place) -> bool:
    """Return whether the utility does without it, and so do the sections."""
    supply = view.facts.supply
    if view.facts.island.bus != place.bus:
        return not supply.outage
    # The utility is not there yet, and who hangs on the island has nothing else.
    return bool(supply.stable) and all(map(view.is_open, place.mains))


def _unloaded(view: View, name: str, params: Params) -> bool:
    """Return whether it is known to give next to nothing."""
    power_w = view.read(name, "power_w")
    rated_w = view.site.equipment[name].ratings["power_w"]
    return power_w is not None and -power_w < params.unloaded_pu * rated_w


def _may_close(
    view: View, name: str, places: Mapping[str, _Place], turbines: Mapping[str, At]
) -> bool:
    """Return whether a turbine that runs may close: the first onto the dead bus, others in step."""
    place = places[name]
    if _dismissed(view, place) or not view.is_open(place.intake):
        return False
    if view.topology.live(place.bus):
        return view.facts.island.bus == place.bus
    others = [n for n, p in places.items() if p.bus == place.bus and n != name]
    return view.topology.dead(place.bus) and not any(
        turbines[n].stage is Stage.CLOSING or not view.is_open(places[n].breaker) for n in others
    )


def _wish(view: View, name: str, place: _Place, stage: Stage) -> Proposal | None:
    """Return what a turbine's stage asks for."""
    if stage is Stage.STARTING:
        return Proposal(name, "command", "start", 0.0, place.scheme, "the sets are not enough")
    if stage is Stage.CLOSING:
        action = "close_in_sync" if view.topology.live(place.bus) else "close"
        why = f"{name} takes the delivery bus"
        return Proposal(place.breaker, "command", action, 0.0, place.scheme, why)
    if stage is Stage.PARTING:
        why = f"{name} is not wanted any more"
        return Proposal(place.breaker, "command", "open", 0.0, place.scheme, why)
    if stage is Stage.STOPPING:
        return Proposal(name, "command", "stop", 0.0, place.scheme, "not wanted any more")
    return None


def _island(view: View, places: Mapping[str, _Place], turbines: Mapping[str, At]) -> Island:
    """Return the delivery bus that turbines hold while no utility does, if there is one."""
    holding = [n for n, at in turbines.items() if at.stage in {Stage.JOINED, Stage.UNLOADING}]
    for bus in dict.fromkeys(places[n].bus for n in holding):
        joined = view.topology.sources(bus)
        utilities = any(view.site.equipment[s].nature == "utility" for s in joined)
        if utilities or not view.topology.live(bus):
            continue
        lead = tuple(n for n in holding if places[n].bus == bus)
        steady = tuple(s for s in places[lead[0]].steady if s in joined)
        rated_w = sum(view.site.equipment[n].ratings["power_w"] for n in lead)
        given_w = sum(max(0.0, -(view.read(s, "power_w") or 0.0)) for s in steady)
        return Island(bus, lead + steady, rated_w + given_w // GRAIN_W * GRAIN_W)
    return _NO_ISLAND


_NO_ISLAND: Final = Island()
