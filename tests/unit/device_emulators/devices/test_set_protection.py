"""Why sets give up: protection of the machine and of its engine, each with its code."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.model.natures import NATURES
from device_emulators.devices.set_protection import CAUSES
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, SET, Hand, S, item, site


def two_sets(load_w: float = 2e6, **setting: float) -> Hand:
    """Return two sets that share a load on their own bus."""
    hand = Hand(
        Plant(
            site(
                {"G1": 6600.0, "G2": 6600.0, "M": 6600.0, "L": 6600.0},
                [
                    item("52-1", "breaker", "G1 M", normally="open", current_a=630.0),
                    item("52-2", "breaker", "G2 M", normally="open", current_a=630.0),
                    item("52-L", "breaker", "M L", normally="open", current_a=630.0),
                    item("DG-1", "generator", "G1", **SET),
                    item("DG-2", "generator", "G2", **SET),
                    item("P", "pump", "L", power_w=load_w),
                ],
                emulation={
                    "generator": {"crank_s": 0.5, "run_up_s": 1.0, "spread_s": 0.0, **setting}
                },
            )
        )
    )
    hand.command("DG-1", "start")
    hand.command("DG-2", "start")
    hand.run(2.0)
    hand.command("52-1", "close")
    hand.run(2.5)
    hand.command("52-2", "close_in_sync")
    hand.run(9.0)
    hand.command("52-L", "close")
    hand.run(20.0)
    assert hand.stage("DG-1") == hand.stage("DG-2") == "loaded"
    return hand


def cause(hand: Hand, id_: str) -> str:
    states = hand.plant.site.equipment[id_].kind.points["trip_cause"].states
    return states[int(hand.plant.read(id_, "trip_cause"))]


def test_codes_and_causes_are_the_same_words() -> None:
    for nature in ("generator", "gas_turbine"):
        states = NATURES[nature].points["trip_cause"].states
        words = [text.replace(" ", "_").replace("-", "_") for text in CAUSES]
        assert list(states) == words


@pytest.mark.parametrize(
    ("event", "values", "expected", "after_s", "within_s"),
    [
        ("fuel_rack_closed", {}, "reverse_power", 2.0, 5.0),
        ("loss_of_field", {}, "loss_of_field", 1.0, 2.0),
        ("over_excitation", {}, "over_voltage", 1.0, 3.0),
        ("unbalance", {"negative_sequence_pu": 1.0}, "negative_sequence", 70.0, 90.0),
        ("low_oil", {}, "low_oil_pressure", 1.0, 4.0),
        ("over_temperature", {}, "over_temperature", 20.0, 120.0),
        ("trip", {}, "trip", 0.0, 0.1),
        ("emergency_stop", {}, "emergency_stop", 0.0, 0.1),
    ],
)
@pytest.mark.fault("F49")
def test_what_goes_wrong_with_one_set_stops_it_with_its_code_and_leaves_the_other(
    event: str, values: dict[str, Any], expected: str, after_s: float, within_s: float
) -> None:
    hand = two_sets()
    hand.plant.inject("DG-2", event, values)
    hand.run(20.0 + after_s - 0.05)
    assert after_s == 0.0 or hand.stage("DG-2") != "fault"
    hand.run(20.0 + within_s)
    assert hand.stage("DG-2") == "fault"
    assert cause(hand, "DG-2") == expected
    hand.run(20.2 + within_s)
    assert hand.plant.quantity("52-2", "closed") == 0.0
    assert hand.plant.read("DG-2", "available") == 0.0
    assert hand.stage("DG-1") == "loaded"
    hand.run(30.0 + within_s)
    assert hand.plant.quantity("M", "frequency_hz") == pytest.approx(60.0, abs=0.1)
    assert hand.plant.quantity("L", "voltage_pu") == pytest.approx(1.0, abs=0.02)
    hand.plant.inject("DG-2", "clear", {})
    assert hand.command("DG-2", "reset")
    assert cause(hand, "DG-2") == "none"


def test_small_unbalance_is_borne_for_ever() -> None:
    hand = two_sets()
    hand.plant.inject("DG-2", "unbalance", {"negative_sequence_pu": 0.2})
    hand.run(60.0)
    assert hand.stage("DG-2") == "loaded"


def test_a_short_circuit_between_two_phases_heats_the_rotors() -> None:
    hand = two_sets()
    hand.plant.inject("L", "fault", {"kind": "phase_phase", "ohm": 0.0})
    hand.run(20.5)
    assert hand.stage("DG-1") != "fault"
    hand.run(30.0)
    assert cause(hand, "DG-1") == cause(hand, "DG-2") == "negative_sequence"


def test_a_short_circuit_that_is_cleared_soon_is_survived() -> None:
    hand = two_sets()
    hand.plant.inject("L", "fault", {"kind": "three_phase", "ohm": 0.0})
    hand.run(20.3)
    assert hand.plant.quantity("M", "voltage_pu") < 0.05
    assert hand.plant.quantity("M", "frequency_hz") > 60.5  # nothing holds the engines
    hand.plant.inject("L", "clear", {})
    hand.run(40.0)
    assert hand.stage("DG-1") == hand.stage("DG-2") == "loaded"
    assert hand.plant.quantity("M", "frequency_hz") == pytest.approx(60.0, abs=0.1)


def test_overload_is_borne_for_its_time() -> None:
    hand = two_sets(load_w=3.3e6, overload_pu=1.02, overload_s=5.0, under_frequency_s=9.0)
    hand.command("52-2", "open")
    hand.run(24.9)
    assert hand.stage("DG-1") == "loaded"
    hand.run(28.0)
    assert hand.stage("DG-1") == "fault"
    assert cause(hand, "DG-1") == "overload"


@pytest.mark.fault("F47")
def test_a_set_left_with_too_much_load_falls_below_its_frequency() -> None:
    hand = two_sets(load_w=5e6)
    hand.plant.inject("DG-2", "trip", {})
    hand.run(24.0)
    assert hand.stage("DG-1") == "fault"
    assert cause(hand, "DG-1") == "under_frequency"


def test_load_that_goes_leaves_frequency_and_voltage_within_the_class() -> None:
    hand = two_sets(load_w=5e6)
    seen: list[tuple[float, float]] = []
    plant = hand.plant
    plant.watchers.append(
        lambda: seen.append(
            (plant.quantity("M", "frequency_hz"), plant.quantity("M", "voltage_pu"))
        )
    )
    hand.command("52-L", "open")
    hand.run(30.0)
    assert 60.0 < max(hz for hz, _ in seen) < 66.0
    assert max(volts for _, volts in seen) < 1.20
    assert hand.stage("DG-1") == hand.stage("DG-2") == "ready"


def test_half_load_in_one_step_stays_within_class_g3_at_the_terminals_of_the_network() -> None:
    hand = two_sets(load_w=3.2e6)
    plant = hand.plant
    hand.command("52-L", "open")
    hand.run(30.0)
    seen: list[tuple[float, float, float]] = []

    def look() -> None:
        at_s = plant.now_ns / S - 30.0
        seen.append((at_s, plant.quantity("M", "frequency_hz"), plant.quantity("M", "voltage_pu")))

    plant.watchers.append(look)
    hand.command("52-L", "close")
    hand.run(40.0)
    begun_s = next(at_s for at_s, hz, _ in seen if hz < 59.7)
    assert plant.read("DG-1", "power_w") == pytest.approx(-1.6e6, rel=0.02)  # half of each
    assert 0.93 * 60.0 < min(hz for _, hz, _ in seen) < 59.4
    assert 0.85 < min(volts for _, _, volts in seen) < 0.99
    late = [(hz, volts) for at_s, hz, volts in seen if at_s > begun_s + 3.0]
    assert all(abs(hz - 60.0) <= 0.3 and abs(volts - 1.0) <= 0.01 for hz, volts in late)


@pytest.mark.fault("F49")
def test_a_hunting_governor_is_seen_in_the_power_of_both_sets() -> None:
    hand = two_sets(load_w=3e6)
    hand.plant.inject("DG-1", "governor_hunting", {"amplitude_pu": 0.15, "period_s": 2.0})
    hand.run(22.0)
    course = []
    for k in range(100):
        hand.run(22.0 + 0.1 * (k + 1))
        course.append(tuple(hand.plant.read(f"DG-{n}", "power_w") for n in (1, 2)))
    swings = [max(one) - min(one) for one in zip(*course, strict=True)]
    assert min(swings) > 0.1e6
    assert max(swings) > 0.3e6
    hand.plant.inject("DG-1", "clear", {})
    hand.run(40.0)
    before = hand.plant.read("DG-1", "power_w")
    hand.run(41.0)
    assert hand.plant.read("DG-1", "power_w") == pytest.approx(before, abs=2e3)


@pytest.mark.parametrize(
    ("event", "expected"), [("reversed_phases", "phase_sequence"), ("fail_to_build", "no_voltage")]
)
@pytest.mark.fault("F45")
def test_a_set_that_comes_up_wrong_gives_no_voltage(event: str, expected: str) -> None:
    hand = two_sets()
    hand.command("52-2", "open")
    hand.command("DG-2", "stop")
    hand.run(50.0)
    hand.plant.inject("DG-2", event, {})
    hand.command("DG-2", "start")
    hand.run(55.0)
    assert hand.stage("DG-2") == "fault"
    assert cause(hand, "DG-2") == expected
    assert hand.plant.quantity("G2", "live") == 0.0
    assert hand.plant.read("DG-2", "fail_to_build") == float(expected == "no_voltage")


def test_one_set_of_an_island_earths_it_and_the_next_takes_over() -> None:
    hand = two_sets()
    earthed = [hand.plant.read(f"DG-{n}", "neutral_earthed") for n in (1, 2)]
    assert earthed == [1.0, 0.0]
    hand.plant.inject("DG-1", "trip", {})
    hand.run(20.05)
    hand.run(20.1)
    earthed = [hand.plant.read(f"DG-{n}", "neutral_earthed") for n in (1, 2)]
    assert earthed == [0.0, 1.0]


def test_a_contactor_that_is_held_stays_closed_while_its_set_runs() -> None:
    hand = two_sets()
    hand.plant.inject("DG-1", "neutral_held", {})
    hand.plant.inject("DG-2", "neutral_held", {})
    hand.run(20.2)
    assert hand.plant.read("DG-2", "neutral_earthed") == 0.0  # it stood open
    hand.command("52-2", "open")
    hand.run(27.0)
    hand.command("52-2", "close_in_sync")
    hand.run(35.0)
    assert hand.plant.quantity("52-2", "closed") == 1.0
    assert hand.plant.read("DG-2", "neutral_earthed") == 1.0
    hand.plant.inject("DG-2", "clear", {})
    hand.run(35.2)
    assert hand.plant.read("DG-2", "neutral_earthed") == 0.0


def test_a_set_at_speed_on_its_own_bus_is_earthed_before_its_breaker_closes() -> None:
    hand = two_sets()
    hand.command("52-2", "open")
    hand.run(20.3)
    assert hand.plant.read("DG-2", "neutral_earthed") == 1.0
    hand.run(27.0)
    hand.command("52-2", "close_in_sync")
    hand.run(35.0)
    assert hand.plant.quantity("52-2", "closed") == 1.0
    assert hand.plant.read("DG-2", "neutral_earthed") == 0.0


def test_reactive_power_is_shared_and_voltage_droops() -> None:
    hand = two_sets(load_w=4e6)
    parts = [hand.plant.read(f"DG-{n}", "reactive_power_var") for n in (1, 2)]
    assert parts[0] == pytest.approx(parts[1], rel=0.02)
    assert parts[0] < 0.0
    drooped = 1.0 + 0.015 * parts[0] / 4e6
    assert hand.plant.quantity("M", "voltage_pu") == pytest.approx(drooped, abs=1e-3)


def test_beside_the_grid_a_set_without_fuel_is_turned_and_trips_by_reverse_power() -> None:
    hand = Hand(
        Plant(
            site(
                {"G": 6600.0, "D": 6600.0},
                [
                    item("U", "utility", "G", **MAINS),
                    item("52-D", "breaker", "D G", normally="open", current_a=630.0),
                    item("DG", "generator", "D", **SET),
                    item("P", "pump", "G", power_w=2e6),
                ],
                emulation={"generator": {"crank_s": 0.5, "run_up_s": 1.0}},
            )
        )
    )
    hand.command("DG", "start")
    hand.run(3.0)
    hand.command("52-D", "close_in_sync")
    hand.run(9.0)
    hand.plant.write("DG", "power_setpoint_w", -1.6e6)
    hand.run(15.0)
    assert hand.plant.read("DG", "power_w") == pytest.approx(-1.6e6)
    assert hand.plant.read("DG", "neutral_earthed") == 0.0  # the grid earths
    hand.plant.inject("DG", "fuel_rack_closed", {})
    hand.run(18.0)
    assert hand.plant.read("DG", "power_w") > 0.0
    hand.run(21.0)
    assert hand.stage("DG") == "fault"
    assert cause(hand, "DG") == "reverse_power"
    assert hand.plant.quantity("52-D", "closed") == 0.0
    assert hand.plant.now_ns == 21 * S
