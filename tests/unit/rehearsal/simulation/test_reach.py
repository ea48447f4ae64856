from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from daemon.rehearsal.simulation.reach import LOST_NS, ImageReach, Process, WireReach
from device_emulators.servers.gateways import Gateways
from device_emulators.virtual.clock import VirtualClock
from device_emulators.virtual.link import located
from device_emulators.virtual.run import run
from tests.small_board import MemoryPlant, small_board

if TYPE_CHECKING:
    from device_emulators.virtual.network import Network


class _Time:
    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Obeying:
    """A device that takes everything."""

    writes = 0

    def __call__(self) -> bool:
        self.writes += 1
        return True


def answers(reach: ImageReach) -> str:
    try:
        return str(reach.answers("GW-B"))
    except ConnectionError as error:
        return type(error).__name__


def test_gateway_that_refuses_is_lost_at_once_and_takes_nothing() -> None:
    reach, device = ImageReach(_Time()), Obeying()
    before = reach.version
    reach.suffer("GW-B", "refuse", {})
    assert reach.version > before
    assert answers(reach) == "ConnectionRefusedError"
    with pytest.raises(ConnectionRefusedError):
        reach.carry("GW-B", device)
    assert reach.answers("OPC-B")
    assert reach.carry("OPC-B", lambda: True)
    before = reach.version
    reach.suffer("GW-B", "heal", {})
    assert reach.version > before
    assert answers(reach) == "True"
    assert device.writes == 0


@pytest.mark.parametrize("event", ["hang", "cut", "cut_to_gateway"])
def test_silent_gateway_is_lost_after_a_while(event: str) -> None:
    time = _Time()
    reach = ImageReach(time)
    reach.suffer("GW-B", event, {})
    assert answers(reach) == "False"
    before = reach.version
    time.now_ns = LOST_NS - 1
    assert reach.version == before
    time.now_ns = LOST_NS
    assert reach.version > before
    assert answers(reach) == "ConnectionAbortedError"
    reach.suffer("GW-B", "answer", {})
    assert answers(reach) == "True"


def test_device_obeys_although_its_answer_is_lost() -> None:
    reach, device = ImageReach(_Time()), Obeying()
    for event in ("cut_to_gateway", "heal", "cut_to_daemon"):
        reach.suffer("GW-B", event, {})
        if event != "heal":
            with pytest.raises(ConnectionAbortedError):
                reach.carry("GW-B", device)
    assert device.writes == 1


def test_slow_gateway_is_silent_only_when_it_misses_the_time_of_a_reply() -> None:
    reach = ImageReach(_Time())
    reach.suffer("GW-B", "slow", {"latency_s": 0.2})
    assert answers(reach) == "True"
    reach.suffer("GW-B", "slow", {"latency_s": 0.3})
    assert answers(reach) == "False"


def test_reset_is_over_when_it_was_noticed() -> None:
    reach = ImageReach(_Time())
    reach.suffer("GW-B", "reset", {})
    before = reach.version
    assert answers(reach) == "ConnectionResetError"
    assert reach.version > before
    assert answers(reach) == "True"


# The wire.


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """Return what became of a question."""
    try:
        writer.write(b"x")
        async with asyncio.timeout(1.0):
            return (await reader.read(1)).decode() or "closed"
    except (ConnectionError, TimeoutError) as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("event", "values", "meanwhile", "after"),
    [
        ("hang", {}, "TimeoutError", "x"),
        ("cut_to_gateway", {}, "TimeoutError", "x"),
        ("cut_to_daemon", {}, "TimeoutError", "x"),
        ("slow", {"latency_s": 0.6}, "TimeoutError", "x"),
        ("slow", {"latency_s": 0.3}, "x", "x"),
        ("refuse", {}, "ConnectionResetError", None),
        ("reset", {}, "ConnectionResetError", None),
        ("cut", {}, "TimeoutError", None),
    ],
)
def test_on_the_wire(event: str, values: dict[str, Any], meanwhile: str, after: str | None) -> None:
    site = small_board(modbus_port=1502)

    async def program(network: Network, clock: VirtualClock) -> tuple[str, str]:
        server = await asyncio.start_server(_echo, "127.0.0.1", 1502)
        with located("daemon"):
            mine = await asyncio.open_connection("127.0.0.1", 1502)
        other = await asyncio.open_connection("127.0.0.1", 1502)
        assert await _asked(*mine) == "x"
        reach = WireReach(site, network, Gateways(site, MemoryPlant()))
        reach.suffer("GW-B", event, values)
        found = await _asked(*mine)
        assert await _asked(*other) == "x", "only the daemon's way is disturbed"
        reach.suffer("GW-B", "heal", {})
        await asyncio.sleep(1.0)
        healed = await _asked(*mine)
        for each in (mine, other):
            each[1].close()
        server.close()
        await asyncio.sleep(1.0)
        return found, healed

    found, healed = run(program, seed=1)
    assert found == meanwhile
    assert after is None or healed == after


# The process.


def test_pause_stops_the_daemon_alone_even_when_it_is_asked_from_within() -> None:
    async def program(network: Network, clock: VirtualClock) -> tuple[list[float], list[float]]:
        loop = asyncio.get_running_loop()
        process = Process(network.loop, clock)
        mine: list[float] = []
        others: list[float] = []

        async def tick(seen: list[float], at_s: float) -> None:
            for _ in range(6):
                seen.append(loop.time())
                if at_s == loop.time():
                    process.suffer("pause", {"for_s": 2.5})
                await asyncio.sleep(1.0)

        with located("daemon"):
            daemon = asyncio.create_task(tick(mine, 1.0))
        plant = asyncio.create_task(tick(others, -1.0))
        await asyncio.wait([daemon, plant])
        return mine, others

    mine, others = run(program, seed=1)
    assert others == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert mine == [0.0, 1.0, 3.5, 4.5, 5.5, 6.5]


def test_of_two_pauses_the_longer_one_counts() -> None:
    async def program(network: Network, clock: VirtualClock) -> float:
        process = Process(network.loop, clock)
        process.suffer("pause", {"for_s": 3.0})
        process.suffer("pause", {"for_s": 1.0})
        with located("daemon"):
            waiting = asyncio.create_task(asyncio.sleep(0.5))
        await waiting
        return network.loop.time()

    assert run(program, seed=1) == 3.5


def test_clock_step_moves_the_daemons_clock_and_no_other() -> None:
    async def program(network: Network, clock: VirtualClock) -> tuple[int, int]:
        own = VirtualClock(network.loop, clock.utc_ns())
        Process(network.loop, own).suffer("clock_step", {"by_s": -3600.0})
        return own.utc_ns() - clock.utc_ns(), own.monotonic_ns() - clock.monotonic_ns()

    assert run(program, seed=1) == (-3600 * 10**9, 0)
