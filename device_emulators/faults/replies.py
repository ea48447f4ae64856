"""What becomes of a reply on its way: the frames that arrive in place of one.

Each function takes a frame, a source of chance and the values of its word. What a protocol has no
such field for passes unchanged.

Source: MODBUS Application Protocol V1.1b3, 6 (replies by function).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from device_emulators.faults.frames import MBAP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.random import Generator

    Change = Callable[[bytes, Generator, Mapping[str, Any]], Sequence[bytes]]

_FUNCTION: Final = 7
_COUNT: Final = 8
_READS: Final = frozenset({1, 2, 3, 4})
_OTHER: Final = {1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 15: 16, 16: 15}
_ENDLESS: Final = 1 << 17
"""Bytes of a frame that is longer than any receiver can want."""


def _with(frame: bytes, at: int, value: int) -> bytes:
    return frame[:at] + bytes((value & 0xFF,)) + frame[at + 1 :]


def _wrong_transaction(frame: bytes, _: Generator, __: Mapping[str, Any]) -> Sequence[bytes]:
    return [(int.from_bytes(frame[:2], "big") + 1 & 0xFFFF).to_bytes(2, "big") + frame[2:]]


def _wrong_unit(frame: bytes, _: Generator, __: Mapping[str, Any]) -> Sequence[bytes]:
    return [_with(frame, MBAP - 1, frame[MBAP - 1] + 1)]


def _wrong_function(frame: bytes, _: Generator, __: Mapping[str, Any]) -> Sequence[bytes]:
    """Return the reply as one to the neighbouring function: input for holding registers, say."""
    function = frame[_FUNCTION]
    return [_with(frame, _FUNCTION, _OTHER.get(function, function + 1))]


def _wrong_count(frame: bytes, _: Generator, __: Mapping[str, Any]) -> Sequence[bytes]:
    """Return a reply that says two bytes more than it has; of a write, one register more."""
    at = _COUNT if frame[_FUNCTION] in _READS else len(frame) - 1
    return [_with(frame, at, frame[at] + (2 if at == _COUNT else 1))]


def _wrong_length(frame: bytes, _: Generator, __: Mapping[str, Any]) -> Sequence[bytes]:
    """Return a header that promises two bytes more: they are taken from the next frame."""
    return [_sized(frame, len(frame) + 2)]


def _sized(frame: bytes, size: int) -> bytes:
    return frame[:4] + (size - 6).to_bytes(2, "big") + frame[6:]


def _truncate(frame: bytes, _: Generator, __: Mapping[str, Any]) -> Sequence[bytes]:
    """Return a reply without its last register, all lengths as they should be."""
    if frame[_FUNCTION] not in _READS or frame[_COUNT] < 4:
        return [frame]
    shorter = _with(frame[:-2], _COUNT, frame[_COUNT] - 2)
    return [_sized(shorter, len(shorter))]


def _garbage(frame: bytes, chance: Generator, _: Mapping[str, Any]) -> Sequence[bytes]:
    return [chance.bytes(len(frame))]


def _oversize(frame: bytes, chance: Generator, _: Mapping[str, Any]) -> Sequence[bytes]:
    """Return a frame whose lengths, in either protocol, are the longest that can be said."""
    return [frame[:4] + b"\xff\xff\xff\x7f" + chance.bytes(_ENDLESS)]


def _duplicate(frame: bytes, _: Generator, __: Mapping[str, Any]) -> Sequence[bytes]:
    return [frame, frame]


def _lose(_frame: bytes, chance: Generator, values: Mapping[str, Any]) -> Sequence[bytes]:
    return [] if chance.random() < float(values["share_pu"]) else [_frame]


def _corrupt(frame: bytes, chance: Generator, values: Mapping[str, Any]) -> Sequence[bytes]:
    """Return the frame with one bit turned, as a bad serial line behind a gateway does."""
    if chance.random() >= float(values["share_pu"]):
        return [frame]
    at, bit = int(chance.integers(len(frame))), int(chance.integers(8))
    return [_with(frame, at, frame[at] ^ 1 << bit)]


CHANGES: Final[Mapping[str, Change]] = {
    "wrong_transaction": _wrong_transaction,
    "wrong_unit": _wrong_unit,
    "wrong_function": _wrong_function,
    "wrong_count": _wrong_count,
    "wrong_length": _wrong_length,
    "truncate": _truncate,
    "garbage": _garbage,
    "oversize": _oversize,
    "duplicate": _duplicate,
    "lose": _lose,
    "corrupt": _corrupt,
}
"""What is made of a reply, by word."""
