"""The window as billed, against sums made by brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.balance.shaving.demand import Window, advanced, mean_w, opened, room_w
from daemon.model.quantities import SECOND

LENGTH = 900 * SECOND


@given(
    st.lists(st.tuples(st.integers(1, 4000), st.integers(-100, 100)), min_size=1, max_size=30),
    st.integers(0, 5000),
)
def test_demands_are_means_over_the_clock(pieces: list[tuple[int, int]], from_s: int) -> None:
    window = opened(from_s * SECOND, LENGTH)
    seen: list[float] = []
    every_second: list[float] = [0.0] * (from_s % 900)
    now_s = from_s
    for lasts_s, power in pieces:
        now_s += lasts_s
        window, closed = advanced(window, now_s * SECOND, power * 1e6, LENGTH)
        seen += closed
        every_second += [power * 1e6] * lasts_s
    whole = len(every_second) // 900
    expected = np.array(every_second[: whole * 900]).reshape(whole, 900).mean(axis=1)
    assert np.allclose(seen, expected)
    assert window.begun_ns == (from_s - from_s % 900 + whole * 900) * SECOND
    assert np.isclose(window.drawn_j, sum(every_second[whole * 900 :]))


@given(st.integers(0, 899), st.floats(-1e8, 1e8), st.floats(0.0, 1e8))
def test_what_may_still_be_drawn_leads_to_the_limit(
    at_s: int, so_far_w: float, limit_w: float
) -> None:
    window, _ = advanced(opened(0, LENGTH), at_s * SECOND, so_far_w, LENGTH)
    rest_w = room_w(window, limit_w, LENGTH)
    _, (demand_w,) = advanced(window, LENGTH, rest_w, LENGTH)
    assert abs(demand_w - limit_w) < 1.0


def test_the_mean_so_far() -> None:
    assert mean_w(Window(0, 0, 0.0)) == 0.0
    assert mean_w(Window(0, 300 * SECOND, 600e6)) == 2e6
