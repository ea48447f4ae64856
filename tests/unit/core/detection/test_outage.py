"""A loss is a loss when the voters say so for long enough, and not before."""

from __future__ import annotations

import pytest

from daemon.core.detection.outage import judge
from daemon.core.facts import Health
from tests.hall import CLOSED, OPEN, Hall, settled


def lose(hall: Hall) -> None:
    """Lose both feeds and everything behind them at once."""
    hall.utilities = dict.fromkeys(hall.utilities, False)
    hall.positions |= {"52-VCB-IN": OPEN, "52-GCB-SMR": OPEN, "52-GCB-PV": OPEN}


def restore(hall: Hall) -> None:
    """Bring both feeds back."""
    hall.utilities = dict.fromkeys(hall.utilities, True)


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ([True, True, False], Health.HEALTHY),
        ([False, False, True], Health.FAILED),
        ([True, False], Health.UNKNOWN),
        ([True, False, None], Health.UNKNOWN),
        ([None, None, True], Health.HEALTHY),
        ([None, None, None], Health.UNKNOWN),
        ([], Health.UNKNOWN),
    ],
)
def test_the_majority_of_cast_votes_decides(votes: list[bool | None], verdict: Health) -> None:
    assert judge(votes) is verdict


@pytest.mark.fault("F42")
@pytest.mark.parametrize("sag_s", [0.02, 0.1, 0.5, 1.4])
def test_a_sag_starts_nothing(sag_s: float) -> None:
    hall = settled()
    lose(hall)
    hall.run(sag_s)
    restore(hall)
    hall.run(3.0)
    assert hall.happened("outage_detected")
    (ended,) = hall.happened("sag_ended")
    assert ended.fields["lasted_s"] < sag_s + 0.5
    assert not hall.happened("outage_confirmed")
    assert {c.equipment for c in hall.commands} <= {"52-VCB-IN"}


def test_many_sags_are_not_counted() -> None:
    hall = settled()
    for _ in range(6):
        lose(hall)
        hall.run(0.06)
        restore(hall)
        hall.positions["52-VCB-IN"] = CLOSED
        hall.run(12.0)
    assert len(hall.happened("sag_ended")) == 6
    assert {c.equipment for c in hall.commands} <= {"52-GCB-SMR", "52-GCB-PV"}


def test_an_outage_is_confirmed_after_its_time_and_not_before() -> None:
    hall = settled()
    lose(hall)
    hall.run(1.49)
    assert not hall.happened("outage_confirmed")
    hall.run(0.03)
    (event,) = hall.happened("outage_confirmed")
    assert event.fields["lasted_s"] == pytest.approx(1.5, abs=0.011)


@pytest.mark.fault("F43")
def test_every_dip_starts_the_return_time_anew() -> None:
    hall = settled()
    lose(hall)
    hall.run(3.0)
    restore(hall)
    hall.run(14.0)
    hall.utilities = dict.fromkeys(hall.utilities, False)
    hall.run(0.05)
    restore(hall)
    hall.run(14.9)
    assert not hall.happened("mains_returned")
    hall.run(0.2)
    assert hall.happened("mains_returned")


@pytest.mark.fault("F30")
def test_one_lying_relay_is_outvoted() -> None:
    hall = settled()
    for relay in ("R-UA", "R-UB"):
        hall.said |= {(relay, "pickup_27"): 1.0, (relay, "voltage_ll_v"): 0.0}
    hall.run(5.0)
    assert not hall.happened("outage_detected")


def test_silent_voters_are_no_outage() -> None:
    hall = settled()
    hall.silent |= {"R-UA", "R-UB", "M-UA", "M-UB", "52-GCB-UA", "52-GCB-UB"}
    hall.run(5.0)
    assert not hall.happened("outage_detected")
    assert not hall.commands


def test_silent_voters_and_a_dead_delivery_bus_are_an_outage() -> None:
    hall = settled()
    hall.silent |= {"R-UA", "R-UB", "M-UA", "M-UB", "52-GCB-UA", "52-GCB-UB"}
    lose(hall)
    hall.run(2.0)
    assert hall.happened("outage_confirmed")


def test_a_lie_about_the_delivery_bus_makes_no_outage_of_a_sag() -> None:
    hall = settled()
    lose(hall)
    hall.positions["52-VCB-IN"] = CLOSED
    hall.run(0.2)
    hall.said["52-VCB-IN", "load_voltage_v"] = 0.0
    restore(hall)
    hall.run(8.0)
    assert hall.happened("outage_detected")
    assert not hall.happened("outage_confirmed")
    assert hall.told("52-VCB-IN") == []


def test_at_start_no_feed_is_said_to_be_back() -> None:
    hall = Hall()
    hall.run(0.05)
    texts = [e.text for e in hall.happened("feed_stage", "U-A")]
    assert texts == ["U-A: healthy since start, not yet stable"]


def sag_to(hall: Hall, left_pu: float) -> None:
    """Show this voltage wherever a feed is measured."""
    for bus in ("UA", "UB"):
        for item in hall.site.equipment.values():
            name = {"relay": "voltage_ll_v", "breaker": "source_voltage_v", "meter": "voltage_v"}
            if item.buses and item.buses[0] == bus and item.nature in name:
                hall.said[item.id, name[item.nature]] = left_pu * 15_400.0


@pytest.mark.fault("F42")
@pytest.mark.parametrize(("left_pu", "after_s"), [(0.85, 2.5), (0.80, 2.5), (0.7, 1.5)])
def test_the_shallower_a_sag_the_longer_it_is_waited_out(left_pu: float, after_s: float) -> None:
    hall = settled()
    sag_to(hall, left_pu)
    hall.run(after_s - 0.02)
    assert hall.happened("outage_detected")
    assert not hall.happened("outage_confirmed")
    hall.run(0.05)
    assert hall.happened("outage_confirmed")


def test_a_sag_that_deepens_has_the_shorter_time() -> None:
    hall = settled()
    sag_to(hall, 0.85)
    hall.run(1.0)
    sag_to(hall, 0.5)
    hall.run(0.55)
    assert hall.happened("outage_confirmed")
