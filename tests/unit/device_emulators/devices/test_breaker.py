"""Breakers: travel, spring, synchronism check, protection, sticking."""

from __future__ import annotations

import math

import pytest

from daemon.model.plant import MainTieMainScheme, Section
from daemon.settings import load
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, SET, Hand, S, item, site

OPEN, CLOSED, TRAVELLING = 1.0, 2.0, 0.0


def radial(load_w: float = 1e6, **ratings: float) -> Plant:
    """Return a utility that feeds a rack through one breaker."""
    return Plant(
        site(
            {"G": 6600.0, "A": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-1", "breaker", "G A", current_a=630.0, **ratings),
                item("R", "it_rack", "A", power_w=load_w),
            ],
            emulation={"it_rack": {"utilisation_pu": 1.0}},
        )
    )


def two_islands(voltage_pu: float = 1.0) -> Plant:
    """Return a utility and a running set on the two sides of an open breaker."""
    plant = Plant(
        site(
            {"G": 6600.0, "A": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-M", "breaker", "G A", normally="open", current_a=630.0),
                item("DG", "generator", "A", **SET),
                item("P", "pump", "A", power_w=1e6),
            ],
        )
    )
    if voltage_pu != 1.0:
        plant.inject("U", "voltage", {"voltage_pu": voltage_pu})
    hand = Hand(plant)
    hand.command("DG", "start")
    hand.run(12.0)
    assert hand.stage("DG") == "loaded"
    return plant


@pytest.mark.parametrize(
    ("variant", "opening_ms", "closing_ms"),
    [("vcb", 50, 70), ("gcb", 50, 70), ("acb", 70, 80), ("mccb", 20, 30)],
)
def test_contacts_take_their_time_and_show_it(
    variant: str, opening_ms: int, closing_ms: int
) -> None:
    plant = Plant(
        site(
            {"G": 380.0, "A": 380.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-1", "breaker", "G A", variant=variant, current_a=630.0),
            ],
        )
    )
    hand = Hand(plant)
    plant.advance(S)
    hand.command("52-1", "open")
    plant.advance(S + (opening_ms - 1) * 1_000_000)
    assert plant.read("52-1", "position") == TRAVELLING
    assert plant.quantity("A", "live") == 1.0
    hand.run(1.0 + opening_ms / 1e3)
    assert plant.read("52-1", "position") == OPEN
    assert plant.quantity("A", "live") == 0.0
    assert plant.read("52-1", "open_count") == 1.0
    hand.run(2.0)
    hand.command("52-1", "close")
    hand.run(3.0)
    assert [e.at_ns for e in hand.happened("52-1", "closed")] == [2 * S + closing_ms * 1_000_000]


def test_the_spring_must_be_charged_for_the_next_closing() -> None:
    hand = Hand(radial())
    for action in ("open", "close", "open"):
        hand.command("52-1", action)
        hand.run(hand.plant.now_ns / S + 0.2)
    assert hand.plant.read("52-1", "spring_charged") == 0.0
    assert not hand.command("52-1", "close")
    hand.run(6.0)
    assert hand.plant.read("52-1", "spring_charged") == 1.0
    assert hand.command("52-1", "close")


def test_who_has_no_spring_closes_again_at_once() -> None:
    feeder = item("52-1", "breaker", "G A", variant="mccb", current_a=630.0)
    hand = Hand(Plant(site({"G": 380.0, "A": 380.0}, [item("U", "utility", "G", **MAINS), feeder])))
    for action in ("open", "close", "open", "close"):
        assert hand.command("52-1", action)
        hand.run(hand.plant.now_ns / S + 0.2)
    assert len(hand.happened("52-1", "closed")) == 2


@pytest.mark.fault("F36")
def test_open_beats_a_closing_under_way() -> None:
    hand = Hand(radial())
    hand.command("52-1", "open")
    hand.run(1.0)
    hand.command("52-1", "close")
    hand.run(1.03)
    hand.command("52-1", "open")
    hand.run(2.0)
    assert hand.plant.read("52-1", "position") == OPEN
    assert hand.plant.read("52-1", "close_count") == 0.0


def test_a_stuck_breaker_raises_breaker_failure() -> None:
    hand = Hand(radial())
    hand.plant.inject("52-1", "fail_to_open", {})
    hand.command("52-1", "open")
    hand.run(1.0)
    assert hand.plant.quantity("52-1", "closed") == 1.0
    assert hand.plant.read("52-1", "failure_50bf") == 1.0
    hand.plant.inject("any", "clear", {})
    hand.command("52-1", "open")
    hand.run(2.0)
    assert hand.plant.quantity("52-1", "closed") == 0.0


def test_a_breaker_that_fails_to_close_stays_open() -> None:
    hand = Hand(radial())
    hand.command("52-1", "open")
    hand.run(1.0)
    hand.plant.inject("52-1", "fail_to_close", {})
    assert hand.command("52-1", "close")
    hand.run(2.0)
    assert hand.plant.read("52-1", "position") == OPEN
    assert hand.happened("52-1", "failed_to_close")


def test_local_panel_and_truck_refuse_remote_commands() -> None:
    hand = Hand(radial())
    hand.plant.inject("52-1", "local", {})
    assert not hand.command("52-1", "open")
    hand.plant.inject("52-1", "remote", {})
    assert hand.command("52-1", "open")
    hand.run(1.0)
    hand.plant.inject("52-1", "rack_out", {})
    assert not hand.command("52-1", "close")


