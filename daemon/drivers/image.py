"""The image-depth driver: the registers of a gateway without frames, straight from a peer.

For simulations that care what the daemon decides and not how bytes travel: values take the same
rounding as on the wire and arrive at the same periods, but a day costs minutes. It is a driver like
any other: it can lose its peer and find it again, and it writes each command once.
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
    from daemon.drivers.driver import Link
    from daemon.model.points import Point


class Peer(Protocol):
    """Something that has the values of a plant."""

    def read(self, equipment: str, point: str) -> float:
        """Return a value, in the unit of the point.

        Raises:
            ConnectionError: the gateway does not answer.
        """
        ...

    def write(self, equipment: str, point: str, value: float) -> bool:
        """Return whether the device took a value.

        Raises:
            ConnectionError: the gateway does not answer.
        """
        ...


class ImageDriver:
    """Reads from and writes to a peer."""

    def __init__(self, link: Link, peer: Peer) -> None:
        """Serve the points behind the gateway of `link` from `peer`."""
        self._link = link
        self._peer = peer
        self._statistics: Final = Statistics()
        self._classes: Final = [_Class(points) for points in _by_period(link).values()]
        self._lost = False

    @property
    def gateway(self) -> str:
        """Return the id of the gateway."""
        return self._link.gateway.id

    @property
    def statistics(self) -> Statistics:
        """Return the counters."""
        return self._statistics

    async def run(self) -> None:
        """Read every class of points on its grid until cancelled."""
        async with asyncio.TaskGroup() as group:
            for each in self._classes:
                group.create_task(self._poll(each))

    async def _poll(self, points: _Class) -> None:
        while True:
            self._read(points)
            now = self._link.now_ns()
            wait = points.period_ns - now % points.period_ns
            await asyncio.sleep(seconds(wait))

    def _read(self, points: _Class) -> None:
        read = self._peer.read
        try:
            values = np.array([read(e, p) for e, p in points.names])
        except ConnectionError as error:
            self._statistics.polls_failed += 1
            for each in self._classes:
                self._link.table.mark(each.indices, Quality.BAD_NOT_CONNECTED)
            self._turn(up=False, reason=str(error))
            return
        self._statistics.polls += 1
        self._turn(up=True, reason="answers again")
        seen, quality = points.quantise(values)
        self._link.table.put(points.indices, seen, quality, self._link.now_ns())

    def _turn(self, *, up: bool, reason: str) -> None:
        self._statistics.connected = up
        if up is self._lost:
            self._lost = not up
            self._statistics.reconnects += up
            self._link.report(LinkChange(self._link.now_ns(), self.gateway, "", up, reason))

    async def write(self, command: Command) -> Outcome:
        """Write one command at most once; see `Driver.write`."""
        now = self._link.now_ns()
        if now >= command.expires_at_ns:
            return Outcome(command.id, Result.EXPIRED, now, "expired before it could be sent")
        site = self._link.site
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


class _Class:
    """The points of one period, with the rounding of their registers."""

    def __init__(self, points: list[Point]) -> None:
        self.period_ns = ns(points[0].period_s)
        self.names = [(p.equipment, p.spec.name) for p in points]
        self.indices = np.array([p.index for p in points], dtype=np.intp)
        specs = [p.spec for p in points]
        registers = [p.place for p in points if isinstance(p.place, Register)]
        if len(registers) == len(points):
            self.quantise = Quantiser(specs, registers).quantise
        else:  # OPC UA carries its numbers whole
            limits = Limits(specs, [p.place for p in points])
            self.quantise = lambda values: (values, limits.judge(values))


def _by_period(link: Link) -> dict[float, list[Point]]:
    classes: dict[float, list[Point]] = {}
    for point in link.points.points:
        device = link.site.equipment[point.equipment].device
        if device and device.gateway == link.gateway.id and "r" in point.place.access:
            classes.setdefault(point.period_s, []).append(point)
    return classes


def _check(place: Register | Node, value: float) -> None:
    """Raise ValueError where a value would not leave over the wire either."""
    if isinstance(place, Register):
        encode(place, value % (1 << 16 * place.words) if place.access == "w" else value)
        return
    low = -np.inf if place.low is None else place.low
    high = np.inf if place.high is None else place.high
    if not low <= value <= high:
        raise ValueError(f"{value:g} is outside {low:g} to {high:g}")
