"""How far a fault is told of: through what may be closed, not through what is known to be open."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from daemon.model.points import tabulate
from tests.hall import CLOSED, OPEN, Hall, params
from tests.unit.core.interlocks.test_rows import (
    alts_on_a_dead_feed,
    case,
    dark,
    hide,
    on_sets,
    put,
    refusing,
    say,
)

GA, MA, IN, SMR = "52-VCB-GA", "52-VCB-MA", "52-VCB-IN", "52-GCB-SMR"


def faulted(hall: Hall, equipment: str, action: str = "close") -> bool:
    """Return whether a fault is what holds an action back."""
    return not refusing(case(hall, equipment, action)).isdisjoint({"faulted_bus", "faulted_load"})


@pytest.mark.parametrize("feed", ["R-UA", "R-UB"])
@pytest.mark.parametrize("connected", [0, 1, 2])
def test_a_transfer_switch_joins_the_source_it_stands_on(connected: int, feed: str) -> None:
    hall = Hall()
    dark(hall)
    hall.positions |= {IN: OPEN, "52-GCB-UA": CLOSED, "52-GCB-UB": CLOSED}
    hall.connected["ALTS-1"] = connected
    say(feed, "pickup_50", 1)(hall)
    assert faulted(hall, IN) is ((connected, feed) in {(1, "R-UA"), (2, "R-UB")})


@pytest.mark.parametrize("feed", ["R-UA", "R-UB"])
def test_a_transfer_switch_that_is_silent_may_stand_on_either(feed: str) -> None:
    hall = Hall()
    dark(hall)
    hall.positions |= {IN: OPEN, "52-GCB-UA": CLOSED, "52-GCB-UB": CLOSED}
    hide("ALTS-1", "connected")(hall)
    say(feed, "pickup_50", 1)(hall)
    assert faulted(hall, IN)


def test_a_fault_at_one_source_is_none_of_the_load_behind_a_switch_to_the_other() -> None:
    hall = Hall()
    hall.positions["52-GCB-UB"] = OPEN
    hall.connected["ALTS-1"] = 1
    say("R-HV", "pickup_50", 1)(hall)
    assert not faulted(hall, "52-GCB-UB")


@pytest.mark.parametrize(("normally", "told"), [("closed", True), ("open", False)])
def test_a_switch_without_indication_stands_as_it_was_drawn(normally: str, told: bool) -> None:
    drawn = params()
    blind = replace(drawn.site.equipment[MA], device=None, normally=normally)
    items = MappingProxyType({**drawn.site.equipment, MA: blind})
    site = replace(drawn.site, equipment=items)
    hall = Hall(replace(drawn, site=site, points=tabulate(site)))
    on_sets(hall)
    hall.positions["52-VCB-PA"] = OPEN
    say("52-VCB-PA", "trip_51", 1)(hall)
    assert faulted(hall, GA) is told


def test_what_a_switch_would_feed_reaches_through_closed_breakers() -> None:
    hall = Hall()
    alts_on_a_dead_feed(hall)
    hall.positions[SMR] = OPEN
    say("R-HV", "trip_87", 1)(hall)
    assert not faulted(hall, "ALTS-1", "to_source_2")
    hall.positions[IN] = CLOSED
    assert faulted(hall, "ALTS-1", "to_source_2")


def test_a_lock_out_alone_is_not_put_down_to_a_transformer() -> None:
    hall = Hall()
    on_sets(hall)
    say("TX-P-A", "trip_87t", 1)(hall)
    say(MA, "lockout_86", 1)(hall)
    assert faulted(hall, GA)
    say(MA, "trip_87", 1)(hall)
    assert not faulted(hall, GA)


def test_a_breaker_that_is_closed_tells_of_no_fault() -> None:
    hall = Hall()
    on_sets(hall)
    say("52-VCB-SA1", "trip_51", 1)(hall)
    assert not faulted(hall, GA)
    put(MA=CLOSED)(hall)
    hall.positions["52-VCB-SA1"] = OPEN
    assert not faulted(hall, GA)  # it stands on the far side of its own open contacts
    hide("52-VCB-SA1", "position")(hall)
    assert faulted(hall, GA)


def test_a_pole_fault_is_none_of_the_bus_before_the_converter() -> None:
    hall = Hall()
    hall.positions["52-VCB-HA"] = OPEN
    say("HVDC-A", "pole_fault", 1)(hall)
    assert not faulted(hall, "52-VCB-HA")
    assert faulted(hall, "72-TIE")


@pytest.mark.parametrize("flag", ["trip_50", "trip_51", "trip_67"])
def test_a_flag_beside_87_keeps_the_fault_on_the_bus(flag: str) -> None:
    hall = Hall()
    on_sets(hall)
    say("TX-P-A", "trip_87t", 1)(hall)
    for name in (flag, "trip_87", "lockout_86"):
        say("52-VCB-PA", name, 1)(hall)
    hall.positions |= {"52-VCB-PA": OPEN, MA: OPEN}
    say(MA, "trip_87", 1)(hall)
    assert not faulted(hall, GA)
    say(MA, "trip_51", 1)(hall)
    assert faulted(hall, GA)
