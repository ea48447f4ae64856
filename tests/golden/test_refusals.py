"""What the interlocks refuse in pictures of the halls on paper, every action of every device.

A picture is drawn: what the mains, breakers, sets and stores do, who is silent, who lies. Its file
holds what is refused otherwise than in the healthy hall, by row and action: `+` what is refused
beyond that, `-` what passes. What is refused to persons alone is said to be.

`pytest tests/golden --refresh-golden` writes them anew; read the diff.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from daemon.core.facts import Facts, Formed
from daemon.core.interlocks import BY_ACTION, Case
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import Proposal
from tests.golden.test_stories import BREAKERS, FLAGS, SETS
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall, params
from tests.unit.core.interlocks.test_rows import back, on_sets, outage, storage_apart, two_sets

if TYPE_CHECKING:
    from collections.abc import Callable

    Refused = set[tuple[str, str]]

HERE: Final = Path(__file__).parent / "refusals"
PICTURES: Final = 36
BEFORE: Final[tuple[Callable[[Hall], None], ...]] = (
    outage, on_sets, back, two_sets, storage_apart, lambda _hall: None,
)  # fmt: skip
SAID: Final = (
    *(("ESS-1", "soc_pu", v) for v in (0.05, 0.3)),
    *(("UPS-A", "soc_pu", v) for v in (0.05, 0.4)),
    *((f"DG-{n}", "neutral_earthed", v) for n in (1, 2) for v in (0.0, 1.0)),
    *((f"DG-{n}", "selector", 1.0) for n in (1, 2, 3)),
    *(("CCTS-1", flag, 1.0) for flag in ("emergency_off", "maintenance", "selector")),
    *(("ALTS-1", flag, 0.0) for flag in ("inhibited", "source_2_healthy")),
    ("UPS-B", "bypass_available", 0.0),
    ("R-MVA", "trip_87", 1.0),
    ("M-MVA", "voltage_v", 3300.0),
)


def actions(hall: Hall) -> list[tuple[str, str]]:
    """Return every action of every device."""
    found = []
    for item in hall.site.equipment.values():
        able = item.kind.points["command"].states if "command" in item.kind.points else ()
        found += [(item.id, a) for a in able if (item.nature, a) in BY_ACTION]
    return found


def refused(hall: Hall, facts: Facts, under_way: dict[str, str], recent: int = 0) -> Refused:
    """Return what each row refuses, and to whom: row and action, and the equipment."""
    here, image = hall.params, hall.image()
    view = View(
        lane="switching",
        image=image,
        inbox=(),
        site=here.site,
        points=here.points,
        topology=survey(image, here.site, here.points),
        facts=facts,
        heard={},
        estimate=None,
        epoch=1,
        next_id=1,
    )
    found: Refused = set()
    for name, action in actions(hall):
        wish = Proposal(name, "command", action, 0.0, "test", "test")
        machine, person = (
            Case(view, wish, under_way, by_person, recent=recent) for by_person in (False, True)
        )
        for row in BY_ACTION[hall.site.equipment[name].nature, action]:
            both = row.forbids(machine)
            assert row.forbids(person) or not both, "what a person may an automaton may"
            if both or row.forbids(person):
                found.add((f"{row.name} {action}{'' if both else ' by a person'}", name))
    return found


def drawn(seed: int) -> tuple[Hall, Facts, dict[str, str], int]:
    """Return a hall in which something is wrong, and what is known and under way in it."""
    draw = random.Random(seed)
    hall = Hall(params(name="traditional" if seed % 9 == 0 else "ai_hall"))
    breakers = [n for n, e in hall.site.equipment.items() if e.nature in {"breaker", "dc_breaker"}]
    if seed % 9:
        draw.choice(BEFORE)(hall)
    for _ in range(draw.randint(1, 4)):
        hall.positions[draw.choice(breakers)] = draw.choice(
            (OPEN, CLOSED, OPEN, CLOSED, TRAVELLING)
        )
    for _ in range(draw.randint(0, 3)):
        near = draw.choice(BREAKERS if seed % 9 else breakers)
        hall.said[near, draw.choice(FLAGS)] = draw.choice((0.0, 1.0))
    hall.silent |= {draw.choice((*breakers, *hall.stages))} if draw.random() < 0.4 else set()
    if draw.random() < 0.4:
        feed = draw.choice(list(hall.utilities))
        hall.utilities[feed] = not hall.utilities[feed]
    for _ in range(2 * bool(seed % 9)):
        equipment, point, value = draw.choice(SAID)
        hall.said[equipment, point] = value
    for name in draw.sample((*SETS, "GT-1"), 2) if seed % 9 else ():
        hall.stages[name] = draw.choice(("stopped", "ready", "loaded", "cooling_down"))
    for unit in ("UPS-A", "ESS-1") if seed % 9 else ():
        stages = ("normal", "battery", "static_bypass", "fault")
        forms = ("grid_forming", "grid_following", "standby")
        hall.stages[unit] = draw.choice(stages if unit == "UPS-A" else forms)
    formed = {"MVA": Formed("ESS-1", 1e6, "grid_forming", False)} if draw.random() < 0.2 else {}
    facts = Facts(
        stages={"CCTS-1": draw.choice(("on_alternate", "lockout", "unjudged"))},
        shed=tuple(draw.sample(breakers, 3)) if draw.random() < 0.3 else (),
        formed=formed,
    )
    doing = ("open", "close", "close_in_sync")
    under_way = {draw.choice(breakers): draw.choice(doing) for _ in range(draw.randint(0, 2))}
    return hall, facts, under_way, draw.choice((0, 0, 0, 25))


def lines(found: Refused, sign: str = "") -> list[str]:
    """Return what is refused, a line for each row and action."""
    by_row: dict[str, list[str]] = {}
    for row, name in sorted(found):
        by_row.setdefault(row, []).append(name)
    return [f"{sign}{row}: {' '.join(names)}" for row, names in by_row.items()]


def read(kept: Path) -> Refused:
    """Return what a file says is refused."""
    told = [line.split(": ") for line in kept.read_text().splitlines()]
    return {(row, name) for row, names in told for name in names.split()}


@pytest.mark.parametrize("name", ["ai_hall", "traditional"])
def test_in_a_healthy_hall_is_refused_what_was(name: str, refresh_golden: bool) -> None:
    kept = HERE / f"{name}.txt"
    told = lines(refused(Hall(params(name=name)), Facts(stages={"CCTS-1": "on_mains"}), {}))
    if refresh_golden:
        kept.write_text("".join(f"{line}\n" for line in told))
    assert kept.read_text().splitlines() == told


@pytest.mark.parametrize("seed", range(1, PICTURES + 1))
def test_what_is_refused_is_refused_as_before(seed: int, refresh_golden: bool) -> None:
    kept = HERE / f"picture_{seed:02}.txt"
    hall, facts, under_way, recent = drawn(seed)
    usual = read(HERE / f"{hall.site.id}.txt")
    now = refused(hall, facts, under_way, recent)
    told = [*lines(now - usual, "+ "), *lines(usual - now, "- ")]
    if refresh_golden:
        kept.write_text("".join(f"{line}\n" for line in told))
    assert kept.read_text().splitlines() == told
