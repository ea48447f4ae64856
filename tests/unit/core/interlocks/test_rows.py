"""Every row refuses for its cause, by its name, and lets pass what has no such cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest

from daemon.core.facts import Facts
from daemon.core.interlocks import BY_ACTION, BYPASSABLE, INTERLOCKS, Case, barred, check, explained
from daemon.core.topology import survey
from daemon.core.view import View
from daemon.model.commands import Proposal
from tests.hall import CLOSED, OPEN, TRAVELLING, Hall

if TYPE_CHECKING:
    from collections.abc import Mapping


def case(
    hall: Hall,
    equipment: str,
    action: str,
    under_way: Mapping[str, str] | None = None,
    by_person: bool = False,
    facts: Facts | None = None,
    recent: int = 0,
) -> Case:
    """Return a case in the plant as a hall shows it."""
    params, image = hall.params, hall.image()
    view = View(
        lane="switching",
        image=image,
        inbox=(),
        site=params.site,
        points=params.points,
        topology=survey(image, params.site, params.points),
        facts=facts or Facts(),
        heard={},
        estimate=None,
        epoch=1,
        next_id=1,
    )
    wish = Proposal(equipment, "command", action, 0.0, "test", "test")
    return Case(view, wish, under_way or {}, by_person, recent=recent)


def refusing(asked: Case) -> set[str]:
    """Return the names of all rows that refuse, not only of the first."""
    rows = BY_ACTION[asked.item.nature, asked.wish.action]
    return {row.name for row in rows if row.forbids(asked)}


def outage(hall: Hall) -> None:
    """Isolate both sections after an outage; one set runs up to its breaker."""
    hall.utilities = dict.fromkeys(hall.utilities, False)
    for name in ("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV", "52-VCB-MA", "52-VCB-MB"):
        hall.positions[name] = OPEN
    hall.stages["DG-1"] = "ready"


def on_sets(hall: Hall) -> None:
    """Let one set carry the generator bus."""
    outage(hall)
    hall.positions["52-GCB-1"] = CLOSED
    hall.stages["DG-1"] = "loaded"


def back(hall: Hall) -> None:
    """Let section A live on sets, with the mains back before its main."""
    on_sets(hall)
    hall.positions |= {"52-VCB-GA": CLOSED, "52-VCB-IN": CLOSED}
    hall.utilities = dict.fromkeys(hall.utilities, True)


def normal(hall: Hall) -> None:
    """Leave everything as it is."""


class Row(NamedTuple):
    """A cause of a refusal: the plant before, the action, and what makes it forbidden."""

    name: str
    before: Callable[[Hall], None]
    equipment: str
    action: str
    cause: Callable[[Hall], None]
    under_way: tuple[tuple[str, str], ...] = ()
    by_person: bool = False
    recent: int = 0

    def asked(self, hall: Hall, *, free: bool = False) -> Case:
        """Return the case in a hall, without what is outstanding when `free`."""
        under_way = {} if free else dict(self.under_way)
        facts = Facts(stages={"CCTS-1": "on_alternate"})
        recent = 0 if free else self.recent
        return case(
            hall, self.equipment, self.action, under_way, self.by_person, facts=facts, recent=recent
        )


def say(equipment: str, point: str, value: float) -> Callable[[Hall], None]:
    """Return a cause: a device says something."""
    return lambda hall: hall.said.update({(equipment, point): value})


def hide(equipment: str, point: str) -> Callable[[Hall], None]:
    """Return a cause: a point is not good."""
    return lambda hall: hall.hidden.add((equipment, point))


def put(**positions: int) -> Callable[[Hall], None]:
    """Return a cause: breakers stand otherwise; names without their prefix and dashes."""
    names = {"IN": "52-VCB-IN", "GA": "52-VCB-GA", "EA": "52-VCB-EA", "MA": "52-VCB-MA"}
    names |= {"TIE": "52-VCB-TIE", "G2": "52-GCB-2", "G1": "52-GCB-1", "MB": "52-VCB-MB"}
    return lambda hall: hall.positions.update({names[k]: v for k, v in positions.items()})


def several(*causes: Callable[[Hall], None]) -> Callable[[Hall], None]:
    """Return a cause made of several."""

    def apply(hall: Hall) -> None:
        for cause in causes:
            cause(hall)

    return apply


def at_rest(machine: str) -> Callable[[Hall], None]:
    """Return a cause: a machine stands still."""
    return lambda hall: hall.stages.update({machine: "stopped"})


def alts_on_a_dead_feed(hall: Hall) -> None:
    """The feed under the switch fails; nothing lives behind it."""
    hall.utilities["U-A"] = False
    hall.positions |= {"52-VCB-IN": OPEN}


def dark(hall: Hall) -> None:
    """No feed at all."""
    hall.utilities = dict.fromkeys(hall.utilities, False)


def dark_behind_one_transformer(hall: Hall) -> None:
    """Side A has no feed, and one of its sections at low voltage is off its transformer."""
    hall.positions |= {"52-VCB-MA": OPEN, "52-VCB-EA": OPEN, "52-ACB-A2": OPEN}


def at_stage(equipment: str, stage: str) -> Callable[[Hall], None]:
    """Return a cause: a device is in a stage."""
    return lambda hall: hall.stages.update({equipment: stage})


def island(hall: Hall) -> None:
    """Let the on-site sources hold the delivery bus, the utilities before the open intake."""
    hall.positions |= {"52-VCB-IN": OPEN, "52-VCB-PA": OPEN, "52-VCB-PB": OPEN}


def island_in_an_outage(hall: Hall) -> None:
    """The same with nothing before the intake, which the feeds cannot be reached from."""
    island(hall)
    dark(hall)
    hall.positions |= {"52-GCB-UA": OPEN}


def two_sets(hall: Hall) -> None:
    """Let two sets carry the generator bus, one neutral earthed, and a third be ready."""
    on_sets(hall)
    hall.positions["52-GCB-2"] = CLOSED
    hall.stages |= {"DG-2": "loaded", "DG-3": "ready"}
    say("DG-2", "neutral_earthed", 0)(hall)


def one_feed(hall: Hall) -> None:
    """Leave row 1 on feed A alone."""
    hall.positions["72-B1"] = OPEN


def storage_apart(hall: Hall) -> None:
    """Side A is dark, and storage hangs on neither side."""
    hall.positions |= {"52-VCB-MA": OPEN, "52-VCB-EA": OPEN}


def bypass(hall: Hall) -> None:
    """UPS-A has gone to its static bypass."""
    hall.stages["UPS-A"] = "static_bypass"


def uncapped(hall: Hall) -> None:
    """What the rows are capped to cannot be read."""
    hall.hidden |= {(f"ROW-{n}", "power_cap_pu") for n in range(1, 7)}


def feed_off(hall: Hall) -> None:
    """Feed A is off at both ends."""
    hall.positions |= {"52-GCB-UA": OPEN, "52-VCB-IN": OPEN}


GA, MA, IN, G1, G2 = "52-VCB-GA", "52-VCB-MA", "52-VCB-IN", "52-GCB-1", "52-GCB-2"
ROWS = [
    Row("local", on_sets, GA, "close", say(GA, "local", 1)),
    Row("local", on_sets, GA, "close", hide(GA, "local")),
    Row("local", back, GA, "open", say(GA, "local", 1)),
    Row("emergency_off", on_sets, GA, "close", say(GA, "emergency_off", 1)),
    Row("emergency_off", on_sets, GA, "close", say("CCTS-1", "emergency_off", 1)),
    Row("emergency_off", outage, "DG-2", "start", hide("CCTS-1", "emergency_off")),
    Row("maintenance", on_sets, GA, "close", say("CCTS-1", "maintenance", 1)),
    Row("position_unknown", on_sets, GA, "close", hide(GA, "position")),
    Row("position_unknown", on_sets, GA, "close", put(GA=TRAVELLING)),
    Row("position_unknown", on_sets, GA, "close", put(GA=3)),
    Row("position_unknown", outage, G1, "close", hide(G1, "position")),
    Row("racked_out", on_sets, GA, "close", say(GA, "racked_in", 0)),
    Row("spring_not_charged", on_sets, GA, "close", say(GA, "spring_charged", 0)),
    Row("protection_trip", on_sets, GA, "close", say(GA, "lockout_86", 1)),
    Row("protection_trip", on_sets, GA, "close", say(GA, "trip_51", 1)),
    Row("protection_trip", on_sets, GA, "close", hide(GA, "trip_50")),
    Row("faulted_bus", on_sets, GA, "close", say("R-MVA", "trip_87", 1)),
    Row("faulted_bus", on_sets, GA, "close", say(MA, "trip_50", 1)),
    Row("faulted_bus", on_sets, GA, "close", say("52-VCB-TIE", "trip_51", 1)),
    Row("voltage_unknown", on_sets, GA, "close", say(GA, "load_voltage_v", 3300)),
    Row("earthed", feed_off, "52-GCB-UA", "close", hide("ES-UA", "position")),
    Row(
        "earthed",
        feed_off,
        "52-GCB-UA",
        "close",
        lambda hall: hall.positions.update({"ES-UA": CLOSED}),
    ),
    Row("own_logic", on_sets, GA, "close", at_stage("CCTS-1", "feeding")),
    Row("own_logic", outage, "DG-2", "start", hide("CCTS-1", "stage")),
    Row("own_logic", alts_on_a_dead_feed, "ALTS-1", "to_source_2", say("ALTS-1", "inhibited", 0)),
    Row("live_live", island, IN, "close", normal),
    Row("not_live_live", on_sets, GA, "close_in_sync", normal),
    Row("no_sync_check", back, MA, "close_in_sync", hide(MA, "sync_25")),
    Row(
        "backfeed",
        island_in_an_outage,
        IN,
        "close",
        lambda hall: hall.positions.update({"52-GCB-UA": CLOSED}),
    ),
    Row("backfeed", island_in_an_outage, IN, "close", hide("52-GCB-UA", "position")),
    Row(
        "backfeed",
        outage,
        "ESS-1",
        "grid_forming",
        lambda hall: hall.positions.update({MA: CLOSED, IN: CLOSED}),
    ),
    Row("closing_nearby", on_sets, GA, "close", normal, under_way=(("52-VCB-TIE", "close"),)),
    Row("closing_nearby", on_sets, GA, "close", normal, under_way=(("ESS-1", "grid_forming"),)),
    Row(
        "closing_nearby",
        on_sets,
        GA,
        "close",
        say("52-VCB-TIE", "position", 0),
        under_way=(("52-VCB-TIE", "close_in_sync"),),
    ),
    Row(
        "closing_nearby",
        island_in_an_outage,
        IN,
        "close",
        normal,
        under_way=(("ALTS-1", "to_source_2"),),
    ),
    Row(
        "machine_at_rest",
        outage,
        G1,
        "close",
        several(at_rest("DG-1"), say("DG-1", "neutral_earthed", 1)),
    ),
    Row("no_neutral", outage, G1, "close", say("DG-1", "neutral_earthed", 0)),
    Row("no_neutral", outage, G1, "close", hide("DG-1", "neutral_earthed")),
    Row("second_neutral", two_sets, "52-GCB-3", "close_in_sync", say("DG-2", "neutral_earthed", 1)),
    Row("endless_overlap", back, MA, "close_in_sync", say("CCTS-1", "selector", 1), by_person=True),
    Row("endless_overlap", back, MA, "close_in_sync", hide("CCTS-1", "selector"), by_person=True),
    Row("second_dead_bus_close", outage, G1, "close", hide(G2, "position")),
    Row("second_dead_bus_close", outage, G1, "close", normal, under_way=((G2, "close_in_sync"),)),
    Row(
        "third_of_three",
        lambda hall: hall.positions.update({MA: OPEN, "52-VCB-PA": OPEN}),
        "52-VCB-TIE",
        "close",
        hide(MA, "position"),
    ),
    Row("mains_and_generators", on_sets, GA, "close", hide(MA, "position")),
    Row("second_storage_feeder", storage_apart, "52-VCB-EB", "close", put(EA=CLOSED)),
    Row(
        "second_storage_feeder", storage_apart, "52-VCB-EB", "close", hide("52-VCB-EA", "position")
    ),
    Row("low_voltage_parallel", normal, "52-ACB-TA", "close_in_sync", normal),
    Row(
        "low_voltage_parallel",
        dark_behind_one_transformer,
        "52-ACB-TA",
        "close",
        lambda hall: hall.positions.update({"52-ACB-A2": CLOSED}),
    ),
    Row(
        "low_voltage_parallel",
        dark_behind_one_transformer,
        "52-ACB-TA",
        "close",
        hide("52-ACB-A2", "position"),
    ),
    Row("last_feed", normal, "72-A1", "open", one_feed, by_person=True),
    Row("last_feed", normal, "72-A1", "open", hide("72-B1", "position"), by_person=True),
    Row("last_feed", normal, "HVDC-A", "stop", hide("HVDC-B", "stage"), by_person=True),
    Row("last_feed", normal, "STS-1", "open", normal, by_person=True),
    Row("last_feed", one_feed, "72-A1", "open", hide("RACK-1-1", "soc_pu")),
    Row("target_not_live", normal, "STS-2", "to_source_1", at_stage("UPS-A", "off")),
    Row("target_not_live", alts_on_a_dead_feed, "ALTS-1", "to_source_2", dark),
    Row("faulted_load", alts_on_a_dead_feed, "ALTS-1", "to_source_2", say(IN, "trip_50", 1)),
    Row(
        "faulted_load",
        alts_on_a_dead_feed,
        "ALTS-1",
        "to_source_2",
        several(
            lambda hall: hall.positions.update({"52-GCB-UA": OPEN}),
            say("52-GCB-UA", "lockout_86", 1),
        ),
    ),
    Row("onto_island", alts_on_a_dead_feed, "ALTS-1", "to_source_2", put(IN=CLOSED)),
    Row("out_of_phase", normal, "STS-1", "to_source_2", say("STS-1", "in_sync", 0)),
    Row("out_of_phase", normal, "STS-1", "to_source_2", hide("STS-1", "in_sync")),
    Row("not_auto", outage, "DG-2", "start", say("DG-2", "selector", 1)),
    Row("not_auto", alts_on_a_dead_feed, "ALTS-1", "to_source_2", hide("ALTS-1", "selector")),
    Row("not_available", outage, "DG-2", "start", say("DG-2", "available", 0)),
    Row("started_on_bus", outage, "DG-2", "start", put(G2=CLOSED, G1=TRAVELLING)),
    Row("started_on_bus", on_sets, "DG-2", "start", hide(G2, "position")),
    Row("started_on_bus", normal, "GT-1", "start", hide("52-GCB-GT", "position")),
    Row("stopped_on_bus", outage, "DG-1", "stop", put(G1=CLOSED)),
    Row("stopped_on_bus", normal, "GT-1", "stop", hide("52-GCB-GT", "position")),
    Row("second_reference", on_sets, "ESS-1", "grid_forming", put(GA=CLOSED)),
    Row(
        "second_reference",
        outage,
        "ESS-1",
        "grid_forming",
        say("52-VCB-EA", "load_voltage_v", 3300),
    ),
    Row("storage_empty", outage, "ESS-1", "grid_forming", hide("ESS-1", "soc_pu")),
    Row("faulted_bus", outage, "ESS-1", "grid_forming", say("R-MVA", "trip_87", 1)),
    Row("faulted_bus", on_sets, GA, "close", say("TX-S-A1", "trip_87t", 1)),
    Row("closing_nearby", outage, "ESS-1", "grid_forming", normal, under_way=((GA, "close"),)),
    Row("emergency_off", outage, "ESS-1", "grid_forming", say("CCTS-1", "emergency_off", 1)),
    Row("emergency_off", normal, "ESS-1", "grid_following", say("CCTS-1", "emergency_off", 1)),
    Row("emergency_off", normal, "HVDC-A", "start", say("CCTS-1", "emergency_off", 1)),
    Row("emergency_off", normal, "GT-1", "start", say("CCTS-1", "emergency_off", 1)),
    Row("on_maintenance", normal, "UPS-A", "to_bypass", at_stage("UPS-A", "maintenance_bypass")),
    Row("on_maintenance", bypass, "UPS-A", "to_inverter", hide("UPS-A", "stage")),
    Row("ups_fault", bypass, "UPS-A", "to_inverter", at_stage("UPS-A", "fault")),
    Row("ups_overload", bypass, "UPS-A", "to_inverter", say("UPS-A", "output_power_w", 1.6e6)),
    Row("ups_overload", bypass, "UPS-A", "to_inverter", hide("UPS-A", "overload")),
    Row("bypass_not_ready", normal, "UPS-A", "to_bypass", say("UPS-A", "bypass_available", 0)),
    Row("bypass_not_ready", normal, "UPS-A", "to_bypass", storage_apart),
    Row("not_testable", normal, "UPS-A", "battery_test", hide("UPS-A", "soc_pu")),
    Row("not_testable", normal, "UPS-A", "battery_test", say("UPS-A", "soc_pu", 0.4)),
    Row("partner_not_normal", normal, "UPS-A", "to_bypass", at_stage("UPS-B", "static_bypass")),
    Row("partner_not_normal", normal, "UPS-A", "battery_test", hide("UPS-B", "stage")),
    Row("overload", on_sets, GA, "close", uncapped),
    Row("overload", outage, "ESS-1", "grid_forming", uncapped),
    Row("too_often", on_sets, GA, "close", normal, recent=20),
    Row("too_often", outage, "DG-2", "start", normal, recent=10),
]

# What is forbidden by the shape of the plant has no cause to take away: another action passes.
INSTEAD = {
    ("live_live", IN): (IN, "close_in_sync"),
    ("not_live_live", GA): (GA, "close"),
    ("low_voltage_parallel", "52-ACB-TA"): ("52-ACB-TA", "open"),
    ("last_feed", "72-A1"): ("72-A2", "open"),
}


@pytest.mark.fault("F37", "F38", "F26", "F35")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.equipment}-{row.action}")
def test_a_row_refuses_for_its_cause_alone_and_only_then(row: Row) -> None:
    hall = Hall()
    row.before(hall)
    if row.cause is not normal or row.under_way or row.recent:
        assert refusing(row.asked(hall, free=True)) == set()
    row.cause(hall)
    asked = row.asked(hall)
    assert refusing(asked) == {row.name}
    verdict = check(asked)
    assert verdict.refused_by == row.name
    if instead := INSTEAD.get((row.name, row.equipment)):
        assert check(case(hall, *instead, by_person=row.by_person)).refused_by == ""


@pytest.mark.fault("F35")
def test_a_fault_in_a_transformer_is_none_of_the_bus_it_fed() -> None:
    hall = Hall()
    on_sets(hall)
    for flag in ("lockout_86", "trip_87"):
        say(MA, flag, 1)(hall)
    assert check(case(hall, GA, "close")).refused_by == "faulted_bus"
    say("TX-P-A", "trip_87t", 1)(hall)
    assert check(case(hall, GA, "close")).refused_by == ""
    say(MA, "trip_51", 1)(hall)
    assert check(case(hall, GA, "close")).refused_by == "faulted_bus"


@pytest.mark.fault("F35")
def test_a_directional_trip_tells_of_the_side_the_current_flowed_to() -> None:
    # The intake trips on a fault at the reception side: the bus of the on-site sources is sound.
    hall = Hall()
    outage(hall)
    for flag in ("lockout_86", "trip_67"):
        say("52-VCB-IN", flag, 1)(hall)
    assert check(case(hall, "52-GCB-SMR", "close")).refused_by != "faulted_bus"
    say("52-VCB-IN", "trip_50", 1)(hall)
    assert check(case(hall, "52-GCB-SMR", "close")).refused_by == "faulted_bus"


def test_every_row_of_the_table_is_tried() -> None:
    assert {row.name for row in INTERLOCKS} == {row.name for row in ROWS}


def test_every_refusal_tells_a_person_what_to_do() -> None:
    for row in INTERLOCKS:
        assert ":" in row.because, row.name


def test_an_open_is_only_held_back_by_the_panel_and_by_the_last_feed() -> None:
    assert [row.name for row in BY_ACTION["breaker", "open"]] == ["local", "last_feed"]
    opening = [row.name for row in BY_ACTION["transfer_switch", "open"]]
    assert opening == ["local", "last_feed", "not_auto"]


def test_only_what_a_person_has_to_lift_bars_a_breaker() -> None:
    assert {row.name for row in INTERLOCKS if row.person}
    hall = Hall()
    outage(hall)
    hall.said["52-VCB-GA", "spring_charged"] = 0.0
    waiting = case(hall, "52-VCB-GA", "close")
    assert check(waiting).refused_by == "spring_not_charged"
    assert not barred(waiting)
    hall.said["52-VCB-MA", "lockout_86"] = 1.0
    assert barred(case(hall, "52-VCB-GA", "close"))
    assert not barred(case(hall, "52-VCB-GB", "close"))


def test_waiting_is_of_no_use_where_somebody_has_to_go_there() -> None:
    at_the_device = {"local", "emergency_off", "maintenance", "racked_out", "earthed"}
    after_a_fault = {"protection_trip", "faulted_bus"}
    assert {row.name for row in INTERLOCKS if row.person} == at_the_device | after_a_fault


def test_only_supply_and_wear_may_be_set_aside() -> None:
    assert {"last_feed", "overload", "partner_not_normal", "too_often"} == BYPASSABLE


def test_the_table_is_explained_row_by_row() -> None:
    told = explained()
    assert [row["name"] for row in told] == [row.name for row in INTERLOCKS]
    assert all(row["because"] and row["equipment"] and row["forbids"] for row in told)


@pytest.mark.fault("F37")
def test_a_set_that_is_ready_earths_its_own_island_alone() -> None:
    hall = Hall()
    two_sets(hall)
    assert check(case(hall, "52-GCB-3", "close_in_sync")).refused_by == ""
    # A neutral behind an open breaker is none of the island's.
    hall.stages["DG-4"] = "ready"
    assert check(case(hall, "52-GCB-3", "close_in_sync")).refused_by == ""


def test_a_row_that_is_capped_counts_with_its_cap() -> None:
    hall = Hall()
    on_sets(hall)
    for n in range(1, 7):
        hall.said[f"ROW-{n}", "power_cap_pu"] = 0.2
    assert check(case(hall, GA, "close")).refused_by == ""
    for n in range(1, 7):
        hall.said[f"ROW-{n}", "power_cap_pu"] = 0.6
    assert check(case(hall, GA, "close")).refused_by == "overload"
    hall.positions["52-VCB-HA"] = OPEN  # the rows are off the section
    assert check(case(hall, GA, "close")).refused_by == ""


def test_a_person_s_overlap_is_ended_by_a_scheme_that_knows_where_it_stands() -> None:
    hall = Hall()
    back(hall)
    for stage, refused_by in {"on_alternate": "", "lockout": "endless_overlap"}.items():
        asked = case(hall, MA, "close_in_sync", None, True, Facts(stages={"CCTS-1": stage}))
        assert check(asked).refused_by == refused_by


def test_a_fault_beyond_a_transformer_counts_for_what_gets_voltage() -> None:
    hall = Hall()
    on_sets(hall)
    say("52-ACB-A2", "trip_51", 1)(hall)
    hall.positions |= {"52-ACB-A2": OPEN}
    assert check(case(hall, GA, "close")).refused_by == ""  # it stands behind an open breaker
    hall.positions |= {"52-ACB-TA": CLOSED}
    assert check(case(hall, GA, "close")).refused_by == "faulted_bus"


@pytest.mark.fault("F35")
def test_a_pole_fault_keeps_the_other_side_away() -> None:
    hall = Hall()
    hall.stages["HVDC-A"] = "fault"
    assert check(case(hall, "72-TIE", "close")).refused_by != "faulted_bus"
    say("HVDC-A", "pole_fault", 1)(hall)
    assert check(case(hall, "72-TIE", "close")).refused_by == "faulted_bus"
