"""Controller of a board: load blocks, overload, emergency power off, fire trip, TEST."""

from __future__ import annotations

import pytest

from daemon.model.plant import MainTieMainScheme, Section
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, SET, Hand, item, shipped, site

BREAKERS = ("52-IN", "52-M", "52-F", "52-1", "52-2")
SCHEME = MainTieMainScheme(
    id="C",
    authority="daemon",
    fallback_s=3.0,
    controller="CCTS",
    intake="52-IN",
    sections=(Section("A", "52-M", "52-F", ""),),
    tie="",
    generator_bus="M",
    sets={"DG-1": "52-1", "DG-2": "52-2"},
    storage_feeders=(),
)


def board(first_w: float = 1.2e6, second_w: float = 2.4e6) -> Hand:
    """Return a board of one section with two sets and two feeders, the first more deserving."""
    names = ("U6", "H", "A", "M", "G1", "G2", "L1", "L2")
    return Hand(
        Plant(
            site(
                dict.fromkeys(names, 6600.0),
                [
                    item("U", "utility", "U6", **MAINS),
                    item("52-IN", "breaker", "U6 H", current_a=630.0),
                    item("52-M", "breaker", "H A", current_a=630.0),
                    item("52-F", "breaker", "M A", normally="open", current_a=630.0),
                    item("52-1", "breaker", "G1 M", normally="open", current_a=630.0),
                    item("52-2", "breaker", "G2 M", normally="open", current_a=630.0),
                    item("52-B2", "breaker", "A L2", current_a=630.0),
                    item("52-B1", "breaker", "A L1", current_a=630.0),
                    item("DG-1", "generator", "G1", watchdog_s=3.0, **SET),
                    item("DG-2", "generator", "G2", watchdog_s=3.0, **SET),
                    item("CCTS", "switchgear_controller", "", watchdog_s=3.0),
                    item("P1", "pump", "L1", priority=1, power_w=first_w),
                    item("P2", "pump", "L2", priority=3, power_w=second_w),
                ],
                schemes=[SCHEME],
                emulation={
                    "pump": {"restart_s": 1.0},
                    "switchgear_controller": {"return_s": 5.0, "enough_s": 5.0},
                },
            )
        )
    )


def closed(hand: Hand, *names: str) -> list[bool]:
    return [bool(hand.plant.quantity(name, "closed")) for name in names]


def alone(hand: Hand, until_s: float) -> None:
    """Let time pass without a daemon."""
    hand.run(until_s, beat=False)


def test_both_sets_take_every_block() -> None:
    hand = board()
    hand.run(2.0)
    hand.plant.inject("U", "outage", {})
    alone(hand, 40.0)
    assert closed(hand, "52-1", "52-2", "52-F", "52-B1", "52-B2") == [True] * 5
    assert hand.plant.quantity("L2", "live") == 1.0


def test_one_set_takes_the_deserving_block_alone_and_the_other_when_a_second_set_comes() -> None:
    hand = board()
    hand.run(2.0)
    hand.plant.inject("DG-2", "no_start", {})
    hand.plant.inject("U", "outage", {})
    alone(hand, 40.0)
    assert closed(hand, "52-1", "52-2", "52-F", "52-B1", "52-B2") == [
        True,
        False,
        True,
        True,
        False,
    ]
    shed = hand.happened("52-B2", "opened")[0].at_ns
    assert shed < hand.happened("52-F", "closed")[0].at_ns
    assert hand.plant.read("DG-1", "power_w") == pytest.approx(-1.2e6, rel=0.03)
    alone(hand, 85.0)
    assert hand.stage("DG-2") == "fault"
    hand.plant.inject("DG-2", "clear", {})
    hand.command("DG-2", "reset")
    alone(hand, 120.0)
    assert closed(hand, "52-2", "52-B2") == [True, True]
    hand.plant.inject("U", "return", {})
    alone(hand, 150.0)
    assert hand.plant.truth().buses["A"].reference == "U"
    assert closed(hand, "52-B1", "52-B2") == [True, True]


