"""Has the utility failed, and is it back for good?

Theory of operation. Every *feed* (a utility at its bus) is judged each scan by all that measure it:
the relay at its bus (27, 59, 81 and its own voltage), the breakers whose source side it is, and its
meters. Each with good data has one vote, healthy or failed; the majority is the verdict. A tie or
silence is no verdict: it neither starts nor ends anything, and it never counts as healthy.

A feed that fails is DIPPED. If it is back before `confirm_s` it was a sag: recorded, nothing else;
sags are not counted, because large-load rules forbid to transfer on their number. Else it is LOST.
While the voltage is only low, at least `shallow_pu` wherever it is measured, `shallow_s` counts in
place of `confirm_s`: those rules want a large load to stay joined for longer the less is missing.
When it comes back it is RETURNING until it was healthy for `return_stable_s` without a gap; every
dip starts that time anew.

    UNJUDGED
        WELL -> RETURNING
        FAILED -> DIPPED
    HEALTHY
        FAILED -> DIPPED
    DIPPED
        WELL -> HEALTHY
        after confirm_s -> LOST
    LOST
        WELL -> RETURNING
    RETURNING
        FAILED -> LOST
        after return_stable_s -> HEALTHY

The *site* has an outage when no feed is healthy for `confirm_s`, or when a feed is healthy but does
not arrive for `undelivered_s`: the delivery bus behind the intake breaker stays dead, whatever the
intake scheme tries. Where that cannot be told, a healthy feed is believed to arrive. An outage ends
when a feed is stable, and the supply is restored when it arrives; one by lack of delivery ends when
the delivery bus is live.

    NORMAL
        SUPPLY_LOST -> DISTURBED
        UNDELIVERED -> CUT_OFF
    DISTURBED
        SUPPLIED, UNTOLD -> NORMAL
        UNDELIVERED -> CUT_OFF
        after confirm_s -> OUTAGE
    CUT_OFF
        SUPPLIED, UNTOLD -> NORMAL
        SUPPLY_LOST -> DISTURBED
        after undelivered_s -> SEVERED
    OUTAGE
        FEED_STABLE -> RESTORING
    RESTORING
        SUPPLIED -> NORMAL
        SUPPLY_LOST -> OUTAGE
        after undelivered_s -> SEVERED
    SEVERED
        SUPPLIED -> NORMAL
        SUPPLY_LOST -> OUTAGE
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.automaton import Table, Word, advance
from daemon.core.facts import Health, Supply
from daemon.core.gauges import Gauges
from daemon.core.topology import Presence, once_per_site
from daemon.core.view import NEVER_NS, Turn
from daemon.model.plant import IntakeScheme, MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.view import View
    from daemon.model.events import Event as Happening
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


class Feed(Word):
    """Stage of one feed."""

    UNJUDGED = "not judged yet"
    HEALTHY = "healthy"
    DIPPED = "below its limits, waiting out a sag"
    LOST = "lost"
    RETURNING = "back, not yet stable"


class FeedEvent(Word):
    """Verdict on a feed this scan."""

    WELL = "healthy by vote"
    FAILED = "failed by vote"


FEED: Final = Table(
    first=Feed.UNJUDGED,
    transitions={
        (Feed.UNJUDGED, FeedEvent.WELL): Feed.RETURNING,
        (Feed.UNJUDGED, FeedEvent.FAILED): Feed.DIPPED,
        (Feed.HEALTHY, FeedEvent.FAILED): Feed.DIPPED,
        (Feed.DIPPED, FeedEvent.WELL): Feed.HEALTHY,
        (Feed.LOST, FeedEvent.WELL): Feed.RETURNING,
        (Feed.RETURNING, FeedEvent.FAILED): Feed.LOST,
    },
    after={
        Feed.DIPPED: ("confirm_s", Feed.LOST),
        Feed.RETURNING: ("return_stable_s", Feed.HEALTHY),
    },
    ignored={
        Feed.HEALTHY: frozenset({FeedEvent.WELL}),
        Feed.DIPPED: frozenset({FeedEvent.FAILED}),
        Feed.LOST: frozenset({FeedEvent.FAILED}),
        Feed.RETURNING: frozenset({FeedEvent.WELL}),
    },
    rests=frozenset({Feed.UNJUDGED, Feed.HEALTHY, Feed.LOST}),
)


class Stage(Word):
    """Stage of the site's supply."""

    NORMAL = "supplied"
    DISTURBED = "no feed healthy, waiting out a sag"
    CUT_OFF = "a feed is healthy but does not arrive"
    OUTAGE = "outage"
    RESTORING = "a feed is stable, not yet delivered"
    SEVERED = "outage: a healthy feed cannot be delivered"


