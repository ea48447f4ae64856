"""Peak shaving as one controller: what was measured in, the power of the storage out.

Every scan: the window that is billed and the sample of the load that run are summed up
(`measured`), and storage is asked for the power that keeps the window at the aim (`wanted_w`).
Every `every_s` there is a request for a new plan (`asked`), which a worker answers (`planned`); its
aim holds until the next one. When no plan is fresh the ratchet has the word. Which forecast a plan
rests on is decided once a day.

A plan costs milliseconds and knows what closed before it was asked for, nothing of the sample that
runs. Everything here is values: a state can be written down and read back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Gt, Interval

from daemon.core.balance.shaving import forecast, hold, level, ratchet, worth
from daemon.core.balance.shaving.demand import Window, advanced, opened
from daemon.core.balance.shaving.stores import Store, limits_w
from daemon.model.quantities import SECOND, ns


@dataclass(frozen=True, slots=True)
class Params:
    """How demand is shaved.

    Attributes:
        hold: how a window is held at its aim.
        forecast: how the load is foreseen.
        level: how the aim is chosen.
        every_s: time between plans [s].
        fresh_s: a plan that is older is not followed [s].
        rise_pu: part of the rises of the load that recharging provides for [pu].
        first_rise_w: rise that is provided for while none is known [W].
        limit_w: the aim is never above it: the contract [W].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    hold: hold.Params = field(default_factory=hold.Params)
    forecast: forecast.Params = field(default_factory=forecast.Params)
    level: level.Params = field(default_factory=level.Params)
    every_s: Annotated[float, Gt(0.0)] = 900.0
    fresh_s: Annotated[float, Gt(0.0)] = 7200.0
    rise_pu: Annotated[float, Interval(ge=0.5, le=1.0)] = 0.97
    first_rise_w: Annotated[float, Interval(ge=0.0)] = 0.0
    limit_w: Annotated[float, Gt(0.0)] = math.inf


RULES: Final = "rules"
_LEAST_DAYS: Final = 4
"""Fewer say little of how high a demand can be needed."""


class Plan(NamedTuple):
    """What a worker found.

    Attributes:
        made_at_ns: when it was asked for [ns].
        aim_w: demand to aim at; None without a history to plan by [W].
        expected_w: peak that is expected with it [W].
        rise_w: what the load may rise by within a window [W].
        forecast: which way to foresee it rests on.
        pinball_w: loss of each over the last days, the lower the better [W].
    """

    made_at_ns: int
    aim_w: float | None
    expected_w: float
    rise_w: float
    forecast: str = RULES
    pinball_w: Mapping[str, float] = {}


class State(NamedTuple):
    """What is carried from scan to scan.

    Attributes:
        window: that is billed, of the import.
        sample: that runs, of the load without storage.
        samples_w: closed samples of the load, newest last [W].
        first_w: aim of the ratchet before any window has closed [W].
        highest_w: highest demand of the billing period [W].
        asked_at_ns: when the last plan was asked for [ns].
        plan: the last one.
    """

    window: Window
    sample: Window
    samples_w: tuple[float, ...] = ()
    first_w: float = 0.0
    highest_w: float = 0.0
    asked_at_ns: int | None = None
    plan: Plan | None = None


class Request(NamedTuple):
    """What a plan is made of.

    Attributes:
        at_ns: when it was asked for, by the clock that bills [ns].
        samples_w: of the load, newest last [W].
        store: all storage as one.
        energy_j: what is in it [J].
        highest_w: demand that is paid for [W].
        left_s: of the billing period [s].
        pinball_w: losses of the forecasts as of today; none to have them scored [W].
        rows_w: what rows may be made to draw less [W].
    """

    at_ns: int
    samples_w: tuple[float, ...]
    store: Store
    energy_j: float
    highest_w: float
    left_s: float = math.inf
    pinball_w: Mapping[str, float] = {}
    rows_w: float = 0.0


