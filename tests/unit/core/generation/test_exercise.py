"""Scheduled tests: in their hour, when all is calm, with a result that says why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core.generation import exercise
from daemon.model.commands import OperatorRequest
from tests.main_lane import UTC_NS, Lane, events, on_sets, supply

if TYPE_CHECKING:
    from daemon.core.step import Step

MINUTE_D = 1.0 / 1440.0
SETS = {f"DG-{n}" for n in range(1, 5)}


class Rehearsed(Lane):
    """A hall whose sets, or UPS, are tested every minute, each for ten seconds."""

    def __init__(self, **settings: float) -> None:
        super().__init__()
        tuned = exercise.Params(
            at_utc_h=0.0, within_h=0.005, load_s=15.0, hold_s=10.0, ups_hold_s=10.0, end_s=15.0
        )
        control = replace(self.params.control, exercise=replace(tuned, **settings))
        self.params = replace(self.params, control=control)
        self.now_ns += 60_000_000_000 - (UTC_NS + self.now_ns) % 60_000_000_000 - 1_000_000_000

    def begin(self) -> tuple[str, list[Step]]:
        """Run until a test has begun; return what is tested."""
        steps = [self.scan(supply()), *self.run(4.0, every_s=0.5)]
        (begun,) = events(steps, "test_begun")
        return begun.source, steps

    def load(self, name: str, load_w: float = 1.6e6) -> None:
        self.put(f"{name}.stage", "loaded")
        self.put(f"{name}.load_bank_w", load_w)
        self.put(f"{name}.voltage_ll_v", 6600.0)
        self.put(f"{name}.frequency_hz", 60.0)


def asked(steps: list[Step]) -> list[tuple[str, str]]:
    mail = [m for done in steps for m in done.messages if isinstance(m, OperatorRequest)]
    assert {m.user for m in mail} <= {"lane:main"}
    return [(m.proposal.equipment, m.proposal.action) for m in mail]


def result(steps: list[Step]) -> tuple[str, str]:
    (event,) = [
        e for name in ("passed", "failed", "aborted") for e in events(steps, f"test_{name}")
    ]
    return event.name, event.fields.get("reason", "")


def test_without_a_rhythm_nothing_is_ever_tested() -> None:
    hall = Rehearsed()
    steps = [hall.scan(supply()), *hall.run(130.0, every_s=1.0)]
    assert asked(steps) == []


def test_a_set_that_holds_its_load_passes_and_is_stopped() -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    name, steps = hall.begin()
    assert name in SETS
    assert asked(steps) == [(name, "test")]
    hall.load(name)
    steps = hall.run(12.0, every_s=0.5)
    assert asked(steps) == [(name, "stop")]
    hall.put(f"{name}.stage", "stopped")
    assert result(hall.run(1.0, every_s=0.5)) == ("test_passed", "")


def test_the_next_minute_it_is_the_next_of_its_kind() -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    name, _ = hall.begin()
    hall.put(f"{name}.stage", "fault")
    steps = hall.run(61.0, every_s=0.5)
    (begun,) = events(steps, "test_begun")
    assert begun.source in SETS - {name}


@pytest.mark.parametrize(
    ("point", "value", "reason"),
    [
        ("voltage_ll_v", 5800.0, "voltage_ll_v out of its limits"),
        ("frequency_hz", 57.0, "frequency_hz out of its limits"),
        ("load_bank_w", 0.3e6, "its test load is gone"),
        ("alarm_oil", 1.0, "alarm of oil"),
    ],
)
def test_a_set_that_leaves_its_limits_fails_and_says_why(
    point: str, value: float, reason: str
) -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    name, _ = hall.begin()
    hall.load(name)
    hall.run(1.0, every_s=0.5)
    hall.put(f"{name}.{point}", value)
    steps = hall.run(7.0, every_s=0.5)
    assert asked(steps) == [(name, "stop")]
    hall.put(f"{name}.stage", "stopped")
    assert result(hall.run(1.0, every_s=0.5)) == ("test_failed", reason)
    assert hall.state.facts.tests.failed == (name,)


def test_a_set_that_never_takes_load_fails() -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    name, _ = hall.begin()
    steps = hall.run(33.0, every_s=0.5)
    assert asked(steps) == [(name, "stop")]
    assert result(steps)[1] == "it did not take its test load in time"


@pytest.mark.parametrize("what", ["outage", "selector"])
def test_a_real_loss_or_a_hand_breaks_it_off_without_a_word_to_the_set(what: str) -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    name, _ = hall.begin()
    hall.load(name)
    hall.run(2.0, every_s=0.5)
    if what == "selector":
        hall.put(f"{name}.selector", "test")
        steps = [hall.scan()]
    else:
        steps = [hall.scan(supply(outage=True, feeds={"MVA": "none", "MVB": "none"}))]
    assert result(steps)[0] == "test_aborted"
    assert asked(steps) == []


def test_no_set_is_tested_while_one_has_failed_or_a_section_is_not_on_the_utility() -> None:
    for said in (
        supply(sets_failed=1),
        supply(outage=True),
        supply(feeds={"MVA": "utility", "MVB": "island"}),
    ):
        hall = Rehearsed(sets_every_days=MINUTE_D)
        steps = [hall.scan(said), *hall.run(30.0, every_s=0.5)]
        assert asked(steps) == []
        assert events(steps, "test_skipped")


@pytest.mark.parametrize("why", ["on sets", "selector", "not available"])
def test_what_is_not_calm_is_skipped_and_told(why: str) -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    if why == "selector":
        hall.put_all("generator", "selector", "manual")
    elif why == "not available":
        hall.put_all("generator", "available", 0.0)
    steps = [hall.scan(on_sets(4) if why == "on sets" else supply()), *hall.run(30.0, every_s=0.5)]
    assert asked(steps) == []
    (skipped,) = events(steps, "test_skipped")
    assert skipped.source in SETS


def test_a_battery_that_carries_its_part_passes() -> None:
    hall = Rehearsed(ups_every_days=MINUTE_D)
    name, steps = hall.begin()
    assert asked(steps) == [(name, "battery_test")]
    hall.put(f"{name}.battery_power_w", -0.3e6)
    hall.run(12.0, every_s=0.5)
    hall.put(f"{name}.battery_power_w", 0.1e6)
    assert result(hall.run(1.0, every_s=0.5)) == ("test_passed", "")


def test_a_battery_with_an_alarm_fails() -> None:
    hall = Rehearsed(ups_every_days=MINUTE_D)
    name, _ = hall.begin()
    hall.put(f"{name}.battery_power_w", -0.3e6)
    hall.run(2.0, every_s=0.5)
    hall.put(f"{name}.battery_alarm", 1.0)
    hall.put(f"{name}.battery_power_w", 0.0)
    assert result(hall.run(1.5, every_s=0.5)) == ("test_failed", "battery alarm")


def test_no_battery_is_tested_beside_another_ups_that_is_not_at_rest() -> None:
    hall = Rehearsed(ups_every_days=MINUTE_D)
    hall.put("UPS-A.stage", "static_bypass")
    steps = [hall.scan(supply()), *hall.run(30.0, every_s=0.5)]
    assert asked(steps) == []
    assert events(steps, "test_skipped")


@pytest.mark.parametrize(
    ("selector", "begins"), [("auto", True), ("test", True), ("manual", False)]
)
def test_sets_are_tested_while_their_board_is_on_auto_or_test(selector: str, begins: bool) -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    hall.put("CCTS-1.selector", selector)
    steps = [hall.scan(supply()), *hall.run(25.0, every_s=0.5)]
    assert bool(events(steps, "test_begun")) is begins
    if not begins:
        (skipped,) = events(steps, "test_skipped")
        assert skipped.fields["reason"] == "its board is on MANUAL"


def test_a_person_who_takes_the_board_in_hand_ends_a_test() -> None:
    hall = Rehearsed(sets_every_days=MINUTE_D)
    name, _ = hall.begin()
    hall.load(name)
    hall.run(3.0)
    hall.put("CCTS-1.selector", "manual")
    assert result(hall.run(2.0))[0] == "test_aborted"
