"""Short circuits in a running plant: who feeds them, what is left, and what they leave behind."""

from __future__ import annotations

import math
from typing import Any

import pytest

from device_emulators.plant.dc import DcSource
from device_emulators.plant.dc_short_circuit import collapsed_pu
from device_emulators.plant.elements import Fault
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import (
    MAINS,
    SET,
    Hand,
    S,
    item,
    residual_w,
    shipped,
    site,
)

MS = S // 1000
SQRT3 = math.sqrt(3.0)


def hall(until_s: float = 0.2) -> Plant:
    plant = Plant(shipped("ai_hall"), seed=1)
    plant.advance(round(until_s * S))
    return plant


def short(plant: Plant, target: str, kind: str = "three_phase", ohm: float = 0.0) -> None:
    plant.inject(target, "fault", {"kind": kind, "ohm": ohm})
    plant.advance(plant.now_ns + MS)


def current(plant: Plant, switch: str) -> float:
    return float(plant.grid.switch_current_a[number(plant, switch)])


def number(plant: Plant, switch: str) -> int:
    return [s.id for s in plant.grid.switches].index(switch)


def set_alone(**more: Any) -> Hand:
    """Return a set that runs at its terminals, its breaker to bus B closed."""
    plant = Plant(
        site(
            {"G": 6600.0, "B": 6600.0},
            [
                item("DG", "generator", "G", **{**SET, **more}),
                item("52-G", "breaker", "G B", normally="open", current_a=630.0),
                item("P", "pump", "B", power_w=1e5),
            ],
            emulation={"generator": {"crank_s": 0.5, "run_up_s": 0.5}},
        ),
        seed=1,
    )
    hand = Hand(plant)
    assert hand.command("DG", "start")
    hand.run(5.0)
    assert hand.command("52-G", "close")
    hand.run(8.0)
    return hand


@pytest.mark.parametrize("kind", ["three_phase", "phase_phase", "earth"])
@pytest.mark.parametrize("bus", ["HV", "MVA", "SA11", "LVA1", "RAI", "UAO", "SR1A", "CH11"])
def test_power_balances_at_any_fault_and_voltages_fall(bus: str, kind: str) -> None:
    plant = hall()
    short(plant, bus, kind)
    quantity = plant.quantity(bus, "fault_current_a")
    assert quantity > 100.0
    assert residual_w(plant) < 5.0
    left = plant.quantity(bus, "voltage_pu")
    assert left < {"three_phase": 0.01, "phase_phase": 0.55, "earth": 1.0}[kind]
    energy = plant.truth().energy_wh
    off = energy["sources"] - energy["loads"] - energy["losses"] - energy["stored"]
    assert abs(off) < 1e-3 * energy["loads"]


def test_the_switches_on_the_way_carry_the_current_and_no_others() -> None:
    plant = hall()
    short(plant, "SA11")
    fault_a = plant.quantity("SA11", "fault_current_a")
    assert current(plant, "52-VCB-SA1") == pytest.approx(fault_a, rel=1e-6)
    assert current(plant, "52-VCB-MA") == pytest.approx(fault_a, rel=1e-6)
    ratio = 6600.0 / 15400.0
    assert current(plant, "52-VCB-PA") == pytest.approx(fault_a * ratio, rel=0.01)
    assert current(plant, "52-VCB-SA2") < 1.0
    forward = plant.grid.switch_forward
    for switch in ("52-VCB-SA1", "52-VCB-MA", "52-VCB-PA", "52-GCB-UA"):
        assert forward[number(plant, switch)], switch


@pytest.mark.parametrize(
    ("kind", "part"), [("three_phase", 1.0), ("phase_phase", 2.0 / SQRT3), ("earth", 1.0 / SQRT3)]
)
def test_a_delta_winding_spreads_unbalanced_currents(kind: str, part: float) -> None:
    """A fault at 380 V, seen in the lines to the delta of its transformer."""
    plant = hall()
    short(plant, "LVA1", kind)
    fault_a = plant.quantity("LVA1", "fault_current_a")
    first = current(plant, "52-VCB-SA1") * 6600.0 / 380.0
    assert first == pytest.approx(part * fault_a, rel=0.02)


