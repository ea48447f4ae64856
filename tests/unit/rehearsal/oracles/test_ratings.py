"""Ratings and charges."""

from __future__ import annotations

from dataclasses import replace

from daemon.rehearsal.oracles.ratings import Ratings
from tests.unit.rehearsal.oracles.course import Course, site_file


def rated(id_: str, **ratings: float) -> Course:
    """Return a course of the hall in which one piece of equipment has other ratings."""
    found = site_file()
    item = found.site.equipment[id_]
    smaller = replace(item, ratings={**item.ratings, **ratings})
    site = replace(found.site, equipment={**found.site.equipment, id_: smaller})
    return Course(Ratings(), found=replace(found, site=site))


def test_the_hall_is_within_its_ratings() -> None:
    assert Course(Ratings()).at(5).verdict.ok


def test_a_feed_carries_three_tenths_more_for_a_minute_and_no_longer() -> None:
    course = rated("U-A", power_va=3e6)
    assert course.at(55).verdict.ok
    found = course.at(65).verdict
    assert "U-A above 1.3 of its rating" in found.detail
    assert found.value is not None
    assert found.value > 1.3


def test_a_ups_too_small_helps_itself_before_it_is_too_long_above_its_rating() -> None:
    course = rated("UPS-A", power_w=0.36e6)
    assert course.at(55).device("UPS-A").stage == "normal"
    assert course.at(65).verdict.ok
    assert course.device("UPS-A").stage == "static_bypass"


def test_a_breaker_is_judged_by_its_current() -> None:
    course = rated("52-VCB-HA", current_a=100.0)
    assert course.at(25).verdict.ok
    assert "52-VCB-HA above 1.5" in course.at(35).verdict.detail


def test_a_store_is_never_more_than_full() -> None:
    course = Course(Ratings()).at(1)
    battery = course.device("UPS-A").battery
    battery.soc_pu = 1.2
    assert "charge of UPS-A" in course.at(2).verdict.detail


def test_a_flywheel_may_turn_slower_than_it_can_be_used() -> None:
    course = Course(Ratings()).at(1)
    wheel = course.device("UPS-B").flywheel
    wheel.energy_j = -0.01 * wheel.capacity_j
    assert course.at(2).verdict.ok


def test_a_rack_is_never_less_than_empty() -> None:
    course = Course(Ratings()).at(1)
    racks = course.plant.grid.racks
    assert racks is not None
    racks.capacity_j[3] = 0.5 * racks.energy_j[3]
    course.oracle.look(course.plant.now_ns + 10**9)
    assert "charge of RACK-1-4" in course.verdict.detail
