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
nobody shuts down, and import and storage are known (`sight`). Otherwise it forgets what it saw, and
`settle_s` later begins anew from the import that it finds: loads come back after a loss of input,
which rules exempt, and the way back begins where the plant stands. A daemon that starts does not
know what moved before: amid a job it lets the import go nowhere until a whole window has passed,
and rows are slower still meanwhile (`amid`). While nobody smooths, storage goes no faster than a
tenth of the slowest limit from what it does to what others want of it, its reserve left alone, and
rows have the slow ramp, for nobody gives what is faster, but for a loss: while they have nothing
but their storage, and for `settle_s` after, their ramp is taken away and they come back as fast as
they can (`profile`).

*Bands.* Reserve is not in what storage can do (`stores`); what smoothing takes and gives is an
account of its own (`connection`).

*Rows.* What is too fast for any loop over a bus is kept by the racks themselves (`profile`): by a
slower ramp when storage has little room, because others use it, it is derated or not trusted, and
for a while by one slower still when it fails in the midst of a rise (`easing`).

*A store that fails.* What it gave is a step of the import that nobody prevents any more (see the
chapter). Beforehand, stores that last alike share evenly, and where one alone is too much of a risk
`trip_pu` holds each, with all that it does for others, to a part of the shortest limit. In the
instant itself, told by two witnesses scan by scan, the rows give up what is missing (`sudden`), and
rise from there as slowly as the window asks (`easing`). A store that does not follow is asked for
what it does and led from there (`leading`); one whose meter alone is wrong goes on by the estimate
(`sight`).

*A job that stops.* What is asked of storage, by whoever for the sake of economy, is never more than
the load that remains when what may vanish at once does (`vanishing`).

*Rows without a ramp.* Where a row serves no ramp its load may step at any time: the charge is kept
where the limiter says for steps without notice (`sudden_pu`), and storage has to give all of them.

*Notice.* A job that is announced (`announced`) is prepared for as the limiter says. Its power comes
by the ramp of the rows, so it is waited for as long as that takes. Nobody goes towards a job while
it is not known what the rows draw.

DC storage supports its bus by droop and is the reserve of the rows; it takes no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Interval

from daemon.core.facts import Smoothing
from daemon.core.smoothing import (
    amid,
    catch_up,
    connection,
    leading,
    limiter,
    profile,
    sight,
    split,
    stores,
    sudden,
    vanishing,
)
from daemon.core.smoothing.announced import Announced, heard, notices, still
from daemon.core.smoothing.easing import Easing, eased
from daemon.core.smoothing.leading import POINT
from daemon.core.smoothing.profile import OWNER
from daemon.core.smoothing.stores import Able, Trust
from daemon.core.smoothing.strategy import STRATEGIES
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.arbitration import Target
    from daemon.core.smoothing.sight import Plan, Seen
    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Site

_BEGIN_W: Final = 60_000.0
"""What is less than this is no reason to begin; having begun, it is gone on with [W]."""
_REST_S: Final = 30.0
"""It has ended when nothing had to be added for so long [s]."""
_AMID_PU: Final = 0.1
"""Of the slowest limit, what rows have for its time when the daemon finds storage at work."""
_AT_ONCE_S: Final = 2.0
"""Rows that keep no ramp have all of an announced step after this [s]."""
_ANY_W: Final = float("inf")
_REMAINS: Final = "no more than the load that remains when a job stops"
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
        trip_pu: what one store gives or takes at most, for whoever, by the shortest limit on
            swings, so that its trip alone passes none; 0 for what it can: jobs have their power
            sooner then, and peaks are shaved by more [pu].
        falls_pu: rows fall by so many times their ramp at most when a job stops; what falls before
            storage can follow, storage does not give for [pu].
        sudden_pu: of rows that serve no ramp, part of the range that may come in one instant
            without notice; 0 where every job is announced: charge stays in the middle then, and
            need not be at the end that the load can leave [pu].
        used_pu: part of each limit that is made use of, less the grain of set-points; 0 for what
            the stage of volatility asks for. More than that only where a fast store by itself
            holds the connection between two looks [pu].
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
    falls_pu: Annotated[float, Ge(1.0)] = 1.0
    sudden_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 1.0
    used_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.0


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
        before: what was seen last, to tell when a store is gone.
        held: caps of rows after it is gone.
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
    before: sudden.Before = sudden.Before()
    held: sudden.Held = sudden.Held()
    floored: tuple[str, ...] = ()
    jobs: tuple[Announced, ...] = ()
    wishes: tuple[Proposal, ...] = ()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State()


