"""Sets to spare, look by look: where what is left is enough, and where it is not any more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daemon.core.facts import Facts, Sets
from daemon.core.generation import choice
from daemon.model.quantities import SECOND, ns
from tests.hall import Hall
from tests.unit.core.generation.looks import look

if TYPE_CHECKING:
    from daemon.core.view import Turn

FOUR = ("DG-1", "DG-2", "DG-3", "DG-4")
THREE = FOUR[:3]
PARAMS = choice.Params()
ALL = choice.State()


def decided(
    load_w: float,
    state: choice.State = ALL,
    on_bus: tuple[str, ...] = FOUR,
    hall: Hall | None = None,
    **facts: Any,
) -> Turn[choice.State]:
    """Return what is decided where sets give so much together."""
    hall = hall or Hall()
    hall.said |= {(name, "power_w"): -load_w / len(on_bus) for name in on_bus}
    sets = Sets(on_bus=on_bus, **facts.pop("sets", {}))
    known = Facts(sets=sets, **{"sets_released": False, **facts})
    return choice.step(look(hall, known), state, PARAMS)


@pytest.mark.parametrize(
    ("load_w", "spare"),
    [(0.0, True), (0.8 * 6.4e6, True), (0.8 * 6.4e6 + 1e3, False), (9e6, False)],
)
def test_one_is_not_needed_when_two_of_the_three_left_carry_it(load_w: float, spare: bool) -> None:
    assert bool(decided(load_w).state.surplus_ns) is spare


@pytest.mark.parametrize(("rows_w", "spare"), [(9.6e6, True), (9.6e6 + 1.0, False)])
def test_none_is_spared_that_would_limit_the_rows(rows_w: float, spare: bool) -> None:
    assert bool(decided(1e6, rows_free_w=rows_w).state.surplus_ns) is spare


@pytest.mark.parametrize(
    "facts",
    [
        {"awaiting": {"MVA": True}},
        {"sets": {"pending": ("DG-1",)}},
        {"sets": {"leaving": ("DG-4",)}},
        {"sets_released": True},
    ],
)
def test_none_is_spared_while_something_is_on_its_way(facts: dict[str, Any]) -> None:
    waiting = choice.State(surplus_ns=5)
    assert decided(1e6, waiting, **facts).state == ALL


def test_it_takes_its_time_and_not_a_moment_less() -> None:
    hall = Hall(now_ns=1000 * SECOND)
    begun = choice.State(surplus_ns=hall.now_ns - ns(PARAMS.surplus_s) + 1)
    assert decided(1e6, begun, hall=hall).state is begun
    hall.now_ns += 1
    turn = decided(1e6, begun, hall=hall)
    assert turn.state == choice.State(("DG-4",), THREE, 0)
    assert turn.facts == {"sets_to_spare": ("DG-4",)}
    (told,) = turn.events
    assert (told.source, told.name, told.fields) == (  # type: ignore[union-attr]
        "DG-4", "set_to_spare", {"kept": list(THREE)},
    )  # fmt: skip


def test_the_next_one_waits_as_long_again() -> None:
    hall = Hall()
    one = choice.State(("DG-4",), THREE)
    turn = decided(0.5e6, one, hall=hall)
    assert turn.state == one._replace(surplus_ns=hall.now_ns)
    hall.now_ns += ns(PARAMS.surplus_s)
    turn = decided(0.5e6, turn.state, hall=hall)
    assert turn.state == choice.State(("DG-4", "DG-3"), ("DG-1", "DG-2"))
    assert [e.source for e in turn.events] == ["DG-3"]


@pytest.mark.parametrize(
    ("starts", "goes"),
    [
        ({}, "DG-4"),
        ({"DG-1": 2.0}, "DG-1"),
        ({"DG-1": 2.0, "DG-3": 3.0, "DG-4": 2.0}, "DG-3"),
        ({"DG-1": 2.0, "DG-2": 2.0}, "DG-2"),
    ],
)
def test_the_most_used_goes_first_and_among_equals_the_last(
    starts: dict[str, float], goes: str
) -> None:
    hall = Hall(now_ns=1000 * SECOND)
    hall.said |= {(name, "start_count"): n for name, n in starts.items()}
    ripe = choice.State(surplus_ns=hall.now_ns - ns(PARAMS.surplus_s))
    assert decided(1e6, ripe, hall=hall).state.spare == (goes,)


def test_of_unequal_sets_the_largest_is_the_one_that_may_fail() -> None:
    hall = Hall()
    site = hall.site
    ratings = {"DG-1": 6e6, "DG-2": 2e6, "DG-3": 2e6}
    changed = {
        name: replace(site.equipment[name], ratings={**site.equipment[name].ratings, "power_w": w})
        for name, w in ratings.items()
    }
    equipment = {**site.equipment, **changed}
    hall.params = replace(hall.params, site=replace(site, equipment=equipment))
    assert decided(0.8 * 4e6, hall=hall).state.surplus_ns
    assert not decided(0.8 * 4e6 + 1e3, hall=hall).state.surplus_ns


SPARED = choice.State(("DG-4",), THREE)


@pytest.mark.parametrize(
    ("load_w", "on_bus", "facts", "why"),
    [
        (0.9 * 6.4e6, THREE, {}, ""),
        (0.9 * 6.4e6 + 1e3, THREE, {}, "the load has risen"),
        (5.5e6, ("DG-1", "DG-2"), {}, "a set that was kept has left"),
        (1e6, THREE, {"awaiting": {"MVB": False}}, "a section has no source"),
        (1e6, FOUR, {}, ""),
    ],
)
def test_what_is_spared_is_called_back_for_a_reason(
    load_w: float, on_bus: tuple[str, ...], facts: dict[str, Any], why: str
) -> None:
    turn = decided(load_w, SPARED, on_bus, **facts)
    assert turn.state.spare == (() if why else ("DG-4",))
    assert [e.fields["reason"] for e in turn.events] == [why] * bool(why)  # type: ignore[union-attr]
    assert [e.source for e in turn.events] == ["DG-4"] * bool(why)


def test_what_is_not_known_calls_back_and_spares_nobody() -> None:
    hall = Hall()
    hall.hidden.add(("DG-2", "power_w"))
    turn = decided(1e6, SPARED, THREE, hall=hall)
    assert turn.state == ALL
    assert turn.events[0].fields["reason"] == "what a set gives is not known"  # type: ignore[union-attr]
    assert decided(1e6, choice.State(surplus_ns=5), hall=hall).state == ALL


def test_when_the_sets_are_released_or_gone_nobody_is_spared_and_nothing_told() -> None:
    for facts in (Facts(sets=Sets(on_bus=THREE)), Facts(sets_released=False)):
        turn = choice.step(look(Hall(), facts), SPARED, PARAMS)
        assert turn.state == ALL
        assert turn.facts == {"sets_to_spare": ()}
        assert turn.events == ()


def test_without_a_surplus_the_time_begins_anew_and_what_is_spared_stays() -> None:
    waiting = SPARED._replace(surplus_ns=7 * SECOND)
    assert decided(5.5e6, waiting, THREE).state == SPARED
    assert decided(5.5e6, SPARED, THREE).state is SPARED


def test_a_reserve_of_none_counts_every_set() -> None:
    view = look(Hall())
    for count, rated_w in ((0, 9.6e6), (1, 6.4e6), (3, 0.0), (8, 0.0)):
        assert choice._firm_w(view, THREE, choice.Params(reserve_count=count)) == rated_w
