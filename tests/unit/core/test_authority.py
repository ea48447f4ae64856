"""A scheme is ours by authority, selector and own logic; what others decide is only followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core import step as core
from tests.hall import CLOSED, OPEN, Hall, params, settled

if TYPE_CHECKING:
    from collections.abc import Callable

BOARD = "CCTS-1"


def by_the_device() -> Hall:
    """Return a hall whose board decides itself."""
    given = params()
    scheme = replace(given.site.schemes[BOARD], authority="device")
    site = replace(given.site, schemes={**given.site.schemes, BOARD: scheme})
    hall = Hall(params=core.Params("switching", site, given.points, given.control, 1))
    hall.run(16.5)
    return hall


def on(selector: str) -> Hall:
    hall = settled()
    hall.said[BOARD, "selector"] = float(["auto", "manual", "test"].index(selector))
    return hall


def acting() -> Hall:
    hall = settled()
    hall.stages[BOARD] = "isolating"
    return hall


OTHERS = {
    "manual": lambda: on("manual"),
    "test": lambda: on("test"),
    "own logic": acting,
    "authority of the device": by_the_device,
}


@pytest.mark.parametrize("who", OTHERS)
def test_sets_and_breakers_of_a_board_that_others_decide_are_told_nothing(who: str) -> None:
    make: Callable[[], Hall] = OTHERS[who]
    hall = make()
    hall.lose_mains()
    hall.run(12.0)
    assert hall.happened("outage_confirmed")
    assert [c for c in hall.commands if c.equipment.startswith(("DG-", "52-", "GT-"))] == []


def test_what_others_do_with_a_set_is_followed_and_is_no_failure() -> None:
    hall = by_the_device()
    hall.lose_mains()
    hall.run(3.0)
    hall.stages["DG-1"] = "loaded"
    hall.positions["52-GCB-1"] = CLOSED
    hall.run(1.2)
    assert hall.happened("set_on_bus", "DG-1")
    assert hall.messages[-1].values["capability_w"] == pytest.approx(3.2e6)
    hall.positions["52-GCB-1"] = OPEN
    hall.run(1.2)
    hall.stages["DG-1"] = "stopped"
    hall.run(1.2)
    assert not hall.happened("set_failed")
    assert hall.messages[-1].values["sets_on_bus"] == 0
