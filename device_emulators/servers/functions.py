"""Modbus functions: a request of bytes to an answer of bytes, for one unit.

| Function | Does |
|---|---|
| 1, 2 | read up to 2000 coils, discrete inputs |
| 3, 4 | read up to 125 holding, input registers |
| 5, 15 | write one coil, up to 1968 |
| 6, 16 | write one holding register, up to 123 |
| 22 | change bits of one holding register by two masks |
| 23 | write up to 121 holding registers, then read up to 125 |
| 43/14 | device identification, see `nameplate` |

A request is judged in the order of the protocol, and the first objection is the answer:

| Exception | When |
|---|---|
| 1 illegal function | no such table, nothing to write in it, or its map leaves it out |
| 3 illegal value | a count of 0 or too many, a length that does not fit, a coil half on |
| 2 illegal address | outside the map; a gap, if its map refuses those; read-only; half a value |
| 3 illegal value | not a number, or outside the limits of the map |
| 4 device failure | the device refuses: on local, locked out, an old epoch |

A write of several registers is one transaction: all of it is checked first, then the values are
handed over in address order and the first that the device refuses ends it. Function 23 checks what
it shall read before it writes. What serial lines alone have (7, 8, 11, 12, 17) and files and queues
(20, 21, 24) no device has here: exception 1. A device here is never busy (6) and its gateway never
without a path (10): `faults` makes them so.

Source: MODBUS Application Protocol V1.1b3, 6 and 7.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Protocol

from device_emulators.servers.codec import AddressError, ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

ILLEGAL_FUNCTION: Final = 1
ILLEGAL_ADDRESS: Final = 2
ILLEGAL_VALUE: Final = 3
DEVICE_FAILURE: Final = 4

READS: Final = {"coil": (1,), "discrete": (2,), "holding": (3,), "input": (4,)}
WRITES: Final = {"coil": (5, 15), "holding": (6, 16, 22, 23)}
IDENTIFY: Final = 43
_TABLES: Final = {
    **{function: table for table, them in READS.items() for function in them},
    **{function: table for table, them in WRITES.items() for function in them},
}
_READ_DEVICE_ID: Final = b"\x0e"
_CONFORMITY: Final = 0x83
"""Basic, regular and extended objects, as a stream and one by one."""
_LAST_OBJECT: Final = {1: 0x02, 2: 0x7F, 3: 0xFF}
"""Last object of each kind of stream."""
_PDU_BYTES: Final = 253

_TWO: Final = struct.Struct(">BHH")
_MANY: Final = struct.Struct(">BHHB")
_MASK: Final = struct.Struct(">BHHH")
_BOTH: Final = struct.Struct(">BHHHHB")


class Unit(Protocol):
    """A device as functions see it."""

    @property
    def functions(self) -> Set[int]:
        """Return the functions that it obeys."""
        ...

    @property
    def identity(self) -> Mapping[int, bytes]:
        """Return the objects of its identification by id, in order."""
        ...

    def words(self, table: str, address: int, count: int) -> Sequence[int]:
        """Return words or bits.

        Raises:
            AddressError: not all of them are there.
        """
        ...

    def write(self, table: str, address: int, words: Sequence[int]) -> bool:
        """Hand words or bits over; False when the device refuses.

        Raises:
            AddressError: not all of them can be written.
            ValueRefusedError: a value is none, or outside its limits.
        """
        ...


class _FailureError(Exception):
    """The device refused what was written: Modbus exception 4."""


def answer(unit: Unit, request: bytes) -> bytes:
    """Return the answer of `unit` to `request`, both without the header of the frame."""
    function = request[0]
    if function not in unit.functions:
        return refusal(request, ILLEGAL_FUNCTION)
    try:
        return _FUNCTIONS[function](unit, request)
    except AddressError:
        return refusal(request, ILLEGAL_ADDRESS)
    except (ValueRefusedError, struct.error):
        return refusal(request, ILLEGAL_VALUE)
    except _FailureError:
        return refusal(request, DEVICE_FAILURE)


def refusal(request: bytes, code: int) -> bytes:
    """Return the answer that refuses `request` with an exception."""
    return bytes((request[0] | 0x80, code))


def _limit(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ValueRefusedError


def _read_words(unit: Unit, request: bytes) -> bytes:
    function, address, count = _TWO.unpack(request)
    _limit(count, 125)
    words = unit.words(_TABLES[function], address, count)
    return struct.pack(f">BB{count}H", function, 2 * count, *words)


def _read_bits(unit: Unit, request: bytes) -> bytes:
    function, address, count = _TWO.unpack(request)
    _limit(count, 2000)
    bits = unit.words(_TABLES[function], address, count)
    packed = sum(bit << place for place, bit in enumerate(bits))
    size = (count + 7) // 8
    return bytes((function, size)) + packed.to_bytes(size, "little")


def _hand_over(unit: Unit, table: str, address: int, words: Sequence[int]) -> None:
    if not unit.write(table, address, words):
        raise _FailureError


def _write_coil(unit: Unit, request: bytes) -> bytes:
    _, address, value = _TWO.unpack(request)
    if value not in {0x0000, 0xFF00}:
        raise ValueRefusedError
    _hand_over(unit, "coil", address, (value >> 15,))
    return request


def _write_word(unit: Unit, request: bytes) -> bytes:
    _, address, value = _TWO.unpack(request)
    _hand_over(unit, "holding", address, (value,))
    return request


def _write_coils(unit: Unit, request: bytes) -> bytes:
    _, address, count, size = _MANY.unpack_from(request)
    _limit(count, 1968)
    if size != (count + 7) // 8 or len(request) != _MANY.size + size:
        raise ValueRefusedError
    packed = int.from_bytes(request[_MANY.size :], "little")
    _hand_over(unit, "coil", address, [packed >> place & 1 for place in range(count)])
    return request[: _TWO.size]


def _write_words(unit: Unit, request: bytes) -> bytes:
    _, address, count, size = _MANY.unpack_from(request)
    _limit(count, 123)
    _hand_over(unit, "holding", address, _words(request, _MANY.size, count, size))
    return request[: _TWO.size]


def _words(request: bytes, start: int, count: int, size: int) -> tuple[int, ...]:
    """Return the words that a request ends with."""
    if size != 2 * count or len(request) != start + size:
        raise ValueRefusedError
    return struct.unpack_from(f">{count}H", request, start)


def _mask_word(unit: Unit, request: bytes) -> bytes:
    _, address, keep, put = _MASK.unpack(request)
    (word,) = unit.words("holding", address, 1)
    _hand_over(unit, "holding", address, (word & keep | put & ~keep & 0xFFFF,))
    return request


def _write_and_read(unit: Unit, request: bytes) -> bytes:
    function, address, count, to, wanted, size = _BOTH.unpack_from(request)
    _limit(count, 125)
    _limit(wanted, 121)
    words = _words(request, _BOTH.size, wanted, size)
    unit.words("holding", address, count)
    _hand_over(unit, "holding", to, words)
    shown = unit.words("holding", address, count)
    return struct.pack(f">BB{count}H", function, 2 * count, *shown)


def _identify(unit: Unit, request: bytes) -> bytes:
    if request[1:2] != _READ_DEVICE_ID:
        return refusal(request, ILLEGAL_FUNCTION)
    code, first = struct.unpack_from(">BB", request, 2)
    if len(request) != 4:
        raise ValueRefusedError
    objects = unit.identity
    shown: tuple[int, ...]
    if code == 4:
        if first not in objects:
            raise AddressError
        shown, following = (first,), 0
    elif code in _LAST_OBJECT:
        asked = tuple(id_ for id_ in objects if id_ <= _LAST_OBJECT[code])
        start = asked.index(first) if first in asked else 0
        shown, following = _as_fit(objects, asked[start:])
    else:
        raise ValueRefusedError
    more = 0xFF if following else 0x00
    head = request[:3] + bytes((_CONFORMITY, more, following, len(shown)))
    return head + b"".join(bytes((id_, len(objects[id_]))) + objects[id_] for id_ in shown)


def _as_fit(objects: Mapping[int, bytes], asked: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Return those of `asked` that one answer has room for, and the next one, or 0."""
    room = _PDU_BYTES - 7
    for number, id_ in enumerate(asked):
        room -= 2 + len(objects[id_])
        if room < 0:
            return asked[:number], id_
    return asked, 0


_FUNCTIONS: Final[Mapping[int, Callable[[Unit, bytes], bytes]]] = {
    1: _read_bits,
    2: _read_bits,
    3: _read_words,
    4: _read_words,
    5: _write_coil,
    6: _write_word,
    15: _write_coils,
    16: _write_words,
    22: _mask_word,
    23: _write_and_read,
    IDENTIFY: _identify,
}
