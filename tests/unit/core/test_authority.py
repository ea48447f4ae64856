"""A scheme is ours by authority, selector and own logic; what others decide is only followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.core import step as core
from daemon.core.authority import selected
from daemon.model.plant import MainTieMainScheme
from daemon.model.points import PointTable
from tests.hall import CLOSED, OPEN, Hall, params, settled
from tests.unit.core.generation.looks import look

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


@pytest.mark.parametrize(
    ("selector", "logic", "ours"),
    [
        ("auto", "inhibited", True),
        ("auto", None, None),
        (None, "inhibited", None),
        (None, None, None),
        ("auto", "feeding", False),
        (None, "feeding", False),
        ("manual", "inhibited", False),
        ("test", None, False),
    ],
)
def test_a_scheme_is_ours_where_selector_and_own_logic_say_so(
    selector: str | None, logic: str | None, ours: bool | None
) -> None:
    hall = Hall()
    for point, label in (("selector", selector), ("stage", logic)):
        labels = hall.site.equipment[BOARD].kind.points[point].states
        if label is None:
            hall.hidden.add((BOARD, point))
        else:
            hall.said[BOARD, point] = float(labels.index(label))
    scheme = hall.site.schemes[BOARD]
    assert isinstance(scheme, MainTieMainScheme)
    assert selected(look(hall), scheme) is ours
    assert selected(look(hall), replace(scheme, authority="device")) is False


def test_a_board_that_does_not_tell_of_its_own_logic_is_ours_by_its_selector() -> None:
    hall = Hall()
    scheme = hall.site.schemes[BOARD]
    assert isinstance(scheme, MainTieMainScheme)
    view = look(hall)
    assert selected(replace(view, points=_Silent(view.points.points)), scheme) is True


class _Silent(PointTable):
    """A table in which the board does not serve its stage."""

    def find(self, equipment: str, name: str) -> int | None:
        """Return the image index of a point, or None where it is not served."""
        return None if (equipment, name) == (BOARD, "stage") else super().find(equipment, name)
