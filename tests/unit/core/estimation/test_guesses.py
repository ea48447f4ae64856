"""What nothing measures is guessed: powers by set-points, voltages and taps by what is usual."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.model.quality import Quality
from daemon.runtime.estimated import solved
from tests.unit.core.estimation.picture import Picture

SILENT = ("SMR-1", "52-GCB-SMR", "M-HV", "M-UA", "52-GCB-UA", "52-VCB-IN")
POWER_W = -1.5e6


def smr(picture: Picture) -> tuple[float, float, bool]:
    """Return the power of the reactor with its deviation [W], and whether instruments tell it."""
    images = [picture.view().image for _ in range(3)]
    estimate, _ = solved(images, picture.site, picture.points)
    number = list(picture.site.equipment).index("SMR-1")
    assert estimate.fit is not None
    told = bool(estimate.fit.power_observable[number])
    return float(estimate.power_w[number]), float(estimate.power_sigma_w[number]), told


def silenced() -> Picture:
    picture = Picture()
    for point in picture.points.points:
        measures = point.spec.unit in {"w", "var", "a"} and point.spec.name != "power_setpoint_w"
        if measures and point.equipment in SILENT:
            picture.quality[point.index] = Quality.BAD_NO_COMMUNICATION
    picture.shown[picture.points.index("SMR-1", "power_setpoint_w")] = POWER_W
    return picture


def test_the_set_point_of_who_follows_it_tells_a_power_and_stays_a_guess() -> None:
    picture = silenced()
    rated_va = picture.site.equipment["SMR-1"].ratings["power_va"]
    power_w, sigma_w, told = smr(picture)
    assert power_w == pytest.approx(POWER_W, rel=0.05)
    assert sigma_w == pytest.approx(0.12 * rated_va, rel=0.1)
    assert not told


def test_who_is_tripped_or_silent_is_not_at_its_set_point() -> None:
    stages = silenced().site.equipment["SMR-1"].kind.points["stage"].states
    for way in ("tripped", "silent", "no number"):
        picture = silenced()
        stage = picture.points.index("SMR-1", "stage")
        wanted = picture.points.index("SMR-1", "power_setpoint_w")
        if way == "tripped":
            picture.shown[stage] = float(stages.index("house_load"))
        elif way == "silent":
            picture.quality[wanted] = Quality.BAD_NO_COMMUNICATION
        else:
            picture.shown[wanted] = np.nan
        _, sigma_w, told = smr(picture)
        assert sigma_w > 0.5e6, way
        assert not told


def test_an_island_of_which_no_voltage_is_known_is_solved_near_nominal_and_said_to_be_a_guess() -> (
    None
):
    picture = Picture()
    buses = {b.id for b in picture.site.buses.values() if b.kind == "dc" and b.voltage_v > 100.0}
    for point in picture.points.points:
        at = set(picture.site.equipment[point.equipment].buses)
        if point.spec.name == "tap_count" or (point.spec.unit in {"v", "a"} and at & buses):
            picture.quality[point.index] = Quality.BAD_NO_COMMUNICATION
    images = [picture.view().image for _ in range(3)]
    estimate, _ = solved(images, picture.site, picture.points)
    assert estimate.fit is not None
    live = {bus for bus, on in zip(picture.site.buses, estimate.fit.energised, strict=True) if on}
    for number, bus in enumerate(picture.site.buses):
        if bus in buses & live:
            assert estimate.bus_voltage_pu[number] == pytest.approx(1.0, abs=0.05)
            assert not estimate.fit.bus_observable[number]
        elif bus in live:
            assert estimate.fit.bus_observable[number]
    tapped = list(picture.site.equipment).index("TX-P-A")
    assert estimate.fit.power_observable[tapped]