class Event(Word):
    """What the feeds and the delivery bus show together."""

    SUPPLIED = "a feed is healthy and arrives"
    SUPPLY_LOST = "no feed is healthy"
    UNDELIVERED = "a feed is healthy, the delivery bus is dead"
    UNTOLD = "a feed is healthy, whether it arrives cannot be told"
    FEED_STABLE = "a feed has been healthy for the return time"


SITE: Final = Table(
    first=Stage.NORMAL,
    transitions={
        (Stage.NORMAL, Event.SUPPLY_LOST): Stage.DISTURBED,
        (Stage.NORMAL, Event.UNDELIVERED): Stage.CUT_OFF,
        (Stage.DISTURBED, Event.SUPPLIED): Stage.NORMAL,
        (Stage.DISTURBED, Event.UNTOLD): Stage.NORMAL,
        (Stage.DISTURBED, Event.UNDELIVERED): Stage.CUT_OFF,
        (Stage.CUT_OFF, Event.SUPPLIED): Stage.NORMAL,
        (Stage.CUT_OFF, Event.UNTOLD): Stage.NORMAL,
        (Stage.CUT_OFF, Event.SUPPLY_LOST): Stage.DISTURBED,
        (Stage.OUTAGE, Event.FEED_STABLE): Stage.RESTORING,
        (Stage.RESTORING, Event.SUPPLIED): Stage.NORMAL,
        (Stage.RESTORING, Event.SUPPLY_LOST): Stage.OUTAGE,
        (Stage.SEVERED, Event.SUPPLIED): Stage.NORMAL,
        (Stage.SEVERED, Event.SUPPLY_LOST): Stage.OUTAGE,
    },
    after={
        Stage.DISTURBED: ("confirm_s", Stage.OUTAGE),
        Stage.CUT_OFF: ("undelivered_s", Stage.SEVERED),
        Stage.RESTORING: ("undelivered_s", Stage.SEVERED),
    },
    ignored={
        Stage.NORMAL: frozenset({Event.SUPPLIED, Event.UNTOLD, Event.FEED_STABLE}),
        Stage.DISTURBED: frozenset({Event.SUPPLY_LOST, Event.FEED_STABLE}),
        Stage.CUT_OFF: frozenset({Event.UNDELIVERED, Event.FEED_STABLE}),
        Stage.OUTAGE: frozenset(
            {Event.SUPPLIED, Event.UNTOLD, Event.SUPPLY_LOST, Event.UNDELIVERED}
        ),
        Stage.RESTORING: frozenset({Event.UNTOLD, Event.UNDELIVERED, Event.FEED_STABLE}),
        Stage.SEVERED: frozenset({Event.UNTOLD, Event.UNDELIVERED, Event.FEED_STABLE}),
    },
    rests=frozenset({Stage.NORMAL, Stage.OUTAGE, Stage.SEVERED}),
)


