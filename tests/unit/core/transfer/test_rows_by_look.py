"""The AI rows of a board, one look at a time: what they may draw, and what hangs on the sets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.facts import Formed, Island, Sets, Supply
from daemon.core.transfer import acceptance, rows
from daemon.core.transfer.board import SectionState
from daemon.core.transfer.section import Stage
from tests.hall import CLOSED, OPEN
from tests.unit.core.transfer.outgoing import HA, HB, LOAD, QA, SA1, Board, replace_pending

# -- what there is ---------------------------------------------------------------------------------


def test_what_feeds_the_sections_is_what_they_can_be_given() -> None:
    on_main = SectionState(Stage.ON_MAIN)
    on_gens = SectionState(Stage.ON_ALTERNATE)
    held, island = {"MVA": Formed("ESS-1", 2e6, "", True)}, Island("HV", ("GT-1",), 3e6)
    for facts, sections, given_w in (
        ({}, (on_gens, on_gens), 3.2e6),
        ({"formed": held}, (on_gens, on_gens), 3.2e6),
        ({"sets": Sets(), "formed": held}, (on_gens, on_gens), 2e6),
        ({"sets": Sets()}, (on_gens, on_gens), 0.0),
        ({"island": island}, (on_gens, on_gens), 3.2e6),
        ({"island": island}, (on_main, on_gens), 3e6),
        ({"island": replace_capability(island, 9e6)}, (on_main, on_gens), 3.2e6),
        ({"island": island}, (on_main, on_main), 3e6),
        ({"island": replace_capability(island, 9e6)}, (on_main, on_main), 9e6),
        ({"island": island, "sets": Sets()}, (on_gens, on_gens), 3e6),
        ({"island": island}, (SectionState(Stage.CLOSING_MAIN), on_gens), 3e6),
    ):
        board = Board()
        board.facts = replace(board.facts, **facts)
        board.holds(sections=sections)
        assert board.scan().capability_w == given_w, (facts, sections)


def replace_capability(island: Island, capability_w: float) -> Island:
    return replace(island, capability_w=capability_w)


@pytest.mark.parametrize(
    ("facts", "limited"),
    [
        ({}, True),
        ({"supply": Supply()}, True),
        ({"supply": Supply(), "sets_released": True}, False),
        ({"sets_released": True}, True),
        ({"supply": Supply(), "sets_released": True, "island": Island("HV", ("GT-1",), 3e6)}, True),
        ({"sets": Sets()}, False),
    ],
)
def test_rows_are_limited_while_a_source_of_the_site_carries_them(
    facts: dict[str, Any], limited: bool
) -> None:
    board = Board()
    board.facts = replace(board.facts, **facts)
    assert (board.scan().limit_w != acceptance.NO_LIMIT_W) is limited


# -- what the rows hold themselves to --------------------------------------------------------------


@pytest.mark.parametrize(
    ("caps", "total_w"),
    [
        (None, None),
        ((1e6, 0.0), 1e6),
        ((1e6, 2.0), 1e6),
        ((1e6, 2.000000001), None),
        ((0.0, 0.0), 0.0),
        ((-1.0, 0.0), None),
    ],
)
def test_caps_count_for_two_seconds(
    caps: tuple[float, float] | None, total_w: float | None
) -> None:
    board = Board()
    board.caps = caps
    assert rows._caps_w(board.scan()) == total_w


@pytest.mark.parametrize(
    ("limit_w", "caps_w", "waits"),
    [(acceptance.NO_LIMIT_W, None, False), (0.0, 0.0, True), (1e6, None, True), (1e6, 1e6, False),
     (1e6, 1.1e6, True)],
)  # fmt: skip
def test_rows_wait_for_their_caps(limit_w: float, caps_w: float | None, waits: bool) -> None:
    board = Board()
    board.limit_w, board.caps = limit_w, None if caps_w is None else (caps_w, 0.0)
    assert rows._rows_wait(board.scan(), HA) is waits
    assert rows._rows_wait(board.scan(), QA) is False


@pytest.mark.parametrize(
    ("limit_w", "caps_w", "sets_s", "cut"),
    [
        (acceptance.NO_LIMIT_W, None, 50.0, False),
        (0.0, None, 50.0, True),
        (1e6, None, 8.0, True),
        (1e6, None, 7.99, False),
        (1e6, 1e6, 50.0, False),
    ],
)
def test_rows_are_cut_when_there_is_nothing_or_no_cap_in_time(
    limit_w: float, caps_w: float | None, sets_s: float, cut: bool
) -> None:
    board = Board()
    board.limit_w, board.caps = limit_w, None if caps_w is None else (caps_w, 0.0)
    board.holds(sets_ns=board.ago(sets_s))
    assert rows._rows_cut(board.scan()) is cut


@pytest.mark.parametrize(
    ("pending", "sets_s", "awaited"),
    [((), 0.1, True), (("DG-2",), 5.99, False), (("DG-2",), 6.0, True), ((), None, False)],
)
def test_more_sets_are_waited_for_while_some_may_come(
    pending: tuple[str, ...], sets_s: float | None, awaited: bool
) -> None:
    board = Board()
    board.facts = replace(board.facts, sets=replace_pending(board.facts.sets, pending))
    board.holds(sets_ns=0 if sets_s is None else board.ago(sets_s))
    assert rows._sets_awaited(board.scan()) is awaited
    bare = Board(0)
    assert rows._sets_awaited(bare.scan()) is True


# -- what hangs on the sets ------------------------------------------------------------------------


def test_what_hangs_on_the_sets_is_counted_with_the_rows_once() -> None:
    board = Board()
    board.caps = (1e6, 0.0)
    scan = board.scan()
    found = acceptance.blocks(scan.view.site, scan.view.points)
    carried = rows._carried_w(scan)
    assert set(carried) == {"MVA", QA, SA1, "52-VCB-SA2", HA}
    for name in ("MVA", QA, SA1, "52-VCB-SA2"):
        essential_w = (1 + LOAD.overhead_pu) * found[name].essential_w
        assert carried[name] == pytest.approx(essential_w), name
    own_w = (1 + LOAD.overhead_pu) * found[HA].essential_w
    assert carried[HA] == pytest.approx(own_w + 1e6 / LOAD.rows_efficiency_pu)
    assert rows._room_w(scan) == pytest.approx(0.95 * 3.2e6 - sum(carried.values()))
    board.hall.positions |= {HA: OPEN, QA: OPEN}
    assert set(rows._carried_w(board.scan())) == {"MVA", SA1, "52-VCB-SA2"}


def test_a_section_that_is_dead_or_on_the_utility_hangs_on_no_set() -> None:
    board = Board()
    board.hall.positions["52-VCB-GA"] = OPEN
    assert rows._carried_w(board.scan()) == {}
    board.hall.utilities = dict.fromkeys(board.hall.utilities, True)
    board.hall.positions |= {"52-VCB-IN": CLOSED, "52-VCB-MA": CLOSED}
    scan = board.scan()
    assert scan.view.topology.live("MVA")
    assert rows._carried_w(scan) == {}
    held = {"MVA": Formed("ESS-1", 2e6, "", True)}
    board.facts = replace(board.facts, formed=held)
    assert rows._carried_w(board.scan())


def test_what_a_feeder_of_rows_brings_depends_on_the_other() -> None:
    board = Board()
    board.hall.positions |= {HA: OPEN, HB: OPEN}
    _, rated_w = acceptance.rated_w(board.hall.site, board.hall.params.points)
    whole_w = rows._brings(board.scan(), HB)
    found = acceptance.blocks(board.hall.site, board.hall.params.points)
    both_w = found[HA].rows_w + found[HB].rows_w
    own_w = (1 + LOAD.overhead_pu) * found[HB].essential_w
    assert whole_w == pytest.approx(own_w + both_w / LOAD.rows_efficiency_pu, abs=0.1)
    board.caps = (0.25 * rated_w, 0.0)
    quarter_w = 0.25 * both_w / LOAD.rows_efficiency_pu
    assert rows._brings(board.scan(), HB) == pytest.approx(own_w + quarter_w)
    board.caps = (9.0 * rated_w, 0.0)
    assert rows._brings(board.scan(), HB) == pytest.approx(whole_w)
    board.hall.positions[HA] = CLOSED
    assert rows._brings(board.scan(), HB) == own_w, "the first has them all"
    board.hall.positions["52-VCB-GA"] = OPEN
    assert rows._brings(board.scan(), HB) == pytest.approx(whole_w), "it is dead"


def test_one_step_is_what_the_source_takes() -> None:
    board = Board(2)
    assert rows._step_w(board.scan()) == pytest.approx(0.5 * 6.4e6)
    board.facts = replace(board.facts, sets=Sets(), island=Island("HV", ("GT-1", "SMR-1"), 4e6))
    turbine_w = acceptance.step_w(board.hall.site, ("GT-1",), LOAD)
    assert rows._step_w(board.scan()) == pytest.approx(turbine_w)
    held = {"MVA": Formed("ESS-1", 2e6, "", True)}
    board.facts = replace(board.facts, island=Island(), formed=held)
    assert rows._step_w(board.scan()) == 2e6


@pytest.mark.parametrize(
    ("live", "facts", "on_sets"),
    [
        ("DG-1", {}, True),
        ("DG-1", {"sets": Sets()}, True),
        ("", {"formed": {"MVA": Formed("ESS-1", 2e6, "", True)}}, False),
        ("U-A", {}, False),
        ("U-A", {"island": Island("HV", ("GT-1",), 3e6)}, False),
        ("U-A", {"island": Island("HV", ("U-A",), 3e6)}, True),
        ("U-A", {"formed": {"MVA": Formed("ESS-1", 2e6, "", True)}}, True),
        ("U-A", {"formed": {"MVB": Formed("ESS-1", 2e6, "", True)}}, False),
    ],
)
def test_a_section_is_on_sets_while_they_or_what_stands_in_for_them_give_it_voltage(
    live: str, facts: dict[str, Any], on_sets: bool
) -> None:
    board = Board()
    if live != "DG-1":
        board.hall.positions["52-VCB-GA"] = OPEN
    if live == "U-A":
        board.hall.utilities = dict.fromkeys(board.hall.utilities, True)
        board.hall.positions |= {"52-VCB-IN": CLOSED, "52-VCB-MA": CLOSED}
    board.facts = replace(board.facts, **facts)
    scan = board.scan()
    assert scan.view.topology.live("MVA") is bool(live)
    assert rows._on_sets(scan, "MVA") is on_sets