def test_a_current_against_the_arrow_is_seen_as_such() -> None:
    plant = hall()
    short(plant, "HV")
    assert not plant.grid.switch_forward[number(plant, "52-VCB-PB")] or (
        current(plant, "52-VCB-PB") < 1.0
    )
    assert plant.grid.switch_forward[number(plant, "52-GCB-SMR")]
    short(plant, "SMRT")
    plant.inject("HV", "clear", {})
    plant.advance(plant.now_ns + MS)
    assert current(plant, "52-GCB-SMR") > 1000.0
    assert not plant.grid.switch_forward[number(plant, "52-GCB-SMR")]


def test_a_fault_of_a_great_resistance_changes_nothing() -> None:
    plant = hall()
    before = plant.grid.v_pu.copy(), plant.grid.angle_rad.copy()
    plant.grid.set_fault("it", Fault(plant.grid.bus["MVA"], "three_phase", 1e9))
    plant._settle()
    assert plant.grid.v_pu == pytest.approx(before[0], abs=1e-6)
    assert plant.grid.angle_rad == pytest.approx(before[1], abs=1e-6)


def test_a_fault_stays_on_the_part_that_breakers_isolate() -> None:
    plant = hall()
    short(plant, "SR1A")
    assert plant.quantity("SR1A", "fault_current_a") > 3000.0
    plant.inject("52-MCCB-SA1", "trip", {})
    plant.advance(plant.now_ns + 50 * MS)
    assert plant.quantity("SR1A", "fault_current_a") == 0.0
    assert plant.quantity("UAO", "voltage_pu") > 0.95
    assert "SR1A" in plant.grid.faults
    plant.inject("SR1A", "clear", {})
    assert not plant.grid.faults


def test_a_fault_behind_a_breaker_is_at_its_load_side() -> None:
    plant = hall()
    short(plant, "52-MCCB-CH1", "phase_phase")
    assert plant.quantity("CH12", "fault_current_a") > 5000.0
    assert plant.quantity("CH11", "fault_current_a") == 0.0


@pytest.mark.parametrize("kind", ["three_phase", "phase_phase", "earth"])
def test_a_ups_gives_one_and_a_half_of_its_rating(kind: str) -> None:
    plant = hall()
    short(plant, "UAO", kind)
    rated_a = 1.6e6 / SQRT3 / 380.0
    assert plant.quantity("UAO", "fault_current_a") == pytest.approx(1.5 * rated_a, rel=0.03)
    assert plant.quantity("UBO", "voltage_pu") > 0.99


def test_a_storage_that_forms_gives_one_and_a_half_of_its_rating() -> None:
    plant = Plant(shipped("ai_hall"), seed=1)
    hand = Hand(plant)
    hand.run(1.0)
    for breaker in ("52-VCB-MA", "52-VCB-HA"):
        assert hand.command(breaker, "open")
    hand.run(2.0)
    assert hand.command("ESS-1", "grid_forming")
    hand.run(4.0)
    assert plant.grid.earths(plant.grid.bus["MVA"]) == ("ESS-1",)
    short(plant, "SA11")
    rated_a = 3e6 / SQRT3 / 6600.0
    assert plant.quantity("SA11", "fault_current_a") == pytest.approx(1.5 * rated_a, rel=0.01)
    assert current(plant, "52-VCB-EA") == pytest.approx(1.5 * rated_a, rel=0.01)


