"""The image-depth drivers: the registers of all gateways without frames, straight from a peer.

For simulations that care what the daemon decides and not how bytes travel: values take the same
rounding as on the wire and arrive at the same periods, but a day costs minutes. They are drivers
like any other: each can lose its gateway and find it again, and writes each command once.

So that a day does cost minutes, one task reads for all gateways, everything that has the same
period at once, and while the version of the peer stands still a poll only renews the times.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from daemon.drivers.decode import Limits, Quantiser, encode
from daemon.drivers.driver import LinkChange, Statistics
from daemon.drivers.order import wanted
from daemon.model.commands import Command, Outcome, Result
from daemon.model.points import Node, Register
from daemon.model.quality import Quality
from daemon.model.quantities import ns, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from daemon.drivers.driver import Link
    from daemon.model.points import Point
    from daemon.model.quality import QualityArray


class Peer(Protocol):
    """Something that has the values of a plant."""

    @property
    def version(self) -> int:
        """Return a number that rises whenever a value or an answer may have changed."""
        ...

    def reader(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        """Return what reads (equipment, point) pairs at once, in the units of the points (n,).

        A sensor that lies is a value that is not so; NaN and infinity become Bad.
        """
        ...

    def answers(self, gateway: str) -> bool:
        """Return whether a gateway answers now; False when it says nothing, and values grow old.

        Raises:
            ConnectionError: it cannot be reached at all.
        """
        ...

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Return whether the device took a value.

        Raises:
            ConnectionError: the gateway does not answer.
        """
        ...


class ImageLinks:
    """The links of one daemon to one peer: makes the drivers and polls for all of them."""

    def __init__(self, peer: Peer) -> None:
        """Serve every gateway from `peer`."""
        self._peer = peer
        self._running: list[ImageDriver] = []
        self._rounds: list[_Round] = []
        self._polling: asyncio.Task[None] | None = None

    def driver(self, link: Link) -> ImageDriver:
        """Return the driver of the gateway of `link`; all links share one table and one clock."""
        return ImageDriver(link, self._peer, self)

    async def poll(self, driver: ImageDriver) -> None:
        """Poll for `driver` too until cancelled; the last one to leave ends the polling."""
        self._running.append(driver)
        self._rounds = []
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll())
        polling = self._polling
        try:
            await asyncio.wait([polling])
            polling.result()
        finally:
            self._running.remove(driver)
            self._rounds = []
            if not self._running:
                self._polling = None
                polling.cancel()
                await asyncio.wait([polling])

    async def _poll(self) -> None:
        now_ns = self._running[0].link.now_ns
        while self._running:
            if not self._rounds:
                self._rounds = _rounds(self._peer, self._running, now_ns())
            now = now_ns()
            for each in self._rounds:
                if now >= each.due_ns:
                    each.poll(now)
            due_ns = min((each.due_ns for each in self._rounds), default=now + _IDLE_NS)
            await asyncio.sleep(seconds(due_ns - now_ns()))


_IDLE_NS: Final = 100_000_000


class ImageDriver:
    """One gateway, read together with all others.

    Attributes:
        link: what it serves.
        points: its points that can be read.
        losses: how often the gateway was lost, and its points with it.
    """

    def __init__(self, link: Link, peer: Peer, links: ImageLinks) -> None:
        """Serve the points behind the gateway of `link`; `ImageLinks.driver` makes them."""
        self.link: Final = link
        self.points: Final = tuple(_readable(link))
        self.losses = 0
        self._peer = peer
        self._links = links
        self._statistics: Final = Statistics()
        self._indices: Final = np.array([p.index for p in self.points], dtype=np.intp)
        self._lost = False

    @property
    def gateway(self) -> str:
        """Return the id of the gateway."""
        return self.link.gateway.id

    @property
    def statistics(self) -> Statistics:
        """Return the counters."""
        return self._statistics

    async def run(self) -> None:
        """Have every class of points read on its grid until cancelled."""
        await self._links.poll(self)

    def answers(self) -> bool:
        """Return whether the gateway answers now; report when that changes."""
        try:
            answers = self._peer.answers(self.gateway)
        except ConnectionError as error:
            self._turn(up=False, reason=str(error))
            return False
        if answers:
            self._turn(up=True, reason="answers again")
        return answers

    def _turn(self, *, up: bool, reason: str) -> None:
        self._statistics.connected = up
        if up is self._lost:
            self._lost = not up
            if not up:
                self.losses += 1
                self.link.table.mark(self._indices, Quality.BAD_NOT_CONNECTED)
            self._statistics.reconnects += up
            self.link.report(LinkChange(self.link.now_ns(), self.gateway, "", up, reason))

    async def write(self, command: Command) -> Outcome:
        """Write one command at most once; see `Driver.write`."""
        now = self.link.now_ns()
        if now >= command.expires_at_ns:
            return Outcome(command.id, Result.EXPIRED, now, "expired before it could be sent")
        site = self.link.site
        device = site.equipment[command.equipment].device
        try:
            values = wanted(site, command)
            assert device is not None
            places = site.profiles[device.profile].points
            for name, value in values:
                _check(places[name], value)
            taken = all(self._peer.write(command.equipment, n, v) for n, v in values)
        except ValueError as error:
            return Outcome(command.id, Result.REFUSED, now, str(error))
        except ConnectionError as error:
            return Outcome(command.id, Result.FAILED, now, str(error))
        if not taken:
            return Outcome(command.id, Result.REFUSED, now, "refused by the device")
        return Outcome(command.id, Result.ACKNOWLEDGED, now, "acknowledged")


