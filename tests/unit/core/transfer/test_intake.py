"""ALTS: to the healthy feed, never to a dead one, never onto an island, not for ever."""

from __future__ import annotations

import pytest

from daemon.core.transfer import intake
from daemon.model.commands import OperatorRequest, Proposal
from tests.hall import CLOSED, OPEN, Hall, params, settled


def lose_a(hall: Hall) -> None:
    """Lose the feed the switch stands on; loss of mains parts the on-site sources."""
    hall.utilities["U-A"] = False
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}


def test_it_goes_to_the_healthy_feed_and_the_intake_follows() -> None:
    hall = settled()
    lose_a(hall)
    assert hall.run(3.0, until=lambda: "U-B" in hall.sources_of("MVA"))
    assert hall.told("ALTS-1") == ["to_source_2"]
    hall.run(5.0)
    assert not hall.happened("outage_confirmed")
    assert not any(hall.told(f"DG-{n}") for n in range(1, 5))


@pytest.mark.fault("F42")
def test_a_short_dip_does_not_move_it() -> None:
    hall = settled()
    lose_a(hall)
    hall.run(0.4)
    hall.utilities["U-A"] = True
    hall.run(3.0)
    assert hall.told("ALTS-1") == []


def test_it_leaves_a_feed_that_does_not_arrive() -> None:
    hall = settled()
    hall.positions |= {"52-GCB-UA": OPEN, "52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    assert hall.run(3.0, until=lambda: "U-B" in hall.sources_of("MVA"))
    assert hall.told("ALTS-1") == ["to_source_2"]


def test_it_does_not_go_where_nothing_arrives() -> None:
    hall = settled()
    hall.positions["52-GCB-UB"] = OPEN
    lose_a(hall)
    hall.run(10.0)
    assert hall.told("ALTS-1") == []


def test_it_does_not_go_to_a_dead_feed() -> None:
    hall = settled()
    hall.utilities["U-B"] = False
    lose_a(hall)
    hall.run(10.0)
    assert hall.told("ALTS-1") == []


@pytest.mark.fault("F38")
def test_it_does_not_move_while_an_island_hangs_on_it() -> None:
    hall = settled()
    hall.utilities["U-A"] = False
    hall.said |= {("R-UA", "pickup_27"): 1.0, ("M-UA", "voltage_v"): 0.0}
    hall.run(2.0)
    assert hall.told("ALTS-1") == []
    (refused, *_) = hall.happened("command_refused", "ALTS-1")
    assert refused.fields["interlock"] == "onto_island"


def test_it_stays_where_it_is_when_the_preferred_feed_returns() -> None:
    hall = settled()
    lose_a(hall)
    hall.run(5.0)
    hall.utilities["U-A"] = True
    hall.run(30.0)
    assert hall.told("ALTS-1") == ["to_source_2"]


def test_it_goes_back_after_its_time_where_the_site_wants_that() -> None:
    eager = intake.Params(return_to_source_1=True, return_s=10.0)
    hall = Hall(params=params(intake=eager))
    hall.run(17.0)
    hall.positions |= {"52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    hall.stages["SMR-1"] = hall.stages["PV-1"] = "tripped"
    lose_a(hall)
    hall.run(5.0)
    hall.utilities["U-A"] = True
    hall.run(24.0)
    assert hall.told("ALTS-1") == ["to_source_2"]
    hall.run(4.0)
    assert hall.told("ALTS-1") == ["to_source_2", "to_source_1"]


@pytest.mark.fault("F43")
def test_flapping_feeds_end_in_a_lockout_that_a_person_resets() -> None:
    hall = settled()
    for _ in range(4):
        hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
        hall.utilities = {"U-A": False, "U-B": True}
        hall.run(6.0)
        hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
        hall.utilities = {"U-A": True, "U-B": False}
        hall.run(6.0)
    assert len(hall.told("ALTS-1")) == 3
    assert hall.messages[-1].values["stages"]["ALTS-1"] == "lockout"
    reset = Proposal("ALTS-1", "scheme", "reset", 0.0, "", "looked")
    hall.now_ns += 400_000_000_000
    hall.inbox.append(OperatorRequest("r1", "maria", reset))
    hall.run(0.1)
    assert hall.messages[-1].values["stages"]["ALTS-1"] != "lockout"


@pytest.mark.parametrize(("point", "value"), [("selector", 1.0), ("local", 1.0)])
def test_hands_off_on_manual_or_local(point: str, value: float) -> None:
    hall = settled()
    hall.said["ALTS-1", point] = value
    lose_a(hall)
    hall.run(3.0)
    assert hall.told("ALTS-1") == []


@pytest.mark.parametrize(
    "fault", [("52-VCB-IN", "trip_50"), ("R-HV", "trip_87"), ("52-GCB-UA", "trip_51")]
)
def test_it_brings_no_feed_to_a_fault_and_goes_when_that_is_over(fault: tuple[str, str]) -> None:
    hall = settled()
    hall.said[fault] = 1.0
    lose_a(hall)
    hall.positions |= {"52-VCB-IN": CLOSED} if fault[0] == "R-HV" else {fault[0]: OPEN}
    hall.run(3.0)
    assert hall.told("ALTS-1") == []
    assert hall.state.intake.schemes["ALTS-1"].stage is not intake.Stage.LOCKOUT
    del hall.said[fault]
    hall.positions["52-VCB-IN"] = OPEN
    assert hall.run(3.0, until=lambda: "to_source_2" in hall.told("ALTS-1"))
    refused = hall.happened("command_refused", "ALTS-1")
    assert all(event.fields["interlock"] for event in refused)
    assert len(refused) <= 1


def test_while_its_own_logic_acts_the_switch_is_left_alone() -> None:
    hall = settled()
    hall.said["ALTS-1", "inhibited"] = 0.0
    lose_a(hall)
    hall.run(3.0)
    assert hall.told("ALTS-1") == []
    hall.said["ALTS-1", "inhibited"] = 1.0
    assert hall.run(3.0, until=lambda: "to_source_2" in hall.told("ALTS-1"))


def ready() -> Hall:
    """Return a hall whose switch has waited and is held back by the island behind it."""
    hall = settled()
    hall.utilities["U-A"] = False
    hall.said |= {("R-UA", "pickup_27"): 1.0, ("M-UA", "voltage_v"): 0.0}
    hall.run(1.0)
    assert stage(hall) is intake.Stage.READY
    return hall


def stage(hall: Hall) -> intake.Stage:
    return hall.state.intake.schemes["ALTS-1"].stage


def test_a_switch_that_is_ready_and_held_back_says_so_once_and_goes_when_it_may() -> None:
    hall = ready()
    hall.run(20.0)
    assert stage(hall) is intake.Stage.READY, "it waits as long as it takes"
    assert len(hall.happened("command_refused", "ALTS-1")) == 1
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    assert hall.run(0.2, until=lambda: stage(hall) is intake.Stage.MOVING)
    assert hall.run(2.0, until=lambda: stage(hall) is intake.Stage.STANDING)
    assert hall.told("ALTS-1") == ["to_source_2"]


def test_a_switch_that_is_ready_stays_when_its_own_feed_is_back() -> None:
    hall = ready()
    hall.utilities["U-A"] = True
    hall.said.clear()
    hall.run(0.2)
    assert stage(hall) is intake.Stage.STANDING
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    hall.run(3.0)
    assert hall.told("ALTS-1") == []


def test_a_switch_that_is_ready_stays_when_the_other_feed_is_gone_as_well() -> None:
    hall = ready()
    hall.utilities["U-B"] = False
    hall.run(0.2)
    assert stage(hall) is intake.Stage.STANDING


def test_a_switch_that_is_ready_is_left_alone_when_a_person_takes_it() -> None:
    hall = ready()
    hall.said["ALTS-1", "selector"] = 1.0
    hall.run(0.1)
    assert stage(hall) is intake.Stage.UNJUDGED
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    hall.run(2.0)
    assert hall.told("ALTS-1") == []


def test_what_was_waited_for_is_no_reason_to_go_the_other_way() -> None:
    """Its position was not the true one: it stands on the feed that has gone just now."""
    hall = ready()
    hall.connected["ALTS-1"] = 2
    hall.utilities = {"U-A": True, "U-B": False}
    hall.said.clear()
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}
    hall.run(0.45)
    assert hall.told("ALTS-1") == []
    assert hall.run(0.3, until=lambda: "to_source_1" in hall.told("ALTS-1"))