def step(view: View, state: State, params: Params, proposals: tuple[Proposal, ...]) -> Turn[State]:
    """Look when it is time; between two looks what was proposed stands."""
    jobs, events = heard(view, state.jobs, params.ahead_s) if view.inbox else (state.jobs, ())
    state = state if jobs is state.jobs else state._replace(jobs=jobs)
    lost = sight.lost(view)
    missing_w = _missing_w(view, state)
    at_once = missing_w != 0.0 or (lost and state.loose_ns <= view.now_ns)
    if view.now_ns < state.due_ns and not at_once:
        return Turn(state, state.wishes, events)
    if lost:
        state = state._replace(loose_ns=view.now_ns + ns(params.settle_s))
    every_s = STRATEGIES[view.facts.volatility.stage].every_s
    state = state._replace(due_ns=view.now_ns + ns(every_s))
    plan = sight.plan(view.site, view.points)
    if missing_w != 0.0:
        state = state._replace(before=sudden.Before())
        events += (_gone(view, missing_w),)
    if missing_w > 0.0:
        powers_w = view.gauge(plan.powers)
        held = sudden.held(plan.rows, powers_w, missing_w, view.now_ns)
        state = state._replace(held=held)
    if state.begin.open(view.now_ns):
        state = _first_seen(view, state, plan)
    seen = sight.look(view, plan)
    if seen is None and (state.limiter is not None or state.resume_ns):
        state = state._replace(resume_ns=view.now_ns + ns(params.settle_s))
    if seen is None or view.now_ns < state.resume_ns:
        state = _kept(view, state, plan, proposals, every_s)
        aims = leading.aims(plan.stores, proposals)
        most_w = _remains(view, plan, params, every_s)[0]
        state = state._replace(wishes=_bounded(view, plan, aims, state.wishes, most_w))
        easing = state.easing if view.now_ns < state.easing.until_ns else Easing()
        state = state._replace(limiter=None, power_w=0.0, until_ns=0, short=True, easing=easing)
        state = state._replace(before=sudden.Before())
        after = _profiled(view, state, plan, proposals, params)
        return Turn(after, after.wishes, events, facts=_concluded(view, after, plan))
    asked_w = {wish.equipment: wish.value for wish in state.wishes if wish.point == POINT}
    trust, doubts = stores.trusted(
        view, plan.stores, seen.told, asked_w, state.trust, params.follow_s, params.distrust_s
    )
    state = state._replace(trust=trust, resume_ns=0)
    after = _smoothed(view, state, plan, seen, proposals, params, gone=missing_w != 0.0)
    after = _profiled(view, after, plan, proposals, params)
    return Turn(after, after.wishes, events + doubts, facts=_concluded(view, after, plan))


def _first_seen(view: View, state: State, plan: Plan) -> State:
    """Return the state after a first look: amid a job nothing is free, and rows hardly move."""
    bounds = view.facts.compliance.bounds
    if not bounds or not sight.fed(view):
        return state
    asked_w = (view.read(item.id, POINT) for item in plan.stores)
    stands = any(abs(power_w or 0.0) > _BEGIN_W for power_w in asked_w)
    rows_w = sight.rows_w(view, plan)
    begin = amid.looked(state.begin, bounds, view.now_ns, rows_w, stands=stands)
    if not begin.until_ns:
        return state._replace(begin=begin)
    pace_w_s = min(pace.rate_w_s for pace in catch_up.paces(bounds))
    easing = Easing(None, begin.until_ns, _AMID_PU * pace_w_s)
    return state._replace(begin=begin, easing=easing, limiter=None)


def _kept(
    view: View, state: State, plan: Plan, proposals: Sequence[Proposal], every_s: float
) -> State:
    """Return the state in which storage goes from what it does to what others want, slowly.

    Nobody smooths, so a step of storage would be one of the import: when the daemon starts while
    storage stands for a job, and when smoothing has to stop amid one.
    """
    if not sight.feeds(view):
        # Nothing is known yet: who wants something of storage must not be the first to know more.
        return state._replace(aims_w=(), wishes=(), due_ns=0)
    pace_w_s = min((p.rate_w_s for p in catch_up.paces(view.facts.compliance.bounds)), default=0.0)
    if not pace_w_s or not sight.fed(view):
        return state._replace(aims_w=(), wishes=())
    trust = state.trust or (Trust(),) * len(plan.stores)
    told = sight.stores_told(view, plan)
    able = stores.able(view, plan.stores, told, trust, sight.live(view))
    step_w = leading.KEPT_PU * pace_w_s * every_s
    led_w, wishes = [], []
    for n, (item, aim) in enumerate(
        zip(plan.stores, leading.aims(plan.stores, proposals), strict=True)
    ):
        goes_on = state.limiter is None and n < len(state.aims_w)
        was_w = state.aims_w[n] if goes_on else None
        to_w, wish = leading.kept(view, item, aim, was_w, able[n].give_w, step_w)
        led_w.append(to_w)
        wishes += [wish] if wish else []
    return state._replace(aims_w=tuple(led_w), wishes=tuple(wishes))


