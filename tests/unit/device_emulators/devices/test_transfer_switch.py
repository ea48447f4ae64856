"""Transfer switches: sensing, delays, open and closed transition, phase, back-feed, selectors."""

from __future__ import annotations

import pytest

from daemon.model.plant import IntakeScheme
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site


def switched(variant: str, authority: str = "daemon", **setting: float) -> Plant:
    scheme = IntakeScheme(
        id="T", authority=authority, fallback_s=3.0, switch="T", feeds=("", ""), relays=("", "")
    )
    return Plant(
        site(
            {"A": 380.0, "B": 380.0, "L": 380.0},
            [
                item("UA", "utility", "A", **MAINS),
                item("UB", "utility", "B", **MAINS),
                item(
                    "T",
                    "transfer_switch",
                    "A B L",
                    variant=variant,
                    normally="source_1",
                    watchdog_s=3.0 if variant == "alts" else 0.0,
                    current_a=100.0,
                ),
                item("R", "it_rack", "L", power_w=40e3),
            ],
            schemes=[scheme] if variant == "alts" else [],
            emulation={"transfer_switch": setting},
        )
    )


def test_a_static_switch_transfers_in_four_milliseconds() -> None:
    plant = switched("sts")
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("UA", "outage", {})
    hand.run(1.1)
    (transferred,) = hand.happened("T", "transferred")
    assert transferred.at_ns == S + 4_000_000
    assert plant.read("T", "connected") == 2.0
    assert plant.unfed_ns("R") == ()
    plant.inject("UA", "return", {})
    hand.run(12.0)
    assert plant.read("T", "connected") == 1.0
    assert plant.read("T", "transfer_count") == 2.0
    assert plant.unfed_ns("R") == ()


def test_a_static_switch_does_not_come_back_out_of_phase() -> None:
    plant = switched("sts")
    hand = Hand(plant)
    plant.inject("UA", "outage", {})
    hand.run(1.0)
    plant.inject("UA", "phase_jump", {"angle_deg": 60.0})
    plant.inject("UA", "return", {})
    hand.run(15.0)
    assert plant.read("T", "connected") == 2.0
    assert plant.read("T", "in_sync") == 0.0


def test_an_automatic_switch_waits_and_leaves_a_gap() -> None:
    plant = switched("ats")
    hand = Hand(plant)
    plant.inject("UA", "outage", {})
    hand.run(2.9)
    assert plant.read("T", "connected") == 1.0
    hand.run(3.5)
    (transferred,) = hand.happened("T", "transferred")
    assert transferred.at_ns == pytest.approx(3.15 * S)
    plant.inject("UA", "return", {})
    hand.run(13.0)
    assert plant.read("T", "connected") == 2.0
    hand.run(14.0)
    assert plant.read("T", "connected") == 1.0
    assert plant.truth().unsynchronised_closings == ()


def test_a_short_sag_transfers_nothing() -> None:
    plant = switched("ats")
    hand = Hand(plant)
    for k in range(6):
        plant.inject("UA", "sag", {"depth_pu": 0.7, "for_s": 0.066})
        hand.run(1.0 + k)
    assert plant.read("T", "transfer_count") == 0.0


def test_the_intake_switch_obeys_the_daemon_and_decides_only_without_it() -> None:
    plant = switched("alts")
    hand = Hand(plant)
    plant.inject("UA", "outage", {})
    hand.run(10.0)
    assert plant.read("T", "connected") == 1.0
    assert plant.read("T", "inhibited") == 1.0
    assert hand.command("T", "to_source_2")
    hand.run(11.0)
    assert plant.read("T", "connected") == 2.0


def test_the_intake_switch_takes_over_after_the_silence() -> None:
    plant = switched("alts")
    hand = Hand(plant)
    hand.run(2.0)
    plant.inject("UA", "outage", {})
    hand.run(20.0, beat=False)
    (transferred,) = hand.happened("T", "transferred")
    # last beat at 1.5 s, silence known at 4.5 s, a second of delay, 0.3 s of travel
    assert transferred.at_ns / S == pytest.approx(5.8, abs=0.03)
    assert plant.read("T", "inhibited") == 0.0


