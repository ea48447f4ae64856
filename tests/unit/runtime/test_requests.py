"""Requests: computed with what the shell gives beside their own arguments; failures are answers."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from daemon.core.transfer import opened
from daemon.journal.files import Folder
from daemon.model.commands import Finished, Request
from daemon.runtime.requests import Requests
from daemon.runtime.workers import PoolWorkers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


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


class _SlowAtFirst(Folder):
    """A state directory whose disk is busy with what it is first given."""

    def __init__(self, path: Path, busy_s: float = 0.05) -> None:
        super().__init__(path)
        self._busy_s = busy_s
        self.ready = threading.Event()

    def replace(self, name: str, data: bytes) -> None:
        busy_s, self._busy_s = self._busy_s, 0.0
        self.ready.wait(busy_s)
        super().replace(name, data)


def _keep(*feeders: str) -> Request:
    return Request(-1, opened.KEEP, {"feeders": {"CCTS-1": list(feeders)}})


async def _kept(folder: Path, *asked: Request) -> Any:
    """Return what stands in the state directory after requests that came at once, and the end."""
    with ThreadPoolExecutor(4) as pool:
        workers = PoolWorkers({opened.KEEP: opened.keep}, pool)
        given = {opened.KEEP: {"files": _SlowAtFirst(folder), "utc_ns": lambda: 1}}
        requests = Requests(workers, given)
        for request in asked:
            requests.ask(request, lambda _: None)
        await requests.close()
    assert requests.failed == 0
    return json.loads((folder / opened.NAME).read_text())["feeders"]["CCTS-1"]


async def test_what_is_kept_last_was_asked_for_last(tmp_path: Path) -> None:
    """A feeder that is opened and closed again in two scans is closed, however slow the disk."""
    asked = _keep("52-HV-1"), _keep("52-HV-1", "52-HV-2"), _keep()
    assert await _kept(tmp_path, *asked) == []


async def test_what_is_to_be_kept_is_kept_before_the_daemon_ends(tmp_path: Path) -> None:
    assert await _kept(tmp_path, _keep("52-HV-1")) == ["52-HV-1"]


async def test_other_work_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    """A program of the site that runs for long holds up no other, and no file holds up either."""
    both = threading.Barrier(2, timeout=5.0)

    def hook() -> bool:
        return both.wait() >= 0

    with ThreadPoolExecutor(4) as pool:
        files = _SlowAtFirst(tmp_path, busy_s=5.0)
        given = {opened.KEEP: {"files": files, "utc_ns": lambda: 1}}
        workers = PoolWorkers({"hook": hook, opened.KEEP: opened.keep}, pool)
        requests, found = Requests(workers, given), asyncio.Queue[Finished]()
        for request in (_keep("52-HV-1"), Request(1, "hook", {}), Request(2, "hook", {})):
            requests.ask(request, found.put_nowait)
        first = [await found.get() for _ in range(2)]
        assert sorted(each.request_id for each in first) == [1, 2]
        assert all(each.result for each in first), "both ran at the same time"
        files.ready.set()
        await requests.close()
