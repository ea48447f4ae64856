"""Machines: response to a load step, sharing, synchroniser."""

from __future__ import annotations

import math

import pytest

from device_emulators.plant import machine
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


def test_voltage_dips_and_recovers() -> None:
    sets = [diesel()]
    dip = machine.terminal_pu(sets, 2e6)
    assert 0.85 < dip < 0.95
    for _ in range(200):
        machine.regulate(sets, 2e6, 0.02)
    assert machine.terminal_pu(sets, 2e6) == pytest.approx(1.0, abs=0.001)


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
