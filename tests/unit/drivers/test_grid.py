"""The poll grid: fixed, counted, and less often for a device that cannot keep up."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.drivers.grid import Backoff, Poll, spread
from daemon.drivers.plan import Block, plan
from daemon.drivers.table import STALE_MIN
from daemon.model.points import tabulate
from daemon.model.quantities import MILLISECOND
from tests.unit.drivers.board import site


def poll(period_s: float = 0.1) -> Poll:
    return Poll(Block(2, "input", 0, 1, period_s, ()))


def test_the_grid_never_slides_and_missed_slots_are_counted() -> None:
    one = poll()
    assert one.advance(1003 * MILLISECOND) == 0
    assert one.due_ns == 1100 * MILLISECOND
    assert one.advance(1105 * MILLISECOND) == 0
    assert one.due_ns == 1200 * MILLISECOND
    assert one.advance(1450 * MILLISECOND) == 2
    assert one.due_ns == 1500 * MILLISECOND


@pytest.mark.fault("F04")
def test_slow_device_is_asked_less_often_until_it_is_quick_again() -> None:
    one = poll()
    for _ in range(3):
        one.judge(300 * MILLISECOND)
    one.advance(0)
    assert (one.slow, one.due_ns) == (True, 200 * MILLISECOND)
    one.judge(80 * MILLISECOND)
    assert one.slow, "no flapping between the two"
    one.judge(20 * MILLISECOND)
    one.advance(200 * MILLISECOND)
    assert (one.slow, one.due_ns) == (False, 300 * MILLISECOND)


@pytest.mark.fault("F04")
def test_fast_poll_of_a_slow_device_does_not_let_its_values_grow_stale() -> None:
    one = poll(0.01)
    for _ in range(10):
        one.judge(15 * MILLISECOND)
    assert not one.slow
    for _ in range(3):
        one.judge(30 * MILLISECOND)
    one.advance(0)
    assert one.due_ns < STALE_MIN // 2


def test_slow_polls_are_dealt_over_their_period_and_fast_ones_share_every_slot() -> None:
    plant = site(breakers=9)
    blocks = plan(plant, tabulate(plant), "GW")
    phases = {p.phase_ns for place in range(5) for p in spread(blocks, place) if p.period_ns > 1e8}
    assert len(phases) > 10
    fast = [p for place in range(5) for p in spread(blocks, place) if p.period_ns < 1e8]
    assert {p.phase_ns for p in fast} == {0}


@pytest.mark.fault("F01")
def test_waits_grow_to_five_seconds_and_are_jittered() -> None:
    backoff = Backoff(np.random.Generator(np.random.PCG64(1)))
    waits = [backoff.draw() for _ in range(10)]
    assert 0.05 <= waits[0] <= 0.1
    assert 2.5 <= waits[-1] <= 5.0
    assert len(set(waits)) == 10
    backoff.reset()
    assert backoff.draw() <= 0.1
