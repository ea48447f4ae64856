"""Reactor first, then the sun, the grid gives the rest; in an island the turbine keeps room."""

from __future__ import annotations

import pytest

from daemon.core.generation import sources
from daemon.core.step import initial
from tests.main_lane import Lane, commands, supply

SMR, PV = ("SMR-1", "power_setpoint_w"), ("PV-1", "power_limit_w")


def standing(lane: Lane, which: tuple[str, str]) -> float:
    """Return the set-point that stands after some seconds, as sent or as the device had it."""
    equipment, point = which
    sent = [c.value for c in commands(lane.run(6.0), point) if c.equipment == equipment]
    return sent[-1] if sent else float(lane.values[lane.points.index(equipment, point)])


def beside_the_utility(import_w: float, steady_w: float = 2e6, sun_w: float = 0.4e6) -> Lane:
    """Return a lane of a hall that imports this much and gets that from its own sources."""
    lane = Lane()
    lane.put("M-UA.power_w", import_w)
    lane.put("M-UB.power_w", 0.0)
    lane.put("SMR-1.power_w", -steady_w)
    lane.put("PV-1.power_w", -sun_w)
    lane.put("SMR-1.power_setpoint_w", -2e6)
    lane.put("PV-1.power_limit_w", 1e6)
    lane.scan(supply())
    return lane


def test_with_enough_import_both_give_all_they_can() -> None:
    lane = beside_the_utility(5e6)
    assert (standing(lane, SMR), standing(lane, PV)) == (-2e6, 1e6)


@pytest.mark.parametrize(
    ("import_w", "reactor_w", "sun_w"),
    [
        (0.5e6, -2e6, 0.7e6),  # 2.9 MW are taken, less 0.2 MW of margin: 0.7 MW is left for the sun
        (-0.2e6, -2e6, 0.0),  # the sun is cut back first
        (-0.9e6, -1.3e6, 0.0),  # then the reactor goes down
    ],
)
def test_the_sun_gives_way_before_the_reactor_and_nothing_is_pushed_out(
    import_w: float, reactor_w: float, sun_w: float
) -> None:
    lane = beside_the_utility(import_w)
    assert standing(lane, PV) == pytest.approx(sun_w)
    lane = beside_the_utility(import_w)
    assert standing(lane, SMR) == pytest.approx(reactor_w)


@pytest.mark.fault("F20")
def test_what_is_not_measured_changes_nothing() -> None:
    lane = beside_the_utility(5e6)
    lane.put("M-UA.power_w", -0.9e6)
    lane.spoil("M-UA")
    assert (standing(lane, SMR), standing(lane, PV)) == (-2e6, 1e6)


def test_in_an_island_the_reactor_leaves_the_turbine_its_least() -> None:
    lane = beside_the_utility(0.0, steady_w=0.6e6, sun_w=0.0)
    lane.put("GT-1.power_w", -1.6e6)
    lane.scan(supply(feeds={"MVA": "island", "MVB": "island"}, outage=True))
    # 2.2 MW are taken, 0.3 of 3 MW stay with the turbine.
    assert standing(lane, SMR) == pytest.approx(-1.3e6)


def test_off_grid_and_off_island_nothing_is_said() -> None:
    lane = beside_the_utility(-0.9e6)
    lane.state = initial(lane.params, lane.now_ns)
    lane.scan(supply(feeds={"MVA": "none", "MVB": "none"}, outage=True))
    said = lane.run(6.0)
    assert not [c for c in commands(said, SMR[1]) if c.equipment == "SMR-1"]
    assert not commands(said, PV[1])


def test_the_import_is_what_is_measured_at_the_utilities_alone() -> None:
    lane = Lane()
    plan = sources._plan(lane.site, lane.points)
    expected = [lane.points.index(meter, "power_w") for meter in ("M-UA", "M-UB")]
    assert list(plan.imports.points) == expected
