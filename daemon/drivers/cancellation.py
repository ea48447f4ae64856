"""Cancellation that a library may have swallowed.

`asyncio.wait_for` of Python 3.11 returns a result that came together with a cancellation and
forgets the cancellation; pymodbus and asyncua wait by it throughout. A loop around their calls
would then go on for ever. The task itself still knows that it was asked to end.
"""

from __future__ import annotations

import asyncio


def heed() -> None:
    """Raise the cancellation that the current task was asked for and did not get.

    Raises:
        asyncio.CancelledError: the task is to end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
