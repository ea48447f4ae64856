"""Rows: jobs that start and stop, surges, and the smoothing profile that shapes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from device_emulators.faults.instruments import Instruments
from device_emulators.plant.jobs import IDLE_PU, WAIT_PU
from device_emulators.plant.plant import Plant
from device_emulators.plant.training import Training
from device_emulators.plant.workload import Steady
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from daemon.model.plant import Equipment

RATING = 130e3


def hall(
    emulation: Mapping[str, Mapping[str, float]] | None = None, row: Equipment | None = None
) -> Plant:
    """Return two rows of two racks on one converter."""
    rack = {"power_w": RATING, "battery_wh": 3250.0, "supercap_j": 20e3}
    return Plant(
        site(
            {"G": 6600.0, "D": 800.0},
            [
                item("U", "utility", "G", **MAINS),
                item("H", "hvdc", "G D", power_w=2e6, modules_count=4.0),
                row or item("ROW-1", "rack_row", "", power_w=2 * RATING),
                item("ROW-2", "rack_row", "", power_w=2 * RATING),
                *(item(f"K{r}{n}", "ai_rack", "D D", group=f"ROW-{r}", **rack)
                  for r in (1, 2) for n in (1, 2)),
            ],
            dc="D",
            emulation=emulation,
        ),
        workload=Steady(0.9),
    )  # fmt: skip


def level(plant: Plant, row: str = "ROW-1") -> float:
    """Return the power of a row by its rating."""
    return plant.read(row, "power_w") / (2 * RATING)


def course(plant: Plant, for_s: float, step_s: float = 0.1) -> NDArray[np.float64]:
    """Return the power of the first row by its rating, every `step_s`."""
    found = []
    for _ in range(round(for_s / step_s)):
        plant.advance(plant.now_ns + round(step_s * S))
        found.append(level(plant))
    return np.array(found)


def test_a_row_can_begin_with_part_of_its_work() -> None:
    plant = hall({"ROW-1": {"utilisation_pu": 0.0}})
    assert level(plant) == pytest.approx(IDLE_PU)
    plant.advance(S)
    assert level(plant) == pytest.approx(IDLE_PU)
    assert level(plant, "ROW-2") == pytest.approx(0.9)


def test_jobs_start_wait_and_stop_on_one_row_only() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0}})
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("ROW-1", "job_start", {"utilisation_pu": 1.0})
    hand.run(1.15)
    assert level(plant) > 0.85
    swing = np.ptp(course(plant, Training().step_s))
    assert swing == pytest.approx(Training().compute_pu - Training().communicate_pu, rel=0.15)
    plant.inject("ROW-1", "checkpoint", {"for_s": 3.0})
    assert course(plant, 2.9)[5:] == pytest.approx(WAIT_PU, rel=1e-6)
    assert course(plant, 1.0)[-1] > 0.7
    plant.inject("ROW-1", "job_stop", {})
    plant.advance(plant.now_ns + S)
    assert level(plant) == pytest.approx(IDLE_PU, rel=1e-3)
    assert level(plant, "ROW-2") == pytest.approx(IDLE_PU)
    plant.inject("any", "clear", {})
    plant.advance(plant.now_ns + S)
    assert level(plant) == pytest.approx(IDLE_PU, rel=1e-3)  # what the site file says


def test_what_a_job_draws_follows_from_the_model_of_its_row() -> None:
    mean = {}
    for name, said in (
        ("dense", {}),
        ("sparse", {"parameters_count": 1.4e12, "active_pu": 0.125, "communication_pu": 0.25}),
        ("coarse", {"precision_bits": 4.0, "operations_pu": 0.335 / 2}),
        ("few", {"accelerators_count": 68.0}),
    ):
        plant = hall({"rack_row": {"utilisation_pu": 0.0, **said}})
        plant.inject("ROW-1", "job_start", {"utilisation_pu": 1.0})
        mean[name] = float(course(plant, 2 * Training().step_s).mean())
    assert mean["sparse"] < 0.98 * mean["dense"]  # it waits for others more often
    assert mean["coarse"] < 0.95 * mean["dense"]  # the same operations, cheaper
    assert mean["few"] == pytest.approx(0.5 * mean["dense"], rel=0.01)


def test_answers_draw_in_bursts() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0}})
    plant.inject("ROW-1", "inference_start", {"utilisation_pu": 1.0})
    shown = course(plant, 30.0)
    assert WAIT_PU - 0.01 <= shown.min() < shown.max() <= 1.0
    assert np.ptp(shown) > 0.1


@pytest.mark.fault("F55")
def test_a_surge_of_100_kw_per_rack_comes_within_a_tenth_of_a_second() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0}})
    plant.advance(S)
    before_w = plant.read("K11", "power_w")
    plant.inject("ROW-1", "surge", {"by_w": 105e3, "for_s": 5.0})
    plant.advance(S + S // 10)
    assert plant.read("K11", "power_w") - before_w > 100e3
    plant.advance(7 * S)
    assert plant.read("K11", "power_w") == pytest.approx(before_w, rel=1e-3)


def test_a_single_rack_can_surge() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0}})
    before_w = plant.read("K11", "power_w")
    plant.inject("K12", "surge", {"by_w": 50e3, "for_s": 60.0})
    plant.advance(S)
    assert plant.read("K11", "power_w") == pytest.approx(before_w, rel=1e-6)
    assert plant.read("K12", "power_w") == pytest.approx(before_w + 50e3, rel=1e-3)
    plant.inject("K12", "clear", {})
    plant.advance(2 * S)
    assert plant.read("K12", "power_w") == pytest.approx(before_w, rel=1e-3)


@pytest.mark.fault("F55")
def test_the_profile_of_a_row_limits_a_surge_both_ways() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0}})
    plant.write("ROW-1", "ramp_limit_w_s", 40e3)  # 20 kW/s a rack
    plant.advance(S)
    plant.inject("ROW-1", "surge", {"by_w": 100e3, "for_s": 20.0})
    rise = course(plant, 8.0)
    assert np.diff(rise).max() <= 0.1 * 40e3 / (2 * RATING) * 1.01
    assert rise[-1] == pytest.approx(IDLE_PU + 100e3 / RATING, rel=1e-3)
    plant.advance(21 * S)
    fall = course(plant, 3.0)
    assert np.diff(fall).min() >= -0.1 * 40e3 / (2 * RATING) * 1.01
    burnt = fall[-1] - IDLE_PU
    assert burnt > 0.2  # what the work does not need any more is burnt
    assert plant.quantity("ROW-1", "burnt_w") == pytest.approx(burnt * 2 * RATING, rel=1e-3)
    assert plant.quantity("ROW-2", "burnt_w") == 0.0


def test_a_row_may_fall_at_another_rate_than_it_rises() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0, "ramp_down_pu": 0.5}})
    plant.write("ROW-1", "ramp_limit_w_s", 40e3)
    plant.inject("ROW-1", "surge", {"by_w": 100e3, "for_s": 10.0})
    plant.advance(10 * S)
    fall = course(plant, 2.0)
    assert np.diff(fall)[2:] == pytest.approx(-0.1 * 20e3 / (2 * RATING), rel=0.01)


def test_the_floor_is_kept_for_a_while_after_the_job_and_then_left_by_the_ramp() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0, "hysteresis_s": 4.0}})
    plant.inject("ROW-1", "job_start", {"utilisation_pu": 1.0})
    plant.write("ROW-1", "smoothing_floor_pu", 0.8)
    plant.write("ROW-1", "ramp_limit_w_s", 40e3)
    plant.advance(20 * S)
    assert course(plant, 2 * Training().step_s).min() >= 0.8 - 1e-3  # communicating as well
    plant.inject("ROW-1", "job_stop", {})
    kept = course(plant, 3.9)
    assert kept.min() >= 0.8 - 1e-3
    left = course(plant, 5.0)
    assert left[0] < 0.8 + 1e-3
    slope = np.diff(left[5:35])
    assert slope == pytest.approx(-0.1 * 40e3 / (2 * RATING), rel=0.01)


def test_nobody_rises_to_the_floor_of_a_job_that_has_gone() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0, "hysteresis_s": 20.0}})
    plant.write("ROW-1", "smoothing_floor_pu", 0.8)
    plant.write("ROW-1", "ramp_limit_w_s", 40e3)
    plant.inject("ROW-1", "surge", {"by_w": 100e3, "for_s": 2.0})
    rising = course(plant, 2.0)
    after = course(plant, 2.0)
    assert rising[-1] < 0.6
    assert after.max() <= rising[-1] + 2e-3


def test_a_cap_breaks_the_floor_and_the_ramp() -> None:
    plant = hall()
    plant.write("ROW-1", "smoothing_floor_pu", 0.8)
    plant.write("ROW-1", "ramp_limit_w_s", 1e3)
    plant.advance(S)
    plant.write("ROW-1", "power_cap_pu", 0.45)
    plant.advance(2 * S)
    assert level(plant) == pytest.approx(0.45, rel=1e-3)


def test_an_orderly_shutdown_breaks_the_floor_and_the_ramp() -> None:
    plant = hall()
    hand = Hand(plant)
    plant.write("ROW-1", "smoothing_floor_pu", 0.8)
    plant.write("ROW-1", "ramp_limit_w_s", 1e3)
    hand.run(1.0)
    hand.command("ROW-1", "shutdown")
    hand.run(12.0)
    assert level(plant) == pytest.approx(0.3, rel=0.02)


def test_training_is_resolved_in_quiet_steps() -> None:
    plant = hall({"rack_row": {"utilisation_pu": 0.0}})
    plant.inject("ROW-1", "job_start", {"utilisation_pu": 1.0})
    plant.advance(5 * S)
    solves = plant.grid.solves
    shown = course(plant, 2 * Training().step_s)
    assert plant.grid.solves - solves >= 5 * 2 * Training().step_s
    asked = Training().level_pu(np.linspace(5.1, 5.0 + 0.1 * len(shown), len(shown)))
    # only the edges, 0.1 s long, are not met at once
    assert (np.abs(shown - asked) < 0.01).mean() > 0.95
    assert np.ptp(shown) == pytest.approx(np.ptp(asked), rel=0.02)


@pytest.mark.fault("F29")
def test_a_row_that_ignores_its_cap_says_yes_and_goes_on() -> None:
    plant = Instruments(hall())
    plant.advance(S)
    plant.inject("ROW-1", "ignore_writes", {})
    assert plant.write("ROW-1", "power_cap_pu", 0.45)
    plant.advance(3 * S)
    assert plant.quantity("ROW-1", "power_w") == pytest.approx(0.9 * 2 * RATING, rel=1e-3)
    plant.inject("ROW-1", "clear", {})
    assert plant.write("ROW-1", "power_cap_pu", 0.45)
    plant.advance(5 * S)
    assert plant.quantity("ROW-1", "power_w") == pytest.approx(0.45 * 2 * RATING, rel=1e-3)


def test_a_row_without_racks_takes_events_in_silence() -> None:
    plant = Plant(
        site({"G": 6600.0}, [item("U", "utility", "G", **MAINS), item("ROW", "rack_row", "")])
    )
    for event, values in (
        ("job_start", {"utilisation_pu": 1.0}),
        ("job_stop", {}),
        ("checkpoint", {"for_s": 1.0}),
        ("surge", {"by_w": 1.0, "for_s": 1.0}),
        ("clear", {}),
    ):
        plant.inject("ROW", event, values)
    plant.advance(S)
    assert plant.quantity("ROW", "burnt_w") == 0.0


@pytest.mark.fault("F62")
@pytest.mark.parametrize(("ramp_w_s", "kept_w_s"), [(40e3, 1e3), (0.5e3, 0.5e3), (0.0, 0.0)])
def test_a_row_that_misses_the_daemon_keeps_a_slower_ramp_until_it_is_told_another(
    ramp_w_s: float, kept_w_s: float
) -> None:
    row = item("ROW-1", "rack_row", "", watchdog_s=3.0, power_w=2 * RATING)
    assert row.device is not None
    object.__setattr__(row.device, "fallback", "hold")
    object.__setattr__(row.device, "fallback_ramp_w_s", 1e3)
    plant = hall(row=row)
    hand = Hand(plant)
    plant.write("ROW-1", "ramp_limit_w_s", ramp_w_s)
    hand.run(2.0)
    assert plant.read("ROW-1", "ramp_limit_w_s") == ramp_w_s
    hand.run(6.0, beat=False)
    assert plant.read("ROW-1", "ramp_limit_w_s") == kept_w_s
    plant.inject("ROW-1", "job_stop", {})
    before_w = plant.read("ROW-1", "power_w")
    hand.run(16.0, beat=False)
    fallen_w = before_w - plant.read("ROW-1", "power_w")
    assert fallen_w == pytest.approx(10 * kept_w_s, rel=0.1) or not kept_w_s
    hand.run(17.0)
    plant.write("ROW-1", "ramp_limit_w_s", 30e3)
    hand.run(22.0)
    assert plant.read("ROW-1", "ramp_limit_w_s") == 30e3
