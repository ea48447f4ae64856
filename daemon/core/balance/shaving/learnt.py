"""What the load may do, learnt as it goes: level and daily pattern, and how far they were out.

Holt-Winters smoothing, its pattern a part of the level, is taught the load sample by sample. Four
times a day it says what it expects of the time ahead; what came instead, less that, is one way in
which it errs. Each of these ways on top of what it expects now is one future: so the spread is that
of its own mistakes, made on this site, and a habit of erring in one direction is taken out.

river takes a second to import: only workers and back-tests import this file.

Source: P. R. Winters, doi:10.1287/mnsc.6.3.324; errors as an ensemble, own derivation.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from river.time_series import HoltWinters

from daemon.core.balance.shaving import forecast
from daemon.core.balance.shaving.forecast import DAY_S, Floats, Params

_LEVEL: Final = 0.02
_PATTERN: Final = 0.3
_TREND: Final = 1e-4
_A_DAY: Final = 4


def futures_w(samples_w: Floats, params: Params) -> Floats:
    """Return what the load may do next `(n_future, n_sample)`, no row without days behind it [W].

    Args:
        samples_w: of the load until now, in equal steps, newest last `(n,)` [W].
        params: of this forecast.
    """
    day, n = round(DAY_S / params.sample_s), len(samples_w)
    ahead = round(params.horizon_s / params.sample_s)
    first = max(day + 1, n - params.days * day)
    asked = set(range(n - ahead, first - 1, -(day // _A_DAY)))
    model = HoltWinters(
        alpha=_LEVEL, beta=_TREND, gamma=_PATTERN, seasonality=day, multiplicative=True
    )
    errors_w = []
    for at, sample_w in enumerate(samples_w.tolist()):
        if at in asked:
            errors_w.append(samples_w[at : at + ahead] - np.array(model.forecast(ahead)))
        model.learn_one(max(1.0, sample_w))  # it divides by the level
    if not errors_w:
        return np.empty((0, ahead))
    return np.asarray(np.array(model.forecast(ahead)) + np.array(errors_w))


BOTH: Final = {"rules": forecast.futures_w, "learnt": futures_w}
"""Every way to foresee, by name."""
