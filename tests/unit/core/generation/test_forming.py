"""Storage holds a section when no machine does, alone, and gives it back."""

from __future__ import annotations

import pytest

from tests.hall import OPEN
from tests.unit.core.generation.yard import Yard


def without_sets() -> Yard:
    """Return a hall that has lost its mains, and whose sets will not come."""
    yard = Yard()
    yard.fail_sets()
    yard.hall.lose_mains()
    return yard


def held() -> Yard:
    """Return a hall in which storage holds section A."""
    yard = without_sets()
    assert yard.run(20.0, lambda: _carries(yard))
    return yard


def bring_a_set(yard: Yard) -> None:
    """Let one set be available after all, and come at once."""
    del yard.hall.said["DG-1", "available"]
    yard.hall.start_s["DG-1"] = 0.5


def _carries(yard: Yard) -> bool:
    told = yard.hall.happened("stage", "ESS-1")
    return bool(told) and told[-1].fields["stage"] == "carrying"


@pytest.mark.fault("F44")
def test_it_waits_for_sets_that_may_come_and_holds_the_section_when_they_are_late() -> None:
    yard = Yard()
    yard.hall.start_s |= dict.fromkeys(yard.hall.start_s, 100.0)
    yard.hall.lose_mains()
    yard.run(30.0)
    assert yard.orders == []
    assert yard.run(10.0, lambda: _carries(yard))
    assert yard.orders[0] == "grid_forming"
    assert yard.hall.sources_of("MVA") == {"ESS-1"}
    assert not yard.hall.sources_of("MVB")


@pytest.mark.fault("F48")
def test_rows_are_off_the_board_before_it_is_told_to_form() -> None:
    yard = without_sets()
    assert yard.run(20.0, lambda: bool(yard.orders))
    assert yard.shut_rows()


def test_a_set_that_comes_closes_in_step_and_storage_follows() -> None:
    yard = held()
    bring_a_set(yard)
    assert yard.run(20.0, lambda: yard.closed("52-VCB-GA"))
    assert yard.hall.told("52-VCB-GA") == ["close_in_sync"]
    yard.run(0.2)
    assert yard.stage("ESS-1") == "at_rest"
    assert yard.hall.stages["ESS-1"] == "grid_following"


def test_mains_that_come_back_close_in_step_too() -> None:
    yard = held()
    yard.hall.utilities = dict.fromkeys(yard.hall.utilities, True)
    assert yard.run(40.0, lambda: yard.closed("52-VCB-MA"))
    assert yard.hall.told("52-VCB-MA")[-1] == "close_in_sync"


def test_without_synchronism_it_lets_go_and_the_feeder_closes_onto_a_dead_section() -> None:
    yard = held()
    yard.hall.synchronism_s = 100.0
    bring_a_set(yard)
    assert yard.run(20.0, lambda: yard.hall.sources_of("MVA") == {"DG-1"})
    assert yard.hall.told("52-VCB-GA") == ["close_in_sync", "close"]
    assert "grid_following" in yard.orders


@pytest.mark.fault("F53")
def test_nothing_else_closes_while_it_is_about_to_form_and_it_is_given_up_in_time() -> None:
    yard = without_sets()
    yard.form_s = None
    assert yard.run(20.0, lambda: bool(yard.orders))
    bring_a_set(yard)
    yard.run(4.0)
    assert yard.hall.told("52-VCB-GA") == []
    assert yard.run(10.0, lambda: yard.hall.sources_of("MVA") == {"DG-1"})
    assert yard.hall.told("52-VCB-GA") == ["close"]


def test_a_store_without_charge_is_not_called() -> None:
    yard = without_sets()
    yard.hall.said["ESS-1", "soc_pu"] = 0.1
    yard.run(10.0)
    assert yard.orders == []


def test_a_charge_that_cannot_be_read_calls_nobody() -> None:
    yard = without_sets()
    yard.hall.hidden.add(("ESS-1", "soc_pu"))
    yard.run(10.0)
    assert yard.orders == []


def test_it_lets_go_at_the_floor_of_its_charge() -> None:
    yard = held()
    yard.hall.said["ESS-1", "soc_pu"] = 0.09
    yard.run(2.0)
    assert yard.stage("ESS-1") == "unable"
    assert not yard.hall.sources_of("MVA")


@pytest.mark.fault("F35")
def test_a_section_with_a_fault_is_left_and_the_other_is_held() -> None:
    yard = without_sets()
    yard.hall.said["52-VCB-MA", "lockout_86"] = 1.0
    yard.hall.said["R-MVA", "trip_87"] = 1.0
    assert yard.run(40.0, lambda: _carries(yard))
    assert yard.hall.sources_of("MVB") == {"ESS-1"}
    assert not yard.hall.sources_of("MVA")


def test_a_store_that_is_joined_to_no_section_joins_first() -> None:
    yard = without_sets()
    yard.hall.positions["52-VCB-EA"] = OPEN
    assert yard.run(40.0, lambda: _carries(yard))
    assert yard.hall.told("52-VCB-EA") == ["close"]


def test_a_daemon_that_finds_it_forming_takes_that_up() -> None:
    yard = held()
    fresh = Yard(type(yard.hall)(positions=dict(yard.hall.positions)))
    fresh.hall.utilities = dict.fromkeys(fresh.hall.utilities, False)
    fresh.hall.positions |= yard.hall.positions
    fresh.hall.stages |= yard.hall.stages
    fresh.fail_sets()
    fresh.run(5.0)
    assert fresh.stage("ESS-1") == "carrying"
    assert fresh.hall.sources_of("MVA") == {"ESS-1"}
    assert fresh.orders == []
