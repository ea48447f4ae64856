"""Breakers of on-site sources, one look at a time: who may rejoin what, when, and how often."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from daemon.core.facts import Facts, Island, Supply
from daemon.core.generation import rejoin
from daemon.core.generation.rejoin import At, Params, Stage, State
from daemon.model.plant import MainTieMainScheme
from daemon.model.points import tabulate
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall, params
from tests.unit.core.generation.looks import look

PARAMS = Params()
SMR, PV = "52-GCB-SMR", "52-GCB-PV"
STABLE = Facts(supply=Supply(stable=("U-A", "U-B")))
ISLAND = Facts(island=Island(bus="HV", sources=("GT-1", "SMR-1")))


class Parted:
    """A hall whose SMR and PV stand before a live bus, looked at again and again."""

    def __init__(self, facts: Facts = STABLE, well_s: float = 100.0) -> None:
        self.hall, self.facts = Hall(now_ns=1000 * SECOND), facts
        self.hall.positions |= {SMR: OPEN, PV: OPEN}
        began_ns = self.hall.now_ns - ns(well_s)
        self.state = State(
            {SMR: At(Stage.PARTED, began_ns), PV: At(Stage.PARTED, began_ns)}, {"HV": began_ns}
        )
        self.events: list[Any] = []

    def look(self, after_s: float = 0.0) -> dict[str, str]:
        """Return what is asked of each breaker after a time."""
        self.hall.now_ns += ns(after_s)
        turn = rejoin.step(look(self.hall, self.facts), self.state, PARAMS)
        self.state = turn.state
        self.events += turn.events
        assert {(p.point, p.value, p.owner) for p in turn.proposals} <= {("command", 0.0, "rejoin")}
        return {p.equipment: p.action for p in turn.proposals}

    def stage(self, breaker: str = SMR) -> Stage:
        return self.state.breakers[breaker].stage


def test_what_rejoins_are_the_sources_that_are_normally_joined() -> None:
    site = params().site
    begun = rejoin.initial(site, PARAMS)
    assert begun == State({SMR: At(), PV: At()}, {"HV": 0})
    scheme = next(s for s in site.schemes.values() if isinstance(s, MainTieMainScheme))
    for schemes in ({}, {"CCTS-1": replace(scheme, authority="device")}):
        other = replace(site, schemes=MappingProxyType(schemes))
        assert rejoin.initial(other, PARAMS) == State()
    hall = Hall()
    nothing = State()
    assert rejoin.step(look(hall), nothing, PARAMS).state is nothing


def test_a_breaker_that_is_drawn_the_other_way_round_joins_the_same() -> None:
    site = params().site
    turned = replace(site.equipment[SMR], buses=tuple(reversed(site.equipment[SMR].buses)))
    site = replace(site, equipment=MappingProxyType({**site.equipment, SMR: turned}))
    hall = Hall(replace(params(), site=site, points=tabulate(site)), now_ns=1000 * SECOND)
    places = rejoin._places(hall.site, hall.params.points)
    assert places[SMR] == ("SMR-1", "SMRT", "HV")
    assert places[PV].source == "PV-1"


@pytest.mark.parametrize(
    ("position", "stage"),
    [(OPEN, Stage.PARTED), (CLOSED, Stage.JOINED), (TRAVELLING, Stage.JOINED)],
)
def test_a_breaker_is_off_when_it_is_seen_open(position: int, stage: Stage) -> None:
    parted = Parted(well_s=0.0)
    parted.state = rejoin.initial(parted.hall.site, PARAMS)
    parted.hall.positions[SMR] = position
    parted.look()
    assert parted.stage() is stage
    told = [(e.source, e.name, e.fields["stage"]) for e in parted.events if e.source == "SMR-1"]
    assert told == ([("SMR-1", "stage", "parted")] if stage is Stage.PARTED else [])


def test_the_bus_must_have_been_well_for_its_time() -> None:
    parted = Parted()
    parted.state = replace(parted.state, well_ns={"HV": 0})
    assert parted.look() == {}
    assert parted.state.well_ns == {"HV": parted.hall.now_ns}
    assert parted.look(PARAMS.stable_s - 0.001) == {}
    assert parted.look(0.001) == {SMR: "close_in_sync", PV: "close"}


@pytest.mark.parametrize(
    ("facts", "well"),
    [
        (STABLE, True),
        (Facts(supply=Supply(stable=("U-A",))), True),
        (Facts(supply=Supply(stable=("U-B",))), False),  # that one does not reach the bus
        (Facts(), False),
        (Facts(island=Island(bus="HV", sources=("U-A", "SMR-1"))), True),
        (Facts(island=Island(bus="HV", sources=("SMR-1", "U-A"))), False),  # the first leads
    ],
)
def test_a_bus_is_well_with_a_stable_utility_or_the_lead_of_an_island(
    facts: Facts, well: bool
) -> None:
    parted = Parted(facts)
    parted.look()
    assert bool(parted.state.well_ns["HV"]) is well


def test_a_bus_that_is_dead_is_not_well_and_begins_anew() -> None:
    parted = Parted()
    parted.hall.positions["52-VCB-IN"] = OPEN
    assert parted.look() == {}
    assert parted.state.well_ns == {"HV": 0}
    parted.hall.positions["52-VCB-IN"] = CLOSED
    assert parted.look(1.0) == {}
    assert parted.state.well_ns == {"HV": parted.hall.now_ns}


def test_only_a_source_that_holds_its_voltage_can_be_synchronised() -> None:
    parted = Parted()
    bus = parted.hall.site.equipment["PV-1"].buses[0]
    for name, point in (("PV-1", "voltage_ll_v"), (PV, "source_voltage_v"), (PV, "load_voltage_v")):
        parted.hall.said[name, point] = parted.hall.site.buses[bus].voltage_v
    assert parted.look() == {SMR: "close_in_sync", PV: "close_in_sync"}


@pytest.mark.parametrize("available", [0.0, None])
def test_a_machine_says_that_it_can_feed_and_an_inverter_need_not(available: float | None) -> None:
    parted = Parted()
    if available is None:
        parted.hall.hidden.add(("SMR-1", "available"))
    else:
        parted.hall.said["SMR-1", "available"] = available
    assert parted.look() == {PV: "close"}


def test_an_inverter_does_not_join_an_island_and_a_machine_does() -> None:
    parted = Parted(replace(ISLAND, supply=STABLE.supply))
    assert parted.look() == {SMR: "close_in_sync"}
    parted = Parted(replace(STABLE, island=Island(bus="MVA", sources=("GT-1",))))
    assert parted.look() == {SMR: "close_in_sync", PV: "close"}


def test_it_is_asked_for_until_it_closes_or_its_time_is_over() -> None:
    parted = Parted()
    parted.hall.positions[PV] = CLOSED
    assert parted.look() == {SMR: "close_in_sync"}
    assert parted.look(PARAMS.join_s - 0.001) == {SMR: "close_in_sync"}
    assert parted.look(0.001) == {}
    assert parted.state.breakers[SMR] == At(Stage.RESTING, parted.hall.now_ns, 1)
    assert parted.look(PARAMS.again_s - 0.001) == {}
    assert parted.state.breakers[SMR].tries == 1
    assert parted.look(0.001) == {}
    assert parted.stage() is Stage.PARTED
    assert parted.look() == {SMR: "close_in_sync"}
    parted.hall.positions[SMR] = CLOSED
    assert parted.look(1.0) == {}
    assert parted.state.breakers[SMR] == At(Stage.JOINED, parted.hall.now_ns, 0)
    assert [e.fields["stage"] for e in parted.events if e.source == "SMR-1"] == [
        "joining", "resting", "parted", "joining", "joined",
    ]  # fmt: skip


def test_after_its_tries_only_a_person_or_the_breaker_itself_ends_it() -> None:
    parted = Parted()
    for tries in (PARAMS.tries - 1, PARAMS.tries):
        at = At(Stage.RESTING, parted.hall.now_ns, tries)
        parted.state = replace(parted.state, breakers={SMR: at})
        parted.look()
        held = tries == PARAMS.tries
        assert parted.stage() is (Stage.HELD if held else Stage.RESTING)
    assert parted.look(3600.0) == {}
    assert parted.stage() is Stage.HELD
    parted.hall.positions[SMR] = CLOSED
    parted.look()
    assert parted.state.breakers[SMR] == At(Stage.JOINED, parted.hall.now_ns, 0)
