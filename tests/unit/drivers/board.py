"""A small board to drive: a gateway with breakers behind it, and a device that can misbehave."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from daemon.drivers.driver import Link, LinkChange
from daemon.drivers.table import Table
from daemon.model.plant import (
    Bus,
    Contract,
    Device,
    Equipment,
    Gateway,
    North,
    Site,
)
from daemon.model.points import Node, Profile, Register, tabulate

PORT = 17_020
"""First of the ports that these tests listen on."""


def register(  # noqa: PLR0917 - as many as a place has
    table: str = "input",
    address: int = 0,
    type: str = "u16",
    bit: int = 0,
    word_order: str = "big",
    scale: float = 1.0,
    offset: float = 0.0,
    access: str = "r",
    low: float | None = None,
    high: float | None = None,
    scan: str = "",
) -> Register:
    """Return a place with everything ordinary that is not named."""
    return Register(table, address, type, bit, word_order, scale, offset, access, low, high, scan)


BREAKER = {
    "position": register(type="dpi"),
    "lockout_86": register(type="bit", bit=6),
    "source_voltage_v": register(address=2, high=30_000.0),
    "load_voltage_v": register(address=3, high=30_000.0),
    "current_a": register(address=4, type="u32", scale=0.1, high=60_000.0),
    "power_w": register(address=6, type="i32"),
    "life_count": register(address=10),
    "command_epoch": register("holding", 0, access="w"),
    "command_id": register("holding", 1, access="w"),
    "command": register("holding", 2, access="w"),
}
ROW = {
    "power_w": register(address=0, type="f32", scale=1000.0),
    "life_count": register(address=2),
    "power_cap_pu": register("holding", 11, scale=0.001, access="rw", low=0.0, high=1.0),
    "command_epoch": register("holding", 10, access="w"),
    "heartbeat": register("holding", 20, access="w"),
}
ESS = {
    "soc_pu": Node("{id}.StateOfCharge", "Double", 0.01, "r", 0.0, 1.0),
    "power_w": Node("{id}.Power", "Double", 1000.0, "r", None, None),
    "life_count": Node("{id}.LifeCount", "UInt32", 1.0, "r", None, None),
    "power_setpoint_w": Node("{id}.PowerSetpoint", "Double", 1000.0, "rw", -2e7, 2e7),
    "heartbeat": Node("{id}.Heartbeat", "UInt16", 1.0, "w", None, None),
    "command_epoch": Node("{id}.CommandEpoch", "UInt32", 1.0, "w", None, None),
    "command_id": Node("{id}.CommandId", "UInt32", 1.0, "w", None, None),
    "command": Node("{id}.Command", "UInt16", 1.0, "w", None, None),
}
PROFILES = {
    "breaker/b": Profile("breaker/b", "breaker", "modbus_tcp", "", BREAKER),
    "rack_row/r": Profile("rack_row/r", "rack_row", "modbus_tcp", "", ROW),
    "ess/e": Profile("ess/e", "ess", "opcua", "urn:ridethrough:devices", ESS),
}


def equipment(id: str, nature: str, gateway: str, unit: int, scan: str) -> Equipment:
    profile = {"breaker": "breaker/b", "rack_row": "rack_row/r", "ess": "ess/e"}[nature]
    device = Device(profile, gateway, unit, scan, 3.0, "hold")
    variant = {"breaker": "vcb"}.get(nature, nature)
    buses = ("A", "B") if nature == "breaker" else ()
    return Equipment(id, nature, variant, buses, {}, device, "closed", 0, False, "")


def site(port: int = PORT, breakers: int = 2, rows: int = 0, mirror: bool = True) -> Site:
    """Return a site: breakers from unit 2 behind GW, rows after them, an ESS on OPC UA."""
    items = [equipment(f"52-{n}", "breaker", "GW", n + 1, "slow") for n in range(1, breakers + 1)]
    items += [
        equipment(f"ROW-{n}", "rack_row", "GW", breakers + n + 1, "normal")
        for n in range(1, rows + 1)
    ]
    items.append(equipment("ESS-1", "ess", "OPC", 0, "normal"))
    return Site(
        id="board",
        name="board",
        frequency_hz=60.0,
        buses={b: Bus(b, "ac", 6600.0, "", "") for b in ("A", "B")},
        equipment={e.id: e for e in items},
        gateways={
            "GW": Gateway("GW", "modbus_tcp", "127.0.0.1", port, mirror),
            "OPC": Gateway("OPC", "opcua", "127.0.0.1", port + 1, False),
        },
        schemes={},
        contract=Contract(1e6, 900.0, 0.0, 1e6, 5.0, 1e5),
        north=North("127.0.0.1", port + 2, "127.0.0.1", port + 3),
        scan_s={"fast": 0.01, "normal": 0.1, "slow": 1.0},
        profiles=PROFILES,
    )


@dataclass
class Rig:
    """A link on the running loop's clock, and everything that was reported over it."""

    link: Link
    said: list[LinkChange] = field(default_factory=list)

    def quality(self, id: str) -> int:
        """Return the quality of a point as it would be frozen now."""
        image = self.link.table.freeze(self.link.now_ns(), 0)
        return int(image.quality[self.index(id)])

    def value(self, id: str) -> float:
        """Return the last value of a point."""
        return float(self.link.table.values[self.index(id)])

    def index(self, id: str) -> int:
        """Return the place of a point."""
        equipment, _, name = id.rpartition(".")
        return self.link.points.index(equipment, name)

    async def until(self, what: str, true: Callable[[], object], limit_s: float = 5.0) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(limit_s):
            while not true():  # noqa: ASYNC110
                await asyncio.sleep(0.005)


