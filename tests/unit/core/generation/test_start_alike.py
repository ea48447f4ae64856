"""Sets are alike: what one is told follows from its place in the order, and not from its name.

The proof goes through two that stand for all (`daemon.rehearsal.proof.sets`).
"""

from __future__ import annotations

import random
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from daemon.core.generation import start
from daemon.core.generation.start import At, Params, Stage, State
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.generation.looks import look
from tests.unit.core.generation.test_start_by_look import CALM, KEPT, WANTED

SETS = ("DG-1", "DG-2", "DG-3", "DG-4")
BREAKERS = {f"DG-{n}": f"52-GCB-{n}" for n in range(1, 5)}
SHOWN = ("stopped", "cranking", "ready", "loaded", "cooling_down", "fault")


def told(names: tuple[str, ...], stood: list[Any], facts: Any) -> list[Any]:
    """Return by place where each set then stands and what is asked of it and its breaker."""
    hall = Hall(now_ns=1000 * SECOND)
    hall.utilities = dict.fromkeys(hall.utilities, False)
    for name in ("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV", "52-VCB-MA", "52-VCB-MB"):
        hall.positions[name] = OPEN
    sets = {}
    for name, (stage, age_s, shown, position) in zip(names, stood, strict=True):
        hall.stages[name], hall.positions[BREAKERS[name]] = shown, position
        sets[name] = At(stage, hall.now_ns - ns(age_s))
    scheme = hall.site.schemes["CCTS-1"]
    assert isinstance(scheme, MainTieMainScheme)
    ordered = replace(scheme, sets=MappingProxyType({name: BREAKERS[name] for name in names}))
    schemes = MappingProxyType({**hall.site.schemes, "CCTS-1": ordered})
    view = look(hall, facts)
    view = replace(view, site=replace(view.site, schemes=schemes))
    turn = start.step(view, State(sets), Params())
    place = {name: n for n, name in enumerate(names)}
    place |= {BREAKERS[name]: n + len(names) for n, name in enumerate(names)}
    stands = [turn.state.sets[name] for name in names]
    return [*stands, *((place[p.equipment], p.action) for p in turn.proposals)]


@pytest.mark.parametrize("facts", [WANTED, KEPT, CALM])
def test_what_a_set_is_told_follows_from_its_place_and_not_from_its_name(facts: Any) -> None:
    drawn = random.Random(1)
    moved = 0
    for _ in range(12):
        stood = [
            (
                drawn.choice([*Stage]),
                drawn.choice([0.2, 4.0, 100.0]),
                drawn.choice(SHOWN),
                drawn.choice([OPEN, CLOSED]),
            )
            for _ in SETS
        ]
        other = tuple(drawn.sample(SETS, len(SETS)))
        found = told(SETS, stood, facts)
        assert found == told(other, stood, facts), (stood, other)
        moved += any(at.stage is not was for at, (was, *_) in zip(found, stood, strict=False))
    assert moved > 6, "hardly anything has moved"
