"""Jobs that rows start and stop."""

from __future__ import annotations

import numpy as np
import pytest

from device_emulators.plant.inference import Inference
from device_emulators.plant.jobs import IDLE_PU, WAIT_PU, Idle, Jobs
from device_emulators.plant.training import Training
from device_emulators.plant.workload import Steady

RATING = np.full(4, 100e3)
ROW = np.array([0, 0, 1, 1], np.intp)


def jobs(level_pu: float = 0.8) -> Jobs:
    rng = np.random.default_rng(1)
    return Jobs(Steady(level_pu).fit(RATING, ROW, rng), RATING, ROW, rng)


def rows(work: Jobs, t_s: float) -> list[float]:
    """Return the power of each row by rating."""
    return [float(x) for x in work.power_w(t_s).reshape(2, 2).mean(axis=1) / 100e3]


def test_rows_follow_the_workload_of_the_site_until_a_job_starts() -> None:
    work = jobs()
    assert rows(work, 3.0) == [0.8, 0.8]
    work.start(0, Training(), 10.0)
    began = float(Training().level_pu(np.array([2.0]))[0])
    assert rows(work, 12.0) == pytest.approx([began, 0.8])
    work.start(0, Idle(), 20.0)
    assert rows(work, 20.0) == pytest.approx([IDLE_PU, 0.8])
    work.restore(0, 1.0)
    assert rows(work, 21.0) == pytest.approx([0.8, 0.8])


def test_rows_whose_jobs_start_together_swing_together() -> None:
    work = jobs()
    for row in (0, 1):
        work.start(row, Training(), 5.0)
    course = np.array([rows(work, t) for t in np.arange(5.0, 40.0, 0.1)])
    assert (course[:, 0] == course[:, 1]).all()
    work.start(1, Training(), 40.0)
    course = np.array([rows(work, t) for t in np.arange(40.0, 80.0, 0.1)])
    assert np.corrcoef(course.T)[0, 1] < 0.5


def test_part_of_a_job_draws_part_of_what_is_above_idle() -> None:
    work = jobs()
    work.start(0, None, 0.0, 0.5)
    assert rows(work, 1.0) == pytest.approx([IDLE_PU + 0.5 * (0.8 - IDLE_PU), 0.8])
    work.start(1, None, 0.0, 0.0)
    assert rows(work, 1.0)[1] == pytest.approx(IDLE_PU)


def test_a_checkpoint_waits_and_a_surge_ends() -> None:
    work = jobs(0.3)
    racks = np.array([0, 1])
    work.surge(racks, 50e3, 10.0)
    assert rows(work, 9.9) == pytest.approx([0.8, 0.3])
    assert rows(work, 10.0) == pytest.approx([0.3, 0.3])
    work.surge(racks, 500e3, 10.0)
    assert rows(work, 9.9) == pytest.approx([1.0, 0.3])
    work = jobs(0.8)
    work.wait(1, 6.0)
    assert rows(work, 5.0) == pytest.approx([0.8, WAIT_PU])
    assert rows(work, 6.0) == pytest.approx([0.8, 0.8])


def test_answers_follow_a_record_that_only_the_seed_decides() -> None:
    one, two = jobs(), jobs()
    for work in (one, two):
        work.start(0, work.answers(Inference()), 0.0)
    course = np.array([rows(one, t)[0] for t in np.arange(0.0, 300.0, 0.1)])
    assert [rows(two, t)[0] for t in (1.0, 77.7, 250.0)] == [
        rows(one, t)[0] for t in (1.0, 77.7, 250.0)
    ]
    assert WAIT_PU - 1e-3 <= course.min() < course.max() <= 1.0
    assert np.ptp(course) > 0.1


def test_rows_that_answer_the_same_requests_share_a_record() -> None:
    work = jobs()
    assert work.answers(Inference()) is work.answers(Inference())
    assert work.answers(Inference()) is not work.answers(Inference(busy_pu=0.1))
