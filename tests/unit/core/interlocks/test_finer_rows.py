"""Close to what a row refuses: a ring, a machine before a live bus, the breaker of a feed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from daemon.core.interlocks.faults import fault_behind
from daemon.model.points import tabulate
from tests.hall import CLOSED, OPEN, Hall, params
from tests.unit.core.interlocks.test_rows import case, refusing, two_sets


@pytest.mark.parametrize("position", ["closed", "unknown"])
def test_a_machine_is_not_started_onto_a_bus_that_something_else_holds(position: str) -> None:
    """No other machine is there: the mains have come in over a feeder."""
    hall = Hall()
    assert "started_on_bus" not in refusing(case(hall, "DG-1", "start"))
    hall.positions |= {"52-VCB-GA": CLOSED, "52-GCB-1": CLOSED}
    if position == "unknown":
        hall.positions["52-GCB-1"] = OPEN
        hall.hidden.add(("52-GCB-1", "position"))
    assert "started_on_bus" in refusing(case(hall, "DG-1", "start"))


def redrawn(name: str, **changes: Any) -> Hall:
    """Return a hall with one item drawn otherwise, or, under another id, once more."""
    drawn = params()
    item = replace(drawn.site.equipment[name], **changes)
    equipment = MappingProxyType({**drawn.site.equipment, item.id: item})
    site = replace(drawn.site, equipment=equipment)
    return Hall(replace(drawn, site=site, points=tabulate(site)))


def test_a_ring_behind_one_transformer_puts_none_in_parallel() -> None:
    hall = redrawn("52-ACB-TA", id="52-ACB-TX", device=None)
    hall.positions |= {"52-ACB-TA": OPEN, "52-ACB-TX": CLOSED, "52-ACB-A2": OPEN}
    assert "low_voltage_parallel" not in refusing(case(hall, "52-ACB-TA", "close"))
    hall.positions["52-ACB-A2"] = CLOSED
    assert "low_voltage_parallel" in refusing(case(hall, "52-ACB-TA", "close"))


@pytest.mark.parametrize("stands", [1, 2])
def test_a_fault_may_stand_behind_a_switch_whose_feed_tripped_on_one(stands: int) -> None:
    hall = Hall()
    hall.connected["ALTS-1"] = stands
    assert not fault_behind(case(hall, "ALTS-1", "to_source_2").view, "ALTS-1")
    hall.positions["52-GCB-UA"] = OPEN
    hall.said["52-GCB-UA", "trip_51"] = 1.0
    assert fault_behind(case(hall, "ALTS-1", "to_source_2").view, "ALTS-1")


@pytest.mark.parametrize("reset", [False, True])
def test_a_differential_relay_speaks_of_its_own_bus_alone(reset: bool) -> None:
    """87 of the bus before the feed: what hangs behind the feed is sound, also when 86 stands."""
    hall = Hall()
    hall.positions["52-GCB-UA"] = OPEN
    hall.said |= {("52-GCB-UA", "trip_87"): 1.0, ("52-GCB-UA", "lockout_86"): 1.0}
    hall.said["R-UA", "trip_87"] = 0.0 if reset else 1.0
    assert not fault_behind(case(hall, "ALTS-1", "to_source_2").view, "ALTS-1")
    hall.said["52-GCB-UA", "trip_51"] = 1.0
    assert fault_behind(case(hall, "ALTS-1", "to_source_2").view, "ALTS-1")


def test_where_no_differential_relay_looks_the_fault_is_at_the_load() -> None:
    hall = redrawn("R-UA", device=None)
    hall.positions["52-GCB-UA"] = OPEN
    hall.said["52-GCB-UA", "trip_87"] = 1.0
    assert fault_behind(case(hall, "ALTS-1", "to_source_2").view, "ALTS-1")


def test_a_machine_is_joined_by_any_of_its_breakers() -> None:
    """A second one at its terminals cannot be read, and may be closed."""
    for joined in (False, True):
        hall = redrawn("52-GCB-2", **({"id": "52-GCB-2X", "device": None} if joined else {}))
        two_sets(hall)
        hall.positions["52-GCB-2"] = OPEN
        hall.said["DG-2", "neutral_earthed"] = 1.0
        assert ("second_neutral" in refusing(case(hall, "52-GCB-3", "close_in_sync"))) is joined


@pytest.mark.parametrize(
    ("breaker", "closes", "forbidden"),
    [
        # Its zone is the bus MVA: nobody may bring voltage there, and what it fed is sound.
        ("52-VCB-HA", "52-VCB-MA", True),
        # The 87T of the transformer behind it may have been it: the fault is at the load side.
        ("52-VCB-SA1", "52-VCB-MA", False),
        ("52-VCB-MA", "52-VCB-GA", True),
        ("52-VCB-GA", "52-GCB-1", False),
    ],
)
def test_a_breaker_that_only_87_tripped_accuses_the_side_where_the_zone_is(
    breaker: str, closes: str, forbidden: bool
) -> None:
    hall = Hall()
    hall.positions |= {breaker: OPEN, closes: OPEN}
    hall.said |= {(breaker, "trip_87"): 1.0, (breaker, "lockout_86"): 1.0}
    assert ("faulted_bus" in refusing(case(hall, closes, "close"))) is forbidden
