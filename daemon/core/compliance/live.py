"""Compliance while it happens: the site's contract and the rule sets it names, in the main lane.

Theory of operation. Each scan gives one sample of the point of delivery: the import through all
feeds, and voltage and frequency of the feed that carries it. Samples are gathered for `every_s`
and, a second old, judged in one piece by the evaluators of this package, the same that judge a
trace offline, so live and offline verdicts cannot differ; a piece costs hardly more than a sample.

Two courts sit. One judges how power *moves* (swing, change, ramp, energy in a band) and how far
(export), the other everything else. The first hears nothing of a loss of input and of the recovery
from it, as such rules exempt it: it begins anew when, for `recovery_s`, the utility has been
healthy, its voltage not low, no load on its storage and no section fed by anything else. Where a
value is not good, nothing is known: both begin anew after it.

A limit that is passed is told once, and stands as broken until it has not been passed again for
`shown_s`. Of a load that has parted where it may, nothing is said.

Meters are polled: what is shorter than a scan is not seen here, and limits that need finer samples
stay open. The clock of demand windows is that of the first scan.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Ge, Interval, MaxLen, MinLen

from daemon.core.compliance.bounds import bounds
from daemon.core.compliance.judging import Court, begin, cut, take, verdicts
from daemon.core.compliance.limits import (
    DIP_PU,
    BandEnergy,
    Change,
    Excursion,
    Limit,
    Ramp,
    RuleSet,
    Swing,
    contract_rules,
)
from daemon.core.compliance.samples import Given, Samples
from daemon.core.facts import Compliance
from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.compliance import Kept
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.compliance import Bound, Verdict
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

_MOVING: Final = (Swing, Change, Ramp, BandEnergy)
_LANE_S: Final = 0.1
"""Time between samples where no meter says it [s]."""
_RETURNING: Final = frozenset({"battery", "walk_in"})
_SEEN_S: Final = 1.0
"""By then a loss of input is seen: what was measured since is judged later [s]."""
_QUANTITIES: Final = ("power_w", "voltage_pu", "frequency_hz")


@dataclass(frozen=True, slots=True)
class Params:
    """What is judged beside the contract, and how often.

    Attributes:
        rules: names or files of rule sets.
        every_s: samples are judged so often [s].
        recovery_s: after a loss of input, moves are exempt for so long [s].
        shown_s: a limit stands as broken for so long after it was passed [s].
        sets: the rule sets themselves; filled from their files.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    rules: tuple[Annotated[str, MinLen(1)], ...] = ()
    every_s: Annotated[float, Interval(ge=0.1, le=60.0)] = 2.0
    recovery_s: Annotated[float, Ge(0.0)] = 300.0
    shown_s: Annotated[float, Ge(0.0)] = 60.0
    sets: Annotated[tuple[RuleSet, ...], MaxLen(0)] = ()


class Sample(NamedTuple):
    """The point of delivery at one instant."""

    t_ns: int
    power_w: float
    voltage_pu: float
    frequency_hz: float


@dataclass(frozen=True, slots=True)
class State:
    """What is carried.

    Attributes:
        moves: judges moves of power; these two follow from what was seen, and are not compared.
        rest: judges everything else.
        waiting: samples that are not judged yet, oldest first.
        due_ns: when they are [ns].
        origin_ns: wall clock less monotonic, of the first sample [ns].
        calm_ns: from here on moves count; 0 while they have counted all along [ns].
        settled: a utility has been healthy for the return time since the lane began; until then
            nobody knows whether this is a recovery.
        feed: place of the meter whose voltage counts.
        blind: nothing is known since the last sample.
        kept: what is known of each limit.
        broken: when a limit was last seen to be passed, by its name [ns].
    """

    moves: Court = field(compare=False)
    rest: Court = field(compare=False)
    waiting: tuple[Sample, ...] = ()
    due_ns: int = 0
    origin_ns: int | None = None
    calm_ns: int = 0
    settled: bool = False
    feed: int = 0
    blind: bool = False
    kept: tuple[Kept, ...] = ()
    broken: tuple[tuple[str, int], ...] = ()


