"""Every limit of the transfer report: held, missed, and not judged where nothing was seen."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core.report.limits import Params
from daemon.core.report.subjects import Subject
from daemon.model.events import Event
from daemon.model.transfer_report import TransferReport
from tests.unit.core.report.story import (
    command,
    event,
    outage,
    reported,
    sag,
    section,
    standby,
    verdict,
)

ROW = Subject("ROW-1", "racks_running_count", "running", "count")
CRANKS = Subject("DG-1", "crank_count", "cranks", "count")
TERMINAL = Subject("UPS-A", "output_voltage_ll_v", "terminal", "pu")
INPUT = Subject("UPS-A", "input_power_w", "input", "W")


@pytest.mark.parametrize(
    ("name", "value", "good", "bad"),
    [
        ("first load block", 10.0, {}, {"accepted_s": 30.5, "second_s": 31, "on_input_s": 40}),
        ("full priority load", 12.0, {}, {"on_input_s": 40.5}),
        ("full priority load", 12.0, {}, {"second_s": 40.5}),
        ("parted from", 0.39, {}, {"parted_s": 0.51}),
        ("rows capped", 0.28, {}, {"capped_s": 1.1}),
        ("overlap", 0.06, {}, {"overlap_s": 0.11}),
        ("retransfer", 0.0, {}, {"gap_s": 0.3}),
        ("sets that failed", 0.0, {}, {"fails": True}),
    ],
)
def test_a_limit_of_an_outage(
    name: str, value: float, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    held = reported(outage(**good))
    assert verdict(held, name).ok is True
    assert verdict(held, name).value == pytest.approx(value)
    assert held.ok
    missed = reported(outage(**bad))
    assert verdict(missed, name).ok is False
    assert not missed.ok


def test_the_declared_type_fails_only_where_it_is_required() -> None:
    late = outage(accepted_s=10.1)
    assert verdict(reported(late), "Type 10").ok is None
    assert "not required" in verdict(reported(late), "Type 10").detail
    assert reported(late).ok
    required = Params(type_required=True)
    assert verdict(reported(late, limits=required), "Type 10").ok is False
    assert verdict(reported(outage(), limits=required), "Type 10").ok is True


def test_the_time_to_the_first_block_is_told_part_by_part() -> None:
    detail = verdict(reported(outage()), "first load block").detail
    assert detail == (
        "confirmed +1.50 s, start command +0.00 s, first set at voltage +8.10 s, "
        "first set on the bus +0.20 s, first block closed +0.20 s"
    )


def test_what_never_came_fails_once_its_limit_has_passed_and_not_before() -> None:
    never = outage(accepted_s=None)
    assert verdict(reported(never, lasted_s=31.0), "first load block").ok is False
    early = reported(never, lasted_s=29.0)
    assert verdict(early, "first load block").ok is None
    assert "the record ends" in verdict(early, "first load block").detail


def none_came(*more: Event) -> TransferReport:
    """Return the report of an outage in which every set that was called failed."""
    said = [e for e in outage(accepted_s=None) if e.source not in {"DG-1", "52-GCB-1"}]
    failed = event(80.0, "DG-1", "set_failed", stage="failed", before="starting", since_loss_s=80)
    said += [standby(1.5, "DG-1", "at_rest", "starting"), failed, *more]
    return reported(sorted(said, key=lambda one: one.at_ns), lasted_s=300.0)


def test_limits_on_sets_that_all_failed_do_not_apply_and_say_why() -> None:
    found = none_came()
    assert verdict(found, "sets that failed").ok is False
    for name in ("first load block on the sets", "Type 10", "full priority load"):
        assert verdict(found, name).ok is None, name
        assert verdict(found, name).detail.startswith("not applicable: all 1 sets")


def test_a_black_start_is_judged_from_the_word_of_the_person() -> None:
    begun = event(210.0, "CCTS-1", "black_start", stage="isolating", before="idle")
    late = section(250.0, "MVA", "feeding", "on_alternate")
    for fed_s, ok in ((225.0, True), (240.5, False)):
        found = none_came(begun, section(fed_s, "MVA", "feeding", "on_alternate"), late)
        judged = verdict(found, "first load block of a black start")
        assert (judged.ok, judged.value) == (ok, fed_s - 210.0)
        assert verdict(found, "first load block on the sets").ok is None
    assert verdict(none_came(begun), "first load block of a black start").ok is False


def test_a_main_that_closes_onto_a_section_that_storage_holds_is_no_way_back() -> None:
    said = [e for e in outage() if e.fields.get("before") not in {"synchronising", "parting"}]
    said += [
        section(64.0, "MVA", "awaiting", "closing_main"),
        section(65.6, "MVA", "closing_main", "on_main"),
    ]
    found = verdict(reported(sorted(said, key=lambda one: one.at_ns)), "retransfer")
    assert found.ok is None
    assert found.detail.startswith("not applicable: no section went back")


@pytest.mark.parametrize(("drawn_w", "ok"), [(91.0, True), (89.0, False)])
def test_the_load_is_on_the_grid_again_after_a_short_loss(drawn_w: float, ok: bool) -> None:
    times = (-1.0, 0.1, 0.2, 1.1, 4.0)
    values = (100.0, 0.0, 10.0, drawn_w, drawn_w)
    looks = {INPUT: list(zip(times, values, strict=True))}
    found = verdict(reported(sag(), looks), "load back")
    assert found.ok is ok
    assert found.value == (pytest.approx(0.97) if ok else None)
    late = {INPUT: list(zip((-1.0, 0.1, 0.2, 2.2, 4.0), values, strict=True))}
    assert verdict(reported(sag(), late), "load back").ok is False
    assert verdict(reported(sag()), "load back").ok is None


def test_a_value_that_was_not_read_since_the_return_does_not_count() -> None:
    stale = {INPUT: [(-1.0, 100.0), (0.13, 100.0), (0.2, 10.0), (1.5, 100.0)]}
    assert verdict(reported(sag(), stale), "load back").value == pytest.approx(1.37)


def test_a_longer_loss_may_walk_in() -> None:
    names = [one.name for one in reported(sag(back_s=1.01, on_input_s=12.0)).verdicts]
    assert not any(name.startswith("load back") for name in names)


@pytest.mark.parametrize(("low_s", "ok"), [(0.02, True), (0.2, False)])
def test_a_critical_supply_below_the_curve(low_s: float, ok: bool) -> None:
    looks = {TERMINAL: [(-1.0, 1.0), (0.1, 0.6), (0.1 + low_s, 1.0), (5.0, 1.0)]}
    found = verdict(reported(sag(), looks), "critical supplies")
    assert found.ok is ok
    assert found.value == pytest.approx(low_s)
    assert "UPS-A" in found.detail
    assert "hardware" in found.detail


def test_a_second_crank_is_told_and_fails_where_the_type_is_required() -> None:
    once = {CRANKS: [(-1.0, 7.0), (2.0, 8.0)]}
    twice = {CRANKS: [(-1.0, 7.0), (2.0, 8.0), (32.0, 9.0)]}
    name, required = "sets that cranked", Params(type_required=True)
    assert verdict(reported(outage(), once, required), name).ok is True
    assert verdict(reported(outage(), twice, required), name).ok is False
    assert verdict(reported(outage(), twice), name).ok is None
    assert verdict(reported(outage(), twice), name).detail == "DG-1: 2 cranks"


def test_racks_that_stop_undeclared_fail_and_declared_ones_do_not() -> None:
    looks = {ROW: [(-1.0, 8.0), (30.0, 5.0)]}
    assert verdict(reported(outage(), looks), "AI racks").ok is False
    declared = event(20.0, "ROW-1", "shutdown_requested", "orderly shutdown of ROW-1")
    told = reported([*outage(), declared], looks)
    assert verdict(told, "AI racks").ok is True
    assert "3 were shut down" in verdict(told, "AI racks").detail
    assert [one.text for one in told.relief] == ["rows capped", "orderly shutdown of ROW-1"]


def test_a_breaker_that_does_not_obey_fails() -> None:
    stuck = [*outage(), *command(2.0, "52-VCB-MB", "open", took_s=None, number=9)]
    found = reported(stuck)
    assert verdict(found, "commands that failed").ok is False
    assert verdict(found, "commands that failed").detail == "52-VCB-MB command_failed"
    assert [one.source for one in found.troubles] == ["52-VCB-MB"]


def test_a_tie_transfer_is_judged_as_a_short_loss() -> None:
    tie = [
        section(0.0, "MVA", "on_main", "awaiting"),
        *command(0.01, "52-VCB-TIE", "close", took_s=0.08),
        section(0.09, "MVA", "feeding", "on_alternate"),
    ]
    looks = {INPUT: [(-1.0, 100.0), (0.1, 0.0), (1.2, 95.0)]}
    found = reported(tie, looks)
    assert found.kind == "transfer"
    assert verdict(found, "load back").value == pytest.approx(1.11)
    names = [one.name for one in found.verdicts]
    assert not any(name.startswith("first load block") for name in names)