def _concluded(view: View, state: State, plan: Plan) -> dict[str, Smoothing]:
    """Return what others have to know."""
    pairs = zip(plan.stores, state.trust, strict=False)
    distrusted = tuple(item.id for item, trust in pairs if view.now_ns < trust.until_ns)
    return {"smoothing": Smoothing(bool(state.until_ns), state.short, distrusted)}


def _smoothed(
    view: View,
    state: State,
    plan: Plan,
    seen: Seen,
    proposals: Sequence[Proposal],
    params: Params,
    *,
    gone: bool,
) -> State:
    """Return the state after limiter and split; `gone` says that a store was just lost."""
    strategy = STRATEGIES[view.facts.volatility.stage]
    stated = view.facts.compliance.bounds
    able = stores.able(view, plan.stores, seen.told, state.trust, sight.live(view))
    ramps = profile.ramps(stated, params.rows_pu, strategy.used_pu)
    aims = leading.aims(plan.stores, proposals)
    remains_w, counted_w = _remains(view, plan, params, strategy.every_s)
    able = vanishing.counted(able, counted_w)
    aims = leading.giving_at_most(aims, remains_w)
    if params.trip_pu:
        most_w = params.trip_pu * profile.jump_w(stated)
        able = [one.at_most(most_w) for one in able]
        aims = leading.at_most(aims, most_w)
    before = sudden.noted(state.before, view.now_ns, seen.import_w, seen.powers_w, _jump_w(view))
    state = _led(view, state, plan, seen, able, aims, ramps.slow_w_s * strategy.every_s)
    state, power_w = _limited(view, state, plan, seen, able, params)
    state, power_w = _begun(view, state, power_w)
    parts = split.shared(
        state.slow_w,
        plan.lasting_s,
        able,
        state.aims_w,
        power_w,
        ns(strategy.every_s),
        params.mean_s,
        params.settled_s,
    )
    parts_w = leading.in_grains(parts.powers_w, state.aims_w, plan.quickest)
    wishes = tuple(
        leading.wish(
            item,
            aim,
            aim_w,
            part_w,
            stores.spare_w(view, item, told),
            acting=bool(state.until_ns),
        )
        for item, one, aim, aim_w, part_w, told in zip(
            plan.stores, able, aims, state.aims_w, parts_w, seen.told, strict=True
        )
        if one.take_w > 0.0 or one.give_w > 0.0
    )
    before_w = sum(wish.value for wish in wishes)
    wishes += _left_alone(view, state, plan, seen, aims, strategy.every_s)
    wishes = _bounded(view, plan, aims, wishes, remains_w)
    usable = {item.id for item, one in zip(plan.stores, able, strict=True) if one != Able()}
    asked_w = sum(wish.value for wish in wishes if wish.equipment in usable)
    give_w, take_w = sum(one.give_w for one in able), sum(one.take_w for one in able)
    room_w = min(give_w + asked_w, take_w - asked_w)
    power_w = min(give_w, take_w)
    easing = eased(
        state.easing,
        stated,
        view.now_ns,
        seen.import_w,
        ramps.slow_w_s,
        strategy.used_pu,
        bare=power_w <= 0.0,
        gone=gone,
    )
    return state._replace(
        slow_w=parts.slow_w,
        power_w=sum(parts.powers_w) + asked_w - before_w,
        short=profile.short(was=state.short, room_w=room_w, power_w=power_w),
        easing=easing,
        before=before,
        wishes=wishes,
    )


