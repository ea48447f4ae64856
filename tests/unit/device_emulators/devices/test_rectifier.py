"""48 V rectifier: battery on the bus, modules, recharge."""

from __future__ import annotations

from typing import Any

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, item, site


def bench(energy_wh: float = 500.0, load_w: float = 100e3) -> Plant:
    return Plant(
        site(
            {"I": 380.0, "D": 48.0},
            [
                item("U", "utility", "I", **MAINS),
                item("REC", "rectifier", "I D", power_w=200e3, energy_wh=energy_wh),
                item("R", "it_rack", "D", variant="network", power_w=load_w),
            ],
            dc="D",
            emulation={"it_rack": {"utilisation_pu": 1.0}},
        )
    )


def test_a_48_v_battery_takes_over_without_switching_and_the_bus_falls_with_it() -> None:
    plant = bench()
    hand = Hand(plant)
    hand.run(1.0)
    floating = plant.quantity("D", "voltage_pu")
    assert 1.07 < floating < 1.08
    plant.inject("U", "outage", {})
    hand.run(2.0)
    assert hand.stage("REC") == "battery"
    assert plant.read("REC", "battery_power_w") == pytest.approx(-100e3, rel=1e-3)
    first = plant.quantity("D", "voltage_pu")
    assert first < floating - 0.01
    hand.run(14.0)
    assert 0.90 < plant.quantity("D", "voltage_pu") < first - 0.02
    assert plant.unfed_ns("R") == ()
    told_s = 14.0 + plant.read("REC", "runtime_s")
    hand.run(30.0)
    assert hand.stage("R") == "lost"
    ((began_ns, _),) = plant.unfed_ns("R")
    assert began_ns * 1e-9 == pytest.approx(told_s, abs=0.02)


def test_modules_share_the_current_and_a_lost_one_leaves_its_part_to_the_others() -> None:
    plant = bench(energy_wh=20e3, load_w=190e3)
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.quantity("REC", "module_load_pu") == pytest.approx(0.95 * 1.03)
    plant.inject("REC", "module_loss", {"modules_count": 4.0})
    hand.run(2.0)
    assert plant.read("REC", "output_power_w") == pytest.approx(190e3, rel=1e-6)
    assert plant.read("REC", "battery_power_w") == pytest.approx(-70e3, rel=1e-3)
    assert plant.quantity("REC", "module_load_pu") == 1.0
    plant.inject("REC", "clear", {})
    hand.run(3.0)
    assert plant.read("REC", "battery_power_w") > 0.0
    assert plant.unfed_ns("R") == ()


@pytest.mark.fault("F52")
def test_battery_faults_are_told_and_shorten_the_runtime() -> None:
    plant = bench(energy_wh=20e3)
    hand = Hand(plant)
    hand.run(1.0)
    runtime_s = plant.read("REC", "runtime_s")
    plant.inject("REC", "string_open", {"strings_count": 2.0})
    hand.run(1.5)
    assert plant.read("REC", "battery_alarm") == 1.0
    assert plant.read("REC", "runtime_s") == pytest.approx(0.5 * runtime_s, rel=0.05)
    assert plant.read("REC", "soc_pu") == 0.5


def test_energy_of_an_outage_and_the_recharge_balances() -> None:
    plant = bench(energy_wh=20e3)
    hand = Hand(plant)
    rec: Any = plant.devices["REC"]
    plant.inject("U", "outage", {})
    hand.run(60.0)
    plant.inject("U", "return", {})
    hand.run(120.0)
    assert rec.battery.soc_pu < 1.0
    assert plant.read("REC", "battery_power_w") > 1.9e3
    energy = plant.truth().energy_wh
    used = energy["loads"] + energy["losses"] + energy["stored"]
    assert energy["sources"] == pytest.approx(used, rel=1e-4)
