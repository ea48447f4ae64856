"""Times that contradict each other or the class of the equipment, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.settings import problems
from tests.unit.settings.edits import Edit, found, shipped, write

if TYPE_CHECKING:
    from pathlib import Path

HALL = "sites/ai_hall"
OUTAGE = "  outage: {confirm_s: 1.5, return_stable_s: 15}"
FEEDS = "feeds: [52-GCB-UA, 52-GCB-UB], relays"


def also(block: str, key: str = "", text: str = "", valid: str = "") -> Edit:
    """Return the mistake of another block of settings."""
    return Edit(OUTAGE, f"{OUTAGE}\n  {block}", f"control.{key}", text, valid)


EDITS = {
    "a start that begins on a short loss": Edit(
        "confirm_s: 1.5", "confirm_s: ^0.7", "control.outage.confirm_s",
        "outage.confirm_s (0.7 s) is shorter than the start delay of a standby set (1 s): "
        "nothing starts on a short loss", "from 1",
    ),
    "an outage before the relays have cleared a fault": Edit(
        "confirm_s: 1.5, return_stable_s: 15}",
        "confirm_s: 1.0, return_stable_s: 15}\n  main_tie_main: {section_confirm_s: ^0.5}",
        "control.main_tie_main.section_confirm_s",
        "main_tie_main.section_confirm_s (0.5 s) is shorter than delay_50n_s of 52-VCB-MA with the "
        "opening (0.6 s): a fault that is being cleared is no outage yet", "from 0.6",
    ),
    "sets before the other feed was tried": also(
        "intake: {transfer_s: ^2}", "intake.transfer_s",
        "outage.undelivered_s (6 s) is shorter than intake.transfer_s and travel_s together (7 s)",
        "up to 6",
    ),
    "a switch that is slower than its limit": also(
        "intake: {travel_s: ^0.2}", "intake.travel_s",
        "intake.travel_s (0.2 s) is shorter than transfer_s of ALTS-1 (0.3 s)", "from 0.3",
    ),
    "a breaker called failed while it opens": Edit(
        "  operation: {", "  operation: {open_s: ^0.06, ", "control.operation.open_s",
        "operation.open_s (0.06 s) is shorter than the opening time of class ACB (0.07 s)",
        "from 0.07",
    ),
    "a breaker called failed while it closes": Edit(
        "  operation: {", "  operation: {close_s: ^0.075, ", "control.operation.close_s",
        "operation.close_s (0.075 s) is shorter than the closing time of class ACB (0.08 s)",
        "from 0.08",
    ),
    "synchronism longer than its stage": Edit(
        "  operation: {", "  operation: {sync_s: ^13.5, ", "control.operation.sync_s",
        "main_tie_main.sync_s (13 s) is shorter than operation.sync_s (13.5 s): it ends after the "
        "window in which the device looks for synchronism", "up to 13",
    ),
    "a stage that ends before synchronism": also(
        "main_tie_main: {sync_s: ^11}", "main_tie_main.sync_s",
        "main_tie_main.sync_s (11 s) is shorter than operation.sync_s (12 s)", "from 12",
    ),
    "no time for the retry": also(
        "main_tie_main: {close_s: ^5}", "main_tie_main.close_s",
        "main_tie_main.close_s (5 s) is shorter than a close, its retry and the spring between "
        "them (13.1 s)", "from 13.1",
    ),
    "lockout before 50BF": also(
        "main_tie_main: {isolate_s: ^0.2}", "main_tie_main.isolate_s",
        "main_tie_main.isolate_s (0.2 s) is shorter than the opening time of class VCB and 50BF "
        "(0.3 s): the breaker upstream has cleared by then", "from 0.3",
    ),
    "backing out of what is still opening": also(
        "main_tie_main: {overlap_s: ^0.06}", "main_tie_main.overlap_s",
        "main_tie_main.overlap_s (0.06 s) is shorter than the opening time of class VCB and its "
        "reading (0.08 s)", "from 0.08",
    ),
    "an outage before the intake recloses": also(
        "main_tie_main: {reclose_s: ^8}", "main_tie_main.reclose_s",
        "outage.undelivered_s (6 s) is shorter than main_tie_main.reclose_s (8 s)", "up to 6",
    ),
    "a set given up while it cranks": also(
        "start: {ready_s: ^60}", "start.ready_s",
        "start.ready_s (60 s) is shorter than the crank programme, 3 x 15 s and 2 x 15 s of rest "
        "(75 s): no set is given up while it cranks", "from 75",
    ),
    "a set's breaker before 50BF": also(
        "start: {open_s: ^0.1}", "start.open_s",
        "start.open_s (0.1 s) is shorter than the opening time of class VCB and 50BF (0.3 s)",
        "from 0.3",
    ),
    "a switch called stuck before it is seen": also(
        "supervision: {ats_s: ^0.3}", "supervision.ats_s",
        "supervision.ats_s (0.3 s) is shorter than transfer_s of ATS-M1 and 3 readings of it "
        "(0.45 s)", "from 0.45",
    ),
    "no margin for being told twice": also(
        "shutdown: {repeat_s: ^40}", "shutdown.repeat_s",
        "shutdown.margin_s (30 s) is shorter than shutdown.repeat_s (40 s)", "up to 30",
    ),
    "a test that ends while the set cranks": also(
        "exercise: {sets_every_days: 30, load_s: ^60}", "exercise.load_s",
        "exercise.load_s (60 s) is shorter than the crank programme", "from 75",
    ),
    "a frequency at which the site is never supplied": Edit(
        "confirm_s: 1.5,", "confirm_s: 1.5, frequency_low_hz: ^60.2,",
        "control.outage.frequency_low_hz", "60.2 Hz calls a feed of 60 Hz failed", "below 60",
    ),
    "sags counted at the detection": Edit(
        "confirm_s: 1.5,", "confirm_s: 1.5, ^sags_max: 3,", "control.outage.sags_max",
        "counting sags to trigger a transfer is forbidden for large loads (ERCOT NOGRR 282); a sag "
        "shorter than its limit starts nothing, however many there are", "outage.confirm_s",
    ),
    "sags counted at the intake": also(
        "intake: {^transfer_after_sags: 3}", "intake.transfer_after_sags",
        "counting sags to trigger a transfer is forbidden",
    ),
    "sags counted at a UPS": Edit(
        "UPS: {kind: ups,", "UPS: {kind: ups, ^sag_count: 3,", "schemes.UPS.sag_count",
        "counting sags to trigger a transfer is forbidden",
    ),
    "sags counted by a device": Edit(
        "ratings: {power_va: 1.6e6, power_w: 1.44e6, energy_wh: 240e3,",
        "ratings: {^dips_count: 5, power_va: 1.6e6, power_w: 1.44e6, energy_wh: 240e3,",
        "equipment.UPS-A.ratings.dips_count", "counting sags to trigger a transfer is forbidden",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.fault("F87")
def test_times_that_contradict_are_named(tmp_path: Path, kind: str) -> None:
    found(tmp_path, shipped(HALL), EDITS[kind])


@pytest.mark.fault("F87")
def test_contradictions_are_named_all_at_once(tmp_path: Path) -> None:
    text = "\n  start: {ready_s: ^60, open_s: 0.1}\n  intake: {travel_s: 0.2}"
    path = write(tmp_path, shipped(HALL), Edit(OUTAGE, OUTAGE + text, "", ""))
    keys = [problem.key for problem in problems(path)]
    assert keys == ["control.start.ready_s", "control.start.open_s", "control.intake.travel_s"]


def test_a_board_that_decides_itself_has_times_of_its_own(tmp_path: Path) -> None:
    """What the daemon would wait for does not matter where it does not decide."""
    good = shipped(HALL).replace("    authority: daemon\n", "    authority: device\n")
    text = f"{OUTAGE}\n  main_tie_main: {{isolate_s: 0.2}}"
    assert problems(write(tmp_path, good.replace(OUTAGE, text))) == []
