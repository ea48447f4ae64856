"""Relays of breakers: what trips, when, which way, and what a breaker does that does not obey."""

from __future__ import annotations

import pytest

from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site

INSTANT = {"pickup_50_a": 2000.0}
LATER = {"pickup_50_a": 2000.0, "delay_50_s": 0.4}


def board(feeder: str = "vcb", relay: bool = False, /, **ratings: float) -> Hand:
    """Return a board of a main, a closed and an open feeder, a load on each."""
    extra = [item("R-A", "relay", "A")] if relay else []
    plant = Plant(
        site(
            {"G": 6600.0, "A": 6600.0, "B": 6600.0, "C": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-M", "breaker", "G A", current_a=1250.0, **LATER),
                item("52-B", "breaker", "A B", variant=feeder, current_a=400.0, **ratings),
                item("52-C", "breaker", "A C", normally="open", current_a=400.0, **INSTANT),
                item("R", "it_rack", "B", power_w=1e5),
                *extra,
            ],
        )
    )
    hand = Hand(plant)
    hand.run(1.0)
    return hand


def short(hand: Hand, bus: str, kind: str = "three_phase") -> None:
    hand.plant.inject(bus, "fault", {"kind": kind, "ohm": 0.0})


def opened_ms(hand: Hand, breaker: str) -> float:
    """Return when a breaker opened, after the first second [ms]."""
    (event,) = hand.happened(breaker, "opened")
    return (event.at_ns - S) / 1e6


def test_a_fault_on_a_feeder_opens_the_feeder_alone() -> None:
    hand = board(**INSTANT)
    short(hand, "B")
    hand.run(4.0)
    assert opened_ms(hand, "52-B") == pytest.approx(20.0 + 50.0, abs=0.01)
    assert hand.happened("52-M", "tripped") == []
    assert hand.plant.read("52-B", "trip_50") == hand.plant.read("52-B", "lockout_86") == 1.0
    assert hand.plant.quantity("A", "live") == 1.0


@pytest.mark.parametrize(("pickup_a", "within_ms"), [(2000.0, (5.0, 10.0)), (9000.0, (5.0, 10.0))])
def test_a_moulded_case_cuts_a_high_current_before_its_first_peak(
    pickup_a: float, within_ms: tuple[float, float]
) -> None:
    hand = board("mccb", pickup_50_a=pickup_a)
    short(hand, "B")
    hand.run(2.0)
    assert within_ms[0] <= opened_ms(hand, "52-B") <= within_ms[1]


def test_a_moulded_case_takes_ten_to_twenty_milliseconds_below_that() -> None:
    hand = board("mccb", pickup_50_a=2000.0)
    hand.plant.inject("B", "fault", {"kind": "three_phase", "ohm": 1.0})
    hand.run(2.0)
    assert hand.happened("52-B", "tripped")
    assert 10.0 <= opened_ms(hand, "52-B") <= 20.0


@pytest.mark.fault("F33")
def test_a_stuck_breaker_trips_what_feeds_it_and_holds_its_neighbours_open() -> None:
    hand = board(**INSTANT)
    hand.plant.inject("52-B", "fail_to_open", {})
    short(hand, "B")
    hand.run(3.0)
    (trip,) = hand.happened("52-M", "tripped")
    assert trip.fields["element"] == "50BF"
    # 20 ms of the 50 of the feeder, then 200 ms of the breaker failure
    assert (trip.at_ns - S) / 1e6 == pytest.approx(220.0, abs=0.01)
    assert hand.plant.read("52-B", "failure_50bf") == 1.0
    assert hand.plant.read("52-M", "lockout_86") == 1.0
    assert hand.plant.quantity("A", "live") == 0.0
    assert not hand.command("52-C", "close")
    hand.command("52-B", "reset")
    assert hand.command("52-C", "close")


@pytest.mark.fault("F33")
def test_a_stuck_breaker_that_carries_no_fault_trips_nothing_upstream() -> None:
    hand = board(**INSTANT)
    hand.plant.inject("52-B", "fail_to_open", {})
    hand.command("52-B", "open")
    hand.run(3.0)
    assert hand.plant.read("52-B", "failure_50bf") == 1.0
    assert hand.happened("52-M", "tripped") == []


@pytest.mark.fault("F36")
def test_a_closing_order_that_stands_closes_once() -> None:
    hand = board(pickup_27_pu=0.8, delay_27_s=0.1)
    hand.command("52-B", "open")
    hand.run(2.0)
    hand.plant.inject("52-B", "hold_close", {})
    hand.run(3.0)
    assert hand.plant.quantity("52-B", "closed") == 1.0
    hand.plant.inject("U", "sag", {"depth_pu": 0.5, "for_s": 1.0})  # 27 trips, without lockout
    hand.run(20.0)
    assert hand.plant.quantity("52-B", "closed") == 0.0
    assert hand.plant.read("52-B", "close_count") == 1.0
    assert not hand.command("52-B", "close")
    hand.plant.inject("52-B", "clear", {})
    assert hand.command("52-B", "close")


