"""Sets: all at once, one onto the dead bus, the others in synchronism, and back to rest."""

from __future__ import annotations

import pytest

from tests.hall import CLOSED, OPEN, Hall, settled

SETS = [f"DG-{n}" for n in range(1, 5)]


def dark() -> Hall:
    """Return a hall a moment after the outage was confirmed."""
    hall = settled()
    hall.lose_mains()
    hall.run(2.0)
    return hall


def test_all_sets_start_once_and_only_after_confirmation() -> None:
    hall = settled()
    hall.lose_mains()
    hall.run(1.7)
    assert not any(map(hall.told, SETS))
    hall.run(5.0)
    assert [hall.told(name) for name in SETS] == [["start"]] * 4


def test_the_first_ready_set_takes_the_dead_bus_whatever_its_number() -> None:
    hall = settled()
    hall.start_s |= {"DG-1": 12.0, "DG-3": 6.0}
    hall.lose_mains()
    hall.run(20.0)
    closings = [(c.equipment, c.action) for c in hall.commands if c.equipment.startswith("52-GCB-")]
    assert closings[0] == ("52-GCB-3", "close")
    assert {action for _, action in closings[1:]} == {"close_in_sync"}


def test_two_sets_ready_in_one_scan_do_not_race_for_the_dead_bus() -> None:
    hall = dark()
    hall.run(15.0)
    plain = [c for c in hall.commands if c.equipment.startswith("52-GCB-") and c.action == "close"]
    assert len(plain) == 1


@pytest.mark.fault("F34")
def test_when_the_first_breaker_does_not_close_the_next_set_takes_the_bus() -> None:
    hall = settled()
    hall.stuck = {"52-GCB-1"}
    hall.lose_mains()
    hall.run(35.0)
    assert hall.sources_of("MVG") >= {"DG-2"}
    assert hall.told("52-GCB-1")[:2] == ["close", "close"]


@pytest.mark.fault("F44")
def test_a_set_that_does_not_come_is_named_and_not_started_again() -> None:
    hall = settled()
    hall.start_s["DG-2"] = None
    hall.lose_mains()
    hall.run(95.0)
    (failed,) = hall.happened("set_failed")
    assert failed.source == "DG-2"
    assert hall.told("DG-2") == ["start"]
    assert hall.messages[-1].values["sets_failed"] == 1
    assert hall.messages[-1].values["capability_w"] == pytest.approx(3 * 3.2e6)


def test_a_set_that_never_says_anything_has_failed_after_its_time() -> None:
    hall = settled()
    hall.stuck = {"DG-4"}
    hall.lose_mains()
    hall.run(91.0)
    assert hall.happened("set_failed", "DG-4") == []
    hall.run(2.0)
    assert len(hall.happened("set_failed", "DG-4")) == 1


@pytest.mark.parametrize(
    ("point", "value"), [("selector", 1.0), ("available", 0.0)], ids=["manual", "unavailable"]
)
def test_a_set_that_is_not_ours_is_left_alone(point: str, value: float) -> None:
    hall = settled()
    hall.said["DG-1", point] = value
    hall.lose_mains()
    hall.run(15.0)
    assert hall.told("DG-1") == []
    assert hall.told("DG-2") == ["start"]


@pytest.mark.fault("F47")
def test_a_set_that_trips_is_not_reclosed_and_counts_no_more() -> None:
    hall = dark()
    hall.run(15.0)
    hall.positions["52-GCB-2"] = OPEN
    hall.stages["DG-2"] = "fault"
    hall.run(5.0)
    assert hall.told("52-GCB-2") == ["close_in_sync"]
    assert hall.messages[-1].values["sets_on_bus"] == 3


def test_an_outage_that_ends_while_they_crank_stops_them_without_closing() -> None:
    hall = settled()
    hall.start_s = dict.fromkeys(SETS, 30.0)
    hall.lose_mains()
    hall.run(3.0)
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(60.0)
    assert not [
        c for c in hall.commands if c.equipment.startswith("52-GCB-") and c.owner == "CCTS-1"
    ]
    assert all(hall.told(name) == ["start", "stop"] for name in SETS)
    assert all(hall.stages[name] == "stopped" for name in SETS)


def test_a_set_run_by_hand_is_not_closed() -> None:
    hall = settled()
    hall.stages["DG-1"] = "ready"
    hall.run(20.0)
    assert hall.told("52-GCB-1") == hall.told("DG-1") == []


