"""Turns that fill up again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.console.limits import Bucket
from daemon.model.quantities import SECOND


def test_a_burst_and_then_one_turn_at_a_time() -> None:
    bucket = Bucket(2.0, 3)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait_s(0) == pytest.approx(0.5)
    assert bucket.take(SECOND // 2)
    assert not bucket.take(SECOND // 2)


def test_who_books_waits_longer_and_longer() -> None:
    bucket = Bucket(10.0, 2)
    assert [bucket.book(0) for _ in range(4)] == pytest.approx([0.0, 0.0, 0.1, 0.2])


@given(st.lists(st.integers(0, SECOND), max_size=200))
def test_never_more_than_the_burst_and_the_rate(steps: list[int]) -> None:
    bucket, now, taken = Bucket(4.0, 5), 0, 0
    for step in steps:
        now += step
        taken += bucket.take(now)
        assert taken <= 5 + 4 * now / SECOND
