"""Expectations on alarms, judged in plant time."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.rehearsal.alarms import Change, judge
from device_emulators.scenario import Expectation

RAISED = Change("utility_lost:U-A", 6.5, active=True, priority=1)
CLEARED = Change("utility_lost:U-A", 75.0, active=False, priority=1)
LATER = Change("ups_on_battery:UPS-A", 7.0, active=True, priority=2)


def verdict(kind: str, **body: Any) -> Any:
    expectation = Expectation.model_validate({"name": "it", kind: body})
    return lambda *changes, played_s=100.0: judge(expectation, changes, played_s)


@pytest.mark.parametrize(
    ("changes", "ok", "value"),
    [
        ((RAISED,), True, 6.5),
        ((LATER, RAISED, CLEARED), True, 6.5),
        ((), False, None),
        ((LATER,), False, None),
        ((Change("utility_lost:U-A", 8.1, active=True, priority=1),), False, 8.1),
        ((CLEARED,), False, None),
    ],
)
def test_an_alarm_has_to_be_raised_in_time(
    changes: tuple[Change, ...], ok: bool, value: float | None
) -> None:
    said = verdict("alarm", id="utility_lost:U-A", raised_by_s=8.0)(*changes)
    assert (said["ok"], said["value"], said["limit"], said["unit"]) == (ok, value, 8.0, "s")


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ((RAISED, CLEARED), True),
        ((CLEARED, RAISED), True),
        ((RAISED,), False),
        ((RAISED, CLEARED, Change("utility_lost:U-A", 76.0, active=True, priority=1)), False),
        ((RAISED, Change("utility_lost:U-A", 81.0, active=False, priority=1)), False),
    ],
)
def test_an_alarm_has_to_clear_and_stay_clear(changes: tuple[Change, ...], ok: bool) -> None:
    said = verdict("alarm", id="utility_lost:*", raised_by_s=8.0, cleared_by_s=80.0)
    assert said(*changes)["ok"] is ok


@pytest.mark.parametrize(
    ("body", "ok"),
    [
        ({}, False),
        ({"to_s": 6.0}, True),
        ({"from_s": 6.6}, False),
        ({"from_s": 7.1}, True),
        ({"id": "generator_*"}, True),
        ({"id": "ups_on_battery:*", "priority_at_most": 1}, True),
        ({"id": "ups_on_battery:*", "priority_at_most": 2}, False),
    ],
)
def test_no_alarm_of_that_name_and_priority_in_that_window(body: dict[str, Any], ok: bool) -> None:
    said = verdict("no_alarm", **body)(RAISED, LATER, CLEARED)
    assert said["ok"] is ok
    assert (said["at_s"] is None) is ok


@pytest.mark.parametrize(
    ("kind", "body", "changes", "ok"),
    [
        ("alarm", {"id": "utility_lost:*", "raised_by_s": 12.0}, (), None),
        ("alarm", {"id": "utility_lost:*", "raised_by_s": 12.0}, (RAISED,), True),
        ("alarm", {"id": "utility_lost:*", "raised_by_s": 10.0}, (), False),
        ("alarm", {"id": "u*", "raised_by_s": 8.0, "cleared_by_s": 12.0}, (RAISED,), None),
        ("alarm", {"id": "u*", "raised_by_s": 6.0, "cleared_by_s": 12.0}, (RAISED,), False),
        ("no_alarm", {"from_s": 12.0}, (RAISED,), None),
        ("no_alarm", {"from_s": 5.0}, (RAISED,), False),
    ],
)
def test_what_was_not_due_in_the_time_played_is_not_judged(
    kind: str, body: dict[str, Any], changes: tuple[Change, ...], ok: bool | None
) -> None:
    assert verdict(kind, **body)(*changes, played_s=10.0)["ok"] is ok
