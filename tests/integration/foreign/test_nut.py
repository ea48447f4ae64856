"""Network UPS Tools, as an administrator has them at a UPS, at the emulated one."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.integration.foreign.hall import Hall, hall
from tests.small_board import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

UPS, BREAKER = "UPS-A", "52-ACB-UA"
# A state of this driver is there when its contact reads 0, or with `noro = 0` when it reads 1. It
# does not come up without all three.
SETTINGS = """\
[ups-a]
  driver = generic_modbus
  port = {host}:{port}
  rio_slave_id = {unit}
  pollinterval = 1
  OL_addr = 0
  OL_regtype = 1
  OL_noro = 1
  OB_addr = 0
  OB_regtype = 1
  OB_noro = 0
  LB_addr = 1
  LB_regtype = 1
  LB_noro = 0
"""
PATIENCE_S = 30.0


@asynccontextmanager
async def nut(program: Callable[[str], str], running: Hall, folder: Path) -> AsyncIterator[str]:
    """Run driver and server of NUT on the gateway of the UPS; yield the address for clients."""
    gateway, unit = running.gateway(UPS), running.device(UPS).unit
    port = free_port()
    files = {
        "ups.conf": SETTINGS.format(host=gateway.host, port=gateway.port, unit=unit),
        "upsd.conf": f"LISTEN 127.0.0.1 {port}\n",
        "upsd.users": "",
        "nut.conf": "MODE=standalone\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o640)
    names = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
    env = {**os.environ, **{name: str(folder) for name in names}}
    user = os.environ.get("USER", "root")
    commands = (
        (program("/lib/nut/generic_modbus"), "-a", "ups-a", "-u", user, "-D"),
        (program("/lib/nut/upsd"), "-u", user, "-D"),
    )
    started = []
    try:
        for number, command in enumerate(commands):
            with (folder / f"{number}.log").open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    *command, env=env, stdout=log, stderr=asyncio.subprocess.STDOUT
                )
            started.append(process)
        yield f"ups-a@127.0.0.1:{port}"
    finally:
        for process in started:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def shown(upsc: str, address: str, *words: str) -> None:
    """Wait until the state of the UPS has all of `words`."""
    said = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not set(words) <= set(said.decode().split()):
                process = await asyncio.create_subprocess_exec(
                    *(upsc, address, "ups.status"),
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                )
                said, _ = await process.communicate()
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"{words} expected, {said!r} shown") from None


async def test_ups_goes_on_battery_and_runs_low(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    upsc = program("upsc")
    async with hall(UPS, settings={UPS: {"soc_pu": 0.15}}) as running:
        plant = running.plant
        await running.run(0.5)
        async with nut(program, running, tmp_path) as address:
            await shown(upsc, address, "OL")
            for point, value in (("epoch", 1), ("id", 1), ("", running.code(BREAKER, "open"))):
                plant.write(BREAKER, f"command_{point}".rstrip("_"), float(value))
            await running.run(0.5)
            await shown(upsc, address, "OB")
            for _ in range(60):
                if plant.read(UPS, "low_battery"):
                    break
                await running.run(10.0)
            await shown(upsc, address, "OB", "LB")
