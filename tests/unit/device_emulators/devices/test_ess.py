"""Battery storage: set-points, limits, forming an island, support of a DC bus."""

from __future__ import annotations

from typing import Any

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, residual_w, site


def ess_bench(**settings: float) -> Plant:
    return Plant(
        site(
            {"G": 6600.0, "A": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-M", "breaker", "G A", current_a=630.0),
                item("ESS", "ess", "A", watchdog_s=3.0, power_w=3e6, energy_wh=100e3, ramp_w_s=1e6),
                item("R", "it_rack", "A", power_w=1e6),
            ],
            emulation={"ESS": {"soc_pu": 0.5, **settings}},
        )
    )


def store_of(plant: Plant) -> Any:
    found: Any = plant.devices["ESS"]
    return found.battery


def test_storage_follows_its_set_point_by_its_ramp_and_moves_energy() -> None:
    plant = ess_bench()
    hand = Hand(plant)
    held_j = store_of(plant).energy_j
    assert plant.write("ESS", "power_setpoint_w", -2e6)
    assert not plant.write("ESS", "power_setpoint_w", -4e6)
    hand.run(1.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-1e6, rel=0.05)
    hand.run(10.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-2e6)
    given_wh = (0.5 * 2.0 * 2e6 + 8.0 * 2e6) / 3600.0
    taken_wh = (held_j - store_of(plant).energy_j) / 3600.0
    assert 0.93 < given_wh / taken_wh < 0.97  # converter 0.98, cells built for 30 C
    energy = plant.truth().energy_wh
    used = energy["loads"] + energy["losses"] + energy["stored"]
    assert energy["sources"] == pytest.approx(used, rel=1e-4)
    assert residual_w(plant) < 1.0


def test_storage_forms_a_dead_bus_and_hands_it_over_when_the_grid_is_back() -> None:
    plant = ess_bench()
    hand = Hand(plant)
    assert not hand.command("ESS", "grid_forming")  # the bus is live
    hand.command("52-M", "open")
    hand.run(1.0)
    assert plant.quantity("A", "live") == 0.0
    assert hand.command("ESS", "grid_forming")
    hand.run(2.0)
    assert plant.truth().buses["A"].reference == "ESS"
    plant.inject("U", "phase_jump", {"angle_deg": 90.0})
    assert hand.command("52-M", "close_in_sync")
    hand.run(8.0)
    assert plant.truth().buses["A"].reference == "U"
    assert hand.stage("ESS") == "grid_following"
    assert plant.truth().unsynchronised_closings == ()


def test_storage_goes_to_zero_when_the_daemon_is_silent_and_the_site_says_so() -> None:
    plant = ess_bench()
    device = plant.devices["ESS"]
    object.__setattr__(device.item.device, "fallback", "zero")
    hand = Hand(plant)
    plant.write("ESS", "power_setpoint_w", -2e6)
    hand.run(5.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-2e6)
    hand.run(7.5, beat=False)
    assert plant.read("ESS", "power_w") == pytest.approx(-2e6)
    hand.run(11.0, beat=False)
    assert plant.read("ESS", "power_w") == pytest.approx(0.0)


@pytest.mark.parametrize("power_w", [-1e6, 1e6])
def test_storage_ramps_to_zero_when_the_site_says_so_and_stays_when_the_daemon_is_back(
    power_w: float,
) -> None:
    plant = ess_bench()
    device = plant.devices["ESS"].item.device
    object.__setattr__(device, "fallback", "ramp_to_zero")
    object.__setattr__(device, "fallback_ramp_w_s", 0.1e6)
    hand = Hand(plant)
    plant.write("ESS", "power_setpoint_w", power_w)
    hand.run(5.0)
    hand.run(7.4, beat=False)
    assert plant.read("ESS", "power_w") == pytest.approx(power_w)
    hand.run(13.0, beat=False)
    assert abs(plant.read("ESS", "power_w")) == pytest.approx(0.45e6, abs=0.06e6)
    hand.run(15.0)
    left_w = plant.read("ESS", "power_w")
    assert left_w == plant.read("ESS", "power_setpoint_w")
    assert abs(left_w) > 0.35e6
    hand.run(27.0, beat=False)
    assert plant.read("ESS", "power_w") == 0.0


