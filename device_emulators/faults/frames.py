"""A stream of bytes as the frames of its protocol.

Only what is needed to find the ends: Modbus TCP says the length of the rest in bytes 4 and 5, an
OPC UA chunk its whole size in bytes 4 to 7. What makes no sense as a frame is passed on as it came.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3; OPC 10000-6, 6.7.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MBAP: Final = 7
"""Bytes of a Modbus header, the unit included."""
LONGEST_MODBUS: Final = 260
LONGEST_OPCUA: Final = 1 << 24
_HEAD: Final = 8


def modbus_size(head: bytes) -> int:
    """Return the size of the frame that begins with `head`; 0 if it is none."""
    size = 6 + int.from_bytes(head[4:6], "big")
    return size if head[2:4] == b"\0\0" and _HEAD <= size <= LONGEST_MODBUS else 0


def opcua_size(head: bytes) -> int:
    """Return the size of the chunk that begins with `head`; 0 if it is none."""
    size = int.from_bytes(head[4:8], "little")
    return size if _HEAD <= size <= LONGEST_OPCUA else 0


_SIZES: Final[Mapping[str, Callable[[bytes], int]]] = {
    "modbus_tcp": modbus_size,
    "opcua": opcua_size,
}


class Frames:
    """Cuts one direction of a connection into frames."""

    def __init__(self, protocol: str) -> None:
        """Know nothing yet; of an unknown protocol every piece is a frame."""
        self._size = _SIZES.get(protocol)
        self._begun = b""

    @property
    def begun(self) -> bool:
        """Return whether a frame has come in part."""
        return bool(self._begun)

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield the frames that are complete with `data`."""
        if self._size is None:
            yield data
            return
        self._begun += data
        while len(self._begun) >= _HEAD:
            size = self._size(self._begun) or len(self._begun)
            if len(self._begun) < size:
                return
            frame, self._begun = self._begun[:size], self._begun[size:]
            yield frame
