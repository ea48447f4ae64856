"""The first estimate says what is measured, and how good that is."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.step import Step
from daemon.model.estimate import NO_POINT, Estimate
from daemon.model.quality import Quality
from tests.main_lane import Lane


def estimate(hall: Lane) -> Estimate:
    done: Step = hall.scan()
    assert done.estimate is not None
    return done.estimate


def bus(hall: Lane, name: str) -> int:
    return list(hall.site.buses).index(name)


def equipment(hall: Lane, name: str) -> int:
    return list(hall.site.equipment).index(name)


def test_every_bus_of_a_healthy_hall_is_live_at_its_nominal_voltage() -> None:
    hall = Lane()
    got = estimate(hall)
    seen = got.bus_point != NO_POINT
    live = got.bus_live
    assert live[bus(hall, "MVA")]
    assert live[bus(hall, "DCB")]
    assert np.allclose(got.bus_voltage_pu[seen & live], 1.0)
    assert got.method == "pass_through"
    assert np.isnan(got.bus_voltage_sigma_pu).all()


def test_the_best_good_measurement_is_taken_and_named() -> None:
    hall = Lane()
    hall.put("R-MVA.voltage_ll_v", 0.93 * 6600)
    here = bus(hall, "MVA")
    first = estimate(hall)
    assert first.bus_voltage_pu[here] == pytest.approx(1.0)
    hall.spoil(*hall.behind("GW-MVA"))
    hall.put("R-MVA.voltage_ll_v", 0.93 * 6600)
    second = estimate(hall)
    names = [hall.points.points[e.bus_point[here]].id for e in (first, second)]
    assert names[0] != names[1]
    assert second.bus_quality[here] == Quality.GOOD


def test_a_bus_that_nobody_sees_is_bad_and_not_live() -> None:
    hall = Lane()
    hall.spoil(*hall.site.equipment)
    got = estimate(hall)
    assert not got.bus_live.any()
    assert (got.bus_quality >> 30 >= 1).all()
    assert (got.power_quality >> 30 >= 2).all()


def test_a_dead_bus_shows_zero() -> None:
    hall = Lane()
    hall.lose_utility()
    hall.put("R-MVA.voltage_ll_v", 12.0)
    got = estimate(hall)
    here = bus(hall, "MVA")
    assert (got.bus_voltage_pu[here], got.bus_frequency_hz[here]) == (0.0, 0.0)
    assert not got.bus_live[here]


def test_power_is_what_the_device_of_the_equipment_reports() -> None:
    hall = Lane()
    hall.put("ROW-3.power_w", 0.7e6)
    got = estimate(hall)
    assert got.power_w[equipment(hall, "ROW-3")] == 0.7e6
    hall.spoil("ROW-3")
    got = estimate(hall)
    assert got.power_quality[equipment(hall, "ROW-3")] == Quality.BAD_TIMEOUT
    assert got.power_point[equipment(hall, "ROW-3")] == hall.points.index("ROW-3", "power_w")
