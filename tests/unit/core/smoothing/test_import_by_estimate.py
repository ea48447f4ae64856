"""Smoothing goes on by the estimate of now where a meter of the import is not believed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core.smoothing import sight, smoother
from daemon.core.view import Heard
from daemon.model.compliance import Bound
from daemon.model.quantities import SECOND
from tests.main_lane import supply
from tests.unit.core.estimation.picture import seen_lying

if TYPE_CHECKING:
    from daemon.core.view import View

METER = "M-UA"
STORE = "ESS-1"


def on_utility(view: View) -> View:
    """Return a look at which nothing but the import could forbid to smooth."""
    word = supply()
    facts = view.facts
    facts = replace(
        facts,
        autonomy=replace(facts.autonomy, feeds={"RACK-1-1": ()}),
        compliance=facts.compliance._replace(bounds=(Bound(5 * SECOND, 0.8e6),)),
    )
    return replace(view, facts=facts, heard={"supply": Heard(view.now_ns, word.values)})


def import_w(view: View) -> float | None:
    """Return what smoothing takes the import for, None where it does nothing."""
    after = smoother.step(on_utility(view), smoother.State(), smoother.Params(), ()).state
    assert after.short or after.limiter, "nobody smooths, and rows are quick"
    return after.limiter.grid_w if after.limiter else None


def test_the_estimate_of_now_stands_in_for_a_meter_that_is_condemned() -> None:
    honest_w = import_w(seen_lying())
    assert honest_w is not None
    assert import_w(seen_lying(f"{METER}.power_w", factor=-1.0)) == pytest.approx(
        honest_w, rel=0.05
    )
    assert import_w(seen_lying(silent=(f"{METER}.power_w",))) == pytest.approx(honest_w, rel=0.05)


def test_nothing_stands_in_for_a_meter_that_is_doubted_or_when_the_estimate_is_of_before() -> None:
    assert import_w(seen_lying(f"{METER}.power_w", kind="doubted")) is None
    view = seen_lying(f"{METER}.power_w", factor=-1.0)
    assert view.estimate is not None
    assert view.estimate.fit is not None
    before = replace(view.estimate.fit, at_ns=view.now_ns - SECOND)
    assert import_w(replace(view, estimate=replace(view.estimate, fit=before))) is None


def shown_w(view: View, power_w: float) -> View:
    """Return a look at which the store shows a power that it does not have."""
    values = view.image.values.copy()
    values[view.points.index(STORE, "power_w")] = power_w
    return on_utility(replace(view, image=replace(view.image, values=values)))


@pytest.mark.fault("F19")
@pytest.mark.parametrize("kind", ["condemned", "doubted"])
def test_a_store_whose_meter_alone_is_wrong_is_seen_at_what_it_does(kind: str) -> None:
    """It rests, as it is told, and shows 2 MW: to drop it would be a step of the import.

    Where the estimate does not know either, its set-point stands in.
    """
    view = shown_w(seen_lying(f"{STORE}.power_w", kind=kind), -2e6)
    seen = sight.look(view, sight.plan(view.site, view.points))
    assert seen is not None
    assert seen.powers_w == pytest.approx((0.0,), abs=50e3)


def test_a_store_that_does_not_follow_is_seen_at_what_it_shows() -> None:
    view = shown_w(seen_lying(), -2e6)
    seen = sight.look(view, sight.plan(view.site, view.points))
    assert seen is not None
    assert seen.powers_w == (-2e6,)
