"""The word that the switching lane gives of the supply: what it says, and how often."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from daemon.core.facts import Facts, Formed, Island, Sets, Supply
from daemon.core.transfer import bulletin
from daemon.model.commands import LaneMessage
from daemon.model.quantities import ns
from tests.hall import CLOSED, OPEN
from tests.unit.core.transfer.outgoing import Board

PARAMS = bulletin.Params()
HELD = {"MVA": Formed("ESS-1", 2e6, "", True)}
SETS, ISLAND = Sets(capability_w=3.2e6), Island("HV", ("GT-1",), 3e6)


def test_everything_that_is_concluded_is_said() -> None:
    board = Board(1)
    order = Formed("ESS-1", 2e6, "grid_forming", False)
    board.facts = Facts(
        supply=Supply(outage=True, stable=("U-A",)),
        sets=Sets(on_bus=("DG-1",), pending=("DG-2", "DG-3"), failed=("DG-4",), leaving=("DG-1",)),
        island=replace(ISLAND, capability_w=0.0),
        formed={"MVB": order, "MVA": Formed("ESS-2", 1e6, "", False)},
        rows_limit_w=1e6,
        stages={"CCTS-1": "on_alternate"},
        held_back={"ALTS-1": "open the breaker behind it first"},
    )
    board.hall.positions["52-VCB-MA"] = CLOSED
    assert bulletin.compose(board.scan().view) == {
        "outage": True,
        "all_ac_lost": False,
        "stable": True,
        "sets_on_bus": 1,
        "sets_pending": 2,
        "sets_failed": 1,
        "sets": ["DG-1"],
        "sets_leaving": ["DG-1"],
        "capability_w": 0.0,
        "feeds": {"MVA": "generators", "MVB": "none"},
        "rows_limit_w": 1e6,
        "island": ["GT-1"],
        "orders": {"ESS-1": "grid_forming"},
        "stages": {"CCTS-1": "on_alternate"},
        "waits": {"ALTS-1": "open the breaker behind it first"},
        "joined": {"CCTS-1": "52-VCB-MA and 52-VCB-GA"},
    }


@pytest.mark.parametrize(
    ("facts", "given_w"),
    [
        ({"sets": SETS, "island": ISLAND, "formed": HELD}, 3.2e6),
        ({"island": ISLAND, "formed": HELD}, 3e6),
        ({"formed": HELD}, 2e6),
        ({"formed": HELD | {"MVB": Formed("ESS-2", 1e6, "", True)}}, 2e6),
        ({"formed": {"MVA": HELD["MVA"]._replace(proven=False)}}, 0.0),
        ({}, 0.0),
    ],
)
def test_what_can_be_given_is_that_of_who_leads(facts: dict[str, Any], given_w: float) -> None:
    board = Board(0)
    board.facts = Facts(**facts)
    assert bulletin.compose(board.scan().view)["capability_w"] == given_w


@pytest.mark.parametrize("fed", ["generators", "utility", "both", "island", "storage", "other"])
def test_a_section_is_said_to_be_fed_by_the_kind_of_its_source(fed: str) -> None:
    board = Board(1 if fed in {"generators", "both"} else 0)
    hall = board.hall
    if fed in {"utility", "both"}:
        hall.utilities = dict.fromkeys(hall.utilities, True)
    if fed in {"utility", "both", "island"}:
        hall.positions |= {"52-VCB-MA": CLOSED}
    if fed in {"utility", "both"}:
        hall.positions |= {"52-VCB-IN": CLOSED}
    if fed == "island":
        hall.stages["GT-1"], hall.positions["52-GCB-GT"] = "loaded", CLOSED
    if fed in {"storage", "other"}:
        hall.stages["ESS-1"] = "grid_forming"
        board.facts = replace(board.facts, formed=HELD if fed == "storage" else {})
    feeds = bulletin.compose(board.scan().view)["feeds"]
    assert feeds["MVA"] == ("generators" if fed == "both" else fed)


def test_all_is_lost_when_every_section_is_dead() -> None:
    board = Board(0)
    assert bulletin.compose(board.scan().view)["all_ac_lost"]
    board.hall.hidden |= {("52-VCB-MB", "load_voltage_v"), ("52-VCB-GB", "load_voltage_v")}
    board.hall.silent |= {"R-MVB", "M-MVB", "52-VCB-MB", "52-VCB-GB", "52-VCB-TIE"}
    board.hall.said["52-VCB-HB", "source_voltage_v"] = 3300.0
    assert not bulletin.compose(board.scan().view)["all_ac_lost"]


def test_nothing_is_lost_where_nothing_is_fed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulletin, "_sections", lambda *_: {})
    assert not bulletin.compose(Board(0).scan().view)["all_ac_lost"]


def test_of_a_site_without_boards_the_feed_itself_is_told() -> None:
    board = Board(0)
    view = board.scan().view
    site = replace(view.site, schemes=MappingProxyType({}))
    assert bulletin._sections.__wrapped__(site, view.points) == {"UA": "", "UB": ""}  # type: ignore[attr-defined]
    sections = bulletin._sections.__wrapped__(view.site, view.points)  # type: ignore[attr-defined]
    assert sections == {"MVA": "MVG", "MVB": "MVG"}


def test_it_is_said_when_it_changes_and_again_after_its_time() -> None:
    board = Board(0)
    state = bulletin.initial(board.hall.site, PARAMS)
    first = bulletin.step(board.scan().view, state, PARAMS)
    (said,) = first.messages
    assert isinstance(said, LaneMessage)
    assert said.topic == "supply"
    board.hall.now_ns += ns(PARAMS.repeat_s) - 1
    again = bulletin.step(board.scan().view, first.state, PARAMS)
    assert again.state is first.state
    assert again.messages == ()
    board.hall.positions["52-VCB-QA"] = OPEN
    board.facts = replace(board.facts, rows_limit_w=7.0)
    assert bulletin.step(board.scan().view, first.state, PARAMS).messages
    board.facts = replace(board.facts, rows_limit_w=Facts().rows_limit_w)
    board.hall.now_ns += 1
    late = bulletin.step(board.scan().view, first.state, PARAMS)
    assert late.messages
    assert late.state.told_ns == board.hall.now_ns
