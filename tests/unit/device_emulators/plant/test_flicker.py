"""Flicker against the curve that defines it."""

from __future__ import annotations

import pytest

from device_emulators.plant.flicker import Flicker, impression_s


def flickered(change_pu: float, per_minute: float) -> Flicker:
    """Return a meter after ten minutes of rectangular changes."""
    meter, high = Flicker(), False
    changes = round(10.0 * per_minute)
    for _ in range(changes + 1):
        high = not high
        for _ in range(4):
            meter.advance(1.0 + change_pu * high, 600.0 / changes / 4.0)
    return meter


@pytest.mark.parametrize(
    ("per_minute", "change_pct"),
    [(1.0, 2.73), (2.0, 2.2), (10.0, 1.33), (60.0, 0.76)],
)
def test_the_curve_of_severity_one(per_minute: float, change_pct: float) -> None:
    """Changes by 1 % steps of IEC 61000-3-3 (curve for Pst = 1, read to two digits)."""
    assert flickered(change_pct / 100.0, per_minute).severity_pu == pytest.approx(1.0, abs=0.18)


def test_severity_grows_in_proportion_to_the_change() -> None:
    one, two = (flickered(change, 6.0).severity_pu for change in (0.005, 0.01))
    assert two == pytest.approx(2.0 * one, rel=1e-6)


def test_a_steady_voltage_and_ripples_too_small_to_see_do_not_flicker() -> None:
    assert flickered(0.0, 60.0).severity_pu == 0.0
    assert flickered(1e-4, 60.0).severity_pu == 0.0


def test_a_change_is_measured_from_turn_to_turn() -> None:
    meter = Flicker()
    for voltage in (1.0, 0.998, 0.996, 0.994, 0.99, 0.99, 0.995, 1.0):
        meter.advance(voltage, 0.1)
    assert meter.severity_pu == pytest.approx((impression_s(0.01) / 600.0) ** (1.0 / 3.2))


def test_ten_minutes_later_it_is_forgotten() -> None:
    meter = flickered(0.02, 6.0)
    for _ in range(700):
        meter.advance(1.0, 1.0)
    assert meter.severity_pu == 0.0


def test_an_interruption_is_not_flicker() -> None:
    meter = Flicker()
    for voltage in (1.0, 0.0, 0.0, 1.0, 1.0):
        meter.advance(voltage, 1.0)
    assert meter.severity_pu == 0.0
