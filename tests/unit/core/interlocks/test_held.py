"""Emergency power off, fire trip and maintenance tags: what they hold off, and what stays free."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.core.facts import Facts
from daemon.core.interlocks import check
from tests.hall import CLOSED, OPEN, Hall
from tests.unit.core.interlocks.test_rows import (
    alts_on_a_dead_feed,
    at_stage,
    bypass,
    case,
    hide,
    normal,
    outage,
    refusing,
    say,
    several,
)

Before = Callable[[Hall], None]


def opened(*names: str) -> Before:
    """Return a plant in which some breakers are open."""
    return lambda hall: hall.positions.update(dict.fromkeys(names, OPEN))


STRUCK = say("CCTS-1", "emergency_off", 1)
TAGGED = say("CCTS-1", "maintenance", 1)
SILENT = hide("CCTS-1", "emergency_off")
SMR, SA1, HA, UA = "52-GCB-SMR", "52-VCB-SA1", "52-VCB-HA", "52-GCB-UA"
IN_HOUSE_LOAD = several(opened(SMR), at_stage("SMR-1", "house_load"))
FEEDS = (UA, SMR, "52-GCB-PV")
BEHIND = [
    (opened(SA1), SA1, "close"),
    (opened(HA), HA, "close"),
    (opened("72-A1"), "72-A1", "close"),
    (opened("52-MCCB-CA"), "52-MCCB-CA", "close"),
    (normal, "ATS-M1", "to_source_2"),
    (normal, "STS-1", "to_source_2"),
    (bypass, "UPS-A", "to_inverter"),
    (normal, "UPS-A", "to_bypass"),
    (normal, "UPS-A", "battery_test"),
]
"""What hangs behind the mains of the board: held off once it is known to be struck."""
WORST = [
    (outage, "DG-2", "start"),
    (outage, "DG-2", "test"),
    (outage, "ESS-1", "grid_forming"),
    (at_stage("HVDC-A", "off"), "HVDC-A", "start"),
    (normal, "GT-1", "start"),
]
"""What is held off by a panel that cannot be read as well."""
BESIDE = [
    (IN_HOUSE_LOAD, SMR, "close_in_sync"),
    (IN_HOUSE_LOAD, "SMR-1", "rejoin"),
    (opened("52-GCB-PV"), "52-GCB-PV", "close"),
]


@pytest.mark.fault("F37")
@pytest.mark.parametrize(("before", "equipment", "action"), BEHIND + WORST + BESIDE)
def test_what_feeds_the_zone_of_an_emergency_off_waits_for_its_reset(
    before: Before, equipment: str, action: str
) -> None:
    for by_person in (False, True):
        hall = Hall()
        before(hall)
        assert check(case(hall, equipment, action, by_person=by_person)).refused_by == ""
        STRUCK(hall)
        assert refusing(case(hall, equipment, action, by_person=by_person)) == {"emergency_off"}


@pytest.mark.parametrize(("before", "equipment", "action"), BEHIND + WORST + BESIDE)
def test_of_a_silent_panel_its_breakers_tell(before: Before, equipment: str, action: str) -> None:
    hall = Hall()
    before(hall)
    SILENT(hall)
    counts = (before, equipment, action) in WORST
    assert refusing(case(hall, equipment, action)) == ({"emergency_off"} if counts else set())
    say("52-VCB-MA", "emergency_off", 1)(hall)
    assert refusing(case(hall, equipment, action)) == {"emergency_off"}


def test_what_tells_of_no_emergency_off_is_believed_over_its_breakers() -> None:
    hall = Hall()
    opened(SA1)(hall)
    say("52-VCB-MA", "emergency_off", 1)(hall)
    assert refusing(case(hall, SA1, "close")) == set()


def test_before_the_intake_it_holds_what_nothing_open_keeps_from_the_zone() -> None:
    hall = Hall()
    STRUCK(hall)
    opened(*FEEDS, "52-VCB-IN")(hall)
    assert refusing(case(hall, UA, "close")) == set()
    hall.positions["52-VCB-IN"] = CLOSED
    assert refusing(case(hall, UA, "close")) == {"emergency_off"}
    opened("52-VCB-PA", "52-VCB-PB")(hall)
    assert refusing(case(hall, UA, "close")) == set()
    hide("52-VCB-PA", "position")(hall)
    assert refusing(case(hall, UA, "close")) == {"emergency_off"}


def test_the_intake_changes_over_only_while_the_zone_is_apart() -> None:
    hall = Hall()
    alts_on_a_dead_feed(hall)
    STRUCK(hall)
    assert refusing(case(hall, "ALTS-1", "to_source_2")) == set()
    hide("52-VCB-IN", "position")(hall)
    assert "emergency_off" in refusing(case(hall, "ALTS-1", "to_source_2"))


@pytest.mark.parametrize("flag", ["emergency_off", "maintenance"])
@pytest.mark.parametrize(
    ("equipment", "action"),
    [
        (SA1, "open"),
        ("DG-1", "stop"),
        ("ALTS-1", "open"),
        ("ESS-1", "stop"),
        ("SMR-1", "house_load"),
    ],
)
def test_to_open_and_to_stop_is_never_held_off(flag: str, equipment: str, action: str) -> None:
    hall = Hall()
    say("CCTS-1", flag, 1)(hall)
    asked = case(hall, equipment, action, facts=Facts(tags={equipment: {"anna": "works"}}))
    assert flag not in refusing(asked)


@pytest.mark.parametrize(
    ("before", "equipment", "action"),
    [
        (opened(SA1), SA1, "close"),
        (opened(HA), HA, "close"),
        (outage, "DG-2", "start"),
        (outage, "ESS-1", "grid_forming"),
        (IN_HOUSE_LOAD, SMR, "close_in_sync"),
        (opened(*FEEDS), UA, "close"),
    ],
)
def test_a_tag_on_a_board_holds_its_feeders_and_what_would_bring_voltage_to_it(
    before: Before, equipment: str, action: str
) -> None:
    hall = Hall()
    before(hall)
    assert refusing(case(hall, equipment, action)) == set()
    by_hand = Facts(tags={"CCTS-1": {"anna": "works"}})
    assert refusing(case(hall, equipment, action, facts=by_hand)) == {"maintenance"}
    TAGGED(hall)
    assert refusing(case(hall, equipment, action)) == {"maintenance"}


@pytest.mark.parametrize(
    ("before", "equipment", "action"),
    [
        (IN_HOUSE_LOAD, SMR, "close_in_sync"),
        (opened(*FEEDS), UA, "close"),
        (opened("52-GCB-PV"), "52-GCB-PV", "close"),
    ],
)
def test_behind_what_is_open_a_tagged_board_is_left_alone(
    before: Before, equipment: str, action: str
) -> None:
    hall = Hall()
    before(hall)
    TAGGED(hall)
    opened("52-VCB-PA", "52-VCB-PB")(hall)
    assert refusing(case(hall, equipment, action)) == set()


@pytest.mark.parametrize(
    ("before", "equipment", "action"),
    [
        (opened("72-A1"), "72-A1", "close"),
        (opened("52-MCCB-CA"), "52-MCCB-CA", "close"),
        (normal, "ATS-M1", "to_source_2"),
        (normal, "UPS-A", "battery_test"),
        (normal, "GT-1", "start"),
    ],
)
def test_what_brings_no_voltage_to_a_tagged_board_is_free(
    before: Before, equipment: str, action: str
) -> None:
    hall = Hall()
    before(hall)
    TAGGED(hall)
    assert refusing(case(hall, equipment, action)) == set()


def test_a_panel_that_cannot_be_read_is_tagged_for_its_scheme_alone() -> None:
    hall = Hall()
    outage(hall)
    opened(SA1)(hall)
    hide("CCTS-1", "maintenance")(hall)
    assert refusing(case(hall, "DG-2", "start")) == {"maintenance"}
    assert refusing(case(hall, SA1, "close")) == set()


OWN = [
    (opened(SA1), SA1, "close"),
    (normal, "ALTS-1", "to_source_2"),
    (normal, "ATS-M1", "to_source_2"),
    (normal, "STS-1", "to_source_2"),
    (normal, "UPS-A", "to_bypass"),
    (bypass, "UPS-A", "to_inverter"),
    (normal, "UPS-A", "battery_test"),
    (outage, "DG-2", "start"),
    (outage, "DG-2", "test"),
    (normal, "GT-1", "start"),
    (IN_HOUSE_LOAD, "SMR-1", "rejoin"),
    (opened(SMR), SMR, "close_in_sync"),
    (outage, "ESS-1", "grid_forming"),
    (at_stage("ESS-1", "standby"), "ESS-1", "grid_following"),
    (at_stage("HVDC-A", "off"), "HVDC-A", "start"),
    (normal, "CH-1", "start"),
    (normal, "ROW-1", "start"),
    (normal, "TX-P-A", "raise"),
    (normal, "PQ-A", "start"),
]


@pytest.mark.parametrize(("before", "equipment", "action"), OWN)
def test_a_tagged_thing_is_put_into_service_by_nobody(
    before: Before, equipment: str, action: str
) -> None:
    for by_person in (False, True):
        hall = Hall()
        before(hall)
        free = refusing(case(hall, equipment, action, by_person=by_person))
        assert "maintenance" not in free
        facts = Facts(tags={equipment: {"anna": "works"}})
        asked = case(hall, equipment, action, by_person=by_person, facts=facts)
        assert refusing(asked) - {"not_available"} == free | {"maintenance"}


@pytest.mark.parametrize(
    ("worked_on", "breaker"),
    [
        ("TX-S-A1", SA1), ("TX-S-A1", "52-ACB-A1"), ("HVDC-A", HA), ("GT-1", "52-GCB-GT"),
        ("SMR-1", SMR), ("DG-1", "52-GCB-1"), ("ESS-1", "52-VCB-EA"), ("ESS-1", "52-VCB-EB"),
        ("ALTS-1", UA), ("TX-P-A", "52-VCB-PA"), ("TX-P-A", "52-VCB-MA"),
    ],
)  # fmt: skip
def test_no_breaker_closes_onto_the_terminals_of_what_people_work_on(
    worked_on: str, breaker: str
) -> None:
    hall = Hall()
    opened(breaker)(hall)
    facts = Facts(tags={worked_on: {"anna": "works"}})
    assert "maintenance" not in refusing(case(hall, breaker, "close"))
    assert "maintenance" in refusing(case(hall, breaker, "close", facts=facts))


def test_a_busbar_is_no_terminal() -> None:
    hall = Hall()
    opened("72-A1")(hall)
    facts = Facts(tags={"HVDC-A": {"anna": "works"}, "UPS-A": {"anna": "works"}})
    assert refusing(case(hall, "72-A1", "close", facts=facts)) == set()


def test_storage_that_holds_an_island_makes_room_though_it_is_tagged() -> None:
    hall = Hall()
    facts = Facts(tags={"ESS-1": {"anna": "works"}})
    for stage, refused in (("grid_forming", set()), ("standby", {"maintenance"})):
        hall.stages["ESS-1"] = stage
        assert refusing(case(hall, "ESS-1", "grid_following", facts=facts)) == refused


def test_a_move_onto_a_source_that_cannot_carry_it_is_an_overload() -> None:
    hall = Hall()
    outage(hall)
    hall.positions |= {"52-GCB-1": CLOSED, "52-VCB-GB": CLOSED}
    hall.stages["DG-1"] = "loaded"
    assert refusing(case(hall, "ATS-M1", "to_source_2")) == set()
    hall.hidden |= {(f"ROW-{n}", "power_cap_pu") for n in range(1, 7)}
    assert refusing(case(hall, "ATS-M1", "to_source_2")) == {"overload"}


def test_a_move_within_what_the_same_sources_carry_is_none() -> None:
    hall = Hall()
    outage(hall)
    hall.positions |= {"52-GCB-1": CLOSED, "52-VCB-GA": CLOSED, "52-VCB-GB": CLOSED}
    hall.stages["DG-1"] = "loaded"
    hall.hidden |= {(f"ROW-{n}", "power_cap_pu") for n in range(1, 7)}
    assert refusing(case(hall, "ATS-M1", "to_source_2")) == set()
