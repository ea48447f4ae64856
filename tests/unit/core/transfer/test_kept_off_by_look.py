"""The outgoing feeders of a board, one look at a time: what must be off before sets feed it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.facts import Formed, Island, Sets, Supply
from daemon.core.transfer import acceptance, rows
from daemon.core.transfer.board import SectionState
from daemon.core.transfer.section import Stage
from tests.hall import OPEN
from tests.unit.core.transfer.outgoing import HA, HB, LOAD, OUTGOING, PARAMS, QA, SA1, Board


def test_feeders_of_the_lowest_priority_go_when_the_sets_cannot_carry_the_rest() -> None:
    board = Board()
    scan = board.scan()
    assert rows._overload(scan) == []
    found = acceptance.blocks(scan.view.site, scan.view.points)
    carried = rows._carried_w(scan)
    gone = rows._overload(scan._replace(capability_w=0.2e6))
    assert gone
    assert HA not in gone
    kept = [f for f in carried if f not in (*gone, HA) and f in scan.view.site.equipment]
    ranks = [found[f].priority for f in gone]
    assert ranks == sorted(ranks, reverse=True)
    assert all(found[k].priority <= min(ranks) for k in kept)


@pytest.mark.parametrize(
    ("spoil", "gone"),
    [
        ("", [HA, HB]),
        ("foreign", []),
        ("on bus", []),
        ("no outage", []),
        ("fed", [HB]),
        ("live", [HB]),
        ("capped", []),
    ],
)
def test_rows_that_the_first_set_could_not_begin_with_are_off_before_it_comes(
    spoil: str, gone: list[str]
) -> None:
    board = Board(0)
    names = ("GT-1",) if spoil == "foreign" else ("DG-1", "DG-2")
    on_bus = names if spoil == "on bus" else ()
    board.facts = replace(board.facts, sets=Sets(ready=names, on_bus=on_bus))
    waiting = SectionState(Stage.AWAITING)
    board.holds(sections=(waiting, waiting))
    if spoil == "no outage":
        board.facts = replace(board.facts, supply=Supply())
    elif spoil == "fed":
        board.holds(sections=(replace(waiting, stage=Stage.FEEDING), waiting))
    elif spoil == "live":
        board.hall.said["R-MVA", "presence"] = 1.0
        board.hall.said["52-VCB-MA", "load_voltage_v"] = 6600.0
        assert not board.scan().view.topology.dead("MVA")
    elif spoil == "capped":
        board.caps = (0.1e6, 0.0)
    assert rows._ahead(board.scan()) == gone


def test_what_is_open_already_is_not_kept_off() -> None:
    board = Board(1)
    board.hall.positions |= {"52-VCB-GA": OPEN}
    board.limit_w = 0.0
    assert HA in (rows.keep_off(board.scan(), 0) or ())
    board.hall.positions[HA] = OPEN
    assert HA not in (rows.keep_off(board.scan(), 0) or ())


@pytest.mark.parametrize(
    ("waits", "room_w", "taken"),
    [((), 2e6, QA), ((QA,), 2e6, SA1), ((), 1.5e6, SA1), ((QA, SA1), 2e6, HA), ((), 0.5e6, None)],
)
def test_when_nothing_fits_and_no_set_comes_the_best_that_can_be_carried_is_taken(
    waits: tuple[str, ...], room_w: float, taken: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never rows whose caps are not in force: they would draw what they like."""
    board, brings = Board(), {QA: 2e6, SA1: 1.5e6, HA: 1e6}
    order = (QA, SA1, HA)
    monkeypatch.setattr(rows, "_by_priority", lambda *_: [*order])
    monkeypatch.setattr(rows, "_brings", lambda scan, name: brings.get(name, 0.0))
    monkeypatch.setattr(rows, "_rows_wait", lambda scan, feeder: feeder in waits)
    monkeypatch.setattr(rows, "_room_w", lambda *_: room_w)
    monkeypatch.setattr(rows, "_step_w", lambda *_: 0.1e6)
    monkeypatch.setattr(rows, "_sets_awaited", lambda *_: True)
    assert rows.keep_off(board.scan(), 0) == tuple(f for f in order if f != taken)
    monkeypatch.setattr(rows, "_sets_awaited", lambda *_: False)
    assert rows.keep_off(board.scan(), 0) is None


