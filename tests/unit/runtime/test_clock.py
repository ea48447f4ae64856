"""The grid of the scan: it never slides and is never ahead of the clock."""

from __future__ import annotations

import asyncio
import time

import pytest

from daemon.model.quantities import MILLISECOND
from daemon.runtime.clock import SleepTicks, TimerFdTicks

PERIOD = 10 * MILLISECOND


async def test_instants_are_multiples_of_the_period_and_not_in_the_future() -> None:
    ticks = TimerFdTicks(time.monotonic_ns, PERIOD)
    try:
        slots = []
        for _ in range(5):
            slots.append(await ticks.wait())
            assert slots[-1] <= time.monotonic_ns()
        assert [slot % PERIOD for slot in slots] == [0] * 5
        assert sorted(set(slots)) == slots
    finally:
        ticks.close()


async def test_a_late_listener_misses_instants_and_is_given_none_twice_or_early() -> None:
    ticks = TimerFdTicks(time.monotonic_ns, PERIOD)
    loop = asyncio.get_running_loop()
    try:
        for stall_s in (0.013, 0.025, 0.009, 0.031) * 5:
            # Somebody else holds the loop between the ring and its listener.
            loop.call_soon(time.sleep, stall_s)
            await asyncio.sleep(0)
            loop.call_soon(time.sleep, stall_s)
            slot = await ticks.wait()
            assert slot <= time.monotonic_ns()
    finally:
        ticks.close()


async def test_ringing_again_within_an_instant_is_not_another() -> None:
    now_ns = 1000 * PERIOD
    ticks = TimerFdTicks(lambda: now_ns, PERIOD)
    try:
        now_ns += 2 * PERIOD + 3
        assert await ticks.wait() == 1002 * PERIOD
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ticks.wait(), 0.05)
        now_ns += PERIOD
        assert await ticks.wait() == 1003 * PERIOD
    finally:
        ticks.close()


async def test_ticks_by_sleeping_keep_the_grid_and_serve_a_late_instant_once() -> None:
    loop, slots, came = asyncio.get_running_loop(), [], []
    now_ns = [1000 * PERIOD + 3]

    def act(slot_ns: int) -> None:
        slots.append(slot_ns // PERIOD)
        came.append(now_ns[0])
        now_ns[0] += 5 * PERIOD // 2 if len(slots) == 2 else PERIOD
        if len(slots) == 5:
            raise ValueError("enough")

    ticks = SleepTicks(lambda: now_ns[0], PERIOD)
    loop.call_later(0.01, lambda: now_ns.__setitem__(0, 1001 * PERIOD))
    with pytest.raises(ValueError, match="enough"):
        await asyncio.wait_for(ticks.each(act), 1.0)
    ticks.close()
    assert slots == [1001, 1002, 1004, 1005, 1006]
    assert all(slot * PERIOD <= at for slot, at in zip(slots, came, strict=True))


async def test_ticks_by_sleeping_end_with_whoever_waits_for_them_even_while_they_ring() -> None:
    acted: list[int] = []
    ticks = SleepTicks(time.monotonic_ns, PERIOD)
    waiting = asyncio.create_task(ticks.each(acted.append))
    await asyncio.sleep(0.03)
    ring = ticks._timer
    assert ring is not None
    ring._run()  # rung, and cancelled before its turn
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    ticks.close()
    count = len(acted)
    await asyncio.sleep(0.03)
    assert len(acted) == count
