"""The units behind a Modbus gateway: their tables over the plant, as functions ask for them.

Values are coded when they are asked for, and only those that moved since they were last asked for,
so that a device that is polled slowly costs nothing in between and one that is polled fast never
shows an old value. Writes reach the device before their answer leaves.

| Unit | Is |
|---|---|
| 0 | everybody: a write goes to every device that has the address, and nobody answers |
| 1 | the mirror, if the gateway has one: the fast words of every unit, in one block |
| up to 247 | a device |
| 255 | the gateway itself, which can be identified and has no registers |

A unit that is not there gets exception 11 from the gateway: the target failed to respond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from daemon.model.points import MIRROR_UNIT, MIRROR_WORDS, Register
from device_emulators.servers.codec import AddressError, Codec, ValueRefusedError
from device_emulators.servers.functions import IDENTIFY, READS, WRITES, answer, refusal
from device_emulators.servers.nameplate import of_device, of_gateway
from device_emulators.servers.served import devices_behind
from device_emulators.servers.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence, Set

    import numpy as np
    from numpy.typing import NDArray

    from daemon.model.natures import Nature
    from daemon.model.plant import Equipment, Gateway, Site
    from daemon.model.points import Profile
    from device_emulators.servers.codec import Slot
    from device_emulators.servers.functions import Unit
    from device_emulators.servers.nameplate import Nameplate
    from device_emulators.servers.served import Served

Maps: TypeAlias = "dict[str, Mapping[str, Codec]]"
"""The tables of each map, by its name: devices of one make share them."""
GATEWAY_TARGET: Final = 11
EVERYBODY: Final = 0
GATEWAY_ITSELF: Final = 255
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
    """One table of one device: its map and its words."""

    def __init__(self, id: str, codec: Codec, row: _Row) -> None:
        self.codec = codec
        places = [(id, slot.address - codec.start, slot) for slot in codec.shown]
        self._words = _Words(row, places, codec.stop - codec.start)

    def words(self, address: int, count: int) -> list[int]:
        self.codec.check(address, count)
        return self._words.now(address - self.codec.start, count)


class _Device:
    """One device: its tables, its nameplate, and the plant behind them."""

    def __init__(
        self,
        equipment: Equipment,
        profile: Profile,
        plant: Served,
        row: _Row,
        plate: Callable[[str], Nameplate],
        codecs: Mapping[str, Codec],
    ) -> None:
        id_ = equipment.id
        self._id = id_
        self._plant = plant
        self._tables = {table: _Table(id_, codec, row) for table, codec in codecs.items()}
        self._plate, self._serial = plate, profile.serial
        self._said_with = profile.points.keys() & {"command_epoch", "command_id"}
        self.functions: Final = _functions(codecs, profile)
        self.mirrored: Final = _mirrored(id_, profile, codecs)

    @property
    def identity(self) -> Mapping[int, bytes]:
        """Return the objects of the nameplate of what stands there."""
        return self._plate(self._plant.identity(self._id)[0]).objects()

    def words(self, table: str, address: int, count: int) -> Sequence[int]:
        try:
            return self._tables[table].words(address, count)
        except (AddressError, KeyError):
            who, reversed_ = self._plant.identity(self._id)
            words = _serial(self._serial, self._plate(who), reversed_=reversed_)
            serial = [words.get((table, at)) for at in range(address, address + count)]
            if None in serial:
                raise AddressError from None
            return [word for word in serial if word is not None]

    def write(self, table: str, address: int, words: Sequence[int]) -> bool:
        if table not in self._tables:
            raise AddressError
        values = self._tables[table].codec.decode(address, words)
        told = {point for point, _ in values}
        # A command says in the same request whose it is, or it is an echo of another one.
        if "command" in told and not told >= self._said_with:
            raise ValueRefusedError
        return all(self._plant.write(self._id, point, value) for point, value in values)


def _mirrored(
    id: str, profile: Profile, codecs: Mapping[str, Codec]
) -> Sequence[tuple[str, int, Slot]]:
    """Return what the mirror repeats of a device: its id, the address, and the point."""
    shown = codecs["input"].shown if "input" in codecs else ()
    places = {name: p for name, p in profile.points.items() if isinstance(p, Register)}
    return [(id, slot.address, slot) for slot in shown if places[slot.name].mirrored]


def _serial(
    place: Register | None, nameplate: Nameplate, *, reversed_: bool
) -> Mapping[tuple[str, int], int]:
    """Return the words of the serial number by table and address."""
    if place is None:
        return {}
    words = divmod(nameplate.serial, 1 << 16)
    ordered = words if (place.word_order == "big") is not reversed_ else words[::-1]
    return {(place.table, at): word for at, word in enumerate(ordered, place.address)}


def _functions(codecs: Mapping[str, Codec], profile: Profile) -> Set[int]:
    """Return what a device obeys: what its map says, else all that its tables allow."""
    if profile.functions:
        return profile.functions | {IDENTIFY}
    functions = {IDENTIFY}
    for table, codec in codecs.items():
        functions.update(READS[table])
        if any(slot.writable for slot in codec.slots):
            functions.update(WRITES[table])
    if profile.serial is not None:
        functions.update(READS[profile.serial.table])
    return frozenset(functions)


class _Mirror:
    """Unit 1: the fast words of every unit behind the gateway, in one block."""

    functions: Final[Set[int]] = frozenset({*READS["input"], IDENTIFY})

    def __init__(self, devices: Mapping[int, _Device], row: _Row, nameplate: Nameplate) -> None:
        self._size = (max(devices, default=MIRROR_UNIT) - MIRROR_UNIT) * MIRROR_WORDS
        places = [
            (id_, (number - MIRROR_UNIT - 1) * MIRROR_WORDS + address, slot)
            for number, device in devices.items()
            for id_, address, slot in device.mirrored
        ]
        self._words = _Words(row, places, self._size)
        self.identity: Final = nameplate.objects()

    def words(self, table: str, address: int, count: int) -> Sequence[int]:
        if address + count > self._size:
            raise AddressError
        return self._words.now(address, count)

    def write(self, table: str, address: int, words: Sequence[int]) -> bool:
        raise AddressError


class _Itself:
    """Unit 255: a gateway without registers of its own."""

    functions: Final[Set[int]] = frozenset({IDENTIFY})

    def __init__(self, nameplate: Nameplate) -> None:
        self.identity: Final = nameplate.objects()

    def words(self, table: str, address: int, count: int) -> Sequence[int]:
        raise AddressError

    def write(self, table: str, address: int, words: Sequence[int]) -> bool:
        raise AddressError


def compiled(nature: Nature, profile: Profile) -> Mapping[str, Codec]:
    """Return the tables of a map by name."""
    points = {n: p for n, p in profile.points.items() if isinstance(p, Register)}
    tables = sorted({place.table for place in points.values()})
    return {t: Codec(nature, t, points, bridged=profile.bridged) for t in tables}


class Units:
    """The units of one gateway.

    Attributes:
        excuse: exception with which every request is answered and nothing done; 0 = none.
    """

    def __init__(self, site: Site, gateway: Gateway, plant: Served, maps: Maps) -> None:
        """Build everything behind `gateway`; maps that are not yet in `maps` are compiled."""
        self.excuse = 0
        row = _Row(plant)

        def plate(id_: str) -> Nameplate:
            item = site.equipment[id_]
            assert item.device is not None, "only what is served is taken for another"
            return of_device(item, site.profiles[item.device.profile])

        self._devices: dict[int, _Device] = {}
        for equipment, device, profile in devices_behind(site, gateway):
            if profile.name not in maps:
                maps[profile.name] = compiled(equipment.kind, profile)
            tables = maps[profile.name]
            self._devices[device.unit] = _Device(equipment, profile, plant, row, plate, tables)
        nameplate = of_gateway(gateway)
        self._units: dict[int, Unit] = {**self._devices, GATEWAY_ITSELF: _Itself(nameplate)}
        if gateway.mirror:
            self._units[MIRROR_UNIT] = _Mirror(self._devices, row, nameplate)
        row.close()

    def answer(self, unit: int, request: bytes) -> bytes | None:
        """Return the answer to a request without its header, None for silence."""
        if self.excuse:
            return None if unit == EVERYBODY else refusal(request, self.excuse)
        if unit == EVERYBODY:
            for device in self._devices.values():
                answer(device, request)
            return None
        found = self._units.get(unit)
        return refusal(request, GATEWAY_TARGET) if found is None else answer(found, request)
