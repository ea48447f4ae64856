"""Requests: computed with what the shell gives beside their own arguments; failures are answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from daemon.model.commands import Finished, Request
from daemon.runtime.requests import Requests
from daemon.runtime.workers import PoolWorkers

if TYPE_CHECKING:
    from collections.abc import Mapping


async def answered(given: Mapping[str, Mapping[str, Any]], *asked: Request) -> list[Finished]:
    """Return what comes back, in the order in which it was asked for."""
    workers = PoolWorkers({"sum": lambda one, other: one + other, "half": lambda one: one / 2})
    requests, found = Requests(workers, given), asyncio.Queue[Finished]()
    for request in asked:
        requests.ask(request, found.put_nowait)
    answers = [await found.get() for _ in asked]
    await requests.close()
    return sorted(answers, key=lambda answer: answer.request_id)


async def test_a_function_gets_what_is_the_same_for_all_of_its_requests() -> None:
    given = {"sum": {"other": 40}}
    found = await answered(
        given, Request(1, "sum", {"one": 2}), Request(2, "half", {"one": 2}),
        Request(3, "sum", {"one": 2, "other": 3}),
    )  # fmt: skip
    assert found == [Finished(1, 42), Finished(2, 1.0), Finished(3, 5)]


async def test_what_fails_answers_with_nothing() -> None:
    assert await answered({}, Request(1, "sum", {"one": 2})) == [Finished(1, None)]
