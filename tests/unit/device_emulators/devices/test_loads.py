"""Racks, rows, chillers: caps, shutdown, storage at the end, restart."""

from __future__ import annotations

import pytest

from device_emulators.plant.plant import Plant
from device_emulators.plant.workload import Steady
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, residual_w, site

RACKS = ("K1", "K2")


CAPACITORS_J = 0.7 * (20e3 + 0.02 * 130e3)
"""Supercapacitor and 20 ms of hold-up, as full as they are kept."""


def hall(battery_wh: float = 3250.0, utilisation_pu: float = 0.9, **emulation: object) -> Plant:
    """Return one row of two racks between two converters."""
    return Plant(
        site(
            {"I": 6600.0, "IA": 6600.0, "IB": 6600.0, "DA": 800.0, "DB": 800.0},
            [
                item("U", "utility", "I", **MAINS),
                item("52-A", "breaker", "I IA", current_a=630.0),
                item("52-B", "breaker", "I IB", current_a=630.0),
                item("HA", "hvdc", "IA DA", power_w=1e6, modules_count=4.0),
                item("HB", "hvdc", "IB DB", power_w=1e6, modules_count=4.0),
                item("ROW", "rack_row", "", watchdog_s=3.0, power_w=260e3),
                *(
                    item(
                        k,
                        "ai_rack",
                        "DA DB",
                        group="ROW",
                        power_w=130e3,
                        battery_wh=battery_wh,
                        supercap_j=20e3,
                    )
                    for k in RACKS
                ),
            ],
            dc="DA DB",
            emulation=emulation,
        ),
        workload=Steady(utilisation_pu),
    )


