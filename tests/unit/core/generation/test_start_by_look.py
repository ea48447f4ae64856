"""One standby set, one look at a time: what it shows, what is wanted, and where it then stands."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from daemon.core.facts import BlackStart, Facts, Sets, Supply
from daemon.core.generation import start
from daemon.core.generation.start import At, Params, Stage, State
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall
from tests.unit.core.generation.looks import look

PARAMS = Params()
DG, CB = "DG-1", "52-GCB-1"
LOST_NS = 990 * SECOND - 600_000
WANTED = Facts(supply=Supply(outage=True, since_ns=LOST_NS), sets_released=False)
CALM = Facts(sets_released=True)
KEPT = Facts(sets_released=False)
"""Nothing wants them any more, and something hangs on them still."""
ISOLATED = Facts(black_start=BlackStart(holding=("CCTS-1",)), sets_released=False)
"""A black start takes the board apart: nothing may be closed there."""


class Board:
    """A dark hall in which the first set stands somewhere, and a look at it."""

    def __init__(self, stage: Stage, facts: Facts = WANTED, cranks: int = 1) -> None:
        self.hall = hall = Hall(now_ns=1000 * SECOND)
        hall.utilities = dict.fromkeys(hall.utilities, False)
        for name in ("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV", "52-VCB-MA", "52-VCB-MB"):
            hall.positions[name] = OPEN
        self.facts = facts
        rest = {name: At() for name in ("DG-2", "DG-3", "DG-4")}
        self.state = State({DG: At(stage, hall.now_ns, cranks), **rest})
        self.sets = Sets()
        self.events: list[Any] = []

    def look(self, after_s: float = 0.0) -> list[tuple[str, str]]:
        """Return what is asked of the first set and its breaker after a time."""
        self.hall.now_ns += ns(after_s)
        turn = start.step(look(self.hall, self.facts), self.state, PARAMS)
        self.state, self.sets = turn.state, (turn.facts or {})["sets"]
        self.events += [e for e in turn.events if e.source == DG]
        wishes = [p for p in turn.proposals if p.equipment in {DG, CB}]
        assert {(p.point, p.value, p.owner) for p in wishes} <= {("command", 0.0, "CCTS-1")}
        return [(p.equipment, p.action) for p in wishes]

    def runs(self, *, on_bus: bool = False) -> None:
        self.hall.stages[DG] = "loaded" if on_bus else "ready"
        self.hall.positions[CB] = CLOSED if on_bus else OPEN

    @property
    def stage(self) -> Stage:
        return self.state.sets[DG].stage


def test_every_set_of_every_board_is_at_rest_until_seen_otherwise() -> None:
    hall = Hall()
    assert start.initial(hall.site, PARAMS) == State({f"DG-{n}": At() for n in range(1, 5)})
    bare = replace(hall.site, schemes=MappingProxyType({}))
    nothing = start.initial(bare, PARAMS)
    assert start.step(look(hall), nothing, PARAMS).state is nothing
    place = start._places(hall.site, hall.params.points)[DG]
    others = ("52-GCB-2", "52-GCB-3", "52-GCB-4", "52-VCB-GA", "52-VCB-GB")
    assert place == (CB, "MVG", "CCTS-1", others)


# -- when it is wanted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "starts"),
    [
        (WANTED, True),
        (Facts(generation_wanted="a transformer", sets_released=False), True),
        (CALM, False),
        (KEPT, False),
        (replace(WANTED, black_start=BlackStart(holding=("CCTS-1",))), False),
        (replace(WANTED, sets_to_spare=(DG,)), False),
        (replace(WANTED, sets_to_spare=("DG-2",)), True),
        (replace(WANTED, sets_released=True), True),
    ],
)
def test_it_starts_when_it_is_wanted(facts: Facts, starts: bool) -> None:
    board = Board(Stage.AT_REST, facts)
    assert board.look() == [(DG, "start")] * starts
    assert board.stage is (Stage.STARTING if starts else Stage.AT_REST)


@pytest.mark.parametrize(
    ("point", "value", "starts"),
    [
        ("available", 0.0, False),
        ("available", None, True),
        ("selector", 1.0, False),
        ("selector", 2.0, False),
        ("selector", None, True),
    ],
)
def test_it_starts_unless_it_says_that_it_may_not(
    point: str, value: float | None, starts: bool
) -> None:
    board = Board(Stage.AT_REST)
    if value is None:
        board.hall.hidden.add((DG, point))
    else:
        board.hall.said[DG, point] = value
    assert bool(board.look()) is starts


# -- what it shows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "shows", "breaker", "facts", "end"),
    [
        (Stage.AT_REST, "loaded", CLOSED, CALM, Stage.ON_BUS),
        (Stage.AT_REST, "ready", OPEN, CALM, Stage.AT_REST),
        (Stage.STARTING, "cranking", OPEN, WANTED, Stage.STARTING),
        (Stage.STARTING, "loaded", CLOSED, WANTED, Stage.ON_BUS),
        (Stage.STARTING, "cranking", CLOSED, WANTED, Stage.STARTING),
        (Stage.STARTING, "fault", OPEN, WANTED, Stage.FAILED),
        (Stage.STARTING, "cranking", OPEN, CALM, Stage.COOLING),
        (Stage.STARTING, "cranking", OPEN, KEPT, Stage.STARTING),
        (Stage.READY, "ready", OPEN, WANTED, Stage.CLOSING),
        (Stage.READY, "fault", OPEN, WANTED, Stage.FAILED),
        (Stage.READY, "loaded", CLOSED, WANTED, Stage.ON_BUS),
        (Stage.READY, "ready", OPEN, CALM, Stage.COOLING),
        (Stage.READY, "stopped", OPEN, KEPT, Stage.AT_REST),
        (Stage.CLOSING, "fault", OPEN, WANTED, Stage.FAILED),
        (Stage.CLOSING, "loaded", CLOSED, WANTED, Stage.ON_BUS),
        (Stage.CLOSING, "ready", OPEN, WANTED, Stage.CLOSING),
        (Stage.ON_BUS, "loaded", CLOSED, WANTED, Stage.ON_BUS),
        (Stage.ON_BUS, "fault", CLOSED, WANTED, Stage.FAILED),
        (Stage.ON_BUS, "ready", OPEN, WANTED, Stage.FAILED),
        (Stage.ON_BUS, "ready", TRAVELLING, WANTED, Stage.ON_BUS),
        (Stage.ON_BUS, "loaded", CLOSED, CALM, Stage.DRAINING),
        (Stage.ON_BUS, "loaded", CLOSED, KEPT, Stage.ON_BUS),
        (Stage.ON_BUS, "loaded", CLOSED, replace(WANTED, sets_released=True), Stage.ON_BUS),
        (Stage.REJECTED, "ready", OPEN, WANTED, Stage.FAILED),
        (Stage.REJECTED, "fault", CLOSED, WANTED, Stage.FAILED),
        (Stage.DRAINING, "fault", CLOSED, CALM, Stage.FAILED),
        (Stage.DRAINING, "ready", OPEN, CALM, Stage.FAILED),
        (Stage.DRAINING, "loaded", CLOSED, WANTED, Stage.ON_BUS),
        (Stage.DRAINING, "loaded", CLOSED, KEPT, Stage.ON_BUS),
        (Stage.READY, "ready", OPEN, KEPT, Stage.CLOSING),
        (Stage.READY, "ready", OPEN, ISOLATED, Stage.READY),
        (Stage.UNLOADING, "fault", CLOSED, CALM, Stage.FAILED),
        (Stage.UNLOADING, "ready", OPEN, CALM, Stage.COOLING),
        (Stage.COOLING, "fault", OPEN, CALM, Stage.FAILED),
        (Stage.COOLING, "ready", OPEN, WANTED, Stage.STARTING),
        (Stage.COOLING, "loaded", CLOSED, CALM, Stage.ON_BUS),
        (Stage.STOPPING, "stopped", OPEN, CALM, Stage.AT_REST),
        (Stage.STOPPING, "cooling_down", OPEN, WANTED, Stage.STARTING),
        (Stage.STOPPING, "loaded", CLOSED, CALM, Stage.ON_BUS),
        (Stage.FAILED, "stopped", OPEN, CALM, Stage.AT_REST),
        (Stage.FAILED, "stopped", OPEN, KEPT, Stage.AT_REST),
        (Stage.FAILED, "stopped", OPEN, WANTED, Stage.FAILED),
        (Stage.FAILED, "stopped", CLOSED, CALM, Stage.FAILED),
        (Stage.FAILED, "ready", OPEN, CALM, Stage.FAILED),
    ],
)
def test_what_it_shows_moves_it_on(
    begin: Stage, shows: str, breaker: int, facts: Facts, end: Stage
) -> None:
    board = Board(begin, facts)
    board.hall.stages[DG], board.hall.positions[CB] = shows, breaker
    board.look()
    assert board.stage is end
    assert bool(board.events) is (begin is not end)


def test_one_that_is_called_again_while_it_is_told_to_stop_is_not_taken_for_one_that_runs() -> None:
    """It shows ready until the order to stop has reached it; on the bus it would then run out."""
    board = Board(Stage.STOPPING)
    board.runs()
    assert board.look() == [(DG, "start")]
    assert board.look(0.25) == [(DG, "start")]
    assert board.look(0.25) == []
    assert board.stage is Stage.READY


def test_one_that_is_not_available_is_not_mended() -> None:
    for unavailable in (0.0, None):
        board = Board(Stage.FAILED, CALM)
        if unavailable is None:
            board.hall.hidden.add((DG, "available"))
        else:
            board.hall.said[DG, "available"] = unavailable
        board.look()
        assert board.stage is Stage.FAILED


@pytest.mark.parametrize(
    ("stage", "wait_s", "then"),
    [
        (Stage.STARTING, PARAMS.ready_s, Stage.FAILED),
        (Stage.CLOSING, PARAMS.close_s, Stage.READY),
        (Stage.REJECTED, PARAMS.open_s, Stage.FAILED),
        (Stage.DRAINING, PARAMS.unload_s, Stage.UNLOADING),
        (Stage.HANDING_OVER, PARAMS.hand_over_s, Stage.UNLOADING),
        (Stage.UNLOADING, PARAMS.open_s, Stage.FAILED),
        (Stage.COOLING, PARAMS.cool_s, Stage.STOPPING),
        (Stage.STOPPING, PARAMS.stop_s, Stage.FAILED),
    ],
)
def test_each_stage_has_its_time(stage: Stage, wait_s: float, then: Stage) -> None:
    """A set that says nothing is waited for, and not longer."""
    board = Board(stage, CALM if stage is Stage.DRAINING else KEPT)
    board.hall.silent |= {DG, CB}
    board.look(wait_s - 0.001)
    assert board.stage is stage
    board.look(0.001)
    assert board.stage is then


@pytest.mark.parametrize(
    ("stage", "asked"),
    [
        (Stage.AT_REST, []),
        (Stage.STARTING, [(DG, "start")]),
        (Stage.CLOSING, [(CB, "close")]),
        (Stage.ON_BUS, []),
        (Stage.REJECTED, [(CB, "open")]),
        (Stage.DRAINING, []),
        (Stage.HANDING_OVER, []),
        (Stage.UNLOADING, [(CB, "open")]),
        (Stage.COOLING, []),
        (Stage.STOPPING, [(DG, "stop")]),
        (Stage.FAILED, []),
    ],
)
def test_each_stage_asks_for_its_own(stage: Stage, asked: list[tuple[str, str]]) -> None:
    board = Board(stage, CALM if stage is Stage.DRAINING else KEPT)
    board.hall.silent |= {DG, CB}
    assert board.look() == asked


# -- closing ---------------------------------------------------------------------------------------


def test_onto_a_live_bus_it_closes_in_step() -> None:
    board = Board(Stage.READY)
    board.runs()
    board.hall.stages["DG-2"], board.hall.positions["52-GCB-2"] = "loaded", CLOSED
    assert board.look() == [(CB, "close_in_sync")]


@pytest.mark.parametrize("why", ["unknown bus", "closing", "not open", "released"])
def test_onto_a_dead_bus_it_closes_alone(why: str) -> None:
    board = Board(Stage.READY)
    board.runs()
    if why == "unknown bus":
        board.hall.said |= {(b, "source_voltage_v"): 3300.0 for b in ("52-VCB-GA", "52-VCB-GB")}
    elif why == "closing":
        sets = {**board.state.sets, "DG-3": At(Stage.CLOSING, board.hall.now_ns)}
        board.state, board.hall.stages["DG-3"] = State(sets), "ready"
    elif why == "not open":
        board.hall.hidden.add(("52-GCB-2", "position"))
    else:
        board.facts = replace(CALM, generation_wanted="")
    assert (CB, "close") not in board.look()
    assert board.stage is (Stage.COOLING if why == "released" else Stage.READY)


def test_of_two_that_come_at_once_the_first_closes() -> None:
    board = Board(Stage.READY)
    board.runs()
    board.hall.stages["DG-2"] = "ready"
    board.state = State({**board.state.sets, "DG-2": At(Stage.READY, board.hall.now_ns)})
    assert board.look() == [(CB, "close")]
    assert board.state.sets["DG-2"].stage is Stage.READY


def test_its_own_breaker_stands_in_nobody_s_way_and_neither_does_another_board() -> None:
    """That its position is not known is for the interlocks to judge."""
    board = Board(Stage.READY)
    board.runs()
    board.hall.hidden.add((CB, "position"))
    board.hall.positions["52-GCB-2"] = TRAVELLING
    view = look(board.hall, board.facts)
    places = start._places(view.site, view.points)
    sets = board.state.sets
    assert not start._may_close(view, DG, places, sets)
    elsewhere = {n: p if n != "DG-2" else p._replace(bus="MVA") for n, p in places.items()}
    assert start._may_close(view, DG, elsewhere, sets)


@pytest.mark.parametrize(
    ("left_pu", "then"),
    [
        (PARAMS.least_pu, Stage.CLOSING),
        (PARAMS.least_pu - 0.001, Stage.READY),
        (None, Stage.CLOSING),
    ],
)
def test_one_without_voltage_is_waited_for_and_then_given_up(
    left_pu: float | None, then: Stage
) -> None:
    board = Board(Stage.READY)
    board.runs()
    if left_pu is None:
        board.hall.hidden.add((DG, "voltage_ll_v"))
    else:
        board.hall.said[DG, "voltage_ll_v"] = left_pu * 6600.0
    board.look(PARAMS.build_s - 0.001)
    assert board.stage is then
    if then is Stage.READY:
        board.look(0.001)
        assert board.state.sets[DG].stage.name == "FAILED"


@pytest.mark.parametrize("saves", ["", "live bus", "voltage", "silence", "another", "feeder"])
def test_one_that_is_alone_on_the_bus_without_voltage_is_rejected(saves: str) -> None:
    board = Board(Stage.ON_BUS)
    board.runs(on_bus=True)
    others = ("52-VCB-GA", "52-VCB-GB", "52-GCB-1", "52-GCB-2", "52-GCB-3", "52-GCB-4")
    if saves != "live bus":
        board.hall.said |= {
            (b, p): 0.0 for b in (*others, "R-MVG", "M-MVG")
            for p in ("source_voltage_v", "load_voltage_v", "voltage_ll_v", "voltage_v")
        }  # fmt: skip
    board.hall.said[DG, "voltage_ll_v"] = 6600.0 * (PARAMS.least_pu - 0.001 * (saves != "voltage"))
    if saves == "silence":
        board.hall.hidden.add((DG, "voltage_ll_v"))
    elif saves == "another":
        board.hall.hidden.add(("52-GCB-4", "position"))
    elif saves == "feeder":
        board.hall.positions["52-VCB-GB"] = CLOSED
    board.look(PARAMS.build_s - 0.001)
    assert board.stage is Stage.ON_BUS
    asked = board.look(0.001)
    assert asked == [(CB, "open")] * (not saves)


# -- to spare --------------------------------------------------------------------------------------


def test_one_to_spare_hands_over_and_opens_when_it_is_empty() -> None:
    board = Board(Stage.ON_BUS, replace(WANTED, sets_to_spare=(DG,)))
    board.runs(on_bus=True)
    empty_w = PARAMS.empty_pu * 3.2e6
    board.hall.said[DG, "power_w"] = -empty_w
    board.look()
    assert board.stage is Stage.HANDING_OVER
    assert (board.sets.leaving, board.sets.on_bus, board.sets.capability_w) == ((DG,), (DG,), 0.0)
    assert board.look() == []
    board.hall.hidden.add((DG, "power_w"))
    assert board.look() == []
    board.hall.hidden.clear()
    board.hall.said[DG, "power_w"] = -empty_w + 1.0
    assert board.look() == [(CB, "open")]


def test_one_that_hands_over_stays_when_it_is_wanted_and_drains_when_all_are_released() -> None:
    for facts, then in ((WANTED, Stage.ON_BUS), (CALM, Stage.DRAINING), (KEPT, Stage.HANDING_OVER)):
        board = Board(Stage.HANDING_OVER, facts)
        board.runs(on_bus=True)
        board.look()
        assert board.stage is then


# -- what others decide ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "shows", "breaker", "end"),
    [
        (Stage.AT_REST, "ready", OPEN, Stage.READY),
        (Stage.AT_REST, "loaded", CLOSED, Stage.ON_BUS),
        (Stage.AT_REST, "stopped", OPEN, Stage.AT_REST),
        (Stage.ON_BUS, "ready", OPEN, Stage.READY),
        (Stage.ON_BUS, "fault", OPEN, Stage.FAILED),
        (Stage.DRAINING, "ready", OPEN, Stage.READY),
        (Stage.HANDING_OVER, "ready", OPEN, Stage.READY),
        (Stage.READY, "ready", OPEN, Stage.READY),
        (Stage.FAILED, "stopped", OPEN, Stage.AT_REST),
    ],
)
def test_sets_of_a_board_in_other_hands_are_followed_and_told_nothing(
    begin: Stage, shows: str, breaker: int, end: Stage
) -> None:
    board = Board(begin, WANTED)
    board.hall.said["CCTS-1", "selector"] = 1.0
    board.hall.stages[DG], board.hall.positions[CB] = shows, breaker
    assert board.look() == []
    assert board.stage is end


# -- what is concluded and told --------------------------------------------------------------------


def test_what_the_sets_can_do_is_what_is_on_the_bus_and_stays() -> None:
    board = Board(Stage.ON_BUS, KEPT)
    board.runs(on_bus=True)
    stages = (Stage.DRAINING, Stage.READY, Stage.FAILED)
    board.hall.silent |= {"DG-2", "DG-3", "DG-4", "52-GCB-2", "52-GCB-3", "52-GCB-4"}
    others = {f"DG-{n}": At(s, board.hall.now_ns) for n, s in zip((2, 3, 4), stages, strict=True)}
    board.state = State({**board.state.sets, **others})
    board.look()
    assert board.sets == Sets(
        ready=("DG-3", DG, "DG-2"),
        on_bus=(DG, "DG-2"),
        pending=("DG-3",),
        failed=("DG-4",),
        leaving=(),
        capability_w=6.4e6,
    )
    for stage in (Stage.STARTING, Stage.CLOSING):
        board = Board(stage, KEPT)
        board.hall.silent |= {DG, CB}
        board.look()
        assert board.sets.pending == (DG,)
        assert board.sets.ready == (DG,) * (stage is Stage.CLOSING)


def test_every_crank_after_the_first_is_told_once() -> None:
    facts = replace(WANTED, supply=Supply(outage=True, since_ns=990 * SECOND - 123_456))
    board = Board(Stage.STARTING, facts)
    for stage, count, told in (
        ("cranking", 1.0, 0), ("resting", 1.0, 0), ("cranking", 2.0, 1), ("cranking", 2.0, 1),
        ("running_up", 3.0, 1), ("cranking", 3.0, 2),
    ):  # fmt: skip
        board.hall.stages[DG] = stage
        board.hall.said[DG, "crank_count"] = count
        board.look(1.0)
        assert len(board.events) == told
    assert [e.name for e in board.events] == ["set_cranks_again"] * 2
    assert board.events[0].fields == {"attempt": 2, "since_loss_s": 13.0}
    assert board.state.sets[DG].cranks == 3
    board.runs()
    board.look()
    assert board.state.sets[DG].cranks == 1


@pytest.mark.parametrize(
    ("begin", "shows", "name", "stage"),
    [
        (Stage.STARTING, "ready", "set_ready", "ready"),
        (Stage.STARTING, "fault", "set_failed", "failed"),
        (Stage.AT_REST, "stopped", "set_starting", "starting"),
        (Stage.CLOSING, "loaded", "set_on_bus", "on_bus"),
        (Stage.STOPPING, "stopped", "stage", "at_rest"),
    ],
)
def test_what_becomes_of_a_set_is_told_by_name(
    begin: Stage, shows: str, name: str, stage: str
) -> None:
    board = Board(begin, CALM if begin is Stage.STOPPING else WANTED)
    board.hall.stages[DG] = shows
    board.hall.positions[CB] = CLOSED if shows == "loaded" else OPEN
    board.look(PARAMS.believe_s)
    (told,) = board.events
    assert told.name == name
    assert told.fields["stage"] == stage
    assert told.fields["before"] == begin.name.lower()
    assert told.fields["since_loss_s"] == (0.0 if begin is Stage.STOPPING else 10.501)
    failed = f"DG-1: failed while {begin.value}"
    assert (told.text == failed) is (stage == "failed")


@pytest.mark.parametrize(
    ("shown", "breaker", "since_s", "left"),
    [
        ("fault", CLOSED, PARAMS.open_s, True),
        ("stopped", CLOSED, PARAMS.open_s, True),
        ("fault", CLOSED, PARAMS.open_s - 0.001, False),
        ("fault", OPEN, 99.0, False),
        ("fault", TRAVELLING, 99.0, False),
        ("loaded", CLOSED, 99.0, False),
    ],
)
def test_a_set_that_gives_nothing_is_left_on_the_bus_after_the_time_its_relay_has(
    shown: str, breaker: int, since_s: float, left: bool
) -> None:
    board = Board(Stage.FAILED)
    board.hall.stages[DG], board.hall.positions[CB] = shown, breaker
    at = At(Stage.FAILED, board.hall.now_ns - ns(since_s))
    view = look(board.hall, board.facts)
    place = start._places(view.site, view.points)[DG]
    assert start._left_closed(view, DG, place, at, PARAMS) is left
