"""Selectivity: a short circuit is cleared by the breakers of its own zone, and by nothing else.

Every kind of bus of the hall, on side A; with RIDETHROUGH_EXAMPLES above 1 every bus of both sites.
The table of all that comes out is printed by `python -m tests.oracle.selectivity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.oracle.selectivity import CASES, sweep
from tests.properties import FACTOR
from tests.unit.device_emulators.sites import shipped

if TYPE_CHECKING:
    from tests.oracle.selectivity import Outcome

ALL = FACTOR > 1
SIDE_A = [
    "UA",
    "IN",
    "HV",
    "SMRT",
    "TPA2",
    "MVA",
    "SA11",
    "HAI",
    "QA",
    "ES1",
    "SA12",
    "LVA1",
    "UAI",
    "RAI",
    "UAO",
    "CDA",
    "SR1A",
    "SS1",
    "DC48A",
    "DCA",
    "DA1",
    "ES2",
    "CH11",
    "CH12",
    "MVG",
    "G1",
]
UNBLOCKED_A = ["TPA1", "MVA", "MVB", "SA11", "SA12", "LVA1", "HAI", "ES1", "MVG", "HV"]
WITHIN_S = 1.0
"""By now every fault is dead, with the differential relays in service."""
BY_NONE = {"TPA2": "earth", "TPB2": "earth"}
"""Without 87T nothing sees an earth fault between a transformer and its main breaker."""


def name(outcome: Outcome) -> str:
    return f"{outcome.bus} {outcome.kind}: {outcome.row()}"


@pytest.mark.fault("F35")
@pytest.mark.parametrize("fed_by", [name for name, _ in CASES["ai_hall"]])
def test_a_fault_is_cleared_by_its_own_zone_and_by_nothing_else(fed_by: str) -> None:
    site = shipped("ai_hall")
    seen = set()
    for outcome in sweep("ai_hall", [fed_by], () if ALL else SIDE_A):
        seen.add(outcome.bus)
        if outcome.current_a <= 0.0:  # the first earth fault of an insulated network
            assert site.buses[outcome.bus].earthing == "isolated", name(outcome)
            assert not outcome.opened, name(outcome)
            continue
        assert outcome.dead_s is not None, name(outcome)
        assert outcome.dead_s <= WITHIN_S, name(outcome)
        assert outcome.beyond == frozenset(), name(outcome)
        assert outcome.by_breakers or outcome.own, name(outcome)  # the table says who did it
    assert len(seen) >= (8 if fed_by == "UPS battery" else 20)


@pytest.mark.parametrize("fed_by", ["utility", "one generator", "storage"])
def test_time_and_current_alone_grade_the_breakers_that_feed_a_fault(fed_by: str) -> None:
    for outcome in sweep("ai_hall", [fed_by], () if ALL else UNBLOCKED_A, backup=True):
        if outcome.current_a <= 0.0 or BY_NONE.get(outcome.bus) == outcome.kind:
            continue
        assert outcome.dead_s is not None, name(outcome)
        assert outcome.beyond == frozenset(), name(outcome)
        by_fault = {n for n, (x, _) in outcome.opened.items() if x not in {"27", "81", "32"}}
        assert by_fault <= outcome.feeding, name(outcome)


def test_no_breaker_is_asked_to_break_more_than_it_can() -> None:
    site = shipped("ai_hall")
    buses = () if ALL else ["HV", "MVA", "LVA1", "UAO", "DCA"]
    for outcome in sweep("ai_hall", ["utility"], buses):
        volts = site.buses[outcome.bus].voltage_v
        for breaker in (site.equipment[b] for b in outcome.zone):
            if site.buses[breaker.buses[0]].voltage_v == volts:
                assert outcome.current_a <= breaker.ratings["breaking_a"], name(outcome)


def test_the_traditional_site_is_selective_too() -> None:
    buses = () if ALL else ["UT", "IN", "TP2", "MV", "S11", "S12", "LV1", "UI", "UO", "R1", "CH12"]
    for outcome in sweep("traditional", ["utility"], buses):
        assert outcome.dead_s is not None, name(outcome)
        assert outcome.beyond == frozenset(), name(outcome)
        assert outcome.by_breakers or outcome.own, name(outcome)
