"""Every actuator is commanded by one lane: what switches by the one, what is set by the other."""

from __future__ import annotations

import pytest

from daemon.core.ownership import lane_of
from daemon.model.commands import Proposal
from tests.hall import site_file

SITE = site_file()[0]
MAIN = (
    "ESS-1",
    "CH-1",
    "RACK-1-1",
    "HVDC-A",
    "NET-1",
    "CDU-A",
    "PV-1",
    "ROW-1",
    "REC-A",
    "TX-P-A",
    "PQ-B",
)
SWITCHING = ("52-VCB-MA", "DG-1", "GT-1", "SMR-1", "UPS-A", "STS-1", "ATS-M1", "ALTS-1", "CCTS-1")


def lane(equipment: str, point: str) -> str:
    return lane_of(SITE, Proposal(equipment, point, "stop", 0.0, "kim", ""))


@pytest.mark.parametrize(
    ("equipment", "owner"),
    [*((name, "main") for name in MAIN), *((name, "switching") for name in SWITCHING)],
)
def test_what_switches_belongs_to_one_lane_and_what_is_set_to_the_other(
    equipment: str, owner: str
) -> None:
    assert lane(equipment, "command") == owner
    assert lane(equipment, "power_setpoint_w") == "main"


def test_a_scheme_or_what_nobody_knows_is_for_the_lane_that_switches() -> None:
    assert (
        lane("CCTS-1", "scheme") == lane("X-9", "command") == lane("X-9", "scheme") == "switching"
    )
    assert lane("X-9", "power_setpoint_w") == "main"
