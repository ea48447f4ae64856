"""Stages of a relay: curves of the standards, travel through a changing current, settings."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device_emulators.plant.protection import CURVES, SATURATED
from device_emulators.plant.relaying import PHASE, RELAY_S, Stage, island_stages, stages


@pytest.mark.parametrize(
    ("number", "a_s", "b_s", "p"),
    [(4, 0.0515, 0.1140, 0.02), (5, 19.61, 0.491, 2.0), (6, 28.2, 0.1217, 2.0)],
)
def test_ieee_curves_are_those_of_the_standard(
    number: int, a_s: float, b_s: float, p: float
) -> None:
    for ratio in np.linspace(1.1, 20.0, 50).tolist():
        seconds = 2.0 * (a_s / (ratio**p - 1.0) + b_s)
        assert CURVES[number].operating_s(ratio, 2.0) == pytest.approx(seconds, abs=1e-9)


def test_a_curve_never_operates_at_its_pickup_and_gets_no_shorter_beyond_its_range() -> None:
    for curve in CURVES:
        assert curve.operating_s(1.0, 1.0) == math.inf
        assert curve.operating_s(10 * SATURATED, 1.0) == curve.operating_s(SATURATED, 1.0)


@pytest.mark.parametrize("step_s", [0.001, 0.0173, 0.4])
def test_travel_ends_where_the_parts_of_each_current_add_up_to_one(step_s: float) -> None:
    # Half of the way at 4 times the pick-up, the rest at twice: both by the closed form.
    stage = Stage("51", PHASE, 100.0, 0.2, CURVES[0])
    first_s = 0.5 * 0.2 * 0.14 / (4.0**0.02 - 1.0)
    rest_s = 0.5 * 0.2 * 0.14 / (2.0**0.02 - 1.0)
    left = first_s
    while left > 0.0:
        part = min(step_s, left)
        stage.turn(400.0, part)
        left -= part
    assert stage.left_s(200.0) == pytest.approx(rest_s, abs=1e-3)


def test_travel_is_lost_as_soon_as_the_current_falls_below_the_pickup() -> None:
    stage = Stage("51", PHASE, 100.0, 0.2, CURVES[0])
    stage.turn(400.0, 0.5)
    stage.turn(99.0, 0.001)
    assert stage.travel_pu == 0.0


def test_settings_become_stages() -> None:
    ratings = {
        "pickup_51_a": 400.0,
        "time_multiplier_51_pu": 0.2,
        "pickup_50_a": 4000.0,
        "pickup_67_a": 300.0,
        "delay_67_s": 0.1,
        "pickup_50n_a": 80.0,
        "delay_50n_s": 0.3,
        "delay_50n_inverter_s": 0.6,
        "pickup_51v_a": 250.0,
        "delay_51v_s": 0.4,
    }
    made = stages(ratings, "vcb")
    assert [s.number for s in made] == ["50", "50N", "67", "50N", "51"]
    assert made[0].delay_s == RELAY_S
    assert (made[1].delay_s, made[3].delay_s) == (0.3, 0.6)
    assert made[-1].curve is CURVES[0]
    assert stages({"pickup_51_a": 1.0}, "mccb")[0].curve is CURVES[2]
    assert stages({"pickup_51_a": 1.0, "curve_51_count": 5}, "vcb")[0].curve is CURVES[5]
    assert [s.number for s in island_stages(ratings)] == ["51V"]
    assert island_stages({}) == []
