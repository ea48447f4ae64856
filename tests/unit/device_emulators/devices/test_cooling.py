"""Chillers, pumps and what racks do without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device_emulators.plant.cooling import TRIP_C
from device_emulators.plant.plant import Plant
from device_emulators.plant.workload import Steady
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site

if TYPE_CHECKING:
    from collections.abc import Mapping


def hall(rack_pu: float = 0.9, emulation: Mapping[str, Mapping[str, float]] | None = None) -> Plant:
    """Return two AI racks and a server rack, a chiller and pumps on a bus of their own."""
    rack = {"power_w": 130e3, "battery_wh": 3250.0, "supercap_j": 20e3}
    return Plant(
        site(
            {"G": 6600.0, "P": 6600.0, "D": 800.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-P", "breaker", "G P", current_a=630.0),
                item("H", "hvdc", "G D", power_w=1e6, modules_count=4.0),
                item("ROW", "rack_row", "", power_w=260e3),
                item("K1", "ai_rack", "D D", group="ROW", **rack),
                item("K2", "ai_rack", "D D", group="ROW", **rack),
                item("R", "it_rack", "G", power_w=100e3),
                item("CH", "chiller", "G", power_w=50e3, cooling_w=400e3),
                item("CDU", "pump", "P", power_w=10e3),
            ],
            dc="D",
            emulation={"site": {"tank_l": 3000.0}, **(emulation or {})},
        ),
        workload=Steady(rack_pu),
    )


def test_racks_whose_pumps_stop_slow_down_and_then_cut_themselves_off() -> None:
    plant = hall()
    hand = Hand(plant)
    hand.run(5.0)
    assert plant.read("K1", "inlet_temperature_c") == pytest.approx(22.0, abs=0.5)
    hand.command("52-P", "open")
    began = plant.now_ns / S
    hand.run(began + 10.0)
    assert plant.read("CDU", "flow_lps") == 0.0
    assert plant.read("K1", "power_w") == pytest.approx(0.9 * 130e3, rel=1e-3)
    while hand.stage("K1") == "running" and plant.now_ns < 120 * S:
        hand.run(plant.now_ns / S + 0.5)
        if plant.quantity("K1", "outlet_temperature_c") > 65.0:
            assert plant.read("K1", "power_w") < 0.75 * 130e3
    assert hand.stage("K1") == hand.stage("K2") == "lost"
    assert 20.0 < plant.now_ns / S - began < 90.0
    assert plant.read("K1", "inlet_temperature_c") >= TRIP_C
    assert plant.read("K1", "power_w") == 0.0
    # its supply was there all the time
    assert plant.unfed_ns("K1") == ()


def test_racks_recover_when_pumps_run_again_in_time() -> None:
    plant = hall()
    hand = Hand(plant)
    hand.run(2.0)
    hand.command("52-P", "open")
    hand.run(42.0)
    assert plant.quantity("K1", "outlet_temperature_c") > 60.0
    hand.command("52-P", "close")
    hand.run(70.0)
    assert hand.stage("K1") == "running"
    assert plant.read("K1", "power_w") == pytest.approx(0.9 * 130e3, rel=1e-3)


def test_a_rack_that_was_cut_off_starts_when_it_is_cool() -> None:
    plant = hall()
    hand = Hand(plant)
    hand.run(2.0)
    hand.command("52-P", "open")
    hand.run(100.0)
    assert hand.stage("K1") == "lost"
    hand.command("ROW", "start")
    hand.run(101.0)
    assert hand.stage("K1") == "lost"
    hand.command("52-P", "close")
    hand.run(160.0)
    hand.command("ROW", "start")
    hand.run(161.0)
    assert hand.stage("K1") == "starting"
    hand.run(225.0)
    assert hand.stage("K1") == "running"


def test_a_rack_in_air_has_minutes() -> None:
    plant = hall()
    hand = Hand(plant)
    hand.run(2.0)
    hand.command("52-P", "open")
    hand.run(122.0)
    assert hand.stage("R") == "running"
    hand.run(500.0)
    assert hand.stage("R") == "lost"
    assert plant.unfed_ns("R") == ()


def test_idle_racks_last_longer() -> None:
    plant = hall(rack_pu=0.15)
    hand = Hand(plant)
    hand.run(2.0)
    hand.command("52-P", "open")
    hand.run(90.0)
    assert hand.stage("K1") == "running"


def test_weather_makes_cooling_dear_and_scarce() -> None:
    plant = hall()
    plant.advance(60 * S)
    mild = plant.read("CH", "power_w")
    assert plant.quantity("CH", "condensing_c") == 27.0
    plant.inject("CH", "weather", {"dry_bulb_c": 38.0, "wet_bulb_c": 27.0})
    plant.advance(61 * S)
    assert plant.quantity("CH", "condensing_c") == 36.0
    hot = plant.read("CH", "power_w")
    # the lift, from 7 deg C, was 20 and is 29 K; the loading is a little higher too
    assert 29 / 20 < hot / mild < 1.1 * 29 / 20
    assert plant.devices["CH"].cooling_w == pytest.approx(400e3 * (1.0 - 0.015 * 3.0))  # type: ignore[attr-defined]
    plant.inject("any", "clear", {})
    plant.advance(62 * S)
    assert plant.quantity("CH", "condensing_c") == 27.0


def test_a_dry_cooler_follows_the_dry_bulb() -> None:
    plant = hall(emulation={"CH": {"tower": 0.0, "dry_bulb_c": 30.0}})
    assert plant.quantity("CH", "condensing_c") == 43.0
    plant.inject("CH", "weather", {"dry_bulb_c": 10.0, "wet_bulb_c": 5.0})
    plant.advance(S)
    assert plant.quantity("CH", "condensing_c") == 23.0


def test_power_of_the_chiller_follows_the_heat_of_the_racks() -> None:
    powers = []
    for rack_pu in (0.2, 0.9):
        plant = hall(rack_pu)
        plant.advance(300 * S)
        powers.append(plant.read("CH", "power_w"))
        assert plant.quantity("CH", "loading_pu") == pytest.approx(
            (2 * rack_pu * 130e3 + 80e3) / 400e3, rel=0.02
        )
    assert powers[1] > 1.3 * powers[0]
