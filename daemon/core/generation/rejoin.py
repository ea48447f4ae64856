"""On-site sources that left the grid with the mains come back: SMR, gas turbine, PV.

Theory of operation. Loss-of-mains protection parts them from the delivery bus. When that bus has
been live from a stable utility for `stable_s`, the breaker of each that is normally closed is
permitted to close: by synchronism check when the source holds its own voltage, plainly when its
side is dead (inverters wait for the grid). A machine must say that it is able to feed: one that has
tripped must not be turned by the grid. It may rejoin an island that a gas turbine holds as well; an
inverter may not: a cloud is a step that such an island feels. A try that fails is repeated after
`again_s`, and after `tries` of them left to a person.

    JOINED
        SEEN_OPEN -> PARTED
    PARTED
        SEEN_CLOSED -> JOINED
        PERMITTED -> JOINING
    JOINING
        SEEN_CLOSED -> JOINED
        after join_s -> RESTING
    RESTING
        SEEN_CLOSED -> JOINED
        TRIED_OUT -> HELD
        after again_s -> PARTED
    HELD (a person resets)
        SEEN_CLOSED -> JOINED
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
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


class Stage(Word):
    """Where the breaker of an on-site source stands."""

    JOINED = "on the grid"
    PARTED = "off the grid"
    JOINING = "permitted to close"
    RESTING = "did not close, waiting before the next try"
    HELD = "did not close: a person must look"


class Event(Word):
    """What the image says about it."""

    SEEN_CLOSED = "breaker closed"
    SEEN_OPEN = "breaker open"
    TRIED_OUT = "no try is left"
    PERMITTED = "able to feed, and delivery bus live from a stable utility long enough"


_TRANSITIONS: Final = {
    (Stage.JOINED, Event.SEEN_OPEN): Stage.PARTED,
    (Stage.PARTED, Event.SEEN_CLOSED): Stage.JOINED,
    (Stage.PARTED, Event.PERMITTED): Stage.JOINING,
    (Stage.JOINING, Event.SEEN_CLOSED): Stage.JOINED,
    (Stage.RESTING, Event.SEEN_CLOSED): Stage.JOINED,
    (Stage.RESTING, Event.TRIED_OUT): Stage.HELD,
    (Stage.HELD, Event.SEEN_CLOSED): Stage.JOINED,
}
SOURCE: Final = Table(
    first=Stage.JOINED,
    transitions=_TRANSITIONS,
    after={
        Stage.JOINING: ("join_s", Stage.RESTING),
        Stage.RESTING: ("again_s", Stage.PARTED),
    },
    # Events are conditions of the plant that hold for many scans: a stage listens to its own.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset({Stage.JOINED, Stage.PARTED}),
    person=frozenset({Stage.HELD}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """Times of the return.

    Attributes:
        stable_s: delivery bus live from a stable utility before a source may rejoin [s].
        join_s: the breaker closes within this, the search for synchronism included [s].
        again_s: rest between two tries [s].
        tries: tries before it is left to a person.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    stable_s: Annotated[float, Ge(0), Le(3600)] = 5.0
    join_s: Annotated[float, Gt(0), Le(120)] = 15.0
    again_s: Annotated[float, Gt(0), Le(3600)] = 10.0
    tries: Annotated[int, Ge(1), Le(10)] = 3


class At(NamedTuple):
    """A source's breaker, since when it is in its stage, and the tries that failed."""

    stage: Stage = Stage.JOINED
    since_ns: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Stage by breaker, and since when the delivery bus is well by bus, 0 when not [ns]."""

    breakers: Mapping[str, At] = field(default_factory=dict)
    well_ns: Mapping[str, int] = field(default_factory=dict)


class _Place(NamedTuple):
    """A source behind a breaker, and the two buses the breaker joins."""

    source: str
    own_bus: str
    grid_bus: str


def _find(site: Site) -> dict[str, _Place]:
    """Return the breakers of on-site sources at the delivery buses of the site's schemes."""
    grids = {
        site.equipment[s.intake].buses[1]
        for s in site.schemes.values()
        if isinstance(s, MainTieMainScheme) and s.authority == "daemon"
    }
    own = {e.buses[0]: e.id for e in site.of_nature("smr", "gas_turbine", "pv")}
    return {
        b.id: _Place(own[here], here, there)
        for b in site.of_nature("breaker")
        if b.normally == "closed"
        for here, there in (b.buses[:2], b.buses[1::-1])
        if here in own and there in grids
    }


@once_per_site
def _places(site: Site, points: PointTable) -> dict[str, _Place]:
    return _find(site)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: each is joined until seen otherwise."""
    places = _find(site)
    return State({b: At() for b in places}, {p.grid_bus: 0 for p in places.values()})


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Move every breaker on by one scan."""
    if not state.breakers:
        return Turn(state)
    well_ns = {
        bus: (since_ns or view.now_ns) if _well(view, bus) else 0
        for bus, since_ns in state.well_ns.items()
    }
    waits_ns = {"join_s": ns(params.join_s), "again_s": ns(params.again_s)}
    places = _places(view.site, view.points)
    breakers, proposals, events = {}, [], []
    for name, at in state.breakers.items():
        place = places[name]
        seen = _events(view, name, at, place, well_ns[place.grid_bus], params)
        stage, since_ns = advance(SOURCE, at[:2], seen, view, waits_ns)
        tries = 0 if stage is Stage.JOINED else at.tries + (stage is Stage.RESTING is not at.stage)
        breakers[name] = At(stage, since_ns, tries)
        if stage is Stage.JOINING:
            action = "close_in_sync" if view.topology.live(place.own_bus) else "close"
            why = f"{place.source} rejoins the grid"
            proposals.append(Proposal(name, "command", action, 0.0, "rejoin", why))
        if stage is not at.stage:
            text = f"{place.source}: {stage.value}"
            events.append(view.event(place.source, "stage", text, stage=stage.name.lower()))
    return Turn(State(breakers, well_ns), tuple(proposals), tuple(events))


def _well(view: View, bus: str) -> bool:
    """Return whether a delivery bus is live from a stable utility, or from an island's machine."""
    lead = (*view.facts.supply.stable, *view.facts.island.sources[:1])
    return view.topology.live(bus) and any(s in lead for s in view.topology.sources(bus))


def _events(
    view: View, name: str, at: At, place: _Place, well_ns: int, params: Params
) -> list[Event]:
    events = []
    position = view.position(name)
    if position is Position.CLOSED:
        events.append(Event.SEEN_CLOSED)
    elif position is Position.OPEN:
        events.append(Event.SEEN_OPEN)
    if at.tries >= params.tries:
        events.append(Event.TRIED_OUT)
    machine = "available" in view.site.equipment[place.source].kind.points
    island = view.facts.island.bus == place.grid_bus
    able = view.status(place.source, "available") is True if machine else not island
    if able and view.lasted(well_ns, ns(params.stable_s)):
        events.append(Event.PERMITTED)
    return events
