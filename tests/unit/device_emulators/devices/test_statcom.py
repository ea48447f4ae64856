"""STATCOM: its modes, its limits, flicker and harmonics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from device_emulators.plant.plant import Plant
from device_emulators.plant.training import Training
from tests.unit.device_emulators.sites import Hand, item, shipped, site

if TYPE_CHECKING:
    from collections.abc import Mapping

WEAK = {"power_va": 10e6, "short_circuit_va": 60e6}


def bench(
    *, filter_var: float = 0.0, load_w: float = 2e6, utility: Mapping[str, float] = WEAK
) -> Hand:
    """Return a weak grid that feeds a converter and a chiller, with a compensator beside."""
    plant = Plant(
        site(
            {"G": 6600.0, "A": 6600.0, "Q": 6600.0, "DC": 800.0},
            [
                item("U", "utility", "G", **utility),
                item("52-I", "breaker", "G A", current_a=630.0),
                item("52-Q", "breaker", "A Q", current_a=630.0),
                item(
                    "PQ",
                    "statcom",
                    "Q",
                    watchdog_s=3.0,
                    reactive_power_var=1e6,
                    filter_var=filter_var,
                ),
                item("HVDC", "hvdc", "A DC", power_w=4e6, modules_count=4.0),
                item("N", "it_rack", "DC", power_w=load_w),
                item("CH", "chiller", "A", power_w=300e3, cooling_w=5e6),
            ],
            dc="DC",
        )
    )
    return Hand(plant)


def test_it_gives_what_is_asked_within_its_rating() -> None:
    hand = bench()
    plant = hand.plant
    hand.run(1.0)
    before = plant.quantity("A", "voltage_pu")
    assert plant.write("PQ", "reactive_power_setpoint_var", -0.8e6)
    assert not plant.write("PQ", "reactive_power_setpoint_var", -1.2e6)
    hand.run(1.4)
    assert plant.read("PQ", "reactive_power_var") == pytest.approx(-0.8e6, rel=1e-3)
    hand.run(60.0)
    assert plant.read("PQ", "reactive_power_var") == pytest.approx(-0.8e6, rel=1e-3)
    assert plant.quantity("A", "voltage_pu") == pytest.approx(before + 0.8 / 60.0, rel=2e-3)
    assert hand.command("PQ", "stop")
    hand.run(62.0)
    assert plant.read("PQ", "reactive_power_var") == 0.0


@pytest.mark.parametrize(("fallback", "left_var"), [("zero", 0.0), ("hold", -0.8e6)])
def test_when_the_daemon_is_silent_it_does_what_the_site_says(
    fallback: str, left_var: float
) -> None:
    hand = bench()
    object.__setattr__(hand.plant.devices["PQ"].item.device, "fallback", fallback)
    hand.plant.write("PQ", "reactive_power_setpoint_var", -0.8e6)
    hand.run(2.0)
    hand.run(4.4, beat=False)
    assert hand.plant.read("PQ", "reactive_power_setpoint_var") == -0.8e6
    hand.run(6.0, beat=False)
    assert hand.plant.read("PQ", "reactive_power_setpoint_var") == left_var
    assert hand.plant.read("PQ", "reactive_power_var") == pytest.approx(left_var, abs=20e3)


def test_behind_a_source_of_its_own_size_it_comes_to_rest() -> None:
    """What it gives moves the voltage by far more than its droop: it must not chase that."""
    weak = {"power_va": 4e6, "short_circuit_va": 6e6}
    hand = bench(load_w=0.5e6, utility=weak)
    plant = hand.plant
    for mode in ("reactive_power_mode", "voltage_mode"):
        assert hand.command("PQ", mode)
        hand.run(plant.now_ns * 1e-9 + 3.0)
        seen = []
        for _ in range(20):
            hand.run(plant.now_ns * 1e-9 + 0.02)
            seen.append(plant.quantity("A", "voltage_pu"))
        assert max(seen) - min(seen) < 1e-3, mode


def test_in_voltage_mode_it_holds_the_voltage_by_its_droop() -> None:
    hand = bench()
    plant = hand.plant
    assert hand.command("PQ", "voltage_mode")
    assert plant.write("PQ", "voltage_setpoint_pu", 0.99)
    hand.run(5.0)
    given = plant.read("PQ", "reactive_power_var")
    assert -1e6 < given < 1e6
    error = plant.quantity("A", "voltage_pu") - 0.99
    assert given == pytest.approx(error / 0.02 * 1e6, rel=1e-3)


def test_a_sag_takes_it_to_its_limit_which_is_a_current() -> None:
    hand = bench()
    hand.command("PQ", "voltage_mode")
    hand.run(1.0)
    hand.plant.inject("U", "voltage", {"voltage_pu": 0.6})
    hand.run(2.0)
    voltage = hand.plant.quantity("Q", "voltage_pu")
    assert 0.5 < voltage < 0.9
    given = hand.plant.read("PQ", "reactive_power_var")
    assert given == pytest.approx(-1e6 * voltage / 0.9, rel=1e-3)


def test_in_power_factor_mode_the_section_has_that_factor() -> None:
    hand = bench(filter_var=100e3)
    plant = hand.plant
    grid = plant.grid
    hand.run(2.0)
    intake = next(i for i, s in enumerate(grid.switches) if s.id == "52-I")
    assert grid.switch_var[intake] > 0.05e6
    hand.command("PQ", "power_factor_mode")
    for factor in (1.0, 0.95):
        plant.write("PQ", "power_factor_setpoint_pu", factor)
        hand.run((plant.now_ns - grid.start_ns) / 1e9 + 60.0)
        power, reactive = grid.switch_w[intake], grid.switch_var[intake]
        assert power / math.hypot(power, reactive) == pytest.approx(factor, abs=1e-4)
        assert reactive >= -1e3


def test_without_voltage_it_gives_nothing_and_comes_back_at_rest() -> None:
    hand = bench(filter_var=200e3)
    hand.run(1.0)
    hand.plant.inject("U", "outage", {})
    hand.run(2.0)
    assert hand.plant.read("PQ", "reactive_power_var") == 0.0
    hand.plant.inject("U", "return", {})
    hand.run(2.2)
    assert abs(hand.plant.read("PQ", "reactive_power_var") + 200e3) < 60e3


def test_the_filter_takes_its_share_of_harmonics_within_its_rating() -> None:
    bare, filtered, small = (bench(filter_var=var) for var in (0.0, 300e3, 20e3))
    for hand in (bare, filtered, small):
        hand.run(3.0)
    plant = bare.plant
    harmonic = 0.05 * plant.read("HVDC", "input_power_w") + 0.3 * plant.read("CH", "power_w")
    section = plant.read("HVDC", "input_power_w") + plant.read("CH", "power_w")
    assert plant.read("PQ", "distortion_pu") == pytest.approx(harmonic / section, rel=0.01)
    assert filtered.plant.read("PQ", "distortion_pu") == pytest.approx(
        0.2 * harmonic / section, rel=0.01
    )
    assert filtered.plant.read("PQ", "filter_overloaded") == 0.0
    assert small.plant.read("PQ", "filter_overloaded") == 1.0
    expected = (harmonic - 20e3 * small.plant.quantity("Q", "voltage_pu") ** 2) / section
    assert small.plant.read("PQ", "distortion_pu") == pytest.approx(expected, rel=0.01)


def test_filters_of_joined_sections_share_the_work() -> None:
    hand = Hand(Plant(shipped("ai_hall")))
    hand.run(3.0)
    plant = hand.plant
    assert plant.read("PQ-A", "filter_overloaded") == 0.0
    before = plant.read("PQ-A", "distortion_pu")
    for breaker in ("52-VCB-MA", "52-VCB-PA"):
        assert hand.command(breaker, "open")
    hand.run(4.0)
    assert hand.command("52-VCB-TIE", "close")
    hand.run(40.0)
    assert plant.read("PQ-A", "filter_overloaded") == 0.0
    assert plant.read("PQ-A", "distortion_pu") == plant.read("PQ-B", "distortion_pu")
    assert plant.read("PQ-A", "distortion_pu") == pytest.approx(before, rel=0.3)


def test_it_lowers_the_flicker_of_training() -> None:
    seen = {}
    for running in (True, False):
        hand = Hand(Plant(shipped("ai_hall"), workload=Training()))
        if not running:
            for one in ("PQ-A", "PQ-B"):
                assert hand.command(one, "stop")
        hand.run(70.0)
        seen[running] = hand.plant.read("PQ-A", "flicker_pu")
    assert 0.0 < seen[True] < 0.9 * seen[False]


def test_told_the_same_again_it_opposes_swings_all_the_same() -> None:
    given = []
    for again in (False, True):
        hand = bench()
        hand.run(2.0)
        if again:
            hand.plant.write("PQ", "reactive_power_setpoint_var", 0.0)
        hand.plant.inject("U", "voltage", {"voltage_pu": 0.97})
        hand.run(2.3)
        given.append(hand.plant.read("PQ", "reactive_power_var"))
    assert given[0] == given[1] < -1e4


def test_a_fault_stops_it_until_it_is_repaired() -> None:
    hand = bench()
    hand.plant.inject("PQ", "trip", {})
    assert not hand.command("PQ", "start")
    assert hand.command("PQ", "reset")
    assert hand.command("PQ", "start")
    assert hand.stage("PQ") == "running"
