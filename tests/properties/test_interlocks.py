"""Laws of the interlocks: no order of equipment decides, bad data makes no verdict bolder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.facts import Facts
from daemon.core.interlocks import BY_ACTION, BYPASSABLE, Case, check
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import Proposal
from daemon.model.natures import NATURES, PointKind
from daemon.model.points import tabulate
from tests.hall import CLOSED, OPEN, Hall, params, site_file
from tests.properties import examples

if TYPE_CHECKING:
    from daemon.core.step import Params

SITE, POINTS, _ = site_file()
ASKED = sorted(
    (item.id, action)
    for item in SITE.equipment.values()
    for nature, action in BY_ACTION
    if nature == item.nature and action in item.kind.commands()
)
SWITCHES = [e.id for e in SITE.of_nature("breaker")]
FLAGS = [
    name
    for name, point in NATURES["breaker"].points.items()
    if point.kind is PointKind.STATUS and name not in {"racked_in", "spring_charged", "sync_25"}
]
OTHERS = frozenset(
    {"trip_50", "trip_51", "trip_67", "trip_87", "trip_87t", "lockout_86", "pole_fault"}
    | {"pickup_50", "pickup_51", "pickup_67", "neutral_earthed"}
)
"""What a neighbour that is silent does not forbid by: a dark hall would be the price."""

plants = st.fixed_dictionaries(
    {
        "positions": st.dictionaries(
            st.sampled_from(SWITCHES), st.sampled_from([0, OPEN, CLOSED, 3]), max_size=12
        ),
        "utilities": st.fixed_dictionaries({"U-A": st.booleans(), "U-B": st.booleans()}),
        "stages": st.dictionaries(
            st.sampled_from(["DG-1", "DG-2", "DG-3", "GT-1"]),
            st.sampled_from(["stopped", "ready", "fault"]),
            max_size=4,
        ),
        "bypassed": st.dictionaries(
            st.sampled_from(["UPS-A", "UPS-B"]),
            st.sampled_from(["normal", "static_bypass", "fault", "maintenance_bypass"]),
        ),
        "flags": st.dictionaries(
            st.tuples(st.sampled_from(SWITCHES), st.sampled_from(FLAGS)), st.just(1.0), max_size=2
        ),
    }
)
hidden = st.sets(st.sampled_from([(p.equipment, p.spec.name) for p in POINTS.points]), max_size=12)


@cache
def backwards() -> Params:
    """Return the hall with its site file read from the last line to the first."""
    given_params = params()
    items = reversed(list(given_params.site.equipment.items()))
    schemes = reversed(list(given_params.site.schemes.items()))
    site = replace(given_params.site, equipment=dict(items), schemes=dict(schemes))
    return replace(given_params, site=site, points=tabulate(site))


def case(
    plant: dict[str, Any],
    asked: tuple[str, str],
    by_person: bool,
    bad: frozenset[tuple[str, str]] = frozenset(),
    drawn: Params | None = None,
    bypassed: frozenset[str] = frozenset(),
) -> Case:
    """Return a case in a hall as drawn, with some points that are not good."""
    hall = Hall() if drawn is None else Hall(drawn)
    hall.positions |= plant["positions"]
    hall.utilities |= plant["utilities"]
    hall.stages |= plant["stages"] | plant["bypassed"]
    hall.said, hall.hidden = dict(plant["flags"]), set(bad)
    where, image = hall.params, hall.image()
    topology = survey(image, where.site, where.points)
    facts = Facts(stages={"CCTS-1": "on_main"})
    view = View(
        lane="switching",
        image=image,
        inbox=(),
        site=where.site,
        points=where.points,
        topology=topology,
        facts=facts,
        heard={},
        estimate=None,
        epoch=1,
        next_id=1,
    )
    wish = Proposal(asked[0], "command", asked[1], 0.0, "drawn", "drawn")
    return Case(view, wish, {}, by_person, bypassed)


@examples(40)
@given(plant=plants, asked=st.sampled_from(ASKED), by_person=st.booleans(), bad=hidden)
def test_no_verdict_hangs_on_the_order_of_the_site_file(
    plant: dict[str, Any],
    asked: tuple[str, str],
    by_person: bool,
    bad: set[tuple[str, str]],
) -> None:
    here = check(case(plant, asked, by_person, frozenset(bad)))
    there = check(case(plant, asked, by_person, frozenset(bad), backwards()))
    assert here == there


@pytest.mark.fault("F20", "F38")
@examples(80)
@given(plant=plants, asked=st.sampled_from(ASKED), bad=hidden, more=hidden)
def test_bad_data_never_turns_a_refusal_into_a_pass(
    plant: dict[str, Any],
    asked: tuple[str, str],
    bad: set[tuple[str, str]],
    more: set[tuple[str, str]],
) -> None:
    worse = {p for p in more if p[0] == asked[0] or p[1] not in OTHERS}
    before = check(case(plant, asked, by_person=True, bad=frozenset(bad)))
    after = check(case(plant, asked, by_person=True, bad=frozenset(bad | worse)))
    assert after.refused_by or not before.refused_by


@examples(40)
@given(plant=plants, asked=st.sampled_from(ASKED), by_person=st.booleans(), bad=hidden)
def test_what_keeps_sources_apart_is_set_aside_by_nobody(
    plant: dict[str, Any],
    asked: tuple[str, str],
    by_person: bool,
    bad: set[tuple[str, str]],
) -> None:
    everything = frozenset(row.name for rows in BY_ACTION.values() for row in rows)
    held = case(plant, asked, by_person, frozenset(bad))
    rows = BY_ACTION[held.item.nature, held.wish.action]
    hard = {row.name for row in rows if row.name not in BYPASSABLE and row.forbids(held)}
    verdict = check(replace(held, bypassed=everything))
    assert (verdict.refused_by in hard) if hard else not verdict.refused_by
