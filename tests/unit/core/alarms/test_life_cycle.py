"""The table of the alarm life cycle: complete, sound, and as the standard draws it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest

from daemon.core.alarms.life_cycle import (
    HIDDEN,
    REFUSALS,
    TRANSITIONS,
    Event,
    Stage,
    follow,
)

VISIBLE = [stage for stage in Stage if stage not in HIDDEN]


def walk(*events: Event, start: Stage = Stage.NORMAL) -> str:
    """Return the letters an alarm passes through."""
    letters, stage = [start.value], start
    for event in events:
        following = follow(stage, event)
        assert isinstance(following, Stage), following
        stage = following
        letters.append(stage.value)
    return "".join(letters)


def test_every_pair_is_listed_or_refused_by_name() -> None:
    pairs = set(product(Stage, Event))
    assert set(TRANSITIONS) | set(REFUSALS) == pairs
    assert not set(TRANSITIONS) & set(REFUSALS)
    assert all(REFUSALS.values())


def test_every_stage_is_reached_and_left() -> None:
    reached, frontier = {Stage.NORMAL}, [Stage.NORMAL]
    while frontier:
        stage = frontier.pop()
        new = {to for (s, _), to in TRANSITIONS.items() if s is stage} - reached
        reached |= new
        frontier += new
    assert reached == set(Stage)
    for stage in Stage:
        assert any(to is not stage for (s, _), to in TRANSITIONS.items() if s is stage)


@pytest.mark.parametrize(
    ("events", "letters"),
    [
        ([Event.RAISE, Event.ACKNOWLEDGE, Event.CLEAR], "ABCA"),
        ([Event.RAISE, Event.CLEAR, Event.ACKNOWLEDGE], "ABDA"),
        ([Event.RAISE, Event.CLEAR, Event.RAISE], "ABDB"),
        ([Event.RAISE, Event.CLEAR_LATCHING, Event.ACKNOWLEDGE, Event.RESET], "ABEFA"),
        ([Event.RAISE, Event.ACKNOWLEDGE, Event.CLEAR_LATCHING, Event.RESET], "ABCFA"),
        ([Event.RAISE, Event.ACKNOWLEDGE, Event.REALARM], "ABCB"),
        ([Event.RAISE, Event.SHELVE, Event.UNSHELVE_ACTIVE], "ABGB"),
        ([Event.SUPPRESS, Event.RAISE, Event.RELEASE_ACTIVE], "AHHB"),
        ([Event.SHELVE, Event.SUPPRESS, Event.TAKE_OUT, Event.RETURN_INACTIVE], "AGHIA"),
    ],
)
def test_walks(events: Iterable[Event], letters: str) -> None:
    assert walk(*events) == letters


@pytest.mark.parametrize("stage", sorted(HIDDEN, key=str), ids=str)
def test_what_was_hidden_with_its_condition_comes_back_unacknowledged(stage: Stage) -> None:
    back = {Event.UNSHELVE_ACTIVE, Event.RELEASE_ACTIVE, Event.RETURN_ACTIVE}
    ways = [TRANSITIONS[stage, event] for event in back if (stage, event) in TRANSITIONS]
    assert ways == [Stage.UNACKNOWLEDGED]


def test_reset_before_acknowledgement_is_refused() -> None:
    assert follow(Stage.LATCHED_UNACKNOWLEDGED, Event.RESET) == "acknowledge_first"


def test_out_of_service_outranks_suppressed_outranks_shelved() -> None:
    assert follow(Stage.SHELVED, Event.SUPPRESS) is Stage.SUPPRESSED
    assert follow(Stage.SUPPRESSED, Event.TAKE_OUT) is Stage.OUT_OF_SERVICE
    assert follow(Stage.OUT_OF_SERVICE, Event.SUPPRESS) == "out_of_service"
    assert follow(Stage.SUPPRESSED, Event.SHELVE) == "suppressed_by_design"
