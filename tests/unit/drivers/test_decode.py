"""Registers to values by literals: each line was worked out by hand from the type's definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.drivers.decode import Decoder, Quantiser, encode
from daemon.drivers.plan import Block, Slot
from daemon.model.natures import PointKind, PointSpec
from daemon.model.points import Point, Register
from daemon.model.quality import Quality
from device_emulators.servers.codec import encoder
from tests.unit.drivers.board import register

MEASURE = PointSpec("power_w", PointKind.MEASURE, "w", "")
COUNTER = PointSpec("life_count", PointKind.COUNTER, "count", "")
STATUS = PointSpec("local", PointKind.STATUS, "", "")
POSITION = PointSpec("position", PointKind.POSITION, "", "")
STAGE = PointSpec("stage", PointKind.STAGE, "", "", ("off", "on", "fault"))


def decoded(words: list[int], *places: tuple[PointSpec, Register]) -> tuple[list[float], list[int]]:
    slots = tuple(
        Slot(Point(i, f"X.{spec.name}", "X", spec, place, 1.0), place, place.address)
        for i, (spec, place) in enumerate(places)
    )
    table = places[0][1].table
    values, quality = Decoder(Block(2, table, 0, len(words), 1.0, slots)).decode(words)
    return values.tolist(), quality.tolist()


@pytest.mark.parametrize(
    ("words", "place", "value"),
    [
        ([0x0001], {"type": "u16"}, 1.0),
        ([0xFFFE], {"type": "u16"}, 65534.0),
        ([0xFFFF], {"type": "i16"}, -1.0),
        ([0x7FFF], {"type": "i16"}, 32767.0),
        ([0x0001, 0x0000], {"type": "u32"}, 65536.0),
        ([0x0001, 0x0000], {"type": "u32", "word_order": "little"}, 1.0),
        ([0xFFFF, 0xFFFE], {"type": "i32"}, -2.0),
        ([0xFFFE, 0xFFFF], {"type": "i32", "word_order": "little"}, -2.0),
        ([0x42F6, 0xE979], {"type": "f32"}, 123.456),
        ([0xE979, 0x42F6], {"type": "f32", "word_order": "little"}, 123.456),
        ([0xC2F6, 0xE979], {"type": "f32"}, -123.456),
        ([0x0078], {"type": "u16", "scale": 0.1, "offset": -40.0}, -28.0),
        ([0b0100_0000], {"type": "bit", "bit": 6}, 1.0),
        ([0b1011_1111], {"type": "bit", "bit": 6}, 0.0),
        ([0x8000], {"type": "bit", "bit": 15}, 1.0),
    ],
)
def test_golden_words(words: list[int], place: dict[str, object], value: float) -> None:
    got, quality = decoded(words, (MEASURE, register(**place)))  # type: ignore[arg-type]
    assert got[0] == pytest.approx(value, rel=1e-6)
    assert quality == [Quality.GOOD]


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ([0xFFFF], "u16"),
        ([0x8000], "i16"),
        ([0xFFFF, 0xFFFF], "u32"),
        ([0x8000, 0x0000], "i32"),
        ([0x7FC0, 0x0000], "f32"),  # NaN
        ([0x7F80, 0x0000], "f32"),  # infinity
        ([0xFF80, 0x0000], "f32"),  # minus infinity
    ],
)
def test_sentinels_are_bad(words: list[int], kind: str) -> None:
    assert decoded(words, (MEASURE, register(type=kind)))[1] == [Quality.BAD]


def test_a_counter_has_no_sentinel() -> None:
    values, quality = decoded([0xFFFF], (COUNTER, register()))
    assert (values, quality) == ([65535.0], [Quality.GOOD])


def test_out_of_believed_limits_is_bad() -> None:
    place = register(scale=0.1, low=0.0, high=1000.0)
    assert decoded([10_000], (MEASURE, place))[1] == [Quality.GOOD]
    assert decoded([10_001], (MEASURE, place))[1] == [Quality.BAD_OUT_OF_RANGE]
    assert decoded([2, 3], (STAGE, register()), (STAGE, register(address=1)))[1] == [
        Quality.GOOD,
        Quality.BAD_OUT_OF_RANGE,
    ]


@pytest.mark.fault("F26")
@pytest.mark.parametrize("bits", [0, 1, 2, 3])
def test_double_points_keep_all_four_positions(bits: int) -> None:
    values, quality = decoded([bits << 4 | 0b1100], (POSITION, register(type="dpi", bit=4)))
    assert (values, quality) == ([float(bits)], [Quality.GOOD])


def test_a_whole_block_at_once() -> None:
    values, quality = decoded(
        [0b10_0000_01, 0, 6600, 0x3F80, 0x0000, 0xFFFF],
        (POSITION, register(type="dpi")),
        (STATUS, register(type="bit", bit=7)),
        (MEASURE, register(address=2, scale=10.0)),
        (MEASURE, register(address=3, type="f32")),
        (MEASURE, register(address=5)),
    )
    assert values[:4] == [1.0, 1.0, 66_000.0, 1.0]
    assert quality == [0, 0, 0, 0, Quality.BAD]


def test_bits_of_a_bit_table() -> None:
    coil = {"table": "coil", "type": "bit"}
    values, _ = decoded(
        [1, 0, 1],
        (STATUS, register(**coil)),  # type: ignore[arg-type]
        (STATUS, register(address=2, **coil)),  # type: ignore[arg-type]
    )
    assert values == [1.0, 1.0]


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ({"type": "u16"}, 7.0, (7,)),
        ({"type": "i16", "scale": 0.1}, -1.0, (0xFFF6,)),
        ({"type": "u32"}, 65_537.0, (1, 1)),
        ({"type": "u32", "word_order": "little"}, 65_538.0, (2, 1)),
        ({"type": "f32", "scale": 1000.0}, -1_000_000.0, (0xC47A, 0x0000)),
    ],
)
def test_golden_encodings(place: dict[str, object], value: float, words: tuple[int, ...]) -> None:
    assert encode(register(**place), value) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ({}, math.nan),
        ({}, math.inf),
        ({}, -1.0),
        ({}, 65_536.0),
        ({"type": "i16"}, 32_768.0),
        ({"type": "f32"}, 1e39),
        ({"low": 0.0, "high": 1.0, "scale": 0.001}, 1.001),
    ],
)
def test_what_cannot_be_written_is_refused(place: dict[str, object], value: float) -> None:
    with pytest.raises(ValueError, match=r"is not|is outside|does not fit"):
        encode(register(**place), value)  # type: ignore[arg-type]


KINDS = st.sampled_from(["u16", "i16", "u32", "i32"])


@given(KINDS, st.sampled_from(["big", "little"]), st.data())
def test_encode_and_decode_are_inverse(kind: str, order: str, data: st.DataObject) -> None:
    place = register(type=kind, word_order=order)
    bits = 16 * place.words
    low = -(1 << (bits - 1)) + 1 if kind.startswith("i") else 0
    high = (1 << (bits - 1)) - 1 if kind.startswith("i") else (1 << bits) - 2
    value = float(data.draw(st.integers(low, high)))
    assert decoded(list(encode(place, value)), (MEASURE, place)) == ([value], [0])


@given(KINDS, st.floats(-1e6, 1e6), st.sampled_from([0.1, 1.0, 10.0]))
def test_quantiser_sees_what_the_wire_shows(kind: str, value: float, scale: float) -> None:
    place = register(type=kind, scale=scale)
    seen, quality = Quantiser([MEASURE], [place]).quantise(np.array([value]))
    words = encoder(place, MEASURE.kind)(value)
    values, shown = decoded(list(words), (MEASURE, place))
    assert (seen.tolist(), quality.tolist()) == (values, shown)
