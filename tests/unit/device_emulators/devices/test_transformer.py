"""Transformer: the tap changer by itself and by hand, heat and its trips."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site

BAND_PU = 0.0125


def bench(*, load_w: float = 1.2e6) -> Hand:
    """Return a load at 380 V behind a transformer with eight taps of 1.25 % either way."""
    plant = Plant(
        site(
            {"G": 6600.0, "H": 6600.0, "L": 380.0, "B": 380.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-H", "breaker", "G H", current_a=630.0),
                item(
                    "TX",
                    "transformer",
                    "H L",
                    power_va=2.5e6,
                    impedance_pu=0.06,
                    load_loss_w=22e3,
                    no_load_loss_w=4e3,
                    tap_step_pu=0.0125,
                    taps_count=8.0,
                ),
                item("52-L", "breaker", "L B", variant="acb", current_a=4000.0),
                item("R", "it_rack", "B", power_w=load_w),
            ],
        )
    )
    return Hand(plant)


def voltage(hand: Hand) -> float:
    return hand.plant.quantity("L", "voltage_pu")


def test_the_tap_changer_brings_the_voltage_back() -> None:
    hand = bench()
    hand.run(5.0)
    assert hand.plant.read("TX", "tap_count") == 0.0
    hand.plant.inject("U", "voltage", {"voltage_pu": 0.94})
    hand.run(39.0)
    assert voltage(hand) < 1.0 - BAND_PU
    assert hand.plant.read("TX", "tap_count") == 0.0
    hand.run(41.0)  # 30 s of delay and 5 s of drive after the 5 s
    assert hand.plant.read("TX", "tap_count") == -1.0
    hand.run(120.0)
    assert abs(voltage(hand) - 1.0) <= BAND_PU
    steps = [e.at_ns for e in hand.happened("TX", "tap_changed")]
    assert len(steps) == -hand.plant.read("TX", "tap_count") == 5.0
    assert {b - a for a, b in pairwise(steps)} == {15 * S}
    assert hand.plant.read("TX", "tap_change_count") == 5.0
    hand.plant.inject("U", "voltage", {"voltage_pu": 1.0})
    hand.run(300.0)
    assert abs(voltage(hand) - 1.0) <= BAND_PU


def test_a_voltage_back_in_time_resets_the_delay() -> None:
    hand = bench()
    for at_s, pu in ((1.0, 0.96), (25.0, 1.0), (30.0, 0.96)):
        hand.run(at_s)
        hand.plant.inject("U", "voltage", {"voltage_pu": pu})
    hand.run(64.0)
    assert hand.plant.read("TX", "tap_count") == 0.0
    hand.run(67.0)
    assert hand.plant.read("TX", "tap_count") == -1.0


def test_a_step_is_one_and_a_quarter_percent() -> None:
    hand = bench(load_w=1.0)
    hand.run(1.0)
    before = voltage(hand)
    assert hand.command("TX", "manual")
    assert hand.command("TX", "lower")
    hand.run(7.0)
    assert voltage(hand) == pytest.approx(before / 1.0125, abs=1e-6)


def test_by_hand_it_steps_to_its_end_and_no_further() -> None:
    hand = bench()
    assert not hand.command("TX", "raise")  # it is automatic
    assert hand.command("TX", "manual")
    assert hand.plant.read("TX", "tap_automatic") == 0.0
    for step in range(8):
        assert hand.command("TX", "raise")
        assert not hand.command("TX", "raise")  # one at a time
        hand.run(6.0 * (step + 1))
    assert hand.plant.read("TX", "tap_count") == -8.0
    assert not hand.command("TX", "raise")
    assert hand.command("TX", "automatic")
    hand.run(250.0)
    assert abs(voltage(hand) - 1.0) <= BAND_PU


def test_a_voltage_that_is_asked_for_is_held() -> None:
    hand = bench()
    assert hand.plant.write("TX", "voltage_setpoint_pu", 1.05)
    assert not hand.plant.write("TX", "voltage_setpoint_pu", 1.2)
    hand.run(120.0)
    assert abs(voltage(hand) - 1.05) <= BAND_PU


@pytest.mark.parametrize("event", ["stuck", "low", "dead"])
def test_it_stands_when_stuck_and_does_not_chase_a_low_voltage(event: str) -> None:
    hand = bench(load_w=1.0)
    inject = partial(hand.plant.inject, "U")
    if event == "stuck":
        hand.plant.inject("TX", "tap_stuck", {})
        inject("voltage", {"voltage_pu": 0.95})
    elif event == "low":
        inject("voltage", {"voltage_pu": 0.8})
    else:
        inject("outage", {})
    hand.run(100.0)
    assert hand.plant.read("TX", "tap_count") == 0.0
    assert hand.plant.read("TX", "tap_blocked") == 1.0
    hand.plant.inject("any", "clear", {})
    hand.plant.inject("U", "voltage", {"voltage_pu": 0.95})
    hand.run(250.0)
    assert hand.plant.read("TX", "tap_blocked") == 0.0
    assert abs(voltage(hand) - 1.0) <= BAND_PU


def test_one_without_taps_obeys_nothing() -> None:
    plant = Plant(
        site(
            {"H": 6600.0, "L": 380.0},
            [
                item("U", "utility", "H", **MAINS),
                item(
                    "TX",
                    "transformer",
                    "H L",
                    power_va=2.5e6,
                    impedance_pu=0.06,
                    load_loss_w=22e3,
                    no_load_loss_w=4e3,
                ),
            ],
        )
    )
    assert not Hand(plant).command("TX", "manual")
    assert plant.read("TX", "tap_automatic") == plant.read("TX", "tap_blocked") == 0.0


def test_losses_are_those_of_the_nameplate() -> None:
    hand = bench(load_w=2.4e6)
    hand.run(1.0)
    current_pu = hand.plant.read("TX", "current_a") / (2.5e6 / (3**0.5 * 6600.0))
    assert hand.plant.read("TX", "loss_w") == pytest.approx(4e3 + 22e3 * current_pu**2, rel=0.02)


def test_heat_closes_the_alarm_contact_then_trips_until_it_is_cool() -> None:
    hand = bench()
    plant = hand.plant
    plant.inject("TX", "temperature", {"oil_temperature_c": 96.0})
    hand.run(2.0)
    assert (plant.read("TX", "alarm_temperature"), plant.read("TX", "trip_temperature")) == (1, 0)
    assert plant.read("52-H", "trip_49") == 0.0
    plant.inject("TX", "temperature", {"oil_temperature_c": 116.0})
    hand.run(4.0)
    for breaker in ("52-H", "52-L"):
        assert plant.read(breaker, "trip_49") == 1.0
        assert plant.quantity(breaker, "closed") == 0.0
        assert plant.read(breaker, "lockout_86") == 0.0
    hand.run(12.0)
    hand.command("52-H", "close")
    hand.run(15.0)
    assert plant.quantity("52-H", "closed") == 0.0  # it is still hot
    plant.inject("TX", "temperature", {"oil_temperature_c": 60.0})
    hand.run(25.0)
    hand.command("52-H", "close")
    hand.run(30.0)
    assert plant.quantity("52-H", "closed") == 1.0
    assert plant.read("TX", "trip_temperature") == 0.0


def test_an_overload_warms_it_by_the_current_not_by_the_power() -> None:
    at_rated, at_low = bench(load_w=2.0e6), bench(load_w=2.0e6)
    at_low.plant.inject("U", "voltage", {"voltage_pu": 0.93})
    at_low.command("TX", "manual")
    for hand in (at_rated, at_low):
        hand.run(600.0)
    warmer = at_low.plant.read("TX", "hot_spot_temperature_c")
    assert warmer > at_rated.plant.read("TX", "hot_spot_temperature_c") + 1.0
    assert at_low.plant.read("TX", "ageing_rate_pu") > at_rated.plant.read("TX", "ageing_rate_pu")
