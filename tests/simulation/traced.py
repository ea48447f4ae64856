"""Prints a hash of every byte that our drivers and gateways exchange, links failing on the way.

Run as `python -m tests.simulation.traced SEED` in a process of its own: what a process keeps
between two runs (a library's counters, the order of a set) must not help it.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from typing import TYPE_CHECKING

from device_emulators.virtual.link import Fault
from device_emulators.virtual.run import run
from device_emulators.virtual.stream import Mark
from tests.simulation.board import MODBUS, OPCUA, PACKAGES, modbus, opcua
from tests.small_board import MemoryPlant

if TYPE_CHECKING:
    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.link import Link
    from device_emulators.virtual.network import Network


def trace(seed: int) -> tuple[str, int]:
    """Return hash and number of all arrivals of a run."""
    seen = hashlib.sha256()
    pieces = 0

    async def program(network: Network, clock: VirtualClock) -> None:
        def tap(link: Link, direction: str, content: bytes | Mark) -> None:
            nonlocal pieces
            pieces += 1
            body = content.name.encode() if isinstance(content, Mark) else content
            seen.update(f"{clock.monotonic_ns()} {link} {direction} {len(body)} ".encode() + body)

        network.tap = tap
        plant = MemoryPlant()
        async with modbus(plant), opcua(plant, clock):
            await asyncio.sleep(2)
            plant.show("52-A", position=2.0, source_voltage_v=6600.0)
            plant.show("ESS-1", soc_pu=0.8)
            await asyncio.sleep(1)
            network.reset(MODBUS)
            network.impose(Fault.STALL, OPCUA)
            await asyncio.sleep(3)
            network.heal(OPCUA)
            network.vanish(MODBUS)
            await asyncio.sleep(3)
            network.heal(MODBUS)
            await asyncio.sleep(6)

    run(program, seed=seed, packages=PACKAGES)
    return seen.hexdigest(), pieces


if __name__ == "__main__":
    print(*trace(int(sys.argv[1])))
