"""Set-points by themselves, to the last kilowatt: what is told of what is seen in one look."""

from __future__ import annotations

from dataclasses import replace
from math import copysign
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.gauges import Gauges
from daemon.core.generation import sharing, sources
from daemon.model.quantities import SECOND, ns
from tests.unit.core.generation.looks import look, picture

if TYPE_CHECKING:
    from daemon.model.commands import Proposal
    from tests.main_lane import Lane

SHARING, SOURCES = sharing.Params(), sources.Params()
THREE = ("DG-1", "DG-2", "DG-3")
RATED_W = 3.2e6


def told(proposals: tuple[Proposal, ...]) -> dict[str, float]:
    """Return the value that is proposed for each."""
    return {wish.equipment: wish.value for wish in proposals}


# -- sharing ---------------------------------------------------------------------------------------


def giving(*powers_w: float) -> Lane:
    """Return a picture in which the first sets give this."""
    lane = picture()
    for name, power_w in zip(THREE, powers_w, strict=False):
        lane.put(f"{name}.power_w", -power_w)
    return lane


def shared(
    lane: Lane, before: dict[str, float], *, passed_s: float = 1.0, **said: Any
) -> sharing.State:
    """Return what is divided after a time in which certain parts stood."""
    state = sharing.State(before, lane.now_ns - ns(passed_s))
    return sharing.step(look(lane, None, **{"sets": THREE, **said}), state, SHARING).state


def test_uneven_sets_are_evened_out_by_rating() -> None:
    parts = shared(giving(3.0e6, 1.0e6, 0.8e6), {}).parts_pu
    assert parts == pytest.approx(dict.fromkeys(THREE, 0.5))


def test_the_load_is_divided_once_a_period_and_not_between() -> None:
    lane, old = giving(1.6e6, 1.6e6, 1.6e6), dict.fromkeys(THREE, 0.1)
    assert shared(lane, old, passed_s=0.999).parts_pu == old
    after = shared(lane, old, passed_s=1.0)
    assert after.parts_pu == pytest.approx(dict.fromkeys(THREE, 0.5))
    assert after.at_ns == lane.now_ns


@pytest.mark.parametrize(("before_pu", "moves"), [(0.4904, False), (0.4896, True), (0.511, True)])
def test_a_part_moves_by_a_whole_grain_or_not_at_all(before_pu: float, moves: bool) -> None:
    parts = shared(giving(1.6e6, 1.6e6, 1.6e6), dict.fromkeys(THREE, before_pu)).parts_pu
    assert parts == pytest.approx(dict.fromkeys(THREE, 0.5 if moves else before_pu))


def test_above_the_rating_of_all_each_has_its_rating() -> None:
    assert shared(giving(4e6, 4e6, 4e6), {}).parts_pu == dict.fromkeys(THREE, 1.0)


def test_power_that_comes_back_is_no_load() -> None:
    parts = shared(giving(-1e6, -1e6, -1e6), dict.fromkeys(THREE, 0.5)).parts_pu
    assert parts == dict.fromkeys(THREE, 0.0)


@pytest.mark.parametrize(
    ("before", "passed_s", "left_pu"),
    [
        ({"DG-3": 0.4}, 1.0, 0.35),
        ({"DG-3": 0.4}, 2.0, 0.30),
        ({"DG-3": 0.4}, 30.0, 0.30),  # after a pause it is not led down by all of it at once
        ({"DG-3": 0.04}, 1.0, 0.02),
        ({}, 1.0, 0.45),  # from its part of what is given now
    ],
)
def test_a_set_that_leaves_gives_up_so_much_and_the_others_take_exactly_that(
    before: dict[str, float], passed_s: float, left_pu: float
) -> None:
    lane = giving(1.6e6, 1.6e6, 1.6e6)
    parts = shared(lane, before, passed_s=passed_s, sets_leaving=("DG-3",)).parts_pu
    assert parts["DG-3"] == pytest.approx(left_pu)
    assert parts["DG-1"] == parts["DG-2"] == pytest.approx((1.5 - left_pu) / 2)


