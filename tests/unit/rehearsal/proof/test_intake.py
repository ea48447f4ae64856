"""The intake under proof: nothing is found where nothing is wrong, and what is planted is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon import settings
from daemon.core import interlocks
from daemon.core.transfer import intake
from daemon.rehearsal.proof import explore, schemes
from daemon.rehearsal.proof.intake import TRAVELS, Intake
from daemon.rehearsal.proof.plant import (
    LOCKED,
    OPENING,
    Faults,
    Told,
    bent,
    is_overtaken,
    moved,
    overtaken,
    put,
)

if TYPE_CHECKING:
    from daemon.rehearsal.proof.explore import Tally
    from daemon.rehearsal.proof.plant import Plant


def searched(faults: Faults, *, until: str = "", most: int = 20_000) -> Tally:
    """Return what a search of the intake came to."""
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "ALTS-1")
    assert isinstance(part.board, Intake)
    search = explore.Search(part.board, part.mind, part.picture, part.bound_ms, faults)
    return search.run(lambda t: until in t.found if until else t.situations > most)


def without_row(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Take a row out of the interlocks."""
    left = {
        key: tuple(row for row in rows if row.name != name)
        for key, rows in interlocks.BY_ACTION.items()
    }
    monkeypatch.setattr(interlocks, "BY_ACTION", left)


def test_with_a_utility_that_fails_and_returns_nothing_is_wrong() -> None:
    found = searched(Faults(1, 0, 0))
    assert found.complete
    assert found.found == {}
    assert found.hungry_ms < schemes.INTAKE_BOUND_MS


def test_a_switch_that_meets_an_island_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row(monkeypatch, "onto_island")
    wrong = "the switch joins two sources"
    assert wrong in searched(Faults(1, 0, 1), until=wrong).found


def test_a_switch_that_brings_a_feed_to_a_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    without_row(monkeypatch, "faulted_load")
    monkeypatch.setattr(intake, "fault_behind", lambda *_: False)
    wrong = "the switch feeds a fault that protection has told of"
    assert wrong in searched(Faults(0, 1, 0), until=wrong).found


def intake_board() -> Intake:
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "ALTS-1")
    assert isinstance(part.board, Intake)
    return part.board


def on_its_way(board: Intake, *, fault: bool, told: bool = False) -> Plant:
    """Return the intake with its switch about to arrive at source 2, sources on site behind it."""
    plant = board.first(Faults(1, 1, 0))
    at = board.switch
    travels = plant._replace(
        contacts=put(plant.contacts, at, 0),
        motions=put(plant.motions, at, TRAVELS),
        stages=plant.stages._replace(target=2),  # type: ignore[attr-defined]
        faulted=(board.poles[2],) if fault else (),
    )
    return bent(travels, board.feeders[0], LOCKED) if told else travels


def test_a_switch_joins_two_sources_where_there_is_voltage() -> None:
    board = intake_board()
    (branch,) = board.fire(on_its_way(board, fault=False), ("travel", board.switch))
    assert branch.wrong == ("the switch joins two sources",)


def test_a_load_side_at_fault_has_no_voltage_that_could_meet_another() -> None:
    board = intake_board()
    (branch,) = board.fire(on_its_way(board, fault=True), ("travel", board.switch))
    assert branch.wrong == ()


def test_a_fault_that_was_told_of_before_it_left_is_its_fault() -> None:
    board = intake_board()
    (branch,) = board.fire(on_its_way(board, fault=True, told=True), ("travel", board.switch))
    assert branch.wrong == ("the switch feeds a fault that protection has told of",)


def test_a_fault_that_is_told_of_while_it_travels_is_not() -> None:
    board = intake_board()
    travels = overtaken(on_its_way(board, fault=True, told=True))
    (branch,) = board.fire(travels, ("travel", board.switch))
    assert branch.wrong == ()
    assert not is_overtaken(branch.plant, board.switch), "the next transfer is judged anew"


def test_where_a_switch_goes_by_its_own_logic_is_not_its_orders_fault() -> None:
    board = intake_board()
    travels = on_its_way(board, fault=False)
    alone = travels._replace(
        stages=travels.stages._replace(by_itself=True)  # type: ignore[attr-defined]
    )
    (branch,) = board.fire(alone, ("travel", board.switch))
    assert branch.wrong == ()


def test_an_order_is_overtaken_by_the_breaker_behind_the_switch() -> None:
    board = intake_board()
    plant = board.first(Faults(1, 1, 0))
    order = Told("to_source_2", for_gap=False, raced=False)
    plant = plant._replace(orders=put(plant.orders, board.switch, (order,)))
    opening = moved(plant, board.behind_it, OPENING)
    (branch,) = board.fire(opening, ("travel", board.behind_it))
    assert branch.plant.orders[board.switch][0].raced
