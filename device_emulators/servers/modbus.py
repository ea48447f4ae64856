"""Modbus TCP: one server per gateway, the devices behind it by unit id.

Values are coded when they are asked for, and only those that moved since they were last asked for,
so that a device that is polled slowly costs nothing in between and one that is polled fast never
shows an old value. Writes reach the device before their answer leaves.

How a request is refused, as the protocol has it:

| Exception | When |
|---|---|
| 2 illegal address | outside the map; a write to a read-only value, to a gap, or to half a value |
| 3 illegal value | not a number, or outside the limits of the map |
| 4 device failure | the device refuses: on local, locked out, an old epoch |
| 11 gateway target | no such unit behind this gateway |

A write of several registers is one transaction: all of it is checked first, then the values are
handed over in address order and the first that the device refuses ends it.

Unit 1 of a gateway with a mirror repeats the fast words of every unit, see `daemon.model.points`.

pymodbus is imported in this file alone. Its server asks a *context* for registers; ours takes the
place of the library's own, which would have to be told every value beforehand. Requests for
registers are custom PDUs, which code their answer in one go instead of word by word. What is not
part of the library's promise (the context, the handler of a connection) is held by tests.
"""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, Final

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.pdu import ExceptionResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadHoldingRegistersResponse
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from daemon.model.points import MIRROR_UNIT, MIRROR_WORDS, Register
from device_emulators.servers.codec import AddressError, Codec, ValueRefusedError
from device_emulators.servers.served import devices_behind, listening_failed
from device_emulators.servers.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from pymodbus.datastore import ModbusServerContext
    from pymodbus.pdu import ModbusPDU

    from daemon.model.natures import Nature
    from daemon.model.plant import Gateway, Site
    from device_emulators.servers.codec import Slot
    from device_emulators.servers.served import Served

_TABLES: Final = {
    **dict.fromkeys((1, 5, 15), "coil"),
    2: "discrete",
    **dict.fromkeys((3, 6, 16, 22, 23), "holding"),
    4: "input",
}
# A master that leaves in the middle of an answer is no news, and its frames are none either.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

_SINGLE_WRITES: Final = (5, 6)
_NEVER: Final = -1


class _Row:
    """The values of all points behind a gateway.

    They are read at once: a reading for each table would cost several times as much.

    Attributes:
        values: as of the last `look` (n_point,).
    """

    values: NDArray[np.float64]

    def __init__(self, plant: Served) -> None:
        self._plant = plant
        self._names: list[tuple[str, str]] = []
        self._version = _NEVER

    def add(self, names: Iterable[tuple[str, str]]) -> slice:
        """Append points; return their places."""
        start = len(self._names)
        self._names += names
        return slice(start, len(self._names))

    def close(self) -> None:
        """End the row."""
        self._read = self._plant.reader(self._names)

    def look(self) -> int:
        """Read the values if they may have moved; return their version."""
        version = self._plant.version
        if version != self._version:
            self._version = version
            self.values = self._read()
        return version


class _Words:
    """Words that follow their part of a row; only what is asked for is coded."""

    def __init__(self, row: _Row, places: Sequence[tuple[str, int, Slot]], size: int) -> None:
        self._row = row
        self._part = row.add((id_, slot.name) for id_, _, slot in places)
        self._sheet = Sheet([(at, slot) for _, at, slot in places], size)
        self._version = _NEVER

    def now(self, start: int, count: int) -> list[int]:
        """Return words as they are now."""
        version = self._row.look()
        if version != self._version:
            self._version = version
            self._sheet.show(self._row.values[self._part])
        return self._sheet.words[start : start + count]


class _Table:
    """One table of one unit: its map and its words."""

    def __init__(self, id: str, codec: Codec, row: _Row) -> None:
        self.codec = codec
        places = [(id, slot.address - codec.start, slot) for slot in codec.shown]
        self._words = _Words(row, places, codec.stop - codec.start)

    def words(self, address: int, count: int) -> list[int]:
        start, stop = self.codec.start, self.codec.stop
        if address < start or address + count > stop:
            raise AddressError
        return self._words.now(address - start, count)


class _Unit:
    """One device: its tables, and the plant behind them."""

    def __init__(
        self, id: str, nature: Nature, points: dict[str, Register], plant: Served, row: _Row
    ) -> None:
        self._id = id
        self._plant = plant
        self._tables = {
            table: _Table(id, Codec(nature, table, points), row)
            for table in sorted({place.table for place in points.values()})
        }
        mirrored = {name: place for name, place in points.items() if place.mirrored}
        shown = Codec(nature, "input", mirrored).shown
        self.mirrored = [(id, slot.address, slot) for slot in shown]

    def words(self, table: str, address: int, count: int) -> list[int]:
        if table not in self._tables:
            raise AddressError
        return self._tables[table].words(address, count)

    def write(self, table: str, address: int, words: Sequence[int]) -> bool:
        if table not in self._tables:
            raise AddressError
        values = self._tables[table].codec.decode(address, words)
        return all(self._plant.write(self._id, point, value) for point, value in values)


