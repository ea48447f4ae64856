"""The image-depth drivers: the registers of all gateways without frames, straight from a peer.

For simulations that care what the daemon decides and not how bytes travel: values take the same
rounding as on the wire and arrive at the same periods, but a day costs minutes. They are drivers
like any other: each can lose its gateway and find it again, and writes each command once.

So that a day does cost minutes, everything that is due behind any gateway is read at once, and only
what is another than before is rounded and passed on. While the version of the peer stands still a
poll only renews the times, and that is done when somebody asks for them.
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

    @property
    def ways(self) -> int:
        """Return a number that rises whenever what `answers` says may have changed."""
        ...

    @property
    def due_ns(self) -> int:
        """Return before when the version does not rise unless somebody writes [ns]."""
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
    """The links of one daemon to one peer: makes the drivers and polls for all of them.

    Between two changes of the peer nobody is woken for a poll: it is entered when the table is
    asked how old its values are.
    """

    def __init__(self, peer: Peer) -> None:
        """Serve every gateway from `peer`."""
        self._peer = peer
        self._running: list[ImageDriver] = []
        self._rounds: list[_Round] = []
        self._readings: dict[tuple[int, ...], _Reading] = {}
        self._timer: asyncio.Handle | None = None
        self._wake_ns = 0
        self._last: NDArray[np.float64] = np.zeros(0)
        self._failed: asyncio.Future[None] | None = None

    def driver(self, link: Link) -> ImageDriver:
        """Return the driver of the gateway of `link`; all links share one table and one clock."""
        return ImageDriver(link, self._peer, self)

    async def poll(self, driver: ImageDriver) -> None:
        """Poll for `driver` too until cancelled; the last one to leave ends the polling."""
        loop = asyncio.get_running_loop()
        if self._failed is None or self._failed.done():
            self._failed = loop.create_future()
        failed = self._failed
        self._changed([*self._running, driver])
        try:
            await asyncio.wait([failed])
            failed.result()
        finally:
            self._changed([each for each in self._running if each is not driver])

    def _changed(self, running: list[ImageDriver]) -> None:
        """Poll for others from now on."""
        self.renew()
        self._running, self._rounds = running, []
        self._stop()
        if running:
            loop = asyncio.get_running_loop()
            running[0].link.table.renew = self.renew
            self._timer = loop.call_soon(self._turn)
        else:
            self._failed = None

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        """Poll what is due now, and see when something will be."""
        assert self._failed is not None
        try:
            self._poll()
        except Exception as error:  # for whoever runs the drivers
            if not self._failed.done():
                self._failed.set_exception(error)

    def _poll(self) -> None:
        now_ns = self._running[0].link.now_ns()
        self.renew()
        if not self._rounds:
            self._rounds, self._readings = _rounds(self._running, now_ns), {}
            self._last = np.full(len(self._running[0].link.points), np.nan)
        due = [each for each in self._rounds if each.due_ns <= now_ns]
        version = self._peer.version
        fresh = [each for each in due if each.version != version]
        if fresh:
            self._reading(fresh).read(now_ns)
        for each in due:
            each.polled(now_ns, version)
        self._arm(now_ns)

    def _reading(self, rounds: list[_Round]) -> _Reading:
        key = tuple(each.period_ns for each in rounds)
        if key not in self._readings:
            self._readings[key] = _Reading(self._peer, rounds, self._running, self._last)
        return self._readings[key]

    def _arm(self, now_ns: int) -> None:
        version, until_ns = self._peer.version, self._peer.due_ns
        self._wake_ns = min(
            [
                each.due_ns if each.version != version else each.slot_ns(until_ns)
                for each in self._rounds
            ],
            default=now_ns + _IDLE_NS,
        )
        self._sleep(self._wake_ns - now_ns - _BEFORE_NS, self._near)

    def _sleep(self, for_ns: int, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds(max(for_ns, 0)), then)

    # Of those who wake at the same instant, who was set first runs first. A poll comes behind the
    # scan of its instant, however long ago it was set: it is set anew just before, and steps back.

    def _near(self) -> None:
        self._sleep(self._wake_ns - self._running[0].link.now_ns(), self._now)

    def _now(self) -> None:
        self._timer = asyncio.get_running_loop().call_soon(self._turn)

    def stir(self) -> None:
        """Poll at the next instant of the grid: the peer was told something."""
        if not self._rounds:
            return
        now_ns = self._running[0].link.now_ns()
        self._renew(min(now_ns, self._wake_ns - 1))
        if min(each.due_ns for each in self._rounds) < self._wake_ns:
            self._stop()
            self._arm(now_ns)

    def renew(self) -> None:
        """Enter the polls until now that found nothing new."""
        if self._rounds:
            self._renew(min(self._running[0].link.now_ns(), self._wake_ns) - 1)

    def _renew(self, until_ns: int) -> None:
        for each in self._rounds:
            each.renew(until_ns)


_IDLE_NS: Final = 100_000_000
_BEFORE_NS: Final = 1


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
            taken = self._hand_over(command.equipment, values)
        except ValueError as error:
            return Outcome(command.id, Result.REFUSED, now, str(error))
        except ConnectionError as error:
            return Outcome(command.id, Result.FAILED, now, str(error))
        if not taken:
            return Outcome(command.id, Result.REFUSED, now, "refused by the device")
        return Outcome(command.id, Result.ACKNOWLEDGED, now, "acknowledged")

    def _hand_over(self, equipment: str, values: Sequence[tuple[str, float]]) -> bool:
        try:
            return all(self._peer.write(equipment, name, value) for name, value in values)
        finally:
            self._links.stir()  # whatever came of it


class _Round:
    """The points of one period behind all gateways.

    Attributes:
        period_ns: their period [ns].
        due_ns: when they are to be polled next [ns].
        version: of the peer, when they were last polled; None before that.
        ways: of the peer, when the gateways were last asked; None before that.
        places: their (number of the gateway, point).
        gateways: numbers of the gateways.
        answering: which of them answered, and how often each was lost until then.
    """

    def __init__(self, period_ns: int, drivers: list[ImageDriver], now_ns: int) -> None:
        self.period_ns, self.due_ns = period_ns, now_ns
        self.version: int | None = None
        self.ways: int | None = None
        self.places = [
            (number, point)
            for number, each in enumerate(drivers)
            for point in each.points
            if ns(point.period_s) == period_ns
        ]
        self.gateways = sorted({number for number, _ in self.places})
        self.answering: dict[int, tuple[bool, int]] = {}
        self._drivers = drivers
        self._table = drivers[0].link.table
        self._owner = np.array([number for number, _ in self.places], dtype=np.intp)
        self._all = np.array([p.index for _, p in self.places], dtype=np.intp)
        self._indices = self._all[:0]

    def heard(self, answering: dict[int, tuple[bool, int]], ways: int) -> bool:
        """Learn which gateways answer; return whether that is new."""
        self.ways = ways
        mine = {number: answering[number] for number in self.gateways}
        if mine == self.answering:
            return False
        self.answering = mine
        answers = np.zeros(len(self._drivers), dtype=bool)
        for number, (answered, _) in mine.items():
            answers[number] = answered
        self._indices = self._all[answers[self._owner]]
        return True

    def slot_ns(self, from_ns: int) -> int:
        """Return the first instant not before `from_ns` at which they are to be polled [ns]."""
        after_ns = max(from_ns - self.due_ns, 0)
        return self.due_ns + -(-after_ns // self.period_ns) * self.period_ns

    def renew(self, until_ns: int) -> None:
        """Enter all polls that were due up to `until_ns` [ns]."""
        if self.due_ns <= until_ns:
            last_ns = until_ns - until_ns % self.period_ns
            self._answered(last_ns, 1 + (last_ns - self.due_ns) // self.period_ns)

    def polled(self, now_ns: int, version: int) -> None:
        """Enter one poll, at `now_ns` [ns], that saw this version of the peer."""
        self.version = version
        self._answered(now_ns, 1)

    def _answered(self, at_ns: int, polls: int) -> None:
        self.due_ns = at_ns - at_ns % self.period_ns + self.period_ns
        self._table.touch(self._indices, at_ns)
        for number, (answers, _) in self.answering.items():
            statistics = self._drivers[number].statistics
            if answers:
                statistics.polls += polls
            else:
                statistics.polls_failed += polls


class _Reading:
    """What rounds that are due together read."""

    def __init__(
        self,
        peer: Peer,
        rounds: list[_Round],
        drivers: list[ImageDriver],
        last: NDArray[np.float64],
    ) -> None:
        """Keep in `last` (n_point,) what was read before."""
        self._rounds, self._drivers, self._last = rounds, drivers, last
        self._gateways = sorted({number for each in rounds for number in each.gateways})
        self._peer, self._table = peer, drivers[0].link.table
        self._ways: int | None = None
        self._silent: list[int] = []
        mine = [one for each in rounds for one in each.places]
        mine.sort(key=lambda one: isinstance(one[1].place, Node))  # registers first
        points = [point for _, point in mine]
        self._owner = np.array([number for number, _ in mine], dtype=np.intp)
        self._indices = np.array([p.index for p in points], dtype=np.intp)
        self._read = peer.reader([(p.equipment, p.spec.name) for p in points])
        self._rounding = _Rounding(points)

    def read(self, now_ns: int) -> None:
        """Put what is another than before into the table."""
        news = self._ask()
        values = self._read()
        differs = values != self._last[self._indices]
        if news:
            differs[:] = True
        if self._silent:
            differs &= ~np.isin(self._owner, self._silent)
        which = np.flatnonzero(differs)
        if len(which):
            places = self._indices[which]
            self._last[places] = values[which]
            self._table.put(places, *self._rounding.apply(values, which), now_ns)

    def _ask(self) -> bool:
        """Ask which gateways answer; return whether that is new to a round."""
        ways = self._peer.ways
        if ways == self._ways and all(each.ways == ways for each in self._rounds):
            return False
        answering = {}
        for number in self._gateways:
            driver = self._drivers[number]
            answering[number] = driver.answers(), driver.losses
        self._silent = [number for number, (answers, _) in answering.items() if not answers]
        self._ways = ways
        news = [each.heard(answering, ways) for each in self._rounds]
        return any(news)


class _Rounding:
    """The rounding of registers; nodes of OPC UA come behind them and carry numbers whole."""

    def __init__(self, points: list[Point]) -> None:
        registers = [p.place for p in points if isinstance(p.place, Register)]
        self._count = count = len(registers)
        specs = [p.spec for p in points]
        self._quantiser = Quantiser(specs[:count], registers)
        self._limits = Limits(specs[count:], [p.place for p in points[count:]])

    def apply(
        self, values: NDArray[np.float64], which: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], QualityArray]:
        """Return what a client would see of some of `values` (n,), and its quality (n_which,)."""
        cut = int(np.searchsorted(which, self._count))
        registers, nodes = which[:cut], which[cut:]
        seen, quality = self._quantiser.quantise(values[registers], registers)
        if not len(nodes):
            return seen, quality
        whole = values[nodes]
        judged = self._limits.judge(whole, nodes - self._count)
        return np.append(seen, whole), np.append(quality, judged)


def _rounds(drivers: list[ImageDriver], now_ns: int) -> list[_Round]:
    """Return a round for every period, the shortest first."""
    periods = {ns(point.period_s) for driver in drivers for point in driver.points}
    return [_Round(period_ns, drivers, now_ns) for period_ns in sorted(periods)]


def _readable(link: Link) -> list[Point]:
    equipment = link.site.equipment.values()
    behind = {e.id for e in equipment if e.device and e.device.gateway == link.gateway.id}
    return [p for p in link.points.points if p.equipment in behind and "r" in p.place.access]


def _check(place: Register | Node, value: float) -> None:
    """Raise ValueError where a value would not leave over the wire either."""
    if isinstance(place, Register):
        encode(place, value % (1 << 16 * place.words) if place.access == "w" else value)
        return
    low = -np.inf if place.low is None else place.low
    high = np.inf if place.high is None else place.high
    if not low <= value <= high:
        raise ValueError(f"{value:g} is outside {low:g} to {high:g}")
