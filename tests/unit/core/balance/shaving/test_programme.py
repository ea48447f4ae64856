"""The optimum of a known load, against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.balance.shaving.programme import Worth, optimum
from daemon.core.balance.shaving.stores import Bands, Store

MWH = 3.6e9


def loads(*mw: float) -> np.ndarray:
    return np.array(mw) * 1e6


def test_a_rectangle_is_lowered_by_the_energy_over_its_length() -> None:
    store = Store(10e6, 10e6, 2 * MWH, 0.95)
    found = optimum(loads(80, 100, 100, 80), 3600.0, [store], [2 * MWH])
    assert found is not None
    assert found.peak_w == pytest.approx(100e6 - 2e6 * 0.95 / 2)


def test_a_needle_is_lowered_by_the_power() -> None:
    store = Store(10e6, 10e6, 20 * MWH)
    found = optimum(loads(50, 100, 50), 900.0, [store], [20 * MWH])
    assert found is not None
    assert found.peak_w == pytest.approx(90e6)


def test_what_was_given_is_refilled_between_two_peaks() -> None:
    """Two hours above the level, one between: losses of the refill included."""
    store = Store(10e6, 10e6, 3 * MWH / 0.9, 0.9)
    found = optimum(loads(100, 96, 100), 3600.0, [store], [3 * MWH / 0.9])
    assert found is not None
    x = found.peak_w / 1e6
    assert 2 * (100 - x) / 0.9 == pytest.approx(3 / 0.9 + 0.9 * (x - 96), abs=1e-5)


def test_bands_are_left_alone() -> None:
    store = Store(10e6, 10e6, 5 * MWH, 1.0, Bands(reserve_j=3 * MWH))
    found = optimum(loads(80, 100, 80), 3600.0, [store], [5 * MWH])
    assert found is not None
    assert found.peak_w == pytest.approx(98e6)
    assert found.energy_j.min() >= 3 * MWH - 1.0


def test_a_store_below_its_floor_only_takes() -> None:
    store = Store(10e6, 10e6, 5 * MWH, 1.0, Bands(reserve_j=3 * MWH))
    found = optimum(loads(100, 100), 3600.0, [store], [2 * MWH])
    assert found is not None
    assert found.peak_w == pytest.approx(100e6)


def test_nothing_flows_back() -> None:
    store = Store(10e6, 10e6, 20 * MWH)
    found = optimum(loads(1, 30, 1), 900.0, [store], [20 * MWH])
    assert found is not None
    assert (loads(1, 30, 1) + found.power_w.sum(axis=0)).min() >= -1.0


def test_what_is_paid_for_is_not_shaved_when_it_wears() -> None:
    store = Store(10e6, 10e6, 20 * MWH)
    found = optimum(
        loads(80, 95, 80), 900.0, [store], [10 * MWH], highest_w=100e6, worth=Worth(1e-6, 0.0)
    )
    assert found is not None
    assert found.peak_w == pytest.approx(100e6)
    assert np.abs(np.minimum(found.power_w, 0.0)).max() == pytest.approx(0.0, abs=1.0)


def test_two_stores_do_what_one_of_their_size_does() -> None:
    load_w = loads(80, 97, 100, 99, 70, 60, 98, 80)
    whole = optimum(load_w, 900.0, [Store(8e6, 8e6, 4 * MWH)], [4 * MWH])
    halves = optimum(load_w, 900.0, [Store(4e6, 4e6, 2 * MWH)] * 2, [2 * MWH] * 2)
    assert whole is not None
    assert halves is not None
    assert halves.peak_w == pytest.approx(whole.peak_w)


def lowest_peak_w(load_w: np.ndarray, window_s: float, store: Store) -> float:
    """By halving: hold a level, recharge all that is below it, and see whether it lasts."""
    low_w, high_w = float(load_w.max()) - store.discharge_w, float(load_w.max())
    for _ in range(60):
        level_w, left_j = 0.5 * (low_w + high_w), store.capacity_j
        for load in load_w:
            power_w = min(level_w - load, store.charge_w)
            pu = store.efficiency_pu if power_w > 0 else 1 / store.efficiency_pu
            left_j = min(store.capacity_j, left_j + power_w * pu * window_s)
            if left_j < 0.0 or power_w < -store.discharge_w:
                low_w = level_w
                break
        else:
            high_w = level_w
    return high_w


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(30.0, 100.0), min_size=2, max_size=40),
    st.floats(1.0, 20.0),
    st.floats(0.2, 20.0),
)
def test_the_optimum_is_what_halving_finds(
    mw: list[float], power_mw: float, energy_mwh: float
) -> None:
    store = Store(power_mw * 1e6, power_mw * 1e6, energy_mwh * MWH)
    found = optimum(loads(*mw), 900.0, [store], [energy_mwh * MWH])
    assert found is not None
    assert found.peak_w == pytest.approx(lowest_peak_w(loads(*mw), 900.0, store), rel=1e-5)
