"""A plant that moves by itself on a loop with exact timers: whenever something is due on it.

On the desk a plant is moved on in equal steps of real time (`desk`). Where time is virtual nobody
has to be kept pace with: the plant is moved to the next instant at which it wants to be, or at
which the scenario does something, and stands in between. Whoever writes finds it at the present.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Final, Protocol

from daemon.model.quantities import seconds
from device_emulators.play import Playable

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable

    from device_emulators.play import Play


class Due(Playable, Protocol):
    """A plant that knows when it wants to be moved on, and takes values."""

    @property
    def due_ns(self) -> int:
        """Plant time at which it wants to be advanced next [ns]."""
        ...

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Hand a value to a device; False when the device refuses it."""
        ...


class Pace:
    """Moves a plant and the scenario played on it."""

    def __init__(
        self, plant: Due, play: Play, loop: AbstractEventLoop, now_ns: Callable[[], int]
    ) -> None:
        """Stand still until `start`; `now_ns` is the time of `loop`, and of the plant [ns]."""
        self._plant: Final = plant
        self._play: Final = play
        self._loop: Final = loop
        self._now_ns: Final = now_ns
        self._timer: TimerHandle | None = None
        # Whoever writes must not take the plant along when he is paused.
        self._context: Final = copy_context()

    def start(self) -> None:
        """Begin to move."""
        self.look()

    def stop(self) -> None:
        """Stand still for good."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Bring plant and scenario to the present, and see when they are due next."""
        self._play.advance(self._now_ns())
        self._arm()

    def _arm(self) -> None:
        self.stop()
        wait_ns = max(1, min(self._plant.due_ns, self._play.due_ns) - self._now_ns())
        self._timer = self._loop.call_later(seconds(wait_ns), self.look, context=self._context)

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Hand a value to a device at the present instant; return whether it took it.

        A heartbeat may count from the plant's last step: it is asked about in whole seconds, and
        a step for each of them would be most of the work.
        """
        if point == "heartbeat":
            return self._plant.write(equipment, point, value)
        self._play.advance(self._now_ns())
        taken = self._plant.write(equipment, point, value)
        self._arm()
        return taken
