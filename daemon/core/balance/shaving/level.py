"""The aim: as low as the energy that is there can hold it in enough of what may come.

Of each future the lowest demand is found that storage, with what is in it now, can hold to its end
(`lowest_w`); that is what one would aim at if this future were sure. An aim below it finds storage
empty before the peak, and all of the gain is lost; one above it costs no more than the difference.
But an aim that was too high has been paid for, and one that is too low can still be raised while
there is energy left: so a full storage follows the lower of these demands (`full_pu`, a quantile
over the futures), an empty one the higher (`empty_pu`). The aim is chosen anew at the begin of each
window, with the energy that is left by then. It is never below what is paid for: in the futures
that costs nothing, for each of them is known from its begin; in truth it empties the storage before
a peak that none of them holds.

The futures reach as far as a run of high load does, not further: storage is refilled between two of
them. None reaches beyond the billing period, for what comes then is billed anew. Each is moved by
what levels are uncertain by (`doubt_pu`), for a load that is higher than any before is in none.

Futures warn of more than comes. So the aim is no higher than what the energy that is there now
would have held from this hour on for a day on the worst of the days before (`bounded_w`), until
more than that has been paid for. With less in storage that is higher: after an outage nothing is
asked of it that it would not have held.

What the wear of storage is worth is weighed last: the future whose demand was taken is solved as a
linear programme with losses and wear (`programme`), and what its demand is higher by is added to
the aim. Rows that may be capped are one more store in it, which never runs empty and whose energy
costs what the work is worth (`work_w_per_j`; 5e-4 is a watt of peak for about half an hour of a
watt of work). With them the demand of the programme is aimed at, which may be lower than what
storage alone holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from statistics import NormalDist
from typing import Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Ge, Interval
from numpy.typing import NDArray

from daemon.core.balance.shaving.stores import Store
from daemon.core.balance.shaving.worth import DEMAND_EUR_KW, WEAR_EUR_MWH, once_w_per_j

Floats = NDArray[np.float64]
_HALVINGS: Final = 14
"""Of what storage can give: to less than a ten thousandth of it."""


@dataclass(frozen=True, slots=True)
class Params:
    """How bold, and what wear is worth.

    Attributes:
        full_pu: part of the futures that the aim of a full storage holds in [pu].
        empty_pu: the same of an empty one [pu].
        wear_w_per_j: price of what is discharged once, in watts of peak; it counts on each day
            that is left of the period (`worth`) [W/J].
        work_w_per_j: price of the work that rows do not do, in watts of peak [W/J].
        doubt_pu: deviation of the level of the load, by its highest of late [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    full_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.3
    empty_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.7
    wear_w_per_j: Annotated[float, Ge(0.0)] = once_w_per_j(WEAR_EUR_MWH, DEMAND_EUR_KW)
    work_w_per_j: Annotated[float, Ge(0.0)] = 5e-4
    doubt_pu: Annotated[float, Ge(0.0)] = 0.01


class Outlook(NamedTuple):
    """What an aim is chosen by.

    Attributes:
        futures_w: of the load, from the begin of a window on `(n_future, n_sample)` [W].
        window: samples in a window.
        window_s: length of a window [s].
        paid_w: demand below which nothing is gained [W].
    """

    futures_w: Floats
    window: int
    window_s: float
    paid_w: float = 0.0

    @property
    def demands_w(self) -> Floats:
        """Return the demand of each window without storage `(n_future, n_window)` [W]."""
        count = self.futures_w.shape[1] // self.window
        whole_w = self.futures_w[:, : count * self.window]
        return np.asarray(whole_w.reshape(-1, count, self.window).mean(axis=2))


class Choice(NamedTuple):
    """What is aimed at.

    Attributes:
        aim_w: demand [W].
        expected_w: peak that is expected, if the futures are right [W].
        demands_w: of each window of the future that the aim is that of `(n_window,)` [W].
    """

    aim_w: float
    expected_w: float
    demands_w: Floats


def doubted(outlook: Outlook, doubt_w: float) -> Outlook:
    """Return the same futures, each moved by one of the equally likely errors of the level.

    Args:
        outlook: what may come.
        doubt_w: standard deviation of the level [W].
    """
    count = len(outlook.futures_w)
    errors = np.array([NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)])
    # Neighbours are alike: a step that shares no divisor spreads the errors over all of them.
    step = next(k for k in range(max(2, round(0.38 * count)), 2 * count + 3) if gcd(k, count) == 1)
    moved_w = doubt_w * errors[np.arange(count) * step % count]
    return outlook._replace(futures_w=outlook.futures_w + moved_w[:, None])


