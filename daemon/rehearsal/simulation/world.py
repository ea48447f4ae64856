"""The world of a daemon in virtual time: files in memory, work done at once, news passed on.

Only what belongs to the operating system is replaced. Drivers are the real ones at `wire` depth;
MQTT and Prometheus stay behind the publisher's port, because a broker lives in real time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from daemon.core import tags
from daemon.core.balance.shaving.errand import PLAN, plan
from daemon.core.balance.shaving.history import KEEP, RECALL, keep, recall
from daemon.core.balance.shutdown import HOOK
from daemon.core.estimation.estimator import NETWORK, networked
from daemon.core.interlocks import wear
from daemon.core.transfer import opened
from daemon.runtime.clock import SleepTicks
from daemon.runtime.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.random import Generator

    from daemon.drivers.driver import Driver, Link, Statistics
    from daemon.journal.files import Appender
    from daemon.model.commands import Command, Outcome
    from daemon.model.events import AlarmTransition, Event
    from daemon.publishers.publisher import Snapshot
    from daemon.rehearsal.simulation.observer import Observer
    from daemon.runtime.clock import Clock

RECORD_BYTES: Final = 1024**3
"""A record in memory takes no more than that."""


def world(
    clock: Clock, links: Callable[[Link], Driver], audience: Audience, chance: Generator
) -> World:
    """Return a world on `clock` whose drivers come from `links`, seen by `audience`."""
    return World(
        clock=clock,
        ticks=lambda period_ns: SleepTicks(clock.monotonic_ns, period_ns),
        files=MemoryFiles(),
        record_bytes=RECORD_BYTES,
        workers=InlineWorkers(
            {
                HOOK: _not_run,
                PLAN: plan,
                NETWORK: networked,
                KEEP: keep,
                RECALL: recall,
                opened.KEEP: opened.keep,
                tags.KEEP: tags.keep,
                wear.KEEP: wear.keep,
            }
        ),
        links=lambda link: WatchedDriver(links(link), audience, clock),
        north=lambda _: (audience,),
        chance=chance,
    )


def _not_run(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - as the core asks
    """Stand in for the site's program: what happens in virtual time is told to nobody."""
    return {"ok": True, "code": 0, "said": f"{arguments['program'][0]} is not run in a simulation"}


class Audience:
    """Passes what the daemon publishes, and what it sends, to the observers; a publisher.

    Attributes:
        name: what the daemon calls it.
        ready: set when the daemon has read everything once.
        open: observers are shown things; before, the plant has not begun.
    """

    name: Final = "audience"

    def __init__(self, observers: Sequence[Observer]) -> None:
        """Let `observers` see everything once `open` is set."""
        self.ready: Final = asyncio.Event()
        self.open = False
        self._observers: Final = observers

    def show(self, snapshot: Snapshot) -> None:
        """Take the state after a main scan."""
        if snapshot.ready:
            self.ready.set()
        if self.open:
            for each in self._observers:
                each.shown(snapshot)

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Take what happened."""
        if self.open:
            for each in self._observers:
                each.told(news)

    def answered(self, command: Command, outcome: Outcome, begun_ns: int) -> None:
        """Take what a driver did with a command."""
        if self.open:
            for each in self._observers:
                each.answered(command, outcome, begun_ns)

    async def run(self) -> None:
        """Wait to be cancelled: everything is passed on at once."""
        await asyncio.get_running_loop().create_future()


class WatchedDriver:
    """A driver whose commands are seen."""

    def __init__(self, driver: Driver, audience: Audience, clock: Clock) -> None:
        """Show `audience` what `driver` is given to write."""
        self._driver, self._audience, self._clock = driver, audience, clock

    @property
    def gateway(self) -> str:
        """Return the id of the gateway."""
        return self._driver.gateway

    @property
    def statistics(self) -> Statistics:
        """Return the counters."""
        return self._driver.statistics

    async def run(self) -> None:
        """Let the driver run."""
        await self._driver.run()

    async def write(self, command: Command) -> Outcome:
        """Let the driver write."""
        begun_ns = self._clock.monotonic_ns()
        outcome = await self._driver.write(command)
        self._audience.answered(command, outcome, begun_ns)
        return outcome


class InlineWorkers:
    """Does slow work at once: it costs no virtual time, and one process stays one process."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        """Know `functions` by name."""
        self._functions = functions

    async def run(self, function: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return the result of `function`.

        Raises:
            KeyError: there is no such function.
        """
        await asyncio.sleep(0)
        return self._functions[function](**arguments)


class MemoryFiles:
    """The state directory as bytes by name."""

    def __init__(self) -> None:
        """Be empty."""
        self._content: Final[dict[str, bytearray]] = {}

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(self._content)

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None where there is none."""
        content = self._content.get(name)
        return None if content is None else bytes(content)

    def replace(self, name: str, data: bytes) -> None:
        """Make `data` the content of a file."""
        self._content[name] = bytearray(data)

    def append(self, name: str) -> Appender:
        """Open a file for appending."""
        return _Appended(self._content.setdefault(name, bytearray()))

    def truncate(self, name: str, size: int) -> None:
        """Cut a file to its first `size` bytes."""
        del self._content[name][size:]

    async def sizes(self) -> dict[str, int]:
        """Return the size of every file [bytes]."""
        return {name: len(data) for name, data in self._content.items()}

    async def written_s(self, name: str) -> float:
        """Return 0: nobody writes down when."""
        return 0.0

    async def pack(self, name: str) -> None:
        """Leave it as it is: memory is not scarce."""

    async def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        self._content.pop(name, None)


class _Appended:
    """A file in memory that only grows."""

    def __init__(self, content: bytearray) -> None:
        self._content = content

    def write(self, data: bytes) -> None:
        self._content += data

    async def sync(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        pass