class _Plan(NamedTuple):
    gauges: Gauges
    nominal_v: tuple[float, ...]
    stages: Gauges
    """Of all converters."""
    returning: tuple[frozenset[float], ...]
    """By converter: stages in which it is without its input or comes back to it."""


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    meters = _meters(site)
    names = [(e.id, p) for e in meters for p in ("power_w", "voltage_v", "frequency_hz")]
    nominal_v = tuple(site.buses[e.buses[0]].voltage_v for e in meters)
    converters = site.of_nature("ups", "rectifier", "hvdc")
    stages = Gauges(points, [(e.id, "stage") for e in converters])
    labels = [e.kind.points["stage"].states for e in converters]
    returning = tuple(
        frozenset(float(k) for k, label in enumerate(of) if label in _RETURNING) for of in labels
    )
    return _Plan(Gauges(points, names), nominal_v, stages, returning)


def _meters(site: Site) -> list[Equipment]:
    """Return the meters at the point of delivery."""
    feeds = {e.buses[0] for e in site.of_nature("utility")}
    return [e for e in site.of_nature("meter") if e.buses[0] in feeds]


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    scans = [e.device.scan for e in _meters(site) if e.device is not None]
    given = Given(
        ns(max((site.scan_s[scan] for scan in scans), default=_LANE_S)),
        site.contract.import_limit_w,
        site.frequency_hz,
        frozenset(_QUANTITIES),
    )
    sets = (contract_rules(site.contract), *params.sets)
    return State(
        begin([_part(rules, moving=True) for rules in sets], given),
        begin([_part(rules, moving=False) for rules in sets], given),
    )


def _part(rules: RuleSet, *, moving: bool) -> RuleSet:
    """Return a rule set with the limits on moves of power, or without them."""
    limits = tuple(one for one in rules.limits if _moves(one) == moving)
    return replace(rules, limits=limits)


