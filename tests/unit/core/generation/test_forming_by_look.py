"""Storage that is to hold a section, one look at a time: called, joined, told, believed, let go."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from daemon.core.facts import BlackStart, Facts, Formed, Island, Sets, Supply
from daemon.core.generation import forming
from daemon.core.generation.forming import At, Params, Stage, State
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import SECOND, ns
from tests.hall import CLOSED, OPEN, Hall, params
from tests.unit.core.generation.looks import look

PARAMS = Params()
ESS, EA, EB = "ESS-1", "52-VCB-EA", "52-VCB-EB"
LOST = Facts(supply=Supply(outage=True), awaiting={"MVA": True, "MVB": True})


class Dark:
    """A hall without any source, whose store hangs on section A."""

    def __init__(self, stage: Stage = Stage.AT_REST, section: str = "", **facts: Any) -> None:
        self.hall = hall = Hall(now_ns=1000 * SECOND)
        hall.utilities = dict.fromkeys(hall.utilities, False)
        for name in ("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV", "52-VCB-MA", "52-VCB-MB"):
            hall.positions[name] = OPEN
        for name in ("52-VCB-HA", "52-VCB-HB"):
            hall.positions[name] = OPEN
        hall.stages[ESS] = "standby"
        hall.said[ESS, "soc_pu"] = 0.8
        self.facts = replace(LOST, **facts)
        dark_ns = hall.now_ns - ns(100.0)
        self.state = State(
            {ESS: At(stage, hall.now_ns, section)}, dict.fromkeys(("MVA", "MVB"), dark_ns)
        )
        self.events: list[Any] = []

    def look(self, after_s: float = 0.0) -> dict[str, str]:
        """Return what is asked of the feeders after a time."""
        self.hall.now_ns += ns(after_s)
        turn = forming.step(look(self.hall, self.facts), self.state, PARAMS)
        self.state, self.formed = turn.state, (turn.facts or {})["formed"]
        self.events += turn.events
        assert {(p.point, p.value, p.owner) for p in turn.proposals} <= {("command", 0.0, "CCTS-1")}
        return {p.equipment: p.action for p in turn.proposals}

    @property
    def at(self) -> At:
        return self.state.stores[ESS]

    def live(self) -> None:
        """Let the store hold section A."""
        self.hall.stages[ESS] = "grid_forming"


# -- when it is called -----------------------------------------------------------------------------


def test_the_drawing_says_which_stores_reach_which_sections() -> None:
    site = params().site
    begun = forming.initial(site, PARAMS)
    assert begun == State({ESS: At()}, {"MVA": 0, "MVB": 0})
    place = forming._find(site)[ESS]
    assert place.feeders == {"MVA": EA, "MVB": EB}
    assert place.closers == {
        "MVA": ("52-VCB-MA", "52-VCB-GA"),
        "MVB": ("52-VCB-MB", "52-VCB-GB"),
    }
    assert (place.bus, place.scheme) == ("ES1", "CCTS-1")
    (scheme,) = (s for s in site.schemes.values() if isinstance(s, MainTieMainScheme))
    for other in (replace(scheme, authority="device"), replace(scheme, storage_feeders=())):
        schemes = MappingProxyType({**site.schemes, "CCTS-1": other})
        assert forming.initial(replace(site, schemes=schemes), PARAMS) == State()
    one = replace(scheme, storage_feeders=(EB,))
    schemes = MappingProxyType({**site.schemes, "CCTS-1": one})
    assert forming._find(replace(site, schemes=schemes))[ESS].feeders == {"MVB": EB}
    nothing = State()
    assert forming.step(look(Hall()), nothing, PARAMS).state is nothing


def test_a_section_without_a_source_calls_it_and_the_joined_one_first() -> None:
    dark = Dark()
    assert dark.look() == {}
    assert dark.at == At(Stage.PREPARING, dark.hall.now_ns, "MVA")
    (told,) = dark.events
    assert (told.source, told.name) == (ESS, "stage")
    assert told.fields == {"stage": "preparing", "before": "at_rest", "bus": "MVA"}
    assert told.text.endswith("(MVA)")
    other = Dark()
    other.hall.positions |= {EA: OPEN, EB: CLOSED}
    other.look()
    assert other.at.section == "MVB"


@pytest.mark.parametrize(
    ("facts", "called"),
    [
        ({}, True),
        ({"supply": Supply()}, False),
        ({"supply": Supply(), "generation_wanted": "a transformer"}, True),
        ({"sets": Sets(on_bus=("DG-1",))}, False),
        ({"island": Island(bus="HV", sources=("GT-1",))}, False),
        ({"black_start": BlackStart(holding=("CCTS-1",))}, False),
        ({"awaiting": {}}, False),
        ({"awaiting": {"MVB": False}}, True),
    ],
)
def test_it_is_called_when_nothing_else_can_hold_a_section(
    facts: dict[str, Any], called: bool
) -> None:
    dark = Dark(**facts)
    dark.look()
    assert (dark.at.stage is Stage.PREPARING) is called
    if called and "awaiting" in facts:
        assert dark.at.section == "MVB"


@pytest.mark.parametrize(("soc_pu", "called"), [(0.2, True), (0.199, False), (None, False)])
def test_it_is_called_with_charge_that_is_known(soc_pu: float | None, called: bool) -> None:
    dark = Dark()
    if soc_pu is None:
        dark.hall.hidden.add((ESS, "soc_pu"))
    else:
        dark.hall.said[ESS, "soc_pu"] = soc_pu
    dark.look()
    assert (dark.at.stage is Stage.PREPARING) is called


@pytest.mark.parametrize(("pending", "wait_s"), [((), PARAMS.failed_s), (("DG-1",), PARAMS.late_s)])
def test_it_waits_longer_while_sets_may_come(pending: tuple[str, ...], wait_s: float) -> None:
    dark = Dark(sets=Sets(pending=pending))
    dark.state = replace(dark.state, dark_ns={"MVA": 0, "MVB": 0})
    dark.look()
    assert dark.state.dark_ns == dict.fromkeys(("MVA", "MVB"), dark.hall.now_ns)
    dark.look(wait_s - 0.001)
    assert dark.at.section == ""
    dark.look(0.001)
    assert dark.at == At(Stage.PREPARING, dark.hall.now_ns, "MVA")


def test_a_section_that_is_not_dead_or_not_awaiting_begins_anew() -> None:
    dark = Dark(awaiting={"MVA": True})
    dark.hall.hidden.add(("52-VCB-MA", "load_voltage_v"))
    dark.look()
    assert dark.state.dark_ns["MVB"] == 0
    dark.live()
    dark.look()
    assert dark.state.dark_ns["MVA"] == 0


def test_a_store_at_fault_is_not_called_and_one_that_is_barred_tries_the_other_section() -> None:
    dark = Dark()
    dark.hall.stages[ESS] = "fault"
    dark.look()
    assert dark.at.stage is Stage.AT_REST
    barred = Dark()
    barred.hall.said["R-MVA", "trip_87"] = 1.0
    barred.hall.said["52-VCB-MA", "lockout_86"] = 1.0
    barred.look()
    assert barred.at.section == "MVB"


def test_one_that_forms_already_is_taken_up_where_it_is() -> None:
    dark = Dark()
    dark.live()
    dark.look()
    assert dark.at == At(Stage.CARRYING, dark.hall.now_ns, "MVA")
    rated_w = dark.hall.site.equipment[ESS].ratings["power_w"]
    assert dark.formed == {"MVA": Formed(ESS, 0.95 * rated_w, "", True)}, "and B is in need"
    apart = Dark()
    apart.live()
    apart.hall.positions[EA] = OPEN
    apart.look()
    assert apart.at.stage is Stage.PREPARING, "it holds no section where it is"


# -- how it is joined ------------------------------------------------------------------------------


def test_other_feeders_open_before_its_own_closes() -> None:
    dark = Dark(Stage.PREPARING, "MVB")
    assert dark.look() == {EA: "open"}
    dark.hall.positions[EA] = OPEN
    assert dark.look() == {EB: "close"}
    dark.hall.positions[EB] = CLOSED
    assert dark.look() == {}
    assert dark.at.stage is Stage.FORMING
    assert dark.formed["MVB"].order == "grid_forming"
    assert not dark.formed["MVB"].proven


def test_it_forms_only_alone_dead_and_with_load_that_fits() -> None:
    for spoil in ("feeder", "load", "live", "other"):
        dark = Dark(Stage.PREPARING, "MVA")
        if spoil == "feeder":
            dark.hall.hidden.add((EB, "position"))
        elif spoil == "load":
            dark.facts = replace(dark.facts, awaiting={"MVA": False})
        elif spoil == "live":
            dark.live()
        else:
            dark.hall.said[ESS, "soc_pu"] = 0.05
        dark.look()
        assert dark.at.stage is Stage.PREPARING, spoil
    dark = Dark(Stage.PREPARING, "MVA")
    dark.look()
    assert dark.at == At(Stage.FORMING, dark.hall.now_ns, "MVA")


@pytest.mark.parametrize(
    "facts",
    [{"supply": Supply()}, {"sets": Sets(on_bus=("DG-1",))}, {"awaiting": {"MVB": True}}],
)
def test_while_it_is_prepared_it_may_be_dismissed(facts: dict[str, Any]) -> None:
    dark = Dark(Stage.PREPARING, "MVA", **facts)
    dark.look()
    assert dark.at == At(Stage.AT_REST, dark.hall.now_ns)
    assert dark.formed == {}


# -- how it goes on --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "wait_s", "then"),
    [
        (Stage.PREPARING, PARAMS.prepare_s, Stage.UNABLE),
        (Stage.FORMING, PARAMS.form_s, Stage.RELEASING),
        (Stage.RELEASING, PARAMS.release_s, Stage.UNABLE),
        (Stage.UNABLE, PARAMS.again_s, Stage.AT_REST),
    ],
)
def test_each_stage_has_its_time(stage: Stage, wait_s: float, then: Stage) -> None:
    dark = Dark(stage, "MVA")
    dark.hall.hidden |= {(ESS, "stage"), (EB, "position")}
    dark.look(wait_s - 0.001)
    assert dark.at.stage is stage
    dark.look(0.001)
    assert dark.at.stage is then


@pytest.mark.parametrize(
    ("stage", "says", "live", "then"),
    [
        (Stage.FORMING, "grid_forming", True, Stage.CARRYING),
        (Stage.FORMING, "grid_forming", False, Stage.FORMING),
        (Stage.FORMING, "standby", False, Stage.FORMING),
        (Stage.FORMING, "fault", False, Stage.RELEASING),
        (Stage.CARRYING, "grid_forming", True, Stage.CARRYING),
        (Stage.CARRYING, "grid_forming", False, Stage.CARRYING),
        (Stage.CARRYING, "fault", True, Stage.UNABLE),
        (Stage.CARRYING, "standby", False, Stage.UNABLE),
        (Stage.CARRYING, "standby", True, Stage.UNABLE),
        (Stage.CARRYING, "grid_following", False, Stage.UNABLE),
        (Stage.CARRYING, "grid_following", True, Stage.AT_REST),
        (Stage.RELEASING, "standby", False, Stage.UNABLE),
        (Stage.RELEASING, "grid_forming", False, Stage.RELEASING),
        (Stage.UNABLE, "grid_forming", True, Stage.UNABLE),
    ],
)
def test_what_it_says_and_what_the_section_shows_decide(
    stage: Stage, says: str, live: bool, then: Stage
) -> None:
    dark = Dark(stage, "MVA")
    dark.hall.stages[ESS] = says
    if live:  # something else holds the section
        dark.hall.positions |= {"52-VCB-GA": CLOSED, "52-GCB-1": CLOSED}
        dark.hall.stages["DG-1"] = "ready"
    else:
        dark.hall.positions[EA] = OPEN
    dark.look()
    assert dark.at.stage is then
    assert (ESS in {f.store for f in dark.formed.values()}) is (
        then not in {Stage.AT_REST, Stage.UNABLE}
    )


@pytest.mark.parametrize(
    ("cause", "lets_go"),
    [
        ({"soc_pu": 0.101}, False),
        ({"soc_pu": 0.1}, True),
        ({"soc_pu": None}, False),
        ({"not_closed": ("52-VCB-GA",)}, True),
        ({"not_closed": ("52-VCB-MA",)}, True),
        ({"not_closed": ("52-VCB-GB",)}, False),
    ],
)
def test_it_lets_go_at_its_floor_or_when_nothing_can_close_in_step(
    cause: dict[str, Any], lets_go: bool
) -> None:
    dark = Dark(Stage.CARRYING, "MVA")
    dark.live()
    if "not_closed" in cause:
        dark.facts = replace(dark.facts, **cause)
    elif cause["soc_pu"] is None:
        dark.hall.hidden.add((ESS, "soc_pu"))
    else:
        dark.hall.said[ESS, "soc_pu"] = cause["soc_pu"]
    dark.look()
    assert dark.at.stage is (Stage.RELEASING if lets_go else Stage.CARRYING)
    formed = dark.formed["MVA"]
    assert formed.order == ("grid_following" if lets_go else "")
    assert formed.proven is not lets_go
    rated_w = dark.hall.site.equipment[ESS].ratings["power_w"]
    assert formed.capability_w == pytest.approx(PARAMS.usable_pu * rated_w)


def test_one_that_was_unable_is_free_again_when_nobody_needs_it() -> None:
    dark = Dark(Stage.UNABLE, "MVA", supply=Supply())
    dark.look()
    assert dark.at == At(Stage.AT_REST, dark.hall.now_ns)


def test_a_section_is_held_that_is_live_from_a_store_that_forms_and_is_joined_to_it() -> None:
    dark = Dark()
    place = forming._find(dark.hall.site)[ESS]
    assert forming._held(look(dark.hall), ESS, place) == ""
    dark.live()
    assert forming._held(look(dark.hall), ESS, place) == "MVA"
    dark.hall.positions[EA] = OPEN
    assert forming._held(look(dark.hall), ESS, place) == ""
    says = Dark()
    labels = says.hall.site.equipment[ESS].kind.points["stage"].states
    says.hall.said[ESS, "stage"] = float(labels.index("grid_forming"))
    assert forming._held(look(says.hall), ESS, place) == "", "it says so, and all is dead"
