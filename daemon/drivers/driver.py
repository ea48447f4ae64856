"""What every driver is to the shell, whatever it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from daemon.drivers.table import Table
    from daemon.model.commands import Command, Outcome
    from daemon.model.plant import Gateway, Site
    from daemon.model.points import PointTable


@dataclass(slots=True)
class Statistics:
    """What a driver counts; read by publishers, never by control.

    Attributes:
        connected: all of its connections stand.
        polls: requests for values answered in full.
        polls_failed: requests for values that failed in any way.
        polls_missed: slots of the poll grid that passed while an earlier poll was under way.
        rejected: replies that came but were not believed (function, count, length).
        reconnects: connections made after the first.
        latency_ns: time from request to reply of the last poll [ns].
    """

    connected: bool = False
    polls: int = 0
    polls_failed: int = 0
    polls_missed: int = 0
    rejected: int = 0
    reconnects: int = 0
    latency_ns: int = 0


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link to a gateway, or a unit behind it, was lost or is back. Said once each time.

    Attributes:
        at_ns: monotonic time [ns].
        gateway: the gateway.
        unit: equipment behind it that is concerned, or "" for the gateway as a whole.
        up: whether it is back.
        reason: why, for a person.
    """

    at_ns: int
    gateway: str
    unit: str
    up: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """All that a driver is given: one gateway and what it serves.

    Attributes:
        gateway: where to connect.
        site: the plant, for devices and profiles.
        points: place of every value in the image.
        table: live table to write values to.
        now_ns: the clock [ns].
        chance: for the jitter of back-off, so that a thousand drivers do not knock at once.
        report: called once on every loss and every recovery.
        phase: place among all gateways; spreads polls over the period.
    """

    gateway: Gateway
    site: Site
    points: PointTable
    table: Table
    now_ns: Callable[[], int]
    chance: Generator
    report: Callable[[LinkChange], None]
    phase: int = 0


class Driver(Protocol):
    """One gateway: polls for ever, writes on demand, turns every fault into quality."""

    @property
    def gateway(self) -> str:
        """Return the id of the gateway."""
        ...

    @property
    def statistics(self) -> Statistics:
        """Return the counters, always the same object."""
        ...

    async def run(self) -> None:
        """Connect, poll and reconnect until cancelled; ends with every connection closed."""
        ...

    async def write(self, command: Command) -> Outcome:
        """Write one command at most once.

        The expiry is checked by the clock just before sending. Whatever is unclear afterwards is
        FAILED: the device may or may not have acted, and only the core may decide what follows.
        """
        ...
