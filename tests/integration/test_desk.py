"""The desk in real time over real sockets, with a plant that plays from a script."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from pymodbus.client import AsyncModbusTcpClient

from device_emulators.desk import Desk
from device_emulators.scenario import Scenario
from tests.small_board import ScriptedPlant, free_port, small_board

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daemon.model.plant import Site

SCENARIO = Scenario.model_validate(
    {
        "scenario": "trip",
        "description": "",
        "for_s": 0.5,
        "timeline": [{"at_s": 0.2, "target": "52-A", "event": "trip"}],
        "expect": [
            {
                "name": "open",
                "reach": {"quantity": "52-A.position", "is": "open", "from_s": 0.1, "by_s": 0.4},
            }
        ],
    }
)


class Obedient(ScriptedPlant):
    """Opens a breaker when it is tripped."""

    def inject(self, target: str, event: str, values: object) -> None:
        """Open."""
        super().inject(target, event, {})
        self.values[target, "position"] = 1.0


def board() -> Site:
    """Return the small board on ports that are free."""
    return small_board(free_port(), free_port())


@asynccontextmanager
async def opened(desk: Desk) -> AsyncIterator[None]:
    """Serve, and close whatever happens."""
    await desk.open()
    try:
        yield
    finally:
        await desk.close()


async def test_scenario_begins_when_told_and_is_seen_on_the_wire() -> None:
    site, plant = board(), Obedient()
    plant.values["52-A", "position"] = 2.0
    lines: list[str] = []
    desk = Desk(site, plant, SCENARIO, utc_ns=lambda: 42, out=lines.append)
    async with opened(desk):
        playing = asyncio.create_task(desk.play())
        port = site.gateways["GW-B"].port
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=2, retries=0)
        assert await client.connect()
        read = await client.read_input_registers(0, count=1, device_id=1)
        while plant.now_ns < 100_000_000:
            assert read.registers == [2]
            read = await client.read_input_registers(0, count=1, device_id=1)
        assert plant.injected == []
        held_ns = plant.now_ns
        desk.start()
        while read.registers != [1]:
            read = await client.read_input_registers(0, count=1, device_id=1)
        report = await playing
        client.close()
    ((at_s, target, event, _),) = plant.injected
    assert (target, event) == ("52-A", "trip")
    assert at_s * 1e9 >= held_ns + 200_000_000
    assert report.ok
    assert report.started_utc_ns == 42
    # A step of 20 ms ends behind the trip.
    assert report.expectations[0].value == pytest.approx(0.22)
    assert "[plant] scenario trip begins" in lines


async def test_stop_ends_it_and_is_no_success() -> None:
    desk = Desk(board(), Obedient(), SCENARIO, utc_ns=lambda: 0, out=lambda _line: None)
    async with opened(desk):
        playing = asyncio.create_task(desk.play(3600))
        desk.start()
        await asyncio.sleep(0)
        desk.stop()
        report = await playing
    assert report.interrupted
    assert not report.ok


async def test_time_lost_is_said_and_not_made_up() -> None:
    plant, lines = Obedient(), list[str]()
    desk = Desk(board(), plant, utc_ns=lambda: 0, out=lines.append)
    async with opened(desk):
        clock = asyncio.get_running_loop().time
        playing = asyncio.create_task(desk.play())
        while plant.now_ns < 40_000_000:  # noqa: ASYNC110 - plant time has no event
            await asyncio.sleep(0)
        before_ns, late_s = plant.now_ns, clock() + 1.2
        while clock() < late_s:
            pass
        while not lines:  # noqa: ASYNC110 - nor has a line
            await asyncio.sleep(0)
        desk.stop()
        report = await playing
    assert plant.now_ns - before_ns < 1_000_000_000
    assert report.slipped_s > 1.0
    assert "too slow" in lines[0]


async def test_taken_port_leaves_nothing_open() -> None:
    first, second = board(), board()
    taken = first.gateways["OPC-B"].port
    gateways = {**second.gateways, "OPC-B": first.gateways["OPC-B"]}
    mixed = small_board(gateways["GW-B"].port, taken)
    desk = Desk(first, Obedient(), utc_ns=lambda: 0)
    late = Desk(mixed, Obedient(), utc_ns=lambda: 0)
    async with opened(desk):
        with pytest.raises(OSError, match=f"OPC-B cannot listen on 127.0.0.1:{taken}"):
            await late.open()
        # The Modbus port of the second is free again.
        server = await asyncio.start_server(
            lambda _reader, _writer: None, "127.0.0.1", gateways["GW-B"].port
        )
        server.close()
        await server.wait_closed()
