"""The outgoing feeders of a board, one look at a time: what is off, what comes back, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.facts import BlackStart, Facts, Formed, Health, Island, Sets, Supply
from daemon.core.topology import survey
from daemon.core.transfer import acceptance, opened, rows, ways
from daemon.core.transfer.board import Params, Scan, SchemeState, SectionState, State
from daemon.core.transfer.section import Stage
from daemon.core.view import Heard, View
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.interlocks.test_rows import on_sets, outage

PARAMS = Params()
LOAD = PARAMS.load
HA, HB, QA, SA1 = "52-VCB-HA", "52-VCB-HB", "52-VCB-QA", "52-VCB-SA1"
OUTGOING = (QA, SA1, "52-VCB-SA2", HA, "52-VCB-QB", "52-VCB-SB1", "52-VCB-SB2", HB)
LOST = Facts(supply=Supply(outage=True), sets_released=False)


class Board:
    """A board on one set, and what its guards look at."""

    def __init__(self, number: int = 1, **facts: Any) -> None:
        self.hall = hall = Hall(now_ns=1000 * SECOND)
        (on_sets if number else outage)(hall)
        hall.positions["52-VCB-GA"] = CLOSED if number else OPEN
        names = tuple(f"DG-{n}" for n in range(1, number + 1))
        for name in names:
            hall.positions[f"52-GCB-{name[-1]}"], hall.stages[name] = CLOSED, "loaded"
        sets = Sets(ready=names, on_bus=names, capability_w=number * 3.2e6)
        self.facts = replace(LOST, sets=sets, **facts)
        at = SectionState(Stage.ON_ALTERNATE, self.ago(50.0), "52-VCB-GA")
        self.state = SchemeState(
            (at, SectionState(Stage.AWAITING, self.ago(50.0))), sets_ns=self.ago(50.0)
        )
        self.caps: tuple[float, float] | None = None
        self.auto: bool | None = True
        self.limit_w: float | None = None
        self.load = LOAD
        self.before: dict[str, Any] | None = None

    def ago(self, seconds: float) -> int:
        return self.hall.now_ns - ns(seconds)

    def holds(self, **memory: Any) -> None:
        """Let the board remember."""
        self.state = replace(self.state, **memory)

    def scan(self) -> Scan:
        """Return what the guards see."""
        here, image = self.hall.params, self.hall.image()
        heard = {}
        if self.caps is not None:
            total_w, ago_s = self.caps
            heard["caps"] = Heard(self.ago(ago_s), {"rows_limit_w": total_w})
        if self.before is not None:
            heard[opened.TOPIC] = Heard(self.hall.now_ns, self.before)
        view = View(
            lane="switching",
            image=image,
            inbox=(),
            site=here.site,
            points=here.points,
            topology=survey(image, here.site, here.points),
            facts=self.facts,
            heard=heard,
            estimate=None,
            epoch=1,
            next_id=1,
        )
        (scheme,) = (s for s in here.site.schemes.values() if isinstance(s, MainTieMainScheme))
        capability_w = rows.capability_w(view, State({"CCTS-1": self.state}))
        limit_w = rows.limit_w(view, capability_w, PARAMS)
        limit_w = limit_w if self.limit_w is None else self.limit_w
        return Scan(view, scheme, self.state, PARAMS, {}, self.auto, False, capability_w, limit_w)


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


def replace_pending(sets: Sets, pending: tuple[str, ...]) -> Sets:
    return replace(sets, pending=pending)


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


# -- what was shed ---------------------------------------------------------------------------------


def test_what_closes_or_is_faulty_is_no_longer_to_come_back() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN, "52-VCB-QB": CLOSED}
    board.hall.said[SA1, "trip_51"] = 1.0
    board.holds(shed=(QA, SA1, "52-VCB-QB"))
    assert QA in rows.shed(board.scan())
    assert SA1 not in rows.shed(board.scan())
    assert "52-VCB-QB" not in rows.shed(board.scan())


def test_in_other_hands_the_shed_feeders_are_forgotten_but_not_in_a_black_start() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN}
    board.holds(shed=(QA,), closed=(QA, SA1))
    board.auto = False
    board.hall.said["CCTS-1", "selector"] = 1.0
    assert rows.shed(board.scan()) == ()
    start = BlackStart(holding=("CCTS-1",), opened=(SA1,))
    board.facts = replace(board.facts, black_start=start)
    assert rows.shed(board.scan()) == (QA, SA1)


def test_what_the_boards_own_logic_opened_comes_back() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN}
    board.auto = False
    board.hall.stages["CCTS-1"] = "feeding"
    board.holds(closed=(SA1,))
    assert rows.shed(board.scan()) == (SA1,)
    board.holds(closed=None)
    assert set(rows.shed(board.scan())) == {QA, SA1}, "nobody has looked before"
    board.hall.said["CCTS-1", "selector"] = 1.0
    assert rows.shed(board.scan()) == (), "a person has it"


def test_what_stood_closed_is_noted_while_the_own_logic_rests() -> None:
    board = Board()
    board.hall.positions |= {QA: OPEN, SA1: OPEN}
    board.holds(shed=(SA1,), closed=(HB,))
    assert rows.closed(board.scan()) == tuple(f for f in OUTGOING if f != QA)
    board.auto = None
    assert rows.closed(board.scan()) == (HB,)
    board.auto = True
    board.hall.stages["CCTS-1"] = "feeding"
    assert rows.closed(board.scan()) == (HB,)


# -- what comes back -------------------------------------------------------------------------------


def back(board: Board) -> list[str]:
    """Return which feeders are asked to close."""
    return [f for f, action, _ in rows.wishes(board.scan()) if action == "close"]


def with_shed(**facts: Any) -> Board:
    board = Board(4, **facts)
    board.hall.positions |= {QA: OPEN, SA1: OPEN, HA: OPEN, HB: OPEN}
    board.holds(shed=(SA1, QA), block_ns=board.ago(PARAMS.between_blocks_s))
    return board


def test_on_sets_one_comes_back_at_a_time_the_best_first() -> None:
    board = with_shed()
    found = acceptance.blocks(board.hall.site, board.hall.params.points)
    first, second = sorted((SA1, QA), key=lambda f: found[f].priority)
    assert back(board) == [first]
    board.holds(block_ns=board.ago(PARAMS.between_blocks_s - 0.001))
    assert back(board) == []
    board.holds(block_ns=0)
    assert back(board) == [first]
    board.facts = replace(board.facts, not_closed=(first,))
    assert set(back(board)) == {first, second}, "one that is stuck stands in nobody's way"


def test_on_the_utility_all_come_back_together() -> None:
    board = with_shed()
    board.facts = replace(board.facts, supply=Supply({"U-A": Health.HEALTHY}, ("U-A",)))
    board.hall.utilities = dict.fromkeys(board.hall.utilities, True)
    board.hall.positions |= {"52-VCB-IN": CLOSED, "52-VCB-MA": CLOSED, "52-VCB-GA": OPEN}
    board.holds(block_ns=board.ago(0.0))
    assert set(back(board)) == {QA, SA1}
    start = BlackStart(sourcing=("CCTS-1",))
    board.facts = replace(board.facts, black_start=start)
    assert back(board) == [], "after a black start they come in blocks"


@pytest.mark.parametrize("flag", ["emergency_off", "maintenance"])
@pytest.mark.parametrize("seen", [True, False])
def test_under_emergency_off_or_a_tag_none_comes_back(flag: str, seen: bool) -> None:
    board = with_shed()
    if seen:
        board.hall.said["CCTS-1", flag] = 1.0
    else:
        board.hall.hidden.add(("CCTS-1", flag))
    assert back(board) == []


def test_while_a_section_moves_or_is_dead_none_comes_back() -> None:
    board = with_shed()
    one, other = board.state.sections
    board.holds(sections=(one, replace(other, stage=Stage.FEEDING)))
    assert back(board) == []
    board = with_shed()
    board.hall.positions["52-VCB-GA"] = OPEN
    assert back(board) == []


def test_what_the_sets_cannot_carry_stays_off() -> None:
    board = with_shed()
    board.holds(shed=(HA,))
    board.limit_w = 1e6
    assert back(board) == [], "their caps are not in force"
    board.caps = (1e6, 0.0)
    assert back(board) == [HA]
    board.limit_w = 0.0
    assert back(board) == []
    assert rows.wishes(board.scan()) == []
    closed = Board(4)
    closed.limit_w = 0.0
    closed.holds(shed=(HA, HB))
    assert {(f, a) for f, a, _ in rows.wishes(closed.scan())} == {(HA, "open"), (HB, "open")}


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


def test_a_section_lends_when_any_other_is_on_sets() -> None:
    board = Board()
    scan = board.scan()
    assert ways._lent_from_sets(scan, 1)
    assert not ways._lent_from_sets(scan, 0), "the other has nothing to lend"
    one, other = board.state.sections
    board.holds(sections=(replace(one, stage=Stage.HELD), other))
    assert ways._lent_from_sets(board.scan(), 1), "what stays where it is has it to lend"
    for spoil in ("stage", "open", "dead"):
        poor = Board()
        one, other = poor.state.sections
        if spoil == "stage":
            poor.holds(sections=(replace(one, stage=Stage.AWAITING), other))
        elif spoil == "open":
            poor.hall.hidden.add(("52-VCB-GA", "position"))
        else:
            poor.hall.stages["DG-1"] = "stopped"
        assert not ways._lent_from_sets(poor.scan(), 1), spoil


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


def test_on_sets_they_come_back_one_by_one_though_the_utility_is_well_again() -> None:
    board = with_shed(supply=Supply({"U-A": Health.HEALTHY}, ("U-A",)))
    assert len(back(board)) == 1


@pytest.mark.parametrize(
    ("spoil", "may"),
    [
        ("", True),
        ("too much", False),
        ("no room", False),
        ("step", False),
        ("step awaited", True),
        ("step early", False),
        ("step pending", False),
    ],
)
def test_a_feeder_closes_when_it_can_be_carried_and_is_no_larger_a_step_than_it_must_be(
    spoil: str, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = with_shed()
    waited_s = PARAMS.sets_wait_s - (0.001 if spoil == "step early" else 0.0)
    board.holds(block_ns=board.ago(waited_s if "step " in spoil else 0.0))
    if spoil == "step pending":
        sets = replace_pending(board.facts.sets, ("DG-2",))
        board.facts = replace(board.facts, sets=sets)
        board.holds(sets_ns=board.ago(0.0))
    brings_w = {"": 1e6, "no room": 1e6, "too much": 2e6 + 1.0}.get(spoil, 2e6)
    monkeypatch.setattr(rows, "_brings", lambda *_: brings_w)
    monkeypatch.setattr(rows, "_room_w", lambda *_: 0.9e6 if spoil == "no room" else 2e6)
    monkeypatch.setattr(rows, "_step_w", lambda *_: 1e6)
    assert rows._may_close(board.scan(), QA) is may


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


def test_a_feeder_that_must_go_is_not_asked_back(monkeypatch: pytest.MonkeyPatch) -> None:
    board = with_shed()
    monkeypatch.setattr(rows, "_must_go", lambda scan: (QA,))
    monkeypatch.setattr(rows, "_next", lambda scan, feeders: feeders)
    found = [(f, action) for f, action, _ in rows.wishes(board.scan())]
    assert found == [(QA, "open"), (SA1, "close")]
