"""Time that jumps: order, exactness, and what a loop does when none can pass."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from device_emulators.virtual.link import located
from device_emulators.virtual.loop import LAST_S, StandstillError, VirtualLoop
from device_emulators.virtual.run import EPOCH_NS, run

if TYPE_CHECKING:
    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network

SECOND = 1_000_000_000
HOUR_S = 3600


def test_an_hour_of_ticks_falls_on_its_grid_to_the_nanosecond() -> None:
    async def program(_: Network, clock: VirtualClock) -> list[int]:
        at = []
        for number in range(1, 36_001):
            await asyncio.sleep((number * SECOND // 10 - clock.monotonic_ns()) / 1e9)
            at.append(clock.monotonic_ns())
        return at

    assert run(program, seed=0) == [number * SECOND // 10 for number in range(1, 36_001)]


def test_timers_of_one_hour_fire_in_their_order() -> None:
    async def program(_: Network, clock: VirtualClock) -> list[float]:
        loop = asyncio.get_running_loop()
        fired: list[float] = []
        for number in range(20_000):
            at_s = float(number * 7919 % 20_000) * HOUR_S / 20_000
            loop.call_at(at_s, fired.append, at_s)
        await asyncio.sleep(HOUR_S)
        assert clock.monotonic_ns() == HOUR_S * SECOND
        return fired

    fired = run(program, seed=0)
    assert len(fired) == 20_000
    assert fired == sorted(fired)


def test_timers_of_one_instant_fire_in_the_order_of_their_setting() -> None:
    async def program(_: Network, clock: VirtualClock) -> list[int]:
        loop = asyncio.get_running_loop()
        fired: list[int] = []
        for number in range(500):
            loop.call_at(1.0 + number % 3, fired.append, number)
            loop.call_at(0.5 + number % 5, lambda: None).cancel()
        await asyncio.sleep(5)
        return fired

    assert run(program, seed=0) == sorted(range(500), key=lambda number: (number % 3, number))


def test_a_timer_set_for_the_past_is_due_now() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        await asyncio.sleep(10)
        fired: list[int] = []
        loop = asyncio.get_running_loop()
        loop.call_at(5.0, lambda: fired.append(clock.monotonic_ns()))
        await asyncio.sleep(1)
        assert fired == [10 * SECOND]
        assert clock.monotonic_ns() == 11 * SECOND

    run(program, seed=0)


def test_cancelled_timers_do_not_fire_and_do_not_pile_up() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        for _number in range(20_000):
            loop.call_later(HOUR_S, pytest.fail, "a cancelled timer fired").cancel()
            await asyncio.sleep(0.001)
        assert len(loop._timers) < 2_100
        await asyncio.sleep(2 * HOUR_S)

    run(program, seed=0)


def test_a_paused_machine_does_nothing_and_then_all_that_is_due() -> None:
    async def program(network: Network, clock: VirtualClock) -> None:
        ticked: dict[str, list[int]] = {"daemon": [], "plant": []}

        async def tick(machine: str) -> None:
            while True:
                ticked[machine].append(clock.monotonic_ns() // SECOND)
                await asyncio.sleep(1)

        tasks = []
        for machine in ticked:
            with located(machine):
                tasks.append(asyncio.create_task(tick(machine)))
        await asyncio.sleep(2.5)
        network.loop.pause("daemon")
        await asyncio.sleep(5)
        network.loop.resume("daemon")
        await asyncio.sleep(2.2)
        assert ticked["plant"] == list(range(10))
        assert ticked["daemon"] == [0, 1, 2, 7, 8, 9]
        for task in tasks:
            task.cancel()

    run(program, seed=0)


def test_time_limit_ends_at_its_instant() -> None:
    async def program(_: Network, clock: VirtualClock) -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await asyncio.sleep(1)
        return clock.monotonic_ns()

    assert run(program, seed=0) == 50_000_000


def test_a_sleep_of_several_days_is_one_jump() -> None:
    async def program(_: Network, clock: VirtualClock) -> int:
        await asyncio.sleep(7 * 24 * HOUR_S)
        return clock.monotonic_ns()

    assert run(program, seed=0) == 7 * 24 * HOUR_S * SECOND


def test_time_ends_before_nanoseconds_blur() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        await asyncio.sleep(LAST_S)

    with pytest.raises(OverflowError, match="virtual time ends"):
        run(program, seed=0)


def test_waiting_for_what_cannot_come_is_an_error_that_names_who_waits() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        async def starve() -> None:
            await asyncio.Event().wait()

        await asyncio.create_task(starve(), name="the hungry one")

    with pytest.raises(StandstillError, match="the hungry one"):
        run(program, seed=0)


def test_spinning_at_one_instant_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_emulators.virtual.loop.TURNS_AT_ONE_INSTANT", 1000)

    async def program(_: Network, clock: VirtualClock) -> None:
        while clock.monotonic_ns() < SECOND:  # noqa: ASYNC110 - the mistake that is meant
            await asyncio.sleep(0)

    with pytest.raises(StandstillError, match="spins"):
        run(program, seed=0)


def test_turns_at_many_instants_are_no_spinning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_emulators.virtual.loop.TURNS_AT_ONE_INSTANT", 1000)

    async def program(_: Network, clock: VirtualClock) -> None:
        for _turn in range(3):
            for _again in range(900):
                await asyncio.sleep(0)
            await asyncio.sleep(0.001)

    run(program, seed=0)


def test_slow_work_runs_inline_and_takes_no_time() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        home = threading.get_ident()
        assert await asyncio.to_thread(threading.get_ident) == home
        loop = asyncio.get_running_loop()
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 / 0)
        assert clock.monotonic_ns() == 0

    run(program, seed=0)


def test_a_call_from_the_own_thread_is_taken_and_one_from_another_refused() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        called = asyncio.Event()
        loop.call_soon_threadsafe(called.set)
        await called.wait()
        refused: list[BaseException] = []

        def call() -> None:
            try:
                loop.call_soon_threadsafe(called.set)
            except RuntimeError as error:
                refused.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        assert "thread under virtual time" in str(refused[0])

    run(program, seed=0)


def test_signal_handlers_are_accepted() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: None)
        assert loop.remove_signal_handler(signal.SIGTERM) is False

    run(program, seed=0)


def test_tasks_of_a_group_are_cancelled_in_the_order_of_their_start() -> None:
    """On an ordinary loop the order is that of addresses, and differs from run to run."""

    async def program(_: Network, clock: VirtualClock) -> list[int]:
        ended: list[int] = []
        ballast = []

        async def wait(number: int) -> None:
            try:
                await asyncio.sleep(HOUR_S)
            finally:
                ended.append(number)

        async def fail() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(50):
                    group.create_task(wait(number))
                    ballast.append(bytearray(100 * (number % 7)))
                await asyncio.sleep(1)
                raise ValueError

        with pytest.raises(ExceptionGroup):
            await fail()
        return ended

    assert run(program, seed=0) == run(program, seed=0) == list(range(50))


def test_wall_clock_follows_and_can_be_set() -> None:
    async def program(_: Network, clock: VirtualClock) -> None:
        await asyncio.sleep(2.5)
        assert clock.utc_ns() == EPOCH_NS + 2_500_000_000
        clock.step(-SECOND)
        assert clock.utc_ns() == EPOCH_NS + 1_500_000_000
        assert clock.monotonic_ns() == 2_500_000_000

    run(program, seed=0)
