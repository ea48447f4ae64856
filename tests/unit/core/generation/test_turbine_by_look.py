"""A gas turbine, one look at a time: when it is called, what it holds, when it is let go."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from daemon.core.facts import BlackStart, Facts, Island, Sets, Supply
from daemon.core.generation import turbine
from daemon.core.generation.turbine import At, Params, Stage, State
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall, params
from tests.unit.core.generation.looks import look

PARAMS = Params()
GT, GCB, IN = "GT-1", "52-GCB-GT", "52-VCB-IN"
BEGUN_NS = 990 * SECOND
LOST = Facts(supply=Supply(outage=True, since_ns=BEGUN_NS))
CALM = Facts(supply=Supply(stable=("U-A",)))
HELD = Island(bus="HV", sources=(GT,))


class Bus:
    """A dark delivery bus with a turbine beside it that stands somewhere."""

    def __init__(self, stage: Stage, facts: Facts = LOST, short_s: float = 100.0) -> None:
        self.hall = hall = Hall(now_ns=1000 * SECOND)
        hall.utilities = dict.fromkeys(hall.utilities, False)
        for name in (IN, "52-GCB-SMR", "52-GCB-PV", "52-VCB-MA", "52-VCB-MB"):
            hall.positions[name] = OPEN
        hall.said[GT, "power_w"] = -2e6
        self.facts = facts
        self.state = State({GT: At(stage, hall.now_ns)}, hall.now_ns - ns(short_s))
        self.events: list[Any] = []
        self.island = Island()

    def look(self, after_s: float = 0.0) -> list[tuple[str, str]]:
        """Return what is asked of the turbine and its breaker after a time."""
        self.hall.now_ns += ns(after_s)
        turn = turbine.step(look(self.hall, self.facts), self.state, PARAMS)
        self.state, self.island = turn.state, (turn.facts or {})["island"]
        self.events += turn.events
        assert {(p.point, p.value, p.owner) for p in turn.proposals} <= {("command", 0.0, "CCTS-1")}
        return [(p.equipment, p.action) for p in turn.proposals]

    def shows(self, stage: str, position: int) -> None:
        self.hall.stages[GT], self.hall.positions[GCB] = stage, position

    @property
    def stage(self) -> Stage:
        return self.state.turbines[GT].stage


def test_one_stands_by_behind_a_breaker_that_is_normally_open() -> None:
    site = params().site
    place = turbine._find(site)[GT]
    assert place == (GCB, "HV", IN, "CCTS-1", ("52-VCB-MA", "52-VCB-MB"), ("SMR-1",))
    closed = replace(site.equipment[GCB], normally="closed")
    (scheme,) = (s for s in site.schemes.values() if isinstance(s, MainTieMainScheme))
    device = MappingProxyType({"CCTS-1": replace(scheme, authority="device")})
    for other in (
        replace(site, equipment=MappingProxyType({**site.equipment, GCB: closed})),
        replace(site, schemes=device),
    ):
        assert turbine.initial(other, PARAMS) == State()
    turned = replace(site.equipment[GCB], buses=tuple(reversed(site.equipment[GCB].buses)))
    other = replace(site, equipment=MappingProxyType({**site.equipment, GCB: turned}))
    assert turbine._find(other)[GT] == place
    far = replace(site.equipment["SMR-1"], buses=("MVG",))
    other = replace(site, equipment=MappingProxyType({**site.equipment, "SMR-1": far}))
    assert turbine._find(other)[GT].steady == (), "it stands at another bus"
    assert turbine.initial(site, PARAMS) == State({GT: At()})
    nothing = State()
    assert turbine.step(look(Hall()), nothing, PARAMS).state is nothing


# -- when it is called -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "short"),
    [
        ({}, True),
        ({"supply": Supply()}, False),
        ({"sets": Sets(pending=("DG-1",))}, False),
        ({"sets": Sets(on_bus=("DG-1",)), "rows_limit_w": -1.0}, False),
        ({"sets": Sets(on_bus=("DG-1",)), "rows_limit_w": 0.0}, True),
        ({"sets": Sets(on_bus=("DG-1",)), "rows_limit_w": 1e6}, True),
    ],
)
def test_sets_are_too_few_when_none_comes_and_not_all_is_carried(
    facts: dict[str, Any], short: bool
) -> None:
    bus = Bus(Stage.AT_REST, replace(LOST, **facts))
    bus.state = replace(bus.state, short_ns=0)
    bus.look()
    assert bus.state.short_ns == (bus.hall.now_ns if short else 0)
    bus.look(1.0)
    assert bus.state.short_ns == (bus.hall.now_ns - SECOND if short else 0)


def test_it_is_called_after_its_time_and_not_before() -> None:
    bus = Bus(Stage.AT_REST, short_s=PARAMS.call_after_s - 0.001)
    assert bus.look() == []
    assert bus.look(0.001) == [(GT, "start")]
    assert [(e.name, dict(e.fields)) for e in bus.events] == [
        ("stage", {"stage": "starting", "before": "at_rest"})
    ]


def test_a_long_outage_calls_it_whatever_the_sets_do() -> None:
    facts = replace(LOST, sets=Sets(on_bus=("DG-1",)), rows_limit_w=-1.0)
    bus = Bus(Stage.AT_REST, facts)
    passed_s = (bus.hall.now_ns - BEGUN_NS) / SECOND
    assert bus.look(PARAMS.long_outage_s - passed_s - 0.001) == []
    assert bus.look(0.001) == [(GT, "start")]


@pytest.mark.parametrize(
    ("facts", "available", "called"),
    [
        ({}, None, True),
        ({}, 0.0, False),
        ({"black_start": BlackStart(holding=("CCTS-1",))}, 1.0, False),
        ({"supply": Supply(since_ns=1)}, 1.0, False),
        # Another holds the island, nobody hangs on it, and the utility is about to come.
        ({"supply": replace(LOST.supply, stable=("U-A",)), "island": HELD}, 1.0, False),
        ({"supply": LOST.supply, "island": HELD}, 1.0, True),
    ],
)
def test_it_is_called_unless_it_may_not_come(
    facts: dict[str, Any], available: float | None, called: bool
) -> None:
    bus = Bus(Stage.AT_REST, replace(LOST, **facts))
    if available is None:
        bus.hall.hidden.add((GT, "available"))
    else:
        bus.hall.said[GT, "available"] = available
    assert bool(bus.look()) is called


# -- what it shows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "shows", "breaker", "facts", "end"),
    [
        (Stage.AT_REST, "loaded", CLOSED, CALM, Stage.JOINED),
        (Stage.STARTING, "starting", OPEN, LOST, Stage.STARTING),
        (Stage.STARTING, "ready", OPEN, LOST, Stage.READY),
        (Stage.STARTING, "loaded", CLOSED, LOST, Stage.JOINED),
        (Stage.STARTING, "starting", CLOSED, LOST, Stage.STARTING),
        (Stage.STARTING, "fault", OPEN, LOST, Stage.FAILED),
        (Stage.STARTING, "starting", OPEN, CALM, Stage.STOPPING),
        (Stage.READY, "ready", OPEN, LOST, Stage.CLOSING),
        (Stage.READY, "ready", OPEN, CALM, Stage.STOPPING),
        (Stage.READY, "fault", OPEN, LOST, Stage.FAILED),
        (Stage.READY, "stopped", OPEN, LOST, Stage.AT_REST),
        (Stage.READY, "loaded", CLOSED, LOST, Stage.JOINED),
        (Stage.CLOSING, "loaded", CLOSED, LOST, Stage.JOINED),
        (Stage.CLOSING, "fault", OPEN, LOST, Stage.FAILED),
        (Stage.JOINED, "loaded", CLOSED, LOST, Stage.JOINED),
        (Stage.JOINED, "loaded", CLOSED, CALM, Stage.UNLOADING),
        (Stage.JOINED, "ready", OPEN, LOST, Stage.FAILED),
        (Stage.JOINED, "ready", TRAVELLING, LOST, Stage.JOINED),
        (Stage.JOINED, "fault", CLOSED, LOST, Stage.FAILED),
        (Stage.UNLOADING, "loaded", CLOSED, CALM, Stage.UNLOADING),
        (Stage.UNLOADING, "loaded", CLOSED, LOST, Stage.JOINED),
        (Stage.UNLOADING, "ready", OPEN, CALM, Stage.STOPPING),
        (Stage.UNLOADING, "fault", CLOSED, CALM, Stage.FAILED),
        (Stage.PARTING, "ready", OPEN, CALM, Stage.STOPPING),
        (Stage.PARTING, "fault", CLOSED, CALM, Stage.FAILED),
        (Stage.STOPPING, "stopped", OPEN, CALM, Stage.AT_REST),
        (Stage.STOPPING, "cooling_down", OPEN, LOST, Stage.STARTING),
        (Stage.FAILED, "stopped", OPEN, CALM, Stage.AT_REST),
        (Stage.FAILED, "stopped", CLOSED, CALM, Stage.FAILED),
        (Stage.FAILED, "stopped", OPEN, LOST, Stage.FAILED),
        (Stage.FAILED, "fault", OPEN, CALM, Stage.FAILED),
    ],
)
def test_what_it_shows_moves_it_on(
    begin: Stage, shows: str, breaker: int, facts: Facts, end: Stage
) -> None:
    bus = Bus(begin, facts)
    bus.shows(shows, breaker)
    bus.look()
    assert bus.stage is end
    assert bool(bus.events) is (begin is not end)


def test_one_that_failed_is_taken_back_in_a_black_start_too_when_it_is_mended() -> None:
    holding = BlackStart(holding=("CCTS-1",))
    bus = Bus(Stage.FAILED, replace(LOST, black_start=holding))
    bus.shows("stopped", OPEN)
    bus.hall.said[GT, "available"] = 0.0
    bus.look()
    assert bus.state.turbines[GT].stage.name == "FAILED"
    del bus.hall.said[GT, "available"]
    bus.look()
    assert bus.stage is Stage.AT_REST


@pytest.mark.parametrize(
    ("stage", "wait_s", "then"),
    [
        (Stage.STARTING, PARAMS.start_s, Stage.FAILED),
        (Stage.CLOSING, PARAMS.close_s, Stage.READY),
        (Stage.UNLOADING, PARAMS.unload_s, Stage.PARTING),
        (Stage.PARTING, PARAMS.open_s, Stage.FAILED),
        (Stage.STOPPING, PARAMS.stop_s, Stage.FAILED),
    ],
)
def test_each_stage_has_its_time(stage: Stage, wait_s: float, then: Stage) -> None:
    facts = Facts(supply=Supply(outage=True), sets=Sets(pending=("DG-1",)))
    bus = Bus(stage, facts)
    bus.hall.silent |= {GT, GCB}
    bus.look(wait_s - 0.001)
    assert bus.stage is stage
    bus.look(0.001)
    assert bus.stage is then


@pytest.mark.parametrize(
    ("stage", "asked"),
    [
        (Stage.STARTING, [(GT, "start")]),
        (Stage.CLOSING, [(GCB, "close")]),
        (Stage.JOINED, []),
        (Stage.UNLOADING, []),
        (Stage.PARTING, [(GCB, "open")]),
        (Stage.STOPPING, [(GT, "stop")]),
        (Stage.FAILED, []),
    ],
)
def test_each_stage_asks_for_its_own(stage: Stage, asked: list[tuple[str, str]]) -> None:
    facts = Facts(supply=Supply(outage=True), sets=Sets(pending=("DG-1",)))
    bus = Bus(stage, facts)
    bus.hall.silent |= {GT, GCB}
    assert bus.look() == asked


# -- what it closes onto ---------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["intake", "unknown", "foreign", "dismissed"])
def test_it_waits_where_the_bus_is_not_its_own_to_take(why: str) -> None:
    bus = Bus(Stage.READY)
    bus.shows("ready", OPEN)
    if why == "intake":
        bus.hall.hidden.add((IN, "position"))
    elif why == "unknown":
        bus.hall.said["52-VCB-PA", "source_voltage_v"] = 7000.0
    elif why == "foreign":  # something else holds it, and no turbine
        bus.hall.positions["52-GCB-SMR"] = CLOSED
    else:
        bus.facts = replace(LOST, supply=replace(CALM.supply, outage=True), island=HELD)
    assert (GCB, "close") not in bus.look()
    assert bus.stage is (Stage.STOPPING if why == "dismissed" else Stage.READY)


@pytest.mark.parametrize(
    ("position", "stage", "waits"),
    [(OPEN, Stage.AT_REST, False), (OPEN, Stage.CLOSING, True), (TRAVELLING, Stage.AT_REST, True)],
)
def test_of_two_turbines_one_takes_the_dead_bus(position: int, stage: Stage, waits: bool) -> None:
    bus = Bus(Stage.READY)
    bus.shows("ready", OPEN)
    bus.hall.positions["52-GCB-SMR"] = position  # as if there were another turbine behind it
    view = look(bus.hall, bus.facts)
    place = turbine._places(view.site, view.points)[GT]
    places = {GT: place, "GT-2": place._replace(breaker="52-GCB-SMR")}
    turbines = {GT: At(Stage.READY), "GT-2": At(stage)}
    assert turbine._may_close(view, GT, places, turbines) is not waits
    elsewhere = {GT: place, "GT-2": places["GT-2"]._replace(bus="MVG")}
    assert turbine._may_close(view, GT, elsewhere, turbines)


def test_onto_the_island_of_another_it_closes_in_step() -> None:
    bus = Bus(Stage.READY, replace(LOST, island=HELD))
    bus.shows("ready", OPEN)
    bus.hall.positions["52-GCB-SMR"] = CLOSED
    assert bus.look() == [(GCB, "close_in_sync")]


# -- when it is let go -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "main", "goes"),
    [
        ({"supply": Supply(outage=True)}, OPEN, False),
        ({"supply": Supply()}, OPEN, True),
        ({"supply": Supply(), "island": HELD}, OPEN, False),
        ({"supply": Supply(stable=("U-A",)), "island": HELD}, OPEN, True),
        ({"supply": Supply(outage=True, stable=("U-A",)), "island": HELD}, OPEN, True),
        ({"supply": Supply(stable=("U-A",)), "island": HELD}, CLOSED, False),
        ({"supply": Supply(stable=("U-A",)), "island": HELD}, TRAVELLING, False),
        ({"supply": Supply(), "island": Island(bus="elsewhere")}, OPEN, True),
    ],
)
def test_it_goes_when_the_utility_and_the_sections_do_without_it(
    facts: dict[str, Any], main: int, goes: bool
) -> None:
    bus = Bus(Stage.JOINED, replace(LOST, **{"sets": Sets(pending=("DG-1",)), **facts}))
    bus.shows("loaded", CLOSED)
    bus.hall.positions["52-VCB-MB"] = main
    bus.look()
    assert bus.stage is (Stage.UNLOADING if goes else Stage.JOINED)


@pytest.mark.parametrize(
    ("power_w", "parts"), [(-0.149e6, True), (-0.15e6, False), (0.1e6, True), (None, False)]
)
def test_it_parts_when_it_is_known_to_give_next_to_nothing(
    power_w: float | None, parts: bool
) -> None:
    bus = Bus(Stage.UNLOADING, CALM)
    bus.shows("loaded", CLOSED)
    if power_w is None:
        bus.hall.hidden.add((GT, "power_w"))
    else:
        bus.hall.said[GT, "power_w"] = power_w
    assert bus.look() == [(GCB, "open")] * parts


# -- the island ------------------------------------------------------------------------------------


def test_it_holds_an_island_with_the_reactor_beside_it() -> None:
    bus = Bus(Stage.JOINED)
    bus.shows("loaded", CLOSED)
    bus.look()
    assert bus.island == Island("HV", (GT,), 3e6)
    bus.hall.positions["52-GCB-SMR"] = CLOSED
    bus.hall.said["SMR-1", "power_w"] = -1.26e6
    bus.look()
    assert bus.island == Island("HV", (GT, "SMR-1"), 3e6 + 1.2e6)
    bus.hall.said["SMR-1", "power_w"] = 0.5e6
    bus.look()
    assert bus.island.capability_w == 3e6, "what takes power gives none"
    bus.hall.hidden.add(("SMR-1", "power_w"))
    bus.look()
    assert bus.island.capability_w == 3e6


def test_one_that_gives_its_load_back_holds_it_still_and_another_stage_does_not() -> None:
    for stage in Stage:
        bus = Bus(stage)
        bus.shows("loaded", CLOSED)
        bus.look()
        holds = bus.stage in {Stage.JOINED, Stage.UNLOADING}
        assert bool(bus.island.bus) is holds, stage


def test_beside_the_utility_or_on_a_dead_bus_there_is_no_island() -> None:
    bus = Bus(Stage.JOINED)
    bus.shows("loaded", CLOSED)
    bus.hall.utilities = dict.fromkeys(bus.hall.utilities, True)
    bus.hall.positions[IN] = CLOSED
    bus.look()
    assert bus.island == Island()
    dead = Bus(Stage.JOINED)
    dead.shows("starting", CLOSED)
    dead.look()
    assert dead.island == Island()


def test_in_other_hands_it_is_followed_and_told_nothing() -> None:
    bus = Bus(Stage.AT_REST)
    bus.hall.said["CCTS-1", "selector"] = 1.0
    assert bus.look() == []
    bus = Bus(Stage.READY)
    bus.hall.said["CCTS-1", "selector"] = 1.0
    bus.shows("ready", OPEN)
    assert bus.look() == []
    bus.shows("loaded", CLOSED)
    assert bus.look() == []
    assert bus.stage is Stage.JOINED