def test_a_set_found_on_the_bus_is_taken_as_it_is() -> None:
    hall = dark()
    hall.stages["DG-1"] = "ready"
    hall.positions["52-GCB-1"] = CLOSED
    hall.run(1.0)
    assert hall.told("52-GCB-1") == []
    assert hall.messages[-1].values["sets_on_bus"] == 1


@pytest.mark.fault("F45")
def test_a_set_that_gives_no_voltage_makes_way_for_the_others() -> None:
    hall = settled()
    hall.start_s["DG-2"] = 6.0
    hall.lose_mains()
    assert hall.run(15.0, until=lambda: hall.positions["52-GCB-2"] == CLOSED)
    for equipment, name in (
        ("DG-2", "voltage_ll_v"),
        *((f"52-GCB-{n}", "load_voltage_v") for n in range(1, 5)),
        *((f"52-VCB-G{side}", "source_voltage_v") for side in "AB"),
        ("52-GCB-2", "source_voltage_v"),
    ):
        hall.said[equipment, name] = 3000.0
    assert hall.run(6.0, until=lambda: hall.positions["52-GCB-2"] == OPEN)
    hall.said.clear()
    assert len(hall.happened("set_failed", "DG-2")) <= 1
    hall.run(25.0)
    assert hall.told("52-GCB-2") == ["close", "open"]
    assert hall.positions["52-GCB-1"] == CLOSED
    assert hall.messages[-1].values["sets_failed"] == 1
    assert hall.messages[-1].values["sets_on_bus"] == 3


@pytest.mark.fault("F44")
def test_every_crank_after_the_first_is_told_once() -> None:
    hall = settled()
    hall.start_s["DG-2"] = None
    hall.said["DG-2", "crank_count"] = 3.0  # of the start before
    hall.lose_mains()
    hall.run(1.7)
    for count in (1.0, 2.0, 3.0):
        hall.said["DG-2", "crank_count"] = count
        hall.run(3.0)
    told = hall.happened("set_cranks_again")
    assert [(e.source, e.fields["attempt"]) for e in told] == [("DG-2", 2), ("DG-2", 3)]


@pytest.mark.fault("F45")
def test_a_set_that_runs_without_voltage_is_never_closed() -> None:
    hall = settled()
    hall.said["DG-1", "voltage_ll_v"] = 3000.0
    hall.lose_mains()
    hall.run(20.0)
    (failed,) = hall.happened("set_failed")
    assert failed.source == "DG-1"
    assert hall.told("52-GCB-1") == []
    assert hall.messages[-1].values["sets_on_bus"] == 3


@pytest.mark.parametrize(
    ("device", "attempts"), [("cranking", [2]), ("resting", [2]), ("running_up", [])]
)
def test_an_attempt_is_told_while_the_set_still_cranks(device: str, attempts: list[int]) -> None:
    hall = dark()
    hall.start_s["DG-1"] = 60.0
    hall.stages["DG-1"] = device
    hall.said["DG-1", "crank_count"] = 2.0
    hall.run(0.5)
    told = hall.happened("set_cranks_again", "DG-1")
    assert [event.fields["attempt"] for event in told] == attempts


def test_a_set_that_fails_on_the_bus_is_told_once_with_what_it_was_doing() -> None:
    hall = dark()
    assert hall.run(20.0, until=lambda: bool(hall.happened("set_on_bus", "DG-1")))
    hall.stages["DG-1"] = "fault"
    hall.run(1.0)
    (event,) = hall.happened("set_failed", "DG-1")
    assert event.text.startswith("DG-1: failed while ")
    assert event.fields["before"] == "on_bus"


def test_a_failed_set_that_its_relay_has_left_on_the_dead_bus_makes_way_for_the_others() -> None:
    hall = settled()
    hall.start_s |= {"DG-2": 6.0}
    hall.lose_mains()
    assert hall.run(15.0, until=lambda: hall.told("52-GCB-2") == ["close"])
    hall.stages["DG-2"] = "fault"  # on the way: the breaker closes all the same
    hall.start_s |= {"DG-2": None}
    hall.run(1.5)
    assert hall.told("52-GCB-2") == ["close"], "its own relay has its time"
    hall.run(25.0)
    assert hall.told("52-GCB-2") == ["close", "open"]
    assert hall.positions["52-GCB-1"] == CLOSED


def test_a_set_that_somebody_else_started_is_taken_along_and_not_started_again() -> None:
    hall = settled()
    hall.stages["DG-1"] = "ready"
    hall.lose_mains()
    hall.run(3.0)
    assert hall.told("DG-1") == []
    assert hall.told("52-GCB-1") == ["close"]
