"""On-site sources come back when the bus is live from a stable utility, and in synchronism."""

from __future__ import annotations

from tests.hall import OPEN, Hall, settled


def parted() -> Hall:
    """Return a hall whose SMR and PV are off a live bus."""
    hall = settled()
    hall.positions |= {"52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    return hall


def test_they_wait_for_the_bus_to_be_stable() -> None:
    hall = settled()
    hall.lose_mains()
    hall.run(30.0)
    assert hall.told("52-GCB-SMR") == hall.told("52-GCB-PV") == []
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(20.0)
    assert hall.told("52-GCB-SMR") == []
    hall.run(4.0)
    assert hall.told("52-GCB-SMR") == ["close_in_sync"]


def test_what_holds_its_own_voltage_synchronises_and_what_waits_for_the_grid_does_not() -> None:
    hall = parted()
    hall.run(8.0)
    assert hall.told("52-GCB-SMR") == ["close_in_sync"]
    hall = parted()
    hall.stages |= {"PV-1": "waiting"}
    hall.run(8.0)
    assert hall.told("52-GCB-PV") == ["close"]


def test_a_breaker_that_is_normally_open_stays_open() -> None:
    hall = parted()
    hall.run(20.0)
    assert hall.told("52-GCB-GT") == []


def test_one_that_does_not_close_is_left_to_a_person_after_three_tries() -> None:
    hall = parted()
    hall.stuck = {"52-GCB-SMR"}
    hall.run(150.0)
    assert hall.told("52-GCB-SMR") == ["close_in_sync"] * 3
    assert hall.happened("stage", "SMR-1")[-1].fields["stage"] == "held"


def test_a_tripped_breaker_is_not_closed() -> None:
    hall = parted()
    hall.said["52-GCB-SMR", "lockout_86"] = 1.0
    hall.run(20.0)
    assert hall.told("52-GCB-SMR") == []
    (refused, *_) = hall.happened("command_refused", "52-GCB-SMR")
    assert refused.fields["interlock"] == "protection_trip"


def test_a_reactor_that_tripped_is_not_turned_by_the_grid() -> None:
    hall = parted()
    hall.said["SMR-1", "available"] = 0.0
    hall.run(20.0)
    assert hall.told("52-GCB-SMR") == []
    hall.said["SMR-1", "available"] = 1.0
    hall.run(8.0)
    assert hall.told("52-GCB-SMR") == ["close_in_sync"]