def test_blocks_come_back_with_the_mains() -> None:
    hand = board()
    hand.run(2.0)
    hand.plant.inject("DG-2", "no_start", {})
    hand.plant.inject("U", "outage", {})
    alone(hand, 40.0)
    hand.plant.inject("U", "return", {})
    alone(hand, 65.0)
    assert hand.plant.truth().buses["A"].reference == "U"
    assert closed(hand, "52-B1", "52-B2") == [True, True]


@pytest.mark.fault("F48")
def test_a_set_that_is_left_alone_with_too_much_load_is_relieved_before_it_gives_up() -> None:
    hand = board(first_w=2.0e6, second_w=2.2e6)
    hand.run(2.0)
    hand.plant.inject("U", "outage", {})
    alone(hand, 40.0)
    assert hand.plant.read("DG-1", "power_w") == pytest.approx(-2.1e6, rel=0.03)
    hand.plant.inject("DG-2", "trip", {})
    alone(hand, 60.0)
    assert closed(hand, "52-1", "52-B1", "52-B2") == [True, True, False]
    assert hand.stage("DG-1") == "loaded"
    assert hand.plant.quantity("A", "frequency_hz") == pytest.approx(60.0, abs=0.1)


def test_it_sheds_nothing_while_the_daemon_lives() -> None:
    hand = board()
    hand.run(2.0)
    hand.plant.inject("U", "outage", {})
    hand.run(40.0)
    assert closed(hand, "52-B1", "52-B2", "52-M") == [True] * 3
    assert hand.stage("CCTS") == "inhibited"


@pytest.mark.parametrize("button", ["emergency_off", "fire_trip"])
def test_emergency_power_off_opens_all_and_holds_it_until_reset(button: str) -> None:
    hand = board()
    hand.run(1.0)
    hand.command("DG-1", "start")
    hand.run(12.0)
    hand.plant.inject("CCTS", button, {})
    hand.run(12.1)
    assert closed(hand, *BREAKERS) == [False] * 5
    assert hand.plant.read("CCTS", "emergency_off") == 1.0
    assert hand.stage("DG-1") == "fault"
    states = hand.plant.site.equipment["DG-1"].kind.points["trip_cause"].states
    assert states[int(hand.plant.read("DG-1", "trip_cause"))] == "emergency_stop"
    alone(hand, 30.0)  # nor does anything come by itself without a daemon
    assert not hand.command("52-M", "close")
    assert not hand.command("DG-2", "start")
    assert closed(hand, *BREAKERS) == [False] * 5
    hand.plant.inject("CCTS", "clear", {})
    hand.run(31.0)
    assert hand.command("52-IN", "close")
    assert hand.command("DG-2", "start")


def test_on_test_the_sets_run_without_load() -> None:
    hand = board()
    hand.plant.inject("CCTS", "test", {})
    hand.run(15.0)
    assert {hand.stage("DG-1"), hand.stage("DG-2")} == {"ready"}
    assert closed(hand, *BREAKERS) == [True, True, False, False, False]
    hand.plant.inject("CCTS", "auto", {})
    hand.run(40.0)
    assert {hand.stage("DG-1"), hand.stage("DG-2")} == {"stopped"}


def test_blocks_of_the_hall_stand_by_priority() -> None:
    plant = Plant(shipped("ai_hall"))
    plant.advance(2_000_000_000)
    blocks = plant.devices["CCTS-1"].blocks  # type: ignore[attr-defined]
    assert [(b.breaker.id, b.priority) for b in blocks.blocks] == [
        ("52-VCB-QA", 0),
        ("52-VCB-QB", 0),
        ("52-VCB-SA1", 1),
        ("52-VCB-SB1", 1),
        ("52-VCB-SA2", 2),
        ("52-VCB-SB2", 2),
        ("52-VCB-HA", 3),
        ("52-VCB-HB", 3),
    ]
    power = plant.quantity("52-VCB-HA", "power_w")
    assert blocks.blocks[6].carried_w == pytest.approx(power, rel=0.2)
    two_sets = blocks.fitting(2 * 0.9 * 3.2e6)
    assert {"52-VCB-SA1", "52-VCB-SB1", "52-VCB-SA2", "52-VCB-SB2", "52-VCB-HA"} <= two_sets
    assert "52-VCB-HB" not in two_sets
