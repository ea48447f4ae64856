"""What the racks have to do."""

from __future__ import annotations

import numpy as np
import pytest

from device_emulators.plant.training import Training
from device_emulators.plant.workload import Steady, Trace

RATING = np.full(48, 130e3)
ROW = np.repeat(np.arange(6), 8).astype(np.intp)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_peak_of_a_trace_is_the_rating_of_all_racks() -> None:
    t = np.arange(5.0) * 2.0
    columns = np.arange(1.0, 5.0 * 64.0 + 1.0).reshape(5, 64)
    demand = Trace.from_columns(t, columns).fit(RATING, ROW, rng())
    totals = [demand.power_w(x).sum() for x in t]
    assert max(totals) == pytest.approx(RATING.sum())
    # one scale for all: the shape of the sum stays
    assert totals == pytest.approx(columns.sum(axis=1) * RATING.sum() / columns.sum(axis=1).max())


def test_columns_are_dealt_in_order() -> None:
    columns = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    demand = Trace.from_columns(np.array([0.0, 1.0]), columns).fit(
        np.full(2, 4.0), np.zeros(2, np.intp), rng()
    )
    # rack 0 gets columns 0 and 2, rack 1 gets column 1: 4 and 2 of 6
    assert demand.power_w(0.0).tolist() == pytest.approx([8.0 * 4 / 6, 8.0 * 2 / 6])


def test_few_columns_are_dealt_again() -> None:
    demand = Trace.from_columns(np.array([0.0, 1.0]), np.array([[1.0], [3.0]])).fit(
        RATING, ROW, rng()
    )
    assert demand.power_w(1.0).tolist() == pytest.approx(RATING.tolist())
    assert demand.power_w(0.0).tolist() == pytest.approx((RATING / 3.0).tolist())


def test_a_trace_holds_the_last_value_and_repeats() -> None:
    demand = Trace.from_columns(np.array([10.0, 12.0, 14.0]), np.array([[1.0], [2.0], [4.0]])).fit(
        np.array([4.0]), np.zeros(1, np.intp), rng()
    )
    seen = [float(demand.power_w(t)[0]) for t in (0.0, 1.99, 2.0, 5.9, 6.0, 8.5)]
    assert seen == pytest.approx([1.0, 1.0, 2.0, 4.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("t", "columns", "said"),
    [
        ([0.0, 0.0], [[1.0], [1.0]], "must rise"),
        ([0.0, 1.0], [[0.0], [0.0]], "consume"),
        ([0.0], [[np.nan]], "finite"),
        ([0.0, 1.0], [[1.0]], "one time per row"),
    ],
)
def test_a_bad_trace_says_why(t: list[float], columns: list[list[float]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Trace.from_columns(np.array(t), np.array(columns))


def test_work_is_a_function_of_time_and_seed() -> None:
    one, two = (Training().fit(RATING, ROW, rng(7)) for _ in range(2))
    other = Training().fit(RATING, ROW, rng(8))
    assert (one.power_w(3.3) == two.power_w(3.3)).all()
    assert (one.power_w(3.3) != other.power_w(3.3)).any()
    assert (Steady(0.5).fit(RATING, ROW, rng()).power_w(1.0) == 65e3).all()
