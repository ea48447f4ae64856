"""What must be right again when everything has healed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from daemon.rehearsal.oracles.liveness import Liveness
from tests.unit.rehearsal.oracles.course import Course, happens, site_file

if TYPE_CHECKING:
    from daemon.settings import SiteFile

SAG = happens(1, "U-A", "sag", depth_pu=0.5, for_s=0.2)


def hasty() -> SiteFile:
    """Return the site with times so short that a run need not be long."""
    control = site_file().control
    board = replace(control.main_tie_main, again_s=1.0, sync_s=1.0, between_blocks_s=0.1)
    outage = replace(control.outage, return_stable_s=1.0)
    return replace(site_file(), control=replace(control, main_tie_main=board, outage=outage))


def inhibited(course: Course) -> Course:
    """Let the board leave everything to the daemon that is not there."""
    course.device("CCTS-1").stage = "inhibited"
    course.device("CCTS-1").selector = "manual"
    return course


def test_a_hall_that_is_back_to_normal_is_right() -> None:
    found = inhibited(Course(Liveness(), SAG)).at(30).verdict
    assert found.ok
    assert not found.detail


def test_nothing_is_judged_before_its_time_or_while_a_fault_stays() -> None:
    early = inhibited(Course(Liveness(), SAG)).at(5).verdict
    assert early.ok is None
    assert "not judged: healed" in early.detail
    stays = happens(1, "52-VCB-MA", "fail_to_open")
    assert "a fault stays" in inhibited(Course(Liveness(), stays)).at(200).verdict.detail


def test_a_cap_that_remains_is_wrong() -> None:
    course = inhibited(Course(Liveness(), SAG)).at(2)
    course.plant.write("ROW-3", "power_cap_pu", 0.45)
    assert course.at(30).verdict.detail == "ROW-3 is still capped at 0.45"


def test_a_section_that_is_not_taken_back_is_wrong() -> None:
    course = inhibited(Course(Liveness(), SAG)).at(2)
    course.operate("52-VCB-MA", "open")
    assert course.at(30).verdict.detail.startswith("not judged")
    found = course.at(55).verdict
    assert "MVA is not fed by the utility" in found.detail


def test_a_set_that_runs_on_is_wrong() -> None:
    course = inhibited(Course(Liveness(), SAG)).at(2)
    course.device("DG-1").order("start")
    assert "DG-1 is still ready" in course.at(95).verdict.detail


def test_a_board_that_waits_for_a_person_is_left_out() -> None:
    trips = happens(1, "52-VCB-MA", "trip")
    assert inhibited(Course(Liveness(), trips)).at(115).verdict.ok


def test_sets_run_on_while_the_intake_waits_for_the_reset_of_its_feed() -> None:
    """What the feed tripped on may stand behind the intake, which therefore stays where it is."""
    trips = happens(1, "52-GCB-UA", "trip")
    course = inhibited(Course(Liveness(), trips, found=hasty()))
    course.device("ALTS-1").selector = "manual"  # no daemon inhibits its own logic here
    course.at(2).device("DG-1").order("start")
    course.at(52).device("ALTS-1").selector = "auto"
    assert course.verdict.ok, course.verdict.detail
    course.device("52-GCB-UA").flags["lockout_86"] = False
    assert course.verdict.ok is False
