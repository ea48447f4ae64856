"""Where a row begins to refuse: what just keeps its limit passes, what is not its case as well."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from daemon.core import demand
from daemon.core.facts import Facts, Formed
from daemon.core.feeding import Change
from daemon.core.interlocks import BYPASSABLE, check, explained
from daemon.core.interlocks.drawn import own_breakers, partners
from daemon.core.interlocks.joining import closing_nearby
from daemon.core.interlocks.supply import expected_w
from daemon.model.points import tabulate
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall, params
from tests.unit.core.interlocks.test_rows import (
    back,
    bypass,
    case,
    hide,
    normal,
    on_sets,
    outage,
    put,
    refusing,
    say,
    two_sets,
    uncapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Prepare = Callable[[Hall], None]

GA, MA, TIE_LV, FEED = "52-VCB-GA", "52-VCB-MA", "52-ACB-TA", "52-MCCB-CA"


@pytest.mark.parametrize(
    ("before", "equipment", "action", "point", "kept", "broken", "row"),
    [
        (normal, "UPS-A", "battery_test", "soc_pu", 0.5, 0.49, "not_testable"),
        (bypass, "UPS-A", "to_inverter", "output_power_w", 1.44e6, 1.441e6, "ups_overload"),
        (outage, "ESS-1", "grid_forming", "soc_pu", 0.1, 0.09, "storage_empty"),
    ],
)
def test_a_limit_is_kept_up_to_its_value(
    before: Prepare,
    equipment: str,
    action: str,
    point: str,
    kept: float,
    broken: float,
    row: str,
) -> None:
    for value, refused in ((kept, False), (broken, True)):
        hall = Hall()
        before(hall)
        say(equipment, point, value)(hall)
        assert (row in refusing(case(hall, equipment, action))) is refused


@pytest.mark.parametrize(("before", "equipment", "action", "most"), [
    (on_sets, GA, "close", 20),
    (outage, "DG-2", "start", 10),
    (outage, "GT-1", "start", 4),
])  # fmt: skip
def test_the_last_operation_of_an_hour_is_allowed(
    before: Prepare, equipment: str, action: str, most: int
) -> None:
    hall = Hall()
    before(hall)
    assert "too_often" not in refusing(case(hall, equipment, action, recent=most - 1))
    assert "too_often" in refusing(case(hall, equipment, action, recent=most))
    assert "too_often" in refusing(case(hall, equipment, action, recent=most + 1))


@pytest.mark.parametrize(
    ("position", "unknown"), [(OPEN, False), (CLOSED, False), (TRAVELLING, True), (3, True)]
)
def test_a_position_is_known_when_it_is_open_or_closed(position: int, unknown: bool) -> None:
    hall = Hall()
    on_sets(hall)
    put(GA=position)(hall)
    assert ("position_unknown" in refusing(case(hall, GA, "close"))) is unknown


def test_storage_on_direct_current_holds_its_bus_with_what_it_has() -> None:
    hall = Hall()
    hall.said["ESS-2", "soc_pu"] = 0.05
    assert "storage_empty" not in refusing(case(hall, "ESS-2", "grid_forming"))


def test_the_overlap_of_a_scheme_is_its_own_to_end() -> None:
    hall = Hall()
    back(hall)
    say("CCTS-1", "selector", 1)(hall)
    assert check(case(hall, MA, "close_in_sync", by_person=True)).refused_by == "endless_overlap"
    assert check(case(hall, MA, "close_in_sync", by_person=False)).refused_by == ""


@pytest.mark.parametrize("stage", ["unjudged", "lockout"])
def test_a_scheme_that_does_not_know_where_it_stands_ends_no_overlap(stage: str) -> None:
    hall = Hall()
    back(hall)
    facts = Facts(stages={"CCTS-1": stage})
    asked = case(hall, MA, "close_in_sync", by_person=True, facts=facts)
    assert check(asked).refused_by == "endless_overlap"


@pytest.mark.parametrize(("unseen", "refused_by"), [("MB", ""), ("GA", "endless_overlap")])
def test_a_scheme_ends_no_overlap_that_it_cannot_see(unseen: str, refused_by: str) -> None:
    hall = Hall()
    back(hall)
    hall.positions["52-VCB-TIE"] = OPEN
    hall.hidden.add((f"52-VCB-{unseen}", "position"))
    facts = Facts(stages={"CCTS-1": "on_alternate"})
    asked = case(hall, MA, "close_in_sync", by_person=True, facts=facts)
    assert check(asked).refused_by == refused_by


def test_one_that_is_seen_beside_one_that_is_not_ends_no_overlap() -> None:
    hall = Hall()
    back(hall)
    hall.positions |= {"52-VCB-TIE": CLOSED, "52-VCB-MB": OPEN, "52-VCB-GB": OPEN}
    facts = Facts(stages={"CCTS-1": "on_alternate"})
    asked = case(hall, MA, "close_in_sync", by_person=True, facts=facts)
    assert check(asked).refused_by == ""
    hall.hidden.add(("52-VCB-MB", "position"))
    asked = case(hall, MA, "close_in_sync", by_person=True, facts=facts)
    assert check(asked).refused_by == "endless_overlap"


def test_sets_that_stay_together_need_nobody_to_part_them() -> None:
    hall = Hall()
    two_sets(hall)
    assert check(case(hall, "52-GCB-3", "close_in_sync", by_person=True)).refused_by == ""


@pytest.mark.parametrize("stage", ["battery", "walk_in", "static_bypass", "fault"])
def test_a_battery_is_tested_on_a_ups_that_stands_on_its_input(stage: str) -> None:
    hall = Hall()
    hall.stages["UPS-A"] = stage
    assert "not_testable" in refusing(case(hall, "UPS-A", "battery_test"))


def test_a_bus_without_a_transformer_of_its_own_is_closed_onto_two() -> None:
    hall = Hall()
    hall.positions |= {FEED: OPEN, TIE_LV: CLOSED}
    assert "low_voltage_parallel" not in refusing(case(hall, FEED, "close"))
    hall.positions |= {TIE_LV: OPEN}
    assert "low_voltage_parallel" in refusing(case(hall, TIE_LV, "close"))


def test_a_dead_end_is_closed_onto_two_transformers_in_parallel() -> None:
    hall = Hall()
    hall.positions |= {"52-MCCB-RA": OPEN, TIE_LV: CLOSED}
    assert "low_voltage_parallel" not in refusing(case(hall, "52-MCCB-RA", "close"))
    hide("52-MCCB-RA", "position")(hall)
    assert "low_voltage_parallel" not in refusing(case(hall, "52-MCCB-RA", "close"))


@pytest.mark.parametrize(("voltage_v", "low"), [(999.0, True), (1000.0, False)])
def test_low_voltage_ends_at_a_thousand_volts(voltage_v: float, low: bool) -> None:
    hall = redrawn(bus="LVA1", voltage_v=voltage_v)
    assert ("low_voltage_parallel" in refusing(case(hall, TIE_LV, "close"))) is low


@pytest.mark.parametrize(
    ("earthing", "asked"), [("solid", True), ("resistance", True), ("isolated", False)]
)
def test_a_neutral_is_asked_for_where_the_drawing_earths_the_bus(
    earthing: str, asked: bool
) -> None:
    hall = redrawn(bus="G1", earthing=earthing)
    outage(hall)
    say("DG-1", "neutral_earthed", 0)(hall)
    assert ("no_neutral" in refusing(case(hall, "52-GCB-1", "close"))) is asked


def redrawn(bus: str, **otherwise: object) -> Hall:
    """Return a hall one of whose buses is drawn otherwise."""
    drawn = params()
    buses = {**drawn.site.buses, bus: replace(drawn.site.buses[bus], **otherwise)}  # type: ignore[arg-type]
    site = replace(drawn.site, buses=MappingProxyType(buses))
    return Hall(replace(drawn, site=site, points=tabulate(site)))


def test_a_set_starts_on_a_dead_bus_that_it_has_for_itself() -> None:
    hall = Hall()
    outage(hall)
    hall.positions["52-GCB-2"] = CLOSED
    assert "started_on_bus" not in refusing(case(hall, "DG-2", "start"))


def test_loads_behind_a_switch_that_is_silent_are_counted() -> None:
    hall = Hall()
    outage(hall)
    uncapped(hall)
    closed_w = expected_w(case(hall, GA, "close").view, ("MVA",), Change())
    hide("52-VCB-HA", "position")(hall)
    assert expected_w(case(hall, GA, "close").view, ("MVA",), Change()) == closed_w
    hall.hidden.discard(("52-VCB-HA", "position"))
    hall.positions["52-VCB-HA"] = OPEN
    assert expected_w(case(hall, GA, "close").view, ("MVA",), Change()) < closed_w


def test_nothing_is_fed_back_from_a_side_that_is_dead_itself() -> None:
    hall = Hall()
    outage(hall)
    hall.positions["52-GCB-UA"] = OPEN
    assert "backfeed" not in refusing(case(hall, "52-GCB-UA", "close"))


def test_a_switch_does_not_go_over_onto_a_load_side_that_is_unknown() -> None:
    hall = Hall()
    hall.utilities["U-A"] = False
    hall.positions["52-VCB-IN"] = OPEN
    assert "onto_island" not in refusing(case(hall, "ALTS-1", "to_source_2"))
    say("ALTS-1", "load_voltage_ll_v", 7700.0)(hall)
    say("52-VCB-IN", "source_voltage_v", 7700.0)(hall)
    assert "onto_island" in refusing(case(hall, "ALTS-1", "to_source_2"))


def test_a_breaker_that_shows_open_and_carries_current_holds_an_island() -> None:
    """Its position is not so: sources on site are behind it, on a load side that is live."""
    hall = Hall()
    hall.positions["52-VCB-IN"] = OPEN
    say("52-VCB-IN", "current_a", 5.0)(hall)
    assert "onto_island" not in refusing(case(hall, "ALTS-1", "to_source_2"))
    say("52-VCB-IN", "current_a", 300.0)(hall)
    assert "onto_island" in refusing(case(hall, "ALTS-1", "to_source_2"))


@pytest.mark.parametrize(("switch", "minds"), [("ALTS-1", True), ("ATS-M1", False)])
def test_the_own_logic_of_the_intake_alone_stands_in_the_way(switch: str, minds: bool) -> None:
    hall = Hall()
    say(switch, "inhibited", 0)(hall)
    assert ("own_logic" in refusing(case(hall, switch, "to_source_2"))) is minds


def test_a_load_with_two_feeds_is_counted_once() -> None:
    view = case(Hall(), GA, "close").view
    both = expected_w(view, ("DC48A", "DC48B"), Change())
    assert both == expected_w(view, ("DC48B", "DC48A"), Change())
    assert both == demand.expected_w(view, view.site.equipment["NET-1"])


def test_the_table_says_who_may_set_a_row_aside() -> None:
    told = {row["name"]: row["set aside"] for row in explained()}
    assert {name for name, by in told.items() if by == "by two persons"} == BYPASSABLE
    assert {by for name, by in told.items() if name not in BYPASSABLE} == {"by nobody"}


def test_the_drawing_names_partners_and_breakers_of_machines() -> None:
    hall = Hall()
    site, points = hall.params.site, hall.params.points
    assert partners(site, points) == {"UPS-A": ("UPS-B",), "UPS-B": ("UPS-A",)}
    # What a static switch joins to one or the other makes partners as well.
    corded = {e.id: replace(e, critical=False) for e in site.equipment.values() if len(e.buses) > 1}
    single = replace(site, equipment=MappingProxyType({**site.equipment, **corded}))
    assert partners(single, tabulate(single))["UPS-B"] == ("UPS-A",)
    own = own_breakers(site, points)
    assert own["DG-3"] == ("52-GCB-3",)
    assert own["GT-1"] == ("52-GCB-GT",)
    assert own["SMR-1"] == ("52-GCB-SMR",)


@pytest.mark.parametrize(
    ("equipment", "action", "bus", "formed", "refused"),
    [
        (GA, "close", "MVA", ("ESS-1", "grid_forming"), True),
        (GA, "close", "MVA", ("ESS-1", ""), False),
        (GA, "close", "MVA", ("ESS-1", "grid_following"), False),
        (GA, "close", "MVB", ("ESS-1", "grid_forming"), False),
        ("ESS-1", "grid_forming", "MVA", ("ESS-1", "grid_forming"), False),
        ("ESS-1", "grid_forming", "MVA", ("ESS-2", "grid_forming"), True),
    ],
)
def test_what_is_called_to_form_a_dead_bus_counts_as_a_close_onto_it(
    equipment: str, action: str, bus: str, formed: tuple[str, str], refused: bool
) -> None:
    hall = Hall()
    on_sets(hall)
    store, order = formed
    facts = Facts(formed={bus: Formed(store, 2e6, order, False)})
    found = refusing(case(hall, equipment, action, facts=facts))
    assert ("closing_nearby" in found) is refused


def test_what_is_behind_a_converter_counts_with_its_losses_and_behind_a_switch_without() -> None:
    hall = Hall()
    uncapped(hall)
    hall.positions["52-VCB-HA"] = OPEN
    view = case(hall, GA, "close").view
    losses = demand.efficiency_pu(view.site.equipment["HVDC-A"])
    direct_w = expected_w(view, (view.site.equipment["HVDC-A"].buses[-1],), Change())
    before_w = expected_w(view, (view.site.equipment["HVDC-A"].buses[0],), Change())
    assert direct_w > 1e6
    assert before_w == pytest.approx(direct_w / losses)


@pytest.mark.parametrize(
    ("equipment", "other", "positions", "refused"),
    [
        ("52-VCB-MB", (GA, "close"), {}, True),
        (GA, ("52-VCB-MB", "close"), {}, True),
        ("52-VCB-GB", (GA, "close"), {}, False),
        ("52-VCB-MB", (GA, "open"), {}, False),
        ("52-VCB-MB", (GA, "close"), {"52-VCB-PB": OPEN}, False),
        ("52-VCB-MB", (GA, "close"), {"52-GCB-1": OPEN}, False),
        ("52-VCB-TIE", (GA, "close"), {GA: OPEN, "52-VCB-IN": OPEN, MA: OPEN}, True),
        ("52-VCB-MB", (GA, "close"), {"52-VCB-GB": CLOSED}, False),
        (MA, (GA, "open"), {GA: TRAVELLING}, True),
        (MA, (GA, "open"), {}, False),
        (MA, (GA, "open"), {GA: TRAVELLING, "52-GCB-1": OPEN}, False),
        (MA, (GA, "close_in_sync"), {GA: TRAVELLING}, True),
        (MA, (GA, "close_in_sync"), {}, False),
    ],
    ids=[
        *("over the tie", "and the other way", "one source", "opens", "dead mains", "dead sets"),
        *("the tie itself", "not dead"),
        *("may have closed yet", "open", "nothing behind it", "found synchronism", "seeks it"),
    ],
)
def test_two_sources_do_not_meet_over_dead_sections_that_one_breaker_keeps_apart(
    equipment: str, other: tuple[str, str], positions: dict[str, int], refused: bool
) -> None:
    """The tie shows open. While both sections are dead no voltage tells whether it is."""
    hall = Hall()
    on_sets(hall)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.positions |= {"52-VCB-IN": CLOSED, **positions}
    asked = case(hall, equipment, "close", under_way=dict([other]))
    assert closing_nearby(asked) is refused


@pytest.mark.parametrize(("switch", "refused"), [("STS-1", True), ("ATS-M1", False)])
def test_a_switch_that_goes_over_with_a_gap_needs_no_synchronism(
    switch: str, refused: bool
) -> None:
    hall = Hall()
    for name in ("STS-1", "ATS-M1"):
        hall.said[name, "in_sync"] = 0.0
    assert ("out_of_phase" in refusing(case(hall, switch, "to_source_2"))) is refused