@dataclass(frozen=True, slots=True)
class Params:
    """Limits and times by which a feed is judged.

    Attributes:
        confirm_s: a loss that lasts this long is an outage (TDES) [s].
        shallow_s: the same while the voltage is low and not lost [s]. Source: ERCOT NOGRR282, 2.0 s
            from 0.80 to 0.90 pu.
        shallow_pu: voltage that is low and not lost [pu].
        return_stable_s: a feed is back after being healthy this long [s].
        undelivered_s: a healthy feed that does not arrive this long is an outage [s].
        voltage_low_pu: below this a feed has failed [pu].
        voltage_high_pu: above this a feed has failed [pu].
        frequency_low_hz: below this a feed has failed [Hz].
        frequency_high_hz: above this a feed has failed [Hz].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    confirm_s: Annotated[float, Gt(0), Le(120)] = 1.5
    shallow_s: Annotated[float, Gt(0), Le(120)] = 2.5
    shallow_pu: Annotated[float, Gt(0.5), Le(0.95)] = 0.79
    return_stable_s: Annotated[float, Ge(1), Le(3600)] = 15.0
    undelivered_s: Annotated[float, Gt(0), Le(120)] = 6.0
    voltage_low_pu: Annotated[float, Gt(0.5), Le(0.95)] = 0.88
    voltage_high_pu: Annotated[float, Ge(1.05), Le(1.3)] = 1.10
    frequency_low_hz: Annotated[float, Gt(0)] = 57.0
    frequency_high_hz: Annotated[float, Gt(0)] = 61.8


class Judged(NamedTuple):
    """A feed and since when it is in its stage."""

    stage: Feed = Feed.UNJUDGED
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Stages of the site and of every feed by utility id."""

    stage: Stage = Stage.NORMAL
    since_ns: int = 0
    lost_ns: int = 0
    feeds: Mapping[str, Judged] = field(default_factory=dict)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is judged."""
    return State(feeds={u.id: Judged() for u in site.of_nature("utility")})


class _Witnesses(NamedTuple):
    """Who can vote on a feed, and what the votes rest on: voltage, frequency, flags of each."""

    gauges: Gauges
    nominal_v: float


_FLAGS: Final = ("pickup_27", "pickup_59", "pickup_81o", "pickup_81u")
_INFINITE: Final = float("inf")
_KINDS: Final = {
    "relay": ("voltage_ll_v", "frequency_hz", *_FLAGS),
    "breaker": ("source_voltage_v", "", "", "", "", ""),
    "meter": ("voltage_v", "frequency_hz", "", "", "", ""),
}


@once_per_site
def _witnesses(site: Site, points: PointTable) -> dict[str, _Witnesses]:
    """Return who can vote on each utility."""
    found = {}
    for utility in site.of_nature("utility"):
        bus = utility.buses[0]
        near = [item for item in site.of_nature(*_KINDS) if item.buses[0] == bus]
        gauges = Gauges(points, [(item.id, name) for item in near for name in _KINDS[item.nature]])
        found[utility.id] = _Witnesses(gauges, site.buses[bus].voltage_v)
    return found


@once_per_site
def _delivery(site: Site, points: PointTable) -> tuple[str, ...]:
    """Return the buses at which the utility has to arrive for the site to be supplied."""
    joints = [s.intake for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    switches = [s.switch for s in site.schemes.values() if isinstance(s, IntakeScheme)]
    return tuple(site.equipment[name].buses[-1] for name in joints or switches)


def _votes(view: View, witnesses: _Witnesses, params: Params) -> list[bool | None]:
    """Return which devices find the feed healthy; None of one that cannot say."""
    told = iter(view.gauge(witnesses.gauges))
    each = zip(*[told] * len(_KINDS["relay"]), strict=True)
    nominal_v = witnesses.nominal_v
    return [_vote(volts, hertz, flags, nominal_v, params) for volts, hertz, *flags in each]


def _vote(
    voltage_v: float | None,
    frequency_hz: float | None,
    flags: Sequence[float | None],
    nominal_v: float,
    params: Params,
) -> bool | None:
    """Return whether one device finds the feed healthy, or None if it cannot say."""
    if voltage_v is None:
        return None
    if any(flags) or not (params.voltage_low_pu <= voltage_v / nominal_v <= params.voltage_high_pu):
        return False
    return (
        frequency_hz is None or params.frequency_low_hz <= frequency_hz <= params.frequency_high_hz
    )


def judge(votes: list[bool | None]) -> Health:
    """Return the majority of the votes that were cast; a tie is no verdict."""
    for_it, against = votes.count(True), votes.count(False)
    if for_it == against:
        return Health.UNKNOWN
    return Health.HEALTHY if for_it > against else Health.FAILED


_VERDICT: Final = {Health.HEALTHY: (FeedEvent.WELL,), Health.FAILED: (FeedEvent.FAILED,)}


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Judge every feed and the site's supply."""
    health = {
        name: judge(_votes(view, witnesses, params))
        for name, witnesses in _witnesses(view.site, view.points).items()
    }
    memory = _memory(view.site, view.points)
    shallow = Health.FAILED in health.values() and _shallow(view, health, params)
    asked = state, health, shallow, view.topology, view.facts.island.bus, params
    turn = memory.turn if memory.asked == asked else None
    if turn is None:
        turn = _concluded(view, state, health, params, shallow=shallow)
        rests = turn.state == state and view.looked.due_ns == NEVER_NS
        memory.asked, memory.turn = asked, turn if rests else None
    return turn


