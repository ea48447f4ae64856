"""Peak shaving goes on by the estimate where a meter of the import is not believed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core.balance import peaks
from tests.unit.core.estimation.picture import seen_lying

if TYPE_CHECKING:
    from daemon.core.view import View

METER = "M-UA"
PARAMS = peaks.Params()


def policy(view: View) -> str:
    turn = peaks.step(view, peaks.State(), PARAMS)
    assert turn.facts is not None
    told: str = turn.facts["demand"].policy
    return told


def load_w(view: View) -> float:
    looked_at_w = peaks.step(view, peaks.State(), PARAMS).state.giving.load_w
    assert looked_at_w is not None
    return looked_at_w


def test_the_estimate_stands_in_for_a_meter_that_is_condemned() -> None:
    honest, lying = seen_lying(), seen_lying(f"{METER}.power_w", factor=-1.0)
    assert policy(lying) != "none"
    assert load_w(lying) == pytest.approx(load_w(honest), rel=0.05)
    assert set(lying.looked.estimated) == {lying.points.index(METER, "power_w")}


def test_a_meter_that_is_believed_is_read() -> None:
    view = seen_lying()
    assert policy(view) != "none"
    assert view.looked.estimated == []


def test_nothing_stands_in_for_a_meter_that_is_doubted_or_when_the_estimate_is_old() -> None:
    assert policy(seen_lying(f"{METER}.power_w", kind="doubted")) == "none"
    view = seen_lying(f"{METER}.power_w", factor=-1.0)
    assert view.estimate is not None
    assert view.estimate.fit is not None
    old = replace(view.estimate.fit, at_ns=view.now_ns - 10 * 10**9)
    assert policy(replace(view, estimate=replace(view.estimate, fit=old))) == "none"
