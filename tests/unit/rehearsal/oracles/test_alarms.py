"""What must be said of what the plant does, and what may be."""

from __future__ import annotations

import pytest

from daemon.rehearsal.oracles.alarms import Alarms
from daemon.rehearsal.oracles.signs import SIGNS
from daemon.rehearsal.oracles.unexplained import Unexplained
from daemon.settings.alarms import load_alarms
from daemon.settings.folders import config_dir
from tests.unit.rehearsal.oracles.course import Course, happens

OUTAGE = (happens(1, "U-A", "outage"), happens(1, "U-B", "outage"))
SAID = ("utility-feed-lost:R-UA", "utility-feed-lost:R-UB", "outage-confirmed:ai_hall")
ON_BATTERY = ("ups-on-battery:UPS-A", "ups-on-battery:UPS-B")


def test_every_row_names_classes_that_there_are() -> None:
    classes, _ = load_alarms(config_dir() / "alarms")
    assert {name for sign in SIGNS for name in sign.classes} <= set(classes)


def test_an_outage_that_is_said_in_time_is_right() -> None:
    course = Course(Alarms(), *OUTAGE).at(1.5)
    for name in (*SAID, *ON_BATTERY):
        course.alarm(name, 1.5)
    assert course.at(6).verdict.ok, course.verdict.detail


@pytest.mark.parametrize("lost", ["utility-feed-lost:R-UB", "ups-on-battery:UPS-A"])
def test_an_alarm_that_does_not_come_is_missed(lost: str) -> None:
    course = Course(Alarms(), *OUTAGE).at(1.5)
    for name in (*SAID, *ON_BATTERY):
        if name != lost:
            course.alarm(name, 1.5)
    found = course.at(6).verdict
    assert not found.ok
    assert lost.partition(":")[0] in found.detail


def test_an_alarm_that_comes_late_is_missed() -> None:
    course = Course(Alarms(), *OUTAGE).at(4)
    for name in (*SAID, *ON_BATTERY):
        course.alarm(name, 4.0)
    assert not course.at(6).verdict.ok


def test_what_is_over_at_once_needs_no_alarm() -> None:
    short = (happens(1.1, "U-A", "return"), happens(1.1, "U-B", "return"))
    assert Course(Alarms(), *OUTAGE, *short).at(6).verdict.ok


def test_a_silent_gateway_is_said_and_what_is_behind_it_is_not_asked_for() -> None:
    course = Course(Alarms(), happens(1, "GW-MVA", "hang"), happens(2, "52-VCB-HA", "trip"))
    course.at(3).alarm("gateway-silent:GW-MVA", 3.0)
    assert course.at(10).verdict.ok, course.verdict.detail
    assert not Course(Alarms(), happens(1, "GW-MVA", "hang")).at(10).verdict.ok


@pytest.mark.parametrize(("healed_s", "missed"), [(6.0, False), (60.0, True)])
def test_a_silence_counts_from_the_end_of_a_pause(healed_s: float, missed: bool) -> None:
    cut = (happens(1, "GW-UB", "cut_to_daemon"), happens(healed_s, "GW-UB", "heal"))
    pause = happens(2, "daemon", "pause", for_s=3.4)
    course = Course(Alarms(), *cut, pause).at(9)
    assert course.verdict.ok, course.verdict.detail
    assert bool(course.at(9.2).oracle.wrong) is missed


@pytest.mark.fault("F33", "F34")
@pytest.mark.parametrize(
    ("event", "action", "class_"),
    [("fail_to_open", "open", "breaker-failure"), ("fail_to_close", "close", "command-failed")],
)
def test_a_breaker_that_does_not_obey_us_is_said(event: str, action: str, class_: str) -> None:
    breaker = "52-VCB-TIE" if action == "close" else "52-VCB-HA"
    for commanded, said in ((True, False), (True, True), (False, False)):
        course = Course(Alarms(), happens(1, breaker, event))
        course.device("CCTS-1").selector = "manual"
        if action == "close":
            course.at(0.5).operate("52-VCB-MA", "open")
        course.at(2)
        if commanded:
            course.oracle.wrote(course.plant.now_ns, breaker, "command", 1.0, taken=True)
        course.operate(breaker, action)
        course.at(2.3)
        if said:
            course.alarm(f"{class_}:{breaker}", 2.3)
        found = [w.detail for w in course.at(25).oracle.wrong if breaker in w.detail]
        assert bool(found) is (commanded and not said)


def test_a_gateway_with_one_device_may_be_called_by_its_device() -> None:
    course = Course(Alarms(), happens(1, "GW-UA", "hang")).at(3)
    course.alarm("device-silent:UPS-A", 3.0)
    assert course.at(10).verdict.ok, course.verdict.detail


def test_an_alarm_is_unsaid_when_its_cause_is_gone() -> None:
    over = (happens(2.5, "U-A", "return"), happens(2.5, "U-B", "return"))
    course = Course(Alarms(), *OUTAGE, *over).at(1.5)
    for name in (*SAID, *ON_BATTERY):
        course.alarm(name, 1.5)
    course.at(90)
    for name in (*SAID[1:], *ON_BATTERY):
        course.alarm(name, 30.0, active=False)
    found = course.verdict
    assert not found.ok
    assert "utility-feed-lost:R-UA still stands" in found.detail
    course.oracle.wrong.clear()
    course.alarm(SAID[0], 31.0, active=False)
    assert course.verdict.ok


def test_without_a_fault_an_alarm_must_be_true() -> None:
    course = Course(Unexplained()).at(2)
    course.alarm("chiller-stopped:CH-1", 2.0)
    assert "chiller-stopped:CH-1" in course.verdict.detail


@pytest.mark.parametrize(
    "name", ["ups-on-battery:UPS-A", "outage-confirmed:ai_hall", "utility-feed-lost:R-UA"]
)
def test_a_true_alarm_needs_no_other_explanation(name: str) -> None:
    course = Course(Unexplained(), *OUTAGE).at(30)
    course.alarm(name, 30.0)
    assert course.verdict.ok


def test_an_instrument_that_lies_explains_its_own_alarm_and_no_other() -> None:
    lie = happens(1, "UPS-A", "not_a_number")
    course = Course(Unexplained(), lie | {"point": "soc_pu"}).at(20)
    course.alarm("ups-low-battery:UPS-A", 20.0)
    assert course.verdict.ok
    course.alarm("ups-low-battery:UPS-B", 20.0)
    assert "UPS-B" in course.verdict.detail


def test_a_silent_gateway_explains_the_silence_behind_it_and_no_other() -> None:
    course = Course(Unexplained(), happens(1, "GW-UA", "hang")).at(20)
    course.alarm("device-silent:UPS-A", 20.0)
    assert course.verdict.ok
    course.alarm("device-silent:UPS-B", 20.0)
    assert "device-silent:UPS-B" in course.verdict.detail


def test_a_pass_says_how_many_faults_show_a_sign_and_which_have_none() -> None:
    mute = happens(1, "M-MVA", "scale", factor=1.1) | {"point": "power_w"}
    course = Course(Alarms(), *OUTAGE, mute).at(1.5)
    for name in (*SAID, *ON_BATTERY):
        course.alarm(name, 1.5)
    found = course.at(6).verdict
    assert found.ok
    assert found.detail.startswith("2 of 3 faults show a sign, ")
    assert found.detail.endswith(" signs judged; none of: M-MVA scale")
