"""From registers to engineering values, and from a value to the registers that say it.

A decoder is made once for each block and then works on whole arrays. What cannot be a value of the
plant is Bad here and goes no further: NaN and infinity, the sentinels makers use for "no value"
(all ones in an unsigned word, the lowest number in a signed one), a state that has no name and a
value outside the limits that the device map believes. Counters have no sentinel: all ones is one of
their counts. A double-point position of 00 or 11 is a good reading of a bad position; what to make
of it is the core's to say.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from daemon.model.natures import PointKind
from daemon.model.quality import Quality, QualityArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.drivers.plan import Block
    from daemon.model.natures import PointSpec
    from daemon.model.points import Node, Register

Values = NDArray[np.float64]
Indices = NDArray[np.intp]

_ALL: Final = slice(None)

_WIDTH: Final = {"u16": 16, "i16": 16, "u32": 32, "i32": 32, "f32": 32, "bit": 1, "dpi": 2}
_SIGNED: Final = frozenset({"i16", "i32"})
_STATES: Final = frozenset({PointKind.STAGE, PointKind.COMMAND})
_NO_SENTINEL: Final = frozenset({PointKind.COUNTER, PointKind.COMMAND, PointKind.HEARTBEAT})
_LARGEST_F32: Final = float(np.finfo(np.float32).max)


class Limits:
    """What values are believed for a row of points, and the quality of those that are not."""

    def __init__(self, specs: Sequence[PointSpec], places: Sequence[Register | Node]) -> None:
        """Take the limits of the device map, and for stages the number of their names."""
        pairs = [_limits(spec, place) for spec, place in zip(specs, places, strict=True)]
        self._low: Final = np.array([low for low, _ in pairs])
        self._high: Final = np.array([high for _, high in pairs])

    def judge(self, values: Values, which: Indices | slice = _ALL) -> QualityArray:
        """Return the quality of `values` of the points `which`: good when within limits."""
        quality = np.zeros(len(values), dtype=np.uint32)
        inside = (values >= self._low[which]) & (values <= self._high[which])  # false for NaN
        if inside.all() and np.isfinite(values).all():
            return quality
        quality[~inside] = Quality.BAD_OUT_OF_RANGE
        quality[~np.isfinite(values)] = Quality.BAD
        return quality


def _limits(spec: PointSpec, place: Register | Node) -> tuple[float, float]:
    if spec.kind in _STATES:
        return 0.0, len(spec.states) - 1.0
    low = -math.inf if place.low is None else place.low
    high = math.inf if place.high is None else place.high
    return low, high


class Decoder:
    """Turns the reply to one block into values and quality, in the order of its slots."""

    def __init__(self, block: Block) -> None:
        """Compile the places of `block`."""
        registers = [slot.register for slot in block.slots]
        specs = [slot.point.spec for slot in block.slots]
        offset = np.array([slot.offset for slot in block.slots], dtype=np.intp)
        wide = np.array([r.words == 2 for r in registers], dtype=bool)
        little = np.array([r.word_order == "little" for r in registers], dtype=bool)
        self.indices: Final = np.array([s.point.index for s in block.slots], dtype=np.intp)
        self._low_word: Final = offset + (wide & ~little)
        self._high_word: Final = offset + (wide & little)
        self._wide: Final = wide
        self._shift: Final = np.array([r.bit for r in registers], dtype=np.int64)
        self._mask: Final = np.array([(1 << _WIDTH[r.type]) - 1 for r in registers], dtype=np.int64)
        signed = np.array([r.type in _SIGNED for r in registers], dtype=bool)
        self._half: Final = np.where(signed, self._mask // 2, self._mask)
        self._float: Final = np.array([r.type == "f32" for r in registers], dtype=bool)
        self._scale: Final = np.array([r.scale for r in registers])
        self._offset: Final = np.array([r.offset for r in registers])
        self._sentinel: Final = np.array(
            [_sentinel(s, r) for s, r in zip(specs, registers, strict=True)], dtype=np.int64
        )
        self._limits: Final = Limits(specs, registers)

    def decode(self, words: Sequence[int]) -> tuple[Values, QualityArray]:
        """Return values and quality (n_slot,) of a reply of `block.count` words or bits."""
        given = np.array(words, dtype=np.int64)
        raw = given[self._low_word]
        raw = np.where(self._wide, raw | given[self._high_word] << 16, raw) >> self._shift
        raw &= self._mask
        values = np.where(raw > self._half, raw - self._mask - 1, raw).astype(np.float64)
        if self._float.any():
            bits = raw[self._float].astype(np.uint32)
            values[self._float] = bits.view(np.float32)
        values = values * self._scale + self._offset
        quality = self._limits.judge(values)
        quality[raw == self._sentinel] = Quality.BAD
        return values, quality


def _sentinel(spec: PointSpec, register: Register) -> int:
    """Return the raw word that says "no value", or -1 (no raw word) where there is none."""
    if spec.kind in _NO_SENTINEL or register.type in {"bit", "dpi", "f32"}:
        return -1
    width = _WIDTH[register.type]
    return 1 << (width - 1) if register.type in _SIGNED else (1 << width) - 1


def encode(register: Register, value: float) -> tuple[int, ...]:
    """Return the words (most significant first unless little) that say `value`.

    Raises:
        ValueError: not finite, outside the limits of the device map, or too large for the type.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that can be written")
    low = -math.inf if register.low is None else register.low
    high = math.inf if register.high is None else register.high
    if not low <= value <= high:
        raise ValueError(f"{value:g} is outside {low:g} to {high:g}")
    raw = (value - register.offset) / register.scale
    if register.type == "f32":
        if abs(raw) > _LARGEST_F32:
            raise ValueError(f"{value:g} does not fit f32")
        (bits,) = struct.unpack(">I", struct.pack(">f", raw))
    else:
        bits = _integer(register.type, raw, value)
    if register.words == 1:
        return (bits,)
    words = (bits >> 16, bits & 0xFFFF)
    return words[::-1] if register.word_order == "little" else words


