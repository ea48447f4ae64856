"""Switchgear under proof: what an opening is blamed for, and what not."""

from __future__ import annotations

import pytest

from daemon import settings
from daemon.rehearsal.proof import schemes
from daemon.rehearsal.proof.mains import Mains
from daemon.rehearsal.proof.plant import CLOSED, OPEN, Plant, put

MAIN, INTAKE = "52-VCB-MA", "52-VCB-IN"


@pytest.fixture(scope="module")
def board() -> Mains:
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "CCTS-1/mains")
    assert isinstance(part.board, Mains)
    return part.board


def told_to_open(board: Mains, plant: Plant, name: str) -> Plant:
    """Return the plant with the order of the daemon to open a breaker on its way."""
    return board.obey(plant, board.number(name), "open", for_gap=False).plant


def wrongs(board: Mains, plant: Plant, name: str) -> set[str]:
    """Return what is wrong once the order is there."""
    at = board.number(name)
    return {wrong for branch in board.fire(plant, ("order", at)) for wrong in branch.wrong}


def test_an_opening_that_takes_a_bus_its_last_feed_is_wrong(board: Mains) -> None:
    plant = told_to_open(board, board.first(0, 0), MAIN)
    assert f"{MAIN} takes MVA its last feed" in wrongs(board, plant, MAIN)


def test_a_bus_that_is_fed_only_since_the_order_was_sent_is_not_robbed(board: Mains) -> None:
    rest = board.first(0, 0)
    at = board.number(INTAKE)
    dark = rest._replace(contacts=put(rest.contacts, at, OPEN))
    sent = told_to_open(board, dark, MAIN)
    fed = sent._replace(contacts=put(sent.contacts, at, CLOSED))
    assert board.voltages(fed) != board.voltages(sent)
    assert wrongs(board, fed, MAIN) == set()


def test_of_two_orders_the_second_takes_nothing_that_the_first_has_left(board: Mains) -> None:
    sent = told_to_open(board, told_to_open(board, board.first(0, 0), INTAKE), MAIN)
    assert f"{INTAKE} takes MVA its last feed" in wrongs(board, sent, INTAKE)
    assert wrongs(board, sent, MAIN) == set()
