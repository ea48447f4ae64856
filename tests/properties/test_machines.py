"""Laws of generating sets: every class keeps its limits, sets share, no energy from nowhere."""

from __future__ import annotations

import math
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from device_emulators.plant import excitation, machine
from device_emulators.plant.machine import Machine
from device_emulators.plant.performance import CLASSES
from tests.properties import examples

# ISO 8528-5: dip and rise of frequency, dip and rise of voltage, steady bands [pu]; times [s].
# A class without a limit of its own is held to what the next lower knows of it.
LIMITS = {
    1: (0.15, 0.18, 0.25, 0.35, 0.025, 0.05, 10.0, 10.0),
    2: (0.10, 0.12, 0.20, 0.25, 0.015, 0.025, 5.0, 6.0),
    3: (0.07, 0.10, 0.15, 0.20, 0.005, 0.010, 3.0, 4.0),
}
RATED_W, RATED_VA = 3.2e6, 4e6
STEP_S = 0.02


def sets_of(number: int, count: int, loading_pu: float) -> list[Machine]:
    """Return settled sets of a class."""
    tuned = asdict(CLASSES[number])
    del tuned["load_step_pu"]
    found = [
        Machine(RATED_W, RATED_VA, inertia_s=1.0, droop_pu=0.04, **tuned) for _ in range(count)
    ]
    for one in found:
        one.start()
        one.take(loading_pu)
    return found


def regulate(sets: list[Machine], load_w: float, load_var: float, dt_s: float) -> float:
    """Let the regulators move and return the voltage [pu]."""
    for one, part in zip(sets, excitation.reactive_shares(sets, load_var), strict=True):
        one.reactive_var = part
    excitation.regulate(sets, load_w, load_var, dt_s)
    return excitation.terminal_pu(sets, load_w, load_var)


def respond(
    sets: list[Machine], before_pu: float, after_pu: float, power_factor: float
) -> tuple[list[float], list[float]]:
    """Return frequency and voltage [pu] for 12 s after a step of load."""
    rated_w = RATED_W * len(sets)
    reactive = math.tan(math.acos(power_factor))
    for _ in range(200):
        regulate(sets, before_pu * rated_w, before_pu * rated_w * reactive, 0.05)
    load_w, hz = after_pu * rated_w, 60.0
    course, volts = [1.0], [excitation.terminal_pu(sets, load_w, load_w * reactive)]
    for _ in range(round(12.0 / STEP_S)):
        hz = machine.swing(sets, load_w, hz, 60.0, STEP_S)
        course.append(hz / 60.0)
        volts.append(regulate(sets, load_w, load_w * reactive, STEP_S))
    return course, volts


def recovered_s(course: list[float], band_pu: float) -> float:
    """Return when a course has come into its band about 1 for good [s]."""
    outside = [k for k, value in enumerate(course) if abs(value - 1.0) > band_pu]
    return (outside[-1] + 1) * STEP_S if outside else 0.0


@given(
    st.sampled_from(sorted(CLASSES)),
    st.integers(1, 4),
    st.floats(0.0, 1.0),
    st.floats(-1.0, 1.0),
    st.floats(0.8, 1.0),
)
@examples(25)
def test_a_step_that_the_class_allows_stays_within_its_limits(
    number: int, count: int, begin: float, size: float, power_factor: float
) -> None:
    dip, rise, volt_dip, volt_rise, band, volt_band, within_s, volts_within_s = LIMITS[number]
    most = CLASSES[number].load_step_pu
    if size >= 0.0:  # taking load: a step the class allows, from any load it leaves room for
        after = begin * (1.0 - most) + size * most
        before = begin * (1.0 - most)
    else:  # losing load: any step
        before, after = begin, begin * (1.0 + size)
    course, volts = respond(sets_of(number, count, before), before, after, power_factor)
    assert 1.0 - min(course) <= dip
    assert max(course) - 1.0 <= rise
    assert recovered_s(course, band) <= within_s
    assert 1.0 - min(volts) <= volt_dip
    assert max(volts) - 1.0 <= volt_rise
    assert recovered_s(volts, volt_band) <= volts_within_s


def test_the_limits_can_be_missed() -> None:
    course, _ = respond(sets_of(3, 1, 0.0), 0.0, 0.9, 0.8)
    assert 1.0 - min(course) > LIMITS[3][0]
    course, _ = respond(sets_of(1, 1, 0.0), 0.0, CLASSES[1].load_step_pu, 0.8)
    assert 1.0 - min(course) > LIMITS[3][0]


@given(
    st.lists(st.sampled_from([0.5e6, 1e6, 2e6, 3.2e6]), min_size=1, max_size=4),
    st.floats(0.0, 0.5),
    st.booleans(),
)
@examples(15)
def test_sets_of_any_sizes_end_evenly_loaded_with_or_without_a_sharing_line(
    sizes: list[float], load_pu: float, isochronous: bool
) -> None:
    tuned = asdict(CLASSES[3])
    del tuned["load_step_pu"]
    sets = [
        Machine(size, size / 0.8, inertia_s=1.0, droop_pu=0.04, isochronous=isochronous, **tuned)
        for size in sizes
    ]
    load_w, hz = load_pu * sum(sizes), 60.0
    for _ in range(1500):
        hz = machine.swing(sets, load_w, hz, 60.0, STEP_S)
    wanted = 60.0 if isochronous else 60.0 * (1.0 - 0.04 * load_pu)
    assert abs(hz - wanted) < 0.01
    assert all(abs(one.mechanical_w / one.power_w - load_pu) < 0.01 for one in sets)


@given(st.lists(st.floats(-0.3, 1.1), min_size=1, max_size=4), st.floats(0.0, 4e6))
@examples(50)
def test_shares_of_active_and_reactive_power_add_up(given_pu: list[float], load: float) -> None:
    sets = sets_of(3, len(given_pu), 0.0)
    for one, loading in zip(sets, given_pu, strict=True):
        one.mechanical_w = loading * one.power_w
        one.excited = loading > 0.0
    assert abs(sum(machine.shares(sets, load)) - load) < 1e-6
    assert abs(sum(excitation.reactive_shares(sets, load)) - load) < 1e-6


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.001, 0.3)), min_size=1, max_size=20))
@examples(25)
def test_what_shafts_give_and_loads_take_is_the_change_of_the_turning_energy(
    course: list[tuple[float, float]],
) -> None:
    sets, hz = sets_of(3, 2, 0.3), 60.0
    stored_j = 2.0 * sum(one.inertia_s * one.power_va for one in sets)
    for load_pu, dt_s in course:
        load_w = load_pu * 2 * RATED_W
        parts = math.ceil(dt_s / machine.STEP_S)
        for _ in range(parts):
            before = hz
            hz = machine.swing(sets, load_w, hz, 60.0, dt_s / parts)
            surplus_w = sum(one.mechanical_w for one in sets) - load_w
            assert abs((hz - before) / 60.0 * stored_j - surplus_w * dt_s / parts) < 1e-3 * RATED_W
