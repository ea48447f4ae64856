"""Modbus requests that one emulator process answers, against a bare echo and against pymodbus.

The emulator is the whole desk of the AI hall in a process of its own: every gateway is served and
the plant goes on in real time meanwhile. It is asked for what the daemon reads, block by block in
the order of its read plan, over one connection to each gateway with one request at a time, by this
process. The floor is an asyncio server that looks at nothing but the length it has to answer with;
the peer is the server that comes with pymodbus. Each is asked with the same frames and gives
replies of the same length. Rounds of the three alternate in one run and the best counts. What a
request costs is the processor time of the server's process, less what that took in the same round
while nobody asked: a busy machine disturbs it least, and the plant is not counted.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import struct
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon import settings
from daemon.drivers.plan import plan
from daemon.model.points import tabulate
from device_emulators.desk import Desk
from device_emulators.faults.instruments import Instruments
from device_emulators.plant.plant import Plant
from tests.bench.harness import Result, at_least, at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from daemon.model.plant import Site

OFFSET: Final = 3600
FLOOR_PORT, PEER_PORT = 18_510, 18_511
ROUNDS, ROUND_S = 4, 2.0
RATE_PER_S, FLOOR_X = 5000.0, 4.0
FUNCTIONS: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
TICK_S: Final = 1.0 / os.sysconf("SC_CLK_TCK")


class Asked(NamedTuple):
    """What a round came to."""

    per_s: float
    cost_us: float
    """Processor time of the server for one request [us]."""


def run() -> list[Result]:
    """Measure the emulator, the floor and the peer."""
    site = settings.shift_ports(settings.load("ai_hall"), OFFSET).site
    frames = dict(_frames(site))
    with ExitStack() as stack:
        served = {
            "emulator": (stack.enter_context(_serving(_emulate)), None),
            "floor": (stack.enter_context(_serving(_echo)), FLOOR_PORT),
            "peer": (stack.enter_context(_serving(_stock)), PEER_PORT),
        }
        rounds: dict[str, list[Asked]] = {name: [] for name in served}
        for name, (pid, port) in [*served.items()] * ROUNDS:
            asked = asyncio.run(_ask(pid, {p: port or p for p in frames}, frames))
            rounds[name].append(asked)
    per_s = {name: max(each.per_s for each in them) for name, them in rounds.items()}
    cost_us = {name: min(each.cost_us for each in them) for name, them in rounds.items()}
    return [
        at_least("emulator, plant running", per_s["emulator"], "req/s", RATE_PER_S),
        Result("bare asyncio echo", per_s["floor"], "req/s"),
        Result("stock pymodbus server", per_s["peer"], "req/s"),
        Result("emulator: one request", cost_us["emulator"], "us"),
        at_most(
            "emulator by the floor", cost_us["emulator"] / cost_us["floor"], "x", FLOOR_X, "echo"
        ),
        at_most(
            "emulator by the peer", cost_us["emulator"] / cost_us["peer"], "x", 1.0, "pymodbus"
        ),
    ]


def _frames(site: Site) -> Iterator[tuple[int, list[bytes]]]:
    """Yield port and requests of every Modbus gateway: the daemon's read plan."""
    points = tabulate(site)
    for gateway in site.gateways.values():
        if gateway.protocol == "modbus_tcp":
            yield (
                gateway.port,
                [
                    struct.pack(">HHHBBHH", 7, 0, 6, b.unit, FUNCTIONS[b.table], b.address, b.count)
                    for b in plan(site, points, gateway.id)
                ],
            )


# The three servers, each a process of its own that says when it listens.


@contextmanager
def _serving(target: Callable[..., None]) -> Iterator[int]:
    """Run a server until the end of the block; its process id."""
    context = multiprocessing.get_context("spawn")
    listening = context.Event()
    process = context.Process(target=target, args=(listening,), daemon=True)
    process.start()
    try:
        assert listening.wait(60.0), "the server did not come up"
        assert process.pid is not None
        yield process.pid
    finally:
        process.kill()
        process.join()


def _emulate(listening: multiprocessing.synchronize.Event) -> None:
    async def serve() -> None:
        site = settings.shift_ports(settings.load("ai_hall"), OFFSET).site
        desk = Desk(site, Instruments(Plant(site, seed=1)), utc_ns=time_ns, out=lambda _: None)
        await desk.open()
        listening.set()
        await desk.linger()

    asyncio.run(serve())


class _Echo(asyncio.Protocol):
    """Answers with the header, and as many bytes as were asked for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        length = data[11] * 2 if data[7] > 2 else (data[11] + 7) // 8
        self._transport.write(data[:5] + bytes((3 + length,)) + data[6:8] + bytes(1 + length))


def _echo(listening: multiprocessing.synchronize.Event) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Echo, "127.0.0.1", FLOOR_PORT)
        listening.set()
        await server.serve_forever()

    asyncio.run(serve())


def _stock(listening: multiprocessing.synchronize.Event) -> None:
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

    async def serve() -> None:
        bits = [SimData(0, values=False, count=500, datatype=DataType.BITS)]
        words = [SimData(0, values=0, count=500, datatype=DataType.REGISTERS)]
        device = SimDevice(0, simdata=(bits, bits, words, words))  # 0 stands for every unit
        server = ModbusTcpServer(device, address=("127.0.0.1", PEER_PORT))
        await server.serve_forever(background=True)
        listening.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


# The one who asks.


class _Asking(asyncio.Protocol):
    """A connection that asks again as soon as it is answered."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames
        self._owed = b""
        self.answered = 0
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._frames[0])

    def data_received(self, data: bytes) -> None:
        reply = self._owed + data
        if len(reply) < 6 or len(reply) < 6 + reply[5]:
            self._owed = reply
            return
        self._owed = b""
        self.refused += reply[7] >> 7
        self.answered += 1
        self._transport.write(self._frames[self.answered % len(self._frames)])

    def close(self) -> None:
        self._transport.abort()


async def _ask(pid: int, ports: dict[int, int], frames: dict[int, list[bytes]]) -> Asked:
    """Ask a server for a while; `ports` says who stands for the gateway at a port."""
    loop = asyncio.get_running_loop()
    asking = [
        (await loop.create_connection(partial(_Asking, them), "127.0.0.1", ports[at]))[1]
        for at, them in frames.items()
    ]
    await asyncio.sleep(0.3)
    before = sum(a.answered for a in asking)
    took_s, spent_s = await _spend(pid)
    answered = sum(a.answered for a in asking) - before
    for each in asking:
        each.close()
    await asyncio.sleep(0.1)
    assert all(a.answered and not a.refused for a in asking), "a request was not answered"
    quiet_s, own_s = await _spend(pid)
    return Asked(answered / took_s, (spent_s - own_s * took_s / quiet_s) / answered * 1e6)


async def _spend(pid: int) -> tuple[float, float]:
    """Let a while pass; return how long it was and what processor time a process took [s]."""
    began_s, spent_s = monotonic(), _spent_s(pid)
    await asyncio.sleep(ROUND_S)
    return monotonic() - began_s, _spent_s(pid) - spent_s


def _spent_s(pid: int) -> float:
    """Return the processor time that a process has used [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S
