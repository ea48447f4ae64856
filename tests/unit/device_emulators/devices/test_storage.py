"""UPS, rectifier, ESS, converter: what stored energy carries, and how the input is taken back."""

from __future__ import annotations

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, residual_w, site

UPS = {"power_va": 1e6, "power_w": 0.9e6, "energy_wh": 20e3, "efficiency_pu": 0.95}


def ups_bench(energy_wh: float = 20e3, **extra: float) -> Plant:
    return Plant(
        site(
            {"I": 380.0, "O": 380.0},
            [
                item("U", "utility", "I", **MAINS),
                item("UPS", "ups", "I O", **{**UPS, "energy_wh": energy_wh, **extra}),
                item("R", "it_rack", "O", power_w=500e3),
            ],
            emulation={"it_rack": {"utilisation_pu": 1.0}},
        )
    )


@pytest.mark.parametrize("loss_s", [0.004, 0.1, 3.0])
def test_the_output_never_notices_the_input(loss_s: float) -> None:
    plant = ups_bench()
    plant.advance(S)
    plant.inject("U", "outage", {})
    low = 1.0
    while plant.now_ns < S + round(loss_s * S):
        plant.advance(plant.now_ns + 4_000_000)
        low = min(low, plant.quantity("O", "voltage_pu"))
    plant.inject("U", "return", {})
    for _ in range(20):
        plant.advance(plant.now_ns + 5_000_000)
        low = min(low, plant.quantity("O", "voltage_pu"))
    assert low > 0.99
    assert plant.unfed_ns("R") == ()
    assert plant.truth().loads["R"].low_pu > 0.99


def test_a_brief_loss_is_taken_back_within_two_seconds() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    before = plant.read("UPS", "input_power_w")
    plant.inject("U", "sag", {"depth_pu": 0.4, "for_s": 0.1})
    hand.run(1.05)
    assert hand.stage("UPS") == "battery"
    assert plant.read("UPS", "input_power_w") == 0.0
    hand.run(3.1)
    assert plant.read("UPS", "input_power_w") >= 0.9 * before
    assert hand.stage("UPS") == "normal"


def test_a_longer_loss_walks_in_and_then_recharges_a_tenth_per_hour() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    plant.inject("U", "outage", {})
    hand.run(5.0)
    drained = plant.read("UPS", "soc_pu")
    need = -plant.read("UPS", "battery_power_w")
    assert drained == pytest.approx(1.0 - need * 5.0 / 0.97 / (20e3 * 3600.0), rel=1e-3)
    plant.inject("U", "return", {})
    hand.run(6.9)
    assert plant.read("UPS", "input_power_w") == 0.0
    hand.run(12.0)
    assert hand.stage("UPS") == "walk_in"
    assert plant.read("UPS", "input_power_w") == pytest.approx(0.5 * need, rel=0.02)
    hand.run(17.5)
    assert hand.stage("UPS") == "normal"
    assert plant.read("UPS", "battery_power_w") == pytest.approx(2e3, rel=1e-3)


def test_an_empty_store_ends_the_output_at_the_time_the_runtime_told() -> None:
    plant = ups_bench(energy_wh=1000.0)
    hand = Hand(plant)
    plant.inject("U", "outage", {})
    hand.run(0.1)
    told = 0.1 + plant.read("UPS", "runtime_s")
    hand.run(10.0)
    (lost,) = hand.happened("UPS", "output_lost")
    assert lost.at_ns / S == pytest.approx(told, abs=0.01)
    assert hand.stage("R") == "lost"
    ((begin, end),) = plant.unfed_ns("R")
    assert begin / S == pytest.approx(told, abs=0.01)
    assert end is None
    assert plant.quantity("R", "fed") == 0.0
    plant.inject("U", "return", {})
    hand.run(25.0)
    assert hand.stage("UPS") == "normal"
    assert plant.unfed_ns("R")[0][1] is not None


