"""On-site sources with the relays and meters beside them."""

from __future__ import annotations

import math

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site


def on_site() -> Plant:
    return Plant(
        site(
            {"G": 15400.0, "H": 15400.0, "S": 15400.0, "V": 15400.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-I", "breaker", "G H", current_a=630.0),
                item("52-S", "breaker", "S H", current_a=630.0),
                item("52-V", "breaker", "V H", current_a=630.0),
                item(
                    "SMR",
                    "smr",
                    "S",
                    power_w=2e6,
                    power_va=2.35e6,
                    ramp_w_s=1e5,
                    house_load_w=100e3,
                ),
                item("PV", "pv", "V", power_w=1e6),
                item("M", "meter", "G"),
                item("MH", "meter", "H"),
                item("RH", "relay", "H"),
                item("P", "pump", "H", power_w=5e6),
            ],
        )
    )


def test_on_site_sources_leave_with_the_grid_and_rejoin_in_phase() -> None:
    plant = on_site()
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("SMR", "power_w") == -2e6
    plant.inject("U", "outage", {})
    hand.run(2.0)
    assert plant.quantity("H", "live") == 0.0
    assert hand.stage("SMR") == "house_load"
    assert hand.stage("PV") == "tripped"
    assert plant.quantity("52-S", "closed") == plant.quantity("52-V", "closed") == 0.0
    assert plant.quantity("S", "live") == 1.0  # it holds its own bus
    assert plant.truth().backfed == ()
    plant.inject("U", "phase_jump", {"angle_deg": 130.0})
    plant.inject("U", "return", {})
    hand.run(3.0)
    assert not hand.command("52-S", "close")
    assert hand.command("SMR", "rejoin")
    assert hand.command("52-V", "close")
    hand.run(9.0)
    assert hand.stage("SMR") == "on_grid"
    assert plant.truth().unsynchronised_closings == ()
    hand.run(26.0)
    assert plant.read("SMR", "power_w") == pytest.approx(-2e6)
    assert hand.stage("PV") == "feeding"
    assert plant.read("PV", "power_w") == pytest.approx(-0.4e6)


def test_meters_read_import_and_throughput() -> None:
    plant = on_site()
    plant.advance(20 * S)
    assert plant.read("M", "power_w") == pytest.approx(2.6e6, rel=0.01)
    assert plant.read("MH", "power_w") == pytest.approx(5.0e6, rel=0.01)
    assert plant.quantity("M", "power_w") == pytest.approx(2.6e6, rel=1e-6)
    assert plant.read("M", "energy_import_wh") == pytest.approx(2.6e6 / 180.0, rel=1e-3)
    plant.devices["P"].happen("trip", {})
    plant.advance(21 * S)
    assert plant.read("M", "power_w") == pytest.approx(-2.4e6, rel=0.01)
    assert plant.read("M", "energy_export_wh") > 0.0
    amperes = 2.4e6 / (math.sqrt(3.0) * 15400.0)
    assert plant.read("M", "current_a") == pytest.approx(amperes, rel=0.02)


def test_a_relay_picks_up_under_voltage_within_forty_milliseconds_and_shows_presence() -> None:
    plant = on_site()
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("RH", "presence") == 1.0
    plant.inject("U", "sag", {"depth_pu": 0.1, "for_s": 0.2})
    hand.run(1.5)
    assert hand.happened("RH", "pickup") == []
    plant.inject("U", "sag", {"depth_pu": 0.4, "for_s": 0.2})
    hand.run(1.6)
    (pickup,) = hand.happened("RH", "pickup")
    assert 20_000_000 <= pickup.at_ns - 1.5 * S <= 40_000_000
    assert plant.read("RH", "pickup_27") == 1.0
    assert plant.read("RH", "voltage_ll_v") == pytest.approx(0.6 * 15400.0, rel=0.02)
    hand.run(2.0)
    assert plant.read("RH", "pickup_27") == 0.0
    plant.inject("U", "outage", {})
    hand.run(3.0)
    assert plant.read("RH", "presence") == 0.0


def test_a_relay_sees_frequency_and_its_rate_of_change() -> None:
    plant = on_site()
    hand = Hand(plant)
    plant.inject("U", "frequency", {"frequency_hz": 59.0})
    hand.run(0.09)
    assert plant.read("RH", "pickup_81u") == 0.0
    hand.run(0.5)
    assert plant.read("RH", "pickup_81u") == 1.0
    assert plant.read("RH", "frequency_hz") == 59.0
