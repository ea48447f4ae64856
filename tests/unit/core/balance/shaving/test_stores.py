"""Bands, limits and the split over several stores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.balance.shaving.stores import Bands, Store, after_j, as_one, limits_w, shares_w

MWH = 3.6e9
STEP_S = 60.0

stores = st.builds(
    Store,
    charge_w=st.floats(0.0, 10e6),
    discharge_w=st.floats(0.0, 10e6),
    capacity_j=st.floats(0.1 * MWH, 40 * MWH),
    efficiency_pu=st.floats(0.8, 1.0),
    bands=st.builds(
        Bands, reserve_j=st.floats(0.0, 20 * MWH), smoothing_j=st.floats(0.0, 10 * MWH)
    ),
)


def test_bands_from_the_bottom() -> None:
    store = Store(3e6, 3e6, 6 * MWH, 0.95, Bands(reserve_j=1 * MWH, smoothing_j=1 * MWH))
    assert store.floor_j == 1.5 * MWH
    assert store.top_j == 5.5 * MWH


@given(stores, st.floats(0.0, 1.0), st.floats(-20e6, 20e6))
def test_what_is_within_limits_stays_within_the_band(
    store: Store, charge_pu: float, asked_w: float
) -> None:
    energy_j = charge_pu * store.capacity_j
    low_w, high_w = limits_w(store, energy_j, STEP_S)
    assert low_w <= 0.0 <= high_w
    later_j = after_j(store, energy_j, min(max(asked_w, low_w), high_w), STEP_S)
    assert later_j >= min(store.floor_j, energy_j) - 1.0, "the reserve is not touched"
    assert later_j <= max(store.top_j, energy_j) + 1.0


@given(
    st.lists(st.tuples(stores, st.floats(0.0, 1.0)), min_size=1, max_size=4),
    st.floats(-40e6, 40e6),
)
def test_shares_give_the_sum_or_all_there_is(
    fleet: list[tuple[Store, float]], power_w: float
) -> None:
    energies_j = [pu * s.capacity_j for s, pu in fleet]
    limits = [limits_w(s, e, STEP_S) for (s, _), e in zip(fleet, energies_j, strict=True)]
    shares = shares_w([s for s, _ in fleet], energies_j, power_w, STEP_S)
    for share_w, (low_w, high_w) in zip(shares, limits, strict=True):
        assert low_w - 1.0 <= share_w <= high_w + 1.0
    low_w, high_w = (sum(limit[k] for limit in limits) for k in (0, 1))
    assert sum(shares) == pytest.approx(min(max(power_w, low_w), high_w), abs=2.0)


def test_stores_become_empty_together() -> None:
    fleet = (Store(5e6, 5e6, 10 * MWH, 1.0), Store(5e6, 5e6, 2 * MWH, 1.0))
    assert shares_w(fleet, (10 * MWH, 2 * MWH), -3e6, STEP_S) == pytest.approx((-2.5e6, -0.5e6))


def test_one_store_in_place_of_several() -> None:
    fleet = (
        Store(5e6, 4e6, 10 * MWH, 0.9, Bands(reserve_j=4 * MWH)),
        Store(1e6, 2e6, 2 * MWH, 1.0),
    )
    one = as_one(fleet)
    assert (one.charge_w, one.discharge_w, one.capacity_j) == (6e6, 6e6, 8 * MWH)
    assert one.efficiency_pu == pytest.approx(0.925)
    assert one.floor_j == 0.0
