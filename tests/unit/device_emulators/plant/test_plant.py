"""The whole plant: steady state, time, determinism, the shipped sites."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from daemon.model.points import tabulate
from device_emulators.plant.elements import HAPPENINGS, PlantEvent
from device_emulators.plant.plant import Plant
from device_emulators.plant.workload import Steady
from tests.unit.device_emulators.sites import Hand, S, residual_w, shipped

if TYPE_CHECKING:
    from daemon.model.plant import Site


@pytest.fixture(scope="module")
def hall() -> Site:
    return shipped("ai_hall")


def test_the_hall_begins_settled_and_balanced(hall: Site) -> None:
    plant = Plant(hall)
    truth = plant.truth()
    critical = [load for load in truth.loads.values() if load.stage == "running"]
    assert len(critical) == len(truth.loads) > 50
    assert all(load.fed for load in critical)
    live = {id_: bus for id_, bus in truth.buses.items() if bus.live}
    assert all(0.97 <= bus.voltage_pu <= 1.03 for id_, bus in live.items() if "48" not in id_)
    assert truth.buses["DC48A"].voltage_pu == pytest.approx(1.08, abs=0.01)
    assert {bus.frequency_hz for bus in live.values()} == {60.0, 0.0}
    rows = sum(truth.power_w[row.id] for row in hall.of_nature("rack_row"))
    assert 5.0e6 < rows < 6.1e6
    assert 4.5e6 < -truth.power_w["U-A"] < 6.5e6
    assert truth.power_w["SMR-1"] == -2e6
    assert residual_w(plant) < 1.0
    events = plant.advance(2 * S)
    assert {e.name for e in events} == set()
    assert truth.unsynchronised_closings == ()
    assert truth.backfed == ()


def test_power_balances_in_every_island_at_every_step(hall: Site) -> None:
    plant = Plant(hall)
    worst = 0.0
    plant.inject("U-A", "sag", {"depth_pu": 0.5, "for_s": 0.1})
    for k in range(150):
        plant.advance((k + 1) * S // 50)
        worst = max(worst, residual_w(plant))
        if k == 50:
            plant.inject("U-A", "outage", {})
            plant.inject("U-B", "outage", {})
    assert worst < 1e-6 * 10e6


def test_reading_changes_nothing_and_the_same_seed_gives_the_same_history(hall: Site) -> None:
    def history(seed: int, *, reading: bool) -> str:
        plant, digest = Plant(hall, seed=seed), hashlib.sha256()
        table = tabulate(hall)
        plant.inject("U-A", "sag", {"depth_pu": 0.3, "for_s": 0.25})
        for k in range(20):
            for event in plant.advance((k + 1) * S // 10):
                digest.update(repr(event).encode())
            if reading:
                [plant.read(p.equipment, p.spec.name) for p in table.points]
        for point in table.points:
            digest.update(repr(plant.read(point.equipment, point.spec.name)).encode())
        return digest.hexdigest()

    assert history(3, reading=False) == history(3, reading=True)
    assert history(3, reading=False) != history(4, reading=False)


def test_events_carry_their_exact_time_whatever_the_caller_asks_for(hall: Site) -> None:
    def times(stride_ns: int) -> list[tuple[int, str, str]]:
        plant = Plant(hall, workload=Steady(0.8))
        plant.inject("U-A", "outage", {})
        plant.inject("U-B", "outage", {})
        events: list[PlantEvent] = []
        while plant.now_ns < S:
            events += plant.advance(plant.now_ns + stride_ns)
        return [(e.at_ns, e.source, e.name) for e in events if e.name != "pickup"]

    assert times(20_000_000) == times(7_000_000) == times(S)


def test_plant_time_begins_where_it_is_told(hall: Site) -> None:
    plant = Plant(hall, start_ns=5 * S)
    assert plant.now_ns == 5 * S
    assert plant.read("52-VCB-IN", "life_count") == 0.0
    plant.advance(7 * S)
    assert plant.read("52-VCB-IN", "life_count") == 2.0
    assert plant.read("DG-1", "daemon_present") == 1.0


def test_what_a_plant_reports_is_declared(hall: Site) -> None:
    plant = Plant(hall)
    with pytest.raises(AssertionError):
        plant.grid.say("52-VCB-IN", "something_else", "")
    plant.inject("U-A", "outage", {})
    assert {e.name for e in plant.advance(S)} <= HAPPENINGS


@pytest.mark.parametrize("name", ["ai_hall", "traditional"])
def test_stored_energy_carries_every_critical_load_through_ten_seconds_without_grid(
    name: str,
) -> None:
    plant = Plant(shipped(name))
    for utility in shipped(name).of_nature("utility"):
        plant.inject(utility.id, "outage", {})
    hand = Hand(plant)
    hand.run(10.0)
    assert all(load.fed and not load.unfed_ns for load in plant.truth().loads.values())
    energy = plant.truth().energy_wh
    balance = energy["sources"] - energy["loads"] - energy["losses"] - energy["stored"]
    assert abs(balance) < 1e-3 * energy["loads"]
    assert energy["stored"] < 0.0


def test_the_traditional_site_ends_when_its_ups_does() -> None:
    site = shipped("traditional")
    plant = Plant(site)
    (ups,) = (e.id for e in site.of_nature("ups"))
    told = plant.read(ups, "runtime_s")
    assert 300.0 < told < 1800.0
    plant.devices[ups].battery.soc_pu *= 0.01  # type: ignore[attr-defined]
    for utility in site.of_nature("utility"):
        plant.inject(utility.id, "outage", {})
    hand = Hand(plant)
    hand.run(0.015 * told)
    assert hand.stage(ups) == "off"
    truth = plant.truth()
    on_ups = [
        e.id for e in site.of_nature("it_rack") if e.id in truth.loads and e.variant == "server"
    ]
    assert on_ups
    assert {truth.loads[load].stage for load in on_ups} == {"lost"}
    assert all(truth.loads[load].unfed_ns for load in on_ups)
