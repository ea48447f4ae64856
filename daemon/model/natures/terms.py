"""What natures are said in: sorts of points, systems, roles, and the entry itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class PointKind(Enum):
    """What sort of value a point carries; decides how it is coded, shown and written."""

    MEASURE = "measure"
    """A number with a unit, read only."""
    STATUS = "status"
    """True or false, read only."""
    POSITION = "position"
    """Double-point position of a switch, see `Position`."""
    STAGE = "stage"
    """One of the named states of the device; the value is the index into `states`."""
    COUNTER = "counter"
    """A number that only rises (and wraps), read only."""
    SETPOINT = "setpoint"
    """A number with a unit that the daemon may write, idempotent."""
    COMMAND = "command"
    """A code that makes the device act once; the value is the index into `states`."""
    HEARTBEAT = "heartbeat"
    """Written by the daemon to show that it lives; its silence hands authority to the device."""


class Position(Enum):
    """Double-point position of a switching device (IEC 61850 Dbpos)."""

    TRAVELLING = 0
    OPEN = 1
    CLOSED = 2
    BAD = 3


@dataclass(frozen=True, slots=True)
class PointSpec:
    """One value that equipment of a nature may serve.

    Attributes:
        name: point name, unit last; the full id is `<equipment>.<name>`.
        kind: sort of value.
        unit: key of `quantities.UNITS`, or "" where unitless.
        help: one line for people.
        states: labels by value for STAGE and COMMAND points.
        possible: those of them that equipment of the nature knows, where it is not all.
    """

    name: str
    kind: PointKind
    unit: str
    help: str
    states: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RatingSpec:
    """One nameplate value: whether the site file must give it, and what it means."""

    help: str
    required: bool = True


class Current(Enum):
    """Kind of system a terminal may be joined to."""

    AC = "ac"
    DC = "dc"
    ANY = "any"


class Role(Enum):
    """What equipment does to power; topology and balance checks read this."""

    SOURCE = "source"
    """Feeds its bus from outside or from fuel."""
    SWITCH = "switch"
    """Joins its two buses when closed."""
    TRANSFER = "transfer"
    """Joins its last bus to one of the others."""
    TRANSFORMER = "transformer"
    """Joins two voltage levels of one AC system."""
    CONVERTER = "converter"
    """Carries power from its first bus to its last through electronics; may hold storage."""
    STORAGE = "storage"
    """Takes and gives energy at its bus."""
    LOAD = "load"
    """Consumes at one bus, or at either of two."""
    COMPENSATOR = "compensator"
    """Reactive power only."""
    SENSOR = "sensor"
    """Measures at its bus, carries nothing."""
    EARTHING = "earthing"
    """Earths its bus when closed."""
    GROUP = "group"
    """No terminals: controls or sums other equipment."""


@dataclass(frozen=True, slots=True)
class Nature:
    """A kind of equipment.

    Attributes:
        name: as in site files and `config/devices/<name>/`.
        role: what it does to power.
        help: one line for people.
        logical_node: the IEC 61850 logical node it maps to.
        terminals: name and system of every terminal, in the order of `buses:`.
        optional_terminals: how many of the last terminals a site may leave out.
        variants: values allowed for `variant:`; the first is the default.
        ratings: nameplate values by name.
        points: what a device may serve, by name.
    """

    name: str
    role: Role
    help: str
    logical_node: str
    terminals: tuple[tuple[str, Current], ...]
    optional_terminals: int
    variants: tuple[str, ...]
    ratings: Mapping[str, RatingSpec]
    points: Mapping[str, PointSpec]

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """Return what a device may do when the daemon falls silent."""
        point = self.points.get("fallback")
        return point.possible if point else ()

    def commands(self) -> tuple[str, ...]:
        """Return the names of the commands equipment of this nature obeys, by code from 1."""
        point = self.points.get("command")
        return point.states[1:] if point else ()
