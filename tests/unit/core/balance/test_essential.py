"""What goes beside the rows: chillers in one step, IT racks after them, nothing without need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.main_lane import Lane, commands, events, on_sets, supply

if TYPE_CHECKING:
    from daemon.core import step as core
    from daemon.model.commands import LaneMessage


def short(capability_w: float, feed: str = "generators") -> Lane:
    """Return a hall whose sections are carried by sources of this power."""
    hall = Lane()
    hall.run(1.0)
    hall.scan(carried(capability_w, feed))
    return hall


def carried(capability_w: float, feed: str = "generators", **values: object) -> LaneMessage:
    return supply(
        outage=True, stable=(), sets_on_bus=1, capability_w=capability_w, rows_limit_w=0.0,
        feeds={"MVA": feed, "MVB": feed}, **values,
    )  # fmt: skip


def told(steps: list[core.Step], action: str) -> list[str]:
    done = [c for c in commands(steps, "command") if c.action == action]
    return list(dict.fromkeys(c.equipment for c in done if not c.equipment.startswith("ROW")))


@pytest.mark.fault("F44")
def test_one_set_carries_all_that_is_essential() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.scan(on_sets(1, rows_limit_w=0.0))
    assert not told(hall.run(5.0), "stop")


@pytest.mark.fault("F44")
@pytest.mark.parametrize(
    ("capability_w", "stopped"), [(2.0e6, ["CH-2"]), (1.5e6, ["CH-1", "CH-2"])]
)
def test_chillers_that_the_sources_cannot_carry_are_stopped_in_one_step(
    capability_w: float, stopped: list[str]
) -> None:
    hall = short(capability_w)
    steps = hall.run(3.0)
    assert told(steps, "stop") == stopped
    (shed,) = (e for e in events(steps, "load_shed") if e.source == "essential")
    assert shed.fields["loads"] == stopped
    assert shed.fields["capability_w"] == capability_w
    assert not told(steps, "shutdown")


def test_critical_loads_go_last_and_in_order() -> None:
    steps = short(1.0e6).run(3.0)
    assert told(steps, "stop") == ["CH-1", "CH-2"]
    ended = told(steps, "shutdown")
    assert ended
    assert {"SR-1", "SR-2"}.isdisjoint(ended), "what fits stays"


def test_storage_alone_ends_no_critical_load() -> None:
    steps = short(1.0e6, "storage").run(3.0)
    assert told(steps, "stop") == ["CH-1", "CH-2"]
    assert not told(steps, "shutdown")


def test_nothing_goes_while_sets_may_still_come() -> None:
    hall = Lane()
    hall.run(1.0)
    hall.scan(carried(1.5e6, sets_pending=2))
    assert not told(hall.run(5.0), "stop")


def test_a_shortage_of_a_moment_stops_nothing() -> None:
    hall = short(1.5e6)
    hall.run(0.5)
    hall.scan(carried(3.2e6))
    assert not told(hall.run(3.0), "stop")


def test_a_chiller_that_rests_is_stopped_when_it_would_start() -> None:
    hall = Lane()
    hall.put("CH-2.stage", "stopped")
    hall.run(1.0)
    hall.scan(carried(2.0e6))
    assert not told(hall.run(3.0), "stop")
    hall.put("CH-2.stage", "starting")
    assert told(hall.run(3.0), "stop") == ["CH-2"]


@pytest.mark.parametrize("back", [carried(3.2e6), supply()], ids=["a larger source", "utility"])
def test_what_was_stopped_is_started_again(back: LaneMessage) -> None:
    hall = short(2.0e6)
    hall.run(2.0)
    hall.put("CH-2.stage", "stopped")
    assert not told(hall.run(3.0), "start"), "not while there is no more to give"
    assert told([hall.scan(back), *hall.run(1.0)], "start") == ["CH-2"]
    hall.put("CH-2.stage", "starting")
    hall.run(1.0)
    hall.put("CH-2.stage", "stopped")
    assert not told(hall.run(1.0), "start"), "once it has run it is in other hands"
