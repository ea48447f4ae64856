"""The AI hall on real sockets, as far as a test needs it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from daemon.model.quantities import ns
from daemon.settings import load
from device_emulators.faults.instruments import Instruments
from device_emulators.plant.plant import Plant
from device_emulators.servers.modbus import ModbusGateway
from device_emulators.servers.opcua import OpcUaGateway
from tests.small_board import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from daemon.model.plant import Device, Equipment, Gateway, Site

STEP_S: Final = 0.02


@cache
def ai_hall() -> Site:
    """Return the site as it is shipped."""
    site = load("ai_hall").site
    assert site is not None
    return site


class Hall:
    """A plant and the gateways of some of its equipment.

    Attributes:
        site: the site, its ports those that are served.
        plant: the plant.
        modbus: the Modbus gateways that are served.
        opcua: the OPC UA gateways that are served.
    """

    def __init__(self, site: Site) -> None:
        """Build the plant."""
        self.site = site
        self.plant = Instruments(Plant(site, seed=1))
        self.modbus: list[ModbusGateway] = []
        self.opcua: list[OpcUaGateway] = []

    def device(self, equipment: str) -> Device:
        """Return the device of `equipment`."""
        device = self.site.equipment[equipment].device
        assert device is not None
        return device

    def gateway(self, equipment: str) -> Gateway:
        """Return where the device of `equipment` is served."""
        return self.site.gateways[self.device(equipment).gateway]

    def code(self, equipment: str, command: str) -> int:
        """Return the code of a command."""
        return _commands(self.site.equipment[equipment]).index(command) + 1

    async def run(self, for_s: float) -> None:
        """Let time pass for the plant, as fast as it goes, and show it."""
        end_ns = self.plant.now_ns + ns(for_s)
        while self.plant.now_ns < end_ns:
            self.plant.advance(min(end_ns, self.plant.now_ns + ns(STEP_S)))
            await asyncio.sleep(0)  # masters are answered meanwhile
        for gateway in self.opcua:
            await gateway.refresh(time.time_ns())


def _commands(equipment: Equipment) -> tuple[str, ...]:
    return equipment.kind.commands()


@asynccontextmanager
async def hall(
    *equipment: str, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> AsyncIterator[Hall]:
    """Serve the gateways of `equipment` on free ports of loopback.

    Args:
        equipment: whose gateways are wanted.
        settings: of emulated devices, by equipment, instead of those of the site.
    """
    site = ai_hall()
    wanted = {d.gateway for e in equipment if (d := site.equipment[e].device) is not None}
    gateways = {g: replace(site.gateways[g], port=free_port()) for g in wanted}
    site = replace(
        site,
        gateways={**site.gateways, **gateways},
        emulation={**site.emulation, **(settings or {})},
    )
    running = Hall(site)
    async with AsyncExitStack() as stack:
        for gateway in gateways.values():
            if gateway.protocol == "opcua":
                served = OpcUaGateway(site, gateway, running.plant)
                await served.start(time.time_ns())
                running.opcua.append(served)
                stack.push_async_callback(served.stop)
            else:
                modbus = ModbusGateway(site, gateway, running.plant)
                await modbus.start()
                running.modbus.append(modbus)
                stack.push_async_callback(modbus.stop)
        yield running