def lowest_w(demands_w: Floats, window_s: float, store: Store, energy_j: float) -> Floats:
    """Return the lowest demand that can be held in each future, wear apart `(n_future,)` [W].

    What one store can hold can be said without a programme: it gives all that is above the demand,
    takes all it can below, and must neither run out of power nor of energy.

    Args:
        demands_w: of each window without storage `(n_future, n_window)` [W].
        window_s: length of a window [s].
        store: all storage as one.
        energy_j: what is in it [J].
    """
    high_w = demands_w.max(axis=1)
    low_w = high_w - store.discharge_w
    for _ in range(_HALVINGS):
        tried_w = 0.5 * (low_w + high_w)
        holds = _holds(tried_w, demands_w, window_s, store, energy_j)
        high_w, low_w = np.where(holds, tried_w, high_w), np.where(holds, low_w, tried_w)
    return np.asarray(high_w)


def _holds(
    aims_w: Floats, demands_w: Floats, window_s: float, store: Store, energy_j: float
) -> NDArray[np.bool_]:
    """Return in which futures storage holds an aim to the end `(n_future,)`."""
    eta, top_j = store.efficiency_pu, store.top_j - store.floor_j
    wanted_w = np.minimum(aims_w[:, None] - demands_w, store.charge_w)
    steps_j = np.where(wanted_w > 0.0, wanted_w * eta, wanted_w / eta) * window_s
    left_j = np.full(len(aims_w), min(max(energy_j - store.floor_j, 0.0), top_j))
    least_j = left_j
    for step_j in steps_j.T:
        left_j = np.minimum(left_j + step_j, top_j)
        least_j = np.minimum(least_j, left_j)
    return np.asarray(least_j >= 0.0)


def best(outlook: Outlook, store: Store, energy_j: float, params: Params) -> Choice:
    """Return the aim for the energy that is there.

    Args:
        outlook: what may come.
        store: all storage as one.
        energy_j: what is in it [J].
        params: of this choice.
    """
    highest_w = float(np.abs(outlook.futures_w).max())
    seen = doubted(outlook, params.doubt_pu * highest_w)
    each_w = lowest_w(seen.demands_w, outlook.window_s, store, energy_j)
    part_pu = params.empty_pu + (params.full_pu - params.empty_pu) * _filled_pu(store, energy_j)
    rank = int(np.argsort(each_w, kind="stable")[round(part_pu * (len(each_w) - 1))])
    aim_w = max(float(each_w[rank]), outlook.paid_w)
    return Choice(aim_w, float(np.maximum(each_w, aim_w).mean()), seen.demands_w[rank])


def bounded_w(
    aim_w: float, paid_w: float, days_w: Floats, window_s: float, store: Store, energy_j: float
) -> float:
    """Return the aim, no higher than what the days before speak for [W].

    Args:
        aim_w: by the futures [W].
        paid_w: demand below which nothing is gained [W].
        days_w: demand of each window of the days before without storage, each day from this hour
            on; none binds nothing `(n_day, n_window)` [W].
        window_s: length of a window [s].
        store: all storage as one.
        energy_j: what is in it [J].
    """
    if aim_w <= paid_w or not len(days_w):
        return aim_w
    # A day on which it would not have held the aim needed more: no bound, without a search.
    aims_w = np.full(len(days_w), aim_w)
    if not _holds(aims_w, days_w, window_s, store, energy_j).all():
        return aim_w
    return min(aim_w, max(float(lowest_w(days_w, window_s, store, energy_j).max()), paid_w))


def _filled_pu(store: Store, energy_j: float) -> float:
    usable_j = store.top_j - store.floor_j
    return min(max((energy_j - store.floor_j) / usable_j, 0.0), 1.0) if usable_j else 0.0
