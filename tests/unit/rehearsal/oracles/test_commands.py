"""Commands on their way, made by hand."""

from __future__ import annotations

import pytest

from daemon.model.commands import Command, Outcome, Result
from daemon.model.quantities import ns
from daemon.rehearsal.oracles.commands import Commands
from tests.unit.rehearsal.oracles.course import Course, happens

MA = "52-VCB-MA"
OPEN, CLOSE = 1, 2


def course(*happenings: dict[str, object]) -> Course:
    return Course(Commands(), *happenings)


def send(at: Course, id_: int, at_s: float, code: int = OPEN, equipment: str = MA) -> None:
    """Let a command reach its device."""
    for point, value in (("command_epoch", 1), ("command_id", id_), ("command", code)):
        at.oracle.wrote(at.origin_ns + ns(at_s), equipment, point, float(value), taken=True)


def answer(at: Course, id_: int, begun_s: float, at_s: float, expires_s: float) -> None:
    """Let a driver answer for a command."""
    begun_ns = at.origin_ns + ns(begun_s)
    expires_ns = at.origin_ns + ns(expires_s)
    command = Command(id_, 1, MA, "command", "open", 1.0, "t", "t", "t", begun_ns, expires_ns)
    outcome = Outcome(id_, Result.ACKNOWLEDGED, at.origin_ns + ns(at_s), "")
    at.oracle.answered(command, outcome, begun_ns)


def test_codes_are_those_of_the_breaker() -> None:
    states = course().oracle.site.equipment[MA].kind.points["command"].states
    assert (states[OPEN], states[CLOSE]) == ("open", "close")


def test_a_command_in_time_and_once_is_right() -> None:
    at = course()
    send(at, 1, 1.0)
    answer(at, 1, 1.0, 1.1, 2.0)
    send(at, 2, 3.0)
    assert at.verdict.ok


@pytest.mark.fault("F90", "F97")
def test_the_same_command_does_not_reach_its_device_twice() -> None:
    at = course()
    send(at, 1, 1.0)
    send(at, 1, 5.0)
    assert "command 1 reached 52-VCB-MA twice" in at.verdict.detail
    assert at.verdict.at_s == 5.0


def test_the_same_action_is_not_told_again_at_once_with_another_id() -> None:
    at = course()
    send(at, 1, 1.0)
    send(at, 2, 1.5, CLOSE)
    assert at.verdict.ok
    send(at, 3, 1.8, CLOSE)
    assert "told to close again after 0.3 s" in at.verdict.detail


def test_a_close_may_be_told_once_more_when_its_time_is_over_and_an_open_may_not() -> None:
    at = course()
    send(at, 1, 1.0, CLOSE)
    send(at, 2, 1.54, CLOSE)
    assert at.verdict.ok
    send(at, 3, 3.0)
    send(at, 4, 3.54)
    assert "told to open again after 0.54 s" in at.verdict.detail


def test_a_driver_answers_for_a_command_once() -> None:
    at = course()
    answer(at, 1, 1.0, 1.1, 2.0)
    answer(at, 1, 1.2, 1.3, 2.0)
    assert "was sent twice" in at.verdict.detail


@pytest.mark.fault("F97")
def test_a_command_that_arrives_after_its_expiry_is_late() -> None:
    at = course()
    send(at, 1, 2.5)
    answer(at, 1, 1.0, 2.6, 2.0)
    assert "0.5 s after the expiry" in at.verdict.detail


def test_with_a_fault_on_the_way_the_time_of_sending_counts() -> None:
    at = course(happens(0.5, "GW-MVA", "slow", latency_s=1.0))
    send(at, 1, 2.5)
    answer(at, 1, 1.0, 2.6, 2.0)
    assert at.verdict.ok
    answer(at, 2, 3.0, 3.1, 2.9)
    assert not at.verdict.ok


@pytest.mark.fault("F36")
def test_a_breaker_is_not_pumped() -> None:
    at = course()
    for id_ in range(1, 4):
        send(at, id_, 10.0 * id_, CLOSE)
    assert at.verdict.ok
    send(at, 4, 40.0, CLOSE)
    assert "told to close 4 times in 60 s" in at.verdict.detail
    assert (at.verdict.value, at.verdict.limit) == (4.0, 3.0)


def test_time_between_closes_is_no_pumping() -> None:
    at = course()
    for id_ in range(1, 9):
        send(at, id_, 30.0 * id_, CLOSE)
    assert at.verdict.ok