def rig(plant: Site, gateway: str = "GW") -> Rig:
    """Return a rig for `gateway` of `plant`."""
    loop = asyncio.get_running_loop()
    points = tabulate(plant)

    def now_ns() -> int:
        return round(loop.time() * 1e9)

    said: list[LinkChange] = []
    link = Link(
        gateway=plant.gateways[gateway],
        site=plant,
        points=points,
        table=Table(points, now_ns()),
        now_ns=now_ns,
        chance=np.random.Generator(np.random.PCG64(1)),
        report=said.append,
    )
    return Rig(link, said)


class Peer:
    """A Modbus device of a few lines, so that it can do what no library would.

    Attributes:
        input: input registers by (unit, address); missing ones read as zero.
        written: (unit, function, address, words) of every write.
        asked: (unit, function, address, count) of every read.
        silent: units that do not answer.
        twist: replaces the body (unit, function, payload) of every reply.
        late_s: how late each reply leaves.
    """

    def __init__(self, port: int = PORT) -> None:
        self.port = port
        self.input: dict[tuple[int, int], int] = {}
        self.written: list[tuple[int, int, int, tuple[int, ...]]] = []
        self.asked: list[tuple[int, int, int, int]] = []
        self.silent: set[int] = set()
        self.refuses: dict[int, int] = {}
        self.twist: Callable[[bytes], bytes] = lambda body: body
        self.late_s = 0.0
        self.connections = 0
        self._serving: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Close the listener and reset every connection."""
        assert self._server is not None
        self._server.close()
        for writer, serving in list(self._serving.items()):
            writer.transport.abort()
            serving.cancel()  # it may be asleep over a late answer
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        serving = asyncio.current_task()
        assert serving is not None
        self._serving[writer] = serving
        try:
            while True:
                tid, _, size = struct.unpack(">HHH", await reader.readexactly(6))
                body = self._answer(await reader.readexactly(size))
                if body is None:
                    continue
                if self.late_s:
                    await asyncio.sleep(self.late_s)
                body = self.twist(body)
                writer.write(struct.pack(">HHH", tid, 0, len(body)) + body)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._serving.pop(writer, None)
            writer.close()

    def _answer(self, request: bytes) -> bytes | None:
        unit, function, address, count = struct.unpack(">BBHH", request[:6])
        if unit in self.silent:
            return None
        if unit in self.refuses:
            return struct.pack(">BBB", unit, function | 0x80, self.refuses[unit])
        if function in {3, 4}:
            self.asked.append((unit, function, address, count))
            words = [self.input.get((unit, a), 0) for a in range(address, address + count)]
            return struct.pack(f">BBB{count}H", unit, function, 2 * count, *words)
        if function == 16:
            words = list(struct.unpack(f">{count}H", request[7:]))
            self.written.append((unit, function, address, tuple(words)))
        else:
            self.written.append((unit, function, address, (count,)))
        return struct.pack(">BBHH", unit, function, address, count)

    def show(self, unit: int, address: int, *words: int) -> None:
        """Let a device show words, in the mirror too."""
        for at, word in enumerate(words, address):
            self.input[unit, at] = word
            if at < 4:
                self.input[1, (unit - 2) * 4 + at] = word
