"""An emulated gateway as a foreign master sees it: pymodbus's client, and mbpoll."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from device_emulators.servers.modbus import ModbusGateway
from tests.small_board import MemoryPlant, free_port, small_board

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

CLOSED = 2.0


@asynccontextmanager
async def desk(
    plant: MemoryPlant, timeout_s: float = 2.0
) -> AsyncIterator[tuple[AsyncModbusTcpClient, ModbusGateway]]:
    """Serve the small board and connect a client to its gateway."""
    port = free_port()
    site = small_board(modbus_port=port)
    gateway = ModbusGateway(site, site.gateways["GW-B"], plant)
    await gateway.start()
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=timeout_s, retries=0)
    assert await client.connect()
    try:
        yield client, gateway
    finally:
        client.close()
        await gateway.stop()


async def test_block_shows_what_the_plant_shows() -> None:
    plant = MemoryPlant()
    plant.show("52-A", position=CLOSED, source_voltage_v=6600.0, power_w=1.5)
    async with desk(plant) as (client, _):
        read = await client.read_input_registers(0, count=13, device_id=2)
        assert read.registers == [2, 13200, 0, 0, 0, 0, 0, 0, 0, 0x3FC0, 0, 0, 0]
        plant.show("52-A", position=1.0)
        read = await client.read_input_registers(0, count=1, device_id=2)
        assert read.registers == [1]


async def test_bits_are_read_by_their_function() -> None:
    plant = MemoryPlant()
    plant.show("52-B", spring_charged=1.0)
    async with desk(plant) as (client, _):
        read = await client.read_discrete_inputs(3, count=1, device_id=3)
        assert read.bits[0] is True
        read = await client.read_discrete_inputs(3, count=1, device_id=2)
        assert read.bits[0] is False


async def test_mirror_repeats_the_fast_words_of_every_unit() -> None:
    plant = MemoryPlant()
    plant.show("52-A", position=CLOSED, load_voltage_v=10.0)
    plant.show("52-B", position=1.0, tripped=1.0)
    plant.show("DG-1", stage=3.0, power_w=-1e6)
    async with desk(plant) as (client, _):
        mirror = await client.read_input_registers(0, count=16, device_id=1)
        own = [(await client.read_input_registers(0, count=1, device_id=u)) for u in (2, 3, 5)]
    # Unit 4 is not there; the power of DG-1 stands at word 4 and is no fast word.
    assert mirror.registers == [2, 0, 20, 0, 0b101, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0]
    assert [mirror.registers[at] for at in (0, 4, 12)] == [each.registers[0] for each in own]


async def test_command_block_reaches_the_device_in_order_before_the_answer() -> None:
    plant = MemoryPlant()
    async with desk(plant) as (client, _):
        answer = await client.write_registers(100, [0, 7, 0, 41, 2], device_id=2)
        assert not answer.isError()
        assert plant.written == [
            ("52-A", "command_epoch", 7.0),
            ("52-A", "command_id", 41.0),
            ("52-A", "command", 2.0),
        ]
        read = await client.read_holding_registers(100, count=5, device_id=2)
        assert read.registers == [0, 7, 0, 41, 2]


async def test_single_write_reads_back_within_the_same_instant() -> None:
    plant = MemoryPlant()
    async with desk(plant) as (client, _):
        before = await client.read_holding_registers(0, count=1, device_id=5)
        answer = await client.write_register(0, 513, device_id=5)
        after = await client.read_holding_registers(0, count=1, device_id=5)
    assert answer.registers == [513]
    assert (before.registers, after.registers) == ([0], [513])


@pytest.mark.parametrize(
    ("unit", "address", "words", "code"),
    [
        (5, 12, [0, 0], 2),
        (5, 10, [0], 2),
        (5, 11, [0], 2),
        (2, 50, [1], 2),
        (1, 0, [1], 1),
        (5, 10, [0x7FC0, 0], 3),
        (2, 104, [9], 3),
        (2, 104, [2], 3),
        (4, 0, [1], 11),
    ],
    ids=[
        "read only",
        "first half",
        "second half",
        "unmapped",
        "mirror",
        "not a number",
        "unknown code",
        "command of nobody",
        "no such unit",
    ],
)
async def test_refused_write_says_why_and_changes_nothing(
    unit: int, address: int, words: list[int], code: int
) -> None:
    plant = MemoryPlant()
    plant.refusing = {("52-A", "command")}
    async with desk(plant) as (client, _):
        answer = await client.write_registers(address, words, device_id=unit)
        assert answer.isError()
        assert answer.exception_code == code
    assert plant.written == []


async def test_refused_value_ends_its_transaction() -> None:
    plant = MemoryPlant()
    plant.refusing = {("52-A", "command_epoch")}
    async with desk(plant) as (client, _):
        answer = await client.write_registers(100, [0, 1, 0, 1, 2], device_id=2)
        assert answer.exception_code == 4
    assert plant.written == []


@pytest.mark.parametrize(
    ("unit", "address", "count", "code"),
    [(2, 13, 1, 2), (2, 12, 2, 2), (1, 19, 2, 2), (4, 0, 1, 11)],
)
async def test_read_beyond_the_map_is_refused(
    unit: int, address: int, count: int, code: int
) -> None:
    async with desk(MemoryPlant()) as (client, _):
        answer = await client.read_input_registers(address, count=count, device_id=unit)
        assert answer.isError()
        assert answer.exception_code == code


@pytest.mark.fault("F02")
async def test_gateway_that_hangs_keeps_the_connection_and_answers_again() -> None:
    plant = MemoryPlant()
    async with desk(plant, timeout_s=0.2) as (client, gateway):
        gateway.door.suffer("hang", {})
        with pytest.raises(ModbusIOException):
            await client.read_input_registers(0, count=1, device_id=2)
        gateway.door.suffer("answer", {})
        read = await client.read_input_registers(0, count=1, device_id=2)
        assert not read.isError()


async def test_taken_port_is_named_with_its_gateway() -> None:
    async with desk(MemoryPlant()) as (_, running):
        port = running.port
        site = small_board(modbus_port=port)
        second = ModbusGateway(site, site.gateways["GW-B"], MemoryPlant())
        with pytest.raises(OSError, match=rf"gateway GW-B cannot listen on 127\.0\.0\.1:{port}"):
            await second.start()


async def test_foreign_master_reads_a_float(program: Callable[[str], str]) -> None:
    mbpoll = program("mbpoll")
    plant = MemoryPlant()
    plant.show("52-A", power_w=-123.5)
    async with desk(plant) as (_, gateway):
        command = [mbpoll, "-m", "tcp", "-p", str(gateway.port), "-a", "2", "-0", "-r", "8"]
        process = await asyncio.create_subprocess_exec(
            *command, "-t", "3:float", "-1", "127.0.0.1", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(process.communicate(), 10)
    assert b"-123.5" in output
