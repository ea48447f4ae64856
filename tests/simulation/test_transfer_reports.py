"""The transfer reports of simulated runs: whole, and every limit that applies held or explained.

`test_scenarios.py` plays every scenario to its end and asks of every report that it is whole or
says why not; here stands what the reports of some of them have to tell.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from daemon.model.transfer_report import TransferReport, Verdict
from daemon.rehearsal.simulation.outcome import outcome
from daemon.rehearsal.simulation.run import run
from tests.simulation.conftest import case

if TYPE_CHECKING:
    from tests.simulation.conftest import Played


def of(report: TransferReport) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in report.verdicts}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("played", ["momentary_outage"], indirect=True)
def test_a_momentary_outage_is_over_in_two_seconds(played: Played) -> None:
    (report,) = played.course.transfers
    assert (report.kind, report.complete, report.ok) == ("sag", True, True)
    back = of(report)["load back to 90% on the grid"]
    assert back.ok is True
    assert back.value is not None
    assert 0.1 <= back.value <= 2.0
    assert of(report)["critical supplies ride through"].value == 0.0
    assert not report.deeds  # nobody starts or switches anything for it
    assert {curve.group for curve in report.curves} >= {"voltage", "input", "terminal"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("played", ["utility_flapping"], indirect=True)
def test_every_sag_of_a_flapping_utility_has_a_report_and_none_leads_to_a_transfer(
    played: Played,
) -> None:
    reports = played.course.transfers
    assert [report.kind for report in reports] == ["sag"] * 6
    assert all(report.ok and report.complete for report in reports)
    assert not any(report.deeds for report in reports)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("played", ["transformer_trip"], indirect=True)
def test_a_transformer_that_trips_is_the_cause_that_is_told(played: Played) -> None:
    (report,) = played.course.transfers
    assert (report.kind, report.complete, report.ok) == ("transfer", True, True)
    assert "TX-P-A" in report.cause
    (deed,) = report.deeds
    assert (deed.equipment, deed.action, deed.outcome) == ("52-VCB-TIE", "close", "verified")
    assert of(report)["load back to 90% on the grid"].ok is True


def test_an_outage_that_is_not_over_is_told_as_far_as_it_came() -> None:
    (report,) = run(case("extended_outage", "image", 32.0)).transfers
    assert (report.kind, report.complete) == ("outage", False)
    assert "the end: the daemon ended" in report.missing[0]
    order = ["loss", "outage_confirmed", "cranking", "voltage_built", "set_on_bus"]
    names = [stage.name for stage in report.stages]
    assert [name for name in names if name in order] == order
    assert {"load_accepted", "recovered", "intake_opened", "ups_on_input"} <= set(names)
    wanted = (
        "first load block on the sets",
        "full priority load after the first block",
        "parted from the dead utility",
        "rows capped on storage",
        "critical supplies ride through",
        "sets that failed",
        "commands that failed",
    )
    assert {name: of(report)[name].ok for name in wanted} == dict.fromkeys(wanted, True)
    assert {"UPS-A", "UPS-B", "ROW-1"} <= {store.equipment for store in report.stores}
    assert {"52-VCB-MA", "DG-1", "UPS-A"} <= {band.name for band in report.bands}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("played", ["momentary_outage"], indirect=True)
def test_the_outcome_for_machines_carries_the_reports_without_their_curves(played: Played) -> None:
    found = outcome(played.course, "none")
    (told,) = json.loads(json.dumps(found["transfers"]))
    assert told["kind"] == "sag"
    assert {"name", "ok", "value", "limit", "unit", "at_s"} <= set(told["verdicts"][0])
    assert "curves" not in told


@pytest.mark.timeout(300)
@pytest.mark.parametrize("played", ["generator_failure"], indirect=True)
def test_a_generator_failure_says_which_sets_failed_and_what_was_given_up(played: Played) -> None:
    (report,) = played.course.transfers
    assert not report.ok
    assert [v.name for v in report.verdicts if v.ok is False] == ["sets that failed"]
    assert {one.source for one in report.troubles} == {"DG-2", "DG-3", "DG-4"}
    assert {one.name for one in report.relief} >= {"caps", "shutdown_requested"}
    cranks = of(report)["sets that cranked more than once"]
    assert "DG-2: 3 cranks" in cranks.detail