def _moves(limit: Limit) -> bool:
    """Return whether a loss of input and the recovery from it are no matter of a limit."""
    power = isinstance(limit, Excursion) and limit.quantity == "power_w"
    return power or isinstance(limit, _MOVING)


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Take a sample, and judge when it is time; say at once what the limits demand."""
    turn = _taken(view, state, params)
    if state.origin_ns is not None or turn.facts or not _meters(view.site):
        return turn
    fact = view.facts.compliance._replace(bounds=_bounds(view, params))
    return turn._replace(facts={"compliance": fact})


def _taken(view: View, state: State, params: Params) -> Turn[State]:
    plan = _plan(view.site, view.points)
    if not plan.nominal_v:
        return Turn(state)
    origin_ns = state.origin_ns
    if origin_ns is None:
        origin_ns = view.image.utc_ns - view.now_ns
        state = replace(state, origin_ns=origin_ns)
    sample, feed = _sample(view, plan, state.feed, origin_ns)
    if sample is None:
        return Turn(state) if state.blind else _blinded(view, state, params)
    calm_ns = state.calm_ns
    stable, alone = _supplied(view, plan)
    settled = state.settled or stable
    if sample.voltage_pu < DIP_PU or not alone or (settled and not stable):
        calm_ns = view.now_ns + ns(params.recovery_s)
    elif not settled:
        calm_ns = max(calm_ns, view.now_ns + 1)
    elif view.now_ns >= calm_ns:
        calm_ns = 0
    turn: Turn[State] = Turn(state)
    if bool(calm_ns) != bool(state.calm_ns):
        turn = _judged(view, state, params, _SEEN_S if calm_ns else 0.0)
        state = replace(turn.state, moves=cut(turn.state.moves))
    waiting = (*state.waiting, sample)
    state = replace(
        state, waiting=waiting, calm_ns=calm_ns, settled=settled, feed=feed, blind=False
    )
    if view.now_ns < state.due_ns:
        return turn._replace(state=state)
    return _judged(view, state, params, _SEEN_S)


def _sample(view: View, plan: _Plan, feed: int, origin_ns: int) -> tuple[Sample | None, int]:
    """Return a sample, None where a value is not good, and the feed that carries the import.

    A feed that is dead has no frequency; it is not off its own.
    """
    values = view.believed(plan.gauges)
    powers = values[0::3]
    if None in powers:
        return None, feed
    known = [power for power in powers if power is not None]
    if not known[feed]:
        feed = max(range(len(known)), key=lambda k: abs(known[k]))
        feed = feed if known[feed] else 0
    voltage_v, frequency_hz = values[3 * feed + 1], values[3 * feed + 2]
    if voltage_v is None or frequency_hz is None:
        return None, feed
    at_ns = view.now_ns + origin_ns
    return Sample(at_ns, sum(known), voltage_v / plan.nominal_v[feed], frequency_hz), feed


def _supplied(view: View, plan: _Plan) -> tuple[bool, bool]:
    """Return whether a utility is stable, and whether nothing is fed by anything else.

    A sag too short for polled meters shows in the converters: all of them come back at once.
    """
    said = view.heard["supply"].values if "supply" in view.heard else {}
    feeds = dict(said.get("feeds", {}))
    alone = all(feed == "utility" for feed in feeds.values())
    stages = view.gauge(plan.stages)
    back = [stage in of for stage, of in zip(stages, plan.returning, strict=True)]
    alone = alone and not view.facts.autonomy.on_storage and not (back and all(back))
    return bool(said.get("stable", False)), alone


def _blinded(view: View, state: State, params: Params) -> Turn[State]:
    """Judge what was seen; what comes next does not follow it."""
    turn = _judged(view, state, params, 0.0)
    after = turn.state
    moves, rest = cut(after.moves), cut(after.rest)
    return turn._replace(state=replace(after, moves=moves, rest=rest, blind=True))


def _judged(view: View, state: State, params: Params, but_s: float) -> Turn[State]:
    """Judge the samples that wait, but for those of the last while, and tell what has changed."""
    due_ns, until_ns = view.now_ns + ns(params.every_s), view.now_ns - ns(but_s)
    here = [s for s in state.waiting if s.t_ns - (state.origin_ns or 0) <= until_ns]
    if not here:
        return Turn(replace(state, due_ns=due_ns))
    t_ns, *columns = zip(*here, strict=True)
    values = {n: np.array(c) for n, c in zip(_QUANTITIES, columns, strict=True)}
    samples = Samples(np.array(t_ns, dtype=np.int64), values)
    moves = state.moves if state.calm_ns else take(state.moves, samples)
    rest = take(state.rest, samples)
    said = verdicts(moves) + verdicts(rest)
    kept = tuple(_kept(verdict) for verdict in said)
    before = {(k.rules, k.limit): k.times for k in state.kept}
    news = [
        (verdict, f"{now.rules}: {now.limit}")
        for verdict, now in zip(said, kept, strict=True)
        if now.ok is False and now.times > before.get((now.rules, now.limit), 0)
    ]
    events = tuple(_event(view, v) for v, name in news if name not in dict(state.broken))
    broken = _broken(view, state, [name for _, name in news], params)
    after = replace(
        state,
        moves=moves,
        rest=rest,
        waiting=state.waiting[len(here) :],
        due_ns=due_ns,
        kept=kept,
        broken=broken,
    )
    fact = Compliance(kept, tuple(name for name, _ in broken), _bounds(view, params))
    return Turn(after, events=events, facts={"compliance": fact})


def _bounds(view: View, params: Params) -> tuple[Bound, ...]:
    """Return what all limits demand of how power moves; found once."""
    known = view.facts.compliance.bounds
    contract = view.site.contract
    return known or bounds((contract_rules(contract), *params.sets), contract.import_limit_w)


def _kept(verdict: Verdict) -> Kept:
    """Return what is shown of a verdict."""
    margin_pu = None
    if verdict.margin is not None and verdict.limit is not None:
        passed_pu = 0.0 if verdict.margin >= 0.0 else -1.0
        margin_pu = verdict.margin / abs(verdict.limit) if verdict.limit else passed_pu
    return Kept(verdict.rules, verdict.name, verdict.ok, margin_pu, verdict.count)


def _broken(
    view: View, state: State, news: list[str], params: Params
) -> tuple[tuple[str, int], ...]:
    """Return the limits that stand as broken, with when they were last seen to be passed [ns]."""
    shown = {
        name: at_ns for name, at_ns in state.broken if view.now_ns - at_ns < ns(params.shown_s)
    }
    return tuple({**shown, **dict.fromkeys(news, view.now_ns)}.items())


def _event(view: View, verdict: Verdict) -> Event:
    """Return that a limit has been passed."""
    value = verdict.value or 0.0
    text = (
        f"{verdict.rules}, {verdict.name}: {value:.6g} {verdict.unit}, limit "
        f"{verdict.limit:.6g} {verdict.unit}"
    )
    fields = {
        "rules": verdict.rules,
        "limit_name": verdict.name,
        "value": round(value, 6),
        "limit": verdict.limit,
        "unit": verdict.unit,
    }
    return view.event(view.site.id, "limit_passed", text, **fields)
