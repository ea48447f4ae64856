"""The aim with the lowest expected peak over an ensemble of futures.

An aim that is too low spends the energy on small peaks and has none for the large one; one that is
too high is paid for. So each of a grid of aims is driven through every future, with the losses, the
limits and the recharging of the storage, and the aim with the lowest mean of the peaks is taken,
next to a small price of what is discharged. It is done anew as time goes on, with the energy that
is left and the highest demand so far, below which nothing is gained.

Within a window the futures are driven sample by sample, as `hold` does: a peak that begins in the
middle of a window finds the storage limited by its power, and an aim below what is paid for already
can be the better one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from daemon.core.balance.shaving.stores import Store

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Params:
    """How fine, and what wear is worth.

    Attributes:
        aims: how many are tried.
        wear_w_per_j: price of what is discharged, in watts of peak [W/J].
        spread_pu: price of the spread of the peaks, as part of their standard deviation [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    aims: Annotated[int, Gt(1)] = 64
    wear_w_per_j: Annotated[float, Ge(0.0)] = 1e-8
    spread_pu: Annotated[float, Ge(0.0)] = 0.0


def peaks_w(
    aims_w: Floats,
    futures_w: Floats,
    window: int,
    sample_s: float,
    store: Store,
    energy_j: float,
    rise_w: float = 0.0,
) -> tuple[Floats, Floats]:
    """Return the peak of each future under each aim [W], and what is discharged [J].

    Args:
        aims_w: to be tried `(n_aim,)` [W].
        futures_w: from the begin of a window on `(n_future, n_sample)` [W].
        window: samples in a window.
        sample_s: time between samples [s].
        store: all storage as one.
        energy_j: what is in it [J].
        rise_w: what recharging leaves for a rise of the load, as `hold` does [W].
    """
    shape = len(aims_w), len(futures_w)
    aim_w = aims_w[:, None]
    eta, floor_j, top_j = store.efficiency_pu, store.floor_j, store.top_j
    left_j = np.full(shape, float(np.clip(energy_j, floor_j, top_j)))
    highest_w, given_j = np.zeros(shape), np.zeros(shape)
    for begin in range(0, futures_w.shape[1] - window + 1, window):
        drawn_w = np.zeros(shape)
        for k in range(window):
            load_w = futures_w[:, begin + k]
            power_w = (aim_w * window - drawn_w) / (window - k) - load_w
            power_w = np.where(power_w > 0.0, np.maximum(power_w - rise_w, 0.0), power_w)
            lowest_w = np.maximum(-store.discharge_w, (floor_j - left_j) * (eta / sample_s))
            highest = np.minimum(store.charge_w, (top_j - left_j) / (eta * sample_s))
            power_w = np.clip(power_w, lowest_w, highest)
            gives_w = np.minimum(power_w, 0.0)
            left_j += (power_w * eta + gives_w * (1.0 / eta - eta)) * sample_s
            given_j -= gives_w * sample_s
            drawn_w += load_w + power_w
        highest_w = np.maximum(highest_w, drawn_w / window)
    return highest_w, given_j


def best_aim_w(
    futures_w: Floats,
    window: int,
    sample_s: float,
    store: Store,
    energy_j: float,
    highest_w: float,
    params: Params,
    rise_w: float = 0.0,
) -> tuple[float, float]:
    """Return the aim with the lowest expected cost, and the peak expected with it [W].

    Args:
        futures_w: from the begin of a window on `(n_future, n_sample)` [W].
        window: samples in a window.
        sample_s: time between samples [s].
        store: all storage as one.
        energy_j: what is in it [J].
        highest_w: demand below which nothing is gained [W].
        params: of this choice.
        rise_w: what recharging leaves for a rise of the load, as `hold` does [W].
    """
    count = futures_w.shape[1] // window
    demands_w = futures_w[:, : count * window].reshape(len(futures_w), count, window).mean(axis=2)
    tops_w = demands_w.max(axis=1)
    low_w = min(float(tops_w.min()), highest_w) - store.discharge_w
    aims_w = np.linspace(low_w, max(float(tops_w.max()), highest_w), params.aims)
    found_w, given_j = peaks_w(aims_w, futures_w, window, sample_s, store, energy_j, rise_w)
    paid_w = np.maximum(found_w, highest_w)
    expected_w = paid_w.mean(axis=1)
    cost_w = expected_w + params.spread_pu * paid_w.std(axis=1)
    best = int(np.argmin(cost_w + params.wear_w_per_j * given_j.mean(axis=1)))
    return float(aims_w[best]), float(expected_w[best])
