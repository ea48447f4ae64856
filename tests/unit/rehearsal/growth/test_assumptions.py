"""What is assumed, and how it is written."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from daemon.rehearsal.growth.assumptions import AI, TRADITIONAL, Assumption, chosen, taken
from daemon.rehearsal.growth.futures import Group, log_rates, median_log_rates, sigma, spread

COMPUTE = AI[0]


@pytest.mark.parametrize("world", [AI, TRADITIONAL])
def test_every_default_has_a_source_and_is_valid(world: tuple[Assumption, ...]) -> None:
    for one in world:
        assert one.source
        assert one.about
        assert one.valid[0] <= one.low <= one.value <= one.high <= one.valid[1]


@pytest.mark.parametrize(
    ("text", "yearly"),
    [("4/yr", 4.0), ("4/y", 4.0), ("2/6mo", 4.0), ("15%/yr", 1.15), ("10%/1mo", 1.1**12)],
)
def test_growth_in_all_its_forms(text: str, yearly: float) -> None:
    assert taken(COMPUTE, text).value == pytest.approx(yearly)


def test_an_interval_is_given_or_keeps_its_proportions() -> None:
    given = taken(COMPUTE, "3/yr:2-5")
    assert (given.low, given.high) == (2.0, 5.0)
    kept = taken(COMPUTE, "2/yr")
    assert (kept.low, kept.high) == pytest.approx((2 * 3.3 / 4, 2 * 5 / 4))
    assert taken(COMPUTE, "20/yr").high == 20.0  # what is derived stays in the range
    percent = taken(COMPUTE, "30%/yr:20-45")
    assert (percent.low, percent.high) == pytest.approx((1.2, 1.45))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("400/yr", "400/yr is out of range (valid: 0.2 to 20/yr)"),
        ("0/yr", ": 0/yr is out of range"),
        ("2/0mo", "2/0mo, that is inf/yr, is out of range"),
        ("99999/1mo", "out of range"),
        ("banana", "'banana' is no growth (valid: a factor such as 4/yr"),
        ("4", "is no growth"),
        ("4/yr:5-6", "4 is not within its interval 5 to 6"),
    ],
)
def test_absurd_growth_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="compute-growth") as refused:
        taken(COMPUTE, text)
    assert said in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="compute-growth") as refused:
        chosen(AI, {"compute-growth": "x", "utilisation": "2", "phase": "1"})
    said = str(refused.value).splitlines()
    assert len(said) == 3
    assert "utilisation: 2 is out of range (valid: 0.05 to 1)" in said
    assert said[2].startswith("phase: no assumption of this site (valid: compute-growth, ")


def test_power_grows_less_than_computing() -> None:
    growth = np.exp(median_log_rates(chosen(AI, {})))[0]
    # Epoch AI: 1.9 to 2.2 a year.
    assert growth[Group.AI] == pytest.approx(4.0 / (1.4 * 1.36))
    assert 1.9 < growth[Group.AI] < 2.2
    traditional = np.exp(median_log_rates(chosen(TRADITIONAL, {})))[0]
    # 4.4 % of US electricity in 2023 to 6.7-12 % in 2028.
    assert (6.7 / 4.4) ** 0.2 < traditional[Group.SERVERS] < (12 / 4.4) ** 0.2


def test_futures_have_the_intervals_that_are_assumed() -> None:
    drawn = log_rates(chosen(AI, {}))[:, Group.SERVERS]
    low, middle, high = np.exp(np.quantile(drawn, [0.05, 0.5, 0.95]))
    one = next(a for a in AI if a.name == "server-growth")
    assert (low, middle, high) == pytest.approx((1.09, 1.15, 1.22), rel=1e-2)
    assert drawn.std() == pytest.approx(sigma(one), rel=0.02)
    computing = log_rates(chosen(AI, {}))[:, Group.AI]
    parts = [a for a in AI if a.name in {"compute-growth", "efficiency-growth", "duration-growth"}]
    assert computing.std() == pytest.approx(sum(sigma(a) ** 2 for a in parts) ** 0.5, rel=0.03)
    assert computing.mean() == pytest.approx(log(4.0 / 1.4 / 1.36), abs=2e-3)


def test_points_fill_the_cube_evenly() -> None:
    points = spread(6, 1000)
    assert points.shape == (1000, 6)
    for column in points.T:
        counts = np.histogram(column, bins=10, range=(0.0, 1.0))[0]
        assert counts.min() >= 95
        assert counts.max() <= 105
    assert np.abs(np.corrcoef(points.T) - np.eye(6)).max() < 0.02
