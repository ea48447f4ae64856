"""The split: by frequency, what one cannot another does, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.smoothing.leading import grained, in_grains
from daemon.core.smoothing.split import Store, evenly, kinds, shared, split
from daemon.core.smoothing.stores import Able
from daemon.model.quantities import SECOND, ns

STORES = (
    Store(power_w=3e6, energy_j=10e9, time_s=10.0, centred_s=60.0),
    Store(power_w=1.5e6, energy_j=0.3e9, time_s=0.5, centred_s=30.0),
    Store(power_w=2e6, energy_j=10e6, time_s=0.0, centred_s=2.0),
)
MIDDLE_J = tuple(0.5 * store.energy_j for store in STORES)
STEP_NS = SECOND // 100


def followed(wanted_w: np.ndarray) -> np.ndarray:
    """Return what each store takes in every step, their charges moving with it [W]."""
    slow_w: tuple[float, ...] = (0.0,) * len(STORES)
    stored_j, powers_w = list(MIDDLE_J), []
    for power_w in wanted_w:
        shares = split(slow_w, STORES, stored_j, float(power_w), STEP_NS)
        slow_w = shares.slow_w
        assert shares.rest_w == pytest.approx(0.0, abs=1e-3)
        for k, taken_w in enumerate(shares.powers_w):
            stored_j[k] += taken_w * STEP_NS / SECOND
        powers_w.append(shares.powers_w)
    return np.array(powers_w)


def test_a_step_is_taken_by_the_fast_first_and_ends_at_the_slow() -> None:
    taken_w = followed(np.full(12_000, 1e6))
    assert taken_w[0, 2] > 0.9e6
    assert taken_w[300, 1] > 0.5e6
    assert taken_w[-1, 0] == pytest.approx(1e6, rel=0.15)
    assert np.abs(taken_w[-1, 1:]).max() < 0.15e6


@pytest.mark.parametrize(("frequency_hz", "who"), [(0.002, 0), (0.12, 1), (3.0, 2)])
def test_each_takes_its_part_of_the_spectrum(frequency_hz: float, who: int) -> None:
    t_s = np.arange(0.0, max(1.0 / frequency_hz, 60.0), STEP_NS / SECOND)
    taken_w = followed(1e6 * np.sin(2.0 * np.pi * frequency_hz * t_s))
    late_w = taken_w[len(t_s) // 4 :]
    assert int(np.argmax(late_w.std(axis=0))) == who


def test_an_empty_fast_store_is_filled_again_by_the_slower_ones() -> None:
    stored_j = (*MIDDLE_J[:2], 1e6)
    shares = split((0.0,) * 3, STORES, stored_j, 0.0, STEP_NS)
    assert shares.powers_w[2] > 0.0
    assert sum(shares.powers_w) == pytest.approx(0.0, abs=1e-6)


power_w = st.floats(-8e6, 8e6)


@given(
    wanted_w=power_w,
    slow_w=st.tuples(power_w, power_w, power_w),
    part=st.tuples(*[st.floats(0.0, 1.0)] * 3),
)
def test_no_store_is_asked_for_more_than_it_can_and_nothing_is_lost(
    wanted_w: float, slow_w: tuple[float, ...], part: tuple[float, ...]
) -> None:
    stored_j = [p * store.energy_j for p, store in zip(part, STORES, strict=True)]
    shares = split(slow_w, STORES, stored_j, wanted_w, STEP_NS)
    assert sum(shares.powers_w) + shares.rest_w == pytest.approx(wanted_w, abs=1e-3)
    least_w = most_w = 0.0
    for store, at_j, taken_w in zip(STORES, stored_j, shares.powers_w, strict=True):
        assert -min(store.power_w, at_j) - 1e-6 <= taken_w
        assert taken_w <= min(store.power_w, store.energy_j - at_j) + 1e-6
        least_w -= min(store.power_w, at_j)
        most_w += min(store.power_w, store.energy_j - at_j)
    # A rest is left only where all of them together cannot.
    outside_w = wanted_w - min(max(wanted_w, least_w), most_w)
    assert shares.rest_w == pytest.approx(outside_w, abs=1e-3)


WATTS = st.floats(-3e6, 3e6)
EACH = st.lists(st.tuples(WATTS, st.floats(0.0, 3e6)), min_size=1, max_size=5)


@given(EACH, st.floats(-2e7, 2e7))
def test_stores_of_a_kind_share_so_that_none_could_be_relieved_by_another(
    each: list[tuple[float, float]], wanted_w: float
) -> None:
    aims_w, most_w = [aim for aim, _ in each], [most for _, most in each]
    sign = 1.0 if wanted_w > 0.0 else -1.0
    parts_w = [sign * part_w for part_w in evenly(aims_w, most_w, wanted_w)]
    assert sum(parts_w) == pytest.approx(min(abs(wanted_w), sum(most_w)), abs=1.0)
    assert all(-1e-6 <= p <= m + 1e-6 for p, m in zip(parts_w, most_w, strict=True))
    sums_w = [sign * a + p for a, p in zip(aims_w, parts_w, strict=True)]
    could_w = [w for w, p, m in zip(sums_w, parts_w, most_w, strict=True) if p < m - 1.0]
    taking_w = [w for w, p in zip(sums_w, parts_w, strict=True) if p > 1.0]
    assert not could_w or not taking_w or max(taking_w) <= min(could_w) + 1.0


def test_three_alike_give_a_third_each_so_that_the_trip_of_one_is_the_least() -> None:
    assert evenly([0.0] * 3, [3e6] * 3, -2.4e6) == pytest.approx([-0.8e6] * 3)
    assert evenly([-1e6, 0.0, 0.0], [2e6, 3e6, 3e6], -0.5e6) == pytest.approx([0.0, -25e4, -25e4])


def test_who_lasts_alike_is_of_one_kind() -> None:
    hours = [2.0, 1.0, 1.0 / 6.0, 4.0, 0.1]
    assert kinds([3600.0 * h for h in hours]) == ((0, 1, 3), (2, 4))


def test_a_step_costs_the_quick_store_a_quarter_and_comes_back_to_it() -> None:
    """Ten megawatts for an hour, and for twelve seconds: the quick one is not run empty by it."""
    able = [Able(10e6, 10e6, 18e9, 18e9), Able(10e6, 10e6, 60e6, 60e6)]
    slow_w: tuple[float, ...] = ()
    quick_j = []
    for _ in range(600):
        found = shared(slow_w, (3600.0, 12.0), able, (0.0, 0.0), -8e6, ns(0.2), 120.0, 900.0)
        assert sum(found.powers_w) == pytest.approx(-8e6)
        slow_w, moved_j = found.slow_w, found.powers_w[1] * 0.2
        one = able[1]
        able[1] = one._replace(stored_j=one.stored_j + moved_j, room_j=one.room_j - moved_j)
        quick_j.append(able[1].stored_j)
    assert min(quick_j) > 0.25 * 120e6
    assert quick_j[-1] == pytest.approx(60e6, rel=0.1)


def test_the_quickest_makes_up_for_the_grains_of_the_others() -> None:
    parts_w = in_grains((-1.993e6, 0.317e6, -0.251e6), (0.0, 0.008e6, 0.0), 2)
    assert parts_w[:2] == (-1.993e6, 0.317e6)
    asked_w = grained(-1.993e6) + grained(0.325e6) + parts_w[2]
    assert asked_w == pytest.approx(-1.993e6 + 0.325e6 - 0.251e6)