def initial(now_ns: int, params: Params, *, first_w: float = 0.0) -> State:
    """Return the state at the begin of a billing period; `first_w` is what is paid for anyway."""
    window = opened(now_ns, ns(params.hold.window_s))
    return State(window, opened(now_ns, ns(params.forecast.sample_s)), first_w=first_w)


def measured(state: State, now_ns: int, load_w: float, import_w: float, params: Params) -> State:
    """Return the state after mean powers since the last call.

    Args:
        state: before.
        now_ns: time by the clock that bills [ns].
        load_w: import without storage [W].
        import_w: at the meter that bills [W].
        params: of the controller.
    """
    window, demands_w = advanced(state.window, now_ns, import_w, ns(params.hold.window_s))
    sample, closed_w = advanced(state.sample, now_ns, load_w, ns(params.forecast.sample_s))
    if not demands_w and not closed_w:
        return state._replace(window=window, sample=sample)
    keep = round((params.forecast.days + 2) * forecast.DAY_S / params.forecast.sample_s)
    return state._replace(
        window=window,
        sample=sample,
        samples_w=(*state.samples_w, *closed_w)[-keep:],
        highest_w=max(state.highest_w, *demands_w) if demands_w else state.highest_w,
    )


def asked(
    state: State,
    now_ns: int,
    store: Store,
    energy_j: float,
    params: Params,
    left_s: float = math.inf,
    rows_w: float = 0.0,
) -> tuple[State, Request | None]:
    """Return the state, and a request for a plan when one is due.

    It is due at the begin of a window, since futures are driven from there.

    Args:
        state: as measured.
        now_ns: time by the clock that bills [ns].
        store: all storage as one.
        energy_j: what is in it [J].
        params: of the controller.
        left_s: of the billing period [s].
        rows_w: what rows may be made to draw less [W].
    """
    last_ns = state.asked_at_ns
    due = last_ns is None or now_ns >= last_ns + ns(params.every_s)
    if not due or now_ns - state.window.begun_ns >= ns(params.forecast.sample_s):
        return state, None
    paid_w = max(state.highest_w, state.first_w)
    made, day_ns = state.plan, ns(forecast.DAY_S)
    today = made is not None and made.made_at_ns // day_ns == now_ns // day_ns
    losses_w = made.pinball_w if made is not None and today else {}
    request = Request(now_ns, state.samples_w, store, energy_j, paid_w, left_s, losses_w, rows_w)
    return state._replace(asked_at_ns=now_ns), request


def planned(
    request: Request, params: Params, ways: Mapping[str, forecast.Foresee] | None = None
) -> Plan:
    """Return the plan for a request by the better of several forecasts; pure, made in a worker.

    Args:
        request: what the plan is made of.
        params: of the controller.
        ways: to foresee, by name; the explicit rules where there is nothing else.
    """
    ways = ways or {RULES: forecast.futures_w}
    window = round(params.hold.window_s / params.forecast.sample_s)
    samples_w, store = np.array(request.samples_w), request.store
    rise_w = forecast.rise_w(samples_w, window, params.rise_pu)
    losses_w = request.pinball_w
    if len(ways) > 1 and not losses_w:
        losses_w = forecast.scores_w(samples_w, params.forecast, ways)
    better = min(losses_w, key=losses_w.__getitem__) if losses_w else RULES
    # What comes after the period is billed anew; of its last window as much as is left.
    horizon_s = min(params.forecast.horizon_s, max(request.left_s, params.hold.window_s))
    futures_w = ways[better](samples_w, replace(params.forecast, horizon_s=horizon_s))
    if not len(futures_w):
        return Plan(request.at_ns, None, request.highest_w, rise_w, better, losses_w)
    outlook = level.Outlook(futures_w, window, params.hold.window_s, request.highest_w)
    found = level.best(outlook, store, request.energy_j, params.level)
    worth_w = 0.0
    # Where no window of that future is above the aim no programme finds a higher one.
    if request.rows_w or float(found.demands_w.max()) > found.aim_w:
        worth_w = _worth_w(found.demands_w, request, params)
    if worth_w and request.rows_w:
        aim_w = worth_w
    else:
        days_w, window_s = _days_w(samples_w, params), params.hold.window_s
        aim_w = level.bounded_w(
            found.aim_w, request.highest_w, days_w, window_s, store, request.energy_j
        )
        aim_w += max(0.0, worth_w - found.aim_w)
    expected_w = max(found.expected_w, aim_w)
    return Plan(request.at_ns, aim_w, expected_w, rise_w, better, losses_w)


