"""The aim over futures, where it can be said by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.balance.shaving.level import (
    Outlook,
    Params,
    best,
    bounded_w,
    doubted,
    lowest_w,
)
from daemon.core.balance.shaving.programme import optimum
from daemon.core.balance.shaving.stores import Store

MWH = 3.6e9
LOSSLESS = Store(20e6, 20e6, 2 * MWH, 1.0)
SURE = Params(doubt_pu=0.0)


def outlook(*futures: tuple[float, ...], paid_w: float = 0.0) -> Outlook:
    """Return windows of a quarter of an hour [MW] as three samples each."""
    return Outlook(np.repeat(np.array(futures) * 1e6, 3, axis=1), 3, 900.0, paid_w)


def held_w(*future: float, energy_j: float = 2 * MWH, store: Store = LOSSLESS) -> float:
    return float(lowest_w(np.array([future]) * 1e6, 900.0, store, energy_j)[0])


def test_what_can_be_held_is_what_the_energy_lasts_for() -> None:
    assert held_w(80, 88, 88, 80) == pytest.approx(84e6, abs=2e3)
    assert held_w(80, 88, 88, 80, energy_j=0.0) == pytest.approx(85.333e6, abs=2e3)
    assert held_w(88, 88, 80, energy_j=0.0) == pytest.approx(88e6, abs=2e3)


def test_what_can_be_held_is_no_more_than_the_power_is() -> None:
    weak = Store(5e6, 5e6, 20 * MWH, 1.0)
    assert held_w(80, 100, 80, energy_j=20 * MWH, store=weak) == pytest.approx(95e6, abs=2e3)


def test_what_is_given_back_by_a_valley_can_be_given_again() -> None:
    assert held_w(88, 88, 70, 88, 88) == pytest.approx(84e6, abs=2e3)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(40.0, 100.0), min_size=2, max_size=16),
    st.floats(0.0, 1.0),
    st.floats(0.8, 1.0),
)
def test_it_is_the_optimum_of_the_programme(
    demands_mw: list[float], filled_pu: float, efficiency_pu: float
) -> None:
    store = Store(12e6, 8e6, 3 * MWH, efficiency_pu)
    demands_w = np.array([demands_mw]) * 1e6
    energy_j = filled_pu * store.capacity_j
    known = optimum(demands_w[0], 900.0, [store], [energy_j])
    assert known is not None
    assert lowest_w(demands_w, 900.0, store, energy_j)[0] == pytest.approx(known.peak_w, abs=2e3)


def test_a_future_known_for_sure_gives_its_optimum() -> None:
    aim, expected, demands_w = best(outlook((80, 90, 90, 80)), LOSSLESS, 2 * MWH, SURE)
    assert aim == pytest.approx(86e6, abs=2e3)
    assert expected == aim
    assert demands_w.tolist() == [80e6, 90e6, 90e6, 80e6]


def test_nothing_is_spent_below_what_is_paid_for() -> None:
    aim, expected, _ = best(outlook((80, 90, 90, 80), paid_w=95e6), LOSSLESS, 2 * MWH, SURE)
    assert (aim, expected) == (95e6, 95e6)


def test_a_full_storage_is_bold_and_an_empty_one_careful() -> None:
    """With energy left a low aim can be raised still; without, what comes is paid for."""
    seen = outlook(*[(80, 80 + rise, 80 + rise) for rise in range(11)])
    bold, careful = Params(0.2, 0.8, doubt_pu=0.0), Params(0.8, 0.8, doubt_pu=0.0)
    full_w, half_w = (best(seen, LOSSLESS, part * MWH, bold).aim_w for part in (2, 1))
    assert full_w < best(seen, LOSSLESS, 2 * MWH, careful).aim_w
    assert full_w < half_w < best(seen, LOSSLESS, 0.0, bold).aim_w


def test_storage_without_energy_holds_nothing_down() -> None:
    none = Store(0.0, 0.0, 0.0, 1.0)
    assert best(outlook((80, 90)), none, 0.0, SURE).aim_w == pytest.approx(90e6, abs=2e3)


def test_doubt_moves_the_futures_apart_and_not_as_a_whole() -> None:
    seen = outlook(*[(80, 90)] * 28)
    moved_w = doubted(seen, 1e6).futures_w - seen.futures_w
    assert moved_w.mean() == pytest.approx(0.0, abs=1.0)
    assert moved_w[:, 0].std() == pytest.approx(1e6, rel=0.1)
    assert len(set(moved_w[:, 0])) == 28


def bound_w(
    *days: tuple[float, ...], aim_w: float = 99e6, paid_w: float = 0.0, **held: Any
) -> float:
    store, energy_j = held.get("store", LOSSLESS), held.get("energy_j", 2 * MWH)
    days_w = np.array(days).reshape(len(days), -1) * 1e6
    return bounded_w(aim_w, paid_w, days_w, 900.0, store, energy_j)


@pytest.mark.parametrize(("energy_mwh", "held_mw"), [(2.0, 84.0), (1.0, 86.0), (0.0, 88.0)])
def test_an_aim_is_bound_by_what_the_energy_would_have_held(
    energy_mwh: float, held_mw: float
) -> None:
    """Half an hour of 88 MW on the day before: a megawatt-hour takes 2 MW from it."""
    found_w = bound_w((88, 88, 80), energy_j=energy_mwh * MWH)
    assert found_w == pytest.approx(held_mw * 1e6, abs=2e3)


def test_the_worst_of_the_days_before_binds_an_aim() -> None:
    assert bound_w((80, 80, 80), (88, 88, 80), (84, 84, 80)) == pytest.approx(84e6, abs=2e3)


def test_a_bound_is_no_lower_than_the_power_is() -> None:
    weak = Store(5e6, 5e6, 20 * MWH, 1.0)
    assert bound_w((80, 100, 80), store=weak, energy_j=20 * MWH) == pytest.approx(95e6, abs=2e3)


@pytest.mark.parametrize("aim_w", [80e6, 83.9e6])
def test_a_bound_raises_no_aim(aim_w: float) -> None:
    assert bound_w((88, 88, 80), aim_w=aim_w) == aim_w


def test_a_bound_is_no_lower_than_what_is_paid_for() -> None:
    assert bound_w((88, 88, 80), paid_w=85e6) == 85e6
    assert bound_w((88, 88, 80), aim_w=85e6, paid_w=85e6) == 85e6


def test_without_days_before_nothing_binds_an_aim() -> None:
    assert bounded_w(99e6, 0.0, np.empty((0, 96)), 900.0, LOSSLESS, 2 * MWH) == 99e6
