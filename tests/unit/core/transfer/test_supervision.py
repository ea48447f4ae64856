"""What UPS, STS and ATS do by themselves is verified and told, and asked for once if missing."""

from __future__ import annotations

import pytest

from tests.hall import OPEN, settled


def test_a_ups_on_battery_and_back_is_told() -> None:
    hall = settled()
    hall.stages["UPS-A"] = "battery"
    hall.run(0.5)
    hall.stages["UPS-A"] = "walk_in"
    hall.run(0.5)
    hall.stages["UPS-A"] = "normal"
    hall.run(0.5)
    told = [e.name for e in hall.events if e.source == "UPS-A"]
    assert told == ["ups_on_battery", "ups_walk_in", "ups_on_input"]


@pytest.mark.fault("F51")
@pytest.mark.parametrize("stage", ["static_bypass", "maintenance_bypass"])
def test_a_ups_on_bypass_is_told_as_unprotected(stage: str) -> None:
    hall = settled()
    hall.stages["UPS-B"] = stage
    hall.run(0.1)
    (event,) = hall.happened("ups_on_bypass", "UPS-B")
    assert "unprotected" in event.text


@pytest.mark.fault("F41")
def test_a_switch_that_moves_by_itself_is_told_and_not_commanded() -> None:
    hall = settled()
    hall.positions["52-ACB-A2"] = OPEN
    hall.run(0.1)
    hall.connected |= {"ATS-M1": 2, "ATS-M3": 2}
    hall.run(6.0)
    assert len(hall.happened("transferred", "ATS-M1")) == 1
    assert hall.told("ATS-M1") == []


def test_a_switch_that_does_not_move_is_told_and_asked_once() -> None:
    hall = settled()
    hall.stuck = {"ATS-M1"}
    hall.positions["52-ACB-A2"] = OPEN
    hall.run(4.5)
    assert hall.happened("transfer_failed") == []
    hall.run(20.0)
    assert {e.source for e in hall.happened("transfer_failed")} == {"ATS-M1", "ATS-M3"}
    assert hall.told("ATS-M1") == ["to_source_2"]


def test_a_silent_switch_is_no_verdict() -> None:
    hall = settled()
    hall.positions["52-ACB-A2"] = OPEN
    hall.silent = {"ATS-M1", "ATS-M3"}
    hall.run(10.0)
    assert hall.happened("transfer_failed") == []
