"""Streams in memory: order, delay, back-pressure, and everything that can be wrong with a link."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.virtual.link import Fault, Link, located
from device_emulators.virtual.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network

    Program = Callable[["Desk"], Coroutine[Any, Any, None]]

HOST, PORT = "127.0.0.1", 502
MS = 1_000_000


class Echo(asyncio.Protocol):
    """Answers every piece with itself; remembers what happened to it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.heard: list[tuple[int, bytes]] = []
        self.lost: list[Exception | None] = []
        self.writable = True
        self.answers = True
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard.append((self.clock.monotonic_ns(), data))
        if self.answers:
            self.transport.write(data)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


class Desk:
    """A listener that echoes, and how to connect to it."""

    def __init__(self, network: Network, clock: VirtualClock) -> None:
        self.network, self.clock = network, clock
        self.served: list[Echo] = []

    def accept(self) -> Echo:
        self.served.append(Echo(self.clock))
        return self.served[-1]

    async def connect(self) -> Echo:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: Echo(self.clock), HOST, PORT)
        protocol.answers = False
        return protocol


def play(program: Program, jitter_s: float = 0.0, seed: int = 1) -> None:
    """Run `program` with an echoing listener, one millisecond away."""

    async def whole(network: Network, clock: VirtualClock) -> None:
        desk = Desk(network, clock)
        server = await asyncio.get_running_loop().create_server(desk.accept, HOST, PORT)
        await program(desk)
        server.close()
        await server.wait_closed()

    run(whole, seed=seed, latency_s=0.001, jitter_s=jitter_s)


def test_a_connection_takes_a_way_there_and_back_and_so_does_an_answer() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        assert desk.clock.monotonic_ns() == 2 * MS
        client.transport.write(b"ask")
        await asyncio.sleep(0.01)
        assert desk.served[0].heard == [(3 * MS, b"ask")]
        assert client.heard == [(4 * MS, b"ask")]

    play(program)


def test_both_ends_know_where_they_are() -> None:
    async def program(desk: Desk) -> None:
        with located("daemon"):
            client = await desk.connect()
        server = desk.served[0].transport
        assert server.get_extra_info("sockname") == (HOST, PORT)
        assert server.get_extra_info("peername")[0] == "daemon"
        assert client.transport.get_extra_info("peername") == (HOST, PORT)
        socket = client.transport.get_extra_info("socket")
        socket.setsockopt(6, 1, 1)
        assert socket.getpeername() == (HOST, PORT)
        assert client.transport.get_extra_info("cipher", "none") == "none"

    play(program)


def test_bytes_keep_their_order_however_chance_delays_them() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        for number in range(200):
            client.transport.write(bytes([number]))
            await asyncio.sleep(0.0001)
        await asyncio.sleep(1)
        assert b"".join(data for _, data in client.heard) == bytes(range(200))
        assert len({at for at, _ in client.heard}) > 20

    play(program, jitter_s=0.001)


