"""When a limit is reached, against closed forms and laws."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rehearsal.growth.exhaustion import (
    Bound,
    first_years,
    quantiles,
    reached_years,
    worst,
)
from daemon.rehearsal.growth.loads import Line

ALL = np.ones(3)
RATES = st.floats(-0.5, 2.0)


def bound(capacity: float, constant: float = 0.0, ai: float = 1.0, least: float = 0.0) -> Bound:
    return Bound("", Line(constant, np.array([ai, 0.0, 0.0])), capacity, least)


def rates(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([[value, 0.0, 0.0] for value in values])


def test_doubling_times() -> None:
    doubled = reached_years(bound(2.0), ALL, rates(log(4.0), log(2.0), log(1.15)))
    assert doubled == pytest.approx([0.5, 1.0, log(2.0) / log(1.15)])


def test_what_does_not_grow_leaves_less() -> None:
    # 1 + 2^t = 5 after two years.
    assert reached_years(bound(5.0, constant=1.0), ALL, rates(log(2.0)))[0] == pytest.approx(2.0)
    # Half of it is drawn today.
    halved = reached_years(bound(2.0), np.array([0.5, 1.0, 1.0]), rates(log(2.0)))
    assert halved[0] == pytest.approx(2.0)


def test_now_and_never() -> None:
    assert reached_years(bound(0.9), ALL, rates(0.7))[0] == 0.0
    assert reached_years(bound(1.1), ALL, rates(0.0, -0.3)).tolist() == [np.inf, np.inf]
    assert reached_years(bound(1.1, least=1.2), ALL, rates(-0.3))[0] == 0.0


def test_what_is_drawn_at_least_moves_no_date_above_it() -> None:
    usual, held = bound(2.0, ai=0.85), bound(2.0, ai=0.85, least=0.9)
    assert reached_years(usual, ALL, rates(0.5)) == reached_years(held, ALL, rates(0.5))


def test_one_group_may_fall_while_another_grows() -> None:
    both = Bound("", Line(0.0, np.array([0.9, 0.0, 0.05])), 1.0)
    years = reached_years(both, ALL, np.array([[-0.5, 0.0, 0.5]]))[0]
    assert 0.9 * np.exp(-0.5 * years) + 0.05 * np.exp(0.5 * years) == pytest.approx(1.0)
    assert years > 5.0


def test_quantiles_are_those_of_a_log_normal_rate() -> None:
    # The date is ln 2 over the rate: its median is that of the median rate, early dates are fast.
    drawn = np.linspace(0.2, 1.2, 1001)
    years = reached_years(bound(2.0), ALL, np.stack([drawn, 0 * drawn, 0 * drawn], axis=1))
    expected = [log(2.0) / np.quantile(drawn, q) for q in (0.9, 0.5, 0.1)]
    assert quantiles(years) == pytest.approx(expected, rel=3e-3)


def test_quantiles_where_some_never_come() -> None:
    assert quantiles(np.array([1.0, 2.0, np.inf, np.inf])) == (1.0, 2.0, np.inf)


@given(
    st.lists(st.tuples(*[st.floats(0.0, 2.0)] * 5, st.floats(0.1, 4.0)), min_size=1, max_size=6),
    st.tuples(RATES, RATES, RATES),
)  # fmt: skip
def test_the_first_of_several_is_the_earliest(
    drawn: list[tuple[float, ...]], grown: tuple[float, float, float]
) -> None:
    bounds = [
        Bound(str(k), Line(constant, np.array([a, b, c])), capacity, least)
        for k, (constant, a, b, c, least, capacity) in enumerate(drawn)
    ]
    futures = np.array([grown])
    each = [float(reached_years(one, ALL, futures)[0]) for one in bounds]
    assert float(first_years(bounds, ALL, futures)[0]) == pytest.approx(min(each), abs=1e-6)
    # With more cases nothing is reached later: N-1 is never later than N.
    assert min(each) <= each[0]


@given(st.floats(1.0, 5.0), st.floats(1.0, 3.0), st.floats(0.01, 2.0), st.floats(1.0, 2.0))
def test_more_capacity_is_never_earlier_and_more_growth_never_later(
    capacity: float, more: float, rate: float, faster: float
) -> None:
    years = reached_years(bound(capacity), ALL, rates(rate))[0]
    assert reached_years(bound(capacity * more), ALL, rates(rate))[0] >= years
    assert reached_years(bound(capacity), ALL, rates(rate * faster))[0] <= years + 1e-9


def test_the_worst_is_the_first_of_equals() -> None:
    normal = bound(2.0)
    other = normal._replace(case="without DG-1", capacity=1.999)
    assert worst((normal, other), ALL).case == ""
    assert worst((normal, other._replace(capacity=1.0)), ALL).case == "without DG-1"
