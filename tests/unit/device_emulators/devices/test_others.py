"""Transformer, STATCOM, earthing switch, beside a gas turbine."""

from __future__ import annotations

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, item, site

TX = {"power_va": 2.5e6, "impedance_pu": 0.06, "load_loss_w": 22e3, "no_load_loss_w": 4e3}


def bench() -> Plant:
    return Plant(
        site(
            {"G": 6600.0, "H": 6600.0, "T": 6600.0, "L": 380.0, "M": 380.0},
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
                    ramp_w_s=1e6,
                ),
                item("52-T", "breaker", "T H", normally="open", current_a=630.0),
                item("TX", "transformer", "H L", **TX),
                item("52-L", "breaker", "L M", variant="acb", current_a=4000.0),
                item("ES", "earthing_switch", "T", normally="open", current_a=25e3),
                item("R", "relay", "T"),
                item("P", "pump", "M", power_w=1e6),
            ],
            emulation={"gas_turbine": {"cold_start_s": 3.0, "cool_down_s": 2.0}},
        )
    )


def test_a_transformer_reports_its_load_and_trips_both_sides() -> None:
    plant = bench()
    hand = Hand(plant)
    hand.run(1.0)
    loss = 4e3 + 22e3 * plant.read("TX", "loading_pu") ** 2
    assert plant.read("TX", "power_w") == pytest.approx(1e6 + loss, rel=2e-3)
    assert 0.4 < plant.read("TX", "loading_pu") < 0.5
    assert (
        25.0
        < plant.read("TX", "oil_temperature_c")
        < plant.read("TX", "hot_spot_temperature_c")
        < 90.0
    )
    plant.inject("TX", "trip_87t", {})
    hand.run(2.0)
    assert plant.quantity("52-I", "closed") == plant.quantity("52-L", "closed") == 0.0
    assert plant.read("52-L", "lockout_86") == plant.read("52-L", "trip_87") == 1.0


def test_earthing_is_blocked_while_the_bus_is_live_and_shown_by_the_relay() -> None:
    plant = bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("ES", "blocked") == 0.0
    plant.inject("ES", "earth", {})
    assert plant.read("ES", "position") == 2.0
    assert plant.read("R", "presence") == 2.0
    plant.inject("ES", "lift", {})
    assert plant.read("R", "presence") == 0.0
    hand.command("GT", "start")
    hand.run(5.0)
    assert plant.read("ES", "blocked") == 1.0
    plant.inject("ES", "earth", {})
    assert plant.read("ES", "position") == 1.0
