"""Every gateway of a site, served together over one plant, and what goes wrong with them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from numpy.random import PCG64, Generator

from device_emulators.faults.flapping import Flapping
from device_emulators.faults.storm import Storm
from device_emulators.faults.words import ENDS, OF_OPCUA
from device_emulators.servers.modbus import ModbusGateway
from device_emulators.servers.opcua import OpcUaGateway

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from daemon.model.plant import Site
    from device_emulators.servers.served import Served
    from device_emulators.servers.units import Maps

EXCUSES: Final = {"busy": 6, "no_path": 10, "no_target": 11}
"""Exceptions of Modbus for which a device or its gateway has no cause of its own here."""
SHOW_S: Final = 0.05
"""Period at which OPC UA nodes follow the plant [s]."""


class Gateways:
    """The servers of a site."""

    def __init__(self, site: Site, plant: Served) -> None:
        """Prepare to serve `plant`; nothing listens yet."""
        maps: Maps = {}
        self._modbus: dict[str, ModbusGateway] = {}
        self._opcua: dict[str, OpcUaGateway] = {}
        for id_, gateway in site.gateways.items():
            if gateway.protocol == "opcua":
                self._opcua[id_] = OpcUaGateway(site, gateway, plant)
            else:
                self._modbus[id_] = ModbusGateway(site, gateway, plant, maps)
        self._site = site
        self._storms: dict[str, Storm] = {}
        self._flapping: Flapping | None = None
        self._doing: set[asyncio.Future[None]] = set()

    async def open(self, utc_ns: int) -> None:
        """Serve every gateway; `utc_ns` is the wall clock [ns since 1970].

        Raises:
            OSError: a port cannot be had; names gateway and port. Nothing is left open.
        """
        try:
            for modbus in self._modbus.values():
                await modbus.start()
            for opcua in self._opcua.values():
                await opcua.start(utc_ns)
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every server and connection."""
        if self._flapping is not None:
            self._flapping.close()
        for storm in self._storms.values():
            storm.end()
        if self._doing:
            await asyncio.wait(self._doing)
        for modbus in self._modbus.values():
            await modbus.stop()
        for opcua in self._opcua.values():
            await opcua.stop()

    async def refresh(self, utc_ns: int) -> None:
        """Let the OPC UA nodes follow the plant; registers are read when they are asked for."""
        for gateway in self._opcua.values():
            await gateway.refresh(utc_ns)

    def disturb(self, gateway: str, event: str, values: Mapping[str, Any]) -> None:
        """Let something go wrong with a gateway, or end all of it; see `faults.words`.

        What takes turns of the loop has begun when this returns.
        """
        if self._flapping is None:
            self._flapping = Flapping(asyncio.get_running_loop(), self._suffer)
        self._flapping.suffer(gateway, event, values)

    def _suffer(self, gateway: str, event: str, values: Mapping[str, Any]) -> None:
        served = self._opcua[gateway] if gateway in self._opcua else self._modbus[gateway]
        if event == "storm":
            self._storm(gateway).begin(int(values["connections_count"]))
        elif event in OF_OPCUA:
            self._begin(self._opcua[gateway].suffer(event, values))
        elif event in EXCUSES:
            self._modbus[gateway].excuse(EXCUSES[event])
        else:
            served.door.suffer(event, values)
        if event in ENDS:
            self._storm(gateway).end()
            if gateway in self._opcua:
                self._begin(self._opcua[gateway].suffer("shift_time", {"by_s": 0.0}))
            else:
                self._modbus[gateway].excuse(0)

    def _storm(self, gateway: str) -> Storm:
        if gateway not in self._storms:
            found = self._site.gateways[gateway]
            chance = Generator(PCG64(len(self._storms)))
            self._storms[gateway] = Storm(found.host, found.port, chance)
        return self._storms[gateway]

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(doing)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