def test_with_the_battery_disconnected_the_interruption_is_the_outage() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    plant.inject("UPS", "battery_disconnect", {})
    hand.run(1.0)
    plant.inject("U", "outage", {})
    hand.run(3.0)
    ((begin, _),) = plant.unfed_ns("R")
    assert begin == S


def test_a_fault_goes_to_bypass_and_loses_the_output_when_there_is_none() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    plant.inject("UPS", "fault", {})
    hand.run(1.0)
    assert hand.stage("UPS") == "static_bypass"
    assert plant.unfed_ns("R") == ()
    assert plant.read("UPS", "input_power_w") == pytest.approx(500e3, rel=1e-3)
    plant.inject("U", "outage", {})
    hand.run(2.0)
    assert plant.unfed_ns("R") == ((S, None),)
    plant.inject("any", "clear", {})
    hand.run(3.0)
    assert plant.quantity("O", "live") == 1.0


def test_commands_move_between_inverter_and_bypass_without_interruption() -> None:
    plant = ups_bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert hand.command("UPS", "to_bypass")
    hand.run(2.0)
    assert hand.stage("UPS") == "static_bypass"
    assert hand.command("UPS", "to_inverter")
    hand.run(3.0)
    assert hand.stage("UPS") == "normal"
    assert plant.unfed_ns("R") == ()
    assert plant.truth().unsynchronised_closings == ()


def test_the_flywheel_gives_before_the_battery() -> None:
    plant = ups_bench(flywheel_wh=500.0)
    plant.inject("U", "outage", {})
    plant.advance(2 * S)
    ups = plant.devices["UPS"]
    assert ups.flywheel.soc_pu < 0.5  # type: ignore[attr-defined]
    assert ups.battery.soc_pu == 1.0  # type: ignore[attr-defined]
    plant.advance(6 * S)
    assert ups.flywheel.soc_pu < 0.01  # type: ignore[attr-defined]
    assert ups.battery.soc_pu < 1.0  # type: ignore[attr-defined]
    assert plant.unfed_ns("R") == ()


def test_a_48_v_battery_takes_over_without_switching() -> None:
    plant = Plant(
        site(
            {"I": 380.0, "D": 48.0},
            [
                item("U", "utility", "I", **MAINS),
                item("REC", "rectifier", "I D", power_w=200e3, energy_wh=500.0),
                item("R", "it_rack", "D", variant="network", power_w=100e3),
            ],
            dc="D",
        )
    )
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.quantity("D", "voltage_pu") == pytest.approx(1.0, abs=0.01)
    plant.inject("U", "outage", {})
    hand.run(2.0)
    assert hand.stage("REC") == "battery"
    assert plant.read("REC", "battery_power_w") == pytest.approx(-80e3, rel=1e-3)
    assert plant.unfed_ns("R") == ()
    hand.run(30.0)
    assert hand.stage("R") == "lost"
    assert plant.unfed_ns("R") != ()


def ess_bench() -> Plant:
    return Plant(
        site(
            {"G": 6600.0, "A": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-M", "breaker", "G A", current_a=630.0),
                item("ESS", "ess", "A", watchdog_s=3.0, power_w=3e6, energy_wh=100e3, ramp_w_s=1e6),
                item("R", "it_rack", "A", power_w=1e6),
            ],
            emulation={"ESS": {"soc_pu": 0.5}},
        )
    )


def test_storage_follows_its_set_point_by_its_ramp_and_moves_energy() -> None:
    plant = ess_bench()
    hand = Hand(plant)
    assert plant.write("ESS", "power_setpoint_w", -2e6)
    assert not plant.write("ESS", "power_setpoint_w", -4e6)
    hand.run(1.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-1e6, rel=0.05)
    hand.run(10.0)
    assert plant.read("ESS", "power_w") == pytest.approx(-2e6)
    given_wh = (0.5 * 2.0 * 2e6 + 8.0 * 2e6) / 3600.0
    assert (0.5 - plant.read("ESS", "soc_pu")) * 100e3 == pytest.approx(given_wh / 0.97, rel=0.01)
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
