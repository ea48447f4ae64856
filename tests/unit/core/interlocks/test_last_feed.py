"""The last feed of a critical load: persons need a sure feed, automata a reason to be held back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from daemon.core.facts import Facts
from daemon.core.interlocks import check
from daemon.core.topology import Presence
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.interlocks.test_rows import case, hide, normal, say, several

GA, MA = "52-VCB-GA", "52-VCB-MA"
NO_UPS = {"UPS-A": "static_bypass"}
Prepare = Callable[[Hall], None]


def refused(hall: Hall, equipment: str, action: str = "open", *, by_person: bool = False) -> bool:
    """Return whether the last feed is what holds an action back."""
    verdict = check(case(hall, equipment, action, by_person=by_person)).refused_by
    assert verdict in {"", "last_feed"}
    return bool(verdict)


def a_alone(hall: Hall) -> None:
    """Let side A alone be fed, by the mains."""
    hall.positions |= {"52-VCB-MB": OPEN}


def unprotected(hall: Hall) -> None:
    """Both UPS and the 48 V rectifiers have no store, the racks no battery."""
    for item in hall.site.of_nature("ups", "rectifier", "ai_rack", "ess"):
        hall.said[item.id, "soc_pu"] = 0.0


def test_an_automaton_leaves_a_dead_source_and_transfers_with_a_gap() -> None:
    hall = Hall()
    hall.utilities = dict.fromkeys(hall.utilities, False)
    hall.stages["SMR-1"] = "offline"
    unprotected(hall)
    assert not refused(hall, MA)
    live = Hall()
    assert not refused(live, MA)  # side B carries what has two feeds, stores bridge the rest
    a_alone(live)
    assert not refused(live, MA)
    unprotected(live)
    assert refused(live, MA)


@pytest.mark.parametrize(
    "store",
    [hide("UPS-A", "soc_pu"), say("UPS-A", "soc_pu", 0.05), lambda h: h.stages.update(NO_UPS)],
)
def test_a_static_switch_goes_over_by_itself_where_the_other_side_holds(store: Prepare) -> None:
    hall = Hall()
    store(hall)
    assert not refused(hall, MA)  # SS-1 and SS-3 go over to UPS-B
    hall.stages["UPS-B"] = "off"
    a_alone(hall)
    assert refused(hall, MA)


def test_the_overlap_may_always_be_ended() -> None:
    hall = Hall()
    unprotected(hall)
    hall.stages["DG-1"] = "loaded"
    hall.positions |= {"52-GCB-1": CLOSED, GA: CLOSED, "52-VCB-MB": OPEN}
    assert not refused(hall, GA)
    hall.hidden.add((MA, "position"))  # it may be closed: the overlap must end all the same
    assert not refused(hall, GA)
    assert refused(hall, GA, by_person=True)


def test_what_a_scheme_has_declared_shed_may_go() -> None:
    hall = Hall()
    unprotected(hall)
    hall.positions |= {"52-VCB-HB": OPEN}
    assert refused(hall, "52-VCB-HA")
    held = case(hall, "52-VCB-HA", "open", facts=Facts(shed=("52-VCB-HA",)))
    assert check(held).refused_by == ""


def test_a_person_needs_a_feed_that_is_sure() -> None:
    hall = Hall()
    assert not refused(hall, "72-A3", by_person=True)
    hall.stages["HVDC-B"] = "precharge"
    assert refused(hall, "72-A3", by_person=True)
    assert not refused(hall, "72-A3")  # rack batteries bridge what an automaton does


@pytest.mark.parametrize(("gives", "held"), [("SMR-1", True), ("GT-1", False)])
def test_a_reactor_is_no_feed_of_a_site_that_has_nothing_else(gives: str, held: bool) -> None:
    """Alone it goes to house load, and its bus is dead."""
    hall = Hall()
    hall.stages |= {"SMR-1": "on_grid"} if gives == "SMR-1" else {gives: "loaded"}
    hall.positions["52-GCB-GT"] = CLOSED if gives == "GT-1" else OPEN
    assert refused(hall, "52-VCB-IN", by_person=True) is held


@pytest.mark.parametrize("stage", ["off", "lost"])
def test_a_rack_that_is_off_has_nothing_to_lose(stage: str) -> None:
    hall = Hall()
    hall.positions["72-B1"] = OPEN
    assert refused(hall, "72-A1", by_person=True)
    hall.stages |= {f"RACK-1-{n}": stage for n in range(1, 9)}
    assert not refused(hall, "72-A1", by_person=True)


@pytest.mark.parametrize(
    ("presence", "held"),
    [(Presence.LIVE, True), (Presence.UNKNOWN, True), (Presence.DEAD, False)],
)
def test_what_shows_voltage_from_nowhere_may_feed_and_a_person_does_not_open_it(
    presence: Presence, held: bool
) -> None:
    """A breaker further up shows open, and is not."""
    hall = Hall()
    hall.positions |= dict.fromkeys((MA, GA, "52-VCB-TIE", "52-VCB-EA", "52-VCB-MB"), OPEN)
    found = case(hall, "52-VCB-SA1", "open", by_person=True)
    shown = dict.fromkeys(("MVA", "SA11"), presence)
    seen = replace(found.view.topology, presence={**found.view.topology.presence, **shown})
    asked = type(found)(replace(found.view, topology=seen), found.wish, {}, by_person=True)
    assert check(asked).refused_by == ("last_feed" if held else "")


@pytest.mark.parametrize(("current_a", "held"), [(0.0, True), (300.0, False)])
def test_an_open_feeder_feeds_nothing_but_where_it_carries_all_the_same(
    current_a: float, held: bool
) -> None:
    """Sets run before it: they are no feed of the section until it is closed."""
    hall = Hall()
    unprotected(hall)
    a_alone(hall)
    hall.stages["DG-1"] = "loaded"
    hall.positions |= {"52-GCB-1": CLOSED, GA: OPEN}
    hall.said[GA, "current_a"] = current_a
    assert refused(hall, MA) is held


def test_a_machine_that_does_not_run_takes_nothing_with_it() -> None:
    hall = Hall()
    hall.positions["52-VCB-IN"] = OPEN
    assert refused(hall, "SMR-1", "house_load", by_person=True)
    hall.positions["52-GCB-SMR"] = OPEN
    hall.stages["SMR-1"] = "offline"
    assert not refused(hall, "SMR-1", "house_load", by_person=True)


def test_an_open_breaker_takes_nothing() -> None:
    hall = Hall()
    hall.positions |= {"72-A1": OPEN, "72-B1": OPEN}
    assert not refused(hall, "72-A1", by_person=True)


def test_stopping_and_turning_away_is_opening() -> None:
    hall = Hall()
    assert not refused(hall, "HVDC-A", "stop", by_person=True)
    hall.stages["HVDC-B"] = "off"
    assert refused(hall, "HVDC-A", "stop", by_person=True)
    alone = Hall()
    alone.positions["52-VCB-IN"] = OPEN
    assert refused(alone, "SMR-1", "house_load", by_person=True)


def test_a_converter_that_stops_takes_nothing_from_the_side_that_feeds_it() -> None:
    hall = Hall()
    hall.positions |= {MA: OPEN, GA: OPEN, "52-VCB-TIE": OPEN, "52-VCB-EA": OPEN}
    hall.positions["72-TIE"] = CLOSED
    assert not refused(hall, "HVDC-A", "stop", by_person=True)


@pytest.mark.parametrize(("other", "held"), [("open", True), ("close", False)])
def test_of_two_feeds_but_one_is_opened_at_a_time(other: str, held: bool) -> None:
    alone = case(Hall(), "72-A1", "open", by_person=True)
    verdict = check(type(alone)(alone.view, alone.wish, {"72-B1": other}, by_person=True))
    assert verdict.refused_by == ("last_feed" if held else "")


def test_two_persons_may_set_it_aside() -> None:
    hall = Hall()
    hall.positions["72-B1"] = OPEN
    held = case(hall, "72-A1", "open", by_person=True)
    assert check(held).refused_by == "last_feed"
    aside = type(held)(held.view, held.wish, {}, True, frozenset({"last_feed"}))
    assert check(aside).refused_by == ""


def test_what_keeps_people_and_sources_safe_is_not_set_aside() -> None:
    hall = Hall()
    several(normal, say("72-A1", "local", 1))(hall)
    held = case(hall, "72-A1", "open", by_person=True)
    everything = frozenset({"local", "last_feed"})
    verdict = check(type(held)(held.view, held.wish, {}, True, everything))
    assert verdict.refused_by == "local"


def test_an_alternate_that_shows_open_and_carries_is_a_feed_for_its_scheme() -> None:
    hall = Hall()
    a_alone(hall)
    unprotected(hall)
    assert refused(hall, MA)
    hall.stages["DG-1"] = "loaded"
    hall.positions["52-GCB-1"] = CLOSED
    hall.said[GA, "position"] = float(OPEN)
    hall.said[GA, "current_a"] = 300.0
    assert not refused(hall, MA)
    assert refused(hall, MA, by_person=True)


@pytest.mark.parametrize(
    ("breaker", "lie"),
    [
        (MA, ("52-VCB-IN", "position", float(OPEN))),
        ("52-VCB-IN", ("52-VCB-IN", "source_voltage_v", 0.0)),
    ],
)
def test_what_lives_and_nothing_seems_to_feed_is_fed_through_what_a_person_would_open(
    breaker: str, lie: tuple[str, str, float]
) -> None:
    """The instrument further up does not tell the truth; which, nobody knows."""
    hall = Hall()
    a_alone(hall)
    unprotected(hall)
    hall.positions |= {"52-GCB-SMR": OPEN}
    equipment, point, value = lie
    hall.said[equipment, point] = value
    assert refused(hall, breaker, by_person=True)


@pytest.mark.parametrize(("selector", "held"), [(0.0, True), (1.0, False)], ids=["auto", "manual"])
def test_a_person_cannot_count_on_a_tie_that_its_scheme_is_about_to_open(
    selector: float, held: bool
) -> None:
    """It closes a ring; it may even be open already, and only show closed."""
    hall = Hall()
    unprotected(hall)
    below_b = [e.id for e in hall.site.of_nature("breaker") if e.buses[0] == "MVB"]
    hall.positions |= {**dict.fromkeys(below_b, OPEN), "52-VCB-TIE": CLOSED}
    say("CCTS-1", "selector", selector)(hall)
    assert refused(hall, MA, by_person=True) is held
    assert not refused(hall, MA)
