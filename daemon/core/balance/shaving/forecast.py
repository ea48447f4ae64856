"""What the load may do: an ensemble of futures by explicit rules, and the score of any forecast.

The rule is that the load goes on as it did after a time that was like the present one: the last
hours alike, the recent ones above all, and the time of day not far off. What followed, moved to
where the load is now, is one future; how much of that move remains is lost with time, in some
futures soon, in others late, for nobody knows whether a high load comes to stay. The most alike of
these times make up the ensemble. So the spread is that of the days themselves, rises included, and
nothing is assumed about its shape; a working day is not foreseen by a Sunday.

Source: own derivation; analogue ensembles are common in forecasts of load and weather.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY_S: Final = 86_400.0
_LEVELS: Final = (0.1, 0.5, 0.9)
"""Quantiles that are scored."""
_FADES_S: Final = 4 * 3600.0
"""After so long a difference of the load counts half."""


@dataclass(frozen=True, slots=True)
class Params:
    """How far back and ahead.

    Attributes:
        sample_s: time between samples of the load, a part of the window that is billed [s].
        horizon_s: how far ahead [s].
        days: how many days back, at most.
        like_s: how much of the past is compared [s].
        shift_s: how far off the time of day may be [s].
        step_s: time between the times that are compared [s].
        count: how many of them give a future, at most.
        off_pu: what an hour off costs, by the standard deviation of the load [pu].
        kept_pu: part of the distance from an old time that remains after an hour, by turns [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    sample_s: Annotated[float, Gt(0.0)] = 300.0
    horizon_s: Annotated[float, Gt(0.0)] = 21_600.0
    days: Annotated[int, Ge(1)] = 14
    like_s: Annotated[float, Gt(0.0)] = 43_200.0
    shift_s: Annotated[float, Ge(0.0)] = 43_200.0
    step_s: Annotated[float, Gt(0.0)] = 900.0
    count: Annotated[int, Ge(1)] = 28
    off_pu: Annotated[float, Ge(0.0)] = 0.1
    kept_pu: tuple[Annotated[float, Interval(ge=0.0, le=1.0)], ...] = (0.3, 0.7, 0.95)


Foresee = Callable[[Floats, Params], Floats]
"""From the load until now to what it may do next."""


def futures_w(samples_w: Floats, params: Params) -> Floats:
    """Return what the load may do next `(n_future, n_sample)`, no row without a day like it [W].

    Args:
        samples_w: of the load until now, in equal steps, newest last `(n,)` [W].
        params: of this forecast.
    """
    day, n = round(DAY_S / params.sample_s), len(samples_w)
    ahead = round(params.horizon_s / params.sample_s)
    near = max(1, round(900.0 / params.sample_s))
    begins = _alike(samples_w, params)
    # Where the old day is not over yet, the one before it goes on in its place.
    at = begins[:, None] + np.arange(ahead)
    at = np.where(at < n, at, at - day * -(-(at - n + 1) // day))
    old_w = [_level_w(samples_w[begin - near : begin]) for begin in begins]
    distance_w = _level_w(samples_w[n - near : n]) - np.array(old_w) if old_w else np.empty(0)
    kept_pu = np.resize(params.kept_pu, (len(begins), 1))
    kept_pu = kept_pu ** (np.arange(1, ahead + 1) * params.sample_s / 3600.0)
    return np.asarray(samples_w[at] + distance_w[:, None] * kept_pu)


def _alike(samples_w: Floats, params: Params) -> NDArray[np.int64]:
    """Return the times after which the load may go on as it did, the most alike first `(n,)`.

    None of them has less than what is compared behind it, or less than half a day ahead.
    """
    day, n = round(DAY_S / params.sample_s), len(samples_w)
    like, step = (max(1, round(s / params.sample_s)) for s in (params.like_s, params.step_s))
    first = max(like, n - params.days * day - day // 2)
    begins = np.arange(n - day // 2, first - 1, -step)
    apart = (n - begins) % day
    apart_s = np.minimum(apart, day - apart) * params.sample_s
    begins, apart_s = begins[apart_s <= params.shift_s], apart_s[apart_s <= params.shift_s]
    if not len(begins):
        return begins
    weights = 0.5 ** (np.arange(like)[::-1] * params.sample_s / _FADES_S)
    unlike_w = samples_w[begins[:, None] + np.arange(-like, 0)] - samples_w[n - like :]
    distance_w = np.sqrt(unlike_w**2 @ (weights / weights.sum()))
    off_w = params.off_pu * float(samples_w[-params.days * day :].std()) * apart_s / 3600.0
    return np.asarray(begins[np.argsort(distance_w + off_w, kind="stable")[: params.count]])


def _level_w(last_w: Floats) -> float:
    """Return where the load is: half its last sample, half its last quarter of an hour [W]."""
    return 0.5 * float(last_w[-1]) + 0.5 * float(last_w.mean())


def rise_w(samples_w: Floats, samples: int, part_pu: float) -> float:
    """Return by what the load rises within some samples, in all but the rarest cases [W].

    Args:
        samples_w: of the load, in equal steps `(n,)` [W].
        samples: how many steps ahead.
        part_pu: part of the cases that stay below [pu].
    """
    if len(samples_w) <= samples:
        return 0.0
    rises_w = np.max([samples_w[k : -samples + k or None] for k in range(1, samples + 1)], axis=0)
    return max(0.0, float(np.quantile(rises_w - samples_w[:-samples], part_pu)))


def scores_w(
    samples_w: Floats, params: Params, ways: Mapping[str, Foresee], days: int = 7
) -> dict[str, float]:
    """Return the pinball loss of each way to foresee over the last days, made day by day [W].

    What is scored is what each would have said at the time, from what lay before it: of the load,
    and of the highest load until then, which is what is billed. A way that had no history to go by
    has no score.

    Args:
        samples_w: of the load until now, in equal steps `(n,)` [W].
        params: of the forecasts.
        ways: to foresee, by name.
        days: how many of the last ones.
    """
    ahead = round(DAY_S / params.sample_s)
    params = replace(params, horizon_s=DAY_S)
    levels = np.array(_LEVELS)
    scores: dict[str, float] = {}
    for name, foresee in ways.items():
        losses_w = []
        for begin in range(len(samples_w) - ahead, len(samples_w) - days * ahead - 1, -ahead):
            found_w = foresee(samples_w[:begin], params) if begin > 0 else np.empty((0, ahead))
            if len(found_w):
                became_w = samples_w[begin : begin + ahead]
                for seen in (np.asarray, np.maximum.accumulate):
                    quantiles_w = np.quantile(seen(found_w.T), levels, axis=1)
                    losses_w.append(pinball_w(levels, quantiles_w, seen(became_w)))
        if losses_w:
            scores[name] = float(np.mean(losses_w))
    return scores


def pinball_w(levels_pu: Floats, quantiles_w: Floats, became_w: Floats) -> float:
    """Return the mean pinball loss of quantiles, the lower the better [W].

    Args:
        levels_pu: of the quantiles `(n_level,)` [pu].
        quantiles_w: as forecast `(n_level, n)` [W].
        became_w: what came `(n,)` [W].
    """
    above = became_w[None, :] - quantiles_w
    return float(np.mean(np.maximum(levels_pu[:, None] * above, (levels_pu[:, None] - 1) * above)))