class _Memory:
    """The last conclusion at rest, and what it rests on: most scans only read other volts."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.asked: tuple[object, ...] = ()
        self.turn: Turn[State] | None = None


_memory: Final = once_per_site(_Memory)


def _shallow(view: View, health: Mapping[str, Health], params: Params) -> bool:
    """Return whether the voltage of what has failed is low, and nowhere lost."""
    witnesses = _witnesses(view.site, view.points)
    least_v, most_v = _INFINITE, 0.0
    for name in (name for name, of in health.items() if of is Health.FAILED):
        volts = view.gauge(witnesses[name].gauges)[:: len(_KINDS["relay"])]
        seen = [v / witnesses[name].nominal_v for v in volts if v is not None]
        least_v, most_v = min(least_v, *seen), max(most_v, *seen)
    return params.shallow_pu <= least_v and most_v < params.voltage_low_pu


def _concluded(
    view: View, state: State, health: dict[str, Health], params: Params, *, shallow: bool
) -> Turn[State]:
    """Return what the verdicts on all feeds lead to."""
    waits_ns = {
        "confirm_s": ns(params.shallow_s if shallow else params.confirm_s),
        "return_stable_s": ns(params.return_stable_s),
        "undelivered_s": ns(params.undelivered_s),
    }
    feeds = {
        name: Judged(*advance(FEED, at, _VERDICT.get(health[name], ()), view, waits_ns))
        for name, at in state.feeds.items()
    }
    stable = tuple(name for name, at in feeds.items() if at.stage is Feed.HEALTHY)
    seen = _site_events(view, health, stable)
    stage, since_ns = advance(SITE, (state.stage, state.since_ns), seen, view, waits_ns)
    lost_ns = view.now_ns if state.stage is Stage.NORMAL is not stage else state.lost_ns
    after = State(stage, since_ns, lost_ns, feeds)
    supply = Supply(health, stable, stage in {Stage.OUTAGE, Stage.SEVERED}, lost_ns)
    return Turn(after, events=_tell(view, state, after), facts={"supply": supply})


def _site_events(
    view: View, health: Mapping[str, Health], stable: tuple[str, ...]
) -> tuple[Event, ...]:
    """Return what feeds and delivery bus show; silence on both shows nothing."""
    buses = _delivery(view.site, view.points)
    dead = bool(buses) and all(view.topology.presence[b] is Presence.DEAD for b in buses)
    island = view.facts.island.bus  # live, but from a source of the site
    live = all(view.topology.live(bus) and bus != island for bus in buses)
    seen: list[Event] = []
    if Health.HEALTHY in health.values():
        if dead:
            seen.append(Event.UNDELIVERED)
        elif live:
            seen.append(Event.SUPPLIED)
        elif not any(view.topology.live(bus) for bus in buses):
            seen.append(Event.UNTOLD)
    elif dead or (health and all(h is Health.FAILED for h in health.values())):
        seen.append(Event.SUPPLY_LOST)
    if stable:
        seen.append(Event.FEED_STABLE)
    return tuple(seen)


def _said(before: Judged, now: Judged) -> str:
    """Return the text of a stage; nothing is back that was never seen away."""
    if before.stage is Feed.UNJUDGED and now.stage is Feed.RETURNING:
        return "healthy since start, not yet stable"
    return now.stage.value


def _tell(view: View, before: State, after: State) -> tuple[Happening, ...]:
    """Return what is worth recording about the changes of this scan."""
    told = [
        view.event(
            name,
            "feed_stage",
            f"{name}: {_said(before.feeds[name], now)}",
            stage=now.stage.name.lower(),
        )
        for name, now in after.feeds.items()
        if now.stage is not before.feeds[name].stage
    ]
    if after.stage is before.stage:
        return tuple(told)
    lasted_s = round(view.elapsed_s(after.lost_ns), 3)
    names = {
        Stage.DISTURBED: ("outage_detected", "no feed is healthy"),
        Stage.CUT_OFF: ("delivery_lost", "a feed is healthy but does not arrive"),
        Stage.OUTAGE: ("outage_confirmed", f"outage, {lasted_s} s after the loss"),
        Stage.SEVERED: ("outage_confirmed", f"no delivery for {lasted_s} s"),
        Stage.RESTORING: ("mains_returned", f"a feed is stable, {lasted_s} s after the loss"),
        Stage.NORMAL: ("supply_restored", f"supply is back after {lasted_s} s"),
    }
    name, text = names[after.stage]
    if after.stage is Stage.NORMAL and before.stage in {Stage.DISTURBED, Stage.CUT_OFF}:
        name, text = "sag_ended", f"momentary loss of {lasted_s} s"
    told.append(view.event("supply", name, text, lasted_s=lasted_s, stage=after.stage.name.lower()))
    return tuple(told)