@pytest.mark.parametrize(
    ("room_w", "step_w", "off"),
    [
        (9e6, 1.5e6, ()),
        (1.5e6, 9e6, ()),
        (9e6, 1.499e6, (SA1,)),
        (1.499e6, 9e6, (SA1,)),
        (9e6, 0.999e6, (QA,)),
    ],
)
def test_what_fits_the_step_and_the_room_to_the_last_watt_is_taken_along(
    room_w: float, step_w: float, off: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, brings = Board(), {QA: 1e6, SA1: 0.5e6}
    monkeypatch.setattr(rows, "_by_priority", lambda *_: [QA, SA1])
    monkeypatch.setattr(rows, "_brings", lambda scan, name: brings.get(name, 0.0))
    monkeypatch.setattr(rows, "_room_w", lambda *_: room_w)
    monkeypatch.setattr(rows, "_step_w", lambda *_: step_w)
    assert rows.keep_off(board.scan(), 0) == off


def test_a_section_with_a_load_of_its_own_is_begun_with_that_alone_and_no_set_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, brings = Board(), {QA: 2e6, SA1: 2e6}
    monkeypatch.setattr(rows, "_by_priority", lambda *_: [QA, SA1])
    monkeypatch.setattr(rows, "_brings", lambda scan, name: brings.get(name, 0.1e6))
    monkeypatch.setattr(rows, "_step_w", lambda *_: 1e6)
    monkeypatch.setattr(rows, "_sets_awaited", lambda *_: False)
    assert rows.keep_off(board.scan(), 0) == (QA, SA1)
    brings["MVA"] = 0.0
    assert rows.keep_off(board.scan(), 0) is None, "there is nothing to begin with"


def test_when_all_feeders_are_gone_and_it_is_still_too_much_there_is_no_more_to_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = Board()
    monkeypatch.setattr(rows, "_carried_w", lambda *_: {"MVA": 9e6, SA1: 1e6})
    assert rows._overload(board.scan()) == [SA1]
    scan = board.scan()._replace(capability_w=10e6 / LOAD.usable_pu)
    assert rows._overload(scan) == [], "to the last watt"


@pytest.mark.parametrize(
    ("facts", "stages", "awaiting"),
    [
        ({"sets": Sets()}, (Stage.AWAITING, Stage.AWAITING), []),
        ({"formed": {"MVA": Formed("ESS-1", 2e6, "", True)}}, (Stage.AWAITING,) * 2, [0, 1]),
        ({"island": Island("HV", ("GT-1",), 3e6)}, (Stage.AWAITING,) * 2, [0, 1]),
        ({"island": Island("HV", ("GT-1",), 3e6)}, (Stage.AWAITING, Stage.FEEDING), [0]),
        ({"island": Island("HV", ("GT-1",), 3e6)}, (Stage.AWAITING, Stage.ON_MAIN), [0]),
        ({"sets": Sets(on_bus=("DG-1",))}, (Stage.AWAITING,) * 2, []),
        (
            {"island": Island("HV", ("GT-1",), 3e6), "supply": Supply()},
            (Stage.AWAITING, Stage.ON_MAIN),
            [],
        ),
    ],
)
def test_sections_that_wait_are_about_to_be_fed_where_there_is_a_source(
    facts: dict[str, Any], stages: tuple[Stage, Stage], awaiting: list[int]
) -> None:
    board = Board(0)
    board.facts = replace(board.facts, **facts)
    board.holds(sections=tuple(SectionState(stage) for stage in stages))
    assert not board.scan().view.topology.live("MVG")
    assert rows._awaiting(board.scan()) == awaiting


@pytest.mark.parametrize(
    ("off", "since_s", "sets_s", "room_w", "fits"),
    [
        (None, 99.0, 99.0, 9e6, False),
        ((), 0.0, 0.0, 0.0, True),
        ((SA1,), 0.0, 0.0, 0.0, True),
        ((QA,), PARAMS.sets_wait_s, PARAMS.sets_wait_s, 1e6, True),
        ((QA,), PARAMS.sets_wait_s - 0.001, 99.0, 1e6, False),
        ((QA,), 99.0, PARAMS.sets_wait_s - 0.001, 1e6, False),
        ((QA,), 99.0, 99.0, 0.999e6, False),
        ((QA, SA1), 99.0, 99.0, 1e6, True),
        ((HA,), 99.0, 99.0, 9e6, False),
    ],
)
def test_a_feeder_that_will_not_open_is_taken_along_in_the_end_if_it_can_be_carried(
    off: tuple[str, ...] | None,
    since_s: float,
    sets_s: float,
    room_w: float,
    fits: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = Board()
    board.hall.positions[SA1] = OPEN
    at = SectionState(Stage.AWAITING, board.ago(since_s))
    board.holds(sections=(at, at), sets_ns=board.ago(sets_s))
    monkeypatch.setattr(rows, "keep_off", lambda *_: off)
    monkeypatch.setattr(rows, "_brings", lambda *_: 1e6)
    monkeypatch.setattr(rows, "_room_w", lambda *_: room_w)
    assert rows.load_fits(board.scan(), 0) is fits


@pytest.mark.parametrize(
    ("ready", "step_w", "gone"),
    [
        (("DG-1",), 2e6, []),
        (("DG-1",), 2e6 - 1.0, [HA, HB]),
        (("GT-1", "DG-1"), 2e6 - 1.0, [HA, HB]),
        (("GT-1", "DG-1"), 2e6, []),
        (("DG-1", "DG-2"), 2e6, []),
    ],
)
def test_rows_are_taken_off_for_the_step_of_the_first_set_alone(
    ready: tuple[str, ...], step_w: float, gone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, asked = Board(0), []
    board.facts = replace(board.facts, sets=Sets(ready=ready))
    board.holds(sections=(SectionState(Stage.AWAITING),) * 2)
    monkeypatch.setattr(rows, "_brings", lambda *_: 2e6)

    def step(site: Any, sets: tuple[str, ...], params: Any) -> float:
        asked.append(sets)
        return step_w

    monkeypatch.setattr(acceptance, "step_w", step)
    assert rows._ahead(board.scan()) == gone
    assert [*map(list, asked)] == [["DG-1"]]


def test_no_more_go_than_must_and_rows_that_are_cut_anyway_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    board = Board()
    found = acceptance.blocks(board.hall.site, board.hall.params.points)
    heavy = [f for f in OUTGOING if found[f].essential_w and f not in {HA, HB}]
    best, *_, worst = sorted(heavy, key=lambda f: found[f].priority)
    carried = {"MVA": 1e6, worst: 1e6, best: 1e6, HA: 9e6}
    monkeypatch.setattr(rows, "_carried_w", lambda *_: carried)
    for usable_w, gone in (
        (3e6, []), (2.5e6, [worst]), (2e6, [worst]), (1.9e6, [worst, best]),
    ):  # fmt: skip
        scan = board.scan()._replace(capability_w=usable_w / LOAD.usable_pu + 1e-6)
        assert rows._overload(scan) == gone, usable_w


@pytest.mark.parametrize(
    ("brings", "opened", "awaited", "off"),
    [
        ({}, (), False, ()),
        ({QA: 2e6}, (QA,), False, ()),
        ({QA: 2e6, SA1: 1e6}, (), False, (QA,)),
        ({QA: 2e6}, (), False, None),
        ({QA: 2e6}, (), True, ()),
        ({QA: 2e6, SA1: 2e6}, (), True, (SA1,)),
        ({QA: 1e6, SA1: 0.5e6}, (), True, (SA1,)),
        ({QA: 2e6, "MVA": 0.5e6}, (), True, (QA,)),
        ({QA: 1e6, "MVA": 0.5e6}, (), True, (QA,)),
    ],
)
def test_what_brings_nothing_or_is_open_is_not_counted_when_a_section_is_begun(
    brings: dict[str, float],
    opened: tuple[str, ...],
    awaited: bool,
    off: tuple[str, ...] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The step is 1 MW, the room 3 MW."""
    board = Board()
    board.hall.positions |= dict.fromkeys(opened, OPEN)
    monkeypatch.setattr(rows, "_by_priority", lambda *_: [QA, SA1])
    monkeypatch.setattr(rows, "_brings", lambda scan, name: brings.get(name, 0.0))
    monkeypatch.setattr(rows, "_room_w", lambda *_: 3e6)
    monkeypatch.setattr(rows, "_step_w", lambda *_: 1e6)
    monkeypatch.setattr(rows, "_sets_awaited", lambda *_: awaited)
    assert rows.keep_off(board.scan(), 0) == off