def test_a_set_beside_the_utility_adds_its_own() -> None:
    plant = Plant(shipped("ai_hall"), seed=1)
    hand = Hand(plant)
    assert hand.command("DG-1", "start")
    hand.run(20.0)
    assert hand.command("52-GCB-1", "close")
    hand.run(21.0)
    assert hand.command("52-VCB-GA", "close_in_sync")
    hand.run(40.0)
    assert plant.truth().buses["MVG"].reference == "U-A"
    alone = hall()
    short(alone, "SA11")
    short(plant, "SA11")
    set_a = current(plant, "52-GCB-1")
    assert set_a == pytest.approx(4e6 / SQRT3 / 6600.0 / 0.13, rel=0.1)
    both = plant.quantity("SA11", "fault_current_a")
    assert both == pytest.approx(alone.quantity("SA11", "fault_current_a") + set_a, rel=0.02)


def test_the_current_of_a_set_decays_to_what_its_excitation_sustains() -> None:
    hand = set_alone()
    plant = hand.plant
    feed = next(f for f in plant.grid.feeds if f.id == "DG")
    rated_a = 4e6 / SQRT3 / 6600.0
    plant.inject("B", "fault", {"kind": "three_phase", "ohm": 0.0})
    began_ns, seen = plant.now_ns, {}
    for after_ms in (1, 20, 100, 400):
        plant.advance(began_ns + after_ms * MS)
        seen[after_ms] = plant.quantity("B", "fault_current_a") / rated_a
    assert seen[1] == pytest.approx(1.0 / feed.reactance_pu, rel=0.05)
    first, then, last = 1.0 / feed.reactance_pu, 1.0 / feed.transient_pu, 3.0
    for after_ms, current_pu in seen.items():
        t_s = after_ms * 1e-3
        expected = (first - then) * math.exp(-t_s / 0.02) + (then - last) * math.exp(-t_s / 0.25)
        assert current_pu == pytest.approx(expected + last, rel=0.05), after_ms
    assert residual_w(plant) < 5.0


def test_voltage_comes_back_without_a_blow_when_the_fault_is_gone() -> None:
    hand = set_alone()
    plant = hand.plant
    short(plant, "B")
    plant.advance(plant.now_ns + 100 * MS)
    plant.inject("B", "clear", {})
    for _ in range(20):
        plant.advance(plant.now_ns + 20 * MS)
        assert 0.8 < plant.quantity("B", "voltage_pu") < 1.25


def test_an_earth_fault_without_a_neutral_draws_nothing() -> None:
    plant = Plant(
        site(
            {"B": 6600.0}, [item("U", "utility", "B", **MAINS), item("P", "pump", "B", power_w=1e5)]
        )
    )
    short(plant, "B", "earth")
    assert plant.quantity("B", "earths_count") == 0.0
    assert plant.quantity("B", "fault_current_a") == 0.0
    assert plant.quantity("B", "voltage_pu") > 0.99


def test_residual_current_flows_where_the_neutral_is() -> None:
    plant = hall()
    short(plant, "SA11", "earth")
    residual = plant.grid.switch_residual_a
    assert plant.quantity("SA11", "fault_current_a") == pytest.approx(400.0, rel=0.05)
    for switch in ("52-VCB-MA", "52-VCB-SA1"):
        assert residual[number(plant, switch)] == pytest.approx(400.0, rel=0.05)
    for switch in ("52-VCB-PA", "52-VCB-SA2", "52-ACB-A1", "52-VCB-MB"):
        assert residual[number(plant, switch)] == pytest.approx(0.0, abs=1e-6)
    assert plant.grid.earths(plant.grid.bus["MVA"]) == ("TX-P-A",)
    assert plant.quantity("MVB", "voltage_pu") > 0.95


def test_every_level_of_the_hall_is_earthed_once() -> None:
    plant = hall()
    fed = [b for b, i in plant.grid.bus.items() if plant.grid.is_ac[i] and plant.grid.v[i] > 0.5]
    assert {plant.quantity(bus, "earths_count") for bus in fed} == {1.0}
    hand = Hand(plant)
    for breaker in ("52-VCB-TIE",):
        assert hand.command(breaker, "close_in_sync")
    hand.run(3.0)
    assert plant.grid.earths(plant.grid.bus["MVB"]) == ("TX-P-A", "TX-P-B")


