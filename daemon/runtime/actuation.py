"""From commands to devices: in order for each gateway, never waited for by a scan.

Actions and everything else queue apart, so that an opening never stands behind a set-point. A queue
that is full answers at once; one that is cleared answers for what it held. Every command gets
exactly one outcome.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from daemon.model.commands import Command, Outcome, Result
from daemon.publishers.publisher import Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from daemon.drivers.driver import Driver
    from daemon.model.plant import Site

    Answer = Callable[[Outcome], None]
    Waiting = tuple[Command, Answer, int]

QUEUE: Final = 1000


class Actuation:
    """Hands commands to drivers.

    Attributes:
        results: commands by result.
        spread: how long commands took, from the decision to the answer of the device.
    """

    def __init__(
        self, site: Site, drivers: Mapping[str, Driver], now_ns: Callable[[], int]
    ) -> None:
        """Make two queues for each of `drivers`, by gateway."""
        self.results: Final = Counter({result.value: 0 for result in Result})
        self.spread: Final = Spread()
        self._now_ns = now_ns
        self._gateway = {
            item.id: item.device.gateway for item in site.equipment.values() if item.device
        }
        self._drivers = drivers
        self._queues: dict[tuple[str, bool], asyncio.Queue[Waiting]] = {
            (gateway, urgent): asyncio.Queue(QUEUE)
            for gateway in drivers
            for urgent in (True, False)
        }

    def act(self, commands: Iterable[Command], answer: Answer) -> None:
        """Queue `commands` in order; `answer` gets the outcome of each."""
        for command in commands:
            key = self._gateway.get(command.equipment, ""), command.point == "command"
            queue = self._queues.get(key)
            if queue is None:
                self._answer(answer, command, Result.REFUSED, "nothing reaches this equipment")
            elif queue.full():
                self._answer(answer, command, Result.FAILED, "too many commands wait; not sent")
            else:
                queue.put_nowait((command, answer, self._now_ns()))

    def discard(self, why: str) -> int:
        """Answer for every command that waits, without sending it; return how many."""
        discarded = 0
        for queue in self._queues.values():
            while not queue.empty():
                command, answer, _ = queue.get_nowait()
                self._answer(answer, command, Result.EXPIRED, why)
                discarded += 1
        return discarded

    def _answer(self, answer: Answer, command: Command, result: Result, detail: str) -> None:
        self.results[result.value] += 1
        answer(Outcome(command.id, result, self._now_ns(), detail))

    async def run(self) -> None:
        """Send until cancelled; what still waits then is discarded."""
        try:
            async with asyncio.TaskGroup() as group:
                for (gateway, _), queue in self._queues.items():
                    group.create_task(self._serve(self._drivers[gateway], queue))
        finally:
            self.discard("the daemon ends")

    async def _serve(self, driver: Driver, queue: asyncio.Queue[Waiting]) -> None:
        while True:
            command, answer, decided_ns = await queue.get()
            try:
                outcome = await driver.write(command)
            except BaseException:
                self._answer(answer, command, Result.FAILED, "the driver broke off")
                raise
            self.results[outcome.result.value] += 1
            self.spread.add(self._now_ns() - decided_ns)
            answer(outcome)
