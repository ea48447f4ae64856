"""What is shorter than a step exists with its exact length, however time is asked for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import S, shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from device_emulators.plant.elements import PlantEvent

MS = S // 1000
BEGIN_NS = 1_003_456_789
STEPS = pytest.mark.parametrize("step_ns", [None, 7 * MS, 1000 * MS])
"""By its own steps, by shorter ones, and all at once."""


def spans(
    step_ns: int | None, do: Callable[[Plant], None], holds: Callable[[Plant], bool], until_ns: int
) -> tuple[list[tuple[int, int]], list[PlantEvent]]:
    """Return from when to when something held after `do` [ns], and what happened."""
    plant = Plant(shipped("ai_hall"), seed=1)
    plant.advance(BEGIN_NS)
    edges: list[tuple[int, bool]] = []

    def look() -> None:
        held = holds(plant)
        if not edges or edges[-1][1] != held:
            edges.append((plant.now_ns, held))

    plant.watchers.append(look)
    do(plant)
    events: list[PlantEvent] = []
    while plant.now_ns < until_ns:
        due_ns = plant.due_ns if step_ns is None else plant.now_ns + step_ns
        events += plant.advance(min(due_ns, until_ns))
    found = [(a, b) for (a, held), (b, _) in pairwise(edges) if held]
    return found, events


@STEPS
def test_a_sag_of_42_milliseconds(step_ns: int | None) -> None:
    def sag(plant: Plant) -> None:
        plant.inject("U-A", "sag", {"depth_pu": 0.4, "for_s": 0.042})

    low, events = spans(
        step_ns, sag, lambda p: p.quantity("HV", "voltage_pu") < 0.7, BEGIN_NS + 500 * MS
    )
    assert low == [(BEGIN_NS, BEGIN_NS + 42 * MS)]
    assert [e.at_ns for e in events if e.name == "sag_over"] == [BEGIN_NS + 42 * MS]


@STEPS
def test_a_static_transfer_of_4_milliseconds(step_ns: int | None) -> None:
    def lose(plant: Plant) -> None:
        plant.inject("UAO", "fault", {"kind": "three_phase", "ohm": 0.0})

    dead, events = spans(
        step_ns, lose, lambda p: p.quantity("SS1", "voltage_pu") < 0.1, BEGIN_NS + 500 * MS
    )
    assert dead == [(BEGIN_NS, BEGIN_NS + 4 * MS)]
    moved = [e.at_ns for e in events if e.name == "transferred" and e.source == "STS-1"]
    assert moved == [BEGIN_NS + 4 * MS]


@STEPS
def test_a_fault_ends_when_the_contacts_part(step_ns: int | None) -> None:
    def short(plant: Plant) -> None:
        plant.inject("SA11", "fault", {"kind": "three_phase", "ohm": 0.0})

    fed, events = spans(
        step_ns, short, lambda p: p.quantity("SA11", "fault_current_a") > 1.0, BEGIN_NS + 500 * MS
    )
    opened = [e.at_ns for e in events if e.name == "opened" and e.source == "52-VCB-SA1"]
    assert len(opened) == 1
    assert fed == [(BEGIN_NS, opened[0])]
    assert 50 * MS <= opened[0] - BEGIN_NS < 100 * MS
