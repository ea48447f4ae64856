"""Whether a limit of the contract was passed, by what the utilities truly gave."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.rehearsal.oracles.unexplained import Unexplained
from tests.unit.rehearsal.oracles.course import Course, happens

ALARM = "delivery-limit-passed:ai_hall"
STEP = [happens(20.0, "rack_row", "job_stop")]


def said(*happenings: Any, at_s: float) -> Course:
    """Return a course in which the daemon raises the alarm at a time."""
    course = Course(Unexplained(), *happenings).at(at_s)
    course.alarm(ALARM, at_s)
    return course


def test_an_alarm_without_a_passed_limit_is_blamed() -> None:
    course = said(at_s=30.0)
    assert course.verdict.ok is False
    assert "delivery-limit-passed" in course.verdict.detail


@pytest.mark.parametrize("at_s", [20.2, 25.0, 60.0])
def test_rows_without_a_ramp_that_fall_by_five_megawatts_pass_it(at_s: float) -> None:
    assert said(*STEP, at_s=at_s).verdict.ok


@pytest.mark.parametrize("at_s", [19.5, 180.0])
def test_neither_before_nor_long_after(at_s: float) -> None:
    assert said(*STEP, at_s=at_s).verdict.ok is False


def test_a_slow_rise_of_more_than_a_minute_allows_passes_it() -> None:
    course = Course(Unexplained())
    for row in range(1, 7):
        course.plant.write(f"ROW-{row}", "ramp_limit_w_s", 10e3)
    course.device("ROW-1").happen("job_stop", {})
    course.device("ROW-2").happen("job_stop", {})
    course.device("ROW-3").happen("job_stop", {})
    for second in range(1, 76):
        for row in range(1, 7):
            course.plant.write(f"ROW-{row}", "heartbeat", float(second))
        course.at(float(second))
    course.alarm(ALARM, 75.0)
    assert course.verdict.ok, course.verdict.detail


def test_what_a_lying_meter_made_the_daemon_say_is_no_matter_of_the_plant() -> None:
    lie = happens(20.0, "M-UA", "scale", point="power_w", factor=1.5)
    assert said(lie, at_s=22.0).verdict.ok