def test_a_cap_is_obeyed_within_a_fifth_of_a_second_and_lifted_again() -> None:
    plant = hall()
    plant.advance(S)
    assert plant.read("ROW", "power_w") == pytest.approx(2 * 117e3, rel=1e-3)
    assert plant.write("ROW", "power_cap_pu", 0.45)
    plant.advance(S + S // 5)
    assert plant.read("ROW", "power_w") <= 2 * 0.46 * 130e3
    plant.advance(2 * S)
    assert plant.read("ROW", "power_w") == pytest.approx(2 * 58.5e3, rel=1e-3)
    assert plant.quantity("ROW", "power_cap_pu") == plant.quantity("K1", "cap_pu") == 0.45
    plant.write("ROW", "power_cap_pu", 1.0)
    plant.advance(3 * S)
    assert plant.read("ROW", "power_w") == pytest.approx(2 * 117e3, rel=1e-3)


def test_a_cap_is_obeyed_at_once_even_with_a_slow_ramp() -> None:
    plant = hall()
    plant.write("ROW", "ramp_limit_w_s", 1e3)
    plant.write("ROW", "power_cap_pu", 0.5)
    plant.advance(S // 4)
    assert plant.read("ROW", "power_w") <= 2 * 0.51 * 130e3
    plant.write("ROW", "power_cap_pu", 1.0)
    plant.advance(S // 4 + 10 * S)
    assert plant.read("ROW", "power_w") == pytest.approx(130e3 + 10e3, rel=0.02)


@pytest.mark.parametrize(("point", "value"), [("power_cap_pu", 1.2), ("smoothing_floor_pu", -0.1)])
def test_values_out_of_range_are_refused(point: str, value: float) -> None:
    assert not hall().write("ROW", point, value)


def test_a_floor_burns_power_where_the_work_asks_for_less() -> None:
    plant = hall(utilisation_pu=0.3)
    plant.write("ROW", "smoothing_floor_pu", 0.6)
    plant.advance(2 * S)
    assert plant.read("ROW", "power_w") == pytest.approx(2 * 78e3, rel=1e-3)
    assert plant.read("ROW", "utilisation_pu") == pytest.approx(0.3)


def test_racks_lean_on_the_other_feed_and_then_on_their_battery() -> None:
    plant = hall()
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("K1", "feed_a_power_w") == pytest.approx(plant.read("K1", "feed_b_power_w"))
    hand.command("52-A", "open")
    hand.run(2.0)
    assert plant.read("K1", "feed_a_power_w") == 0.0
    assert plant.read("K1", "feed_b_power_w") == pytest.approx(117e3, rel=1e-3)
    assert plant.read("K1", "on_battery") == 0.0
    hand.command("52-B", "open")
    hand.run(3.0)
    assert plant.read("K1", "on_battery") == 1.0
    assert plant.read("K1", "battery_power_w") == pytest.approx(-117e3, rel=1e-3)
    assert hand.stage("K1") == "running"
    assert plant.unfed_ns("K1") == ()


def test_a_battery_that_ends_loses_the_rack_at_the_computed_time() -> None:
    plant = hall(battery_wh=100.0)
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("U", "outage", {})
    hand.run(10.0)
    energy = 100.0 * 3600.0 + CAPACITORS_J
    expected = 1.0 + energy / 117e3
    assert hand.stage("K1") == "lost"
    ((begin, end),) = plant.unfed_ns("K1")
    assert begin / S == pytest.approx(expected, abs=0.001)
    assert end is None
    assert plant.quantity("ROW", "racks_lost_count") == 2.0
    assert plant.quantity("ROW", "fed") == 0.0
    plant.inject("U", "return", {})
    hand.run(15.0)
    assert plant.unfed_ns("K1")[0][1] is not None
    assert plant.quantity("K1", "interruption_ms") > 1000.0
    hand.command("ROW", "start")
    hand.run(16.0)
    assert hand.stage("K1") == "starting"


def test_an_orderly_shutdown_before_the_battery_ends_loses_nothing() -> None:
    plant = hall(battery_wh=600.0, rack_row={"shutdown_s": 20.0})
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("U", "outage", {})
    hand.run(2.0)
    assert hand.command("ROW", "shutdown")
    hand.run(13.0)
    assert hand.stage("K1") == "shutting_down"
    assert plant.read("K1", "power_w") == pytest.approx(0.3 * 130e3, rel=0.05)
    hand.run(22.5)
    assert hand.stage("K1") == hand.stage("ROW") == "off"
    assert plant.read("ROW", "racks_running_count") == 0.0
    hand.run(60.0)
    assert plant.unfed_ns("K1") == ()
    assert hand.stage("K1") == "off"


def test_a_shutdown_asked_for_too_late_is_a_loss() -> None:
    plant = hall(battery_wh=100.0, rack_row={"shutdown_s": 20.0})
    hand = Hand(plant)
    plant.inject("U", "outage", {})
    hand.run(2.0)
    hand.command("ROW", "shutdown")
    hand.run(25.0)
    assert hand.stage("K1") == "lost"
    assert plant.unfed_ns("K1") != ()


def test_initial_charge_and_disconnection_can_be_set() -> None:
    plant = hall(K1={"soc_pu": 0.5})
    assert plant.read("K1", "soc_pu") == 0.5
    assert plant.read("K2", "soc_pu") == 1.0
    plant.advance(10 * S)
    assert plant.read("K1", "soc_pu") > 0.5  # it recharges
    plant.inject("ROW", "battery_disconnect", {})
    plant.inject("U", "outage", {})
    plant.advance(11 * S)
    ((began_ns, _),) = plant.unfed_ns("K2")
    assert began_ns / S == pytest.approx(10.0 + CAPACITORS_J / 117e3, abs=0.001)


def test_a_weak_battery_holds_its_rack_only_at_low_power() -> None:
    plant = hall()
    plant.inject("K1", "battery_weak", {"limit_pu": 0.5})
    plant.inject("K2", "battery_weak", {"limit_pu": 0.5})
    plant.inject("K2", "clear", {})
    plant.advance(S)
    plant.inject("U", "outage", {})
    plant.advance(2 * S)
    ((began_ns, _),) = plant.unfed_ns("K1")
    bridged_s = CAPACITORS_J / (117e3 - 65e3)
    assert began_ns / S == pytest.approx(1.0 + bridged_s, abs=0.05)
    assert plant.unfed_ns("K2") == ()


def test_converter_limits_leave_the_rest_to_the_batteries() -> None:
    plant = hall()
    plant.write("HA", "power_limit_w", 50e3)
    plant.write("HB", "power_limit_w", 100e3)
    plant.advance(2 * S)
    taken = plant.read("HA", "output_power_w") + plant.read("HB", "output_power_w")
    assert taken == pytest.approx(150e3, rel=1e-6)
    assert plant.read("HB", "limited") == 1.0
    assert plant.read("K1", "battery_power_w") == pytest.approx(-(234e3 - 150e3) / 2, rel=1e-3)
    assert residual_w(plant) < 1.0


def test_a_converter_returns_fast_after_a_dip_and_walks_in_after_an_outage() -> None:
    plant = hall()
    hand = Hand(plant)
    hand.run(1.0)
    before = plant.read("HA", "input_power_w")
    plant.inject("U", "sag", {"depth_pu": 0.5, "for_s": 0.1})
    hand.run(3.1)
    assert plant.read("HA", "input_power_w") >= 0.9 * before
    plant.inject("U", "outage", {})
    hand.run(6.0)
    plant.inject("U", "return", {})
    hand.run(6.5)
    assert hand.stage("HA") == "precharge"
    hand.run(8.1)
    assert hand.stage("HA") == "walk_in"
    # a tenth of the rating per second, which its part of two small racks soon fits in
    assert plant.read("HA", "available_w") == 1e6
    hand.run(18.0)
    assert hand.stage("HA") == "running"


def test_a_pole_fault_stops_the_converter_until_it_is_repaired() -> None:
    plant = hall()
    hand = Hand(plant)
    plant.inject("HA", "pole_fault", {})
    hand.run(1.0)
    assert hand.stage("HA") == "fault"
    assert plant.read("HA", "insulation_ohm") < 1e3
    assert not hand.command("HA", "start")
    assert plant.unfed_ns("K1") == ()
    plant.inject("HA", "clear", {})
    hand.run(15.0)
    assert hand.stage("HA") == "running"


def test_a_dual_corded_rack_moves_and_a_rack_without_cords_is_lost_after_its_hold_up() -> None:
    plant = Plant(
        site(
            {"G": 380.0, "A": 380.0, "B": 380.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-A", "breaker", "G A", variant="mccb", current_a=400.0),
                item("52-B", "breaker", "G B", variant="mccb", current_a=400.0),
                item("R", "it_rack", "A B", power_w=100e3),
                item("Q", "it_rack", "A", power_w=100e3),
            ],
        )
    )
    hand = Hand(plant)
    hand.run(1.0)
    hand.command("52-A", "open")
    hand.run(2.0)
    assert plant.read("R", "power_w") == pytest.approx(80e3)
    assert plant.unfed_ns("R") == ()
    assert hand.stage("Q") == "lost"
    assert plant.unfed_ns("Q") == ((S + 20_000_000, None),)
    (lost,) = hand.happened("Q", "stage")
    assert lost.at_ns == S + 41_000_000


def cooled() -> Plant:
    return Plant(
        site(
            {"G": 380.0},
            [
                item("U", "utility", "G", **MAINS),
                item("CH", "chiller", "G", power_w=500e3, cooling_w=3.75e6),
                item("P", "pump", "G", power_w=150e3),
                item("R", "it_rack", "G", power_w=3e6),
            ],
            emulation={"chiller": {"restart_s": 20.0}, "it_rack": {"utilisation_pu": 1.0}},
        )
    )


def test_a_chiller_needs_its_restart_time_and_the_tank_warms_meanwhile() -> None:
    plant = cooled()
    hand = Hand(plant)
    plant.inject("U", "sag", {"depth_pu": 0.25, "for_s": 0.03})
    hand.run(1.0)
    assert hand.stage("CH") == "running"
    plant.inject("U", "sag", {"depth_pu": 0.25, "for_s": 0.2})
    hand.run(2.0)
    assert hand.stage("CH") == "starting"
    assert hand.stage("P") in {"stopped", "running"}
    cold = plant.read("CH", "buffer_temperature_c")
    hand.run(20.0)
    assert hand.stage("CH") == "starting"
    warm = 3e6 * 18.0 / (4186.0 * 30_000.0)
    assert plant.read("CH", "buffer_temperature_c") - cold == pytest.approx(warm, rel=0.05)
    hand.run(22.0)
    assert hand.stage("CH") == "running"