def _remains(view: View, plan: Plan, params: Params, every_s: float) -> tuple[float, float]:
    """Return the most that storage may give now, and what it can be counted on for [W, W]."""
    load_w = sight.load_w(view, plan)
    if load_w is None or not plan.rows or not sight.fed(view):
        return _ANY_W, _ANY_W
    stated, strategy = view.facts.compliance.bounds, STRATEGIES[view.facts.volatility.stage]
    quick_w_s = profile.ramps(stated, params.rows_pu, strategy.used_pu).quick_w_s
    rated_w = [row.ratings["power_w"] for row in plan.rows]
    told_w_s = [quick_w_s * r / sum(rated_w) if plan.ramped else 0.0 for r in rated_w]
    # A row that is silent keeps what it was told; what it draws counts as its rating.
    drawn_w = [r if p is None else p for p, r in zip(view.gauge(plan.powers), rated_w, strict=True)]
    shown_w_s = zip(view.gauge(plan.profiles)[::2], told_w_s, strict=True)
    ramps_w_s = [told if shown is None else shown for shown, told in shown_w_s]
    within_s, export_w = every_s + vanishing.ANSWER_S, view.site.contract.export_limit_w
    lost_w = vanishing.at_once_w(drawn_w, ramps_w_s, params.falls_pu, within_s)
    full_w = vanishing.at_once_w(rated_w, told_w_s, params.falls_pu, within_s)
    at_full_w = load_w + sum(rated_w) - sum(drawn_w)
    return (
        vanishing.remaining_w(load_w, lost_w, export_w),
        vanishing.remaining_w(at_full_w, full_w, export_w),
    )


def _bounded(
    view: View,
    plan: Plan,
    aims: Sequence[Target | None],
    wishes: tuple[Proposal, ...],
    most_w: float,
) -> tuple[Proposal, ...]:
    """Return what is asked of storage when it gives no more than a power [W] together."""
    own = {wish.equipment: wish.value for wish in wishes if wish.point == POINT}
    asked_w = tuple(
        own.get(item.id, aim.value if aim is not None else 0.0)
        for item, aim in zip(plan.stores, aims, strict=True)
    )
    found_w = vanishing.within(asked_w, most_w)
    if found_w == asked_w:
        return wishes
    less = {
        item.id: Proposal(item.id, POINT, "prefer", leading.grained(to_w), OWNER, _REMAINS)
        for item, to_w, was_w in zip(plan.stores, found_w, asked_w, strict=True)
        if to_w != was_w and view.stage(item.id) == "grid_following"
    }
    kept = (w for w in wishes if w.point != POINT or w.equipment not in less)
    return (*kept, *less.values())


def _left_alone(
    view: View,
    state: State,
    plan: Plan,
    seen: Seen,
    aims: Sequence[Target | None],
    every_s: float,
) -> tuple[Proposal, ...]:
    """Return what is asked of stores that are not trusted."""
    pace_w_s = min(p.rate_w_s for p in catch_up.paces(view.facts.compliance.bounds))
    step_w = leading.KEPT_PU * pace_w_s * every_s
    found = (
        leading.left_alone(
            view, item, aim, told[0] or 0.0, step_w, stores.spare_w(view, item, told)
        )
        for item, trust, aim, told in zip(plan.stores, state.trust, aims, seen.told, strict=True)
        if view.now_ns < trust.until_ns
    )
    return tuple(wish for wish in found if wish is not None)


def _missing_w(view: View, state: State) -> float:
    """Return what stores gave, or took (negative), and are gone with since the last look [W]."""
    if not any(state.before.powers_w):
        return 0.0
    least_w = _jump_w(view)
    if all(abs(was_w) < least_w for was_w in state.before.powers_w):
        return 0.0
    plan = sight.plan(view.site, view.points)
    imports_w, told = view.believed(plan.imports), view.gauge(plan.stores_told)
    if None in imports_w:
        return 0.0
    powers_w, set_w = [], []
    shown_w = view.believed(plan.stores_power)
    for n, (item, was_w) in enumerate(zip(plan.stores, state.before.powers_w, strict=True)):
        # One that is silent may follow as before.
        follows, power_w = view.stage(item.id) in {None, "grid_following"}, shown_w[n]
        # What does not follow any more has let go of its set-point too, however it shows it; a
        # power that is not believed is no witness.
        powers_w.append((was_w if follows else 0.0) if power_w is None else power_w)
        set_w.append(told[len(stores.POINTS) * n + 1] if follows else was_w)
    import_w = sum(w for w in imports_w if w is not None)
    return sudden.missing_w(state.before, import_w, powers_w, set_w, least_w)


def _jump_w(view: View) -> float:
    """Return what is too much of a step to be left alone [W]."""
    return sudden.PART_PU * profile.jump_w(view.facts.compliance.bounds)


def _gone(view: View, missing_w: float) -> Event:
    if missing_w > 0.0:
        text = f"Storage that gave {missing_w / 1e6:.2f} MW is gone: rows give that up at once"
    else:
        text = f"Storage that took {-missing_w / 1e6:.2f} MW is gone: rows fall slowly"
    return view.event(view.site.id, "storage_gone", text)


