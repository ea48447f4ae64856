"""Keeps the tasks beside the scan alive.

A task that dies is started again after a growing wait and counted. One that dies too often is a
defect that no restart will heal: the supervisor gives up, and the daemon goes into its fail-safe.
The scan itself is not restarted: what it does after an exception is in `daemon.runtime.scan`.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from typing import TYPE_CHECKING, Final

from daemon.drivers.cancellation import heed
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

FIRST_S: Final = 0.1
LAST_S: Final = 5.0
DEATHS: Final = 5
WITHIN: Final = 60 * SECOND


class DefectError(Exception):
    """A part of the daemon is broken and was given up; the text names it."""


class Supervisor:
    """Runs tasks and starts again those that die.

    Attributes:
        restarts: how many were started again.
    """

    def __init__(self, now_ns: Callable[[], int], report: Callable[[str, str], None]) -> None:
        """Use `now_ns` [ns]; `report` is told the name of a task that died, and of what."""
        self.restarts = 0
        self._now_ns = now_ns
        self._report = report

    async def keep(self, name: str, task: Callable[[], Coroutine[object, object, None]]) -> None:
        """Run `task` for ever.

        Raises:
            DefectError: it died `DEATHS` times within `WITHIN`.
        """
        deaths: deque[int] = deque(maxlen=DEATHS)
        wait_s = FIRST_S
        while True:
            try:
                await task()
                cause = "it ended"
            except asyncio.CancelledError as error:
                heed()
                # Nobody asked for it: a library's own that has got out of its hands.
                cause = _told(error)
            except Exception as error:
                cause = _told(error)
            now = self._now_ns()
            if deaths and now - deaths[-1] > WITHIN:
                wait_s = FIRST_S
            deaths.append(now)
            self._report(name, cause)
            if len(deaths) == DEATHS and now - deaths[0] < WITHIN:
                raise DefectError(f"{name} died {DEATHS} times")
            self.restarts += 1
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LAST_S)


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).strip()
