"""What synchronous training draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from device_emulators.plant.computing import Model, Work
from device_emulators.plant.training import Training

RATING = np.full(48, 130e3)
ROW = np.repeat(np.arange(6), 8).astype(np.intp)
FINE_S = np.arange(0.0, 300.0, 0.02)


def test_what_stands_for_the_reference_rack_follows_from_the_work() -> None:
    said, derived = Training(), Training.of(Work())
    for name in ("compute_pu", "communicate_pu", "wait_pu", "step_s"):
        assert getattr(said, name) == pytest.approx(getattr(derived, name), rel=2e-3), name


def test_a_step_computes_and_communicates_as_long_as_it_says() -> None:
    job = replace(Training(), pass_swing_pu=0.0)
    level = job.level_pu(np.arange(0.0, job.step_s, 0.02))
    low = (level < job.communicate_pu + 1e-3).mean()
    assert low == pytest.approx(job.communication_pu, abs=0.02)
    assert level.max() == pytest.approx(job.compute_pu, rel=1e-3)
    assert level.min() == pytest.approx(job.communicate_pu)


def test_steps_come_at_the_step_time_and_an_evaluation_after_them() -> None:
    job = replace(Training(), pass_swing_pu=0.0, checkpoint_s=Training().settle_s)
    course = job.level_pu(FINE_S)
    talking = np.abs(course - job.communicate_pu) < 1e-3
    talks = np.flatnonzero(np.diff(talking.astype(int)) > 0) * 0.02
    waits = FINE_S[course == job.wait_pu]
    gaps = np.diff(talks[talks < job.evaluate_steps * job.step_s])
    assert gaps == pytest.approx(np.full(len(gaps), job.step_s), abs=0.03)
    assert len(gaps) == job.evaluate_steps - 1
    assert waits[0] == pytest.approx(job.evaluate_steps * job.step_s, abs=0.03)
    assert (waits < job.cycle_s).sum() * 0.02 == pytest.approx(job.settle_s, abs=0.03)


def test_checkpoints_come_and_end() -> None:
    job = replace(Training(), checkpoint_evaluations=3, checkpoint_s=6.0, settle_s=0.0)
    waits = job.level_pu(np.arange(0.0, 6.0 * job.cycle_s, 0.1)) == job.wait_pu
    assert int(waits.sum()) == pytest.approx(120, abs=3)
    assert int((np.diff(waits.astype(int)) > 0).sum()) == 2


def test_rows_are_not_in_step_so_the_site_swings_less_than_its_rows() -> None:
    demand = Training().fit(RATING, ROW, np.random.default_rng(1))
    course = np.array([demand.power_w(t) for t in np.arange(0.0, 60.0, 0.05)])
    row = course[:, :8].sum(axis=1) / (8 * 130e3)
    site = course.sum(axis=1) / RATING.sum()
    assert np.ptp(site) < 0.8 * np.ptp(row)
    assert 0.85 < site.mean() < 0.93
    assert (course <= RATING).all()


def test_another_model_swings_otherwise() -> None:
    dense = Training.of(Work())
    sparse = Training.of(
        Work(Model(parameters_count=1.4e12, active_count=22e9), communication_pu=0.25)
    )
    assert sparse.step_s == pytest.approx(dense.step_s * (22 / 175) * (0.905 / 0.75), rel=1e-6)
    assert sparse.communication_pu == 0.25
