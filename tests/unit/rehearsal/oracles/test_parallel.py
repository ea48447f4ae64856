"""What is joined by us, and what stands joined."""

from __future__ import annotations

import pytest

from daemon.rehearsal.oracles.parallel import Parallel
from tests.unit.rehearsal.oracles.course import Course, happens

OUTAGE = (happens(1, "U-A", "outage"), happens(1, "U-B", "outage"))


@pytest.mark.parametrize("cause", ["command", "own logic"])
def test_transformers_of_low_voltage_are_not_paralleled_by_anybody(cause: str) -> None:
    course = Course(Parallel()).at(1)
    course.operate("52-ACB-TA", "close_in_sync", cause)
    course.at(1.3)
    assert not course.verdict.ok
    assert "TX-S-A1 and TX-S-A2" in course.verdict.detail


def test_a_short_overlap_of_the_primary_transformers_is_allowed_and_a_long_one_is_not() -> None:
    course = Course(Parallel()).at(1)
    course.operate("52-VCB-TIE", "close_in_sync")
    course.at(1.1)
    course.operate("52-VCB-MA", "open")
    assert course.at(2).verdict.ok
    course.operate("52-VCB-MA", "close_in_sync")
    assert not course.at(3).verdict.ok
    assert "TX-P-A and TX-P-B" in course.verdict.detail


@pytest.mark.fault("F38")
@pytest.mark.parametrize("cause", ["command", "own logic"])
def test_two_sets_are_joined_in_step_by_us(cause: str) -> None:
    course = Course(Parallel())
    for id_ in ("DG-1", "DG-2"):
        course.device(id_).order("start")
    course.at(12)
    course.operate("52-GCB-1", "close")
    course.at(13)
    grid, (a, b) = course.plant.grid, course.device("52-GCB-2").buses
    gap = grid.gap(a, b)
    assert gap is not None
    assert not gap.within(), "another angle is needed"
    grid.move(course.device("52-GCB-2").switch, closed=True, cause=cause)
    course.at(13.1)
    assert course.verdict.ok is (cause != "command")


@pytest.mark.fault("F35")
def test_voltage_is_not_brought_to_a_bus_with_a_standing_fault() -> None:
    course = Course(Parallel(), happens(1, "52-VCB-MA", "trip")).at(2)
    assert course.verdict.ok
    course.operate("52-VCB-TIE", "close")
    assert "52-VCB-TIE brought voltage to the bus that 52-VCB-MA" in course.at(3).verdict.detail


@pytest.mark.fault("F35")
def test_the_fault_of_a_transformer_is_none_of_the_bus() -> None:
    course = Course(Parallel(), happens(1, "TX-P-A", "trip_87t")).at(2)
    course.operate("52-VCB-TIE", "close")
    assert course.at(3).verdict.ok


def test_voltage_is_not_brought_to_an_earthed_line() -> None:
    course = Course(Parallel(), happens(2, "ES-UB", "earth")).at(1)
    course.operate("52-GCB-UB", "open")
    course.at(9)
    assert course.verdict.ok
    course.operate("52-GCB-UB", "close")
    assert "the line that ES-UB earths" in course.at(10).verdict.detail


def test_a_dead_utility_is_not_fed_by_us() -> None:
    course = Course(Parallel(), *OUTAGE)
    course.device("CCTS-1").selector = "manual"  # it would open the main
    course.device("DG-1").order("start")
    course.at(12)
    for breaker in ("52-VCB-MB", "52-VCB-SA1", "52-VCB-SA2", "52-VCB-HA", "52-VCB-PB"):
        course.operate(breaker, "open")
    course.at(12.5)
    course.operate("52-GCB-1", "close")
    course.at(13)
    course.operate("52-VCB-GA", "close")
    assert course.at(20).verdict.ok, course.verdict.detail
    course.operate("52-VCB-IN", "close")
    assert "U-A, which is dead" in course.at(21).verdict.detail


def ordered(course: Course, id_: str, action: str) -> None:
    """Give an order as the daemon does."""
    states = course.plant.site.equipment[id_].kind.points["command"].states
    code = float(states.index(action))
    taken = course.plant.write(id_, "command", code)
    course.oracle.wrote(course.plant.now_ns, id_, "command", code, taken=taken)


def test_nobody_brings_voltage_to_where_people_are_once_that_can_be_known() -> None:
    struck = happens(1, "CCTS-1", "emergency_off")
    course = Course(Parallel(), struck).at(2)
    course.device("ESS-1").act("grid_forming")  # by itself
    assert course.at(3).verdict.ok
    course.device("ESS-1").act("stop")
    course.at(3.5)
    ordered(course, "ESS-1", "grid_forming")
    assert "ESS-1 brought voltage to the board of CCTS-1" in course.at(4).verdict.detail


@pytest.mark.parametrize(("at_s", "ok"), [(1.2, True), (2.0, False)])
def test_what_people_have_at_its_panel_does_not_come_up_by_an_order(at_s: float, ok: bool) -> None:
    course = Course(Parallel(), happens(1, "UPS-A", "maintenance")).at(at_s)
    ordered(course, "UPS-A", "to_inverter")
    assert course.at(at_s + 0.2).verdict.ok is ok


def test_two_contacts_that_meet_on_a_dead_bus_at_once_join_what_is_out_of_step() -> None:
    course = Course(Parallel())
    for id_ in ("DG-1", "DG-2"):
        course.device(id_).excite()
    course.at(0.5)
    course.operate("52-GCB-1", "close", "own logic")
    course.operate("52-GCB-2", "close")
    assert "52-GCB-1 and 52-GCB-2 joined DG-1 and DG-2 at once" in course.at(0.7).verdict.detail
