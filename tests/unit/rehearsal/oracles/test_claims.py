"""Whether an alarm says what is so."""

from __future__ import annotations

import pytest

from daemon.rehearsal.oracles.unexplained import Unexplained
from device_emulators.plant.racks import OFF
from tests.unit.rehearsal.oracles.course import Course, happens


@pytest.mark.parametrize("fed", [True, False])
def test_a_row_that_only_storage_carries_is_on_storage_though_its_batteries_rest(fed: bool) -> None:
    course = Course(Unexplained()).at(1)
    racks = course.plant.grid.racks
    assert racks is not None
    course.operate("72-TIE", "close")
    course.at(2)
    for breaker in () if fed else ("52-VCB-HA", "52-VCB-HB"):
        course.operate(breaker, "open")
    # So little work that the storage beside the rows carries all of it.
    for row in range(1, 7):
        course.plant.write(f"ROW-{row}", "power_cap_pu", 0.1)
    course.at(15)
    assert course.device("ESS-2").source is not None
    if not fed:
        assert course.device("ESS-2").source.given_w > 0.0
    assert not (racks.battery_w < 0.0).any()
    course.alarm("row-on-storage:ROW-1", 15.0)
    assert course.verdict.ok is not fed, course.verdict.detail


@pytest.mark.parametrize("dead", [True, False])
def test_a_row_that_was_shut_down_has_its_storage_alone_while_both_its_sides_are_dead(
    dead: bool,
) -> None:
    course = Course(Unexplained()).at(1)
    racks = course.plant.grid.racks
    assert racks is not None
    racks.stage[racks.members("ROW-1")] = OFF
    for breaker in ("72-A1", "72-B1") if dead else ("72-A1",):
        course.operate(breaker, "open")
    course.at(15)
    assert not (racks.battery_w[racks.members("ROW-1")] < 0.0).any()
    course.alarm("row-on-storage:ROW-1", 15.0)
    assert course.verdict.ok is dead, course.verdict.detail


def test_feeds_in_parallel_and_a_board_that_waits_are_so_by_contacts_and_sources() -> None:
    """Or the plant cannot say: what only shows wrong is alarmed, and rightly."""
    oracle = Unexplained()
    course = Course(oracle).at(1)

    def so() -> tuple[bool | None, bool | None]:
        hold = oracle._claims.hold
        return hold("scheme-parallel", "CCTS-1"), hold("scheme-waits", "CCTS-1")

    assert so() == (None, None)
    course.operate("52-VCB-GA", "close")
    course.at(1.2)
    assert so() == (True, None)
    course.operate("52-VCB-MA", "open")
    course.at(1.4)
    assert so() == (None, True)


def test_the_next_failure_may_be_dear_long_after_a_set_has_tripped() -> None:
    oracle = Unexplained()
    course = Course(oracle, happens(2, "DG-3", "trip"), happens(3, "DG-3", "clear")).at(1)
    assert oracle._claims.hold("n-minus-1-lost", "ai_hall") is None
    course.at(4)
    assert oracle._claims.hold("n-minus-1-lost", "ai_hall") is True
