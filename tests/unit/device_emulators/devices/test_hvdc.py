"""800 V converter: modules, limits, overload, insulation, collapse of its bus."""

from __future__ import annotations

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, item, site


def bench(load_w: float = 0.9e6) -> Plant:
    return Plant(
        site(
            {"I": 6600.0, "D": 800.0, "D1": 800.0, "D2": 800.0},
            [
                item("U", "utility", "I", **MAINS),
                item("HVDC", "hvdc", "I D", power_w=1e6, modules_count=4.0, droop_pu=0.02),
                item("72-1", "breaker", "D D1", variant="dcb", current_a=2000.0),
                item("72-2", "breaker", "D D2", variant="dcb", current_a=2000.0),
                item("R", "it_rack", "D1", variant="network", power_w=load_w),
            ],
            dc="D D1 D2",
            emulation={"it_rack": {"utilisation_pu": 1.0}, "site": {"tank_l": 1e9}},
        )
    )


def test_voltage_droops_with_the_load() -> None:
    plant = bench(0.5e6)
    plant.advance(1)
    assert plant.quantity("D", "voltage_pu") == pytest.approx(1.0 - 0.02 * 0.5, abs=1e-9)


def test_modules_that_are_lost_leave_less_and_come_back() -> None:
    plant = bench()
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("HVDC", "module_loss", {"modules_count": 2.0})
    hand.run(2.0)
    assert plant.read("HVDC", "modules_count") == 2.0
    assert plant.read("HVDC", "available_w") == 0.5e6
    assert plant.read("HVDC", "output_power_w") == pytest.approx(0.6e6, rel=1e-6)  # 120 %
    assert plant.read("HVDC", "limited") == 1.0
    hand.run(8.0)
    assert plant.read("HVDC", "output_power_w") == pytest.approx(0.5e6, rel=1e-6)
    plant.inject("HVDC", "clear", {})
    hand.run(20.0)
    assert plant.read("HVDC", "available_w") == 1e6


def test_a_fifth_more_is_carried_for_five_seconds() -> None:
    plant = bench(1.15e6)
    hand = Hand(plant)
    hand.run(4.9)
    assert plant.read("HVDC", "output_power_w") == pytest.approx(1.15e6, rel=1e-6)
    assert plant.quantity("HVDC", "overload_used_pu") == pytest.approx(0.98, abs=0.01)
    assert plant.read("HVDC", "limited") == 0.0
    hand.run(5.2)
    assert plant.read("HVDC", "output_power_w") == pytest.approx(1e6, rel=1e-6)
    assert plant.read("HVDC", "limited") == 1.0
    (said,) = hand.happened("HVDC", "overloaded")
    assert said.at_ns * 1e-9 == pytest.approx(5.0, abs=1e-3)


@pytest.mark.fault("F54")
def test_a_leak_lowers_the_insulation_and_the_feeder_is_named() -> None:
    plant = bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert plant.read("HVDC", "insulation_ohm") == pytest.approx(500e3)
    assert plant.read("HVDC", "leak_feeder_count") == 0.0
    plant.inject("D2", "fault", {"kind": "earth", "ohm": 20e3})
    hand.run(2.0)
    expected = 1.0 / (1.0 / 500e3 + 1.0 / 20e3)
    assert plant.read("HVDC", "insulation_ohm") == pytest.approx(expected)
    assert plant.read("HVDC", "leak_feeder_count") == 2.0
    assert plant.unfed_ns("R") == ()  # a first fault of an isolated system trips nothing
    plant.inject("D", "fault", {"kind": "earth", "ohm": 10e3})
    hand.run(3.0)
    assert plant.read("HVDC", "leak_feeder_count") == 0.0  # the worst one is on the bus itself
    plant.inject("D", "clear", {})
    assert hand.command("72-2", "open")
    hand.run(4.0)
    assert plant.read("HVDC", "insulation_ohm") == pytest.approx(500e3)
    assert plant.quantity("D", "live") == 1.0


def test_a_pole_fault_stops_it_and_shows_in_the_insulation() -> None:
    plant = bench()
    hand = Hand(plant)
    plant.inject("HVDC", "pole_fault", {})
    hand.run(1.0)
    assert hand.stage("HVDC") == "fault"
    assert plant.read("HVDC", "insulation_ohm") < 100.0
    assert not hand.command("HVDC", "start")
    assert not hand.command("HVDC", "reset")
    plant.inject("HVDC", "clear", {})
    hand.run(1.5)
    assert hand.stage("HVDC") == "precharge"
    hand.run(20.0)
    assert hand.stage("HVDC") == "running"


@pytest.mark.fault("F54")
def test_a_bus_that_stays_collapsed_trips_the_converter() -> None:
    plant = bench()
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("D", "fault", {"kind": "phase_phase", "ohm": 0.0})
    hand.run(1.1)
    assert plant.quantity("D", "voltage_pu") < 0.1
    hand.run(2.0)
    assert hand.stage("HVDC") == "fault"
    assert hand.happened("HVDC", "stage")[-1].at_ns * 1e-9 == pytest.approx(1.5, abs=0.01)


def test_a_stopped_converter_precharges_and_walks_in() -> None:
    plant = bench()
    hand = Hand(plant)
    hand.run(1.0)
    assert hand.command("HVDC", "stop")
    hand.run(2.0)
    assert hand.stage("HVDC") == "off"
    assert plant.quantity("D", "live") == 0.0
    assert hand.command("HVDC", "start")
    hand.run(2.9)
    assert hand.stage("HVDC") == "precharge"
    hand.run(8.0)
    assert hand.stage("HVDC") == "walk_in"
    hand.run(14.0)
    assert hand.stage("HVDC") == "running"
