"""Batteries, flywheels and gauges against closed forms written down here."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from device_emulators.plant.battery import Battery
from device_emulators.plant.battery_room import SETTINGS, BatteryRoom
from device_emulators.plant.cells import CHEMISTRIES, LFP, NMC, VRLA, Chemistry
from device_emulators.plant.flywheel import DRAG_PU, EFFICIENCY_PU, flywheel_wh
from device_emulators.plant.overload import Overload

FLAT = replace(LFP, points=((0.0, 3.0), (1.0, 3.0)), low_v=1.5, cycle_pu=0.0, year_pu=0.0)
SLOPED = replace(FLAT, points=((0.0, 2.0), (1.0, 4.0)))
KWH_J = 3.6e6


def battery(cells: Chemistry = LFP, wh: float = 100e3, rated_w: float = 300e3) -> Battery:
    return Battery(cells, wh * 3600.0, rated_w)


def discharged_s(one: Battery, power_w: float, step_s: float = 0.5) -> float:
    """Return how long a battery gives a constant power until it cuts off, found by stepping."""
    lasted_s = 0.0
    while one.can_give() and lasted_s < 1e6:
        left_s = min(one.empty_in_s(power_w) + 1e-9, step_s)
        one.exchange(-power_w, left_s)
        lasted_s += left_s
    return lasted_s


@pytest.mark.parametrize("cells", CHEMISTRIES, ids=lambda c: c.name)
def test_a_full_battery_of_any_chemistry_holds_its_rated_energy(cells: Chemistry) -> None:
    assert battery(cells).energy_j == pytest.approx(100.0 * KWH_J, rel=1e-12)
    assert cells.held_pu(0.0) == 0.0
    area = sum(cells.open_pu((k + 0.5) / 2000.0) for k in range(2000)) / 2000.0
    assert area == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("power_w", [30e3, 150e3, 300e3])
def test_constant_power_from_a_constant_voltage_lasts_as_long_as_the_current_says(
    power_w: float,
) -> None:
    one = battery(FLAT)
    drop = one.drop_pu / one.rated_w  # resistance by (mean voltage)^2
    current = (1.0 - math.sqrt(1.0 - 4.0 * drop * power_w)) / (2.0 * drop)
    expected_s = one.energy_j / current
    assert one.empty_in_s(power_w) == pytest.approx(expected_s, rel=1e-9)
    assert one.volts_pu(-power_w) == pytest.approx(power_w / current, rel=1e-9)
    one.temperature_c = one.room_c = 25.0
    assert discharged_s(replace_cooled(one), power_w) == pytest.approx(expected_s, rel=1e-4)


def replace_cooled(one: Battery) -> Battery:
    """Return the battery with so much heat capacity that it stays at room temperature."""
    one.cells = replace(one.cells, heat_j_wh_k=1e12)
    return one


def test_without_resistance_a_linear_battery_gives_all_its_energy() -> None:
    one = battery(replace(SLOPED, drop_pu=0.0, low_v=0.1))
    assert one.empty_in_s(100e3) == pytest.approx(3600.0, rel=1e-9)
    assert discharged_s(one, 100e3) == pytest.approx(3600.0, rel=1e-6)


@pytest.mark.parametrize("cells", CHEMISTRIES, ids=lambda c: c.name)
@pytest.mark.parametrize("power_w", [50e3, 300e3])
def test_forecast_is_the_integral_of_the_inverse_current(cells: Chemistry, power_w: float) -> None:
    one, steps = battery(cells), 20_000
    drop = one.drop_pu * power_w / one.rated_w
    total = 0.0
    for k in range(steps):
        u = cells.open_pu((k + 0.5) / steps)
        if u > cells.low_pu + drop / cells.low_pu:
            total += (u + math.sqrt(u * u - 4.0 * drop)) / 2.0 / steps
    assert one.empty_in_s(power_w) == pytest.approx(total * one.energy_j / power_w, rel=2e-4)


@pytest.mark.parametrize("cells", CHEMISTRIES, ids=lambda c: c.name)
def test_what_goes_in_comes_out_or_is_heat(cells: Chemistry) -> None:
    one = battery(cells)
    first_j, moved_j = one.energy_j, 0.0
    powers_w = [-280e3, 0.0, -120e3, 9e3, -40e3, 5e3, 0.0] * 40
    for power_w in powers_w:
        one.exchange(power_w, 3.7)
        moved_j += power_w * 3.7
        assert 0.0 <= one.soc_pu <= 1.0
    assert one.energy_j + one.lost_j - first_j == pytest.approx(moved_j, rel=1e-9)
    assert one.lost_j > 0.0


def test_heat_is_what_current_and_resistance_make() -> None:
    one = battery(FLAT)
    drop = one.drop_pu / one.rated_w
    current = (1.0 - math.sqrt(1.0 - 4.0 * drop * 200e3)) / (2.0 * drop)
    one.exchange(-200e3, 10.0)
    assert one.lost_j == pytest.approx(drop * current**2 * 10.0, rel=1e-9)
    warmer_k = one.lost_j / (FLAT.heat_j_wh_k * 100e3)
    assert one.temperature_c == pytest.approx(25.0 + warmer_k, rel=1e-9)


def test_it_cools_to_the_room_with_its_time_constant() -> None:
    one = battery()
    one.temperature_c = 45.0
    for _ in range(7200):
        one.exchange(0.0, 1.0)
    assert one.temperature_c == pytest.approx(25.0 + 20.0 * math.exp(-1.0), rel=1e-3)


def test_cold_age_and_open_strings_raise_the_resistance_and_lower_the_voltage() -> None:
    new = battery()
    cold, old, short = battery(), battery(), battery()
    cold.temperature_c, old.health_pu = 0.0, 0.8
    short.strings = 4
    short.open_strings(1)
    cooled = 2500.0 * (1.0 / 273.15 - 1.0 / 298.15)
    assert cold.drop_pu / new.drop_pu == pytest.approx(math.exp(cooled))
    assert old.drop_pu / new.drop_pu == pytest.approx(1.4)
    assert short.drop_pu / new.drop_pu == pytest.approx(4.0 / 3.0)
    for weak in (cold, old, short):
        assert weak.volts_pu(-300e3) < new.volts_pu(-300e3)
        assert weak.empty_in_s(300e3) < new.empty_in_s(300e3)
    assert short.available_pu == pytest.approx(0.75)


def test_a_heavy_load_ends_at_the_cut_off_voltage_with_charge_left() -> None:
    weak = battery(VRLA)
    weak.health_pu = 0.3  # three times the resistance
    discharged_s(replace_cooled(weak), 200e3)
    assert weak.cut_off
    assert 0.2 < weak.soc_pu < 0.8
    assert weak.volts_pu(-200e3) == pytest.approx(VRLA.low_pu, abs=1e-3)
    assert not weak.can_give()  # although a light load would still run
    weak.exchange(1e3, 1.0)
    assert weak.can_give()
    assert weak.empty_in_s(10e3) > 0.0


def test_charging_is_constant_current_then_constant_voltage() -> None:
    one = battery(VRLA)
    one.soc_pu = 0.5
    currents, volts, lasted_h = [], [], 0.0
    while one.can_take() and lasted_h < 48.0:
        power_w = one.charge_w(0.1)
        volts.append(one.volts_pu(power_w) * VRLA.mean_v)
        one.exchange(power_w, 60.0)
        currents.append(-one.current_pu * one.rated_w / 100e3)
        lasted_h += 1.0 / 60.0
    assert currents[0] == pytest.approx(0.1, rel=1e-3)  # by capacity per hour
    assert max(volts) == pytest.approx(2.27, abs=1e-3)
    steady = [c for c in currents if c > 0.0999]
    held = [v for v in volts if v > 2.2699]
    assert 4.0 < len(steady) / 60.0 < 5.5
    assert len(held) > 60  # the voltage is held for hours while the current fades
    assert currents == sorted(currents, reverse=True) or currents[-1] < 0.02
    assert one.soc_pu > 0.999
    assert one.charge_w(0.1) == 0.0


def test_lithium_takes_nearly_all_at_full_current() -> None:
    one = battery(NMC)
    one.soc_pu = 0.2
    lasted_s = 0.0
    while one.soc_pu < 0.95:
        one.exchange(one.charge_w(0.5), 10.0)
        lasted_s += 10.0
    assert lasted_s / 3600.0 == pytest.approx(1.5 / 0.998, rel=0.01)


def test_full_cycles_and_years_take_their_part_of_the_capacity() -> None:
    one = battery(FLAT)
    one.cells = replace(FLAT, cycle_pu=0.001, year_pu=0.02)
    for _ in range(60):
        one.exchange(-100e3, 60.0)
    assert one.cycles == pytest.approx(0.5, rel=0.02)
    assert 1.0 - one.health_pu == pytest.approx(0.001 * one.cycles, rel=0.02)
    hot = battery(FLAT)
    hot.cells = replace(FLAT, year_pu=0.02, heat_j_wh_k=1e12)
    hot.room_c = hot.temperature_c = 35.0
    hot.exchange(0.0, 365.25 * 86400.0)
    assert hot.health_pu == 1.0
    hot.exchange(-1.0, 1.0)
    assert 1.0 - hot.health_pu == pytest.approx(0.04, rel=1e-3)


@pytest.mark.fault("F52")
def test_a_string_too_hot_is_opened_and_a_runaway_goes_on_by_itself() -> None:
    one = battery()
    one.strings, one.heating_k_s = 4, 0.5
    while not one.isolated:
        one.exchange(0.0, 1.0)
    assert one.joined == 3
    assert one.hottest_c == pytest.approx(LFP.trip_c, abs=1.0)
    one.heating_k_s = 0.0
    one.exchange(0.0, 600.0)
    assert one.hottest_c < LFP.trip_c  # the cause is gone: it cools
    one.heating_k_s = 0.5
    for _ in range(900):
        one.exchange(0.0, 1.0)
    assert one.hottest_c > 300.0
    assert one.joined == 3  # no further string, and none comes back


def test_strings_that_are_joined_again_even_out_and_lose_a_little() -> None:
    one = battery(SLOPED)
    one.strings = 2
    one.open_strings(1)
    one.exchange(-100e3, 900.0)
    before_j = one.energy_j
    assert one.soc_pu < 0.6
    assert one.parked == [1.0]
    lost_j = one.lost_j
    one.close_strings()
    assert one.energy_j + one.lost_j == pytest.approx(before_j + lost_j)
    assert one.lost_j > lost_j
    assert 0.5 < one.soc_pu < 1.0


def room(**settings: float) -> BatteryRoom:
    return BatteryRoom(100e3, 300e3, {**SETTINGS, **settings})


@pytest.mark.fault("F31")
def test_a_stuck_gauge_says_full_while_voltage_falls_and_forecasts_lie() -> None:
    honest, lying = room(), room()
    lying.happen("gauge_stuck", {"soc_pu": 1.0})
    for _ in range(900):
        honest.advance(-300e3, 300e3, 1.0)
        lying.advance(-300e3, 300e3, 1.0)
    assert lying.soc_pu == 1.0
    assert honest.soc_pu == pytest.approx(lying.battery.available_pu)
    assert lying.battery.volts_pu(-300e3) < 0.97 * room().battery.volts_pu(-300e3)
    assert lying.runtime_s(0.0, 0.0) > 3.0 * honest.runtime_s(0.0, 0.0)


def test_a_drifting_gauge_is_set_right_when_the_battery_is_full() -> None:
    one = room(soc_pu=0.5)
    one.happen("gauge_drift", {"rate_pu_h": -0.1})
    for _ in range(3600):
        one.advance(0.0, 0.0, 1.0)
    assert one.soc_pu == pytest.approx(0.4, rel=1e-3)
    one.battery.soc_pu = 1.0
    one.happen("gauge_drift", {"rate_pu_h": 0.0})
    one.advance(0.0, 0.0, 1.0)
    assert one.soc_pu == 1.0


def test_forecast_follows_the_averaged_load() -> None:
    one = room()
    one.advance(-100e3, 100e3, 0.02)
    steady_s = one.runtime_s(0.0, 0.0)
    one.advance(-200e3, 200e3, 0.02)
    assert one.runtime_s(0.0, 0.0) == pytest.approx(steady_s, rel=0.01)
    for _ in range(60):
        one.advance(-200e3, 200e3, 1.0)
    assert one.runtime_s(0.0, 0.0) == pytest.approx(one.battery.empty_in_s(200e3), rel=0.01)


def test_a_flywheel_slows_down_by_its_energy() -> None:
    wheel = flywheel_wh(8000.0, 1.44e6)
    assert wheel.speed_pu == 1.0
    told_s = wheel.empty_in_s(1.44e6)
    assert told_s == pytest.approx(8000.0 * 3600.0 * EFFICIENCY_PU / 1.44e6, rel=0.005)
    assert 15.0 <= told_s <= 30.0
    wheel.exchange(-1.44e6, told_s / 2.0)
    assert wheel.speed_pu == pytest.approx(math.sqrt(1.0 - 0.5 * 0.75), rel=0.002)
    wheel.exchange(-1.44e6, told_s / 2.0)
    assert not wheel.can_give()
    assert wheel.speed_pu == pytest.approx(0.5, abs=1e-6)


def test_a_flywheel_left_alone_loses_its_energy_by_drag_and_accounts_for_it() -> None:
    wheel = flywheel_wh(8000.0, 1.44e6)
    held_j = 8000.0 * 3600.0 * 4.0 / 3.0
    wheel.exchange(0.0, 3600.0)
    left = math.exp(-DRAG_PU * 1.44e6 * 3600.0 / held_j)
    assert wheel.speed_pu == pytest.approx(math.sqrt(left), rel=1e-9)
    assert wheel.energy_j + wheel.lost_j == pytest.approx(8000.0 * 3600.0)
    full = flywheel_wh(8000.0, 1.44e6)
    full.exchange(full.hold_w, 100.0)
    assert full.soc_pu == pytest.approx(1.0, abs=1e-9)


def test_overload_times_add_up_and_recover() -> None:
    one = Overload(((1.25, 600.0), (1.5, 60.0)), above_s=0.2)
    assert one.left_s(1.0) == math.inf
    one.advance(1.2, 300.0)
    assert one.left_s(1.4) == pytest.approx(30.0)
    one.advance(1.4, 15.0)
    assert one.left_s(1.2) == pytest.approx(150.0)
    assert one.left_s(2.0) == pytest.approx(0.05)
    one.advance(0.9, 300.0)
    assert one.wear == pytest.approx(0.25)
