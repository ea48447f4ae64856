"""Transfers that have a cause, and those that go on without one."""

from __future__ import annotations

import pytest

from daemon.rehearsal.oracles.transfers import Transfers
from tests.unit.rehearsal.oracles.course import Course, happens


def to_and_fro(course: Course, at_s: float, cause: str = "command") -> None:
    """Open and close a feeder of the storage."""
    course.at(at_s)
    course.operate("52-VCB-EA", "open", cause)
    course.at(at_s + 0.1)
    course.device("52-VCB-EA").flags["spring_charged"] = True
    course.operate("52-VCB-EA", "close", cause)


@pytest.mark.parametrize(("cause", "ok"), [("command", False), ("own logic", True)])
def test_a_third_time_without_a_cause_is_once_too_often(cause: str, ok: bool) -> None:
    course = Course(Transfers())
    for at_s in (1, 1.3):
        to_and_fro(course, at_s, cause)
    assert course.at(1.6).verdict.ok
    to_and_fro(course, 1.6, cause)
    assert course.at(1.9).verdict.ok is ok


def test_what_happens_is_a_cause_and_what_comes_and_goes_is_many() -> None:
    for event in (happens(1.5, "DG-1", "no_start"), happens(0.5, "GW-MVA", "flap", period_s=1)):
        course = Course(Transfers(), event)
        for at_s in (1, 1.3, 1.6):
            to_and_fro(course, at_s)
        assert course.at(1.9).verdict.ok, event
