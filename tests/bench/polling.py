"""Processor time of one polled block: our Modbus driver against the bare library, same server.

The server runs in a process of its own. The bare client reads the same block with pymodbus and
throws the registers away. Ours reads through `Wire`, checks the reply, decodes every value with its
limits and puts values, quality and time into the live table. Rounds of both alternate in one run.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from time import process_time_ns

import numpy as np
from pymodbus.client import AsyncModbusTcpClient

from daemon import settings
from daemon.drivers.driver import Link
from daemon.drivers.grid import spread
from daemon.drivers.modbus import Wire
from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.drivers.plan import plan
from daemon.drivers.table import Table
from daemon.model.points import tabulate
from daemon.runtime.clock import SystemClock
from tests.bench.harness import Result, at_most

PORT = 18_502
ROUNDS, REQUESTS = 8, 400
LIMIT_X = 2.5


def run() -> list[Result]:
    """Measure both clients on one server."""
    server = multiprocessing.get_context("spawn").Process(target=_serve, daemon=True)
    server.start()
    try:
        bare_us, ours_us, words = asyncio.run(_compare())
    finally:
        server.terminate()
        server.join()
    return [
        Result("values decoded per block", words, ""),
        Result("bare pymodbus client", bare_us, "us/req"),
        Result("our driver, decoded into the table", ours_us, "us/req"),
        at_most("our driver by the bare client", ours_us / bare_us, "x", LIMIT_X, "pymodbus"),
    ]


def _serve() -> None:
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def serve() -> None:
        registers = SimData(0, values=0, count=200, datatype=DataType.REGISTERS)
        server = ModbusTcpServer(SimDevice(1, simdata=[registers]), address=("127.0.0.1", PORT))
        await server.serve_forever()

    asyncio.run(serve())


async def _compare() -> tuple[float, float, int]:
    site_file = settings.load(settings.site_path("ai_hall"))
    site, clock = site_file.site, SystemClock()
    points = tabulate(site)
    gateway = site.gateways["GW-IN"]
    link = Link(
        gateway=gateway,
        site=site,
        points=points,
        table=Table(points, clock.monotonic_ns()),
        now_ns=clock.monotonic_ns,
        chance=np.random.default_rng(1),
        report=lambda change: None,
    )
    driver = ModbusDriver(link)
    poll = next(p for p in spread(plan(site, points, gateway.id), 0) if p.block.mirror)
    wire = Wire("127.0.0.1", PORT)
    while not await wire.connect():  # noqa: ASYNC110 - the server starts in another process
        await asyncio.sleep(0.1)
    client = AsyncModbusTcpClient("127.0.0.1", port=PORT, retries=0)
    await client.connect()
    bare_ns, ours_ns = [], []
    for _ in range(ROUNDS):
        began = process_time_ns()
        for _ in range(REQUESTS):
            await client.read_input_registers(poll.block.address, count=poll.block.count)
        bare_ns.append(process_time_ns() - began)
        began = process_time_ns()
        for _ in range(REQUESTS):
            poll.words = None  # as if every reply brought something new
            await driver.read(wire, poll)
        ours_ns.append(process_time_ns() - began)
    assert not driver.statistics.polls_failed, "the server did not serve what was asked"
    wire.close()
    client.close()
    values = len(poll.block.slots)
    return min(bare_ns) / REQUESTS / 1000, min(ours_ns) / REQUESTS / 1000, values
