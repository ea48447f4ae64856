"""The Modbus driver against a device that can do what no library would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pymodbus.pdu.register_message import (
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
)

from daemon.drivers.modbus import Wire
from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.drivers.plan import Block
from daemon.model.commands import Command, Result
from daemon.model.plant import Site
from daemon.model.quality import Quality, is_bad, is_good
from tests.unit.drivers.board import PORT, Peer, Rig, rig, site


@asynccontextmanager
async def driving(plant: Site, peer: Peer | None = None) -> AsyncIterator[tuple[Rig, ModbusDriver]]:
    """Run a driver for the gateway of `plant` against `peer`."""
    if peer is not None:
        await peer.start()
    table = rig(plant)
    driver = ModbusDriver(table.link)
    task = asyncio.create_task(driver.run())
    try:
        yield table, driver
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if peer is not None:
            with contextlib.suppress(AssertionError):
                await peer.stop()


def command(
    table: Rig,
    equipment: str,
    point: str,
    value: float,
    *,
    action: str = "set",
    lasts_s: float = 1.0,
) -> Command:
    now = table.link.now_ns()
    expires = now + round(lasts_s * 1e9)
    return Command(7, 3, equipment, point, action, value, "test", "", "none", now, expires)


async def test_values_reach_the_table() -> None:
    peer = Peer()
    peer.show(2, 0, 0b01, 0, 6600, 6590, 0, 1234, 0xFFFF, 0xFC18)
    peer.show(3, 0, 0b10)
    async with driving(site(), peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("52-1.power_w")))
        await table.until("mirror read", lambda: is_good(table.quality("52-2.position")))
        assert table.value("52-1.position") == 1.0
        assert table.value("52-2.position") == 2.0
        assert table.value("52-1.source_voltage_v") == 6600.0
        assert table.value("52-1.current_a") == pytest.approx(123.4)
        assert table.value("52-1.power_w") == -1000.0
        assert driver.statistics.connected
        assert table.said == []
    assert {a for a in peer.asked if a[0] == 1} == {(1, 4, 0, 8)}, "one block reads the mirror"


async def test_fast_points_are_read_by_the_mirror_alone() -> None:
    peer = Peer()
    async with driving(site(), peer) as (table, _):
        await table.until("polls", lambda: len(peer.asked) > 20)
    assert all(address >= 4 for unit, _, address, _ in peer.asked if unit != 1)


@pytest.mark.fault("F01")
async def test_refused_connection_is_said_once_and_recovers() -> None:
    async with driving(site()) as (table, driver):
        await table.until("loss", lambda: table.said)
        assert table.quality("52-1.power_w") == Quality.BAD_NOT_CONNECTED
        await asyncio.sleep(0.5)
        peer = Peer()
        await peer.start()
        await table.until("recovery", lambda: is_good(table.quality("52-1.position")), 8.0)
        await table.until("said", lambda: len(table.said) == 2, 8.0)
        assert [change.up for change in table.said] == [False, True]
        await peer.stop()
        await table.until("loss again", lambda: len(table.said) == 3)
        await table.until("bad", lambda: is_bad(table.quality("52-1.position")))
        assert not driver.statistics.connected


@pytest.mark.fault("F02", "F03")
async def test_silent_device_is_found_and_recovers() -> None:
    peer = Peer()
    plant = site(breakers=1)
    async with driving(plant, peer) as (table, _):
        await table.until("read", lambda: is_good(table.quality("52-1.position")))
        peer.silent = {1, 2}
        await table.until("stale", lambda: not is_good(table.quality("52-1.position")), 1.0)
        await table.until("loss", lambda: table.said, 3.0)
        await table.until("bad", lambda: table.quality("52-1.power_w") == Quality.BAD_TIMEOUT, 3.0)
        before = peer.connections
        await asyncio.sleep(1.0)
        assert peer.connections - before < 8, "knocks with growing waits"
        peer.silent = set()
        await table.until("good", lambda: is_good(table.quality("52-1.power_w")), 8.0)
        await table.until("said", lambda: len(table.said) == 2, 8.0)
        assert [c.up for c in table.said] == [False, True]


@pytest.mark.fault("F02", "F09")
async def test_dead_unit_does_not_delay_the_others() -> None:
    peer = Peer()
    plant = site(breakers=0, rows=3, mirror=False)
    async with driving(plant, peer) as (table, _):
        await table.until("read", lambda: is_good(table.quality("ROW-3.power_w")))
        peer.silent = {3}
        await table.until("loss", lambda: table.said, 4.0)
        assert table.quality("ROW-2.power_w") == Quality.BAD_TIMEOUT
        assert [(c.unit, c.up) for c in table.said] == [("ROW-2", False)]
        begun = len([a for a in peer.asked if a[0] == 2])
        worst = 0.0
        for _ in range(100):
            await asyncio.sleep(0.01)
            index = table.index("ROW-1.power_w")
            worst = max(worst, table.link.now_ns() - table.link.table.source_ns[index])
        assert worst < 0.3e9
        assert len([a for a in peer.asked if a[0] == 2]) > begun + 5
        peer.silent = set()
        await table.until("good", lambda: is_good(table.quality("ROW-2.power_w")), 8.0)
        await table.until("said", lambda: len(table.said) == 2)
        assert table.said[-1].up


@pytest.mark.fault("F04")
async def test_on_a_slow_link_what_is_wanted_often_stays_fresh() -> None:
    peer = Peer()
    peer.late_s = 0.05
    async with driving(site(breakers=9, rows=1, mirror=False), peer) as (table, _):
        await table.until("read", lambda: is_good(table.quality("52-9.power_w")), 20.0)
        place = table.index("ROW-1.power_w")
        worst = 0.0
        for _ in range(150):
            await asyncio.sleep(0.01)
            worst = max(worst, table.link.now_ns() - table.link.table.source_ns[place])
        assert worst < 0.3e9, "nine slow breakers do not make a row stale"


@pytest.mark.fault("F06")
@pytest.mark.parametrize(
    "twist",
    [
        lambda body: body[:2] + bytes([body[2] - 2]) + body[3:-2] if body[1] < 16 else body,
        lambda body: bytes([body[0], 3]) + body[2:] if body[1] == 4 else body,
    ],
    ids=["a register too few", "another function"],
)
async def test_wrong_reply_is_rejected_as_a_whole(twist: Callable[[bytes], bytes]) -> None:
    peer = Peer()
    peer.show(2, 2, 6600)
    async with driving(site(breakers=1), peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("52-1.source_voltage_v")))
        peer.show(2, 2, 1)
        peer.twist = twist
        await table.until("rejected", lambda: driver.statistics.rejected > 2)
        assert table.value("52-1.source_voltage_v") == 6600.0
        assert is_bad(table.quality("52-1.source_voltage_v"))
        peer.twist = lambda body: body
        await table.until("good", lambda: table.value("52-1.source_voltage_v") == 1.0)


@pytest.mark.fault("F08")
async def test_late_reply_is_never_matched_to_a_later_request() -> None:
    peer = Peer()
    peer.show(2, 4, 0, 10)
    async with driving(site(breakers=1, mirror=False), peer) as (table, _):
        await table.until("read", lambda: is_good(table.quality("52-1.current_a")))
        peer.late_s = 0.7
        before = peer.connections
        await table.until("reconnect", lambda: peer.connections > before, 3.0)
        peer.late_s = 0.0
        peer.show(2, 4, 0, 20)
        await table.until("fresh", lambda: table.value("52-1.current_a") == 2.0, 8.0)


async def test_exception_reply_marks_the_block_and_keeps_the_link() -> None:
    peer = Peer()
    peer.refuses = {2: 4}
    async with driving(site(breakers=1), peer) as (table, driver):
        await table.until(
            "bad", lambda: table.quality("52-1.power_w") == Quality.BAD_DEVICE_FAILURE
        )
        assert is_good(table.quality("52-1.position"))
        assert driver.statistics.connected


async def test_command_is_one_write_of_the_block() -> None:
    peer = Peer()
    async with driving(site(), peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("52-2.position")))
        outcome = await driver.write(command(table, "52-2", "command", 2.0, action="close"))
        assert outcome.result is Result.ACKNOWLEDGED
    assert peer.written == [(3, 16, 0, (3, 7, 2))]


async def test_set_point_takes_the_epoch_along_where_it_stands_beside() -> None:
    peer = Peer()
    async with driving(site(breakers=0, rows=1, mirror=False), peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("ROW-1.power_w")))
        await driver.write(command(table, "ROW-1", "power_cap_pu", 0.45))
        await driver.write(command(table, "ROW-1", "heartbeat", 65_537.0, action="beat"))
    assert peer.written == [(2, 16, 10, (3, 450)), (2, 6, 20, (1,))]


async def test_single_register_is_written_by_the_function_that_the_make_knows() -> None:
    peer, board = Peer(), site(breakers=0, rows=1, mirror=False)
    profile = replace(board.profiles["rack_row/r"], functions=frozenset({3, 4, 16}))
    board = replace(board, profiles={**board.profiles, "rack_row/r": profile})
    async with driving(board, peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("ROW-1.power_w")))
        outcome = await driver.write(command(table, "ROW-1", "heartbeat", 513.0, action="beat"))
        assert outcome.result is Result.ACKNOWLEDGED
    assert peer.written == [(2, 16, 20, (513,))]


async def test_expired_command_is_not_sent() -> None:
    peer = Peer()
    async with driving(site(), peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("52-1.position")))
        late = command(table, "52-1", "command", 1.0, lasts_s=0.0)
        assert (await driver.write(late)).result is Result.EXPIRED
    assert peer.written == []


async def test_refused_command_and_value_out_of_limits() -> None:
    peer = Peer()
    async with driving(site(breakers=1, rows=1), peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("52-1.position")))
        refused = await driver.write(command(table, "ROW-1", "power_cap_pu", 1.5))
        assert refused.result is Result.REFUSED
        peer.refuses = {2: 4}
        refused = await driver.write(command(table, "52-1", "command", 1.0))
        assert refused.result is Result.REFUSED
    assert peer.written == []


@pytest.mark.fault("F08", "F12")
async def test_command_without_an_answer_failed_and_is_not_repeated() -> None:
    peer = Peer()
    async with driving(site(), peer) as (table, driver):
        await table.until("read", lambda: is_good(table.quality("52-1.position")))
        written = peer.written
        peer.late_s = 0.7
        outcome = await driver.write(command(table, "52-1", "command", 1.0, action="open"))
        assert outcome.result is Result.FAILED
        peer.late_s = 0.0
        await table.until("back", lambda: is_good(table.quality("52-1.position")), 8.0)
        assert len(written) <= 1


@pytest.mark.fault("F03")
async def test_a_connection_that_is_given_up_delivers_nothing_any_more() -> None:
    """It ends with a reset: closed plainly it would go on sending when the link is back."""
    met: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()
    server = await asyncio.start_server(lambda reader, _: met.put_nowait(reader), "127.0.0.1", PORT)
    async with server:
        wire = Wire("127.0.0.1", PORT)
        assert await wire.connect()
        device = await met.get()
        wire.close()
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(5):
                await device.read()


async def test_command_to_a_lost_gateway_fails_at_once() -> None:
    async with driving(site(port=PORT + 9)) as (table, driver):
        await table.until("loss", lambda: table.said)
        outcome = await driver.write(command(table, "52-1", "command", 1.0))
        assert outcome.result is Result.FAILED
        assert "not connected" in outcome.detail


async def test_cancellation_that_the_library_swallows_is_heeded() -> None:
    class Swallowing:
        """Does what `asyncio.wait_for` of Python 3.11 does when result and cancellation meet."""

        async def execute(self, _: bool, request: ReadInputRegistersRequest) -> object:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(10)
            return ReadInputRegistersResponse(registers=[0] * request.count, dev_id=request.dev_id)

        def close(self) -> None:
            pass

    wire = Wire("127.0.0.1", PORT)
    wire._client = Swallowing()  # type: ignore[assignment]
    read = asyncio.create_task(wire.read(Block(2, "input", 0, 4, 1.0, ())))
    await asyncio.sleep(0.01)
    read.cancel()
    with pytest.raises(asyncio.CancelledError):
        await read
    assert not wire.connected, "its reply must never meet another request"