def _profiled(
    view: View, state: State, plan: Plan, proposals: Sequence[Proposal], params: Params
) -> State:
    """Return the state with what rows have to be told, where the utility feeds them."""
    if state.held.caps_pu:
        others = {wish.equipment: wish for wish in proposals if wish.point == sudden.POINT}
        held, capped = sudden.wishes(state.held, plan.rows, others, view.now_ns)
        state = state._replace(held=held, wishes=state.wishes + capped)
    stated = view.facts.compliance.bounds
    shown = view.gauge(plan.profiles)
    if stated and view.now_ns < state.loose_ns:
        free = profile.wishes(plan.rows, shown, 0.0, [None] * len(plan.rows), _BACK)
        return state._replace(wishes=state.wishes + free)
    if not stated or not sight.fed(view):
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


def _led(
    view: View,
    state: State,
    plan: Plan,
    seen: Seen,
    able: Sequence[Able],
    aims: Sequence[Target | None],
    step_w: float,
) -> State:
    """Return the state with aims as led until now, from what each store does when this begins.

    The slow mean of the limiter goes with them: they are no swing that it has to find.
    """
    dead_band_pu = STRATEGIES[view.facts.volatility.stage].dead_band_pu
    swing_w = max(leading.GRAIN_W, dead_band_pu * sight.range_w(view, plan))
    from_w = state.aims_w if state.limiter is not None else seen.powers_w
    led_w = leading.led(able, aims, from_w, seen.powers_w, state.power_w, step_w, swing_w)
    limited = state.limiter
    if limited is not None:
        moved_w = sum(led_w) - sum(state.aims_w)
        limited = limited._replace(mean_w=limited.mean_w + moved_w)
    return state._replace(aims_w=led_w, limiter=limited)


def _limited(
    view: View, state: State, plan: Plan, seen: Seen, able: Sequence[Able], params: Params
) -> tuple[State, float]:
    """Return the state after the limiter, and what storage takes beyond its aims [W]."""
    strategy, now_ns = STRATEGIES[view.facts.volatility.stage], view.now_ns
    stated = view.facts.compliance.bounds
    bounds = connection.used(stated, params.used_pu or strategy.used_pu)
    range_w = sight.range_w(view, plan)
    energy_j = connection.band_j(bounds, able, range_w)
    before = state.limiter
    if before is None:
        free_ns = [amid.free_ns(state.begin, bound) for bound in bounds]
        before = limiter.begin(bounds, now_ns - 1, seen.import_w, free_ns)
    if energy_j <= 0.0:
        watched = limiter.watched(before, bounds, now_ns, seen.import_w)
        return state._replace(limiter=watched), 0.0
    was_j = state.account_j if state.limiter is not None else None
    passed_ns = now_ns - before.at_ns
    account_j = connection.account_j(
        was_j, state.power_w, passed_ns, params.settled_s, able, energy_j
    )
    late_s = connection.late_s(stated, params.rows_pu, range_w) if plan.ramped else _AT_ONCE_S
    jobs = still(state.jobs, view.image.utc_ns, late_s)
    load_w = seen.import_w - sum(seen.powers_w) + sum(state.aims_w)
    rows_w = sight.rows_w(view, plan)
    lowest_w = 0.0 if rows_w is None or not plan.rows else load_w - rows_w
    after = limiter.step(
        before,
        limiter.Params(
            energy_j,
            sum(max(one.take_w, one.give_w) for one in able),
            lowest_w,
            lowest_w + range_w,
            0.0 if plan.ramped else params.sudden_pu * range_w,
            strategy.dead_band_pu,
            params.mean_s * range_w / energy_j,
            params.settled_s * range_w / energy_j,
            late_s,
        ),
        bounds,
        now_ns,
        load_w,
        account_j,
        notices(jobs if rows_w is not None else (), view.image.utc_ns, now_ns),
        seen.import_w,
    )
    # Nothing is exported beyond what the contract allows, also when the load is gone.
    power_w = max(after.grid_w, -view.site.contract.export_limit_w) - load_w
    return state._replace(limiter=after, account_j=account_j, jobs=jobs), power_w


def _begun(view: View, state: State, power_w: float) -> tuple[State, float]:
    """Return whether it goes on, and the power that is asked for, none while it rests [W]."""
    if abs(power_w) >= (leading.GRAIN_W if state.until_ns else _BEGIN_W):
        return state._replace(until_ns=view.now_ns + ns(_REST_S)), power_w
    if view.now_ns >= state.until_ns:
        return state._replace(until_ns=0), 0.0
    return state, power_w
