"""Modbus TCP: one server per gateway, the devices behind it by unit id.

`framing` takes the stream apart, `functions` says what is asked and refuses what must be refused,
`units` holds what there is. The protocol is written out here because a test bench has to refuse as
a device does, and a library made to be convenient does not: it names function 0 when a count is
wrong, answers for files and queues that nobody has, takes any register for a mask, and forgets
what was sent in one go. That the daemon asks through a library, pymodbus, makes each of the two
the judge of the other; so do the masters in the tests that are of neither.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from device_emulators.faults.door import Door
from device_emulators.servers.framing import Connection
from device_emulators.servers.served import listening_failed
from device_emulators.servers.units import Units

if TYPE_CHECKING:
    from daemon.model.plant import Gateway, Site
    from device_emulators.faults.door import Factory
    from device_emulators.servers.served import Served
    from device_emulators.servers.units import Maps


class ModbusGateway:
    """The server of one gateway.

    Attributes:
        door: where its masters come in.
    """

    def __init__(
        self, site: Site, gateway: Gateway, plant: Served, maps: Maps | None = None
    ) -> None:
        """Build everything behind `gateway`; gateways of one site may share compiled `maps`."""
        self._gateway = gateway
        self._units = Units(site, gateway, plant, {} if maps is None else maps)
        self._open: dict[Connection, None] = {}
        self.door = Door(gateway.protocol, gateway.id)

    async def start(self) -> None:
        """Listen on the gateway's address.

        Raises:
            OSError: the port is taken or the address is not ours; names gateway and port.
        """
        gateway = self._gateway

        async def listen(factory: Factory) -> asyncio.AbstractServer:
            loop = asyncio.get_running_loop()
            return await loop.create_server(factory, gateway.host, gateway.port)

        try:
            await self.door.open(partial(Connection, self._units.answer, self._open), listen)
        except OSError as error:
            raise listening_failed(gateway, error) from None

    async def stop(self) -> None:
        """Close the listener and every connection."""
        self.door.close()
        for connection in list(self._open):
            connection.end()
        await self.door.wait_closed()

    def excuse(self, exception: int) -> None:
        """Answer every request with an exception of the protocol and do nothing; 0 ends it."""
        self._units.excuse = exception

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._gateway.port