def _integer(kind: str, raw: float, value: float) -> int:
    width = _WIDTH[kind]
    number = round(raw)
    lowest, highest = _range(kind)
    if not lowest <= number <= highest:
        raise ValueError(f"{value:g} does not fit {kind}")
    return number & ((1 << width) - 1)


def _range(kind: str) -> tuple[int, int]:
    width = _WIDTH[kind]
    if kind in _SIGNED:
        return -(1 << (width - 1)), (1 << (width - 1)) - 1
    return 0, (1 << width) - 1


class Quantiser:
    """What registers do to values, without the registers: for drivers that exchange no frames.

    Counters wrap; what is measured stops one short of the word that says "no value". What is not
    finite is Bad, whatever a device would make of it.
    """

    def __init__(self, specs: Sequence[PointSpec], registers: Sequence[Register]) -> None:
        """Compile the types of `registers`."""
        ranges = [_shown_range(s, r) for s, r in zip(specs, registers, strict=True)]
        self._lowest: Final = np.array([low for low, _ in ranges], dtype=np.float64)
        self._highest: Final = np.array([high for _, high in ranges], dtype=np.float64)
        self._wraps: Final = np.array([s.kind in _NO_SENTINEL for s in specs], dtype=bool)
        self._span: Final = self._highest - self._lowest + 1.0
        self._float: Final = np.array([r.type == "f32" for r in registers], dtype=bool)
        self._scale: Final = np.array([r.scale for r in registers])
        self._offset: Final = np.array([r.offset for r in registers])
        self._limits: Final = Limits(specs, registers)

    def quantise(
        self, values: Values, which: Indices | slice = _ALL
    ) -> tuple[Values, QualityArray]:
        """Return what a reader of the registers `which` would see of `values`, and its quality."""
        scale, offset = self._scale[which], self._offset[which]
        lowest, wraps, float_ = self._lowest[which], self._wraps[which], self._float[which]
        raw = (values - offset) / scale
        with np.errstate(over="ignore", invalid="ignore"):
            whole = np.copysign(
                np.floor(np.abs(raw) + 0.5), raw
            )  # half away from zero, as firmware
            shown = np.clip(whole, lowest, self._highest[which])
            if wraps.any():
                wrapped = lowest + np.mod(whole - lowest, self._span[which])
                shown = np.where(wraps, wrapped, shown)
            if float_.any():
                shown = np.where(float_, raw.astype(np.float32), shown)
        seen = shown * scale + offset
        quality = self._limits.judge(seen, which)
        quality[~np.isfinite(values)] = Quality.BAD
        return seen, quality


def _shown_range(spec: PointSpec, register: Register) -> tuple[int, int]:
    """Return the lowest and the highest raw number that means a value; none for f32."""
    if register.type == "f32":
        return 0, 0
    low, high = _range(register.type)
    if _sentinel(spec, register) < 0:
        return low, high
    return (low + 1, high) if register.type in _SIGNED else (low, high - 1)
