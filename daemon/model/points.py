"""Points: every value of the plant, its place in the image and its place on the wire.

A *profile* is one file of `config/devices/<nature>/`: where a make and model keeps the points of
its nature. Both sides read it: drivers to decode, emulated devices to encode. A *point table* gives
every served point of a site its fixed index in the image.

**The mirror.** The first `MIRROR_WORDS` input registers of every unit behind a gateway with
`mirror: true` hold what must be fast (positions, relay flags, both voltages). Unit 1 of that
gateway repeats them: unit *u* stands at input register `(u - 2) * MIRROR_WORDS`. That one block is
read every fast period; points outside it are read at the device's own scan class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.natures import PointSpec
    from daemon.model.plant import Site

MIRROR_WORDS: Final = 4
MIRROR_UNIT: Final = 1


@dataclass(frozen=True, slots=True)
class Register:
    """Where a point lives in a Modbus device.

    Attributes:
        table: "input" (FC4), "holding" (FC3/6/16), "discrete" (FC2) or "coil" (FC1/5/15).
        address: zero-based address in that table.
        type: "u16", "i16", "u32", "i32", "f32", "bit" or "dpi" (two bits).
        bit: lowest bit inside the word for "bit" and "dpi" in a register table, else 0.
        word_order: "big" or "little" word order of 32-bit values.
        scale: engineering value = raw * scale + offset.
        offset: see `scale`.
        access: "r", "w" or "rw".
        low: lowest engineering value that is believed (and accepted when written), or None.
        high: highest, or None.
        scan: own scan class that replaces the device's, or "".
    """

    table: str
    address: int
    type: str
    bit: int
    word_order: str
    scale: float
    offset: float
    access: str
    low: float | None
    high: float | None
    scan: str

    @property
    def words(self) -> int:
        """Return how many addresses of its table the value takes."""
        return 2 if self.type in {"u32", "i32", "f32"} else 1

    @property
    def mirrored(self) -> bool:
        """Return whether a gateway with a mirror repeats this value."""
        return self.table == "input" and self.address + self.words <= MIRROR_WORDS


@dataclass(frozen=True, slots=True)
class Node:
    """Where a point lives in an OPC UA server.

    Attributes:
        path: identifier within the namespace; `{id}` stands for the equipment id.
        type: "Double", "Float", "Int32", "UInt32", "UInt16" or "Boolean".
        scale: engineering value = raw * scale.
        access: "r", "w" or "rw".
        low: as in `Register`.
        high: as in `Register`.
    """

    path: str
    type: str
    scale: float
    access: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Profile:
    """The map of one make and model: where it keeps each point of its nature.

    Attributes:
        name: `<nature>/<make_model>`.
        nature: key of `natures.NATURES`.
        protocol: "modbus_tcp" or "opcua".
        namespace: OPC UA namespace URI, or "".
        points: place of every served point, by point name.
        make: who makes it.
        model: what the maker calls it.
        functions: Modbus function codes it obeys; empty = all that its tables allow.
        bridged: addresses between its values read 0; otherwise a read across them is refused.
        serial: where a Modbus device keeps its serial number, or None.
    """

    name: str
    nature: str
    protocol: str
    namespace: str
    points: Mapping[str, Register | Node]
    make: str = ""
    model: str = ""
    functions: frozenset[int] = frozenset()
    bridged: bool = True
    serial: Register | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One served value of a site.

    Attributes:
        index: place in the arrays of every image of this site.
        id: `<equipment>.<name>`.
        equipment: id of the equipment.
        spec: what it is.
        place: where it lives on the wire.
        period_s: scan period it is expected at [s]; stale after three of them.
    """

    index: int
    id: str
    equipment: str
    spec: PointSpec
    place: Register | Node
    period_s: float


class PointTable:
    """All served points of a site in fixed order, found by index or by name.

    Attributes:
        points: they, in image order.
        derived: what others made of this table once, by who made it. It refers to the table in
            turn, so it has to live in it: in a table of its own nothing would ever end.
    """

    def __init__(self, points: tuple[Point, ...]) -> None:
        """Index `points`, which must be in image order."""
        self.points: Final = points
        self.derived: Final[dict[object, Any]] = {}
        self._by_name: Final = {(p.equipment, p.spec.name): p.index for p in points}
        assert all(p.index == i for i, p in enumerate(points)), "points out of order"

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.points)

    def index(self, equipment: str, name: str) -> int:
        """Return the image index of a point.

        Raises:
            KeyError: the device of `equipment` does not serve `name`.
        """
        return self._by_name[equipment, name]

    def find(self, equipment: str, name: str) -> int | None:
        """Return the image index of a point, or None where it is not served."""
        return self._by_name.get((equipment, name))


def tabulate(site: Site) -> PointTable:
    """Return the point table of `site`: file order of equipment, map order of points."""
    points: list[Point] = []
    for item in site.equipment.values():
        if item.device is None:
            continue
        profile = site.profiles[item.device.profile]
        mirror = site.gateways[item.device.gateway].mirror
        for name, place in profile.points.items():
            scan = item.device.scan
            if isinstance(place, Register):
                scan = "fast" if mirror and place.mirrored else place.scan or scan
            points.append(
                Point(
                    index=len(points),
                    id=f"{item.id}.{name}",
                    equipment=item.id,
                    spec=item.kind.points[name],
                    place=place,
                    period_s=site.scan_s[scan],
                )
            )
    return PointTable(tuple(points))
