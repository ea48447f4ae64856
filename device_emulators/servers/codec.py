"""Engineering values to registers and back, as a device's firmware does it.

A `Codec` is the compiled map of one Modbus table of one device: which words each point takes and
how it is coded; a `Sheet` keeps the words. A value is rounded to the nearest raw one and clamped
at the ends of the type; what wraps in a device (a counter, a heartbeat) wraps here. An integer type
has no NaN, so its reserved raw value stands for "not available": all ones when unsigned, the most
negative when signed. A measured value is clamped one short of it, so that a large value is never
taken for a missing one.

The drivers of the daemon decode with code of their own: a mistake in one shows against the other.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daemon.model.natures import PointKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from daemon.model.natures import Nature
    from daemon.model.points import Register

_INTEGERS: Final = {"u16": (16, False), "i16": (16, True), "u32": (32, False), "i32": (32, True)}
_WRAPPING: Final = frozenset({PointKind.COUNTER, PointKind.HEARTBEAT, PointKind.COMMAND})
_F32: Final = struct.Struct(">f")
_HIGHEST_F32: Final = 3.4028234663852886e38
_NAN_F32: Final = 0x7FC00000


class AddressError(Exception):
    """The addresses are not the device's, or not all of a value: Modbus exception 2."""


class ValueRefusedError(Exception):
    """The value is not a number or outside its limits: Modbus exception 3."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One point in its table.

    Attributes:
        name: point name.
        address: first address.
        words: addresses it takes.
        encode: engineering value -> its words.
        decode: its words -> engineering value.
        readable: whether the device shows it; what it only takes reads 0.
        writable: whether the device accepts writes to it.
        low: lowest value accepted, or None.
        high: highest value accepted, or None.
    """

    name: str
    address: int
    words: int
    encode: Callable[[float], Sequence[int]]
    decode: Callable[[Sequence[int]], float]
    readable: bool
    writable: bool
    low: float | None
    high: float | None


def _integer(place: Register, wraps: bool) -> Callable[[float], int]:
    """Return how a value becomes the raw integer of `place`, as an unsigned pattern."""
    bits, signed = _INTEGERS[place.type]
    mask = (1 << bits) - 1
    absent = 1 << (bits - 1) if signed else mask
    low = -(1 << (bits - 1)) + 1 if signed else 0
    high = (1 << (bits - 1)) - 1 if signed else mask - 1
    scale, offset = place.scale, place.offset

    def encode(value: float) -> int:
        if math.isnan(value):
            return absent
        scaled = (value - offset) / scale
        if math.isinf(scaled):
            return (high if scaled > 0 else low) & mask
        # Firmware rounds half away from zero; `round` would go to the even neighbour.
        raw = math.floor(scaled + 0.5) if scaled >= 0 else math.ceil(scaled - 0.5)
        return (raw if wraps else min(max(raw, low), high)) & mask

    return encode


def _float(place: Register) -> Callable[[float], int]:
    scale, offset = place.scale, place.offset

    def encode(value: float) -> int:
        scaled = (value - offset) / scale
        if math.isnan(scaled):
            return _NAN_F32
        if not math.isinf(scaled):
            scaled = min(max(scaled, -_HIGHEST_F32), _HIGHEST_F32)
        return int.from_bytes(_F32.pack(scaled), "big")

    return encode


def encoder(place: Register, kind: PointKind) -> Callable[[float], Sequence[int]]:
    """Return how a value of `kind` becomes the words (or bits) at `place`, in address order."""
    if place.type in {"bit", "dpi"}:
        mask, shift = (1, place.bit) if place.type == "bit" else (3, place.bit)
        return lambda value: ((0 if math.isnan(value) else int(value) & mask) << shift,)
    raw = _float(place) if place.type == "f32" else _integer(place, kind in _WRAPPING)
    if place.words == 1:
        return lambda value: (raw(value),)
    if place.word_order == "little":
        return lambda value: ((word := raw(value)) & 0xFFFF, word >> 16)
    return lambda value: ((word := raw(value)) >> 16, word & 0xFFFF)


