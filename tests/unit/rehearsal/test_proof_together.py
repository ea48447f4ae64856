"""The boards on which rows are tried: others only ask, and devices refuse nothing by themselves."""

from __future__ import annotations

from functools import cache

import pytest

from daemon import settings
from daemon.model.commands import Result
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.plant import (
    LOCAL,
    LOCKED,
    SEEKING,
    SPENT,
    Faults,
    Told,
    bent,
    moved,
    put,
)
from tests.proof_together import ANYTHING, Given, search_of

DISTURBED = Faults(0, 1, 0)
CLOSE = Told("close", for_gap=False, raced=False)


@cache
def part() -> schemes.Part:
    file = settings.load("ai_hall")
    (found,) = schemes.parts(file.site, file.control, "CCTS-1/mains")
    return found


def test_where_others_only_ask_the_utility_still_fails_and_nothing_else_happens() -> None:
    board = search_of(part(), Given(Faults(1, 1, 0), only=(ANYTHING,))).board
    plant = board.first(Faults(1, 1, 0))
    assert [b.text for b in board.adversary(plant)] == ["U-A fails"]
    assert next(board.adversary(plant)).plant.sudden == 1
    assert {t.text.split(" asks ")[0] for t in board.tricks(plant)} == {"a person"}
    assert not [*board.unwilling(plant, 0)]
    wish = "a person asks 52-VCB-TIE to close"
    one = search_of(part(), Given(Faults(1, 1, 0), only=(wish,))).board
    assert [t.text for t in one.tricks(plant)] == [wish]
    whole = search_of(part(), Given(DISTURBED)).board
    assert len([*whole.adversary(plant)]) > 5


def test_others_may_disturb_in_a_few_ways_alone() -> None:
    only = ("52-VCB-MA opened by others", "52-VCB-MA shows no position")
    board = search_of(part(), Given(Faults(1, 1, 0), only=only)).board
    plant = board.first(Faults(1, 1, 0))
    assert [b.text for b in board.adversary(plant)] == ["U-A fails", only[0]]
    assert [t.text for t in board.tricks(plant)] == [only[1]]
    assert str(Given(Faults(1, 1, 0), only=only)).endswith(f"({only[0]}; {only[1]})")


def test_others_may_wait_until_a_breaker_seeks_synchronism() -> None:
    only = ("52-VCB-MA opened by others", "52-VCB-MA goes to local")
    board = search_of(part(), Given(Faults(1, 1, 0), only=only, seeking=True)).board
    plant = board.first(Faults(1, 1, 0))
    seeks = moved(plant, board.number("52-VCB-MB"), SEEKING)
    for now, there in ((plant, []), (seeks, [only[1]])):
        assert [b.text for b in board.adversary(now)] == ["U-A fails", *[only[0]] * len(there)]
        assert [t.text for t in board.tricks(now)] == there
        assert [t.text for t in board.unwilling(now, board.number("52-VCB-MA"))] == there


@pytest.mark.parametrize(
    ("bit", "obeyed", "result"),
    [
        (0, False, Result.REFUSED),  # both sides are live
        (0, True, Result.ACKNOWLEDGED),
        (LOCKED, True, Result.ACKNOWLEDGED),
        (LOCAL, True, Result.REFUSED),  # what cannot be done is not
        (SPENT, True, Result.REFUSED),
    ],
)
def test_a_device_that_obeys_closes_onto_what_is_live(
    bit: int, obeyed: bool, result: Result
) -> None:
    board = search_of(part(), Given(DISTURBED, obeyed=obeyed)).board
    plant = board.first(DISTURBED)
    tie = board.number("52-VCB-TIE")
    plant = bent(plant._replace(contacts=put(plant.contacts, tie, 0)), tie, bit)
    assert {answer for _, answer in board.acts(plant, tie, CLOSE)} == {result}


def test_the_part_keeps_its_own_board() -> None:
    before = type(part().board)
    search_of(part(), Given(DISTURBED, only=(ANYTHING,), obeyed=True))
    assert type(part().board) is before
