"""Tasks that die are started again, until they die too often."""

from __future__ import annotations

import asyncio

import pytest

from daemon.runtime.supervisor import DefectError, Supervisor


@pytest.mark.fault("F71")
async def test_dead_task_is_restarted_and_counted() -> None:
    said: list[tuple[str, str]] = []
    supervisor = Supervisor(lambda: 0, lambda name, why: said.append((name, why)))
    alive = asyncio.Event()
    runs = 0

    async def task() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RuntimeError("first time")
        alive.set()
        await asyncio.Event().wait()

    kept = asyncio.create_task(supervisor.keep("link", task))
    await asyncio.wait_for(alive.wait(), 5)
    kept.cancel()
    await asyncio.gather(kept, return_exceptions=True)
    assert (runs, supervisor.restarts) == (2, 1)
    assert said[0][0] == "link"
    assert "first time" in said[0][1]


@pytest.mark.fault("F71")
async def test_task_that_dies_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.runtime.supervisor.FIRST_S", 0.0)
    supervisor = Supervisor(lambda: 0, lambda _name, _why: None)

    async def task() -> None:
        raise RuntimeError("always")

    with pytest.raises(DefectError, match="link died 5 times"):
        await asyncio.wait_for(supervisor.keep("link", task), 5)


@pytest.mark.fault("F71")
async def test_a_cancellation_that_nobody_asked_for_is_a_death_and_not_the_end() -> None:
    said: list[str] = []
    supervisor = Supervisor(lambda: 0, lambda _, why: said.append(why))
    alive = asyncio.Event()

    async def task() -> None:
        if not said:
            raise asyncio.CancelledError
        alive.set()
        await asyncio.Event().wait()

    kept = asyncio.create_task(supervisor.keep("link", task))
    await asyncio.wait_for(alive.wait(), 5)
    assert "CancelledError" in said[0]
    kept.cancel()
    await asyncio.wait([kept], timeout=5)
    assert kept.cancelled()