def decoder(place: Register) -> Callable[[Sequence[int]], float]:
    """Return how the words (or bits) at `place` become an engineering value."""
    if place.type in {"bit", "dpi"}:
        mask = 1 if place.type == "bit" else 3
        return lambda words: float((words[0] >> place.bit) & mask)
    scale, offset = place.scale, place.offset
    little = place.word_order == "little"

    def decode(words: Sequence[int]) -> float:
        ordered = reversed(words) if little else words
        raw = 0
        for word in ordered:
            raw = raw << 16 | word
        if place.type == "f32":
            return float(_F32.unpack(raw.to_bytes(4, "big"))[0]) * scale + offset
        bits, signed = _INTEGERS[place.type]
        if signed and raw >> (bits - 1):
            raw -= 1 << bits
        return raw * scale + offset

    return decode


class Codec:
    """The map of one table of one device, compiled.

    Addresses between the first and the last of the map that hold no point are reserved. With most
    makers they read 0, so that a master may read a block across them; others refuse the whole read,
    and the map says so. Beyond the map there is nothing: exception 2.

    Attributes:
        slots: the points of the table in address order.
        shown: those of them that the device shows.
        start: first address of the map.
        stop: address behind its last.
    """

    def __init__(
        self, nature: Nature, table: str, points: Mapping[str, Register], *, bridged: bool = True
    ) -> None:
        """Compile the points of `points` that live in `table`.

        Args:
            nature: what the device is.
            table: name of the table.
            points: its map.
            bridged: reserved addresses read 0; otherwise a read across them is refused.
        """
        slots = [
            Slot(
                name=name,
                address=place.address,
                words=place.words,
                encode=encoder(place, nature.points[name].kind),
                decode=decoder(place),
                readable="r" in place.access,
                writable=table in {"holding", "coil"} and "w" in place.access,
                low=place.low,
                high=place.high,
            )
            for name, place in points.items()
            if place.table == table
        ]
        self.slots: Final = tuple(sorted(slots, key=lambda slot: slot.address))
        self.shown: Final = tuple(slot for slot in self.slots if slot.readable)
        self.start: Final = min((s.address for s in slots), default=0)
        self.stop: Final = max((s.address + s.words for s in slots), default=0)
        held = {at for s in slots for at in range(s.address, s.address + s.words)}
        gaps = () if bridged else sorted(set(range(self.start, self.stop)) - held)
        self._refused: Final = (*gaps, self.stop)

    def check(self, address: int, count: int) -> None:
        """Let pass what can be read.

        Raises:
            AddressError: an address is outside the map, or reserved and refused.
        """
        if not self.start <= address < self.stop:
            raise AddressError
        if address + count > self._refused[bisect_left(self._refused, address)]:
            raise AddressError

    def decode(self, address: int, words: Sequence[int]) -> list[tuple[str, float]]:
        """Return the values that a write of `words` at `address` carries, in address order.

        Raises:
            AddressError: an address is not writable, or a value is written in part.
            ValueRefusedError: a value is not finite or outside the limits of its map.
        """
        end = address + len(words)
        covered = [s for s in self.slots if s.address < end and s.address + s.words > address]
        addresses = {a for s in covered for a in range(s.address, s.address + s.words)}
        if addresses != set(range(address, end)) or not all(s.writable for s in covered):
            raise AddressError
        values = []
        for slot in covered:
            value = slot.decode(words[slot.address - address :][: slot.words])
            if not accepts(value, slot.low, slot.high):
                raise ValueRefusedError
            values.append((slot.name, value))
        return values


def accepts(value: float, low: float | None, high: float | None) -> bool:
    """Return whether a device takes `value` within its limits; a value without limits may be any.

    A hair beyond the limit passes: single precision cannot hold every limit exactly.
    """
    if not math.isfinite(value):
        return False
    slack = 1e-6 * abs(value)
    return (low is None or value >= low - slack) and (high is None or value <= high + slack)
