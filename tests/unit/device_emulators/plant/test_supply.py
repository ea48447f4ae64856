"""The supply record against the ITIC curve."""

from __future__ import annotations

import pytest

from device_emulators.plant.supply import Supply

MS = 1_000_000


def dip(v_pu: float, length_ms: int) -> Supply:
    supply = Supply()
    supply.see(0, 1.0)
    supply.see(100 * MS, v_pu)
    supply.see((100 + length_ms) * MS, 1.0)
    return supply


@pytest.mark.parametrize(
    ("v_pu", "length_ms", "inside"),
    [
        (0.0, 20, True),
        (0.0, 21, False),
        (0.69, 21, False),
        (0.71, 499, True),
        (0.71, 501, False),
        (0.81, 9_999, True),
        (0.81, 10_001, False),
        (0.91, 60_000, True),
        (1.15, 400, True),
        (1.15, 600, False),
        (1.3, 4, False),
        (1.3, 2, True),
    ],
)
def test_corners_of_the_curve(v_pu: float, length_ms: int, inside: bool) -> None:
    supply = dip(v_pu, length_ms)
    expected = [] if inside else [(100 * MS, (100 + length_ms) * MS)]
    assert supply.unfed_ns == expected
    assert supply.fed


def test_a_lasting_interruption_has_no_end_yet() -> None:
    supply = Supply()
    supply.see(0, 0.0)
    supply.see(50 * MS, 0.0)
    assert not supply.fed
    assert supply.unfed_ns == [(0, None)]
    assert supply.unfed_total_ns(60 * MS) == 60 * MS
    assert supply.low_pu == 0.0


def test_two_short_dips_are_not_one_long_one() -> None:
    supply = Supply()
    for start in (0, 100):
        supply.see(start * MS, 0.0)
        supply.see((start + 15) * MS, 1.0)
    assert supply.unfed_ns == []


def test_an_orderly_shutdown_ends_the_need() -> None:
    supply = Supply()
    supply.fail(10 * MS)
    supply.release(30 * MS)
    assert supply.unfed_ns == [(10 * MS, 30 * MS)]
    assert supply.fed