def test_the_bus_differential_clears_its_bus_and_holds_the_open_feeder_open() -> None:
    hand = board("vcb", True, **INSTANT)
    short(hand, "A")
    hand.run(2.0)
    assert opened_ms(hand, "52-M") == pytest.approx(25.0 + 50.0, abs=0.01)
    assert hand.plant.read("R-A", "trip_87") == 1.0
    assert not hand.command("52-C", "close")
    hand.plant.inject("R-A", "clear", {})
    assert hand.command("52-C", "close")


def test_the_bus_relay_shows_what_its_breakers_have_picked_up() -> None:
    hand = board("vcb", True, **INSTANT)
    short(hand, "B")
    hand.run(1.01)
    assert hand.plant.read("R-A", "pickup_50") == 1.0
    hand.run(2.0)
    assert hand.plant.read("R-A", "pickup_50") == 0.0
    assert hand.plant.read("R-A", "trip_87") == 0.0


@pytest.mark.parametrize(("bus", "trips"), [("A", False), ("D", True)])
def test_67_trips_when_the_current_flows_towards_the_source_and_then_alone(
    bus: str, trips: bool
) -> None:
    plant = Plant(
        site(
            {"G": 6600.0, "A": 6600.0, "D": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-M", "breaker", "G A", current_a=1250.0, **LATER),
                item(
                    "52-D",
                    "breaker",
                    "D A",
                    current_a=630.0,
                    pickup_67_a=300.0,
                    delay_67_s=0.1,
                ),
                item("U2", "utility", "D", **MAINS),
                item("P", "pump", "A", power_w=1e6),
            ],
        )
    )
    hand = Hand(plant)
    hand.run(1.0)
    short(hand, bus)
    hand.run(1.3)
    by_67 = [e for e in hand.happened("52-D", "tripped") if e.fields["element"] == "67"]
    assert bool(by_67) is trips
    assert plant.quantity("A", "live") == float(trips)


@pytest.mark.parametrize(
    ("setting", "limit", "event", "value", "flag"),
    [
        ("59_pu", 1.15, "voltage", {"voltage_pu": 1.2}, "trip_59"),
        ("27_pu", 0.7, "voltage", {"voltage_pu": 0.6}, "trip_27"),
        ("81u_hz", 59.0, "frequency", {"frequency_hz": 58.5}, "trip_81"),
        ("81o_hz", 61.0, "frequency", {"frequency_hz": 61.5}, "trip_81"),
    ],
)
def test_guards_trip_after_their_time_without_lockout(
    setting: str, limit: float, event: str, value: dict[str, float], flag: str
) -> None:
    delay = f"delay_{setting.split('_', maxsplit=1)[0]}_s"
    hand = board(**{f"pickup_{setting}": limit, delay: 0.3})
    hand.plant.inject("U", event, value)
    hand.run(1.25)
    assert hand.happened("52-B", "tripped") == []
    hand.run(2.0)
    assert opened_ms(hand, "52-B") == pytest.approx(300.0 + 50.0, abs=0.01)
    assert hand.plant.read("52-B", flag) == 1.0
    assert hand.plant.read("52-B", "lockout_86") == 0.0
    assert hand.plant.quantity("52-M", "closed") == 1.0


def test_a_jump_of_frequency_is_a_rate_of_change() -> None:
    hand = board(pickup_81r_hz_s=2.0)
    hand.plant.inject("U", "frequency", {"frequency_hz": 59.5})
    hand.run(1.5)
    assert hand.plant.read("52-B", "trip_81") == 1.0


def test_power_towards_the_source_trips_the_32() -> None:
    hand = board()
    plant = Plant(
        site(
            {"G": 6600.0, "A": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-M", "breaker", "G A", current_a=630.0, pickup_32_w=2e5, delay_32_s=0.5),
                item("PV", "pv", "A", power_w=1e6),
            ],
        )
    )
    hand = Hand(plant)
    hand.run(2.0)
    assert plant.read("52-M", "power_w") < -2e5 or hand.happened("52-M", "tripped")
    assert plant.read("52-M", "trip_32") == 1.0


def test_the_island_group_is_not_active_on_the_utility() -> None:
    hand = board(pickup_51v_a=100.0, delay_51v_s=0.1)
    short(hand, "B")
    hand.run(3.0)
    assert hand.happened("52-B", "tripped") == []
    assert hand.happened("52-M", "tripped")


def test_the_island_group_sees_what_an_inverter_can_give() -> None:
    # 1.5 times 3 MVA is 394 A: less than the 600 A which this feeder may carry.
    plant = Plant(
        site(
            {"A": 6600.0, "B": 6600.0},
            [
                item("ESS", "ess", "A", power_w=3e6, energy_wh=6e6, ramp_w_s=30e6),
                item(
                    "52-B",
                    "breaker",
                    "A B",
                    current_a=630.0,
                    pickup_51_a=600.0,
                    pickup_51v_a=300.0,
                    delay_51v_s=0.1,
                ),
                item("R", "it_rack", "B", power_w=1e5),
            ],
        )
    )
    hand = Hand(plant)
    hand.run(0.5)
    assert hand.command("ESS", "grid_forming")
    hand.run(2.0)
    short(hand, "B")
    hand.run(3.0)
    (trip,) = hand.happened("52-B", "tripped")
    assert trip.fields["element"] == "51V"
    assert trip.at_ns / S == pytest.approx(2.1, abs=1e-3)
    assert plant.quantity("A", "live") == 1.0
