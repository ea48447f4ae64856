"""Frames: what stands in a journal file, and how to tell whole ones from torn ones.

    length u32 | crc32 u32 | payload

Little endian; the check sum covers length and payload. A payload is MessagePack, a map with the
kind of record under `"k"`. Every so often a frame of kind `seal` carries the SHA-256 over all bytes
of the file before it, and the first frame of a file that of the whole file before: a changed,
missing or exchanged record shows there even when its own check sum was put right.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgpack

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = struct.Struct("<II")
LONGEST: Final = 16 * 1024 * 1024
"""A longer frame is taken for garbage."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a journal file.

    Attributes:
        frames: whole frames at its beginning.
        good_bytes: where the last whole frame ends.
        lost_bytes: bytes after that.
        seals: seals that hold.
        broken_seals: seals that do not.
    """

    frames: int
    good_bytes: int
    lost_bytes: int
    seals: int
    broken_seals: int

    @property
    def ok(self) -> bool:
        """Return whether nothing is torn or altered."""
        return self.lost_bytes == 0 and self.broken_seals == 0


def frame(record: dict[str, Any]) -> bytes:
    """Return one record as it stands in the file."""
    payload: bytes = msgpack.packb(record)
    length = struct.pack("<I", len(payload))
    return length + struct.pack("<I", zlib.crc32(payload, zlib.crc32(length))) + payload


def whole(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield end and payload of every whole frame, up to the first that is torn or altered."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, check = _HEAD.unpack_from(data, at)
        start = at + _HEAD.size
        payload = data[start : start + length]
        if length > LONGEST or len(payload) < length:
            return
        if zlib.crc32(payload, zlib.crc32(data[at : at + 4])) != check:
            return
        at = start + length
        yield at, payload


def records(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield every whole record of a file, seals left out."""
    for _, payload in whole(data):
        record = msgpack.unpackb(payload, use_list=False, strict_map_key=False)
        if record["k"] != "seal":
            yield record


class Chain:
    """The running hash over one file, for seals."""

    def __init__(self) -> None:
        """Begin with an empty file."""
        self._hash = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Take in what was written."""
        self._hash.update(data)

    @property
    def digest(self) -> bytes:
        """Return the hash of all so far."""
        return self._hash.digest()


def check(data: bytes) -> tuple[Verdict, bytes]:
    """Return what is left of a file, and the digest of its whole frames."""
    chain = Chain()
    frames = end = seals = broken = 0
    for stop, payload in whole(data):
        record = msgpack.unpackb(payload, strict_map_key=False)
        if record["k"] == "seal":
            held = record["sha256"] == chain.digest
            seals += held
            broken += not held
        chain.add(data[end:stop])
        frames += 1
        end = stop
    return Verdict(frames, end, len(data) - end, seals, broken), chain.digest
