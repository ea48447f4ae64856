"""modbus-serial, a Modbus library for Node, reads and writes the emulated hall."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from device_emulators.servers.nameplate import made_up
from tests.integration.foreign.hall import Hall, hall
from tests.integration.foreign.scripts import Script, script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BREAKER, METER = "52-ACB-UA", "M-LVA1"
SET = "DG-1"
CLOSED = 2
OPEN = 1


@asynccontextmanager
async def asked(node: str, *equipment: str) -> AsyncIterator[tuple[Hall, Script]]:
    """Serve the gateway of `equipment` and set the master on it."""
    async with hall(*equipment) as running:
        gateway = running.gateway(equipment[0])
        async with script(node, "modbus.js", gateway.host, str(gateway.port)) as master:
            yield running, master


async def test_values_are_those_of_the_plant(node: str) -> None:
    async with asked(node, BREAKER) as (running, master):
        await running.run(0.5)
        unit, plant = running.device(BREAKER).unit, running.plant
        words = (await master.call(unit, "readInputRegisters", 0, 11))["data"]
        assert words[0] & 3 == CLOSED
        assert words[2] * 0.1 == pytest.approx(plant.read(BREAKER, "source_voltage_v"), abs=0.05)
        # 32-bit values of this make have the low word first.
        current_a = (words[5] << 16 | words[4]) * 0.1
        assert current_a == pytest.approx(plant.read(BREAKER, "current_a"), abs=0.05)
        assert current_a > 100
        power_w = words[7] << 16 | words[6]
        assert power_w == pytest.approx(plant.read(BREAKER, "power_w"), abs=0.5)
        mirror = (await master.call(1, "readInputRegisters", (unit - 2) * 4, 4))["data"]
        assert mirror == words[:4]


async def test_command_opens_a_breaker(node: str) -> None:
    async with asked(node, BREAKER) as (running, master):
        unit = running.device(BREAKER).unit
        block = [1, 1, running.code(BREAKER, "open")]
        reply = await master.call(unit, "writeRegisters", 0, block)
        assert reply == {"address": 0, "length": 3}
        await running.run(0.5)
        words = (await master.call(unit, "readInputRegisters", 0, 1))["data"]
        assert words[0] & 3 == OPEN


async def test_setpoint_is_read_back(node: str) -> None:
    async with asked(node, SET) as (running, master):
        unit = running.device(SET).unit
        place = running.site.profiles[running.device(SET).profile].points["power_setpoint_w"]
        at = place.address  # type: ignore[union-attr]
        low, high = 0x4DC0, 0xFFE8  # -1 552 960 W, the low word first
        await master.call(unit, "writeRegisters", at, [low, high])
        assert (await master.call(unit, "readHoldingRegisters", at, 2))["data"] == [low, high]
        assert running.plant.read(SET, "power_setpoint_w") == -1_552_960
        both = await master.call(unit, "readWriteRegisters", at, 2, at, 2, [0, 0xFFF0])
        assert both["data"] == [0x0000, 0xFFF0]
        assert running.plant.read(SET, "power_setpoint_w") == -0x10_0000


@pytest.mark.parametrize(
    ("call", "values", "exception"),
    [
        ("readCoils", (0, 1), 1),
        ("readHoldingRegisters", (5, 1), 2),
        ("readInputRegisters", (10, 2), 2),
        ("readInputRegisters", (0, 126), 3),
        ("readInputRegisters", (0, 0), 3),
        ("writeRegister", (50, 1), 2),
        ("writeRegisters", (1, [1, 1, 1]), 2),
        ("writeCoil", (0, True), 1),
        ("writeRegisters", (0, [1, 1, 99]), 4),
        ("readFileRecords", (1, 2), 1),
    ],
)
async def test_refusals(node: str, call: str, values: tuple[object, ...], exception: int) -> None:
    async with asked(node, BREAKER) as (running, master):
        unit = running.device(BREAKER).unit
        assert await master.call(unit, call, *values) == exception
        assert await master.call(unit + 90, "readInputRegisters", 0, 1) == 11


async def test_excuses(node: str) -> None:
    async with asked(node, BREAKER) as (running, master):
        unit = running.device(BREAKER).unit
        (gateway,) = running.modbus
        for exception in (6, 10, 11):
            gateway.excuse(exception)
            assert await master.call(unit, "readInputRegisters", 0, 1) == exception
        gateway.excuse(0)
        assert "data" in await master.call(unit, "readInputRegisters", 0, 1)


@pytest.mark.fault("F18")
async def test_device_says_who_it_is(node: str) -> None:
    async with asked(node, BREAKER, METER) as (running, master):
        for equipment in (BREAKER, METER):
            device = running.device(equipment)
            profile = running.site.profiles[device.profile]
            serial = made_up(equipment)
            reply = await master.call(device.unit, "readDeviceIdentification", 3, 0)
            assert reply["data"]["0"] == profile.make
            assert reply["data"]["4"] == profile.model
            assert reply["data"]["6"] == equipment
            assert reply["data"]["128"] == str(serial)
            words = (await master.call(device.unit, "readInputRegisters", 900, 2))["data"]
            assert profile.serial is not None
            little = profile.serial.word_order == "little"
            assert words == [*divmod(serial, 0x1_0000)][:: -1 if little else 1]


@pytest.mark.fault("F18", "F24")
async def test_swapped_devices_and_words_are_told_by_the_serial_number(node: str) -> None:
    other = "M-LVA2"
    async with asked(node, METER, other) as (running, master):
        unit = running.device(METER).unit
        running.plant.inject(METER, "swap", {"with": other})
        serial = await master.call(unit, "readDeviceIdentification", 4, 128)
        assert serial["data"]["128"] == str(made_up(other))
        running.plant.inject(METER, "clear", {})
        before = (await master.call(unit, "readInputRegisters", 900, 2))["data"]
        running.plant.inject(METER, "swap_words", {})
        after = (await master.call(unit, "readInputRegisters", 900, 2))["data"]
        assert after == before[::-1]
        assert after != before
