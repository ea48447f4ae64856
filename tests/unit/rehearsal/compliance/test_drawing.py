"""What is written at the axes of a verdict's plot."""

from __future__ import annotations

import pytest

from daemon.rehearsal.compliance.drawing import clock


@pytest.mark.parametrize(
    ("at_s", "said"),
    [(0.0, "0:00"), (300.0, "0:05"), (61.4, "0:01:01"), (659.7, "0:11"), (3599.6, "1:00")],
)
def test_a_time_is_said_in_hours_minutes_and_seconds(at_s: float, said: str) -> None:
    assert clock(at_s) == said
