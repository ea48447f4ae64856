"""The power flow of both sites equals pandapower's, in the topologies that they are switched to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device_emulators.plant.plant import Plant
from device_emulators.plant.protection import wrap
from device_emulators.plant.workload import Steady
from tests.oracle.one_line import OneLine
from tests.unit.device_emulators.sites import SITES, Hand, shipped

if TYPE_CHECKING:
    from collections.abc import Callable

WITHIN_PU = 1e-6


def pandapower_says(plant: Plant) -> dict[str, tuple[float, float]]:
    """Return voltage and angle of every live AC bus by pandapower [pu, rad]."""
    grid, truth = plant.grid, plant.truth()
    one_line = OneLine(SITES / f"{plant.site.id}.yaml")
    bypassed = [n for n, _ in one_line.of("ups") if truth.stages[n].endswith("bypass")]
    one_line.switch(truth.positions, bypassed)
    one_line.branches({n: int(plant.read(n, "tap_count")) for n, _ in one_line.of("transformer")})
    for island in truth.islands:
        former = next(f for f in grid.formers if f.id == island.reference)
        item = one_line.equipment[former.id]
        declared = float(item["ratings"].get("short_circuit_va", former.short_circuit_va))
        one_line.source(item["buses"][-1], former.voltage_pu, wrap(former.angle_rad), declared)
    for bus, power_w, reactive_var in zip(grid.slot_bus, grid.p_w, grid.q_var, strict=True):
        if grid.is_ac[bus]:
            one_line.load(grid.bus_ids[bus], power_w, reactive_var)
    return one_line.solve()


def check(plant: Plant) -> None:
    grid, expected = plant.grid, pandapower_says(plant)
    for number, name in enumerate(grid.bus_ids):
        if not grid.is_ac[number]:
            continue
        voltage, angle = float(grid.v_pu[number]), float(grid.angle_rad[number])
        if name not in expected:
            assert voltage == 0.0, name
            continue
        assert voltage == pytest.approx(expected[name][0], abs=WITHIN_PU), name
        assert abs(wrap(angle - expected[name][1])) < WITHIN_PU, name


def started(name: str, workload: Steady | None = None) -> Hand:
    return Hand(Plant(shipped(name), workload=workload))


def normal(hand: Hand) -> None:
    hand.run(5.0)


def tie_closed(hand: Hand) -> None:
    """TX-P-A is out, TX-P-B carries everything."""
    hand.run(1.0)
    for breaker in ("52-VCB-MA", "52-VCB-PA"):
        assert hand.command(breaker, "open")
    hand.run(2.0)
    assert hand.command("52-VCB-TIE", "close")
    hand.run(6.0)


def off_neutral(hand: Hand) -> None:
    """Both tap changers by hand, one up and one down."""
    hand.run(1.0)
    for transformer, action, steps in (("TX-P-A", "raise", 3), ("TX-P-B", "lower", 2)):
        assert hand.command(transformer, "manual")
        for _ in range(steps):
            assert hand.command(transformer, action)
            hand.run((hand.plant.now_ns - hand.plant.grid.start_ns) / 1e9 + 6.0)
    assert hand.plant.read("TX-P-A", "tap_count") == -3.0
    assert hand.plant.read("TX-P-B", "tap_count") == 2.0
    truth = hand.plant.truth()
    assert truth.buses["MVA"].voltage_pu > truth.buses["MVB"].voltage_pu + 0.05


def compensated(hand: Hand) -> None:
    """Both compensators at the ends of their ratings, one either way."""
    hand.run(1.0)
    assert hand.plant.write("PQ-A", "reactive_power_setpoint_var", -1e6)
    assert hand.plant.write("PQ-B", "reactive_power_setpoint_var", 1e6)
    hand.run(3.0)


def fed_backwards(hand: Hand) -> None:
    """Both primary transformers are off; SMR and PV feed into the utility."""
    hand.run(1.0)
    for breaker in ("52-VCB-PA", "52-VCB-PB"):
        assert hand.command(breaker, "open")
    hand.run(3.0)
    assert hand.plant.read("M-UA", "power_w") < -1e6


def _lose_utility(hand: Hand) -> None:
    for utility in ("U-A", "U-B"):
        hand.plant.inject(utility, "outage", {})
    hand.run(0.5)
    for breaker in ("52-VCB-MA", "52-VCB-MB", "52-VCB-HB"):
        hand.command(breaker, "open")


def island_of_sets(hand: Hand) -> None:
    """The utility is gone; three sets in parallel carry side A and side B without its HVDC."""
    _lose_utility(hand)
    for number in (1, 2, 3):
        assert hand.command(f"DG-{number}", "start")
    hand.run(30.0)
    assert hand.command("52-GCB-1", "close")
    hand.run(31.0)
    for number in (2, 3):
        assert hand.command(f"52-GCB-{number}", "close_in_sync")
    hand.run(60.0)
    for feeder, until_s in (("52-VCB-GA", 70.0), ("52-VCB-GB", 80.0)):
        assert hand.command(feeder, "close")
        hand.run(until_s)
    island = next(i for i in hand.plant.truth().islands if i.reference.startswith("DG"))
    assert len(island.sources) == 3
    assert island.load_w > 5e6


def island_of_storage(hand: Hand) -> None:
    """The utility is gone; ESS-1 forms side A, whose HVDC stays open."""
    _lose_utility(hand)
    hand.command("52-VCB-HA", "open")
    hand.run(1.0)
    assert hand.command("ESS-1", "grid_forming")
    hand.run(15.0)
    assert hand.plant.truth().buses["LVA1"].reference == "ESS-1"


def light(hand: Hand) -> None:
    """All rows are shut down."""
    for number in range(1, 7):
        assert hand.command(f"ROW-{number}", "shutdown")
    hand.run(200.0)
    assert hand.plant.read("HVDC-A", "input_power_w") < 0.1e6


def on_bypass(hand: Hand) -> None:
    hand.run(1.0)
    assert hand.command("UPS-A", "to_bypass")
    hand.run(3.0)


HALL: dict[str, Callable[[Hand], None]] = {
    f.__name__: f
    for f in (
        normal,
        tie_closed,
        off_neutral,
        compensated,
        fed_backwards,
        island_of_sets,
        island_of_storage,
        light,
        on_bypass,
    )
}


@pytest.mark.parametrize("name", HALL)
def test_ai_hall_equals_pandapower(name: str) -> None:
    hand = started("ai_hall")
    HALL[name](hand)
    check(hand.plant)


def test_full_load_equals_pandapower() -> None:
    hand = started("ai_hall", Steady(1.0))
    hand.run(2.0)
    assert sum(load.power_w for load in hand.plant.truth().loads.values()) > 6.2e6
    check(hand.plant)


def one_transformer_lost(hand: Hand) -> None:
    hand.run(1.0)
    for breaker in ("52-ACB-2", "52-VCB-S2"):
        assert hand.command(breaker, "open")
    hand.run(2.0)
    assert hand.command("52-ACB-T", "close")
    hand.run(6.0)
    assert hand.plant.truth().buses["LV2"].live


def ups_bypassed(hand: Hand) -> None:
    hand.run(1.0)
    assert hand.command("UPS-1", "to_bypass")
    hand.run(3.0)


@pytest.mark.parametrize("switch", [normal, one_transformer_lost, ups_bypassed])
def test_traditional_site_equals_pandapower(switch: Callable[[Hand], None]) -> None:
    hand = started("traditional")
    switch(hand)
    check(hand.plant)


def test_the_comparison_notices_a_wrong_network() -> None:
    hand = started("traditional")
    hand.run(1.0)
    hand.plant.grid.v_pu[hand.plant.grid.bus["LV1"]] += 2.0 * WITHIN_PU
    with pytest.raises(AssertionError):
        check(hand.plant)