def test_a_switch_on_local_or_stuck_does_not_obey() -> None:
    plant = switched("alts")
    hand = Hand(plant)
    plant.inject("T", "local", {})
    assert not hand.command("T", "to_source_2")
    plant.inject("any", "clear", {})
    plant.inject("T", "fail_to_transfer", {})
    hand.command("T", "to_source_2")
    hand.run(1.0)
    assert plant.read("T", "connected") == 1.0


def away(hand: Hand) -> None:
    """Let the switch go to its other source, and the preferred one return."""
    hand.plant.inject("UA", "outage", {})
    hand.run(5.0)
    assert hand.plant.read("T", "connected") == 2.0
    hand.plant.inject("UA", "return", {})


def test_a_source_is_fit_again_only_with_ninety_per_cent() -> None:
    plant = switched("ats")
    hand = Hand(plant)
    away(hand)
    plant.inject("UA", "voltage", {"voltage_pu": 0.88})
    hand.run(30.0)
    assert plant.read("T", "source_1_healthy") == 1.0
    assert plant.read("T", "connected") == 2.0
    plant.inject("UA", "voltage", {"voltage_pu": 0.95})
    hand.run(41.0)
    assert plant.read("T", "connected") == 1.0


def test_it_waits_for_the_voltage_of_motors_to_decay_before_it_closes() -> None:
    times = []
    for residual_s in (0.0, 0.5):
        hand = Hand(switched("ats", residual_s=residual_s))
        away(hand)
        hand.run(20.0)
        first, second = hand.happened("T", "transferred")
        assert first.at_ns == pytest.approx(3.15 * S)  # dead for long: nothing is left
        times.append(second.at_ns / S)
    assert times[0] == pytest.approx(15.15)
    assert times[1] == pytest.approx(15.0 + 0.5 * 1.3863, abs=0.01)  # ln(1 / 0.25)


def test_a_closed_transition_in_phase_interrupts_nothing() -> None:
    plant = switched("ats", closed_transition=1.0)
    hand = Hand(plant)
    away(hand)
    hand.run(14.9)
    lost = plant.unfed_ns("R")
    hand.run(15.03)
    poles = [plant.grid.switches[n].closed for n in plant.devices["T"].poles]  # type: ignore[attr-defined]
    assert poles == [True, True]
    hand.run(15.08)
    poles = [plant.grid.switches[n].closed for n in plant.devices["T"].poles]  # type: ignore[attr-defined]
    assert poles == [True, False]
    assert plant.read("T", "connected") == 1.0
    assert plant.unfed_ns("R") == lost
    assert plant.truth().unsynchronised_closings == ()


@pytest.mark.fault("F46")
def test_a_closed_transition_without_synchronism_becomes_open() -> None:
    plant = switched("ats", closed_transition=1.0, sync_window_s=4.0)
    hand = Hand(plant)
    away(hand)
    plant.inject("UA", "phase_jump", {"angle_deg": 30.0})
    hand.run(18.9)
    assert plant.read("T", "connected") == 2.0
    hand.run(20.0)
    assert plant.read("T", "connected") == 1.0
    assert hand.happened("T", "sync_expired")
    assert plant.truth().unsynchronised_closings == ()


@pytest.mark.fault("F46")
def test_a_closed_transition_waits_for_phase_in_its_window() -> None:
    plant = switched("ats", closed_transition=1.0)
    hand = Hand(plant)
    away(hand)
    plant.inject("UA", "phase_jump", {"angle_deg": -30.0})
    plant.inject("UA", "frequency", {"frequency_hz": 60.06})  # 21.6 degrees a second
    hand.run(30.0)
    transferred = hand.happened("T", "transferred")[-1]
    angle = (-30.0 + 21.6 * (transferred.at_ns / S - 0.07 - 5.0)) % 360.0
    assert min(angle, 360.0 - angle) <= 5.0
    assert plant.truth().unsynchronised_closings == ()
    assert plant.read("T", "connected") == 1.0


@pytest.mark.fault("F40")
def test_an_overlap_that_does_not_end_is_ended_within_its_limit() -> None:
    plant = switched("ats", closed_transition=1.0)
    hand = Hand(plant)
    away(hand)
    plant.inject("T", "overlap_stuck", {})
    hand.run(15.09)
    poles = plant.devices["T"].poles  # type: ignore[attr-defined]
    assert all(plant.grid.switches[n].closed for n in poles)
    hand.run(15.11)
    assert [plant.grid.switches[n].closed for n in poles] == [False, True]
    assert plant.read("T", "connected") == 2.0
    plant.inject("any", "clear", {})
    hand.run(30.0)  # barred: the next one is open
    gaps = plant.unfed_ns("R")
    assert plant.read("T", "connected") == 1.0
    assert gaps[-1][0] > 20 * S
    assert hand.command("T", "reset")


