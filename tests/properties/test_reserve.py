"""What rides through is never given to lower the demand, whatever the load and the storage are.

Two laws of bands and shares by themselves; then, path by path, what `core.security` says of each
critical load after the controllers have spent on economy all that they spend.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.balance.shaving import hold, shaver
from daemon.core.balance.shaving.reserve import reserve_j
from daemon.core.balance.shaving.stores import Bands, Store, after_j, as_one, limits_w, shares_w
from daemon.model.quantities import ns

PERIOD_S = 60.0
PARAMS = shaver.Params(hold=hold.Params(window_s=300.0))
POWERS_W = st.floats(0.0, 8e6)


@st.composite
def stores(draw: st.DrawFn) -> Store:
    power_w = draw(st.floats(0.1e6, 4e6))
    capacity_j = draw(st.floats(0.2e6, 6e6)) * 3600.0
    kept_j = reserve_j(power_w, draw(st.lists(st.floats(0.0, 600.0), max_size=3)), 78.0, 0.95)
    smoothing_j = draw(st.floats(0.0, 0.5)) * capacity_j
    return Store(power_w, power_w, capacity_j, 0.95, Bands(kept_j, smoothing_j))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(stores(), st.floats(0.0, 1.0)), min_size=1, max_size=3),
    st.lists(POWERS_W, min_size=5, max_size=40),
    POWERS_W,
)
def test_no_run_goes_below_the_reserve(
    each: list[tuple[Store, float]], loads_w: list[float], first_w: float
) -> None:
    given_stores = [store for store, _ in each]
    energies_j = [charge_pu * store.capacity_j for store, charge_pu in each]
    least_j = [min(e, s.floor_j) for s, e in zip(given_stores, energies_j, strict=True)]
    state = shaver.initial(0, PARAMS, first_w=first_w)
    load_w = loads_w[0]
    for k, now_w in enumerate(loads_w):
        asked_w = shaver.wanted_w(state, k * ns(PERIOD_S), load_w, PARAMS)
        shares = shares_w(given_stores, energies_j, asked_w, PERIOD_S)
        energies_j = [
            after_j(store, energy_j, share_w, PERIOD_S)
            for store, energy_j, share_w in zip(given_stores, energies_j, shares, strict=True)
        ]
        assert all(e >= least - 1.0 for e, least in zip(energies_j, least_j, strict=True))
        load_w = now_w
        import_w = now_w + sum(shares)
        state = shaver.measured(state, (k + 1) * ns(PERIOD_S), now_w, import_w, PARAMS)


@given(stores(), st.floats(0.0, 1.0), st.floats(1.0, 3600.0))
def test_a_store_offers_nothing_of_its_reserve(
    store: Store, charge_pu: float, for_s: float
) -> None:
    energy_j = charge_pu * store.capacity_j
    lowest_w, _ = limits_w(store, energy_j, for_s)
    assert after_j(store, energy_j, lowest_w, for_s) >= min(energy_j, store.floor_j) - 1.0
    assert (
        as_one([store]).capacity_j <= store.capacity_j - min(store.capacity_j, store.floor_j) + 1.0
    )
