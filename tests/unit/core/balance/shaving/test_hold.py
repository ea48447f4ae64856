"""What holds a window at its aim, and what the chapter promises without a forecast."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.balance.shaving import ratchet
from daemon.core.balance.shaving.demand import Window, advanced, opened
from daemon.core.balance.shaving.hold import Params, wanted_w
from daemon.core.balance.shaving.stores import Bands, Store, after_j, limits_w
from daemon.model.quantities import SECOND

MWH = 3.6e9
LENGTH = 900 * SECOND
STEP_S = 100.0


def test_the_rest_of_the_window_makes_up_for_its_begin() -> None:
    window = Window(0, 450 * SECOND, 450 * 110e6)
    assert wanted_w(window, 110e6, 100e6, 0.0, Params()) == -20e6


def test_it_charges_only_what_a_rise_leaves() -> None:
    window = Window(0, 0, 0.0)
    assert wanted_w(window, 80e6, 100e6, 5e6, Params()) == 15e6
    assert wanted_w(window, 98e6, 100e6, 5e6, Params()) == 0.0


def test_it_charges_what_could_be_given_back() -> None:
    window = Window(0, 0, 0.0)
    assert wanted_w(window, 98e6, 100e6, 5e6, Params(), backed_w=4e6) == 1e6
    assert wanted_w(window, 98e6, 100e6, 5e6, Params(), backed_w=40e6) == 2e6


def test_it_charges_to_no_more_than_what_is_paid_for() -> None:
    window = Window(0, 0, 0.0)
    assert wanted_w(window, 80e6, 100e6, 0.0, Params(), paid_w=90e6) == 10e6
    assert wanted_w(window, 95e6, 100e6, 0.0, Params(), paid_w=90e6) == 0.0


def test_it_never_exports() -> None:
    window = Window(0, 890 * SECOND, 890 * 110e6)
    assert wanted_w(window, 3e6, 100e6, 0.0, Params()) == -3e6
    assert wanted_w(window, -1e6, 100e6, 0.0, Params()) >= 0.0


def driven(
    load_w: list[float], first_w: float, store: Store, rise_w: float
) -> tuple[list[float], list[float], float]:
    """Return demands with and without storage, and the least energy that was left [J]."""
    window = alone = opened(0, LENGTH)
    demands: list[float] = []
    without: list[float] = []
    energy_j = least_j = store.capacity_j
    seen_w = load_w[0]
    for k, now_w in enumerate(load_w, start=1):
        aim_w = ratchet.aim_w(first_w, max(demands, default=0.0))
        low_w, high_w = limits_w(store, energy_j, STEP_S)
        left_s = (window.begun_ns + LENGTH - window.at_ns) / SECOND
        backed_w = -limits_w(store, energy_j, left_s)[0]
        wanted = wanted_w(window, seen_w, aim_w, rise_w, Params(), paid_w=aim_w, backed_w=backed_w)
        power_w = min(max(wanted, low_w), high_w)
        energy_j = after_j(store, energy_j, power_w, STEP_S)
        least_j = min(least_j, energy_j)
        at_ns = int(k * STEP_S) * SECOND
        window, closed = advanced(window, at_ns, now_w + power_w, LENGTH)
        demands += closed
        alone, closed = advanced(alone, at_ns, now_w, LENGTH)
        without += closed
        seen_w = now_w
    return demands, without, least_j


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(20e6, 100e6), min_size=9, max_size=200),
    st.floats(0.0, 110e6),
    st.floats(0.1, 20.0),
    st.floats(0.0, 1.0),
)
def test_no_window_is_above_its_aim_and_what_the_load_makes_of_it(
    load_w: list[float], first_w: float, energy_mwh: float, reserve_pu: float
) -> None:
    """The load may do anything up to the rise that is assumed: here all it ever does."""
    capacity_j = energy_mwh * MWH
    store = Store(10e6, 10e6, capacity_j, 0.95, Bands(reserve_j=reserve_pu * capacity_j))
    demands, without, least_j = driven(load_w, first_w, store, rise_w=80e6)
    aim_w = first_w
    for demand_w, load_alone_w in zip(demands, without, strict=True):
        assert demand_w <= max(aim_w, load_alone_w) + 1.0
        aim_w = max(aim_w, demand_w)
    assert max([first_w, *demands]) <= max([first_w, *without]) + 1.0
    assert least_j >= store.floor_j - 1.0


def test_an_aim_that_can_be_held_is_held() -> None:
    load_w = list(np.repeat([80e6, 104e6, 80e6], 9 * 4))
    demands, _, _ = driven(load_w, 100e6, Store(10e6, 10e6, 10 * MWH), rise_w=24e6)
    assert max(demands) <= 100e6 + 1.0