def test_a_static_switch_refuses_a_command_out_of_phase_and_obeys_in_phase() -> None:
    plant = switched("sts")
    hand = Hand(plant)
    plant.inject("UB", "phase_jump", {"angle_deg": 40.0})
    hand.run(1.0)
    assert not hand.command("T", "to_source_2")
    hand.run(1.5)
    (refused,) = hand.happened("T", "close_refused")
    assert "out of phase" in refused.text
    plant.inject("UB", "phase_jump", {"angle_deg": -40.0})
    hand.run(2.0)
    assert hand.command("T", "to_source_2")
    hand.run(2.1)
    assert plant.read("T", "connected") == 2.0
    assert plant.unfed_ns("R") == ()


def test_a_static_switch_that_cannot_leave_a_dead_source_does_not_feed_back_into_it() -> None:
    plant = switched("sts")
    hand = Hand(plant)
    plant.inject("T", "pole_shorted", {})
    plant.inject("UA", "outage", {})
    hand.run(2.0)
    assert plant.truth().backfed == ()
    assert plant.read("T", "connected") == 1.0
    assert plant.quantity("A", "live") == 0.0
    assert "conducts" in hand.happened("T", "close_refused")[0].text
    plant.inject("T", "clear", {})
    hand.run(2.1)
    assert plant.read("T", "connected") == 2.0


def test_a_static_switch_takes_at_most_four_milliseconds_from_the_loss_to_the_transfer() -> None:
    for cause, values in (("outage", {}), ("sag", {"depth_pu": 0.9, "for_s": 1.0})):
        hand = Hand(switched("sts"))
        hand.run(0.9973)
        hand.plant.inject("UA", cause, values)
        hand.run(1.1)
        (transferred,) = hand.happened("T", "transferred")
        assert transferred.at_ns - 0.9973 * S <= 4_000_000


def test_on_test_it_goes_to_the_other_source_and_on_auto_it_comes_back() -> None:
    plant = switched("ats")
    hand = Hand(plant)
    plant.inject("T", "test", {})
    hand.run(20.0)
    assert plant.read("T", "connected") == 2.0
    assert not hand.command("T", "to_source_1")
    plant.inject("T", "auto", {})
    hand.run(31.0)
    assert plant.read("T", "connected") == 1.0


def test_on_manual_it_decides_nothing() -> None:
    plant = switched("ats")
    hand = Hand(plant)
    plant.inject("T", "manual", {})
    plant.inject("UA", "outage", {})
    hand.run(20.0)
    assert plant.read("T", "connected") == 1.0


@pytest.mark.parametrize(("variant", "left_on"), [("sts", 0.0), ("ats", 1.0)])
def test_a_short_circuit_in_the_load_is_not_carried_over_to_the_other_source(
    variant: str, left_on: float
) -> None:
    plant = switched(variant)
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("L", "fault", {"kind": "three_phase", "ohm": 0.0})
    hand.run(1.2)
    plant.inject("UA", "outage", {})  # as when the breaker above has cleared it
    hand.run(10.0)
    assert plant.read("T", "connected") == left_on
    assert plant.quantity("B", "voltage_pu") == pytest.approx(1.0, abs=0.01)
    assert not hand.command("T", "to_source_2")
    plant.inject("L", "clear", {})
    assert hand.command("T", "reset")
    assert hand.command("T", "to_source_2")
    hand.run(15.0)
    assert plant.read("T", "connected") == 2.0


def test_a_short_circuit_beside_the_load_lets_it_go_to_the_other_source() -> None:
    plant = switched("sts")
    hand = Hand(plant)
    hand.run(1.0)
    plant.inject("A", "fault", {"kind": "three_phase", "ohm": 0.0})
    hand.run(1.1)
    assert plant.read("T", "connected") == 2.0
    assert plant.quantity("L", "voltage_pu") == pytest.approx(1.0, abs=0.01)
