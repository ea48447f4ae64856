"""Sets under proof: what they do as they are told, and which of them the daemon may give up."""

from __future__ import annotations

import pytest

from daemon import settings
from daemon.core.facts import Facts
from daemon.core.generation.start import At, Params, Stage, State
from daemon.model.commands import Result
from daemon.rehearsal.proof import schemes, zones
from daemon.rehearsal.proof.plant import CLOSED, OPEN, Faults, Lie, Told, put
from daemon.rehearsal.proof.sets import HALT_MS, REST, RUNNING, STARTING, STOPPING, Sets


@pytest.fixture(scope="module")
def board() -> Sets:
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "CCTS-1/sets")
    assert isinstance(part.board, Sets)
    return part.board


def test_a_set_that_is_told_to_stop_while_it_cranks_does_not_come(board: Sets) -> None:
    rest = board.first(Faults(1, 0, 0))
    cranking = rest._replace(stages=put(rest.stages, 0, STARTING))
    stop = Told("stop", for_gap=False, raced=False)
    ((branch, answer),) = board.acts(cranking, len(board.breakers), stop)
    assert answer is Result.ACKNOWLEDGED
    assert branch.plant.stages[0] == REST
    assert ("run", 0) in branch.ended


@pytest.mark.parametrize(
    ("contact", "raced", "wrong"),
    [(CLOSED, False, True), (OPEN, False, False), (CLOSED, True, False)],
)
def test_a_set_is_not_stopped_on_its_bus(
    board: Sets, contact: int, raced: bool, wrong: bool
) -> None:
    rest = board.first(Faults(1, 1, 0))
    runs = rest._replace(
        stages=put(rest.stages, 0, RUNNING),
        sources=put(rest.sources, 0, True),
        contacts=put(rest.contacts, board.breaker[0], contact),
    )
    stop = Told("stop", for_gap=False, raced=raced)
    ((branch, _),) = board.acts(runs, len(board.breakers), stop)
    assert branch.plant.stages[0] == STOPPING
    assert branch.wrong == ("DG-1 is stopped on its bus",) * wrong


def test_a_stop_that_an_instrument_led_to_is_excused_on_its_way_too(board: Sets) -> None:
    at, breaker = len(board.breakers), board.breaker[0]
    rest = board.first(Faults(1, 1, 0))
    runs = rest._replace(
        stages=put(rest.stages, 0, RUNNING),
        sources=put(rest.sources, 0, True),
        contacts=put(rest.contacts, breaker, CLOSED),
        lie=Lie("position", breaker, 0, OPEN),
    )
    told = board.obey(runs, at, "stop", for_gap=False).plant
    (well,) = (b.plant for b in board.adversary(told) if b.text == "the instrument is well again")
    assert [order.raced for order in well.orders[at]] == [True]
    ((branch, _),) = board.acts(well, at, well.orders[at][0])
    assert branch.wrong == ()


def test_persons_may_ask_a_set_to_start_and_to_stop(board: Sets) -> None:
    asked = {trick.ask for trick in board.tricks(board.first(Faults(1, 1, 0)))}
    assert {(("DG-2", "start"),), (("DG-2", "stop"),)} <= asked


def test_only_a_set_that_is_not_given_up_leaves_the_bus_to_starve(board: Sets) -> None:
    rest = board.first(Faults(1, 1, 0))
    ready = rest._replace(
        stages=put(rest.stages, 0, RUNNING), sources=put(rest.sources, 0, True), wanted=True
    )
    assert board.starved(ready)
    failed = {"start": State({"DG-1": At(Stage.FAILED), "DG-2": At()})}
    found = board.heard(ready, failed, Facts())
    assert found.wrong == ("a set is given up for nothing",)
    assert not board.starved(found.plant)
    assert board.heard(ready._replace(sudden=0), failed, Facts()).wrong == ()


def test_how_long_a_set_runs_out_is_not_forgotten_where_ways_to_it_are_joined() -> None:
    """Else it is given up as one that does not stop, when it is let go twice."""
    stopping = [zones.begun(zones.ONLY_NOW, [(HALT_MS[0], HALT_MS[1] - off)]) for off in (0, 7)]
    joined = zones.joined(stopping, coarse=True)
    assert HALT_MS[1] <= joined[1, 0] < Params().stop_s * 1000


def test_something_may_hang_on_sets_that_nothing_wants(board: Sets) -> None:
    rest = board.first(Faults(1, 0, 0))
    told = {b.text: b.plant for b in board.others(rest)}
    held = told["something hangs on the sets"]
    assert (held.asked, held.wanted) == (True, False)
    wanted = told["the sets are wanted"]
    (held,) = (b.plant for b in board.others(wanted))
    assert (held.asked, held.wanted) == (True, False)
    (free,) = (b.plant for b in board.others(held))
    assert (free.asked, free.wanted) == (False, False)
