"""A feed is healthy up to its limits, and each voter has its own word on it."""

from __future__ import annotations

import pytest

from daemon.core.detection import outage
from daemon.core.facts import Facts, Health
from daemon.core.topology import survey
from daemon.core.view import View
from tests.hall import Hall
from tests.unit.core.generation.looks import look

VOLTS = {"relay": "voltage_ll_v", "breaker": "source_voltage_v", "meter": "voltage_v"}


def verdict(hall: Hall) -> Health:
    """Return what the site thinks of feed A."""
    params, image = hall.params, hall.image()
    view = View(
        lane="switching",
        image=image,
        inbox=(),
        site=params.site,
        points=params.points,
        topology=survey(image, params.site, params.points),
        facts=Facts(),
        heard={},
        estimate=None,
        epoch=1,
        next_id=1,
    )
    limits = outage.Params()
    facts = outage.step(view, outage.initial(params.site, limits), limits).facts or {}
    health: Health = facts["supply"].feeds["U-A"]
    return health


def voters(hall: Hall) -> list[tuple[str, str]]:
    """Return who can tell the voltage of feed A, and by which point."""
    bus = hall.site.equipment["U-A"].buses[0]
    found = [(e.id, VOLTS[e.nature]) for e in hall.site.of_nature(*VOLTS) if e.buses[0] == bus]
    return [one for one in found if hall.params.points.find(*one) is not None]


def silence_but(hall: Hall, voter: str) -> None:
    """Let one voter alone tell of feed A."""
    hall.hidden |= {one for one in voters(hall) if one[0] != voter}


@pytest.mark.parametrize(
    ("level_pu", "healthy"),
    [(0.879, False), (0.88, True), (1.1, True), (1.101, False), (0.0, False)],
)
def test_voltage_is_judged_by_every_kind_of_voter(level_pu: float, healthy: bool) -> None:
    hall = Hall()
    nominal_v = hall.site.buses[hall.site.equipment["U-A"].buses[0]].voltage_v
    assert {hall.site.equipment[name].nature for name, _ in voters(hall)} >= {"relay", "meter"}
    for name, point in voters(hall):
        alone = Hall()
        silence_but(alone, name)
        alone.said[name, point] = level_pu * nominal_v
        assert verdict(alone) is (Health.HEALTHY if healthy else Health.FAILED), name


@pytest.mark.parametrize(
    ("frequency_hz", "healthy"), [(56.9, False), (57.0, True), (61.8, True), (61.9, False)]
)
@pytest.mark.parametrize("voter", ["R-UA", "M-UA"])
def test_frequency_is_judged_where_it_can_be_read(
    voter: str, frequency_hz: float, healthy: bool
) -> None:
    hall = Hall()
    silence_but(hall, voter)
    hall.said[voter, "frequency_hz"] = frequency_hz
    assert verdict(hall) is (Health.HEALTHY if healthy else Health.FAILED)
    hall.hidden.add((voter, "frequency_hz"))
    assert verdict(hall) is Health.HEALTHY


@pytest.mark.parametrize("flag", ["pickup_27", "pickup_59", "pickup_81o", "pickup_81u"])
def test_a_relay_that_picks_up_finds_the_feed_failed(flag: str) -> None:
    hall = Hall()
    silence_but(hall, "R-UA")
    assert verdict(hall) is Health.HEALTHY
    hall.said["R-UA", flag] = 1.0
    assert verdict(hall) is Health.FAILED


def test_nobody_s_word_is_no_verdict() -> None:
    hall = Hall()
    silence_but(hall, "")
    assert verdict(hall) is Health.UNKNOWN


def test_a_site_without_a_utility_has_lost_none() -> None:
    view = look(Hall())
    assert outage._site_events(view, {}, ()) == ()
    assert outage._site_events(view, {"U-A": Health.FAILED}, ()) == (outage.Event.SUPPLY_LOST,)
    assert outage._site_events(view, {"U-A": Health.UNKNOWN}, ()) == ()
