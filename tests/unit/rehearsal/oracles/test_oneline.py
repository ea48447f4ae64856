"""What is healthy on the one-line diagram, by the plant's truth."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.rehearsal.oracles.fed import Fed
from daemon.rehearsal.oracles.oneline import OneLine
from daemon.rehearsal.simulation.observer import Scene
from device_emulators.plant.plant import Plant
from device_emulators.scenario import Scenario
from tests.unit.rehearsal.oracles.course import Course, happens, site_file


def drawn(target: str = "", event: str = "", **values: float) -> tuple[Plant, OneLine]:
    """Return a plant in which something has happened, and its diagram."""
    plant = Plant(site_file().site)
    text = {"scenario": "t", "description": "t", "for_s": 10.0, "timeline": []}
    scene = Scene(site_file(), Scenario.model_validate(text), plant, plant.now_ns, 10.0)
    if target:
        plant.devices[target].inject(event, values)
    return plant, OneLine(scene)


@pytest.mark.parametrize(
    ("event", "values"),
    [
        ("no_start", {}),
        ("reversed_phases", {}),
        ("emergency_stop", {}),
        ("over_temperature", {}),
        ("fuel_leak", {"leak_l_s": 1.0}),
        ("fuel_rack_closed", {}),
        ("governor_hunting", {"amplitude_pu": 0.1, "period_s": 2.0}),
        ("loss_of_field", {}),
        ("over_excitation", {}),
        ("unbalance", {"negative_sequence_pu": 0.3}),
        ("test", {}),
        ("manual", {}),
    ],
)
def test_a_set_that_ails_counts_as_none_until_it_is_mended(
    event: str, values: dict[str, float]
) -> None:
    plant, diagram = drawn("DG-2", event, **values)
    assert [g.id for g in diagram.healthy_sets()] == ["DG-1", "DG-3", "DG-4"]
    device: Any = plant.devices["DG-2"]
    device.clear()
    if device.stage == "fault":
        device.order("reset")
    device.selector = "auto"
    assert "DG-2" in [g.id for g in diagram.healthy_sets()] or device.running


@pytest.mark.parametrize("event", ["fuel_sensor_stuck", "low_fuel"])
def test_a_set_that_only_shows_something_else_is_healthy(event: str) -> None:
    _, diagram = drawn("DG-2", event)
    assert len(diagram.healthy_sets()) == 4


@pytest.mark.parametrize(
    ("target", "event", "values", "bus"),
    [
        ("HVDC-A", "module_loss", {"modules_count": 1.0}, "DCA"),
        ("REC-A", "module_loss", {"modules_count": 1.0}, "DC48A"),
        ("TX-P-A", "trip_87t", {}, "TPA2"),
    ],
)
def test_nothing_is_asked_of_what_carries_less_than_it_should(
    target: str, event: str, values: dict[str, float], bus: str
) -> None:
    plant, diagram = drawn()
    number = plant.grid.bus[bus]
    assert number in diagram.reach()[0]
    plant.devices[target].inject(event, values)
    assert number not in diagram.reach()[0]


def test_a_hall_whose_sets_all_ail_may_lose_its_rows() -> None:
    ailing = happens(0.5, "DG-*", "governor_hunting", amplitude_pu=0.1, period_s=2.0)
    outage = happens(1, "U-*", "outage")
    course = Course(Fed(), ailing, outage).at(60)
    assert "although sets" not in course.verdict.detail
