"""From a command to the one write that carries it. Pure, so that it can be tested by literals.

An action is a block: the writer's epoch, the number of the command and its code stand in adjacent
holding registers and travel in one write, so that the device sees all of it or nothing. A set-point
takes the epoch with it where the map puts the two side by side. Epoch, number and heartbeat wrap in
the width the map gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from daemon.drivers.decode import encode
from daemon.model.natures import PointKind
from daemon.model.points import Node, Register

if TYPE_CHECKING:
    from daemon.model.commands import Command
    from daemon.model.plant import Equipment, Site

BLOCK: Final = ("command_epoch", "command_id", "command")
_WRITABLE: Final = frozenset({"holding", "coil"})
_SINGLE: Final = {"holding": 6, "coil": 5}
"""Function that writes one address, which some makes leave out."""
_WRAPPING: Final = frozenset({PointKind.COUNTER, PointKind.HEARTBEAT})


@dataclass(frozen=True, slots=True)
class Write:
    """One write request.

    Attributes:
        unit: unit id.
        table: "holding" or "coil".
        address: first address.
        words: what to write.
        single: the function for a single register or coil carries it.
    """

    unit: int
    table: str
    address: int
    words: tuple[int, ...]
    single: bool


def wanted(site: Site, command: Command) -> tuple[tuple[str, float], ...]:
    """Return the points that `command` writes, with their values, in the order of the block.

    Raises:
        ValueError: the device does not serve the point, or nothing serves the equipment.
    """
    served = _served(site, command.equipment)
    if command.point not in served:
        raise ValueError(f"{command.equipment} does not serve {command.point}")
    values = {"command_epoch": command.epoch, "command_id": command.id}
    if command.point == "command":
        return tuple((n, values.get(n, command.value)) for n in BLOCK if n in served)
    return ((command.point, command.value),)


def order(site: Site, command: Command) -> Write:
    """Return the one Modbus write that carries `command`.

    Raises:
        ValueError: the device map has no place for it, or its value does not fit there.
    """
    equipment = site.equipment[command.equipment]
    served = _served(site, command.equipment)
    values = dict(wanted(site, command))
    target = served[command.point]
    if command.point != "command" and _follows(served.get("command_epoch"), target):
        values = {"command_epoch": command.epoch, **values}
    places = [(n, p) for n in values if isinstance(p := served[n], Register)]
    places.sort(key=lambda pair: pair[1].address)
    if any(a.address + a.words != b.address for (_, a), (_, b) in pairwise(places)):
        raise ValueError(f"the command block of {command.equipment} is not contiguous")
    first = places[0][1]
    if first.table not in _WRITABLE or any("w" not in p.access for _, p in places):
        raise ValueError(f"{command.equipment}.{command.point} cannot be written")
    assert equipment.device is not None
    words = [w for n, p in places for w in _encode(equipment, n, p, values[n])]
    obeyed = site.profiles[equipment.device.profile].functions
    single = len(words) == 1 and (not obeyed or _SINGLE[first.table] in obeyed)
    return Write(equipment.device.unit, first.table, first.address, tuple(words), single)


def _served(site: Site, equipment: str) -> dict[str, Register | Node]:
    device = site.equipment[equipment].device if equipment in site.equipment else None
    if device is None:
        raise ValueError(f"{equipment} has no device")
    return dict(site.profiles[device.profile].points)


def _follows(epoch: Register | Node | None, target: Register | Node) -> bool:
    return (
        isinstance(epoch, Register)
        and isinstance(target, Register)
        and epoch.table == target.table
        and epoch.address + epoch.words == target.address
        and "w" in epoch.access
    )


def _encode(equipment: Equipment, name: str, place: Register, value: float) -> tuple[int, ...]:
    if equipment.kind.points[name].kind in _WRAPPING and place.type in {"u16", "u32"}:
        value = value % (1 << 16 * place.words)
    return encode(place, value)
