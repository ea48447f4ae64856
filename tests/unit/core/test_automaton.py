"""The interpreter, and that every kind of flaw in a table is found."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any

import pytest

from daemon.core.automaton import Table, advance, diagram, flaws, ignoring_the_rest, reachable
from daemon.model.quantities import SECOND
from tests.hall import At


class Stage(Enum):
    """Three stages."""

    REST = 1
    MOVE = 2
    STUCK = 3


class Event(Enum):
    """Three events."""

    GO = 1
    DONE = 2
    RESET = 3


SOUND = Table(
    first=Stage.REST,
    transitions={
        (Stage.REST, Event.GO): Stage.MOVE,
        (Stage.MOVE, Event.DONE): Stage.REST,
        (Stage.STUCK, Event.RESET): Stage.REST,
    },
    ignored={
        Stage.REST: frozenset({Event.DONE, Event.RESET}),
        Stage.MOVE: frozenset({Event.GO, Event.RESET}),
        Stage.STUCK: frozenset({Event.GO, Event.DONE}),
    },
    after={Stage.MOVE: ("move_s", Stage.STUCK)},
    rests=frozenset({Stage.REST}),
    person=frozenset({Stage.STUCK}),
)
WAITS = {"move_s": SECOND}


def test_the_first_event_that_is_listened_to_acts() -> None:
    at = advance(SOUND, (Stage.REST, 0), (Event.DONE, Event.GO), At(5), WAITS)
    assert at == (Stage.MOVE, 5)


def test_time_acts_only_when_no_event_does_and_not_a_nanosecond_early() -> None:
    assert advance(SOUND, (Stage.MOVE, 5), (), At(4 + SECOND), WAITS) == (Stage.MOVE, 5)
    assert advance(SOUND, (Stage.MOVE, 5), (), At(5 + SECOND), WAITS) == (Stage.STUCK, 5 + SECOND)
    late = advance(SOUND, (Stage.MOVE, 5), (Event.DONE,), At(9 * SECOND), WAITS)
    assert late == (Stage.REST, 9 * SECOND)


def test_an_event_that_nobody_thought_about_is_an_error_of_ours() -> None:
    careless = replace(SOUND, ignored={})
    with pytest.raises(AssertionError, match="no answer"):
        advance(careless, (Stage.REST, 0), (Event.DONE,), At(1), WAITS)


def test_a_sound_table_has_no_flaws() -> None:
    assert flaws(SOUND) == []
    assert reachable(SOUND, Stage.MOVE) == set(Stage)
    idle = {k: v for k, v in SOUND.transitions.items() if v is not Stage.MOVE}
    assert reachable(replace(SOUND, transitions=idle), Stage.STUCK) == {Stage.STUCK, Stage.REST}


UNLEFT = {k: v for k, v in SOUND.transitions.items() if k[0] is not Stage.STUCK}


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (
            {"ignored": {**SOUND.ignored, Stage.REST: frozenset({Event.RESET})}},
            ["REST on DONE: neither listed nor ignored"],
        ),
        (
            {"ignored": {**SOUND.ignored, Stage.REST: frozenset(Event)}},
            ["REST on GO: both listed and ignored"],
        ),
        ({"after": {}}, ["STUCK is never reached", "MOVE waits without an end"]),
        ({"rests": frozenset()}, ["REST waits without an end"]),
        ({"person": frozenset()}, ["STUCK waits without an end"]),
        ({"person": frozenset(), "final": frozenset({Stage.STUCK})}, []),
        (
            {"transitions": UNLEFT, "ignored": {**SOUND.ignored, Stage.STUCK: frozenset(Event)}},
            [],
        ),
        (
            {
                "transitions": UNLEFT,
                "ignored": {**SOUND.ignored, Stage.STUCK: frozenset(Event)},
                "rests": frozenset(Stage),
                "person": frozenset({Stage.REST}),
            },
            ["STUCK is a trap"],
        ),
        (
            {
                "transitions": UNLEFT,
                "ignored": {**SOUND.ignored, Stage.STUCK: frozenset(Event)},
                "person": frozenset(),
                "final": frozenset({Stage.STUCK}),
            },
            [],
        ),
    ],
)
def test_every_kind_of_flaw_is_found_and_nothing_else(
    spoil: dict[str, Any], found: list[str]
) -> None:
    assert flaws(replace(SOUND, **spoil)) == found


def test_what_is_not_listed_is_ignored_on_demand() -> None:
    assert ignoring_the_rest(Stage, Event, SOUND.transitions) == SOUND.ignored


def test_the_diagram_names_causes_and_persons() -> None:
    assert diagram(SOUND).splitlines() == [
        "REST",
        "    GO -> MOVE",
        "MOVE",
        "    DONE -> REST",
        "    after move_s -> STUCK",
        "STUCK (a person resets)",
        "    RESET -> REST",
    ]
