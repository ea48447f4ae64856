"""The harness can fail: each defect planted in the daemon is found by the oracle that is meant to.

The same scenario on the unhurt daemon leaves every oracle content: it is the defect that is found.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

import pytest

from daemon.rehearsal.oracles import oracles
from daemon.rehearsal.simulation.run import Case, run
from daemon.settings import load as load_site
from device_emulators.scenario import load
from device_emulators.vocabulary import vocabulary
from tests.simulation import defects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.rehearsal.simulation.run import Course

Opened = AbstractContextManager[None]

OUTAGE = "{at_s: 2, target: [U-A, U-B], event: outage}"
MAIN_TRIPS = "{at_s: 2, target: 52-VCB-MA, event: trip}"
TO_FORM = "{at_s: 1, target: operator, event: ask, of: ESS-1, action: grid_forming}"
SILENCE = "{at_s: 2, target: GW-MVA, event: hang}"


class Planted(NamedTuple):
    """A defect, the oracle that finds it, what happens, and who asks for what meanwhile."""

    defect: Callable[[], Opened]
    found_by: str
    happens: str = ""
    asked: tuple[float, str, str] | None = None
    for_s: float = 8.0


PLANTED = {
    "an interlock is skipped": Planted(
        defects.interlocks_skipped, "parallel", asked=(2.0, "52-ACB-TA", "close_in_sync"), for_s=1.8
    ),
    "a lockout is ignored": Planted(
        defects.lockout_ignored,
        "parallel",
        MAIN_TRIPS,
        asked=(6.0, "52-VCB-TIE", "close"),
        for_s=6.5,
    ),
    "storage is a second reference": Planted(
        defects.second_reference, "islands", TO_FORM, for_s=1.4
    ),
    "a breaker goes round in circles": Planted(
        lambda: defects.circles("52-VCB-EA", 0.4), "transfers", for_s=3.0
    ),
    "a stale value counts as good": Planted(defects.stale_values_used, "alarms", SILENCE),
    "a command is repeated": Planted(defects.commands_repeated, "commands", OUTAGE, for_s=5.0),
    "a command is sent after its expiry": Planted(
        defects.expiry_ignored, "commands", OUTAGE, for_s=6.5
    ),
    "an alarm is lost": Planted(lambda: defects.alarms_lost("ups-on-battery"), "alarms", OUTAGE),
}


def play(folder: Path, happens: str, for_s: float, expect: str = "") -> Course:
    file = folder / "scenario.yaml"
    timeline = f"timeline: [{happens}]\n" if happens else ""
    file.write_text(
        f"scenario: planted\ndescription: one thing happens\nfor_s: {for_s}\n{timeline}{expect}"
    )
    site_file = load_site("ai_hall")
    return run(Case(site_file, load(file, site_file.site, vocabulary()), seed=1), oracles())


def faults_of(course: Course) -> dict[str, str]:
    return {verdict.name: verdict.detail for verdict in course.oracles if verdict.ok is False}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_defect_is_found_by_its_oracle(name: str, tmp_path: Path) -> None:
    planted = PLANTED[name]
    for defect in (nullcontext, planted.defect):
        asking = defects.person(*planted.asked) if planted.asked else nullcontext()
        with asking, defect():
            course = play(tmp_path, planted.happens, planted.for_s)
        found = faults_of(course)
        assert course.report.ok, course.report.reason
        if defect is nullcontext:
            assert not found
        else:
            assert planted.found_by in found, found


EXPECT = """expect:
  - name: rows are capped within 1 s of losing all AC
    reach: {quantity: rack_row.power_cap_pu, at_most: 0.45, from_s: 2, by_s: 3}
  - name: sets take the load
    reach: {quantity: generator.stage, is: loaded, at_least_count: 3, from_s: 2, by_s: 40}
"""


@pytest.mark.timeout(300)
def test_a_daemon_that_only_shows_that_it_lives_fails(tmp_path: Path) -> None:
    """Its heartbeat keeps the devices from helping themselves: everything stays dark."""
    with defects.idle(beats=True):
        course = play(tmp_path, OUTAGE, 60.0, EXPECT)
    assert [verdict["ok"] for verdict in course.expectations] == [False, False]
    assert {"fed", "alarms"} <= set(faults_of(course))


@pytest.mark.timeout(300)
def test_a_daemon_that_does_nothing_at_all_fails(tmp_path: Path) -> None:
    """The devices help themselves, but nobody says so, caps the rows, or takes the board back."""
    happens = f"{OUTAGE}, {{at_s: 8, target: [U-A, U-B], event: return}}"
    with defects.idle(beats=False):
        course = play(tmp_path, happens, 70.0, EXPECT.replace("40", "30"))
    assert course.expectations[0]["ok"] is False
    assert {"alarms", "liveness"} <= set(faults_of(course))
