"""The controller of the daemon under the codes of three grids, over ideal storage at 100 MW.

`python -m tests.bench smoothing` does the same with measured traces.
"""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core import compliance
from daemon.core.smoothing import catch_up, limiter, smoother
from daemon.model.compliance import Bound
from daemon.model.quantities import SECOND, ns
from daemon.settings.rules import load_rules
from tests.bench import smoothed_site

RULES = [load_rules(name) for name in ("ercot_swing", "ieso_v3", "caiso_straw")]
BOUNDS = compliance.bounds(RULES, 100e6)
SIZE_J = catch_up.size_j(catch_up.paces(BOUNDS), 30e6, 0.0, limiter.MARGIN_PU) / 0.7
STEPS = 10


def passed_over(grid_w: np.ndarray) -> list[str]:
    """Return the limits that were not kept."""
    t_ns = np.arange(len(grid_w), dtype=np.int64) * ns(1.0 / STEPS)
    given = compliance.Given(ns(1.0 / STEPS), 100e6, measured=frozenset({"power_w"}))
    court = compliance.take(
        compliance.begin(RULES, given), compliance.Samples(t_ns, {"power_w": grid_w})
    )
    return [verdict.name for verdict in compliance.verdicts(court) if verdict.ok is False]


@pytest.mark.parametrize("notice_s", [0, 60])
def test_a_job_that_starts_in_one_instant_passes_no_limit(notice_s: int) -> None:
    load_w = np.concatenate((np.full(70, 45e6), np.full(110, 75e6)))
    params = smoother.Params(sudden_pu=0.0) if notice_s else smoother.Params()
    site = smoothed_site.Site(BOUNDS, 30e6, SIZE_J, params)
    told = [(70 - notice_s, smoothed_site.announced("run", "start", 70.0, 30e6))]
    went = smoothed_site.replayed(
        site, np.repeat(load_w, STEPS), 45e6, 0.5 if notice_s else 0.95, STEPS,
        told if notice_s else (),
    )  # fmt: skip
    assert not passed_over(went.grid_w)
    assert went.stored_j.min() > 0.0
    assert went.fast_pu.min() > 0.2
    assert went.fast_pu.max() < 0.8, "the fast store is brought back by the slow one"
    before_w = went.grid_w[: 70 * STEPS]
    assert before_w.min() > 44e6, "what is filtered is no room for a jump"
    assert (before_w.max() > 55e6) == bool(notice_s)


def test_bounds_that_leave_nothing_between_them_let_stand_what_stands() -> None:
    """A grain beyond the one, and the other does not let it back: it does not creep away."""
    bounds = (Bound(15 * SECOND, 5e6), Bound(5 * SECOND, 0.4e6, (5.0, 55.0)))
    params = limiter.Params(1e9, 30e6, 45e6, 75e6, 0.0)
    state = limiter.begin(bounds, 0, 65e6)
    levels_w = [65e6 - 0.4e6 * k for k in range(13)]
    for k, level_w in enumerate([*levels_w, 59.98e6, 59.98e6], start=1):
        state = limiter.step(state, params, bounds, k * ns(0.5), 45e6, 5e8, (), level_w)
    assert state.grid_w == pytest.approx(60e6, abs=0.02e6)
