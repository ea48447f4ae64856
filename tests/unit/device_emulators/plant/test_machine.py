"""Machines: response to a load step, sharing, synchroniser."""

from __future__ import annotations

import math

import pytest

from device_emulators.plant import excitation, machine
from device_emulators.plant.machine import Machine


def diesel() -> Machine:
    return Machine(3.2e6, 4e6, 1.0, 0.04, 0.1, 0.2, 0.4)


def respond(machines: list[Machine], load_w: float, seconds: float = 10.0) -> list[float]:
    hz, course = 60.0, []
    for _ in range(round(seconds / 0.02)):
        hz = machine.swing(machines, load_w, hz, 60.0, 0.02)
        course.append(hz)
    return course


def test_half_load_step_stays_in_class_g3() -> None:
    course = respond([diesel()], 1.6e6)
    assert 0.02 < (60.0 - min(course)) / 60.0 < 0.07
    assert max(course) < 60.0 * 1.10
    settled = [abs(hz - 60.0) < 0.005 * 60.0 for hz in course]
    assert all(settled[150:])  # within 0.5 % after 3 s
    assert not all(settled[:25])


def test_load_rejection_stays_in_class_g3() -> None:
    sets = [diesel()]
    respond(sets, 3.2e6)
    course = respond(sets, 0.0)
    assert 60.0 < max(course) < 60.0 * 1.10
    assert course[-1] == pytest.approx(60.0, abs=0.02)


def hold(sets: list[Machine], load_w: float, load_var: float, seconds: float = 4.0) -> float:
    for _ in range(round(seconds / 0.02)):
        parts = excitation.reactive_shares(sets, load_var)
        for one, part in zip(sets, parts, strict=True):
            one.reactive_var = part
        excitation.regulate(sets, load_w, load_var, 0.02)
    return excitation.terminal_pu(sets, load_w, load_var)


def test_voltage_dips_by_the_reactance_and_recovers_to_its_droop() -> None:
    sets = [diesel()]
    dip = excitation.terminal_pu(sets, 1.6e6, 1.2e6)  # 0.4 and 0.3 pu behind X'd = 0.2
    volts = 0.9
    for _ in range(50):  # |V + jX(P - jQ)/V| = E = 1, by iteration
        volts = (1.0 - (0.2 * 0.4 / volts) ** 2) ** 0.5 - 0.2 * 0.3 / volts
    assert dip == pytest.approx(volts, abs=1e-6)
    assert hold(sets, 1.6e6, 1.2e6) == pytest.approx(1.0 - 0.015 * 0.3, abs=1e-3)


def test_reactive_power_is_shared_by_rating_and_droop() -> None:
    sets = [diesel(), Machine(1.6e6, 2e6, 1.0, 0.04, 0.1, 0.2, 0.4)]
    assert excitation.reactive_shares(sets, 3e6) == pytest.approx([2e6, 1e6])
    sets[1].voltage_droop_pu = 0.030
    assert excitation.reactive_shares(sets, 3e6) == pytest.approx([2.4e6, 0.6e6])


def test_a_set_without_field_draws_reactive_power_from_the_other() -> None:
    sets = [diesel(), diesel()]
    sets[1].excited = False
    assert excitation.reactive_shares(sets, 1e6) == pytest.approx([3e6, -2e6])
    assert hold(sets, 2e6, 1e6) == pytest.approx(1.0 - 0.015 * 0.75, abs=2e-3)


def test_more_than_the_field_can_hold_pulls_the_voltage_down() -> None:
    assert hold([diesel()], 8e6, 8e6) < 0.8


def test_a_set_with_droop_settles_below_nominal_by_its_load() -> None:
    sets = [diesel(), diesel()]
    for one in sets:
        one.isochronous = False
    assert respond(sets, 3.2e6, 20.0)[-1] == pytest.approx(60.0 * (1.0 - 0.04 * 0.5), abs=0.01)
    sets[0].reference_pu = 0.6
    assert respond(sets, 3.2e6, 20.0)[-1] == pytest.approx(60.0 * (1.0 - 0.04 * 0.2), abs=0.01)
    assert [m.mechanical_w / 3.2e6 for m in sets] == pytest.approx([0.8, 0.2], abs=0.01)


def test_the_engine_answers_after_its_dead_time() -> None:
    sets = [diesel()]
    sets[0].dead_s = 0.1
    machine.swing(sets, 1.6e6, 60.0, 60.0, 0.1)
    assert sets[0].mechanical_w == 0.0
    machine.swing(sets, 1.6e6, 59.0, 60.0, 0.05)
    assert sets[0].mechanical_w > 0.05e6


def test_a_blown_engine_takes_at_once_only_what_it_can_aspirate() -> None:
    lowest = {}
    for step in (0.45, 0.8):
        for aspirated in (0.5, 1.1):
            sets = [diesel()]
            sets[0].aspirated_pu = aspirated
            lowest[step, aspirated] = min(respond(sets, step * 3.2e6))
    assert lowest[0.45, 0.5] > 0.93 * 60.0
    assert lowest[0.8, 1.1] > 0.93 * 60.0
    assert lowest[0.8, 0.5] < 0.90 * 60.0


def test_a_set_without_fuel_is_dragged_by_the_other() -> None:
    sets = [diesel(), diesel()]
    sets[1].fuelled = False
    respond(sets, 1e6)
    assert sets[1].mechanical_w == pytest.approx(-machine.DRAG_PU * 3.2e6, rel=0.01)
    assert sets[0].mechanical_w == pytest.approx(1e6 + machine.DRAG_PU * 3.2e6, rel=0.01)


@pytest.mark.fault("F49")
def test_a_hunting_governor_swings_its_power_against_the_other() -> None:
    sets = [diesel(), diesel()]
    respond(sets, 3.2e6)
    sets[0].hunting_pu, sets[0].hunting_s = 0.2, 2.0
    course = []
    for _ in range(300):
        machine.swing(sets, 3.2e6, 60.0, 60.0, 0.02)
        course.append(machine.shares(sets, 3.2e6)[0])
    assert 0.3e6 < max(course[100:]) - min(course[100:]) < 2 * 0.2 * 3.2e6 * 1.5


def test_sets_of_different_size_end_up_equally_loaded() -> None:
    sets = [diesel(), Machine(1.6e6, 2e6, 1.0, 0.04, 0.1, 0.2, 0.4)]
    sets[0].mechanical_w, sets[0].reset_pu = 2.4e6, 0.75
    respond(sets, 2.4e6, 20.0)
    loading = [m.mechanical_w / m.power_w for m in sets]
    assert loading == pytest.approx([0.5, 0.5], abs=0.01)


def test_shares_add_up_and_a_step_falls_by_inertia() -> None:
    sets = [diesel(), diesel()]
    sets[0].mechanical_w = 1e6
    parts = machine.shares(sets, 3e6)
    assert parts == pytest.approx([2e6, 1e6])


def test_too_much_load_drags_the_speed_down() -> None:
    assert respond([diesel()], 5e6, 5.0)[-1] < 54.0


@pytest.mark.parametrize("angle", [3.0, 1.0, -0.5, -3.1])
def test_synchroniser_reaches_phase_within_four_seconds(angle: float) -> None:
    sets, hz, t_s = [diesel()], 60.0, 0.0
    while abs(angle) > math.radians(3.0) or abs(hz - 60.0) > 0.19:
        sets[0].sync_hz = machine.pull_in(angle)
        hz = machine.swing(sets, 0.0, hz, 60.0, 0.02)
        angle += 2.0 * math.pi * (hz - 60.0) * 0.02
        t_s += 0.02
        assert t_s < 4.0
