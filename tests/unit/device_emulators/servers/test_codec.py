from __future__ import annotations

import math
import struct

import pytest

from daemon.model.natures import NATURES, PointKind
from device_emulators.servers.codec import (
    AddressError,
    Codec,
    ValueRefusedError,
    accepts,
    decoder,
    encoder,
)
from tests.small_board import BREAKER, SET, register

MEASURE = PointKind.MEASURE
INF = math.inf


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (register("input", 0, "u16"), 258.0, [0x0102]),
        (register("input", 0, "u16", scale=0.1), 230.04, [2300]),
        (register("input", 0, "u16", scale=0.1, offset=-40.0), 25.0, [650]),
        (register("input", 0, "i16"), -2.0, [0xFFFE]),
        (register("input", 0, "i16", scale=-0.5), 1.0, [0xFFFE]),
        (register("input", 0, "u32"), 0x01020304, [0x0102, 0x0304]),
        (register("input", 0, "u32", word_order="little"), 0x01020304, [0x0304, 0x0102]),
        (register("input", 0, "i32"), -2.0, [0xFFFF, 0xFFFE]),
        (register("input", 0, "i32", word_order="little"), -2.0, [0xFFFE, 0xFFFF]),
        (register("input", 0, "f32"), 1.5, [0x3FC0, 0x0000]),
        (register("input", 0, "f32", word_order="little"), 1.5, [0x0000, 0x3FC0]),
        (register("input", 0, "bit", bit=9), 1.0, [0x0200]),
        (register("input", 0, "dpi", bit=4), 2.0, [0x0020]),
    ],
)
def test_value_and_its_words_are_two_forms_of_one_thing(
    place: object, value: float, words: list[int]
) -> None:
    assert list(encoder(place, MEASURE)(value)) == words  # type: ignore[arg-type]
    tolerance = abs(getattr(place, "scale", 1.0)) / 2
    assert decoder(place)(words) == pytest.approx(value, abs=tolerance)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("u16", 70000.0, [0xFFFE]),
        ("u16", -1.0, [0]),
        ("u16", INF, [0xFFFE]),
        ("i16", 40000.0, [0x7FFF]),
        ("i16", -40000.0, [0x8001]),
        ("u32", 1e12, [0xFFFF, 0xFFFE]),
        ("i32", -1e12, [0x8000, 0x0001]),
        ("f32", 1e300, [0x7F7F, 0xFFFF]),
        ("f32", INF, [0x7F80, 0x0000]),
    ],
)
def test_value_beyond_the_type_is_clamped(type_: str, value: float, words: list[int]) -> None:
    assert list(encoder(register("input", 0, type_), MEASURE)(value)) == words


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("u16", [0xFFFF]),
        ("i16", [0x8000]),
        ("u32", [0xFFFF, 0xFFFF]),
        ("i32", [0x8000, 0x0000]),
        ("f32", [0x7FC0, 0x0000]),
        ("dpi", [0]),
    ],
)
def test_missing_value_has_its_reserved_pattern(type_: str, words: list[int]) -> None:
    assert list(encoder(register("input", 0, type_), MEASURE)(math.nan)) == words


def test_counters_wrap_where_measures_clamp() -> None:
    encode = encoder(register("input", 0, "u16"), PointKind.COUNTER)
    assert [encode(value)[0] for value in (65535.0, 65536.0, 65538.0)] == [0xFFFF, 0, 2]


def test_halves_are_rounded_away_from_zero() -> None:
    encode = encoder(register("input", 0, "i16"), MEASURE)
    assert [encode(value)[0] for value in (0.5, 1.5, 2.5, -0.5)] == [1, 2, 3, 0xFFFF]


BLOCK = Codec(NATURES["breaker"], "holding", BREAKER)


def test_written_block_comes_apart_in_address_order() -> None:
    assert BLOCK.decode(100, [0, 7, 1, 0, 2]) == [
        ("command_epoch", 7.0),
        ("command_id", 65536.0),
        ("command", 2.0),
    ]


@pytest.mark.parametrize(
    ("address", "words"),
    [(99, [0, 0]), (103, [1]), (102, [0, 1, 2, 0]), (100, [0])],
    ids=["before the map", "second half", "behind the map", "first half"],
)
def test_write_across_the_edge_of_the_map_is_an_address_error(
    address: int, words: list[int]
) -> None:
    with pytest.raises(AddressError):
        BLOCK.decode(address, words)


def test_read_only_point_is_an_address_error() -> None:
    codec = Codec(NATURES["generator"], "holding", SET)
    assert codec.decode(10, list(_f32(-1e6))) == [("power_setpoint_w", -1e6)]
    with pytest.raises(AddressError):
        codec.decode(10, [*_f32(-1e6), *_f32(100.0)])


@pytest.mark.fault("F100")
@pytest.mark.parametrize("value", [math.nan, INF, -INF, -3.3e6, 1.0])
def test_unbelievable_setpoint_is_refused(value: float) -> None:
    with pytest.raises(ValueRefusedError):
        Codec(NATURES["generator"], "holding", SET).decode(10, list(_f32(value)))


def test_limit_itself_passes_in_single_precision() -> None:
    single = struct.unpack(">f", struct.pack(">f", 0.7))[0]
    assert single != 0.7
    assert accepts(single, None, 0.7)
    assert accepts(-single, -0.7, None)
    assert not accepts(0.71, None, 0.7)


def _f32(value: float) -> tuple[int, int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low
