"""The limiter: steps with and without notice, false notices, swings, and where the charge is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from daemon.core.smoothing import catch_up, limiter
from daemon.core.smoothing.limiter import Notice, Params
from daemon.model.compliance import Bound
from daemon.model.quantities import SECOND, ns

BOUNDS = (Bound(60 * SECOND, 20e6), Bound(15 * SECOND, 5e6))
PACE = catch_up.paces(BOUNDS)
LOW_W, HIGH_W = 45e6, 100e6
STEP_S = 0.1


def storage(notice_s: float = 0.0) -> Params:
    """Return a storage that is sized as the chapter says."""
    range_w = HIGH_W - LOW_W
    size_j = catch_up.size_j(PACE, range_w, notice_s, limiter.MARGIN_PU)
    return Params(size_j, range_w, LOW_W, HIGH_W, 0.0 if notice_s else range_w)


def replayed(
    params: Params, load_w: np.ndarray, notices: tuple[Notice, ...] = (), notice_s: float = 60.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return connection [W] and charge [J] after every step."""
    state = limiter.begin(BOUNDS, -ns(STEP_S), float(load_w[0]))
    charge_j, seen_w = limiter.charge_j(params, PACE, float(load_w[0])), float(load_w[0])
    grid_w, stored_j = np.empty(len(load_w)), np.empty(len(load_w))
    for k, now_w in enumerate(load_w.tolist()):
        now_ns = k * ns(STEP_S)
        told = [n for n in notices if n.at_ns - ns(notice_s) <= now_ns]
        state = limiter.step(state, params, BOUNDS, now_ns, seen_w, charge_j, told)
        seen_w = now_w
        charge_j += (state.grid_w - now_w) * STEP_S
        grid_w[k], stored_j[k] = state.grid_w, charge_j
    return grid_w, stored_j


def steps(*pieces: tuple[float, float]) -> np.ndarray:
    """Return a load that stays at each power [W] for a time [s]."""
    return np.concatenate([np.full(round(time_s / STEP_S), power_w) for power_w, time_s in pieces])


def test_any_steps_within_the_range_are_carried_by_a_storage_of_the_size() -> None:
    params = storage()
    rng = np.random.default_rng(3)
    pieces = [(rng.choice([LOW_W, HIGH_W, 70e6]), rng.exponential(90.0) + 1.0) for _ in range(60)]
    load_w = steps((LOW_W, 30.0), *pieces)
    _, stored_j = replayed(params, load_w)
    assert stored_j.min() >= 0.0
    assert stored_j.max() <= params.energy_j


def test_a_storage_of_half_the_size_does_not_carry_the_largest_step() -> None:
    whole = storage()
    half = Params(0.5 * whole.energy_j, whole.power_w, LOW_W, HIGH_W, whole.sudden_w)
    load_w = steps((LOW_W, 30.0), (HIGH_W, 300.0), (LOW_W, 300.0))
    _, stored_j = replayed(half, load_w)
    assert stored_j.min() < 0.0 or stored_j.max() > half.energy_j


def test_notice_saves_half_of_the_storage() -> None:
    load_w = steps((LOW_W, 90.0), (HIGH_W, 900.0), (LOW_W, 300.0))
    notices = Notice(90 * SECOND, 55e6), Notice(990 * SECOND, -55e6)
    without, sudden_j = replayed(storage(), load_w)
    told = storage(60.0)
    grid_w, stored_j = replayed(told, load_w, notices)
    assert 0.0 <= stored_j.min() <= stored_j.max() <= told.energy_j
    assert np.ptp(stored_j) < 0.5 * np.ptp(sudden_j)
    assert np.abs(without - load_w).max() == pytest.approx(55e6, rel=0.05)
    # 20 MW are done before, the fifth jump comes with the step.
    assert np.abs(grid_w - load_w).max() == pytest.approx(30e6, rel=0.05)


def test_a_pause_of_a_job_is_no_level_that_its_end_falls_from() -> None:
    load_w = steps((HIGH_W, 300.0), (LOW_W, 20.0), (HIGH_W, 60.0), (LOW_W, 60.0))
    stop = Notice(380 * SECOND, LOW_W - HIGH_W)
    grid_w, _ = replayed(storage(60.0), load_w, (stop,))
    rate = len(load_w) // 440
    last = slice(350 * rate, 380 * rate)
    assert np.abs(grid_w - load_w)[last].max() <= 0.5 * (HIGH_W - LOW_W)


@pytest.mark.parametrize(("comes_w", "late_s"), [(55e6, 0.0), (70e6, 18.0), (HIGH_W, 5.0)])
def test_a_wrong_notice_asks_for_no_more_than_a_storage_has_that_does_not_rely_on_it(
    comes_w: float, late_s: float
) -> None:
    params = replace(storage(), energy_j=1.25 * storage().energy_j)
    load_w = steps((LOW_W, 90.0 + late_s), (comes_w, 300.0))
    grid_w, stored_j = replayed(params, load_w, (Notice(90 * SECOND, 55e6),))
    assert grid_w[899] > LOW_W
    assert 0.0 <= stored_j.min() <= stored_j.max() <= params.energy_j


def test_a_job_that_does_not_come_is_forgotten() -> None:
    load_w = steps((LOW_W, 900.0))
    grid_w, stored_j = replayed(storage(60.0), load_w, (Notice(90 * SECOND, 55e6),))
    assert grid_w.max() > 60e6
    assert grid_w[-1] == pytest.approx(LOW_W, abs=1e6)
    # The way back costs more than what is above the middle of a storage that relies on notice.
    assert stored_j.max() > storage(60.0).energy_j


def test_swings_below_the_dead_band_are_left_to_the_storage() -> None:
    params = storage()
    t_s = np.arange(0.0, 600.0, STEP_S)
    load_w = 80e6 + 6e6 * np.sign(np.sin(2.0 * np.pi * t_s / 4.0))
    grid_w, _ = replayed(params, load_w)
    assert np.ptp(grid_w[t_s > 300.0]) < 0.5e6


def test_the_charge_is_high_at_the_lowest_load_and_low_at_the_highest() -> None:
    params = storage()
    low_j, high_j = (limiter.charge_j(params, PACE, at_w) for at_w in (HIGH_W, LOW_W))
    spare_j = limiter.MARGIN_PU * params.energy_j
    assert low_j == pytest.approx(spare_j, rel=0.01)
    assert high_j == pytest.approx(params.energy_j - spare_j, rel=0.01)
    assert limiter.charge_j(storage(60.0), PACE, LOW_W) == pytest.approx(
        0.5 * storage(60.0).energy_j
    )


def test_catching_up_takes_what_the_stairs_take() -> None:
    pace = catch_up.paces([Bound(15 * SECOND, 5e6)])
    assert catch_up.time_s(pace, 5e6) == 0.0
    assert catch_up.time_s(pace, 12e6) == 30.0
    assert catch_up.energy_j(pace, 12e6) == pytest.approx((7e6 + 2e6) * 15.0)
    even = catch_up.paces([Bound(5 * SECOND, 10e6, (0.1, 55.0))])
    rate_w_s = 2.0 * np.pi * 0.1 * 10e6
    assert catch_up.time_s(even, 30e6) == pytest.approx(20e6 / rate_w_s)
    assert catch_up.energy_j(even, 30e6) == pytest.approx(20e6**2 / (2.0 * rate_w_s))
    assert catch_up.beforehand_w(pace, 55e6, 60.0) == 20e6
    assert catch_up.beforehand_w(pace, 30e6, 60.0) == 15e6
    assert catch_up.beforehand_w(pace, 30e6, 0.0) == 0.0
