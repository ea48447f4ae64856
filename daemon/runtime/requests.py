"""Requests of the core: computed by a worker, answered through the inbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemon.model.commands import Finished, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.runtime.world import Workers


class Requests:
    """Hands requests to workers, one task each.

    Attributes:
        failed: requests that raised; their answer is None.
    """

    def __init__(self, workers: Workers) -> None:
        """Compute with `workers`."""
        self.failed = 0
        self._workers = workers
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, request: Request, answer: Callable[[Finished], None]) -> None:
        """Begin to compute; `answer` gets the result when it is there."""
        task = asyncio.create_task(self._compute(request, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compute(self, request: Request, answer: Callable[[Finished], None]) -> None:
        result = None
        try:
            result = await self._workers.run(request.function, request.arguments)
        except Exception:
            self.failed += 1
        answer(Finished(request.id, result))

    async def close(self) -> None:
        """End what is still being computed."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
