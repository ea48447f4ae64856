"""Sets while something hangs on them and nothing wants generation any more.

Each case is a way that `ridethrough prove` found sure in the sets before the rule that it tests.
"""

from __future__ import annotations

import pytest

from daemon.core.facts import Facts
from daemon.core.generation import start
from tests.hall import Hall
from tests.unit.core.generation.test_start_by_look import CALM, CB, DG, ISOLATED, KEPT, Board
from tests.unit.core.interlocks.test_rows import case, outage, refusing


def test_a_set_stays_on_the_bus_when_something_hangs_on_it_again() -> None:
    """It was let go, and a feeder was closed by hand before its breaker was told to open."""
    board = Board(start.Stage.DRAINING, CALM)
    board.runs(on_bus=True)
    assert board.look(start.Params().unload_s - 0.001) == []
    board.facts = KEPT
    assert board.look(0.001) == []
    assert board.stage is start.Stage.ON_BUS


@pytest.mark.parametrize(
    ("facts", "then"),
    [
        (KEPT, start.Stage.READY),
        (CALM, start.Stage.COOLING),
        (ISOLATED, start.Stage.STARTING),
    ],
)
def test_a_set_that_was_started_comes_though_nothing_wants_it_any_more(
    facts: Facts, then: start.Stage
) -> None:
    """Else it would be given up `ready_s` after its order, running as it was told."""
    board = Board(start.Stage.STARTING)
    board.look(1.0)
    board.facts = facts
    board.runs()
    board.look()
    assert board.stage is then


@pytest.mark.parametrize("told", [{}, {DG: "stop"}, {DG: "start"}])
@pytest.mark.parametrize("shows", ["ready", "cooling_down"])
def test_a_set_that_was_told_to_stop_is_not_closed_onto_the_bus(
    shows: str, told: dict[str, str]
) -> None:
    """A person asks for it as it comes; it ran out on the bus, which nobody else could feed."""
    hall = Hall()
    outage(hall)
    hall.stages[DG] = shows
    refused = "machine_at_rest" in refusing(case(hall, CB, "close", told))
    assert refused is (shows == "cooling_down" or told == {DG: "stop"})


@pytest.mark.parametrize(
    ("shows", "then"),
    [("ready", start.Stage.CLOSING), ("cooling_down", start.Stage.READY)],
)
def test_a_set_that_runs_out_is_not_permitted_to_close(shows: str, then: start.Stage) -> None:
    """Else it were permitted again and again, and no other set in its place."""
    board = Board(start.Stage.READY)
    board.runs()
    board.hall.stages[DG] = shows
    board.look()
    assert board.stage is then