def test_where_all_leave_all_are_led_down() -> None:
    parts = shared(giving(1.6e6, 1.6e6, 1.6e6), {}, sets_leaving=(*THREE, "DG-4")).parts_pu
    assert parts == pytest.approx(dict.fromkeys(THREE, 0.45))


def test_what_one_of_them_gives_must_be_known_to_divide() -> None:
    lane, old = giving(1.6e6, 1.6e6, 1.6e6), {"DG-1": 0.1, "DG-2": 0.2, "DG-4": 0.3}
    lane.put("DG-4.power_setpoint_w", -1e6)
    lane.spoil("DG-2")
    assert shared(lane, old).parts_pu == {"DG-1": 0.1, "DG-2": 0.2, "DG-4": 0.0}


def test_who_has_left_is_told_zero_until_it_shows_zero() -> None:
    lane = giving(1.6e6, 1.6e6)
    for shows, tells in ((-1e6, True), (0.0, False)):
        lane.put("DG-3.power_setpoint_w", shows)
        state = shared(lane, {"DG-3": 0.5}, sets=THREE[:2])
        assert ("DG-3" in state.parts_pu) is tells
        assert state.parts_pu.get("DG-3", 0.0) == 0.0
    lane.spoil("DG-3")
    assert "DG-3" in shared(lane, {"DG-3": 0.5}, sets=THREE[:2]).parts_pu


def test_a_part_is_told_in_whole_kilowatts_that_leave_the_set() -> None:
    lane = giving(1.6e6, 1.6e6, 1.6e6)
    state = sharing.State({"DG-1": 0.33333, "DG-2": 0.0}, lane.now_ns)
    turn = sharing.step(look(lane, sets=THREE), state, SHARING)
    first, second = turn.proposals
    assert (first.equipment, first.point, first.action, first.owner) == (
        "DG-1", "power_setpoint_w", "set", "sharing",
    )  # fmt: skip
    assert first.value == -1_067_000.0
    assert second.value == 0.0
    assert copysign(1.0, second.value) == 1.0


def test_without_sets_nothing_is_said_or_kept() -> None:
    lane = giving()
    for view in (look(lane), look(lane, sets=())):
        turn = sharing.step(view, sharing.State(), SHARING)
        assert turn.state == sharing.State()
        assert turn.proposals == ()
    late = sharing.step(look(lane), sharing.State({"DG-1": 0.5}, 1), SHARING)
    assert late.state == sharing.State({}, lane.now_ns)


# -- sources ---------------------------------------------------------------------------------------


def beside(import_w: float, steady_w: float, sun_w: float, turbine_w: float = 0.0) -> Lane:
    """Return a picture of a hall that imports this much and gets that from its own sources."""
    lane = picture()
    lane.put("M-UA.power_w", import_w)
    lane.put("M-UB.power_w", 0.0)
    lane.put("SMR-1.power_w", -steady_w)
    lane.put("PV-1.power_w", -sun_w)
    lane.put("GT-1.power_w", -turbine_w)
    return lane


def decided(lane: Lane, feeds: dict[str, str], state: sources.State | None = None) -> sources.State:
    """Return what is decided in one look."""
    view = look(lane, feeds=feeds)
    turn = sources.step(view, state or sources.State(), SOURCES)
    assert turn.proposals == turn.state.proposals
    return turn.state


GRID = {"MVA": "utility", "MVB": "none"}
ISLAND = {"MVA": "island", "MVB": "none"}


@pytest.mark.parametrize(
    ("import_w", "steady_w", "sun_w", "reactor_w", "limit_w"),
    [
        (5.0e6, 2.0e6, 0.4e6, 2.0e6, 1.0e6),  # room for all
        (0.5e6, 2.0e6, 0.4e6, 2.0e6, 0.7e6),
        (0.5e6, 2.0e6, 0.449e6, 2.0e6, 0.7e6),  # a step is never rounded up
        (0.5e6, 2.0e6, 0.45e6, 2.0e6, 0.75e6),
        (-0.2e6, 2.0e6, 0.4e6, 2.0e6, 0.0),
        (-0.9e6, 2.0e6, 0.4e6, 1.3e6, 0.0),
        (-9.0e6, 2.0e6, 0.4e6, 0.0, 0.0),
        (0.5e6, 1.0e6, 0.4e6, 1.7e6, 0.7e6),  # what a reactor does not give yet the sun may
    ],
)
def test_reactor_first_then_the_sun_and_a_margin_of_import(
    import_w: float, steady_w: float, sun_w: float, reactor_w: float, limit_w: float
) -> None:
    lane = beside(import_w, steady_w, sun_w)
    assert lane.site.contract.export_limit_w == 0.0
    said = decided(lane, GRID).proposals
    assert told(said) == {"SMR-1": -reactor_w, "PV-1": limit_w}
    assert [(s.point, s.action, s.owner) for s in said] == [
        ("power_setpoint_w", "min", "sources"),
        ("power_limit_w", "max", "sources"),
    ]


