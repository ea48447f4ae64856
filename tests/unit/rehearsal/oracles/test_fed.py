"""Who is unfed, and whether that could be helped."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import pytest

from daemon.rehearsal.oracles.fed import Fed
from tests.unit.rehearsal.oracles.course import Course, happens

OUTAGE = (happens(1, "U-A", "outage"), happens(1, "U-B", "outage"))
RETURN = (happens(5, "U-A", "return"), happens(5, "U-B", "return"))
SETS = ("DG-1", "DG-2", "DG-3", "DG-4")
NO_SETS = tuple(happens(0.5, id_, "no_start") for id_ in SETS)


def alone(course: Course) -> Course:
    """Keep the board from helping itself, as a daemon's heartbeat would."""
    course.device("CCTS-1").selector = "manual"
    for id_ in SETS:
        course.device(id_).selector = "auto"
    return course


def emptied(course: Course, soc_pu: float) -> Course:
    racks = course.plant.grid.racks
    assert racks is not None
    racks.energy_j[:] = soc_pu * racks.capacity_j
    return course


def test_the_hall_feeds_its_loads() -> None:
    found = Course(Fed()).at(5).verdict
    assert found.ok
    assert found.value == 0.0


def test_without_a_fault_no_load_may_be_cut() -> None:
    course = Course(Fed()).at(1)
    for breaker in ("52-MCCB-SA1", "52-MCCB-SB1"):
        course.operate(breaker, "open")
    found = course.at(2).verdict
    assert found.detail == "SR-1: unfed without any fault"


def test_racks_that_could_have_been_shut_down_in_order_must_not_be_cut() -> None:
    course = emptied(alone(Course(Fed(), *NO_SETS, *OUTAGE)), 0.5).at(90)
    assert ": cut while it ran" in course.verdict.detail


def test_racks_without_energy_for_that_may_be_cut_when_no_source_is_left() -> None:
    course = emptied(alone(Course(Fed(), *NO_SETS, *OUTAGE)), 0.1).at(60)
    assert course.device("RACK-1-1").read("stage") == 4.0, "lost"
    found = course.verdict
    assert found.ok, found.detail
    assert found.value is not None
    assert found.value > 0.0


def test_sides_are_not_forgotten_while_sets_could_feed_them() -> None:
    course = alone(Course(Fed(), *OUTAGE))
    assert course.at(20).verdict.ok, course.verdict.detail
    found = course.at(50).verdict
    assert "although sets could feed it" in found.detail


def test_sides_are_not_forgotten_while_the_utility_is_back() -> None:
    course = alone(Course(Fed(), *NO_SETS, *OUTAGE, *RETURN))
    assert course.at(30).verdict.ok, course.verdict.detail
    assert "although the utility could feed it" in course.at(70).verdict.detail


@pytest.mark.fault("F35")
def test_a_side_behind_a_locked_out_breaker_waits_for_a_person() -> None:
    course = alone(Course(Fed(), happens(1, "52-VCB-MA", "trip")))
    assert course.at(80).verdict.ok, course.verdict.detail


@pytest.mark.fault("F33")
def test_a_side_that_cannot_be_parted_from_its_main_is_given_to_no_set() -> None:
    stuck = happens(0.5, "52-VCB-MA", "fail_to_open")
    course = alone(Course(Fed(), stuck, *OUTAGE)).at(65)
    assert course.verdict.detail.startswith("UPS-B: unfed although sets"), course.verdict.detail


def test_nothing_is_asked_of_a_daemon_that_is_blind() -> None:
    blind = happens(0.5, "GW-MVA", "hang")
    course = alone(Course(Fed(), blind, *NO_SETS, *OUTAGE, *RETURN))
    assert course.at(70).verdict.ok, course.verdict.detail


@pytest.mark.parametrize(
    "blind",
    [
        (happens(0.5, "GW-ROW1", "hang"),),
        (happens(0.5, "GW-MVA", "hang"), happens(6, "GW-MVA", "heal")),
        (happens(0.5, "daemon", "pause", for_s=5.0),),
    ],
)
def test_blindness_elsewhere_or_long_ago_is_no_excuse(blind: tuple[dict[str, Any], ...]) -> None:
    happenings = sorted((*blind, *NO_SETS, *OUTAGE, *RETURN), key=itemgetter("at_s"))
    course = alone(Course(Fed(), *happenings))
    assert course.at(30).verdict.ok, course.verdict.detail
    assert "although the utility could feed it" in course.at(75).verdict.detail


def test_racks_that_lasted_beside_weak_converters_could_have_been_shut_down_in_order() -> None:
    """Their batteries are too small for that at full load, and give a part of it for long."""
    weak = happens(1, "HVDC-B", "module_loss", modules_count=3.0)
    course = emptied(alone(Course(Fed(), happens(0.5, "HVDC-A", "pole_fault"), weak)), 0.2)
    for row in course.plant.site.of_nature("rack_row"):
        course.device(row.id).settings["shutdown_s"] = 20.0
    assert ": cut while it ran" in course.at(60).verdict.detail
