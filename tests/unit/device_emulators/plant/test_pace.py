"""When the plant wants to be advanced, and when it says that something changed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from device_emulators.plant.pace import LIVELY_STEP_NS, QUIET_STEP_NS
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import Hand, S, shipped

MS = S // 1000


@pytest.fixture
def quiet() -> tuple[Plant, Hand]:
    plant = Plant(shipped("ai_hall"))
    hand = Hand(plant)
    hand.run(2.0)
    return plant, hand


def test_quiet_steps_are_long_and_end_on_the_grid(quiet: tuple[Plant, Hand]) -> None:
    plant, hand = quiet
    hand.beat()
    assert plant.due_ns == plant.now_ns + QUIET_STEP_NS
    plant.advance(plant.now_ns + 37 * MS)
    assert plant.due_ns == 2100 * MS


@pytest.mark.parametrize(
    ("target", "event", "values"),
    [
        ("U-A", "sag", {"depth_pu": 0.05, "for_s": 0.4}),
        ("ROW-1", "battery_disconnect", {}),
        ("any", "clear", {}),
    ],
)
def test_a_happening_settles_at_once_and_makes_lively_for_a_second(
    quiet: tuple[Plant, Hand], target: str, event: str, values: dict[str, float]
) -> None:
    plant, _ = quiet
    version, seen = plant.version, []
    plant.watchers.append(lambda: seen.append(plant.now_ns))
    plant.inject(target, event, values)
    assert plant.version > version
    assert plant.due_ns == plant.now_ns
    plant.advance(plant.due_ns)
    assert seen == [2 * S]
    assert plant.due_ns == 2 * S + LIVELY_STEP_NS
    while plant.now_ns < 4 * S:
        plant.advance(plant.due_ns)
    assert {b - a for a, b in pairwise(seen) if b < 3 * S} == {LIVELY_STEP_NS}
    assert seen[-1] - seen[-2] == QUIET_STEP_NS


def test_a_heartbeat_stirs_nothing_and_a_set_point_does_not_make_lively(
    quiet: tuple[Plant, Hand],
) -> None:
    plant, hand = quiet
    hand.beat()
    assert plant.due_ns > plant.now_ns
    plant.write("ROW-1", "power_cap_pu", 1.0)
    assert plant.due_ns > plant.now_ns, "it had that value before"
    plant.write("ROW-1", "power_cap_pu", 0.5)
    assert plant.due_ns == plant.now_ns
    plant.advance(plant.due_ns)
    assert plant.due_ns == plant.now_ns + QUIET_STEP_NS


def test_an_island_of_machines_is_lively_as_long_as_it_lasts(quiet: tuple[Plant, Hand]) -> None:
    plant, hand = quiet
    hand.command("DG-1", "start")
    hand.run(20.0)
    assert hand.stage("DG-1") == "ready"
    assert plant.due_ns == plant.now_ns + LIVELY_STEP_NS
    hand.command("DG-1", "stop")
    hand.run(45.0)
    assert hand.stage("DG-1") == "stopped"
    assert plant.due_ns == plant.now_ns + QUIET_STEP_NS


def test_waiting_for_synchronism_and_stored_energy_are_lively(quiet: tuple[Plant, Hand]) -> None:
    plant, hand = quiet
    hand.command("52-GCB-1", "close_in_sync")
    hand.run(5.0)
    assert plant.due_ns == plant.now_ns + LIVELY_STEP_NS
    hand.run(15.0)
    assert plant.due_ns == plant.now_ns + QUIET_STEP_NS
    for utility in ("U-A", "U-B"):
        plant.inject(utility, "outage", {})
    hand.run(25.0)
    assert hand.stage("UPS-A") == "battery"
    assert plant.due_ns == plant.now_ns + LIVELY_STEP_NS


def test_the_version_rises_with_every_step_and_every_write(quiet: tuple[Plant, Hand]) -> None:
    plant, _ = quiet
    versions = [plant.version]
    plant.read("52-VCB-IN", "power_w")
    assert plant.version == versions[-1]
    plant.advance(plant.due_ns)
    versions.append(plant.version)
    plant.write("52-VCB-IN", "command_epoch", 2.0)
    versions.append(plant.version)
    assert versions == sorted(set(versions))


def test_whoever_always_does_what_is_due_gets_on() -> None:
    plant = Plant(shipped("ai_hall"), start_ns=7)
    for k in range(40):
        if k % 10 == 0:
            plant.inject("U-A", "sag", {"depth_pu": 0.3, "for_s": 0.0})
        before = plant.now_ns, plant.due_ns
        plant.advance(plant.due_ns)
        assert (plant.now_ns, plant.due_ns) > before