def test_refused_where_nobody_listens_and_where_the_link_refuses_at_once() -> None:
    async def program(desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(ConnectionRefusedError) as refusal:
            await loop.create_connection(asyncio.Protocol, HOST, PORT + 1)
        assert refusal.value.errno == errno.ECONNREFUSED
        desk.network.impose(Fault.REFUSE, Link(port=PORT))
        with pytest.raises(OSError, match="Connect call failed"):
            await desk.connect()
        assert desk.clock.monotonic_ns() == 0
        desk.network.heal(Link(port=PORT))
        await desk.connect()

    play(program)


def test_a_taken_address_is_refused_and_free_again_after_close() -> None:
    async def program(desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(OSError, match="in use") as refusal:
            await loop.create_server(desk.accept, HOST, PORT)
        assert refusal.value.errno == errno.EADDRINUSE
        other = await loop.create_server(desk.accept, HOST, 0)
        port = other.sockets[0].getsockname()[1]
        other.close()
        again = await loop.create_server(desk.accept, "0.0.0.0", port)
        _, protocol = await loop.create_connection(lambda: Echo(desk.clock), HOST, port)
        assert protocol.transport.get_extra_info("peername") == (HOST, port)
        again.close()

    play(program)


def test_stall_accepts_and_holds_then_everything_arrives_in_one_piece() -> None:
    async def program(desk: Desk) -> None:
        desk.network.impose(Fault.STALL, Link(port=PORT))
        client = await desk.connect()
        for data in (b"one", b"two"):
            client.transport.write(data)
            await asyncio.sleep(5)
        assert desk.served[0].heard == []
        desk.network.heal(Link(port=PORT))
        await asyncio.sleep(1)
        assert desk.served[0].heard == [(10_003 * MS, b"onetwo")]
        assert client.heard == [(10_004 * MS, b"onetwo")]

    play(program)


def test_partition_in_one_direction_lets_the_other_pass() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        desk.network.impose(Fault.CUT_TO_CLIENT, Link(port=PORT))
        client.transport.write(b"ask")
        await asyncio.sleep(1)
        assert [data for _, data in desk.served[0].heard] == [b"ask"]
        assert client.heard == []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await desk.connect()
        assert len(desk.served) == 1
        desk.network.heal(Link(port=PORT))
        await asyncio.sleep(1)
        assert [data for _, data in client.heard] == [b"ask"]

    play(program)


def test_the_other_direction_can_be_cut_as_well() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        desk.network.impose(Fault.CUT_TO_SERVER, Link(port=PORT))
        client.transport.write(b"ask")
        desk.served[0].transport.write(b"news")
        await asyncio.sleep(1)
        assert desk.served[0].heard == []
        assert [data for _, data in client.heard] == [b"news"]

    play(program)


def test_a_cut_link_lets_a_connection_through_when_healed_or_times_out_like_a_kernel() -> None:
    async def program(desk: Desk) -> None:
        desk.network.impose(Fault.CUT, Link(port=PORT))
        asyncio.get_running_loop().call_at(20.0, desk.network.heal, Link(port=PORT))
        await desk.connect()
        assert desk.clock.monotonic_ns() == 20_002 * MS
        desk.network.impose(Fault.CUT, Link(port=PORT))
        with pytest.raises(TimeoutError) as silence:
            await desk.connect()
        assert silence.value.errno == errno.ETIMEDOUT
        assert desk.clock.monotonic_ns() == 147_002 * MS

    play(program)


def test_faults_act_on_the_client_they_are_meant_for() -> None:
    async def program(desk: Desk) -> None:
        with located("daemon"):
            daemon = await desk.connect()
        with located("console"):
            console = await desk.connect()
        desk.network.impose(Fault.STALL, Link(client="daemon"))
        for client in (daemon, console):
            client.transport.write(b"ask")
        await asyncio.sleep(1)
        assert daemon.heard == []
        assert [data for _, data in console.heard] == [b"ask"]

    play(program)


def test_what_a_server_starts_belongs_to_the_machine_of_the_server() -> None:
    async def whole(network: Network, clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        peers: list[str] = []

        class Relay(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                self.task = asyncio.create_task(self.relay())

            async def relay(self) -> None:
                await loop.create_connection(asyncio.Protocol, HOST, PORT + 1)

        class Last(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                peers.append(transport.get_extra_info("peername")[0])

        with located("gateway"):
            await loop.create_server(Relay, HOST, PORT)
        await loop.create_server(Last, HOST, PORT + 1)
        with located("daemon"):
            transport, _ = await loop.create_connection(asyncio.Protocol, HOST, PORT)
        transport.write(b"go")
        await asyncio.sleep(1)
        assert peers == ["gateway"]

    run(whole, seed=1)


def test_reset_ends_both_sides_with_an_error_and_loses_what_was_on_its_way() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        client.transport.write(b"ask")
        assert desk.network.reset(Link(port=PORT)) == 1
        await asyncio.sleep(1)
        server = desk.served[0]
        assert server.heard == []
        for end in (client, server):
            assert [type(error) for error in end.lost] == [ConnectionResetError]
            assert end.transport.is_closing()
        assert desk.network.connected(Link()) == 0

    play(program)


def test_close_of_the_servers_ends_both_sides_in_order_after_the_last_byte() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        desk.served[0].transport.write(b"last")
        assert desk.network.close(Link(port=PORT)) == 1
        await asyncio.sleep(1)
        assert [data for _, data in client.heard] == [b"last"]
        assert client.lost == desk.served[0].lost == [None]
        assert desk.network.connected(Link()) == 0

    play(program)


def test_half_open_is_noticed_only_by_writing_to_a_machine_that_is_back() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        assert desk.network.vanish(Link(port=PORT)) == 1
        await asyncio.sleep(100)
        assert [type(error) for error in desk.served[0].lost] == [ConnectionAbortedError]
        client.transport.write(b"anybody?")
        await asyncio.sleep(100)
        assert client.lost == []
        assert client.heard == []
        desk.network.heal(Link(port=PORT))
        await asyncio.sleep(1)
        assert [type(error) for error in client.lost] == [ConnectionResetError]
        assert desk.served[0].heard == []

    play(program)


def test_half_open_without_a_word_stays_half_open() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        desk.network.vanish(Link(port=PORT))
        desk.network.heal(Link(port=PORT))
        await asyncio.sleep(10_000)
        assert client.lost == []
        assert desk.network.connected(Link(port=PORT)) == 1

    play(program)


def test_a_slow_link_is_slow_until_healed() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        desk.network.slow(Link(port=PORT), 0.5, 0.0)
        client.transport.write(b"ask")
        await asyncio.sleep(2)
        assert client.heard == [(1_002 * MS, b"ask")]
        desk.network.heal(Link(port=PORT))
        client.transport.write(b"again")
        await asyncio.sleep(1)
        assert client.heard[1] == (2_004 * MS, b"again")

    play(program)


def test_a_paused_machine_is_connected_to_and_finds_its_bytes_in_one_piece() -> None:
    async def whole(network: Network, clock: VirtualClock) -> None:
        desk = Desk(network, clock)
        with located("gateway"):
            await asyncio.get_running_loop().create_server(desk.accept, HOST, PORT)
        network.loop.pause("gateway")
        client = await desk.connect()
        for data in (b"one", b"two"):
            client.transport.write(data)
            await asyncio.sleep(1)
        assert desk.served == []
        network.loop.resume("gateway")
        await asyncio.sleep(1)
        assert [data for _, data in desk.served[0].heard] == [b"onetwo"]
        assert [data for _, data in client.heard] == [b"onetwo"]

    run(whole, seed=1)


def test_writer_is_told_to_pause_and_to_go_on() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        client.transport.set_write_buffer_limits(high=1000, low=100)
        desk.network.impose(Fault.STALL, Link(port=PORT))
        client.transport.write(b"x" * 1000)
        assert client.writable
        client.transport.write(b"x")
        assert not client.writable
        assert client.transport.get_write_buffer_size() == 1001
        desk.network.heal(Link(port=PORT))
        await asyncio.sleep(1)
        assert client.writable
        assert client.transport.get_write_buffer_size() == 0

    play(program)


def test_reader_that_pauses_holds_the_writer() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        server = desk.served[0]
        server.transport.pause_reading()
        client.transport.write(b"x" * 100_000)
        await asyncio.sleep(1)
        assert server.heard == []
        assert not client.writable
        server.transport.resume_reading()
        await asyncio.sleep(1)
        assert sum(len(data) for _, data in server.heard) == 100_000
        assert client.writable

    play(program)


def test_half_closed_connection_still_carries_the_answer() -> None:
    async def program(desk: Desk) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = await reader.read()
            await asyncio.sleep(1)
            writer.write(b"answer to " + asked)
            writer.close()

        server = await asyncio.start_server(serve, HOST, PORT + 1)
        reader, writer = await asyncio.open_connection(HOST, PORT + 1)
        writer.write(b"question")
        assert writer.can_write_eof()
        writer.write_eof()
        with pytest.raises(RuntimeError, match="write_eof"):
            writer.write(b"more")
        assert await reader.read() == b"answer to question"
        writer.close()
        await writer.wait_closed()
        server.close()

    play(program)


def test_close_says_goodbye_and_writing_afterwards_is_without_effect() -> None:
    async def program(desk: Desk) -> None:
        client = await desk.connect()
        client.transport.write(b"last")
        client.transport.close()
        client.transport.write(b"too late")
        assert client.transport.is_closing()
        await asyncio.sleep(1)
        assert [data for _, data in desk.served[0].heard] == [b"last"]
        assert client.lost == [None]
        # The echo met an end that was closed already.
        assert len(desk.served[0].lost) == 1

    play(program)


def test_a_protocol_that_fails_loses_its_connection_and_says_so() -> None:
    async def program(desk: Desk) -> None:
        said: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: said.append(what))
        client = await desk.connect()

        def fail(data: bytes) -> None:
            raise ValueError(data)

        desk.served[0].data_received = fail  # type: ignore[method-assign]
        client.transport.write(b"poison")
        await asyncio.sleep(1)
        assert [type(each["exception"]) for each in said] == [ValueError]
        assert [type(error) for error in desk.served[0].lost] == [ValueError]
        assert client.lost == [None]

    play(program)


def test_a_connect_that_was_cancelled_leaves_no_connection() -> None:
    async def program(desk: Desk) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0015):
                await desk.connect()
        await asyncio.sleep(1)
        assert desk.network.connected(Link()) == 0
        assert desk.served[0].lost == [None]

    play(program)


def test_what_memory_has_not_is_refused() -> None:
    async def program(desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(NotImplementedError, match="TLS"):
            await loop.create_connection(asyncio.Protocol, HOST, PORT, ssl=True)
        with pytest.raises(NotImplementedError, match="sockets"):
            await loop.create_connection(asyncio.Protocol)
        with pytest.raises(NotImplementedError, match="datagrams"):
            await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (HOST, PORT))

    play(program)


def _arrivals(seed: int) -> list[tuple[int, bytes]]:
    arrivals: list[tuple[int, bytes]] = []

    async def program(desk: Desk) -> None:
        clients = [await desk.connect() for _ in range(5)]
        for number in range(20):
            for client in clients:
                client.transport.write(bytes([number]))
            await asyncio.sleep(0.003)
        await asyncio.sleep(1)
        for client in clients:
            arrivals.extend(client.heard)

    play(program, jitter_s=0.005, seed=seed)
    return arrivals


def test_same_seed_same_arrivals_and_another_seed_others() -> None:
    assert _arrivals(7) == _arrivals(7)
    assert _arrivals(7) != _arrivals(8)


def test_traffic_on_one_connection_does_not_move_the_bytes_of_another() -> None:
    def run_with(extra: int) -> list[tuple[int, bytes]]:
        heard: list[tuple[int, bytes]] = []

        async def program(desk: Desk) -> None:
            one, other = await desk.connect(), await desk.connect()
            for number in range(50):
                one.transport.write(bytes([number]))
                for _ in range(extra):
                    other.transport.write(b"noise")
                await asyncio.sleep(0.002)
            await asyncio.sleep(1)
            heard.extend(one.heard)

        play(program, jitter_s=0.005)
        return heard

    assert run_with(0) == run_with(3)
