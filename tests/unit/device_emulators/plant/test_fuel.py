"""Fuel: the published chart, tanks, pump, leak."""

from __future__ import annotations

import csv

import pytest

from device_emulators.plant import fuel
from device_emulators.plant.fuel import Tanks
from tests.shared_data import shared
from tests.unit.device_emulators.sites import shipped

L_PER_GALLON = 3.785412


def test_every_known_value_of_the_chart_is_met_within_three_per_cent() -> None:
    checked = 0
    with shared("diesel_fuel_chart_gph.csv").open() as file:
        for row in csv.DictReader(file):
            rated_w = 1000.0 * float(row["rated_kw"])
            for load in (25, 50, 75, 100):
                gallons = row[f"gph_{load}"]
                if not gallons:
                    continue
                litres = fuel.flow_l_s(rated_w * load / 100.0, rated_w) * 3600.0
                assert litres / L_PER_GALLON == pytest.approx(float(gallons), rel=0.03)
                checked += 1
    assert checked == 10


@pytest.mark.parametrize("rated_w", [50e3, 100e3, 180e3, 400e3, 750e3, 1e6, 3.2e6])
def test_factors_stay_in_the_range_of_the_chart(rated_w: float) -> None:
    idle, load = fuel.factors_l_per_kwh(rated_w)
    assert 0.019 <= idle <= 0.038
    assert 0.242 <= load <= 0.250


def test_the_day_tank_of_a_shipped_set_lasts_eight_hours_at_full_load() -> None:
    (rated,) = {
        (e.ratings["power_w"], e.ratings["fuel_l"])
        for e in shipped("ai_hall").of_nature("generator")
    }
    power_w, full_l = rated
    assert full_l / (fuel.flow_l_s(power_w, power_w) * 3600.0) >= 8.0


def tanks(bulk_l: float = 5000.0) -> Tanks:
    return Tanks(full_l=1000.0, day_l=1000.0, bulk_l=bulk_l, pump_l_s=1.0)


def test_the_pump_fills_the_day_tank_between_its_levels() -> None:
    found, levels, pumping = tanks(), [], []
    for _ in range(4000):
        found.advance(0.2, 1.0)
        levels.append(found.day_l)
        pumping.append(found.pumping)
    assert min(levels) >= 0.69 * 1000.0
    assert max(levels[2000:]) <= 0.96 * 1000.0
    assert {*pumping} == {True, False}
    assert found.day_l + found.bulk_l == pytest.approx(6000.0 - 0.2 * 4000)


def test_an_empty_bulk_tank_or_a_failed_pump_leaves_the_day_tank_to_itself() -> None:
    empty, failed = tanks(bulk_l=10.0), tanks()
    failed.pump_works = False
    for each in (empty, failed):
        for _ in range(6000):
            each.advance(0.2, 1.0)
        assert each.day_l == 0.0
    assert empty.bulk_l == 0.0
    assert failed.bulk_l == 5000.0


@pytest.mark.fault("F50")
def test_a_leak_empties_the_day_tank_of_a_set_that_stands() -> None:
    found = tanks(bulk_l=0.0)
    found.leak_l_s = 0.5
    for _ in range(100):
        found.advance(0.0, 1.0)
    assert found.day_l == pytest.approx(950.0)
    found.fill()
    assert (found.day_l, found.leak_l_s) == (1000.0, 0.0)