@pytest.mark.parametrize(("turbine_w", "reactor_w"), [(1.6e6, 1.3e6), (0.2e6, 0.0), (9e6, 2e6)])
def test_in_an_island_what_is_above_the_least_of_the_turbine_is_the_reactor_s(
    turbine_w: float, reactor_w: float
) -> None:
    lane = beside(3e6, 0.6e6, 0.3e6, turbine_w)
    assert lane.site.equipment["GT-1"].ratings["power_w"] == 3e6
    assert told(decided(lane, ISLAND).proposals) == {"SMR-1": -reactor_w}
    assert told(decided(lane, {**GRID, "MVB": "island"}).proposals) == {"SMR-1": -reactor_w}


def test_between_two_looks_and_without_all_measurements_the_last_word_stands() -> None:
    lane = beside(5e6, 2e6, 0.4e6)
    first = decided(lane, GRID)
    lane.put("M-UA.power_w", -0.9e6)
    lane.now_ns += SECOND - 1
    assert decided(lane, GRID, first) == first
    lane.now_ns += 1
    moved = decided(lane, GRID, first)
    assert moved.looked_ns == lane.now_ns
    assert told(moved.proposals) == {"SMR-1": -1.3e6, "PV-1": 0.0}
    for silent in ("M-UA", "M-UB", "PV-1", "SMR-1"):
        blind = beside(-0.9e6, 2e6, 0.4e6)
        blind.now_ns += 5 * SECOND
        blind.spoil(silent)
        assert decided(blind, GRID, first) == sources.State(first.proposals, blind.now_ns), silent


def test_off_the_grid_the_last_word_is_taken_back() -> None:
    lane = beside(5e6, 2e6, 0.4e6)
    first = decided(lane, GRID)
    lane.now_ns += SECOND
    assert decided(lane, {"MVA": "generators", "MVB": "none"}, first).proposals == ()


def test_two_reactors_share_what_there_is_in_their_order() -> None:
    lane = beside(5e6, 2e6, 0.4e6)
    plan = sources._plan(lane.site, lane.points)
    (one,) = plan.reactors
    both = plan._replace(reactors=(one, replace(one, id="SMR-2")))
    for room_w, first_w, second_w in ((9e6, 2e6, 2e6), (2.7e6, 2e6, 0.7e6), (1e6, 1e6, 0.0)):
        said = told(tuple(sources._reactors(both, room_w, SOURCES, "")))
        assert said == {"SMR-1": -first_w, "SMR-2": -second_w}


@pytest.mark.parametrize(
    ("left", "told_w"), [("PV-1", {"PV-1": 0.2e6}), ("SMR-1", {"SMR-1": -0.2e6})]
)
def test_a_site_may_have_one_sort_of_source_alone(
    left: str, told_w: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = beside(0.0, 0.4e6, 0.4e6)
    plan = sources._plan(lane.site, lane.points)
    own = Gauges(lane.points, [(name, "power_w") for name in (left, "GT-1")])
    reactors = tuple(one for one in plan.reactors if one.id == left)
    plants = tuple(one for one in plan.plants if one.id == left)
    alone = plan._replace(reactors=reactors, plants=plants, own=own)
    monkeypatch.setattr(sources, "_plan", lambda site, points: alone)
    assert told(decided(lane, GRID).proposals) == told_w


def test_a_site_without_sources_of_its_own_has_nothing_to_say() -> None:
    lane = picture("traditional")
    state = sources.State((), 7)
    assert sources.step(look(lane), state, SOURCES).state is state
