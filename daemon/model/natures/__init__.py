"""Natures: what every kind of equipment is, can tell and can be told.

A *nature* is the vocabulary that the site file, the device maps, the emulated devices, the
controllers and the alarms share. Controllers are written against natures only, so a new make and
model is one file in `config/devices/<nature>/` and no code. A new kind of device is an entry here
and one file in `device_emulators/devices/`.

Terminals are named in the order in which a site file lists `buses:`. Ratings are nameplate values.
Points are what a device may serve; a device map names those it does serve. Commands are written as
one block of `command_epoch`, `command_id` and `command` (the code), so that a device can refuse an
old epoch (fencing) and a duplicate.

Must not know: what any make and model does, how a point is coded on a wire, which site uses it.

Add here: a kind of device to the file of its sort (`board`, `sources`, `electronics`, `loads`);
what many kinds share to `entries`; a new sort of point or system to `terms`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from daemon.model.natures.board import BOARD, CABLES, TRANSFER
from daemon.model.natures.electronics import ELECTRONICS
from daemon.model.natures.entries import FALLBACKS
from daemon.model.natures.loads import LOADS
from daemon.model.natures.sources import SOURCES
from daemon.model.natures.terms import (
    Current,
    Nature,
    PointKind,
    PointSpec,
    Position,
    RatingSpec,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NATURES",
    "FALLBACKS",
    "Current",
    "Nature",
    "PointKind",
    "PointSpec",
    "Position",
    "RatingSpec",
    "Role",
    "SETS",
]

NATURES: Final[Mapping[str, Nature]] = MappingProxyType(
    {row.name: row for row in (*BOARD, *SOURCES, *ELECTRONICS, *TRANSFER, *LOADS, *CABLES)}
)
"""Every kind of equipment that a site file may name."""
SETS: Final = frozenset({"generator", "gas_turbine"})
"""Machines that are started where there is no utility, and share the load by their governors."""
