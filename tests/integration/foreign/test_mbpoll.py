"""mbpoll, a Modbus master for the command line, reads and writes the emulated hall."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.integration.foreign.hall import Hall, hall

if TYPE_CHECKING:
    from collections.abc import Callable

BREAKER, UPS = "52-ACB-UA", "UPS-A"
OPEN = 1.0


async def mbpoll(program: str, running: Hall, equipment: str, *arguments: str) -> tuple[bool, str]:
    """Return whether a master was content, and what it said."""
    gateway, unit = running.gateway(equipment), running.device(equipment).unit
    process = await asyncio.create_subprocess_exec(
        *(program, "-m", "tcp", "-p", str(gateway.port), "-a", str(unit), "-0", "-1"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode == 0, said.decode()


def value(said: str, address: int) -> float:
    """Return what was read at an address."""
    (line,) = (line for line in said.splitlines() if line.startswith(f"[{address}]:"))
    return float(line.split()[1])


@pytest.mark.parametrize(
    ("equipment", "point", "address", "type_", "scale"),
    [
        (BREAKER, "power_w", 6, ("-t", "3:int"), 1.0),
        (BREAKER, "source_voltage_v", 2, ("-t", "3"), 0.1),
        (UPS, "output_power_w", 20, ("-t", "3:float", "-B"), 1000.0),
        (UPS, "bypass_available", 3, ("-t", "1"), 1.0),
    ],
)
async def test_reads(
    program: Callable[[str], str],
    equipment: str,
    point: str,
    address: int,
    type_: tuple[str, ...],
    scale: float,
) -> None:
    host = "127.0.0.1"
    async with hall(equipment) as running:
        await running.run(0.5)
        good, said = await mbpoll(
            program("mbpoll"), running, equipment, "-r", str(address), *type_, host
        )
        assert good, said
        read = value(said, address) * scale
        assert read > 0
        assert read == pytest.approx(running.plant.read(equipment, point), rel=1e-3)


async def test_writes_a_command(program: Callable[[str], str]) -> None:
    async with hall(BREAKER) as running:
        block = ("1", "1", str(running.code(BREAKER, "open")))
        good, said = await mbpoll(
            program("mbpoll"), running, BREAKER, "-r", "0", "-t", "4", "127.0.0.1", *block
        )
        assert good, said
        await running.run(0.5)
        assert running.plant.read(BREAKER, "position") == OPEN


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("-t", "3", "-r", "300", "127.0.0.1"), "Illegal data address"),
        (("-t", "0", "-r", "0", "127.0.0.1"), "Illegal function"),
        (("-t", "4", "-r", "2", "127.0.0.1", "1"), "Illegal data value"),
        (("-t", "4", "-r", "0", "127.0.0.1", "1", "1", "99"), "Slave device or server failure"),
    ],
)
async def test_is_told_why_not(
    program: Callable[[str], str], arguments: tuple[str, ...], refusal: str
) -> None:
    async with hall(BREAKER) as running:
        good, said = await mbpoll(program("mbpoll"), running, BREAKER, *arguments)
        assert not good
        assert refusal in said
