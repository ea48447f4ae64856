"""Reactor: ramp, minimum load, house load, trip and the wait after it."""

from __future__ import annotations

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, item, site


def bench(**setting: float) -> Hand:
    ratings = {"power_w": 2e6, "power_va": 2.35e6, "ramp_w_s": 50e3, "house_load_w": 100e3}
    return Hand(
        Plant(
            site(
                {"G": 15400.0, "R": 15400.0},
                [
                    item("U", "utility", "G", **MAINS),
                    item("52-R", "breaker", "R G", current_a=630.0),
                    item("SMR", "smr", "R", **ratings),
                    item("P", "pump", "G", power_w=3e6),
                ],
                emulation={"smr": setting},
            )
        )
    )


def test_it_ramps_to_its_set_point_and_not_below_its_minimum() -> None:
    hand = bench()
    hand.run(1.0)
    assert hand.plant.read("SMR", "power_w") == -2e6
    assert hand.plant.write("SMR", "power_setpoint_w", -1e6)
    hand.run(11.0)
    assert hand.plant.read("SMR", "power_w") == pytest.approx(-1.5e6, rel=0.01)
    assert hand.plant.write("SMR", "power_setpoint_w", 0.0)
    assert not hand.plant.write("SMR", "power_setpoint_w", -3e6)
    hand.run(60.0)
    assert hand.plant.read("SMR", "power_w") == pytest.approx(-0.6e6)


def test_it_falls_to_house_load_with_the_mains_and_holds_its_own_bus() -> None:
    hand = bench()
    hand.run(1.0)
    hand.plant.inject("U", "outage", {})
    hand.run(2.0)
    assert hand.stage("SMR") == "house_load"
    assert hand.plant.quantity("52-R", "closed") == 0.0
    assert hand.plant.quantity("R", "live") == 1.0
    assert hand.plant.quantity("G", "live") == 0.0
    hand.plant.inject("U", "return", {})
    hand.run(6.0)  # the spring of its breaker
    assert hand.command("SMR", "rejoin")
    hand.run(12.0)
    assert hand.stage("SMR") == "on_grid"
    assert hand.plant.truth().unsynchronised_closings == ()


def test_after_a_trip_it_waits_for_the_xenon_however_soon_it_is_repaired() -> None:
    hand = bench(restart_s=20.0)
    hand.run(1.0)
    hand.plant.inject("SMR", "trip", {})
    hand.run(3.0)
    assert hand.stage("SMR") == "tripped"
    assert hand.plant.read("SMR", "available") == 0.0
    assert not hand.command("SMR", "rejoin")
    hand.plant.inject("SMR", "clear", {})
    hand.run(20.9)
    assert hand.stage("SMR") == "tripped"
    hand.run(21.1)
    assert hand.stage("SMR") == "house_load"
    assert hand.plant.quantity("R", "live") == 1.0
    assert bench().plant.devices["SMR"].settings["restart_s"] == 8 * 3600.0
