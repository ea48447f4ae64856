"""What an island has one of, and that its sources are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.rehearsal.oracles import islands
from daemon.rehearsal.oracles.islands import Islands
from tests.unit.rehearsal.oracles.course import Course, happens

if TYPE_CHECKING:
    from collections.abc import Mapping


def on_one_set(*more: Mapping[str, object]) -> Course:
    """Return a board that a set holds, with nothing on it yet."""
    course = Course(Islands(), *more)
    course.device("CCTS-1").selector = "manual"
    for breaker in ("52-VCB-MA", "52-VCB-MB"):
        course.operate(breaker, "open")
    course.at(0.5)
    for id_ in ("DG-1", "DG-2"):
        course.device(id_).excite()
    course.at(0.6)
    course.operate("52-GCB-1", "close", "own logic")
    return course.at(0.9)


def test_storage_that_forms_gives_way_or_is_a_second_reference() -> None:
    course = Course(Islands()).at(1)
    storage = course.device("ESS-1")
    course.plant.grid.set_able(storage.former, able=True)  # its stage stays: it does not give way
    course.at(1.05)
    assert course.verdict.ok
    assert "more than one reference in an island: U-A ESS-1" in course.at(2).verdict.detail


def beside(course: Course) -> bool:
    """Join the second set in step, and return whether its neutral is earthed a while later."""
    first, second = course.device("DG-1").former, course.device("DG-2").former
    second.angle_rad, second.frequency_hz = first.angle_rad, first.frequency_hz
    course.operate("52-GCB-2", "close_in_sync")
    course.at(1.5)
    assert course.device("52-GCB-2").closed
    return bool(course.device("DG-2").machine.earths)


def test_neutrals_are_handed_over() -> None:
    course = on_one_set()
    assert not beside(course)
    assert course.verdict.ok
    second = course.device("DG-2")
    second.neutral_held = second.machine.earths = True
    course.plant.grid.topology_changed = True
    assert "neutral earths an island: DG-1 DG-2" in course.at(2.2).verdict.detail


def test_two_neutrals_because_of_a_contactor_are_the_environment_s() -> None:
    course = on_one_set(happens(0.2, "DG-2", "neutral_held"))
    assert beside(course)
    assert course.verdict.ok


@pytest.mark.parametrize(("cause", "ok"), [("command", False), ("own logic", True)])
def test_a_set_is_not_given_more_than_it_is_good_for_by_us(cause: str, ok: bool) -> None:
    course = on_one_set()
    for breaker in ("52-VCB-GA", "52-VCB-GB"):
        course.operate(breaker, "close", cause)
    assert course.at(5).verdict.ok is ok


def test_no_set_gives_up_by_what_we_have_joined() -> None:
    course = on_one_set()
    for breaker in ("52-VCB-GA", "52-VCB-GB"):
        course.operate(breaker, "close")
    course.at(1.1)
    course.device("DG-1").fault("overload")
    assert "DG-1 gave up by overload" in course.at(1.2).verdict.detail


def test_what_we_close_later_does_not_hide_what_overloaded_a_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(islands, "STEP_S", 0.3)  # it gives up before it was too much for 1 s
    course = on_one_set()
    course.operate("52-VCB-GA", "close")
    course.at(1.5).operate("52-VCB-GB", "close")
    assert "carry" in course.at(1.9).verdict.detail


def test_references_are_no_neutrals() -> None:
    course = on_one_set()
    course.plant.grid.set_able(course.device("ESS-1").former, able=True)
    course.operate("52-VCB-GA", "close", "own logic")
    course.at(1.4).operate("52-GCB-3", "close")
    told = [each.detail for each in course.at(1.6).oracle.wrong]
    assert any("more than one reference" in each for each in told)
    assert not any("to the neutrals of" in each for each in told)
