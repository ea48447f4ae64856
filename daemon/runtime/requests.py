"""Requests of the core: computed by a worker, answered through the inbox.

Each has a worker of its own and none waits for another, but those that touch the state directory:
what is kept there takes the place of what was kept before, so it is done in the order in which it
was asked for, one after the other. They are few and small; a disk that holds up one holds up all.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from daemon.model.commands import Finished, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.runtime.world import Workers

KEPT_S: Final = 2.0
"""What is being kept has so long at the end of a daemon [s]; a disk that hangs must not hold it."""


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
                in all of them and too large to be one. What is given `files` is done in order.
        """
        self.failed = 0
        self._workers = workers
        self._given = given
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # who waits for it gets it in the order of asking

    def ask(self, request: Request, answer: Callable[[Finished], None]) -> None:
        """Begin to compute; `answer` gets the result when it is there."""
        given = self._given.get(request.function, {})
        keeps = "files" in given
        task = asyncio.create_task(self._compute(request, answer, given, in_order=keeps))
        tasks = self._keeping if keeps else self._tasks
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _compute(
        self,
        request: Request,
        answer: Callable[[Finished], None],
        given: Mapping[str, Any],
        *,
        in_order: bool,
    ) -> None:
        result = None
        try:
            async with self._turn if in_order else nullcontext():
                result = await self._workers.run(request.function, {**given, **request.arguments})
        except Exception:
            self.failed += 1
        answer(Finished(request.id, result))

    async def close(self) -> None:
        """End what is still being computed, once what is to be kept is kept."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=KEPT_S)
        tasks = [*self._keeping, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