def test_a_dc_bus_collapses_behind_the_limits_of_its_sources() -> None:
    plant = hall()
    short(plant, "DA1", "phase_phase")
    limits_a = 1.2 * (8e6 + 1.5e6) / 800.0  # of converter and storage
    assert plant.quantity("DA1", "fault_current_a") == pytest.approx(limits_a, rel=0.01)
    assert current(plant, "72-A1") == pytest.approx(limits_a, rel=0.01)
    assert plant.quantity("DCA", "voltage_pu") < 0.01
    assert plant.quantity("DCB", "voltage_pu") > 0.95
    assert residual_w(plant) < 5.0
    assert all(load.fed for load in plant.truth().loads.values())


def test_an_earth_fault_of_an_isolated_dc_bus_draws_nothing() -> None:
    plant = hall()
    short(plant, "DCA", "earth")
    assert plant.quantity("DCA", "fault_current_a") == 0.0
    short(plant, "DC48A", "earth", 0.1)
    assert plant.quantity("DC48A", "fault_current_a") == pytest.approx(480.0, rel=0.1)


def test_a_resistance_that_sources_can_carry_is_a_load() -> None:
    plant = hall()
    short(plant, "DA1", "phase_phase", 2.0)
    assert plant.quantity("DA1", "fault_current_a") == pytest.approx(400.0, rel=0.02)
    assert plant.quantity("DCA", "voltage_pu") > 0.95
    assert residual_w(plant) < 5.0


def test_the_collapsed_voltage_by_ohms_law() -> None:
    converter = DcSource(0, 8e6, 1.0, 0.02, ceiling_w=9.6e6)
    store = DcSource(0, 1.5e6, 0.94, 0.02, ceiling_w=1.5e6)
    limits_a = (9.6e6 + 1.8e6) / 800.0
    assert collapsed_pu([converter, store], 0.01, 800.0) * 800.0 == pytest.approx(0.01 * limits_a)
    ohm = 0.0472  # where the store is at its power and the converter at its current
    v = collapsed_pu([converter, store], ohm, 800.0)
    assert 1.0 / 1.2 < v < 0.85
    assert v**2 * 800.0**2 / ohm == pytest.approx(9.6e6 * v + 1.5e6, rel=1e-9)


@pytest.mark.parametrize(
    ("target", "values", "message"),
    [
        ("MVA", {"kind": "two", "ohm": 0.0}, "no fault 'two'"),
        ("DCA", {"kind": "three_phase", "ohm": 0.0}, "no three phases on DC"),
        ("NOWHERE", {"kind": "earth", "ohm": 0.0}, "no equipment"),
    ],
)
def test_what_cannot_be_is_refused(target: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hall().inject(target, "fault", values)


def test_an_earthing_switch_on_a_live_bus_is_a_fault() -> None:
    plant = hall()
    plant.inject("ES-UA", "earth", {})
    plant.advance(plant.now_ns + MS)
    assert plant.quantity("INA", "fault_current_a") == 0.0  # its interlock holds
    plant.inject("ES-UA", "earth_live", {})
    plant.advance(plant.now_ns + MS)
    assert plant.quantity("INA", "fault_current_a") > 10e3
    plant.inject("ES-UA", "lift", {})
    plant.advance(plant.now_ns + MS)
    assert plant.quantity("INA", "voltage_pu") > 0.9


def test_closing_onto_an_earthed_bus_is_a_fault() -> None:
    hand = Hand(hall())
    plant = hand.plant
    assert hand.command("52-GCB-UB", "open")
    hand.run(1.0)
    plant.inject("ES-UB", "earth", {})
    hand.run(8.0)
    assert plant.truth().positions["ES-UB"] == "closed"
    assert plant.quantity("INB", "fault_current_a") == 0.0
    seen: list[float] = []
    plant.watchers.append(lambda: seen.append(plant.quantity("INB", "fault_current_a")))
    assert hand.command("52-GCB-UB", "close")
    hand.run(10.0)
    assert max(seen) > 10e3
    assert plant.truth().positions["52-GCB-UB"] == "open"
    assert seen[-1] == 0.0
