"""The OPC UA driver against a server of the same library."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.server.server import Server

from daemon.drivers.opcua import OpcuaDriver
from daemon.drivers.undelivered import NOT_AT_ALL
from daemon.model.commands import Command, Result
from daemon.model.quality import Quality, is_bad, is_good
from tests.unit.drivers.board import ESS, PORT, Rig, rig, site

URI = "urn:ridethrough:devices"


async def serve(port: int, *, others: int = 0, uri: str = URI, without: str = "") -> Server:
    """Return a running server of ESS-1, with `others` namespaces before its own."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    for number in range(others):
        await server.register_namespace(f"urn:other:{number}")
    index = await server.register_namespace(uri)
    for name, node in ESS.items():
        if name != without:
            path = node.path.format(id="ESS-1")
            kind = ua.VariantType[node.type]
            start = 0.0 if node.type == "Double" else 0
            variable = await server.nodes.objects.add_variable(
                node_id(path, index), path, start, kind
            )
            await variable.set_writable()
    await server.start()
    return server


async def stop(server: Server) -> None:
    """Stop a server and what its library leaves running when a client was still there."""
    await server.stop()
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__qualname__", "").startswith("Internal"):
            task.cancel()


def node_id(path: str, index: int) -> ua.NodeId:
    return ua.NodeId(ua.String(path), ua.Int16(index))


async def show(server: Server, path: str, value: float | int, kind: str = "Double") -> None:
    index = await server.get_namespace_index(URI)
    node = server.get_node(node_id(f"ESS-1.{path}", index))
    await node.write_value(ua.DataValue(ua.Variant(value, ua.VariantType[kind])))


async def shown(server: Server, path: str) -> object:
    index = await server.get_namespace_index(URI)
    return await server.get_node(node_id(f"ESS-1.{path}", index)).read_value()


@asynccontextmanager
async def driving(port: int) -> AsyncIterator[tuple[Rig, OpcuaDriver]]:
    table = rig(site(port=port - 1), "OPC")
    driver = OpcuaDriver(table.link)
    task = asyncio.create_task(driver.run())
    try:
        yield table, driver
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def command(table: Rig, point: str, value: float, lasts_s: float = 1.0) -> Command:
    now = table.link.now_ns()
    expires = now + round(lasts_s * 1e9)
    return Command(9, 4, "ESS-1", point, "x", value, "test", "", "none", now, expires)


async def test_values_changes_and_commands() -> None:
    port = PORT + 30
    server = await serve(port)
    await show(server, "StateOfCharge", 80.0)
    try:
        async with driving(port) as (table, driver):
            await table.until("read", lambda: is_good(table.quality("ESS-1.soc_pu")))
            assert table.value("ESS-1.soc_pu") == pytest.approx(0.8)
            await show(server, "Power", -250.0)
            await table.until("change", lambda: table.value("ESS-1.power_w") == -250e3)
            await show(server, "Power", float("nan"))
            await table.until("bad", lambda: is_bad(table.quality("ESS-1.power_w")))
            await asyncio.sleep(1.0)
            assert is_good(table.quality("ESS-1.soc_pu")), "what does not change stays known"

            assert driver._client is not None
            assert driver._client.uaclient.protocol is not None
            transport = driver._client.uaclient.protocol.transport
            assert transport is not None
            way = transport.get_extra_info("socket")
            kept = way.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(NOT_AT_ALL))
            assert kept == NOT_AT_ALL, "what is given up is not sent later"

            done = await driver.write(command(table, "command", 2.0))
            assert done.result is Result.ACKNOWLEDGED
            block = [await shown(server, n) for n in ("CommandEpoch", "CommandId", "Command")]
            assert block == [4, 9, 2]
            await driver.write(command(table, "power_setpoint_w", -1e6))
            assert await shown(server, "PowerSetpoint") == -1000.0
            refused = await driver.write(command(table, "power_setpoint_w", -1e9))
            assert refused.result is Result.REFUSED
            late = await driver.write(command(table, "command", 1.0, lasts_s=0.0))
            assert late.result is Result.EXPIRED
            assert table.said == []
    finally:
        await stop(server)


@pytest.mark.fault("F13", "F14")
async def test_restarted_server_with_other_namespaces_is_found_again() -> None:
    port = PORT + 32
    server = await serve(port)
    async with driving(port) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("ESS-1.soc_pu")))
        await stop(server)
        await table.until("loss", lambda: table.said)
        assert table.quality("ESS-1.soc_pu") == Quality.BAD_NOT_CONNECTED
        failed = await driver.write(command(table, "command", 2.0))
        assert failed.result is Result.FAILED
        server = await serve(port, others=3)
        try:
            await show(server, "StateOfCharge", 33.0)
            await table.until("fresh", lambda: table.value("ESS-1.soc_pu") == 0.33, 10.0)
            assert is_good(table.quality("ESS-1.soc_pu"))
            assert [c.up for c in table.said] == [False, True]
        finally:
            await stop(server)


@pytest.mark.fault("F14")
async def test_missing_namespace_and_node_are_named() -> None:
    port = PORT + 34
    server = await serve(port, uri="urn:somebody:else")
    async with driving(port) as (table, _):
        await table.until("said", lambda: table.said)
        assert URI in table.said[0].reason
        assert table.quality("ESS-1.soc_pu") == Quality.BAD_CONFIGURATION_ERROR
        await stop(server)
        server = await serve(port, without="power_w")
        try:
            await table.until("read", lambda: is_good(table.quality("ESS-1.soc_pu")), 10.0)
            assert table.quality("ESS-1.power_w") == Quality.BAD_CONFIGURATION_ERROR
            await table.until("named", lambda: any("power_w" in c.reason for c in table.said))
        finally:
            await stop(server)


@pytest.mark.fault("F03", "F13")
async def test_server_that_hangs_is_found() -> None:
    port = PORT + 36
    server = await serve(port)
    relay = Relay(port, port + 1)
    await relay.start()
    try:
        async with driving(port + 1) as (table, _):
            await table.until("read", lambda: is_good(table.quality("ESS-1.soc_pu")))
            relay.stalled = True
            await table.until("stale", lambda: not is_good(table.quality("ESS-1.soc_pu")), 1.0)
            await table.until("loss", lambda: table.said, 3.0)
            relay.stalled = False
            await table.until("good", lambda: is_good(table.quality("ESS-1.soc_pu")), 12.0)
            assert [c.up for c in table.said] == [False, True]
    finally:
        await relay.stop()
        await stop(server)


class TooLateError(asyncio.CancelledError):
    """What the library raises when an answer comes with the end of its time."""


@pytest.mark.fault("F03")
async def test_an_answer_that_comes_too_late_costs_the_connection_and_not_the_driver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = Client.connect
    tried = 0

    async def late(client: Client) -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise TooLateError
        await connect(client)

    monkeypatch.setattr(Client, "connect", late)
    server = await serve(PORT + 38)
    try:
        async with driving(PORT + 38) as (table, _):
            await table.until("read", lambda: is_good(table.quality("ESS-1.soc_pu")), 5.0)
            assert not table.said[0].up
            assert tried == 2
    finally:
        await stop(server)


class Relay:
    """Passes bytes on between two ports until it stalls."""

    def __init__(self, source: int, port: int) -> None:
        self.stalled = False
        self._source, self._port = source, port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self._port)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._source)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(self._pass(source, sink)))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                if not self.stalled:
                    sink.write(data)
        finally:
            sink.close()
