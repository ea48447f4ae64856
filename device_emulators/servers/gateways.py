"""Every gateway of a site, served together over one plant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from device_emulators.servers.modbus import ModbusGateway
from device_emulators.servers.opcua import OpcUaGateway

if TYPE_CHECKING:
    from daemon.model.plant import Site
    from device_emulators.servers.served import Served

SHOW_S: Final = 0.05
"""Period at which OPC UA nodes follow the plant [s]."""


class Gateways:
    """The servers of a site."""

    def __init__(self, site: Site, plant: Served) -> None:
        """Prepare to serve `plant`; nothing listens yet."""
        self._modbus: dict[str, ModbusGateway] = {}
        self._opcua: dict[str, OpcUaGateway] = {}
        for id_, gateway in site.gateways.items():
            if gateway.protocol == "opcua":
                self._opcua[id_] = OpcUaGateway(site, gateway, plant)
            else:
                self._modbus[id_] = ModbusGateway(site, gateway, plant)

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
        for modbus in self._modbus.values():
            await modbus.stop()
        for opcua in self._opcua.values():
            await opcua.stop()

    async def refresh(self, utc_ns: int) -> None:
        """Let the OPC UA nodes follow the plant; registers are read when they are asked for."""
        for gateway in self._opcua.values():
            await gateway.refresh(utc_ns)

    def disturb(self, gateway: str, event: str) -> None:
        """Leave the requests to a gateway unanswered ("hang"), or answer again."""
        served = self._opcua[gateway] if gateway in self._opcua else self._modbus[gateway]
        served.hang(event == "hang")
