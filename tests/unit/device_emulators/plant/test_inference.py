"""What answering requests draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from device_emulators.plant.computing import Work
from device_emulators.plant.inference import GRID_S, Inference, Requests


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_power_follows_the_arrivals() -> None:
    # one prompt at 100 s among nothing: a tenth of 200 s is spent reading it
    lone = Requests(np.array([100.0, 200.0]), np.array([1000.0, 1e-9]), np.array([10.0, 1e-9]))
    job = replace(Inference(lone), copies_count=1, busy_pu=0.1, answers_count=1e-3, token_s=0.05)
    course = job.answers(rng()).course_pu
    reading = np.flatnonzero(course > 0.9) * GRID_S
    assert reading[0] == pytest.approx(100.0, abs=0.11)
    assert reading[-1] == pytest.approx(120.0, abs=0.2)
    assert course[: int(99.0 / GRID_S)] == pytest.approx(job.idle_pu)


def test_prompts_that_come_together_are_read_one_after_the_other() -> None:
    both = Requests(np.array([10.0, 10.0, 100.0]), np.array([1.0, 1.0, 1e-9]), np.full(3, 1e-9))
    job = replace(Inference(both), copies_count=1, busy_pu=0.2)
    course = job.answers(rng()).course_pu
    assert (course > 0.93).sum() * GRID_S == pytest.approx(20.0, abs=0.3)


def test_a_row_is_busy_for_the_part_that_is_asked_for() -> None:
    job = Inference(busy_pu=0.3)
    requests = Requests.synthetic(rng())
    assert np.all(np.diff(requests.t_s) >= 0.0)
    reading = job._reading_pu(requests, int(requests.t_s[-1] / GRID_S) + 1)
    assert 0.0 <= reading.min() <= reading.max() <= 1.0 + 1e-9
    assert reading.mean() == pytest.approx(0.3, rel=0.02)


def test_arrivals_are_bursts_and_not_even() -> None:
    requests = Requests.synthetic(rng())
    count = np.histogram(requests.t_s, np.arange(0.0, 1800.0, 5.0))[0]
    assert count.var() > 3.0 * count.mean()  # a Poisson process would have 1


def test_many_copies_swing_less_than_one() -> None:
    swing = [
        np.std(replace(Inference(), copies_count=copies).answers(rng()).course_pu)
        for copies in (1, 64)
    ]
    assert swing[1] < 0.8 * swing[0]


def test_levels_follow_from_the_work() -> None:
    job = Inference.of(Work(batch_count=16.0, accelerators_count=8))
    assert job.idle_pu < job.decode_pu < job.prefill_pu
    assert job.answers_count == 8.0
