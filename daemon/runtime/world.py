"""The world: every resource of the operating system that the daemon may use, in one value.

`daemon.app.build` gets a world and nothing else from outside. The real one is made in `daemon.app`;
a simulation hands over another: its own clock, ticks by sleeping, files in memory, workers that
run at once, drivers over in-memory streams or straight from the plant, publishers that record.
Streams themselves come from the running event loop, which a simulation also brings along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from daemon.journal.keeping import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.random import Generator

    from daemon.console.door import Inside
    from daemon.drivers.driver import Driver, Link
    from daemon.journal.files import Files
    from daemon.publishers.publisher import North, Publisher
    from daemon.runtime.clock import Clock, Ticks


class Workers(Protocol):
    """Where slow work is done, so that no scan waits for it."""

    async def run(self, function: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return the result of the pure function known as `function`.

        Raises:
            KeyError: there is no such function.
        """
        ...


@dataclass(frozen=True)
class World:
    """What the daemon stands on.

    Attributes:
        clock: both clocks.
        ticks: makes a grid of the given period [ns].
        files: the state directory.
        workers: where requests of the core are computed.
        links: makes the driver of one gateway.
        north: makes the publishers.
        chance: for jitter only; nothing that decides draws from it.
        door: makes the door through which people command; None where nobody comes.
        record_bytes: how much of `files` the record may take [bytes].
    """

    clock: Clock
    ticks: Callable[[int], Ticks]
    files: Files
    workers: Workers
    links: Callable[[Link], Driver]
    north: Callable[[North], Sequence[Publisher]]
    chance: Generator
    door: Callable[[Inside], Publisher] | None = None
    record_bytes: int = LIMIT
