"""What the load may do: an ensemble of futures by explicit rules, and the score of any forecast.

The rule is that a day goes on as one of the last days did from this hour on, moved to where the
load is now; how much of that move remains is lost with time. Each of the last days, a little
earlier and a little later, gives one future. So the spread of the ensemble is that of the days
themselves, rises included, and nothing is assumed about its shape.

Source: own derivation; analogue ensembles are common in forecasts of load and weather.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from annotated_types import Ge, Gt, Interval
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY_S: Final = 86_400.0
_LEVELS: Final = (0.1, 0.5, 0.9)
"""Quantiles that are scored."""


@dataclass(frozen=True, slots=True)
class Params:
    """How far back and ahead.

    Attributes:
        sample_s: time between samples of the load, a part of the window that is billed [s].
        horizon_s: how far ahead [s].
        days: how many days back, at most.
        shift_s: how much earlier and later each of these days is taken as well [s].
        kept_pu: part of the distance from an old day that remains after an hour [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    sample_s: Annotated[float, Gt(0.0)] = 300.0
    horizon_s: Annotated[float, Gt(0.0)] = DAY_S
    days: Annotated[int, Ge(1)] = 14
    shift_s: Annotated[float, Ge(0.0)] = 900.0
    kept_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.5


Foresee = Callable[[Floats, Params], Floats]
"""From the load until now to what it may do next."""


def futures_w(samples_w: Floats, params: Params) -> Floats:
    """Return what the load may do next `(n_future, n_sample)`, no row without a day behind it [W].

    Args:
        samples_w: of the load until now, in equal steps, newest last `(n,)` [W].
        params: of this forecast.
    """
    day, n = round(DAY_S / params.sample_s), len(samples_w)
    ahead = round(params.horizon_s / params.sample_s)
    kept = params.kept_pu ** (np.arange(1, ahead + 1) * params.sample_s / 3600.0)
    shift = round(params.shift_s / params.sample_s)
    near = max(1, round(900.0 / params.sample_s))
    found = []
    for begin in (
        n - day * k + s for k in range(1, params.days + 1) for s in dict.fromkeys((-shift, shift))
    ):
        if begin < near:
            continue
        # Where the old day is not over yet, the one before it goes on in its place.
        at = np.arange(begin, begin + ahead)
        at = np.where(at < n, at, at - day * -(-(at - n + 1) // day))
        if at.min() < 0:
            continue
        distance_w = _level_w(samples_w[n - near : n]) - _level_w(samples_w[begin - near : begin])
        found.append(samples_w[at] + kept * distance_w)
    return np.array(found).reshape(-1, ahead)


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
    samples_w: Floats, params: Params, ways: Mapping[str, Foresee], days: int = 3
) -> dict[str, float]:
    """Return the pinball loss of each way to foresee over the last days, made day by day [W].

    What is scored is what each would have said at the time, from what lay before it. A way that had
    no history to go by has no score.

    Args:
        samples_w: of the load until now, in equal steps `(n,)` [W].
        params: of the forecasts.
        ways: to foresee, by name.
        days: how many of the last ones.
    """
    ahead = round(params.horizon_s / params.sample_s)
    levels = np.array(_LEVELS)
    scores: dict[str, float] = {}
    for name, foresee in ways.items():
        losses_w = []
        for begin in range(len(samples_w) - ahead, len(samples_w) - days * ahead - 1, -ahead):
            found_w = foresee(samples_w[:begin], params) if begin > 0 else np.empty((0, ahead))
            if len(found_w):
                quantiles_w = np.quantile(found_w, levels, axis=0)
                became_w = samples_w[begin : begin + ahead]
                losses_w.append(pinball_w(levels, quantiles_w, became_w))
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
