"""Peak shaving of the site: from its meters to the set-points of its storage.

Theory of operation. Once in `every_s` the import is taken from the meters of the utilities (from
the estimate where one of them is not believed or silent), the
load from it by what storage gives or takes. Both are summed up by the clock that bills
(`shaving.shaver`), and storage is asked for what keeps the window at its aim. The aim is at first
`paid_pu` of what the contract allows, then the highest window so far; once a day of the load is
known, a worker is asked for a better one. It is never above the contract. Time that nobody measured
counts as drawn at the aim: neither a surplus to spend nor a debt to pay.

*Below the contract* nothing is shaved unless the site's file says that it pays. The default of
`paid_pu` is 1: the power of the contract is paid for whether it is drawn or not, so the aim is the
contract but for a thousandth, and no forecast makes it lower. Where the highest demand itself is
billed, `paid_pu` is the part of the contract that is billed at least (a minimum, a ratchet of
former years; 0 for none). Then storage is cycled for it, and the aim begins there and rises to what
could not be held.

*Money* decides only how long storage may give for how much less peak: what a MWh that it gives
costs (`wear_eur_mwh`) against what a kW of the peak costs in a period (`demand_eur_kw`), in any one
currency. The peak is billed once, but what is given for it today is given again on each day that is
left of the period, as far as anybody knows: so wear counts as often. By the defaults a peak of
hours is always worth it; a load that is high all day is not, at the begin of a month.

*Waiting.* What is billed is a mean, so a short peak costs nothing that the rest of the window does
not make up for. Storage begins to give when what would be needed until the end of the window is
`patience_pu` of what it can give now, and goes on until the window is over. The load that is looked
at is the mean of the last while, so that storage does not follow the swings of a training job, and
what is asked for moves no faster than the contract lets the import (`shaving.giving`, which the
backtest runs as well). In the AI hall that is four fifths of 2 MW in a minute, by turns one and two
grains of 20 kW in a second: from rest to 1.5 MW it takes a minute of the quarter of an hour, which
is 0.05 MW of its demand. Where the contract knows no ramp nothing is slowed.

*Bounds.* Reserve and half the smoothing band lie at the bottom of each store and are never given
(`shaving.reserve`). Storage acts only while nothing but the utility feeds any section, no load
lives on storage, and every value it rests on is good; otherwise nothing is proposed and dispatch
has the word. Set-points are preferences: this slot stands before dispatch, whose bounds (sets that
are short, export as measured in this very scan) hold first, and a person overrules them. A store
that does not follow, is derated, or reports what cannot be, counts with what it has shown.

DC storage supports its bus by its own droop and takes no set-point.

*What else a site may allow*, both off unless its file says otherwise. With `ups_pu` below 1 the
battery of a UPS whose rectifier can share the load with it is one more store, above that charge and
above the energy that rides through; it recharges by its own rules. With `row_cap_pu` below 1 what
all storage together cannot give is taken from the AI rows, the lowest priority first, never below
that cap (`flexible`). Storage gives first: it costs no work. A plan counts on both, on the rows at
the price of their work, so it may aim lower than storage alone could hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Interval

from daemon.core.balance.shaving import (
    billing,
    errand,
    flexible,
    giving,
    history,
    shaver,
    worth,
)
from daemon.core.balance.shaving.demand import Window, mean_w, room_w
from daemon.core.balance.shaving.forecast import DAY_S
from daemon.core.balance.shaving.reserve import reserve_j
from daemon.core.balance.shaving.stores import Bands, Store, as_one, limits_w, shares_w
from daemon.core.facts import Demand
from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site
from daemon.core.view import Turn, View
from daemon.model.commands import Finished, Proposal, Request
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = "peaks"
POINT: Final = "power_setpoint_w"
_GRAIN_W: Final = 20_000.0
"""Set-points move in these steps, so that noise is not sent to the device."""
_WH: Final = 3600.0
_KEPT_PU: Final = 0.999
"""Of the contract, what is aimed at: with all of it `peak_quarter_hour` closed 0.2 kW above."""
_HELD: Final = 10
"""A power has to be possible for so many periods: a late scan must not cut into the reserve."""
_GAP: Final = 5
"""So many periods without a value, and what was drawn meanwhile is not known."""
_SHARED: Final = 0.8
"""Part of its load that the battery of a UPS takes over at most."""
_FIRST_RISE: Final = 0.1
"""Rise of the load that recharging provides for while none has been seen, by the contract."""

Fraction = Annotated[float, Interval(ge=0.0, le=1.0)]


@dataclass(frozen=True, slots=True)
class Params:
    """Against what, and with what part of storage.

    Attributes:
        paid_pu: part of the contract's import that is paid for whether it is drawn or not; 1, and
            nothing is shaved below the contract; less where the highest demand is billed [pu].
        period: what the highest demand is billed for, after which it is forgotten.
        time_zone: of the place, such as Europe/Berlin: when a month or year begins.
        demand_eur_kw: what a kilowatt of the highest demand costs in such a period, in any
            currency; with the wear it decides how long storage gives for how much less peak
            [EUR/kW].
        wear_eur_mwh: what each megawatt-hour that storage gives costs by wear and losses, in the
            same currency [EUR/MWh].
        every_s: time between set-points [s].
        plan_s: time between plans [s].
        fresh_s: a plan that is older is not followed [s].
        patience_pu: part of its power that storage waits for before it gives [pu].
        start_failure_s: until it is known that no set comes [s].
        reserve_pu: charge that is reserve at least [pu].
        smoothing_pu: charge kept for smoothing, half of it at the top; as much of it as the stage
            of volatility asks for [pu].
        recharge_w: most that storage is recharged with after it gave [W].
        efficiency_pu: of each way [pu].
        ups_pu: charge of a UPS below which its battery gives nothing for it; 1 for never [pu].
        row_cap_pu: lowest cap of an AI row for it; 1 for none [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    paid_pu: Fraction = 1.0
    period: billing.Length = "month"
    time_zone: billing.Zone = billing.UTC
    demand_eur_kw: Annotated[float, Gt(0.0)] = worth.DEMAND_EUR_KW
    wear_eur_mwh: Annotated[float, Ge(0.0)] = worth.WEAR_EUR_MWH
    every_s: Annotated[float, Interval(ge=0.1, le=60.0)] = 1.0
    plan_s: Annotated[float, Gt(0.0)] = 900.0
    fresh_s: Annotated[float, Gt(0.0)] = 7200.0
    patience_pu: Fraction = 0.3
    start_failure_s: Annotated[float, Ge(0.0)] = 78.0
    reserve_pu: Fraction = 0.2
    smoothing_pu: Fraction = 0.2
    recharge_w: Annotated[float, Ge(0.0)] = 1.0e6
    efficiency_pu: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.95
    ups_pu: Fraction = 1.0
    row_cap_pu: Fraction = 1.0


class State(NamedTuple):
    """What is carried from scan to scan.

    Attributes:
        billed: window, samples and plan; None before the import was known.
        due_ns: when the next look is due [ns].
        period: number of the billing period.
        giving: the load as it is looked at, without storage and caps of rows, and whether storage
            has begun to give in this window.
        refilling: what it gave is not back yet.
        policy: what the aim is from.
        asked: how many requests were made; the last one has this number below zero.
        planned: number of the last one that was for a plan.
        recalled: number of the one for what was kept; 0 before it is made.
        kept_ns: begin of the window that began when it was last kept [ns].
        wishes: what is proposed until the next look.
        cut_w: what the rows would draw above their caps [W].
        capped: caps of the rows are held, or on their way back.
    """

    billed: shaver.State | None = None
    due_ns: int = 0
    period: int = 0
    giving: giving.State = giving.State()
    refilling: bool = False
    policy: str = "ratchet"
    asked: int = 0
    planned: int = 0
    recalled: int = 0
    kept_ns: int = 0
    wishes: tuple[Proposal, ...] = ()
    cut_w: float = 0.0
    capped: bool = False


class _Plan(NamedTuple):
    stores: tuple[Equipment, ...]
    imports: Gauges
    meters: tuple[str, ...]
    told: Gauges
    """Power, charge and both limits of each store; of a UPS what its load draws for the limits."""
    rows: flexible.Rows


_TOLD: Final = {
    "ess": ("power_w", "soc_pu", "charge_limit_w", "discharge_limit_w"),
    "ups": ("battery_power_w", "soc_pu", "output_power_w", "output_power_w"),
}


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    return _with(site, points, ())


@once_per_site
def _plan_with_ups(site: Site, points: PointTable) -> _Plan:
    sharing = (e for e in site.of_nature("ups") if points.find(e.id, POINT) is not None)
    return _with(site, points, tuple(sharing))


def _with(site: Site, points: PointTable, more: tuple[Equipment, ...]) -> _Plan:
    feeds = {e.buses[0] for e in site.of_nature("utility")}
    stores = tuple(e for e in site.of_nature("ess") if site.buses[e.buses[0]].kind == "ac")
    meters = tuple(e.id for e in site.of_nature("meter") if e.buses[0] in feeds)
    return _Plan(
        (*stores, *more),
        Gauges(points, [(meter, "power_w") for meter in meters]),
        meters,
        Gauges(points, [(e.id, n) for e in (*stores, *more) for n in _TOLD[e.nature]]),
        flexible.found(site, points),
    )


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Look when it is time; between two looks what was proposed stands."""
    plan = (_plan_with_ups if params.ups_pu < 1.0 else _plan)(view.site, view.points)
    if not plan.stores or not plan.meters or view.site.contract.import_limit_w <= 0.0:
        return Turn(state)
    state, heard = _answered(view, state, params)
    if view.now_ns < state.due_ns:
        return Turn(state, state.wishes, heard)
    state = state._replace(due_ns=view.now_ns + ns(params.every_s), wishes=())
    imports_w = [import_w for import_w in view.best(plan.imports) if import_w is not None]
    told = view.best(plan.told)
    # A UPS that says nothing gives nothing that anybody asked it for.
    powers_w = [
        0.0 if power_w is None and item.nature == "ups" else power_w
        for item, power_w in zip(plan.stores, told[::4], strict=True)
    ]
    stored_w = [power_w for power_w in powers_w if power_w is not None]
    known = len(imports_w) == len(plan.meters) and len(stored_w) == len(plan.stores)
    if not known:
        state, wishes = _rows(view, state, plan, 0.0, params)
        state = state._replace(wishes=wishes)
        demand = view.facts.demand._replace(policy="none")
        return Turn(state, wishes, heard, facts={"demand": demand})
    settings = _settings(view.site, params)
    state = _measured(view, state, sum(imports_w), sum(stored_w), params, settings)
    turn = _shaved(view, state, plan, told, params, settings)
    return turn._replace(events=(*heard, *turn.events))


def _settings(site: Site, params: Params) -> shaver.Params:
    """Return the parameters of the controller with the lengths of the contract."""
    usual, window_s = shaver.Params(), site.contract.demand_window_s
    return replace(
        usual,
        hold=replace(usual.hold, window_s=window_s, export_w=site.contract.export_limit_w),
        forecast=replace(usual.forecast, sample_s=window_s / 3),
        every_s=params.plan_s,
        fresh_s=params.fresh_s,
        first_rise_w=_FIRST_RISE * site.contract.import_limit_w,
        limit_w=_KEPT_PU * site.contract.import_limit_w,
        level=replace(
            usual.level,
            wear_w_per_j=worth.once_w_per_j(params.wear_eur_mwh, params.demand_eur_kw),
        ),
    )


def _period(utc_ns: int, params: Params) -> billing.Period:
    return billing.period(utc_ns, params.time_zone, params.period)


def _measured(
    view: View,
    state: State,
    import_w: float,
    storage_w: float,
    params: Params,
    settings: shaver.Params,
) -> State:
    """Return the state after an import and what storage took of it, both since the last look."""
    utc_ns = view.image.utc_ns
    # The rows would draw what they are held down by: without it the need would seem to be over.
    load_w, window_ns = import_w - storage_w + state.cut_w, ns(settings.hold.window_s)
    before, period = state.billed, _period(utc_ns, params).number
    first_w = min(params.paid_pu * view.site.contract.import_limit_w, settings.limit_w)
    if before is None or not 0 <= utc_ns - before.window.at_ns < ns(DAY_S):
        begun = shaver.initial(utc_ns, settings, first_w=first_w)
        unseen_s = (utc_ns - begun.window.begun_ns) / SECOND
        window = begun.window._replace(drawn_j=first_w * unseen_s)
        unseen_s = (utc_ns - begun.sample.begun_ns) / SECOND
        sample = begun.sample._replace(drawn_j=load_w * unseen_s)
        begun = begun._replace(window=window, sample=sample)
        looked = giving.seen(giving.State(), load_w, 0, window_ns)
        return state._replace(billed=begun, period=period, giving=looked)
    if utc_ns - before.window.at_ns > ns(_GAP * params.every_s):
        import_w = shaver.aim_w(before, utc_ns, settings)
    if not _on_utility(view) and state.giving.load_w is not None:
        load_w = state.giving.load_w  # nothing is learnt from what the utility does not carry
    after = shaver.measured(before, utc_ns, load_w, import_w, settings)
    if period != state.period:
        after = after._replace(highest_w=0.0)
    return state._replace(
        billed=after,
        period=period,
        giving=giving.seen(state.giving, load_w, utc_ns - before.window.at_ns, window_ns),
    )


def _shaved(
    view: View,
    state: State,
    plan: _Plan,
    told: list[float | None],
    params: Params,
    settings: shaver.Params,
) -> Turn[State]:
    """Return what storage is asked for."""
    assert state.billed is not None
    utc_ns = view.image.utc_ns
    stores, energies_j = _stores(view, plan, told, params)
    free_j = [max(0.0, e - s.floor_j) for s, e in zip(stores, energies_j, strict=True)]
    one = as_one(stores)
    left_s = (_period(utc_ns, params).ends_ns - utc_ns) / SECOND
    rows_w = 0.0
    if params.row_cap_pu < 1.0:
        rows_w = state.cut_w + flexible.spare_w(view, plan.rows, params.row_cap_pu)
    shaving, requests = _asked(state, utc_ns, one, sum(free_j), settings, left_s, rows_w)
    state = state._replace(billed=shaving, asked=state.asked + len(requests))
    if requests:
        state = state._replace(planned=state.asked)
    state, memories = _remembered(state, settings)
    aim_w = shaver.aim_w(shaving, utc_ns, settings)
    most_w = -sum(
        limits_w(store, energy_j, _HELD * params.every_s)[0]
        for store, energy_j in zip(stores, energies_j, strict=True)
    )
    looked, (wanted_w, short_w) = giving.wanted(
        state.giving,
        shaving,
        utc_ns,
        settings,
        giving.Stored(one, sum(free_j), most_w),
        params.every_s,
        _limits(view.site, params),
    )
    full_j = sum(s.top_j - s.floor_j for s in stores)
    gives = looked.window_ns is not None
    refilling = gives or (state.refilling and sum(free_j) < 0.99 * full_j)
    governed = refilling or aim_w < settings.limit_w
    wishes: tuple[Proposal, ...] = ()
    if governed and _may_act(view):
        shares = shares_w(stores, energies_j, wanted_w, _HELD * params.every_s)
        why = f"the demand is held at {aim_w / 1e6:.2f} MW"
        wishes = tuple(
            Proposal(item.id, POINT, "prefer", share_w // _GRAIN_W * _GRAIN_W, OWNER, why)
            for item, share_w in zip(plan.stores, shares, strict=True)
        )
        state, capped = _rows(view, state, plan, short_w, params)
    else:
        state, capped = _rows(view, state, plan, 0.0, params)
    state, events = _told(view, state, utc_ns, settings)
    demand = _demand(shaving, state.policy, aim_w, settings, plan, stores)
    looked = looked if wishes else looked._replace(asked_w=0.0)
    wishes = (*wishes, *capped)
    state = state._replace(giving=looked, refilling=refilling, wishes=wishes)
    requests = (*requests, *memories)
    return Turn(state, wishes, events, requests=requests, facts={"demand": demand})


def _rows(
    view: View, state: State, plan: _Plan, short_w: float, params: Params
) -> tuple[State, tuple[Proposal, ...]]:
    """Return the caps of the rows for what storage is short of; none where no cap is allowed."""
    if params.row_cap_pu >= 1.0:
        return state, ()
    ramp_w_s = view.site.contract.ramp_limit_w_s or math.inf
    step_w = giving.step_of_w(ramp_w_s, params.every_s)
    cut_w = min(max(short_w, state.cut_w - step_w, 0.0), state.cut_w + step_w)
    held = flexible.capped(view, plan.rows, cut_w, state.cut_w, params.row_cap_pu)
    capped = held.cut_w > 0.0 or (state.capped and not held.at_rest)
    why = "the demand cannot be held by storage alone"
    wishes = tuple(
        Proposal(row, flexible.POINT, "max", cap_pu, OWNER, why)
        for row, cap_pu in held.caps_pu.items()
        if capped
    )
    return state._replace(cut_w=held.cut_w, capped=capped), wishes


def _limits(site: Site, params: Params) -> giving.Params:
    return giving.Params(params.patience_pu, params.recharge_w, site.contract.ramp_limit_w_s)


def _may_act(view: View) -> bool:
    """Return whether nothing but the utility feeds, and every load is fed by it."""
    facts = view.facts
    calm = not facts.autonomy.on_storage and not facts.relief.shutdown
    return calm and bool(facts.autonomy.feeds) and _on_utility(view)


def _on_utility(view: View) -> bool:
    """Return whether nothing but the utility is known to feed any section of a scheme."""
    feeds = _feeds(view)
    return bool(feeds) and all(feed == "utility" for feed in feeds.values())


def _feeds(view: View) -> Mapping[str, str]:
    """Return what feeds each section, as the switching lane last said."""
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    return dict(supply.get("feeds", {}))


def _stores(
    view: View, plan: _Plan, told: list[float | None], params: Params
) -> tuple[list[Store], list[float]]:
    """Return each store as it may be used now, and what is in it [J].

    One whose charge or limits are not known, or that does not do what it is told, is offered
    without power.
    """
    shutdowns_s = [path.shutdown_s for path in view.facts.autonomy.paths.values()]
    section = view.topology.section
    live = {section.get(bus) for bus in _feeds(view)} - {None}
    ignored, contradicted = view.facts.setpoints.ignored, view.facts.charge.contradicted
    doubted = {*ignored, *contradicted, *view.facts.tags}
    stores, energies_j = [], []
    for n, item in enumerate(plan.stores):
        soc_pu, take_w, give_w = told[4 * n + 1 : 4 * n + 4]
        rated_w, capacity_j = item.ratings["power_w"], item.ratings["energy_wh"] * _WH
        of_ups = item.nature == "ups"
        least_j = (params.ups_pu if of_ups else params.reserve_pu) * capacity_j
        kept_j = reserve_j(
            rated_w, shutdowns_s, params.start_failure_s, params.efficiency_pu, least_j
        )
        usable = (
            item.id not in doubted
            and (of_ups or section[item.buses[0]] in live)  # its stage tells of its input
            and view.stage(item.id) == ("normal" if of_ups else "grid_following")
            and soc_pu is not None
        )
        counted_j = view.facts.charge.usable_wh.get(item.id, item.ratings["energy_wh"]) * _WH
        energies_j.append(min((soc_pu or 0.0) * capacity_j, counted_j))
        if of_ups:
            # The rectifier keeps a part of the load, and recharges by its own rules.
            most_w = min(_SHARED * (give_w or 0.0), rated_w) if usable else 0.0
            kept = Bands(kept_j)
            stores.append(Store(0.0, most_w, capacity_j, params.efficiency_pu, kept))
            continue
        stores.append(
            Store(
                _most_w(view, item, "charge_limit_w", take_w) if usable else 0.0,
                _most_w(view, item, "discharge_limit_w", give_w) if usable else 0.0,
                capacity_j,
                params.efficiency_pu,
                Bands(kept_j, view.facts.volatility.kept_pu * params.smoothing_pu * capacity_j),
            )
        )
    return stores, energies_j


def _most_w(view: View, item: Equipment, name: str, told_w: float | None) -> float:
    """Return what a store says it can do now, its rating where it does not serve that [W]."""
    rated_w = item.ratings["power_w"]
    if told_w is None:
        return rated_w if view.points.find(item.id, name) is None else 0.0
    return min(abs(told_w), rated_w)


def _asked(
    state: State,
    utc_ns: int,
    one: Store,
    free_j: float,
    settings: shaver.Params,
    left_s: float,
    rows_w: float,
) -> tuple[shaver.State, tuple[Request, ...]]:
    """Return a request for a plan when one is due and a day of the load is known."""
    shaving = state.billed
    assert shaving is not None
    if len(shaving.samples_w) * settings.forecast.sample_s <= DAY_S:
        return shaving, ()
    shaving, request = shaver.asked(shaving, utc_ns, one, free_j, settings, left_s, rows_w)
    if request is None:
        return shaving, ()
    # Below zero: numbers above are those of the programs that shutdowns are told to.
    number = -(state.asked + 1)
    return shaving, (Request(number, errand.PLAN, errand.written(request, settings)),)


def _remembered(state: State, settings: shaver.Params) -> tuple[State, tuple[Request, ...]]:
    """Return the requests for what was kept before, once, and to keep what each window adds."""
    billed = state.billed
    assert billed is not None
    number, begun_ns = state.asked + 1, billed.window.begun_ns
    if not state.recalled:
        state = state._replace(asked=number, recalled=number, kept_ns=begun_ns)
        return state, (Request(-number, history.RECALL, {}),)
    if begun_ns == state.kept_ns:
        return state, ()
    kept = history.written(billed, state.period, settings)
    return state._replace(asked=number, kept_ns=begun_ns), (Request(-number, history.KEEP, kept),)


def _answered(view: View, state: State, params: Params) -> tuple[State, tuple[Event, ...]]:
    """Take up the plan that was asked for last, and what was kept before."""
    if not view.inbox or state.billed is None:
        return state, ()
    events: list[Event] = []
    for message in view.inbox:
        billed = state.billed
        assert billed is not None
        if not isinstance(message, Finished) or message.request_id >= 0:
            continue
        if message.request_id == -state.planned:
            plan = errand.read(message.result)
            state = state._replace(billed=billed._replace(plan=plan or billed.plan))
        elif message.request_id == -state.recalled:
            settings, kept = _settings(view.site, params), message.result
            billed = history.resumed(billed, kept, state.period, settings)
            state = state._replace(billed=billed)
            if kept and "fault" in kept:
                text = f"Peak shaving begins without a history: {kept['fault']}"
                fault = str(kept["fault"])
                events.append(view.event(view.site.id, "shaving_history", text, fault=fault))
    return state, tuple(events)


def _told(
    view: View, state: State, utc_ns: int, settings: shaver.Params
) -> tuple[State, tuple[Event, ...]]:
    """Return the state with what the aim is from now, and the event of its change."""
    assert state.billed is not None
    policy = shaver.policy(state.billed, utc_ns, settings)
    if policy == state.policy:
        return state, ()
    aim_w = shaver.aim_w(state.billed, utc_ns, settings)
    text = f"Peak shaving aims at {aim_w / 1e6:.2f} MW by {policy} (before: {state.policy})"
    fields = {"policy": policy, "before": state.policy, "aim_w": round(aim_w)}
    event = view.event(view.site.id, "shaving_policy", text, **fields)
    return state._replace(policy=policy), (event,)


def _demand(
    shaving: shaver.State,
    policy: str,
    aim_w: float,
    settings: shaver.Params,
    plan: _Plan,
    stores: list[Store],
) -> Demand:
    window: Window = shaving.window
    length_ns = ns(settings.hold.window_s)
    made = shaving.plan
    reserves = zip(plan.stores, stores, strict=True)
    return Demand(
        policy=policy,
        aim_w=aim_w,
        mean_w=mean_w(window),
        room_w=room_w(window, aim_w, length_ns),
        highest_w=shaving.highest_w,
        reserve_wh={item.id: store.bands.reserve_j / _WH for item, store in reserves},
        pinball_w=made.pinball_w if made else {},
    )
