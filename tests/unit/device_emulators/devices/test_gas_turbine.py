"""Gas turbine: cold and hot start, ramp, minimum load, loss of mains, trip."""

from __future__ import annotations

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, residual_w, site


def bench(load_w: float = 0.6e6, **turbine: float) -> Plant:
    """Return a turbine beside a utility that feeds a pump."""
    return Plant(
        site(
            {"G": 6600.0, "H": 6600.0, "T": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-I", "breaker", "G H", current_a=630.0),
                item(
                    "GT",
                    "gas_turbine",
                    "T",
                    normally="out_of_service",
                    power_w=3e6,
                    power_va=3.75e6,
                    ramp_w_s=0.5e6,
                ),
                item("52-T", "breaker", "T H", normally="open", current_a=630.0),
                item("P", "pump", "H", power_w=load_w),
            ],
            emulation={
                "gas_turbine": {
                    "cold_start_s": 6.0,
                    "hot_start_s": 3.0,
                    "hot_s": 20.0,
                    "cool_down_s": 2.0,
                    **turbine,
                }
            },
        )
    )


def joined(hand: Hand) -> None:
    """Start the turbine and join it to the grid."""
    assert hand.command("GT", "start")
    hand.run(7.0)
    assert not hand.command("52-T", "close")
    assert hand.command("52-T", "close_in_sync")
    hand.run(12.0)
    assert hand.plant.quantity("52-T", "closed") == 1.0


def test_a_cold_start_takes_minutes_by_default_and_a_hot_one_less() -> None:
    hand = Hand(bench())
    plant = hand.plant
    assert hand.command("GT", "start")
    hand.run(5.9)
    assert hand.stage("GT") == "starting"
    assert plant.quantity("T", "live") == 0.0
    hand.run(6.1)
    assert hand.stage("GT") == "ready"
    hand.command("GT", "stop")
    hand.run(9.0)
    assert hand.stage("GT") == "stopped"
    hand.command("GT", "start")
    hand.run(12.1)
    assert hand.stage("GT") == "ready"
    hand.command("GT", "stop")
    hand.run(40.0)
    hand.command("GT", "start")
    hand.run(45.9)
    assert hand.stage("GT") == "starting"
    hand.run(46.1)
    assert hand.stage("GT") == "ready"
    assert plant.devices["GT"].DEFAULTS["cold_start_s"] == 480.0


def test_it_ramps_and_keeps_its_minimum_beside_the_grid() -> None:
    hand = Hand(bench())
    plant = hand.plant
    joined(hand)
    assert plant.write("GT", "power_setpoint_w", -2.4e6)
    hand.run(14.0)
    assert plant.read("GT", "power_w") == pytest.approx(-1e6, rel=0.03)
    hand.run(17.0)
    assert plant.read("GT", "power_w") == pytest.approx(-2.4e6, rel=1e-3)
    assert hand.stage("GT") == "loaded"
    assert plant.write("GT", "power_setpoint_w", -0.3e6)
    hand.run(22.0)
    assert plant.read("GT", "power_w") == pytest.approx(-0.9e6, rel=1e-3)  # 30 % of 3 MW
    assert plant.write("GT", "power_setpoint_w", 0.0)
    hand.run(26.0)
    assert plant.read("GT", "power_w") == pytest.approx(0.0, abs=1.0)
    assert residual_w(plant) < 1.0
    assert plant.truth().unsynchronised_closings == ()


def test_it_carries_its_island_alone_when_the_mains_are_gone() -> None:
    hand = Hand(bench())
    plant = hand.plant
    joined(hand)
    plant.write("GT", "power_setpoint_w", -0.9e6)
    hand.run(15.0)
    assert plant.read("GT", "neutral_earthed") == 0.0
    plant.inject("U", "outage", {})
    hand.command("52-I", "open")
    hand.run(20.0)
    assert plant.truth().buses["H"].reference == "GT"
    assert plant.read("GT", "power_w") == pytest.approx(-0.6e6, rel=0.01)
    assert plant.quantity("H", "frequency_hz") == pytest.approx(60.0, abs=0.1)
    assert plant.read("GT", "neutral_earthed") == 1.0


def test_one_that_cannot_stand_alone_trips_with_the_mains() -> None:
    hand = Hand(bench(island_capable=0.0))
    plant = hand.plant
    hand.command("GT", "start")
    hand.run(7.0)
    assert hand.stage("GT") == "ready"  # on its own bus, until it is joined
    hand.command("52-T", "close_in_sync")
    hand.run(12.0)
    plant.inject("U", "outage", {})
    hand.run(12.4)
    assert hand.stage("GT") != "fault"
    hand.run(12.6)
    assert hand.stage("GT") == "fault"
    assert plant.quantity("52-T", "closed") == 0.0
    states = plant.site.equipment["GT"].kind.points["trip_cause"].states
    assert states[int(plant.read("GT", "trip_cause"))] == "loss_of_mains"
    assert hand.command("GT", "reset")
    assert plant.read("GT", "trip_cause") == 0.0


def test_a_turbine_that_does_not_start_faults() -> None:
    hand = Hand(bench())
    hand.plant.inject("GT", "no_start", {})
    hand.command("GT", "start")
    hand.run(7.0)
    assert hand.stage("GT") == "fault"
    assert hand.plant.read("GT", "available") == 0.0


def test_a_trip_leaves_the_load_to_the_grid() -> None:
    hand = Hand(bench())
    joined(hand)
    hand.plant.write("GT", "power_setpoint_w", -2e6)
    hand.run(17.0)
    assert hand.plant.quantity("U", "power_w") > 1e6  # negative: the site exports
    hand.plant.inject("GT", "trip", {})
    hand.run(18.0)
    assert hand.plant.quantity("52-T", "closed") == 0.0
    assert hand.plant.quantity("H", "live") == 1.0
    assert hand.plant.now_ns == 18 * S
