"""What is written on the nameplate of a device, and how masters read it.

Two devices that were swapped, or an address that was set wrong, show by their serial numbers only.
A Modbus device gives its own by device identification (function 43/14, object 0x80, in decimal)
and, where its map names a place, as two registers; because its two words differ, those also betray
a word order that is not the one of the map. An OPC UA device has it as a property.

A site file may state serial numbers. A device without one has a number made from its id: the same
in every run, and another for every id.

Simplified: one revision for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment, Gateway
    from daemon.model.points import Profile

REVISION: Final = "1.0"
_TEXT: Final = 64
"""Longest text [bytes]: any of them fits an answer."""


@dataclass(frozen=True, slots=True)
class Nameplate:
    """The identity of a device.

    Attributes:
        make: who makes it.
        product: the maker's code for it.
        model: what the maker calls it.
        nature: what it is.
        tag: id on the one-line diagram.
        serial: serial number, 1 to 2**32 - 1.
    """

    make: str
    product: str
    model: str
    nature: str
    tag: str
    serial: int

    def objects(self) -> Mapping[int, bytes]:
        """Return the objects of Modbus device identification by object id.

        Source: MODBUS Application Protocol V1.1b3, 6.21 (0 to 6), private from 0x80.
        """
        texts = {
            0x00: self.make,
            0x01: self.product,
            0x02: REVISION,
            0x04: self.model,
            0x05: self.nature,
            0x06: self.tag,
            0x80: str(self.serial),
        }
        return {id_: text.encode("ascii", "replace")[:_TEXT] for id_, text in texts.items()}

    def properties(self) -> Mapping[str, str]:
        """Return the properties of an OPC UA device by browse name.

        Source: OPC 10000-100 (Devices), 4.5.2 (vendor nameplate).
        """
        return {
            "Manufacturer": self.make,
            "ProductCode": self.product,
            "DeviceRevision": REVISION,
            "Model": self.model,
            "SerialNumber": str(self.serial),
        }


def of_device(equipment: Equipment, profile: Profile) -> Nameplate:
    """Return the nameplate of the device behind `equipment`."""
    stated = equipment.device.serial if equipment.device is not None else 0
    return Nameplate(
        make=profile.make,
        product=profile.name.rpartition("/")[2],
        model=profile.model,
        nature=profile.nature,
        tag=equipment.id,
        serial=stated or made_up(equipment.id),
    )


def of_gateway(gateway: Gateway) -> Nameplate:
    """Return the nameplate of the gateway itself."""
    return Nameplate(
        "generic", "gateway", "Modbus TCP gateway", "gateway", gateway.id, made_up(gateway.id)
    )


def made_up(id: str) -> int:
    """Return a serial number for `id`, whose two words differ from each other and from 0."""
    number = crc32(id.encode())
    while number >> 16 == number & 0xFFFF or not number >> 16 or not number & 0xFFFF:
        number = crc32(number.to_bytes(4, "big"))
    return number
