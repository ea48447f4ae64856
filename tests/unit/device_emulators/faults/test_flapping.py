from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from device_emulators.faults.flapping import Flapping
from device_emulators.play import NEVER
from device_emulators.virtual.run import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.network import Network


def test_a_flapping_link_goes_and_comes_until_it_is_healed() -> None:
    async def program(network: Network, _: VirtualClock) -> list[tuple[float, str, str]]:
        loop, seen = asyncio.get_running_loop(), []

        def suffer(gateway: str, event: str, values: Mapping[str, Any]) -> None:
            seen.append((loop.time(), gateway, event))

        flapping = Flapping(network.loop, suffer)
        assert flapping.due_ns == NEVER
        flapping.suffer("GW-B", "flap", {"period_s": 1.0})
        assert 0 < flapping.due_ns < 500_000_000
        await asyncio.sleep(1.25)
        flapping.suffer("GW-B", "heal", {})
        assert flapping.due_ns == NEVER
        await asyncio.sleep(5.0)
        return seen

    assert run(program, seed=1) == [
        (0.0, "GW-B", "refuse"),
        (0.5, "GW-B", "heal"),
        (1.0, "GW-B", "refuse"),
        (1.25, "GW-B", "heal"),
    ]
