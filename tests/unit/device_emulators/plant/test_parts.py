"""Small physics: converters, fuel, heat, curves, timers."""

from __future__ import annotations

import math

import pytest

from device_emulators.plant import fuel
from device_emulators.plant.converter import WalkIn, loss_w
from device_emulators.plant.cooling import Tank
from device_emulators.plant.protection import CURVES, STANDARD_INVERSE, Gap, wrap
from device_emulators.plant.timers import Timers

S = 1_000_000_000


def test_converter_has_its_declared_efficiency_at_rating_and_less_below() -> None:
    loss = loss_w(1e6, 1e6, 0.956)
    assert 1e6 / (1e6 + loss) == pytest.approx(0.956)
    half = loss_w(0.5e6, 1e6, 0.956)
    quarter = loss_w(0.25e6, 1e6, 0.956)
    assert 0.25e6 / (0.25e6 + quarter) < 0.5e6 / (0.5e6 + half)
    assert loss_w(0.0, 1e6, 0.956) > 0.0


@pytest.mark.parametrize(("lost_s", "by_s"), [(0.1, 2.0), (1.0, 2.0)])
def test_a_brief_loss_returns_within_two_seconds(lost_s: float, by_s: float) -> None:
    walk_in = WalkIn()
    walk_in.lose(0)
    back = round(lost_s * S)
    walk_in.regain(back, 2.0, 10.0, 1.0)
    for k in range(round(by_s / 0.02)):
        walk_in.advance(back + (k + 1) * S // 50, 0.02)
    assert walk_in.part_pu >= 0.9


def test_a_long_loss_walks_in_after_its_delay() -> None:
    walk_in = WalkIn()
    walk_in.lose(0)
    walk_in.regain(5 * S, 2.0, 10.0, 1.0)
    parts = []
    for k in range(700):
        walk_in.advance(5 * S + (k + 1) * S // 50, 0.02)
        parts.append(walk_in.part_pu)
    assert parts[99] == 0.0
    assert parts[100 + 249] == pytest.approx(0.5, abs=0.01)
    assert parts[100 + 500] == 1.0


def test_fuel_of_a_one_megawatt_set_is_near_the_published_chart() -> None:
    for load, gallons in ((1.0, 71.1), (0.25, 21.6)):
        litres = fuel.flow_l_s(load * 1e6, 1e6) * 3600.0
        assert litres / 3.785 == pytest.approx(gallons, rel=0.06)


@pytest.mark.parametrize(("ratio", "seconds"), [(2.0, 10.029), (5.0, 4.280), (10.0, 2.971)])
def test_standard_inverse_curve(ratio: float, seconds: float) -> None:
    curve = CURVES[STANDARD_INVERSE]
    assert curve.operating_s(ratio, 1.0) == pytest.approx(seconds, abs=0.001)
    assert curve.operating_s(ratio, 0.2) == pytest.approx(seconds / 5.0, abs=0.001)


def test_gap_is_judged_now_and_at_contact_touch() -> None:
    ahead = Gap(0.0, 0.15, math.radians(-4.0))
    assert ahead.within()
    assert ahead.will_be_within(0.07)
    assert not Gap(0.0, 0.15, math.radians(2.0)).will_be_within(0.07)
    assert not Gap(0.06, 0.0, 0.0).within()
    assert not Gap(0.0, 0.25, 0.0).within()
    assert not Gap(0.0, 0.0, math.radians(5.5)).within()


def test_angles_wrap_into_half_open_circle() -> None:
    assert wrap(3.0 * math.pi) == pytest.approx(math.pi)
    assert wrap(-math.pi / 2.0 - 4.0 * math.pi) == pytest.approx(-math.pi / 2.0)


def test_tank_warms_by_its_heat_capacity() -> None:
    tank = Tank(30_000.0, 7.0)
    tank.advance(7e6, 0.0, 60.0)
    assert tank.temperature_c == pytest.approx(7.0 + 7e6 * 60.0 / (4186.0 * 30_000.0))


def test_timers_fire_in_order_and_a_moved_one_only_once() -> None:
    timers, fired = Timers(), []
    timers.set("a", "x", 20, lambda: fired.append("late"))
    timers.set("a", "x", 10, lambda: fired.append("moved"))
    timers.set("b", "x", 10, lambda: fired.append("second"))
    timers.set("c", "x", 5, lambda: fired.append("never"))
    timers.cancel("c", "x")
    assert timers.next_ns == 10
    assert timers.fire(10)
    assert fired == ["moved", "second"]
    assert timers.next_ns is None
