"""The gas turbine is called when sets are not enough, holds the delivery bus, and gives it back."""

from __future__ import annotations

import pytest

from daemon.core.generation import turbine
from tests.hall import OPEN, Hall, params, settled

GCB = "52-GCB-GT"
SETS = ("DG-1", "DG-2", "DG-3", "DG-4")


def lost(sets: tuple[str, ...] = ()) -> Hall:
    """Return a hall that has lost its mains, with the sets that come."""
    hall = settled()
    hall.said |= {(name, "available"): 0.0 for name in SETS if name not in sets}
    hall.start_s |= dict.fromkeys(SETS, 2.0)
    hall.start_s["GT-1"] = 3.0
    hall.lose_mains()
    return hall


def stage(hall: Hall) -> str:
    """Return the last stage of the turbine."""
    told = hall.happened("stage", "GT-1")
    return str(told[-1].fields["stage"]) if told else "at_rest"


def island() -> Hall:
    """Return a hall in which the turbine holds the delivery bus and both sections."""
    hall = lost()
    assert hall.run(30.0, lambda: hall.sources_of("MVB") == {"GT-1"})
    return hall


@pytest.mark.fault("F44")
def test_it_is_called_when_no_set_is_left() -> None:
    hall = lost()
    hall.run(6.0)
    assert hall.told("GT-1") == []
    hall.run(2.0)
    assert hall.told("GT-1") == ["start"]


def test_it_is_not_called_while_sets_may_come() -> None:
    hall = lost(SETS)
    hall.start_s |= dict.fromkeys(SETS, 60.0)
    hall.run(20.0)
    assert hall.told("GT-1") == []


def test_it_is_called_when_the_sets_that_came_cannot_carry_all() -> None:
    hall = lost(("DG-1",))
    hall.run(15.0)
    assert hall.told("GT-1") == ["start"]


def test_it_is_not_called_beside_sets_that_carry_all() -> None:
    hall = lost(SETS)
    hall.run(20.0)
    assert hall.told("GT-1") == []


def test_a_long_outage_calls_it_in_any_case() -> None:
    hall = lost(SETS)
    hall.params = params(turbine=turbine.Params(long_outage_s=10.0))
    hall.run(9.5)
    assert hall.told("GT-1") == []
    hall.run(1.0)
    assert hall.told("GT-1") == ["start"]


def test_sections_follow_onto_the_island_one_after_the_other_without_the_rows() -> None:
    hall = island()
    assert hall.told(GCB) == ["close"]
    assert hall.sources_of("MVA") == {"GT-1"}
    assert hall.told("52-VCB-MA")[-1:] == hall.told("52-VCB-MB")[-1:] == ["close"]
    closed = [
        (c.issued_at_ns, c.equipment)
        for c in hall.commands
        if c.action == "close" and c.equipment in {"52-VCB-MA", "52-VCB-MB"}
    ]
    between_s = params().control.main_tie_main.between_blocks_s
    assert closed[1][0] - closed[0][0] >= between_s * 1e9
    assert "close" not in hall.told("52-VCB-HA") + hall.told("52-VCB-HB")


def test_the_reactor_joins_the_island_and_the_sun_does_not() -> None:
    hall = island()
    hall.run(10.0)
    assert hall.told("52-GCB-SMR") == ["close_in_sync"]
    assert hall.told("52-GCB-PV") == []


def test_a_set_that_comes_later_takes_nothing_from_the_island() -> None:
    hall = island()
    del hall.said["DG-1", "available"]
    hall.run(8.0)
    assert hall.sources_of("MVG") == {"DG-1"}
    assert "DG-1" not in hall.sources_of("MVA") | hall.sources_of("MVB")


def test_the_utility_takes_the_island_over_in_step_and_the_turbine_gives_back() -> None:
    hall = island()
    hall.said["GT-1", "power_w"] = -2e6
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(10.0)
    assert stage(hall) == "joined", "nobody else feeds the sections yet"
    assert hall.run(20.0, lambda: "U-A" in hall.sources_of("MVA"))
    assert hall.told("52-VCB-IN")[-1:] == ["close_in_sync"]
    hall.run(2.0)
    assert stage(hall) == "unloading"
    assert "open" not in hall.told(GCB)
    hall.said["GT-1", "power_w"] = -0.05e6
    hall.run(10.0)
    assert hall.told(GCB) == ["close", "open"]
    assert hall.told("GT-1") == ["start", "stop"]
    assert stage(hall) == "at_rest"


def test_a_turbine_that_feeds_nobody_leaves_before_the_utility_comes() -> None:
    hall = lost()
    hall.stuck = {"52-VCB-MA", "52-VCB-MB"}
    hall.positions |= dict.fromkeys(hall.stuck, OPEN)
    assert hall.run(30.0, lambda: stage(hall) == "joined")
    hall.utilities = dict.fromkeys(hall.utilities, True)
    hall.run(20.0)
    assert hall.told(GCB) == ["close", "open"]


@pytest.mark.fault("F47")
def test_one_that_trips_is_failed_and_its_sections_await_another_source() -> None:
    hall = island()
    hall.stages["GT-1"] = "fault"
    hall.run(3.0)
    assert stage(hall) == "failed"
    assert not hall.sources_of("MVA")
    assert hall.happened("stage", "CCTS-1")[-1].fields["stage"] == "awaiting"


def test_it_does_not_close_while_the_intake_is_not_known_to_be_open() -> None:
    hall = lost()
    hall.hidden.add(("52-VCB-IN", "position"))
    hall.run(20.0)
    assert stage(hall) == "ready"
    assert hall.told(GCB) == []


def test_a_daemon_that_finds_it_on_the_bus_takes_that_up() -> None:
    before = island()
    fresh = Hall()
    fresh.positions |= before.positions
    fresh.stages |= before.stages
    fresh.utilities |= before.utilities
    fresh.said |= before.said
    fresh.run(5.0)
    assert stage(fresh) == "joined"
    assert fresh.sources_of("MVA") == {"GT-1"}