class _Round:
    """The points of one period behind all gateways, and what was last read of them."""

    def __init__(self, peer: Peer, period_ns: int, members: list[ImageDriver], now_ns: int) -> None:
        self.due_ns = now_ns
        self._peer, self._period_ns, self._members = peer, period_ns, members
        self._table = members[0].link.table
        mine = [
            (place, point)
            for place, each in enumerate(members)
            for point in each.points
            if ns(point.period_s) == period_ns
        ]
        mine.sort(key=lambda one: isinstance(one[1].place, Node))  # registers first
        points = [point for _, point in mine]
        self._owner = np.array([place for place, _ in mine], dtype=np.intp)
        self._indices = np.array([p.index for p in points], dtype=np.intp)
        self._read = peer.reader([(p.equipment, p.spec.name) for p in points])
        self._rounding = _Rounding(points)
        self._version: int | None = None
        self._answering: list[bool] = []
        self._losses: list[int] = []
        self._asked: list[ImageDriver] = []
        self._mask = np.zeros(0, dtype=bool)
        self._renewed = self._indices
        self._values: NDArray[np.float64] = np.zeros(0)

    def poll(self, now_ns: int) -> None:
        """Read what may have changed since the last poll, and renew the times of the rest."""
        self.due_ns = now_ns - now_ns % self._period_ns + self._period_ns
        version = self._peer.version
        if version == self._version or not self._look(now_ns):
            self._table.touch(self._renewed, now_ns)
        self._version = version
        for each in self._asked:
            each.statistics.polls += 1
        if len(self._asked) < len(self._members):
            for each, answers in zip(self._members, self._answering, strict=True):
                each.statistics.polls_failed += not answers

    def _look(self, now_ns: int) -> bool:
        """Put what changed into the table; return False when nothing did."""
        answering = [each.answers() for each in self._members]
        losses = [each.losses for each in self._members]
        values = self._read()
        same = answering == self._answering and losses == self._losses
        if same and np.array_equal(values, self._values):
            return False
        if not same:
            self._losses = losses
            self._answering = answering
            self._asked = [m for m, yes in zip(self._members, answering, strict=True) if yes]
            self._mask = np.array(answering)[self._owner]
            self._renewed = self._indices[self._mask]
        self._values = values
        seen, quality = self._rounding.apply(values)
        if len(self._renewed) < len(self._indices):
            seen, quality = seen[self._mask], quality[self._mask]
        self._table.put(self._renewed, seen, quality, now_ns)
        return True


class _Rounding:
    """The rounding of registers; nodes of OPC UA come behind them and carry numbers whole."""

    def __init__(self, points: list[Point]) -> None:
        registers = [p.place for p in points if isinstance(p.place, Register)]
        self._count = count = len(registers)
        specs = [p.spec for p in points]
        self._quantiser = Quantiser(specs[:count], registers)
        self._limits = Limits(specs[count:], [p.place for p in points[count:]])

    def apply(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], QualityArray]:
        """Return what a client would see of `values` (n,), and its quality."""
        seen, quality = self._quantiser.quantise(values[: self._count])
        if self._count == len(values):
            return seen, quality
        whole = values[self._count :]
        return np.append(seen, whole), np.append(quality, self._limits.judge(whole))


def _rounds(peer: Peer, drivers: list[ImageDriver], now_ns: int) -> list[_Round]:
    """Return a round for every period, the shortest first."""
    members: dict[int, list[ImageDriver]] = {}
    for driver in drivers:
        for period_ns in {ns(point.period_s) for point in driver.points}:
            members.setdefault(period_ns, []).append(driver)
    return [_Round(peer, period_ns, members[period_ns], now_ns) for period_ns in sorted(members)]


def _readable(link: Link) -> list[Point]:
    return [
        point
        for point in link.points.points
        if (device := link.site.equipment[point.equipment].device)
        and device.gateway == link.gateway.id
        and "r" in point.place.access
    ]


def _check(place: Register | Node, value: float) -> None:
    """Raise ValueError where a value would not leave over the wire either."""
    if isinstance(place, Register):
        encode(place, value % (1 << 16 * place.words) if place.access == "w" else value)
        return
    low = -np.inf if place.low is None else place.low
    high = np.inf if place.high is None else place.high
    if not low <= value <= high:
        raise ValueError(f"{value:g} is outside {low:g} to {high:g}")
