"""The scan loop in a world where time moves by hand."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from daemon.core.step import State, Step
from daemon.drivers.driver import Statistics
from daemon.journal.journal import read
from daemon.model.commands import (
    Finished,
    LaneMessage,
    OperatorRequest,
    Outcome,
    Proposal,
    Request,
    Result,
)
from daemon.model.events import AlarmTransition, Event
from daemon.model.quality import is_good
from daemon.model.quantities import MILLISECOND, SECOND
from daemon.runtime.supervisor import DefectError
from tests.unit.runtime.desk import START, Desk, Scanned, command

EVENT = Event(1, "52-1", "stage", "opens", {})


def alarm(state: str) -> AlarmTransition:
    active = state == "B"
    return AlarmTransition(
        1, 2, "x:52-1", 1, state, 2, "x", "52-1", "", 0.0, 0.0, "", 0, active, False, "text", "do"
    )


async def test_switching_steps_first_and_both_see_one_image() -> None:
    desk = Desk()
    await desk.run(20)
    lanes = [call.lane for call in desk.calls]
    assert lanes.count("switching") == 20
    assert lanes.count("main") == 3
    assert lanes[:3] == ["switching", "main", "switching"]
    assert desk.calls[0].inputs.image is desk.calls[1].inputs.image
    figures = desk.scan.lanes["switching"].figures
    assert (figures.scans, figures.overruns) == (20, 0)


async def test_an_idle_lane_is_left_out_until_time_mail_or_the_table_wakes_it() -> None:
    def act(call: Scanned) -> Step | None:
        image = call.inputs.image
        return Step(State(version=image.version, due_ns=START + 250 * MILLISECOND))

    desk = Desk(act)

    def happen(count: int) -> None:
        desk.read_all()
        if count == 5:
            desk.scan.ask("switching", Outcome(9, Result.ACKNOWLEDGED, 0, ""))
        if count >= 10:
            desk.table.put(np.array([3]), np.array([7.0]), np.zeros(1, np.uint32), desk.clock.now)

    desk.ticks.before = happen
    await desk.run(26)
    woken = [c.inputs.image.now_ns - START for c in desk.calls if c.lane == "switching"]
    assert [at // MILLISECOND for at in woken] == [10, 50, 100, 250, 260]
    records = [r for r in read(desk.files) if r["k"] == "in" and r["lane"] == "switching"]
    assert [r["image"].version for r in records] == [1, 1, 2, 2, 2]
    assert desk.scan.lanes["switching"].figures.scans == 26
    assert [s.image.now_ns for s in desk.publisher.shown] == sorted(
        {s.image.now_ns for s in desk.publisher.shown}
    )


async def test_inputs_and_decisions_are_recorded_before_anything_is_sent() -> None:
    seen: list[list[str]] = []

    def act(call: Scanned) -> Step:
        seen.append([r["k"] for r in read(desk.files)])
        first = len(seen) == 1
        return Step(State(), (command(),) if first else (), (EVENT,) if first else ())

    desk = Desk(act)

    async def write(sent: object) -> Outcome:
        kinds.extend(r["k"] for r in read(desk.files))
        return Outcome(1, Result.ACKNOWLEDGED, 0, "")

    kinds: list[str] = []
    desk.drivers["GW"].write = write  # type: ignore[method-assign,assignment]
    await desk.run(2)
    assert seen[0] == ["boot", "in"]
    assert kinds[:3] == ["boot", "in", "out"]
    assert desk.publisher.told == [EVENT]


async def test_outcomes_messages_and_results_come_back_through_the_inbox() -> None:
    def act(call: Scanned) -> Step | None:
        if call.lane == "switching" and len(desk.calls) == 1:
            news = LaneMessage("switching", "supply", {"outage": True})
            asked = tuple(Request(n, f, {"value": 21}) for n, f in ((3, "double"), (4, "unknown")))
            return Step(State(), (command(5),), (), asked, (news,))
        return None

    desk = Desk(act)
    await desk.run(12)
    own = [m for c in desk.calls if c.lane == "switching" for m in c.inputs.inbox]
    other = [m for c in desk.calls if c.lane == "main" for m in c.inputs.inbox]
    assert Outcome(5, Result.ACKNOWLEDGED, 0, "") in own
    assert other == [LaneMessage("switching", "supply", {"outage": True})]
    assert Finished(3, 42) in own
    assert Finished(4, None) in own
    assert desk.requests.failed == 1


async def test_order_is_kept_and_a_slow_gateway_delays_nobody() -> None:
    def act(call: Scanned) -> Step | None:
        if len(desk.calls) == 1:
            slow = [command(n, "52-1") for n in (1, 2, 3)]
            return Step(State(), (*slow, command(4, "ESS-1"), command(5, "52-1", "heartbeat")))
        return None

    desk = Desk(act)
    desk.drivers["GW"].hold = asyncio.Event()
    await desk.run(3)
    assert [c.id for c in desk.drivers["OPC"].written] == [4]
    assert desk.drivers["GW"].written == []
    assert desk.actuation.results["expired"] == 2, "what still waited at the end was answered"


async def test_a_link_that_comes_later_is_shown_as_it_is() -> None:
    desk = Desk()
    desk.drivers["GW"].statistics = Statistics(connected=True)
    await desk.run(20)
    assert desk.publisher.shown[-1].gateways["GW"].connected


async def test_overrun_is_counted_and_said_once() -> None:
    desk = Desk()

    def late(count: int) -> None:
        if count in {5, 8, 11, 14}:
            desk.clock.now += 35 * MILLISECOND
        desk.read_all()

    desk.ticks.before = late
    await desk.run(10)
    assert desk.scan.lanes["switching"].figures.overruns == 6
    assert desk.told("scan_overrun") == [], "a few are no event"
    await desk.run(10)
    assert desk.scan.lanes["switching"].figures.overruns == 12
    (said,) = desk.told("scan_overrun")
    assert said.fields["missed"] == 12


@pytest.mark.fault("F60")
async def test_pause_discards_commands_and_reads_everything_again() -> None:
    request = OperatorRequest("1", "user", Proposal("52-1", "command", "open", 1.0, "", ""))

    def act(call: Scanned) -> Step | None:
        return Step(State(), (command(1), command(2))) if len(desk.calls) == 1 else None

    desk = Desk(act)
    desk.drivers["GW"].hold = asyncio.Event()

    def pause(count: int) -> None:
        if count == 5:
            desk.clock.now += 5 * SECOND
            desk.scan.ask("main", request)
        if count < 5 or count > 20:
            desk.read_all()

    desk.ticks.before = pause
    await desk.run(30)
    (event,) = desk.told("process_paused")
    assert event.fields["gap_s"] == pytest.approx(5.0, abs=0.02)
    assert event.fields["discarded"] == 2, "the second command and the request"
    stepped = [c.inputs.image.now_ns for c in desk.calls]
    holes = [b - a for a, b in pairwise(stepped)]
    assert max(holes) > 5 * SECOND + 150 * MILLISECOND, "no scan before all was read again"
    resumed = stepped.index(max(b for a, b in pairwise(stepped) if b - a == max(holes)))
    later = desk.calls[resumed:]
    inboxes = [m for c in later for m in c.inputs.inbox]
    assert all(is_good(int(q)) for q in later[0].inputs.image.quality)
    assert not any(isinstance(m, OperatorRequest) for m in inboxes)
    assert any(isinstance(m, Outcome) and m.result is Result.EXPIRED for m in inboxes)


async def test_no_scan_before_the_first_read_or_the_end_of_patience() -> None:
    desk = Desk()
    desk.ticks.before = lambda _: None
    await desk.run(150)
    assert desk.calls == []
    await desk.run(60)
    assert desk.calls
    assert not desk.publisher.shown[-1].ready


@pytest.mark.fault("F57")
@pytest.mark.parametrize("hours", [-1, 1])
async def test_wall_clock_step_is_an_event_and_nothing_else(hours: int) -> None:
    desk = Desk()

    def jump(count: int) -> None:
        if count == 5:
            desk.clock.offset += hours * 3600 * SECOND
        desk.read_all()

    desk.ticks.before = jump
    await desk.run(20)
    (event,) = desk.told("clock_stepped")
    assert event.fields["step_s"] == pytest.approx(hours * 3600.0)
    assert event.fields["after_ns"] - event.fields["before_ns"] == hours * 3600 * SECOND
    assert desk.scan.lanes["switching"].figures.scans == 20
    assert desk.scan.lanes["switching"].figures.overruns == 0


@pytest.mark.fault("F71")
async def test_defect_stops_the_lane_and_ends_the_daemon_after_the_fallback_time() -> None:
    def act(call: Scanned) -> Step | None:
        if call.lane == "switching" and len(desk.calls) > 5:
            raise ZeroDivisionError("a defect")
        return None

    desk = Desk(act)
    with pytest.raises(DefectError, match="switching"):
        await desk.run(1000)
    switching = [c for c in desk.calls if c.lane == "switching"]
    main = [c for c in desk.calls if c.lane == "main"]
    assert len(switching) < 8
    last = main[-1].inputs.image.now_ns - switching[-1].inputs.image.now_ns
    assert 3 * SECOND < last < 5 * SECOND, "the other lane goes on until devices took over"
    (event,) = desk.told("lane_stopped")
    assert "ZeroDivisionError" in event.fields["trace"]
    alarms = [a for a in desk.publisher.told if isinstance(a, AlarmTransition)]
    assert [(a.alarm_id, a.priority) for a in alarms] == [("lane_stopped:switching", 1)]
    assert desk.publisher.shown[-1].lanes["switching"].stopped


async def test_broken_publisher_costs_its_messages_only() -> None:
    desk = Desk()
    desk.publisher.broken = True
    await desk.run(50)
    assert len(desk.told("publisher_failed")) == 1
    assert desk.scan.lanes["main"].figures.scans > 3


async def test_alarms_that_are_not_normal_are_kept() -> None:
    states = iter("BCA")

    def act(call: Scanned) -> Step | None:
        if call.lane != "main":
            return None
        state = next(states, "")
        return Step(State(), (), (alarm(state),) if state else ())

    desk = Desk(act)
    await desk.run(1)
    assert desk.scan.alarms["x:52-1"].state == "B"
    await desk.run(10)
    assert desk.scan.alarms["x:52-1"].state == "C"
    await desk.run(10)
    assert desk.scan.alarms == {}