@pytest.mark.fault("F53")
def test_a_derated_or_refusing_storage_shows_its_limits_and_keeps_to_them() -> None:
    plant = ess_bench()
    hand = Hand(plant)
    plant.inject("ESS", "derate", {"limit_pu": 0.25})
    assert plant.read("ESS", "discharge_limit_w") == pytest.approx(0.75e6)
    assert plant.write("ESS", "power_setpoint_w", -2e6)
    hand.run(5.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-0.75e6)
    plant.inject("ESS", "refuse", {})
    assert not plant.write("ESS", "power_setpoint_w", 0.0)
    hand.run(6.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-0.75e6)
    plant.inject("ESS", "clear", {})
    hand.run(10.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-2e6)
    assert plant.write("ESS", "power_setpoint_w", 0.0)


@pytest.mark.fault("F53")
def test_warmth_lowers_what_it_offers() -> None:
    plant = ess_bench(room_c=52.5)
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("ESS", "temperature_c") == pytest.approx(52.5, abs=0.1)
    limit = plant.read("ESS", "discharge_limit_w")
    assert limit == pytest.approx(3e6 * (1.0 - 0.7 * 7.5 / 15.0), rel=1e-3)


def test_it_stops_forming_when_it_is_empty_and_not_before() -> None:
    plant = ess_bench(soc_pu=0.04)
    hand = Hand(plant)
    hand.command("52-M", "open")
    hand.run(1.0)
    assert hand.command("ESS", "grid_forming")
    hand.run(3.0)
    assert hand.command("R", "start")
    hand.run(10.0)
    assert hand.stage("ESS") == "grid_forming"
    hand.run(90.0)
    assert hand.stage("ESS") == "off"
    assert plant.quantity("ESS", "soc_pu") == pytest.approx(0.02, abs=2e-3)
    assert not hand.command("ESS", "grid_forming")


def test_an_island_droops_with_a_step_and_comes_back_to_nominal() -> None:
    plant = ess_bench()
    hand = Hand(plant)
    plant.inject("R", "load", {"utilisation_pu": 0.1})
    hand.command("52-M", "open")
    hand.run(1.0)
    assert hand.command("ESS", "grid_forming")
    hand.run(3.0)
    assert hand.command("R", "start")
    hand.run(120.0)
    assert plant.quantity("A", "frequency_hz") == pytest.approx(60.0, abs=1e-3)
    plant.inject("R", "load", {"utilisation_pu": 1.0})
    low = 60.0
    for _ in range(100):
        hand.run((plant.now_ns + S // 50) / S)
        low = min(low, plant.quantity("A", "frequency_hz"))
    step_pu = 0.9e6 / 3e6
    assert 60.0 * 0.005 * step_pu * 0.8 < 60.0 - low < 60.0 * 0.005 * step_pu
    hand.run(150.0)
    assert plant.quantity("A", "frequency_hz") == pytest.approx(60.0, abs=1e-3)


@pytest.mark.fault("F52")
def test_an_open_string_lowers_charge_and_is_told() -> None:
    plant = ess_bench()
    plant.inject("ESS", "string_open", {"strings_count": 4.0})
    plant.advance(S)
    assert plant.read("ESS", "battery_alarm") == 1.0
    assert plant.read("ESS", "soc_pu") == pytest.approx(0.25)


def test_a_gauge_drifts_from_the_truth() -> None:
    plant = ess_bench()
    plant.inject("ESS", "gauge_drift", {"rate_pu_h": 36.0})
    plant.advance(10 * S)
    assert plant.read("ESS", "soc_pu") == pytest.approx(0.6, rel=0.01)
    assert plant.quantity("ESS", "soc_pu") == pytest.approx(0.5, rel=0.01)


def dc_bench() -> Plant:
    return Plant(
        site(
            {"G": 6600.0, "D": 800.0},
            [
                item("U", "utility", "G", **MAINS),
                item("HVDC", "hvdc", "G D", power_w=1e6, modules_count=4.0),
                item("ESS", "ess", "D", power_w=1e6, energy_wh=100e3, ramp_w_s=100e6),
                item("R", "it_rack", "D", power_w=0.8e6),
            ],
            dc="D",
            emulation={"it_rack": {"utilisation_pu": 1.0}},
        )
    )


def test_fast_storage_gives_only_when_the_converter_cannot() -> None:
    plant = dc_bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("ESS", "power_w") == pytest.approx(0.0, abs=1.0)
    plant.inject("U", "outage", {})
    hand.run(2.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-0.8e6, rel=1e-3)
    assert 0.92 < plant.quantity("D", "voltage_pu") < 0.94
    assert plant.unfed_ns("R") == ()
