"""The block of epoch, id and command; the heartbeat; what may be injected."""

from __future__ import annotations

import pytest

from daemon.model.natures import FALLBACKS, NATURES, PointKind
from daemon.model.points import tabulate
from device_emulators.devices.device import Device
from device_emulators.devices.kinds import KINDS, events_of, quantities_of, settings_of
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, SET, Hand, item, shipped, site


def bench() -> Plant:
    return Plant(
        site(
            {"G": 15400.0, "A": 15400.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-1", "breaker", "G A", current_a=630.0),
                item("DG", "generator", "A", watchdog_s=3.0, **SET),
            ],
        )
    )


def test_an_older_epoch_is_refused_and_the_highest_is_remembered() -> None:
    hand = Hand(bench())
    assert hand.command("52-1", "open", epoch=5)
    hand.run(1.0)
    assert not hand.command("52-1", "close", epoch=4)
    hand.run(2.0)
    assert hand.plant.quantity("52-1", "closed") == 0.0
    assert hand.command("52-1", "close", epoch=6)
    hand.run(3.0)
    assert hand.plant.quantity("52-1", "closed") == 1.0


def test_a_repeated_id_is_accepted_without_acting_again() -> None:
    hand = Hand(bench())
    assert hand.command("52-1", "open", number=9)
    hand.run(1.0)
    hand.command("52-1", "close", number=10)
    hand.run(2.0)
    assert hand.command("52-1", "open", number=9)
    hand.run(3.0)
    assert hand.plant.quantity("52-1", "closed") == 1.0
    # a new epoch numbers anew
    assert hand.command("52-1", "open", epoch=2, number=9)
    hand.run(4.0)
    assert hand.plant.quantity("52-1", "closed") == 0.0


def test_a_refused_command_may_be_sent_again_under_its_id() -> None:
    hand = Hand(bench())
    hand.plant.inject("52-1", "local", {})
    assert not hand.command("52-1", "open", number=3)
    hand.plant.inject("52-1", "remote", {})
    assert hand.command("52-1", "open", number=3)


def test_codes_out_of_range_and_readings_are_refused() -> None:
    plant = bench()
    assert not plant.write("52-1", "command", 99.0)
    assert not plant.write("52-1", "position", 1.0)
    assert not plant.write("DG", "power_setpoint_w", -9e6)
    assert plant.write("DG", "power_setpoint_w", -1e6)
    assert plant.read("DG", "power_setpoint_w") == -1e6


def test_only_a_moving_heartbeat_counts() -> None:
    plant = bench()
    plant.advance(2_000_000_000)
    assert plant.write("DG", "heartbeat", 1.0)
    plant.advance(4_900_000_000)
    assert plant.read("DG", "daemon_present") == 1.0
    plant.write("DG", "heartbeat", 1.0)
    events = plant.advance(5_100_000_000)
    assert plant.read("DG", "daemon_present") == 0.0
    assert [e.at_ns for e in events if e.name == "daemon_silent"] == [5_000_000_000]
    plant.write("DG", "heartbeat", 2.0)
    assert plant.read("DG", "daemon_present") == 1.0


@pytest.mark.parametrize(
    ("target", "event", "values", "said"),
    [
        ("nobody", "trip", {}, "valid: U, 52-1, DG"),
        ("52-1", "explode", {}, "fail_to_open"),
        ("U", "sag", {"depth_pu": 0.4}, "depth_pu, for_s"),
        ("U", "outage", {"depth_pu": 0.4}, "none"),
        ("any", "trip", {}, "valid: clear"),
    ],
)
def test_wrong_happenings_name_the_valid_ones(
    target: str, event: str, values: dict[str, float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        bench().inject(target, event, values)


def test_unknown_points_and_quantities_name_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="position"):
        bench().read("52-1", "colour")
    with pytest.raises(ValueError, match="position"):
        bench().write("52-1", "colour", 1.0)
    with pytest.raises(ValueError, match="voltage_pu"):
        bench().quantity("A", "colour")


def test_every_nature_has_a_device_and_says_what_can_be_done() -> None:
    assert set(KINDS) == set(NATURES)
    for nature in NATURES:
        assert "clear" in events_of(nature)
        assert not set(quantities_of(nature)) & set(NATURES[nature].points) - {"power_w"}
        assert isinstance(settings_of(nature), tuple)


@pytest.mark.parametrize("name", ["ai_hall", "traditional"])
def test_every_point_of_a_shipped_site_is_answered(name: str) -> None:
    plant = Plant(shipped(name))
    for point in tabulate(shipped(name)).points:
        value = plant.read(point.equipment, point.spec.name)
        assert isinstance(value, float), point.id
        if point.spec.kind in {PointKind.STAGE, PointKind.COMMAND}:
            assert 0 <= value < len(point.spec.states), point.id
        for extra in quantities_of(shipped(name).equipment[point.equipment].nature):
            assert isinstance(plant.quantity(point.equipment, extra), float)


@pytest.mark.parametrize("name", NATURES)
def test_who_hears_the_daemon_can_fall_back_and_whoever_takes_set_points_hears_it(
    name: str,
) -> None:
    """What a kind falls back by is what its emulated device knows how to do."""
    nature = NATURES[name]
    assert ("heartbeat" in nature.points) == bool(nature.fallbacks)
    assert set(nature.fallbacks) <= set(FALLBACKS) - {"none"}
    if any(spec.kind is PointKind.SETPOINT for spec in nature.points.values()):
        assert nature.fallbacks
    if {"zero", "ramp_to_zero"} & set(nature.fallbacks):
        assert KINDS[name].fall_back is not Device.fall_back
