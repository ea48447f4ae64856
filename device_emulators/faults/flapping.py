"""Links that come and go: a gateway that refuses everybody and takes connections, in turn."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

from daemon.model.quantities import ns
from device_emulators.faults.words import ENDS
from device_emulators.play import NEVER

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable, Mapping

    Suffer = Callable[[str, str, Mapping[str, Any]], None]


class Flapping:
    """Passes on what is done to gateways; `flap` becomes `refuse` and `heal`, half a period each.

    Each return heals whatever else is wrong with the gateway.
    """

    def __init__(self, loop: AbstractEventLoop, suffer: Suffer) -> None:
        """Let `suffer` carry out what is done, in the time of `loop`."""
        self._loop, self._suffer = loop, suffer
        self._timers: Final[dict[str, TimerHandle]] = {}

    @property
    def due_ns(self) -> int:
        """Return before when no link comes or goes, or `NEVER` [ns of the loop]."""
        return min((ns(timer.when()) - 1 for timer in self._timers.values()), default=NEVER)

    def suffer(self, gateway: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something to a gateway."""
        if event == "flap":
            self._end(gateway)
            self._turn(gateway, 0.5 * float(values["period_s"]), away=True)
            return
        if event in ENDS:
            self._end(gateway)
        self._suffer(gateway, event, values)

    def _turn(self, gateway: str, half_s: float, *, away: bool) -> None:
        self._suffer(gateway, "refuse" if away else "heal", {})
        self._timers[gateway] = self._loop.call_later(
            half_s, lambda: self._turn(gateway, half_s, away=not away), context=Context()
        )

    def _end(self, gateway: str) -> None:
        timer = self._timers.pop(gateway, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Leave everything as it is."""
        for gateway in list(self._timers):
            self._end(gateway)
