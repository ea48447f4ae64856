"""The report of a closed stream of events: kind, stages, deeds, storage, bands and curves."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.report.looks import POINTS
from daemon.core.report.samples import Samples
from daemon.core.report.subjects import Subject
from daemon.model.events import Event
from daemon.model.transfer_report import report_of
from tests.unit.core.report.story import (
    Looks,
    command,
    event,
    outage,
    reported,
    sag,
    section,
    standby,
    ups,
)

STAGES = [
    (0.0, "loss", ("supply",)),
    (0.0, "detected", ("supply",)),
    (0.09, "ups_on_storage", ("UPS-A",)),
    (0.28, "rows_capped", ("caps",)),
    (0.39, "intake_opened", ("52-VCB-IN",)),
    (1.5, "outage_confirmed", ("supply",)),
    (1.5, "start_command", ("DG-1",)),
    (1.56, "main_opened", ("MVA",)),
    (9.6, "voltage_built", ("DG-1",)),
    (9.8, "set_on_bus", ("DG-1",)),
    (10.0, "load_accepted", ("MVA", "MVB")),
    (12.0, "input_taken_up", ("UPS-A",)),
    (22.0, "ups_on_input", ("UPS-A",)),
    (22.0, "recovered", ("UPS-A",)),
    (60.0, "utility_stable", ("supply",)),
    (60.0, "intake_closed", ("52-VCB-IN",)),
    (60.0, "supply_restored", ("supply",)),
    (64.0, "main_closed", ("MVA",)),
    (64.06, "retransferred", ("MVA",)),
    (70.0, "set_off_bus", ("DG-1",)),
    (90.0, "set_at_rest", ("DG-1",)),
]


def test_a_stage_of_another_scheme_that_has_no_section_is_none_of_a_board() -> None:
    other = event(50.0, "GT-1", "stage", before="awaiting", stage="parting")
    assert not [s for s in reported([*outage()[:12], other]).stages if s.name == "main_closed"]


def test_the_stages_of_an_outage() -> None:
    found = reported(outage())
    told = [(round(stage.at_s, 3), stage.name, stage.who) for stage in found.stages]
    assert told == STAGES
    accepted = next(stage for stage in found.stages if stage.name == "load_accepted")
    assert accepted.last_s == pytest.approx(13.0)
    assert all(stage.contains for stage in found.stages)


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        (outage(), "outage"),
        (sag(), "sag"),
        ([standby(0.0, "DG-1", "at_rest", "starting")], "generation"),
        ([section(0.0, "MVA", "on_main", "awaiting")], "transfer"),
        ([section(0.0, "MVA", "on_alternate", "synchronising")], "retransfer"),
        ([ups(0.0, "UPS-A", "battery")], "ups"),
        ([event(0.0, "ATS-M1", "transferred")], "local"),
    ],
)
def test_the_kind_of_a_transfer(events: list[Event], kind: str) -> None:
    assert reported(events).kind == kind


def test_a_deed_says_who_switched_what_and_why() -> None:
    refused = event(
        3.0, "52-VCB-MA", "command_refused", "52-VCB-MA close refused: earthed",
        action="close", owner="CCTS-1", user="kim", interlock="earthed",
    )  # fmt: skip
    found = reported([*outage(), *command(4.0, "52-VCB-X", "open", took_s=None), refused])
    deeds = {(deed.equipment, deed.action): deed for deed in found.deeds}
    done = deeds["52-VCB-GA", "close"]
    assert (done.outcome, done.owner, done.reason) == ("verified", "CCTS-1", "wanted")
    assert done.took_s == pytest.approx(0.08)
    assert deeds["52-VCB-X", "open"].outcome == "failed"
    assert deeds["52-VCB-MA", "close"].outcome == "refused"
    assert deeds["52-VCB-MA", "close"].owner == "kim"
    assert "earthed" in deeds["52-VCB-MA", "close"].detail


def test_a_feeder_held_back_counts_until_it_is_closed_again() -> None:
    held = [
        *command(9.9, "52-VCB-HA", "open", number=7),
        *command(30.0, "52-VCB-HA", "close", took_s=0.08, number=8),
    ]
    found = {stage.name: stage for stage in reported([*outage(), *held]).stages}
    assert found["feeder_restored"].at_s == pytest.approx(30.08)
    assert found["recovered"].at_s == pytest.approx(30.08)


def test_cranking_storage_bands_and_curves_come_from_the_looks() -> None:
    words = ("stopped", "cranking", "ready")
    looks: Looks = {
        Subject("DG-1", "stage", "set", words=words): [(-1.0, 0), (1.7, 1), (9.0, 2), (80.0, 2)],
        Subject("UPS-A", "soc_pu", "charge", "pu"): [(-1.0, 1), (1.7, 0.9), (9.0, 0.8), (80, 0.95)],
        Subject("UPS-A", "runtime_s", "runtime", "s"): [
            (-1.0, 900), (1.7, 800), (9.0, 700), (80.0, 850),
        ],
        Subject("R-MVA", "voltage_ll_v", "voltage", "pu"): [
            (-1.0, 1.0), (1.7, np.nan), (9.0, 0.0), (80.0, 1.0),
        ],
    }  # fmt: skip
    found = reported(outage(), looks)
    cranking = next(stage for stage in found.stages if stage.name == "cranking")
    assert cranking.at_s == pytest.approx(1.7)
    assert cranking.within_s == pytest.approx(0.11)
    (store,) = found.stores
    assert (store.values, store.runtime_s) == ((1.0, 0.8, 0.95), 700.0)
    (band,) = found.bands
    assert (band.at_s, band.words) == ((-1.0, 1.7, 9.0), words)
    (curve,) = found.curves
    assert curve.values == (1.0, None, 0.0, 1.0)


def test_what_was_not_seen_is_said() -> None:
    found = reported(outage())
    assert found.missing == ("no values of the plant: no cranking, storage, voltages and loads",)
    assert found.complete


def test_a_report_comes_back_from_plain_values_as_it_was() -> None:
    looks = {Subject("UPS-A", "input_power_w", "input", "W"): [(-1.0, 100.0), (0.1, np.nan)]}
    found = reported(outage(), looks)
    assert report_of(found.plain()) == found
    assert report_of({**found.plain(), "new": 1}) == found


def test_looks_stay_within_their_room_and_keep_the_lowest() -> None:
    subject, n = Subject("UPS-A", "input_power_w", "input", "W"), 60_000
    samples = Samples(1000)
    for i in range(n):
        samples.add(0.1 * i, np.full(1000, float(i % 977)))
    at_s, values = samples.series()
    assert 50 < len(at_s) <= 200
    assert values.shape == (len(at_s), 1000)
    assert (samples.lowest == 0.0).all()
    looks = {subject: [(0.1 * i, 100.0 * (i % 2)) for i in range(3000)]}
    (curve,) = reported(sag(), looks).curves
    assert len(curve.at_s) <= POINTS
