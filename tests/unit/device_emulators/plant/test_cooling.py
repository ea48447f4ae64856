"""Heat of racks, coolant, air and tank against closed forms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from device_emulators.plant import cooling
from device_emulators.plant.cooling import Cooling

RATING = np.full(4, 100e3)
WATER = cooling.WATER_J_PER_L_K


@dataclass
class Chills:
    cooling_w: float = 1e6
    loading_pu: float = 0.0


@dataclass
class Moves:
    flow_lps: float = 8.0


def hall(in_air_w: float = 100e3, flow_lps: float = 8.0, cooling_w: float = 1e6) -> Cooling:
    found = Cooling(30_000.0, 7.0)
    found.pumps.append(Moves(flow_lps))
    found.chillers.append(Chills(cooling_w))
    found.begin(RATING, in_air_w)
    return found


def run(hall: Cooling, rack_w: float, air_w: float, for_s: float, step_s: float = 0.1) -> None:
    for _ in range(round(for_s / step_s)):
        hall.advance(np.full(4, rack_w), air_w, step_s)


def test_coolant_leaves_warmer_by_heat_over_flow() -> None:
    loop = hall()
    run(loop, 90e3, 0.0, 300.0)
    warmer = 360e3 / (8.0 * WATER)
    assert loop.outlet_c - loop.supply_c == pytest.approx(np.full(4, warmer), rel=1e-3)
    assert loop.inlet_c.tolist() == [loop.supply_c] * 4


def test_coolant_follows_with_its_time_constant() -> None:
    loop = hall()
    before = loop.outlet_c[0]
    constant_s = cooling.COOLANT_S * 400e3 / (8.0 * WATER)
    loop.advance(np.zeros(4), 0.0, constant_s)
    gone = (before - loop.outlet_c[0]) / (before - 7.0 - cooling.APPROACH_K)
    assert gone == pytest.approx(1.0 - math.exp(-1.0), rel=0.01)


def test_standing_coolant_takes_all_heat_and_a_rack_has_tens_of_seconds() -> None:
    loop = hall(flow_lps=0.0)
    before = loop.outlet_c.copy()
    run(loop, 100e3, 0.0, 10.0)
    assert loop.outlet_c - before == pytest.approx(np.full(4, 10.0 / cooling.COOLANT_S))
    assert loop.inlet_c.tolist() == loop.outlet_c.tolist()
    assert loop.tank.temperature_c == pytest.approx(7.0)  # nothing reaches it
    to_slow_s = (cooling.SLOW_C - before[0]) * cooling.COOLANT_S
    assert 10.0 < to_slow_s < 40.0


def test_heat_allows_less_and_less_between_its_limits() -> None:
    loop = hall(flow_lps=0.0)
    loop.outlet_c = np.array([59.9, 62.0, 70.0, 90.0])
    loop.advance(np.zeros(4), 0.0, 0.1)
    assert loop.hot
    assert loop.limit_pu == pytest.approx([1.0, 0.88, 0.4, 0.4])
    loop.outlet_c = np.full(4, 40.0)
    loop.advance(np.zeros(4), 0.0, 0.1)
    assert not loop.hot
    assert loop.limit_pu == pytest.approx(np.ones(4))


def test_air_has_minutes() -> None:
    loop = hall(flow_lps=0.0)
    run(loop, 0.0, 100e3, 60.0)
    assert loop.air_c == pytest.approx(cooling.AIR_C + 60.0 / cooling.AIR_J_PER_W_K)
    to_trip_s = (cooling.AIR_TRIP_C - cooling.AIR_C) * cooling.AIR_J_PER_W_K
    assert 120.0 < to_trip_s < 600.0
    run(loop, 0.0, 100e3, 120.0)
    assert loop.air_limit_pu == cooling.SLOWEST_PU


def test_air_is_held_while_the_water_is_cold() -> None:
    loop = hall()
    run(loop, 0.0, 100e3, 600.0)
    assert loop.air_c == pytest.approx(cooling.AIR_C)


def test_the_tank_lasts_as_long_as_chillers_need_to_start_again() -> None:
    # 6.5 MW on 30 m3: 10 K in 193 s, the reference site
    loop = Cooling(30_000.0, 7.0)
    loop.begin(np.full(48, 130e3), 0.0)
    for _ in range(1800):
        loop.advance(np.full(48, 6.5e6 / 48), 0.0, 0.1)
    assert loop.tank.temperature_c - 7.0 == pytest.approx(
        180.0 * 6.5e6 / (30_000 * WATER), rel=0.05
    )
    assert not loop.hot


@pytest.mark.parametrize("flow_lps", [0.0, 3.0, 20.0])
def test_no_heat_is_lost_on_the_way(flow_lps: float) -> None:
    loop = hall(flow_lps=flow_lps, cooling_w=0.0)

    def stored() -> float:
        return float(
            WATER * 30_000.0 * loop.tank.temperature_c
            + cooling.COOLANT_S * (RATING @ loop.outlet_c)
            + cooling.AIR_J_PER_W_K * 100e3 * loop.air_c
        )

    before, rng, heat_j = stored(), np.random.default_rng(1), 0.0
    for step_s in rng.uniform(0.001, 0.2, 500):
        rack_w, air_w = rng.uniform(0.0, 100e3, 4), float(rng.uniform(0.0, 100e3))
        loop.advance(rack_w, air_w, float(step_s))
        heat_j += (float(rack_w.sum()) + air_w) * float(step_s)
    assert stored() - before == pytest.approx(heat_j, rel=1e-9)


def test_chillers_take_the_heat_and_bring_the_tank_back() -> None:
    loop = hall()
    loop.tank.temperature_c = 10.0
    run(loop, 90e3, 50e3, 6000.0, 1.0)
    assert loop.tank.temperature_c == pytest.approx(7.0, abs=0.05)
    assert loop.chillers[0].loading_pu == pytest.approx(0.41, rel=0.02)


def test_a_site_without_pumps_or_ai_racks_is_cooled_all_the_same() -> None:
    loop = Cooling(30_000.0, 7.0)
    loop.begin(np.zeros(0), 100e3)
    assert loop.flows
    loop.advance(np.zeros(0), 100e3, 1.0)
    assert loop.tank.temperature_c > 7.0
    assert loop.loop_c == loop.supply_c