class _Mirror:
    """Unit 1: the fast words of every unit behind the gateway, in one block."""

    def __init__(self, units: dict[int, _Unit], row: _Row) -> None:
        self._size = (max(units, default=MIRROR_UNIT) - MIRROR_UNIT) * MIRROR_WORDS
        places = [
            (id_, (number - MIRROR_UNIT - 1) * MIRROR_WORDS + address, slot)
            for number, unit in units.items()
            for id_, address, slot in unit.mirrored
        ]
        self._words = _Words(row, places, self._size)

    def words(self, table: str, address: int, count: int) -> list[int]:
        if table != "input" or address + count > self._size:
            raise AddressError
        return self._words.now(address, count)

    def write(self, table: str, address: int, words: Sequence[int]) -> bool:
        raise AddressError


class _Context:
    """What pymodbus asks for registers: the units of one gateway.

    Attributes:
        silent: leaves every request without an answer, as a gateway that hangs.
    """

    def __init__(self, site: Site, gateway: Gateway, plant: Served) -> None:
        self.silent = False
        self._echo: list[int] = []
        devices: dict[int, _Unit] = {}
        row = _Row(plant)
        for equipment, device, profile in devices_behind(site, gateway):
            points = {n: p for n, p in profile.points.items() if isinstance(p, Register)}
            devices[device.unit] = _Unit(equipment.id, equipment.kind, points, plant, row)
        self._units: dict[int, _Unit | _Mirror] = {**devices}
        if gateway.mirror:
            self._units[MIRROR_UNIT] = _Mirror(devices, row)
        row.close()

    def _unit(self, number: int) -> _Unit | _Mirror | None:
        if self.silent:
            raise NoSuchIdException
        return self._units.get(number)

    async def async_getValues(  # noqa: N802 - named by pymodbus
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | ExcCodes:
        """Return `count` words or bits from `address`, or why not."""
        if func_code in _SINGLE_WRITES:
            # The answer to a single write repeats the request, whatever the device made of it.
            return self._echo
        unit = self._unit(device_id)
        if unit is None:
            return ExcCodes.GATEWAY_NO_RESPONSE
        try:
            return unit.words(_TABLES[func_code], address, count)
        except AddressError:
            return ExcCodes.ILLEGAL_ADDRESS

    async def async_setValues(  # noqa: N802 - named by pymodbus
        self, device_id: int, func_code: int, address: int, values: list[int]
    ) -> ExcCodes | None:
        """Hand `values` from `address` on to the device; None when it took them, else why not."""
        unit = self._unit(device_id)
        if unit is None:
            return ExcCodes.GATEWAY_NO_RESPONSE
        self._echo = values
        try:
            taken = unit.write(_TABLES[func_code], address, values)
        except AddressError:
            return ExcCodes.ILLEGAL_ADDRESS
        except ValueRefusedError:
            return ExcCodes.ILLEGAL_VALUE
        return None if taken else ExcCodes.DEVICE_FAILURE


class _HoldingRegisters(ReadHoldingRegistersResponse):
    """An answer coded in one go."""

    def encode(self) -> bytes:
        count = len(self.registers)
        return struct.pack(f">B{count}H", 2 * count, *self.registers)


class _InputRegisters(_HoldingRegisters):
    function_code = 4


class _ReadHoldingRegisters(ReadHoldingRegistersRequest):
    """A request whose answer is coded in one go, and which need not be spelt out for the log."""

    _answer: type[ModbusPDU] = _HoldingRegisters

    async def datastore_update(self, context: ModbusServerContext, device_id: int) -> ModbusPDU:
        words = await context.async_getValues(
            device_id, self.function_code, self.address, self.count
        )
        if isinstance(words, ExcCodes):
            return ExceptionResponse(self.function_code, words)
        return self._answer(registers=words)

    def __str__(self) -> str:
        return type(self).__name__


class _ReadInputRegisters(_ReadHoldingRegisters):
    function_code = 4
    _answer = _InputRegisters


class _Handler(ServerRequestHandler):
    """One connection, except that no task is made for a request: our context never waits."""

    def handle_later(self) -> None:
        answering = self.handle_request()  # type: ignore[no-untyped-call]
        try:
            answering.send(None)
        except StopIteration:
            return
        answering.close()
        raise RuntimeError("a request was not answered at once")


class _Listener(ModbusTcpServer):
    """The library's server, except that a port that cannot be had says why."""

    def callback_new_connection(self) -> ServerRequestHandler:
        return _Handler(  # type: ignore[no-untyped-call]
            self, self.trace_packet, self.trace_pdu, self.trace_connect
        )

    async def listen(self) -> bool:
        self.is_listener = True
        self.transport = await self.call_create()
        return True


class ModbusGateway:
    """The server of one gateway."""

    def __init__(self, site: Site, gateway: Gateway, plant: Served) -> None:
        """Compile the maps of everything behind `gateway`."""
        self._gateway = gateway
        self._context = _Context(site, gateway, plant)
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        """Listen on the gateway's address.

        Raises:
            OSError: the port is taken or the address is not ours; names gateway and port.
        """
        gateway = self._gateway
        block = [SimData(0, datatype=DataType.REGISTERS)]
        server = _Listener(
            SimDevice(0, simdata=block),
            address=(gateway.host, gateway.port),
            ignore_missing_devices=True,
            custom_pdu=[_ReadHoldingRegisters, _ReadInputRegisters],
        )
        server.context = self._context  # type: ignore[assignment]
        try:
            await server.serve_forever(background=True)
        except OSError as error:
            raise listening_failed(gateway, error) from None
        self._server = server

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            await self._server.shutdown()
            self._server = None

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._gateway.port

    def hang(self, silent: bool) -> None:
        """Leave requests unanswered, or answer again; connections stay open."""
        self._context.silent = silent