def test_over_current_of_an_instant_trips_nothing() -> None:
    # A sag doubles the current of a converter until it is on its battery, within the same instant.
    plant = Plant(load("traditional").site)
    plant.inject("U-1", "sag", {"depth_pu": 0.5, "for_s": 0.042})
    assert [e for e in plant.advance(20 * S) if e.name == "tripped"] == []
    assert plant.quantity("52-ACB-U", "closed") == 1.0


def test_inverse_time_over_current_trips_when_the_curve_says_so_and_locks_out() -> None:
    # 1 MW at power factor 0.98 on 6.6 kV is 89 A: twice a pick-up of 44.6 A.
    plant = radial(pickup_51_a=44.6, time_multiplier_51_pu=0.1)
    current = plant.read("52-1", "current_a")
    expected = 0.1 * 0.14 / ((current / 44.6) ** 0.02 - 1.0)
    hand = Hand(plant)
    hand.run(3.0)
    (trip,) = hand.happened("52-1", "tripped")
    assert trip.fields["element"] == "51"
    assert trip.at_ns / S == pytest.approx(expected, abs=0.001)
    assert plant.read("52-1", "lockout_86") == plant.read("52-1", "trip_51") == 1.0
    hand.run(9.0)
    assert not hand.command("52-1", "close")
    assert hand.command("52-1", "reset")
    assert hand.command("52-1", "close")


def test_instantaneous_over_current_trips_at_once() -> None:
    hand = Hand(radial(pickup_50_a=60.0))
    hand.run(0.1)
    (opened,) = hand.happened("52-1", "opened")
    assert opened.at_ns <= 71 * 1_000_000
    assert hand.plant.read("52-1", "trip_50") == 1.0


@pytest.mark.fault("F38")
def test_a_dead_bus_close_is_refused_between_two_live_sides() -> None:
    hand = Hand(two_islands())
    assert not hand.command("52-M", "close")
    hand.run(13.0)
    assert hand.happened("52-M", "close_refused")
    assert hand.plant.quantity("52-M", "closed") == 0.0


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_synchronised_closing_meets_within_five_degrees_and_a_fifth_of_a_hertz(
    seed: int,
) -> None:
    plant = two_islands()
    hand = Hand(plant)
    start = plant.now_ns
    plant.inject("U", "phase_jump", {"angle_deg": 77.0 * seed})
    hand.command("52-M", "close_in_sync")
    grid, breaker = plant.grid, plant.devices["52-M"]
    last = None
    while plant.quantity("52-M", "closed") == 0.0:
        last = grid.gap(*breaker.buses)
        hand.events += plant.advance(plant.now_ns + 1_000_000)
        assert plant.now_ns - start < 5 * S
    assert last is not None
    assert abs(math.degrees(last.angle_rad)) <= 5.0
    assert abs(last.slip_hz) <= 0.2
    assert plant.truth().unsynchronised_closings == ()
    assert len(plant.truth().islands) == 1


def test_without_matching_voltage_the_window_ends_open() -> None:
    plant = two_islands(voltage_pu=0.92)
    hand = Hand(plant)
    hand.command("52-M", "close_in_sync")
    hand.run(25.0)
    assert plant.quantity("52-M", "closed") == 0.0
    assert hand.happened("52-M", "sync_expired")


def test_a_forced_unsynchronised_closing_is_put_on_record() -> None:
    plant = two_islands()
    plant.inject("U", "phase_jump", {"angle_deg": 120.0})
    plant.advance(plant.now_ns + 1_000_000)
    # the mechanism is forced past its own check
    plant.grid.move(plant.devices["52-M"].switch, True, "forced")  # type: ignore[attr-defined]
    events = plant.advance(plant.now_ns + 20_000_000)
    (closing,) = plant.truth().unsynchronised_closings
    assert closing.switch == "52-M"
    assert closing.cause == "forced"
    assert abs(math.degrees(closing.gap.angle_rad)) > 20.0
    assert any(e.name == "unsynchronised_closing" for e in events)


def test_loss_of_mains_opens_the_intake_within_half_a_second_and_not_at_a_dip() -> None:
    scheme = MainTieMainScheme(
        id="C",
        authority="daemon",
        fallback_s=3.0,
        controller="",
        intake="52-IN",
        sections=(Section("A", "52-M", "52-G", ""),),
        tie="",
        generator_bus="M",
        sets={},
        storage_feeders=(),
    )
    plant = Plant(
        site(
            {"G": 6600.0, "H": 6600.0, "A": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-IN", "breaker", "G H", current_a=630.0),
                item("52-M", "breaker", "H A", current_a=630.0),
            ],
            schemes=[scheme],
        )
    )
    hand = Hand(plant)
    plant.inject("U", "sag", {"depth_pu": 1.0, "for_s": 0.3})
    hand.run(2.0)
    assert plant.quantity("52-IN", "closed") == 1.0
    plant.inject("U", "outage", {})
    hand.run(3.0)
    (opened,) = hand.happened("52-IN", "opened")
    assert 2.3 <= opened.at_ns / S <= 2.5
    assert plant.read("52-IN", "trip_27") == 1.0
    assert plant.read("52-IN", "lockout_86") == 0.0
    assert hand.command("52-IN", "close")
