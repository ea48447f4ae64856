"""Requests of the core: computed by a worker, answered through the inbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from daemon.model.commands import Finished, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.runtime.world import Workers


class Requests:
    """Hands requests to workers, one task each.

    Attributes:
        failed: requests that raised; their answer is None.
    """

    def __init__(self, workers: Workers, given: Mapping[str, Mapping[str, Any]]) -> None:
        """Compute with `workers`.

        Args:
            workers: who computes.
            given: by function what it is given beside the arguments of a request: what is the same
                in all of them and too large to be one.
        """
        self.failed = 0
        self._workers = workers
        self._given = given
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, request: Request, answer: Callable[[Finished], None]) -> None:
        """Begin to compute; `answer` gets the result when it is there."""
        task = asyncio.create_task(self._compute(request, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compute(self, request: Request, answer: Callable[[Finished], None]) -> None:
        result = None
        try:
            given = self._given.get(request.function, {})
            result = await self._workers.run(request.function, {**given, **request.arguments})
        except Exception:
            self.failed += 1
        answer(Finished(request.id, result))

    async def close(self) -> None:
        """End what is still being computed."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
