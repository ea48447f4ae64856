"""What carries a critical load through a gap, and what only seems to."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from daemon.model.points import tabulate
from tests.hall import CLOSED, OPEN, Hall, params
from tests.unit.core.interlocks.test_last_feed import refused
from tests.unit.core.interlocks.test_rows import at_stage, outage, several


@pytest.mark.parametrize(
    ("stage", "bridges"), [("battery", True), ("off", False), ("fault", False)]
)
def test_a_ups_on_battery_carries_what_its_partner_loses(stage: str, bridges: bool) -> None:
    hall = Hall()
    hall.positions["52-ACB-UA"] = OPEN
    hall.stages |= {"UPS-A": stage, "UPS-B": "static_bypass"}
    assert refused(hall, "52-ACB-UB") is not bridges


@pytest.mark.parametrize(
    ("stage", "bridges"), [("normal", True), ("walk_in", True), ("static_bypass", False)]
)
def test_an_inverter_carries_the_loss_of_its_own_input(stage: str, bridges: bool) -> None:
    hall = Hall()
    hall.stages |= {"UPS-A": stage, "UPS-B": "off"}
    assert refused(hall, "52-ACB-UA") is not bridges


@pytest.mark.parametrize(
    ("stage", "soc_pu", "bridges"),
    [("grid_forming", 0.1, True), ("grid_forming", 0.09, False), ("grid_following", 0.9, False)],
)
def test_storage_on_direct_current_bridges_while_it_holds_the_bus(
    stage: str, soc_pu: float, bridges: bool
) -> None:
    hall = Hall()
    at_stage("ESS-2", stage)(hall)
    hall.said["ESS-2", "soc_pu"] = soc_pu
    hall.stages["HVDC-B"] = "off"
    for item in hall.site.of_nature("ai_rack"):
        hall.said[item.id, "soc_pu"] = 0.0
    assert refused(hall, "52-VCB-HA") is not bridges


def test_storage_that_only_follows_on_alternating_current_bridges_nothing() -> None:
    hall = Hall()
    hall.stages |= {"UPS-A": "static_bypass", "UPS-B": "off", "ESS-1": "grid_following"}
    hall.positions["52-VCB-MB"] = OPEN
    assert refused(hall, "52-VCB-MA")


def test_an_automaton_lets_storage_go_and_a_person_does_not_lose_the_load_for_it() -> None:
    hall = Hall()
    several(outage, at_stage("ESS-1", "grid_forming"))(hall)
    hall.positions |= {"52-VCB-GA": OPEN, "52-VCB-EA": CLOSED}
    for item in hall.site.of_nature("ups", "rectifier", "ai_rack"):
        hall.said[item.id, "soc_pu"] = 0.0
    assert refused(hall, "52-VCB-EA"), "nothing else carries it"
    assert not refused(hall, "ESS-1", "grid_following")
    assert refused(hall, "ESS-1", "grid_following", by_person=True)


@pytest.mark.parametrize(("variant", "bridges"), [("sts", True), ("ats", False)])
def test_a_switch_that_takes_its_time_bridges_nothing(variant: str, bridges: bool) -> None:
    drawn = params()
    switch = replace(drawn.site.equipment["STS-1"], variant=variant)
    items = MappingProxyType({**drawn.site.equipment, "STS-1": switch})
    site = replace(drawn.site, equipment=items)
    hall = Hall(replace(drawn, site=site, points=tabulate(site)))
    hall.stages["UPS-A"] = "static_bypass"
    hall.positions |= {f"52-MCCB-SA{n}": OPEN for n in range(1, 5)}
    hall.stages |= {"SS-3": "off"}
    assert refused(hall, "52-ACB-UA") is not bridges
