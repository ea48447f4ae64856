"""Whether a spring is charged is asked where it matters; scans that do nothing are none."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from daemon import settings
from daemon.rehearsal.proof import explore, schemes, springs, zones
from daemon.rehearsal.proof.mind import NO_POINTS, Conclusion
from daemon.rehearsal.proof.plant import CLOSED, OPEN, SPENT, Faults, bent, put
from daemon.rehearsal.proof.situation import SCAN, Ages, Situation

if TYPE_CHECKING:
    from daemon.rehearsal.proof.plant import Plant

CHARGE = (springs.CHARGE, 2)
MAIN = 2


@cache
def search() -> explore.Search:
    site = settings.load(settings.site_path("ai_hall"))
    (part,) = schemes.parts(site.site, site.control, "CCTS-1/mains")
    return explore.Search(part.board, part.mind, part.picture, part.bound_ms, Faults(1, 0, 0))


def plant(contact: int) -> Plant:
    """Return the board at rest with a main whose spring may be spent."""
    rest = search().first().met.plant
    return bent(rest._replace(contacts=put(rest.contacts, MAIN, contact)), MAIN, SPENT)


def charging(contact: int, soonest_ms: int, latest_ms: int) -> Situation:
    """Return a situation in which that spring is charged so much later, or was before."""
    here = search()
    zone = zones.begun(zones.ONLY_NOW, [(soonest_ms, latest_ms)])
    met = here._board.meet(plant(contact))
    return Situation(met, here.mind.first, (), (), (CHARGE,), zone)


def test_nobody_asks_for_the_spring_of_a_breaker_that_is_closed() -> None:
    assert springs.unasked(plant(CLOSED), CHARGE)
    assert not springs.unasked(plant(OPEN), CHARGE)
    assert not springs.unasked(plant(CLOSED), ("travel", MAIN))


def test_what_is_surely_past_is_over() -> None:
    assert springs.past(charging(CLOSED, -50, 0), plant(CLOSED)) == (CHARGE,)
    assert springs.past(charging(CLOSED, -50, 1), plant(CLOSED)) == ()
    assert springs.past(charging(OPEN, -50, 0), plant(OPEN)) == ()


def test_of_a_breaker_that_has_opened_both_are_gone_on_with() -> None:
    split = springs.Split(charging(OPEN, -50, 30))
    ((label, over),) = split.over
    assert label == CHARGE
    assert over.zone[1, 0] == 0
    assert split.rest is not None
    assert split.rest.zone[0, 1] == 0
    assert split.rest.zone[1, 0] == 30


def test_where_it_must_be_over_or_cannot_be_there_is_one() -> None:
    assert springs.Split(charging(OPEN, -50, -10)).rest is None
    later = charging(OPEN, 10, 30)
    assert springs.Split(later).over == []
    assert springs.Split(later).rest is later


def test_while_it_is_closed_time_goes_by_and_nothing_comes_of_it() -> None:
    here = search()
    ways = [w for w in here._ways(charging(CLOSED, 10, 30)) if not w.text.startswith("!")]
    assert ways == []


def test_a_scan_that_asks_is_shown_both() -> None:
    here = search()
    first = here.first()
    place = here._springs[MAIN]
    news = (("52-VCB-MA", "close"),)
    ages = Ages(0, (), zones.ONLY_NOW)
    rest = first.met.plant
    charged = here._board.meet(rest._replace(contacts=put(rest.contacts, MAIN, OPEN))).picture
    one = [c.thought.orders for c in here.mind.think(first.memory, charged, news, ages)]
    found = list(here.mind.think(first.memory, charged, news, ages, frozenset({place})))
    both = [c.thought.orders for c in found]
    assert len(one) == 1
    assert len(both) == 2
    assert both[0] == one[0] != both[1]
    assert [(c.spent, c.charged) for c in found] == [
        (NO_POINTS, frozenset({place})),
        (frozenset({place}), NO_POINTS),
    ]


def test_what_a_scan_was_shown_of_a_spring_is_so_from_then_on() -> None:
    here = search()
    now = charging(CLOSED, -50, 30)
    place = frozenset({here._springs[MAIN]})
    (thought, age, *_) = next(here.mind.think(now.memory, 0, (), Ages(0, (), now.zone)))
    spent = here._as_shown(now, Conclusion(thought, age, place, frozenset()), now.zone)
    over = here._as_shown(now, Conclusion(thought, age, frozenset(), place), now.zone)
    assert spent is not None
    assert over is not None
    assert spent[0, 1] == 0, "it comes yet"
    assert over[1, 0] == 0, "it has passed"


def test_a_scan_that_changes_nothing_is_left_out() -> None:
    here = search()
    now, looks = here.first(), 0
    while SCAN in now.labels:
        (now,) = [way.to for way in here._ways(now) if way.text == "daemon: looks"]
        looks += 1
    assert looks == 2, "one to see the board, one to conclude from that"
    assert all(way.text.startswith("!") for way in here._ways(now))
