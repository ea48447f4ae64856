"""Smoothing of the site: set-points of its storage and the profile of its rows, by one arbiter.

Theory of operation. Others want something of storage: peak shaving an aim that moves over minutes,
dispatch a refill. What is left of all their wishes for a set-point is its *aim*. Aims are led at
the pace of the slowest limit, and stand while they would go against what smoothing does beyond its
dead band; as led they count as a load beside the real one, and as no swing of it. The limiter says
what the connection shall carry instead of both, and storage is asked for the difference on top of
the aim. So shaving and smoothing cannot fight, and what is smoothed goes back to the aim by itself.

*Order.* This slot is a path: it is given all wishes for set-points and puts its own in front of
them. They are preferences. Bounds of whoever stands for safety (sets that are short, export as
measured in this very scan, nothing to follow) hold before them, and a person has the say.

*When.* Only while nothing but a utility that is stable feeds any section, no load lives on storage,
nobody shuts down, and import and storage are known: where a meter of the import is condemned or
silent, by the estimate of this scan. Otherwise it forgets what it saw, and `settle_s` later begins
anew from the import that it finds: loads come back after a loss of input, which rules exempt, and
the way back begins where the plant stands. A daemon that starts does not know what moved before:
amid a job it lets the import go nowhere until a whole window has passed, and rows are slower still
meanwhile (`amid`). While nobody smooths, storage goes no faster than a tenth of the slowest
limit from what it does to what others want of it, its reserve left alone, and rows have the slow
ramp, for nobody gives what is faster, but for a loss: while they have nothing but their storage,
and for `settle_s` after, their ramp is taken away and they come back as fast as they can
(`profile`).

*Bands.* Reserve is not in what storage can do (`stores`). What smoothing takes and gives is an
account of its own, of the size that the range of the rows needs (`catch_up.size_j`) and within what
is really there, so that what shaving does with its part is not taken for swings. Shaving and refill
bring the charge back, and the account with it, over `settled_s`.

*Rows.* What is too fast for any loop over a bus is kept by the racks themselves (`profile`): by a
slower ramp when storage has little room, because others use it, it is derated or not trusted, and
for a while by one slower still when it fails in the midst of a rise (`easing`).

*A store that trips.* What it gave is a step of the import that nothing makes good in time, so it is
arranged beforehand: stores that last alike share evenly, and where one alone is too much of a risk
`trip_pu` holds each to a part of the shortest limit. Rows then wait longer for their power.

*Notice.* A job that is announced (`announced`) is prepared for as the limiter says. Its power comes
by the ramp of the rows, so it is waited for as long as that takes. Nobody goes towards a job while
it is not known what the rows draw.

DC storage supports its bus by droop and is the reserve of the rows; it takes no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple

from annotated_types import Ge, Interval

from daemon.core.arbitration import narrow
from daemon.core.facts import Smoothing
from daemon.core.gauges import Gauges
from daemon.core.smoothing import amid, catch_up, limiter, profile, stores
from daemon.core.smoothing.announced import Announced, heard, notices, still
from daemon.core.smoothing.easing import Easing, eased
from daemon.core.smoothing.split import Store, evenly, kinds, split
from daemon.core.smoothing.stores import Able, Trust
from daemon.core.smoothing.strategy import STRATEGIES
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.compliance import Bound
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.core.arbitration import Target
    from daemon.core.view import View
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = profile.OWNER
POINT: Final = "power_setpoint_w"
_GRAIN_W: Final = 20_000.0
"""Set-points move in these steps, so that noise is not sent to the device."""
_BEGIN_W: Final = 60_000.0
"""What is less than this is no reason to begin; having begun, it is gone on with [W]."""
_REST_S: Final = 30.0
"""It has ended when nothing had to be added for so long [s]."""
_EVEN_S: Final = 15.0
"""A limit over longer is kept in parts of this, or the connection would leap and then stand [s]."""
_OF_NOW_S: Final = 0.3
"""An estimate that is older does not stand in for the import [s]."""
_COMPLETE: Final = 1.2
"""An announced step is waited for so much longer than the ramp of the rows takes."""
_WHY: Final = "the connection moves no faster than its limits"
_KEPT: Final = "nobody smooths: storage moves slowly"
_KEPT_PU: Final = 0.1
"""Of the slowest limit, while nobody smooths: rows use the most of it."""
_AMID_PU: Final = 0.1
"""Of the slowest limit, what rows have for its time when the daemon finds storage at work."""
_BACK: Final = "after a loss of input the load comes back at once"


@dataclass(frozen=True, slots=True)
class Params:
    """How much of the limits, and whom to trust.

    Attributes:
        rows_pu: part of the shortest limit on swings that the rows may use by themselves [pu].
        follow_s: time that a store has to come to its set-point [s].
        distrust_s: one that did not takes no part for so long [s].
        mean_s: time of the slow mean that a dead band lies about [s].
        settled_s: time in which others bring the charge back [s].
        settle_s: after it had to stop, storage is left alone for so long; rows come back without
            a ramp until so long after a loss [s].
        ahead_s: jobs are announced at most so long before [s].
        trip_pu: what one store gives or takes at most, by the shortest limit on swings, so that its
            trip alone passes none; 0 for what it can: jobs have their power sooner then [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    rows_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.75
    follow_s: Annotated[float, Ge(1.0)] = 4.0
    distrust_s: Annotated[float, Ge(0.0)] = 300.0
    mean_s: Annotated[float, Ge(1.0)] = 120.0
    settled_s: Annotated[float, Ge(1.0)] = 900.0
    settle_s: Annotated[float, Ge(0.0)] = 30.0
    ahead_s: Annotated[float, Ge(0.0)] = 86_400.0
    trip_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.0


class State(NamedTuple):
    """What is carried from scan to scan.

    Attributes:
        limiter: of the connection, None while nothing is smoothed.
        due_ns: when the next look is due [ns].
        account_j: of what smoothing took and gave, the middle of its band at first [J].
        slow_w: of each kind of store, what its low-pass holds [W].
        power_w: what smoothing asks of all stores together [W].
        aims_w: of each store, its aim as led [W].
        until_ns: it goes on until here at least; 0 while it rests [ns].
        resume_ns: storage is left alone before this; 0 where it was not stopped [ns].
        loose_ns: rows come back as fast as they can before this; 0 where they may not [ns].
        trust: by store.
        short: the rows have the slow ramp.
        begin: what was seen when the daemon began.
        easing: what is left of the slowest limit when storage fails, or the daemon begins.
        floored: rows that have a floor from here.
        jobs: announced and not complete, the next first.
        wishes: what is proposed until the next look.
    """

    limiter: limiter.State | None = None
    due_ns: int = 0
    account_j: float = 0.0
    slow_w: tuple[float, ...] = ()
    power_w: float = 0.0
    aims_w: tuple[float, ...] = ()
    until_ns: int = 0
    resume_ns: int = 0
    loose_ns: int = 0
    trust: tuple[Trust, ...] = ()
    short: bool = False
    begin: amid.Begin = amid.Begin()
    easing: Easing = Easing()
    floored: tuple[str, ...] = ()
    jobs: tuple[Announced, ...] = ()
    wishes: tuple[Proposal, ...] = ()


class _Plan(NamedTuple):
    stores: tuple[Equipment, ...]
    rows: tuple[Equipment, ...]
    meters: tuple[str, ...]
    imports: Gauges
    stores_told: Gauges
    """What is read of stores."""
    profiles: Gauges
    """Ramp and floor of each row."""
    powers: Gauges
    """Power of each row."""


class _Seen(NamedTuple):
    import_w: float
    stored_w: float
    """Power of all stores [W]."""
    told: list[float | None]
    """What is read of stores."""


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    feeds = {e.buses[0] for e in site.of_nature("utility")}
    acting = tuple(e for e in site.of_nature("ess") if site.buses[e.buses[0]].kind == "ac")
    rows = site.of_nature("rack_row")
    meters = tuple(e.id for e in site.of_nature("meter") if e.buses[0] in feeds)
    imports = Gauges(points, [(meter, "power_w") for meter in meters])
    told = Gauges(points, [(e.id, name) for e in acting for name in stores.POINTS])
    shapes = [(row.id, name) for row in rows for name in (profile.RAMP, profile.FLOOR)]
    powers = Gauges(points, [(row.id, "power_w") for row in rows])
    return _Plan(acting, rows, meters, imports, told, Gauges(points, shapes), powers)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State()


def step(view: View, state: State, params: Params, proposals: tuple[Proposal, ...]) -> Turn[State]:
    """Look when it is time; between two looks what was proposed stands."""
    jobs, events = heard(view, state.jobs, params.ahead_s) if view.inbox else (state.jobs, ())
    state = state if jobs is state.jobs else state._replace(jobs=jobs)
    lost = _lost(view)
    if view.now_ns < state.due_ns and not (lost and state.loose_ns <= view.now_ns):
        return Turn(state, state.wishes, events)
    if lost:
        state = state._replace(loose_ns=view.now_ns + ns(params.settle_s))
    strategy = STRATEGIES[view.facts.volatility.stage]
    state = state._replace(due_ns=view.now_ns + ns(strategy.every_s))
    plan = _plan(view.site, view.points)
    if state.begin.open(view.now_ns):
        state = _first_seen(view, state, plan)
    seen = _look(view, plan)
    if seen is None and (state.limiter is not None or state.resume_ns):
        state = state._replace(resume_ns=view.now_ns + ns(params.settle_s))
    if seen is None or view.now_ns < state.resume_ns:
        state = _kept(view, state, plan, proposals, strategy.every_s)
        easing = state.easing if view.now_ns < state.easing.until_ns else Easing()
        state = state._replace(limiter=None, power_w=0.0, until_ns=0, short=True, easing=easing)
        after = _profiled(view, state, plan, params)
        return Turn(after, after.wishes, events, facts=_concluded(view, after, plan))
    asked_w = {wish.equipment: wish.value for wish in state.wishes if wish.point == POINT}
    trust, doubts = stores.trusted(
        view, plan.stores, seen.told, asked_w, state.trust, params.follow_s, params.distrust_s
    )
    state = state._replace(trust=trust, resume_ns=0)
    after = _smoothed(view, state, plan, seen, proposals, params)
    after = _profiled(view, after, plan, params)
    return Turn(after, after.wishes, events + doubts, facts=_concluded(view, after, plan))


def _first_seen(view: View, state: State, plan: _Plan) -> State:
    """Return the state after a first look: amid a job nothing is free, and rows hardly move."""
    bounds, feeds = view.facts.compliance.bounds, _feeds(view)
    if not bounds or not feeds or any(feed != "utility" for feed in feeds.values()):
        return state
    asked_w = (view.read(item.id, POINT) for item in plan.stores)
    stands = any(abs(power_w or 0.0) > _BEGIN_W for power_w in asked_w)
    begin = amid.looked(state.begin, bounds, view.now_ns, _rows_w(view, plan), stands=stands)
    if not begin.until_ns:
        return state._replace(begin=begin)
    pace_w_s = min(pace.rate_w_s for pace in catch_up.paces(bounds))
    easing = Easing(None, begin.until_ns, _AMID_PU * pace_w_s)
    return state._replace(begin=begin, easing=easing, limiter=None)


def _kept(
    view: View, state: State, plan: _Plan, proposals: Sequence[Proposal], every_s: float
) -> State:
    """Return the state in which storage goes from what it does to what others want, slowly.

    Nobody smooths, so a step of storage would be one of the import: when the daemon starts while
    storage stands for a job, and when smoothing has to stop amid one.
    """
    feeds = _feeds(view)
    pace_w_s = min((p.rate_w_s for p in catch_up.paces(view.facts.compliance.bounds)), default=0.0)
    if not feeds:
        # Nothing is known yet: who wants something of storage must not be the first to know more.
        return state._replace(aims_w=(), wishes=(), due_ns=0)
    if not pace_w_s or any(feed != "utility" for feed in feeds.values()):
        return state._replace(aims_w=(), wishes=())
    step_w = _KEPT_PU * pace_w_s * every_s
    live = {view.topology.section.get(bus) for bus in feeds} - {None}
    trust = state.trust or (Trust(),) * len(plan.stores)
    able = stores.able(view, plan.stores, view.gauge(plan.stores_told), trust, live)
    led_w, wishes = [], []
    for n, item in enumerate(plan.stores):
        aim, shown_w = _aim(item, proposals), view.read(item.id, POINT)
        to_w, from_w = aim.value if aim is not None else 0.0, shown_w or 0.0
        if state.limiter is None and n < len(state.aims_w):
            was_w = state.aims_w[n]
            from_w = was_w if abs(was_w - from_w) <= 2.0 * _GRAIN_W else from_w
        led_w.append(min(max(to_w, from_w - step_w), from_w + step_w))
        if item.id in view.facts.demand.reserve_wh:
            led_w[n] = max(led_w[n], -able[n].give_w)
        if shown_w is not None and view.stage(item.id) == "grid_following" and led_w[n] != to_w:
            wishes.append(Proposal(item.id, POINT, "prefer", _grained(led_w[n]), OWNER, _KEPT))
    return state._replace(aims_w=tuple(led_w), wishes=tuple(wishes))


def _look(view: View, plan: _Plan) -> _Seen | None:
    """Return what is measured, None where nothing may be done or a value is not good."""
    if not plan.meters or not view.facts.compliance.bounds or not _may_act(view):
        return None
    told = view.gauge(plan.stores_told)
    imports_w = [power_w for power_w in _imports_w(view, plan) if power_w is not None]
    stored_w = [power_w for power_w in told[:: len(stores.POINTS)] if power_w is not None]
    if len(imports_w) < len(plan.meters) or len(stored_w) < len(plan.stores):
        return None
    return _Seen(sum(imports_w), sum(stored_w), told)


def _imports_w(view: View, plan: _Plan) -> list[float | None]:
    """Return what each meter of the import shows, or the estimate in its place if that is of now.

    An estimate of a second ago beside the storage of now would make a load that is none.
    """
    imports_w, fit = view.best(plan.imports), view.estimate.fit if view.estimate else None
    if fit is not None and view.now_ns - fit.at_ns <= ns(_OF_NOW_S):
        return imports_w
    return view.believed(plan.imports)


def _may_act(view: View) -> bool:
    """Return whether nothing but a utility that is stable feeds, and every load is fed by it."""
    facts, feeds = view.facts, _feeds(view)
    calm = not facts.autonomy.on_storage and not facts.relief.shutdown
    calm = calm and bool(facts.autonomy.feeds) and bool(feeds) and bool(_said(view).get("stable"))
    return calm and all(feed == "utility" for feed in feeds.values())


def _lost(view: View) -> bool:
    """Return whether the rows have nothing but their storage."""
    return bool(_said(view).get("all_ac_lost")) or view.facts.autonomy.rows_on_storage


def _said(view: View) -> Mapping[str, Any]:
    """Return the last word of the switching lane on the supply."""
    return view.heard["supply"].values if "supply" in view.heard else {}


def _feeds(view: View) -> Mapping[str, str]:
    """Return what feeds each section."""
    return dict(_said(view).get("feeds", {}))


def _concluded(view: View, state: State, plan: _Plan) -> dict[str, Smoothing]:
    """Return what others have to know."""
    pairs = zip(plan.stores, state.trust, strict=False)
    distrusted = tuple(item.id for item, trust in pairs if view.now_ns < trust.until_ns)
    return {"smoothing": Smoothing(bool(state.until_ns), state.short, distrusted)}


def _smoothed(
    view: View,
    state: State,
    plan: _Plan,
    seen: _Seen,
    proposals: Sequence[Proposal],
    params: Params,
) -> State:
    """Return the state after limiter, split and profile."""
    strategy = STRATEGIES[view.facts.volatility.stage]
    section = view.topology.section
    live = {section.get(bus) for bus in _feeds(view)} - {None}
    able = stores.able(view, plan.stores, seen.told, state.trust, live)
    stated = view.facts.compliance.bounds
    if params.trip_pu:
        able = [one.at_most(params.trip_pu * profile.jump_w(stated)) for one in able]
    ramps = profile.ramps(stated, params.rows_pu, strategy.used_pu)
    aims = [_aim(item, proposals) for item in plan.stores]
    swing_w = max(_GRAIN_W, strategy.dead_band_pu * _range_w(view, plan))
    state = _led(state, seen, able, aims, ramps.slow_w_s * strategy.every_s, swing_w)
    load_w = seen.import_w - seen.stored_w + sum(state.aims_w)
    state, power_w = _limited(view, state, plan, able, seen.import_w, load_w, params)
    state, power_w = _begun(view, state, power_w)
    shared = _shared(state, plan.stores, able, power_w, ns(strategy.every_s), params)
    wishes = tuple(
        _wish(item, aim, aim_w, part_w, acting=bool(state.until_ns))
        for item, one, aim, aim_w, part_w in zip(
            plan.stores, able, aims, state.aims_w, shared.powers_w, strict=True
        )
        if one.take_w > 0.0 or one.give_w > 0.0
    )
    asked_w = sum(wish.value for wish in wishes)
    give_w, take_w = sum(one.give_w for one in able), sum(one.take_w for one in able)
    room_w = min(give_w + asked_w, take_w - asked_w)
    power_w = min(give_w, take_w)
    short = profile.short(was=state.short, room_w=room_w, power_w=power_w)
    easing = eased(
        state.easing,
        stated,
        view.now_ns,
        seen.import_w,
        ramps.slow_w_s,
        strategy.used_pu,
        bare=power_w <= 0.0,
    )
    return state._replace(
        slow_w=shared.slow_w,
        power_w=sum(shared.powers_w),
        short=short,
        easing=easing,
        wishes=wishes,
    )


def _profiled(view: View, state: State, plan: _Plan, params: Params) -> State:
    """Return the state with what rows have to be told, where the utility feeds them."""
    stated, feeds = view.facts.compliance.bounds, _feeds(view)
    shown = view.gauge(plan.profiles)
    if stated and view.now_ns < state.loose_ns:
        free = profile.wishes(plan.rows, shown, 0.0, [None] * len(plan.rows), _BACK)
        return state._replace(wishes=state.wishes + free)
    if not stated or not feeds or any(feed != "utility" for feed in feeds.values()):
        return state
    strategy = STRATEGIES[view.facts.volatility.stage]
    ramps = profile.ramps(stated, params.rows_pu, strategy.used_pu)
    floors, floored = profile.floors(plan.rows, shown, strategy.floor_pu, state.floored)
    ramp_w_s = (ramps.slow_w_s if state.short else ramps.quick_w_s) or None
    why = "storage has little room" if state.short else "what is faster no storage meets in time"
    if view.now_ns < state.easing.until_ns:
        ramp_w_s, why = state.easing.ramp_w_s, "little is left of the slowest limit"
    wishes = profile.wishes(plan.rows, shown, ramp_w_s, floors, why)
    return state._replace(floored=floored, wishes=state.wishes + wishes)


def _aim(item: Equipment, proposals: Sequence[Proposal]) -> Target | None:
    """Return what is left of all wishes for a store, None where nobody has one."""
    asked = [wish for wish in proposals if wish.equipment == item.id and wish.point == POINT]
    return narrow(asked) if asked else None


def _led(
    state: State,
    seen: _Seen,
    able: Sequence[Able],
    aims: Sequence[Target | None],
    step_w: float,
    swing_w: float,
) -> State:
    """Return the state with aims as led until now, from what each store does when this begins.

    The slow mean of the limiter goes with them: they are no swing that it has to find.
    """
    led = []
    size = len(stores.POINTS)
    for n, (one, aim) in enumerate(zip(able, aims, strict=True)):
        to_w = aim.value if aim is not None else 0.0
        from_w = state.aims_w[n] if state.limiter is not None else seen.told[size * n] or 0.0
        if one == Able():
            led.append(seen.told[size * n] or 0.0)
        elif (to_w - from_w) * state.power_w < 0.0 and abs(state.power_w) > swing_w:
            led.append(from_w)
        else:
            led.append(min(max(to_w, from_w - step_w), from_w + step_w))
    limited = state.limiter
    if limited is not None:
        moved_w = sum(led) - sum(state.aims_w)
        limited = limited._replace(mean_w=limited.mean_w + moved_w)
    return state._replace(aims_w=tuple(led), limiter=limited)


def _range_w(view: View, plan: _Plan) -> float:
    """Return how far the load can move [W]."""
    rated_w = sum(row.ratings["power_w"] for row in plan.rows)
    return rated_w or view.site.contract.import_limit_w


def _limited(
    view: View,
    state: State,
    plan: _Plan,
    able: Sequence[Able],
    import_w: float,
    load_w: float,
    params: Params,
) -> tuple[State, float]:
    """Return the state after the limiter, and what storage takes beyond its aims [W]."""
    strategy, now_ns = STRATEGIES[view.facts.volatility.stage], view.now_ns
    bounds = tuple(_used(bound, strategy.used_pu) for bound in view.facts.compliance.bounds)
    range_w = _range_w(view, plan)
    size_j = catch_up.size_j(catch_up.paces(bounds), range_w, 0.0, limiter.MARGIN_PU)
    energy_j = min(size_j, sum(one.energy_j for one in able))
    free_ns = [amid.free_ns(state.begin, bound) for bound in bounds]
    before = state.limiter or limiter.begin(bounds, now_ns - 1, import_w, free_ns)
    if energy_j <= 0.0:
        return state._replace(limiter=limiter.watched(before, bounds, now_ns, import_w)), 0.0
    account_j = _account_j(state, able, energy_j, (now_ns - before.at_ns) / SECOND, params)
    quick_w_s = profile.ramps(view.facts.compliance.bounds, params.rows_pu, 1.0).quick_w_s
    late_s = _COMPLETE * range_w / quick_w_s if quick_w_s else 1.0
    jobs = still(state.jobs, view.image.utc_ns, late_s)
    lowest_w, told = _lowest_w(view, plan, load_w), jobs
    if lowest_w is None:
        lowest_w, told = 0.0, ()
    after = limiter.step(
        before,
        limiter.Params(
            energy_j,
            sum(max(one.take_w, one.give_w) for one in able),
            lowest_w,
            lowest_w + range_w,
            0.0,
            strategy.dead_band_pu,
            params.mean_s * range_w / energy_j,
            params.settled_s * range_w / energy_j,
            late_s,
        ),
        bounds,
        now_ns,
        load_w,
        account_j,
        notices(told, view.image.utc_ns, now_ns),
        import_w,
    )
    # Nothing is exported beyond what the contract allows, also when the load is gone.
    power_w = max(after.grid_w, -view.site.contract.export_limit_w) - load_w
    return state._replace(limiter=after, account_j=account_j, jobs=jobs), power_w


def _lowest_w(view: View, plan: _Plan, load_w: float) -> float | None:
    """Return what the load would be without the rows, None while theirs is not known [W]."""
    rows_w = _rows_w(view, plan)
    return None if rows_w is None else load_w - rows_w


def _rows_w(view: View, plan: _Plan) -> float | None:
    """Return what all rows draw, None while that is not known [W]."""
    powers_w = [power_w for power_w in view.gauge(plan.powers) if power_w is not None]
    return sum(powers_w) if len(powers_w) == len(plan.rows) else None


def _used(bound: Bound, used_pu: float) -> Bound:
    """Return the part of a bound that is made use of, one over long in even parts."""
    parts = max(1, bound.window_ns // ns(_EVEN_S)) if bound.band_hz is None else 1
    return bound._replace(
        window_ns=bound.window_ns // parts, limit_w=used_pu * bound.limit_w / parts
    )


def _account_j(
    state: State, able: Sequence[Able], energy_j: float, passed_s: float, params: Params
) -> float:
    """Return the account of smoothing, within its band and what is really there [J]."""
    middle_j = 0.5 * energy_j
    account_j = middle_j
    if state.limiter is not None:
        account_j = state.account_j + state.power_w * passed_s
        account_j += (middle_j - account_j) * min(1.0, passed_s / params.settled_s)
    least_j = max(0.0, energy_j - sum(one.room_j for one in able))
    most_j = min(energy_j, sum(one.stored_j for one in able))
    return min(max(account_j, least_j), most_j)


def _begun(view: View, state: State, power_w: float) -> tuple[State, float]:
    """Return whether it goes on, and the power that is asked for, none while it rests [W]."""
    if abs(power_w) >= (_GRAIN_W if state.until_ns else _BEGIN_W):
        return state._replace(until_ns=view.now_ns + ns(_REST_S)), power_w
    if view.now_ns >= state.until_ns:
        return state._replace(until_ns=0), 0.0
    return state, power_w


class _Shared(NamedTuple):
    powers_w: tuple[float, ...]
    slow_w: tuple[float, ...]


def _shared(
    state: State,
    items: Sequence[Equipment],
    able: Sequence[Able],
    power_w: float,
    passed_ns: int,
    params: Params,
) -> _Shared:
    """Return what each store takes of a power beside its aim: by kind, and evenly within one."""
    if not able:
        return _Shared((), ())
    sign = 1.0 if power_w > 0.0 else -1.0
    most_w = [
        max(0.0, (one.take_w if sign > 0.0 else one.give_w) - sign * aim_w)
        for one, aim_w in zip(able, state.aims_w, strict=True)
    ]
    order = kinds([item.ratings["energy_wh"] / item.ratings["power_w"] for item in items])
    parts = [
        Store(
            sum(most_w[n] for n in kind),
            sum(able[n].energy_j for n in kind),
            params.mean_s / 2.0**k,
            params.settled_s,
        )
        for k, kind in enumerate(order)
    ]
    stored_j = [sum(able[n].stored_j for n in kind) for kind in order]
    slow_w = state.slow_w if len(state.slow_w) == len(order) else (0.0,) * len(order)
    found = split(slow_w, parts, stored_j, power_w, passed_ns)
    powers_w = [0.0] * len(able)
    for kind, kind_w in zip(order, found.powers_w, strict=True):
        shares_w = evenly([state.aims_w[n] for n in kind], [most_w[n] for n in kind], kind_w)
        for n, share_w in zip(kind, shares_w, strict=True):
            powers_w[n] = share_w
    return _Shared(tuple(powers_w), found.slow_w)


def _wish(
    item: Equipment, aim: Target | None, aim_w: float, part_w: float, *, acting: bool
) -> Proposal:
    """Return the set-point of a store; while smoothing rests it stays with who wants it."""
    if acting or aim is None:
        return Proposal(item.id, POINT, "prefer", _grained(aim_w + part_w), OWNER, _WHY)
    value_w = aim_w if aim_w == aim.value else _grained(aim_w)
    return Proposal(item.id, POINT, "prefer", value_w, aim.owner, aim.reason)


def _grained(value_w: float) -> float:
    return int(value_w / _GRAIN_W) * _GRAIN_W