def _days_w(samples_w: level.Floats, params: Params) -> level.Floats:
    """Return the demands of the days before, each from this hour on; none if they are few [W]."""
    each = round(params.hold.window_s / params.forecast.sample_s)
    day = round(forecast.DAY_S / params.hold.window_s)
    days = min(params.forecast.days, len(samples_w) // (day * each))
    if days < _LEAST_DAYS:
        return np.empty((0, day))
    return np.asarray(samples_w[-days * day * each :].reshape(days, day, each).mean(axis=2))


def _worth_w(demands_w: level.Floats, request: Request, params: Params) -> float:
    """Return the demand that is worth its price should this future come, 0 where none is found [W].

    Args:
        demands_w: of each window without storage `(n_window,)` [W].
        request: what the plan is made of.
        params: of the controller.
    """
    # The solver takes long to import: only where a plan is made.
    from daemon.core.balance.shaving.programme import Worth, optimum  # noqa: PLC0415

    stores, energies_j = [request.store], [request.energy_j]
    prices = [worth.until_the_end(params.level.wear_w_per_j, request.left_s)]
    if request.rows_w:
        # They never run empty: what they could be cut by until the last of these windows.
        whole_j = request.rows_w * params.hold.window_s * len(demands_w)
        stores.append(Store(0.0, request.rows_w, whole_j, 1.0))
        energies_j.append(whole_j)
        prices.append(params.level.work_w_per_j)
    found = optimum(
        demands_w,
        params.hold.window_s,
        stores,
        energies_j,
        highest_w=request.highest_w,
        export_w=params.hold.export_w,
        worth=Worth(wear_w_per_j=tuple(prices)),
    )
    return found.peak_w if found else 0.0


def followed(state: State, now_ns: int, params: Params) -> Plan | None:
    """Return the plan that is followed; None where it has no aim or is too old."""
    plan = state.plan
    fresh = plan is not None and 0 <= now_ns - plan.made_at_ns < ns(params.fresh_s)
    return plan if plan is not None and fresh and plan.aim_w is not None else None


def policy(state: State, now_ns: int, params: Params) -> str:
    """Return what the aim is from: the forecast of a plan, or "ratchet"."""
    plan = followed(state, now_ns, params)
    return plan.forecast if plan else "ratchet"


def aim_w(state: State, now_ns: int, params: Params) -> float:
    """Return the demand that is aimed at: of a fresh plan, else of the ratchet [W]."""
    plan = followed(state, now_ns, params)
    if plan is not None and plan.aim_w is not None:
        return min(plan.aim_w, params.limit_w)
    return min(ratchet.aim_w(state.first_w, state.highest_w), params.limit_w)


def wanted_w(
    state: State,
    now_ns: int,
    load_w: float,
    params: Params,
    store: Store | None = None,
    energy_j: float = 0.0,
) -> float:
    """Return the power that storage should take, negative to give [W].

    Args:
        state: as measured.
        now_ns: time by the clock that bills [ns].
        load_w: import without storage, as last measured [W].
        params: of the controller.
        store: all storage as one; without, recharging counts on nothing to be given back.
        energy_j: what is in it [J].
    """
    rise_w = state.plan.rise_w if state.plan else params.first_rise_w
    left_ns = state.window.begun_ns + ns(params.hold.window_s) - state.window.at_ns
    backed_w = -limits_w(store, energy_j, left_ns / SECOND)[0] if store else 0.0
    return hold.wanted_w(
        state.window,
        load_w,
        aim_w(state, now_ns, params),
        rise_w,
        params.hold,
        paid_w=max(state.first_w, state.highest_w) or math.inf,
        backed_w=backed_w,
    )
