"""Slow work: pure functions by name, away from the scan."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor


class PoolWorkers:
    """Runs known functions in an executor; None is the event loop's own threads."""

    def __init__(
        self, functions: Mapping[str, Callable[..., Any]], executor: Executor | None = None
    ) -> None:
        """Know `functions` by name."""
        self._functions = functions
        self._executor = executor

    async def run(self, function: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return the result of `function`.

        Raises:
            KeyError: there is no such function.
        """
        work = partial(self._functions[function], **arguments)
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
