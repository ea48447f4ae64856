"""The aim with the lowest expected peak over an ensemble of futures.

An aim that is too low spends the energy on small peaks and has none for the large one; one that is
too high is paid for. So each of a grid of aims is driven through every future, with the losses, the
limits and the recharging of the storage, and the aim with the lowest mean of the peaks is taken,
next to a small price of what is discharged. It is done anew as time goes on, with the energy that
is left and the highest demand so far, below which nothing is gained.

The futures are driven as `hold` does it: sample by sample, by what was known `lag_s` ago, charging
to no more than what is paid for anyway, and up with what was exceeded. A peak that begins in the
middle of a window finds the storage late and limited by its power; to give before it (`early_pu`)
can then be the better choice, and storage with energy to spare makes it, for it costs it little.

An aim below what is paid for is never tried: in the futures it costs nothing, for each of them is
known from its begin; in truth it empties the storage before a peak that none of them holds. For the
same reason each future is moved by what levels are uncertain by (`doubt_pu`). What is followed is a
little below the aim (`margin_pu`), so that what is not known of the end of a window does not push
what is paid for up step by step. And it rises as the storage empties (`soft_pu`): a load that is
higher than any before, which no future holds, then meets a storage that is not empty yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from statistics import NormalDist
from typing import Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

from daemon.core.balance.shaving.stores import Store

Floats = NDArray[np.float64]
_LOWER: Final = 5
"""Giving early is tried with so many aims, up to the best one without."""


@dataclass(frozen=True, slots=True)
class Params:
    """How fine, and what wear is worth.

    Attributes:
        aims: how many are tried.
        wear_w_per_j: price of what is discharged, in watts of peak [W/J].
        lag_s: age of what is known of the load when storage is set [s].
        early_pu: rises of the load that are given for before they come, by what storage can give,
            as tried beside none [pu].
        doubt_pu: deviation of the level of the load, by its highest of late [pu].
        soft_pu: an empty storage aims higher than a full one by this part of the highest load of
            late [pu].
        margin_pu: what is followed is below the aim by this part of what storage can give [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    aims: Annotated[int, Gt(1)] = 20
    wear_w_per_j: Annotated[float, Ge(0.0)] = 1e-8
    lag_s: Annotated[float, Ge(0.0)] = 60.0
    early_pu: tuple[Annotated[float, Gt(1.0)], ...] = (1.2, 1.6)
    doubt_pu: Annotated[float, Ge(0.0)] = 0.01
    soft_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.01
    margin_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.05


class Outlook(NamedTuple):
    """What an aim is chosen by.

    Attributes:
        futures_w: of the load, from the begin of a window on `(n_future, n_sample)` [W].
        last_w: the load as it was last [W].
        window: samples in a window.
        sample_s: time between samples [s].
        paid_w: demand below which nothing is gained [W].
        rise_w: what recharging leaves for a rise of the load, as `hold` does [W].
    """

    futures_w: Floats
    last_w: float
    window: int
    sample_s: float
    paid_w: float = 0.0
    rise_w: float = 0.0

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
        guard_w: rise of the load that is given for before it comes [W].
        expected_w: peak that is expected [W].
        soft_w: what the aim rises by until the storage is empty [W].
    """

    aim_w: float
    guard_w: float
    expected_w: float
    soft_w: float = 0.0


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


def peaks_w(
    aims_w: Floats,
    outlook: Outlook,
    store: Store,
    energy_j: float,
    lag_s: float = 0.0,
    guards_w: Floats | None = None,
    soft_w: float = 0.0,
) -> tuple[Floats, Floats]:
    """Return the peak of each future under each aim [W], and what is discharged [J].

    Args:
        aims_w: to be tried `(n_aim,)` [W].
        outlook: what may come.
        store: all storage as one.
        energy_j: what is in it [J].
        lag_s: age of what is known of the load [s].
        guards_w: rises that are given for before they come, by aim `(n_aim,)` [W].
        soft_w: what an aim rises by until the storage is empty [W].
    """
    guard_w = 0.0 if guards_w is None else guards_w[:, None]
    futures_w, last_w, window, sample_s, paid_w, rise_w = outlook
    shape = len(aims_w), len(futures_w)
    old = min(1.0, lag_s / sample_s)
    seen_w = (1.0 - old) * futures_w
    seen_w[:, 0] += old * last_w
    seen_w[:, 1:] += old * futures_w[:, :-1]
    base_w = np.repeat(aims_w[:, None], shape[1], axis=1)
    eta, top_j = store.efficiency_pu, store.top_j - store.floor_j
    left_j = np.full(shape, float(np.clip(energy_j - store.floor_j, 0.0, top_j)))
    highest_w, given_j = np.zeros(shape), np.zeros(shape)
    for begin in range(0, futures_w.shape[1] - window + 1, window):
        aim_w = base_w + soft_w * (1.0 - left_j / top_j) if soft_w else base_w
        room_w = aim_w * window
        over_w = room_w - np.minimum(aim_w, np.maximum(highest_w, paid_w)) * window
        for k in range(window):
            left, load_w = window - k, seen_w[:, begin + k]
            power_w = room_w / left - load_w
            most_w = np.minimum(store.discharge_w, left_j * (eta / sample_s))
            backed_w = np.minimum(store.discharge_w, left_j * (eta / sample_s / left))
            take_w = power_w - over_w / left + np.minimum(0.0, backed_w - rise_w)
            take_w = np.minimum(
                take_w, np.minimum(store.charge_w, (top_j - left_j) / (eta * sample_s))
            )
            sure_w = np.minimum(power_w, power_w - guard_w + backed_w)
            give_w = np.maximum(np.minimum(-sure_w, most_w), 0.0)
            take_w = np.where(sure_w > 0.0, np.maximum(take_w, 0.0), 0.0)
            left_j += (take_w * eta - give_w / eta) * sample_s
            given_j += give_w * sample_s
            room_w -= futures_w[:, begin + k] + take_w - give_w
        demand_w = aim_w - room_w / window
        np.maximum(highest_w, demand_w, out=highest_w)
        base_w = base_w + np.maximum(demand_w - aim_w, 0.0)
    return highest_w, given_j


def best(
    outlook: Outlook,
    store: Store,
    energy_j: float,
    params: Params,
    others_w: Sequence[float] = (),
) -> Choice:
    """Return the aim, and what is given early, with the lowest expected cost.

    Args:
        outlook: what may come.
        store: all storage as one.
        energy_j: what is in it [J].
        params: of this choice.
        others_w: aims that are to be tried as well [W].
    """
    highest_w = float(np.abs(outlook.futures_w).max())
    seen, soft_w = doubted(outlook, params.doubt_pu * highest_w), params.soft_pu * highest_w
    tops_w = seen.demands_w.max(axis=1)
    low_w = max(float(tops_w.min()) - store.discharge_w, outlook.paid_w)
    grid_w = np.linspace(low_w, max(float(tops_w.max()), outlook.paid_w), params.aims)
    aims_w = np.append(grid_w, [aim_w for aim_w in others_w if aim_w >= outlook.paid_w])
    found = _tried((aims_w, np.zeros_like(aims_w), soft_w), seen, store, energy_j, params)
    lower_w = np.linspace(outlook.paid_w or low_w, found[1].aim_w, _LOWER)
    lower_w = np.tile(lower_w, len(params.early_pu))
    guards_w = np.repeat(params.early_pu, _LOWER) * store.discharge_w
    early = _tried((lower_w, guards_w, soft_w), seen, store, energy_j, params)
    return min(found, early, key=lambda one: one[0])[1]


def _tried(
    asked: tuple[Floats, Floats, float],
    outlook: Outlook,
    store: Store,
    energy_j: float,
    params: Params,
) -> tuple[float, Choice]:
    """Return the cost of the best of some aims with what each gives early, and what it is."""
    aims_w, guards_w, soft_w = asked
    peaks, given_j = peaks_w(aims_w, outlook, store, energy_j, params.lag_s, guards_w, soft_w)
    expected_w = np.maximum(peaks, outlook.paid_w).mean(axis=1)
    cost_w = expected_w + params.wear_w_per_j * given_j.mean(axis=1)
    n = int(np.argmin(cost_w))
    choice = Choice(float(aims_w[n]), float(guards_w[n]), float(expected_w[n]), soft_w)
    return float(cost_w[n]), choice
