from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daemon.model.natures import NATURES
from device_emulators.servers.codec import Codec
from device_emulators.servers.sheet import Sheet
from tests.small_board import BREAKER

CODEC = Codec(NATURES["breaker"], "input", BREAKER)
NAMES = [slot.name for slot in CODEC.shown]
ANY = st.floats(-1e12, 1e12) | st.sampled_from([0.0, -0.0, 1.0, 2.0, 3.0, math.nan])
ROW = st.lists(ANY, min_size=len(NAMES), max_size=len(NAMES))


def sheet() -> Sheet:
    return Sheet([(slot.address, slot) for slot in CODEC.shown], CODEC.stop)


def row(**values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([values.get(name, 0.0) for name in NAMES])


def test_points_that_share_a_word_are_joined_and_gaps_are_zero() -> None:
    shown = sheet()
    shown.show(row(position=1.0, local=1.0, source_voltage_v=6600.0))
    assert shown.words == [0b1001, 13200, *[0] * 11]


def test_one_of_those_that_share_a_word_moves_alone() -> None:
    shown = sheet()
    shown.show(row(position=1.0, tripped=1.0, local=1.0))
    shown.show(row(position=2.0, tripped=0.0, local=1.0))
    assert shown.words[0] == 0b1010


def test_a_missing_value_shows_its_pattern_from_the_first_time() -> None:
    shown = sheet()
    shown.show(row(source_voltage_v=math.nan))
    assert shown.words[1] == 0xFFFF


@given(st.lists(ROW, min_size=2, max_size=5))
def test_words_that_followed_are_those_of_a_sheet_made_anew(rows: list[list[float]]) -> None:
    followed = sheet()
    for values in rows:
        followed.show(np.array(values))
    anew = sheet()
    anew.show(np.array(rows[-1]))
    assert followed.words == anew.words
