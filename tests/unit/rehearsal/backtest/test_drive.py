"""What holds of every policy on any load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.balance.shaving.shaver import Params
from daemon.core.balance.shaving.stores import Bands, Store
from daemon.model.quantities import SECOND
from daemon.rehearsal.backtest.course import Course, course
from daemon.rehearsal.backtest.drive import alone, capture_pu, driven, foreseen
from daemon.rehearsal.backtest.policies import NAMES, POLICIES, first_aim_w

MWH = 3.6e9


def days(seed: int, count: int, level_w: float = 80e6) -> Course:
    """Return noisy days of which the last one is driven."""
    chance = np.random.default_rng(seed)
    hours = np.arange(288 * count) / 12
    load_w = level_w + 0.15 * level_w * np.sin(hours / 24 * 2 * np.pi)
    load_w += 0.03 * level_w * chance.standard_normal(len(hours))
    t_ns = np.arange(len(hours)) * 300 * SECOND
    return course(t_ns, np.maximum(load_w, 0.0), 900.0, (count - 1) * 86_400.0, 60.0)


def test_every_policy_lies_between_none_and_the_optimum() -> None:
    load = days(1, 4)
    stores = [Store(8e6, 8e6, 16 * MWH)]
    none, best = alone(load), foreseen(load, stores)
    for name in NAMES:
        reached = capture_pu(driven(load, stores, name, Params()), none, best)
        assert reached is not None
        assert 0.0 <= reached <= 1.0 + 1e-6, name
    ours = capture_pu(driven(load, stores, "ours", Params()), none, best)
    assert ours is not None
    assert ours > 0.6


@pytest.mark.parametrize("name", sorted(POLICIES))
@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    reserve_pu=st.floats(0.0, 1.0),
    level_w=st.sampled_from((4e6, 80e6)),
)
def test_reserve_export_and_peak(name: str, seed: int, reserve_pu: float, level_w: float) -> None:
    load = days(seed, 2, level_w)
    stores = [
        Store(8e6, 8e6, 10 * MWH, 0.95, Bands(reserve_pu * 10 * MWH)),
        Store(1.5e6, 1.5e6, 0.25 * MWH, 0.95, Bands(0.1 * MWH)),
    ]
    run = driven(load, stores, name, Params())
    assert run.spare_j >= -1.0, "the reserve is not touched"
    assert run.lowest_w >= -1.0, "nothing flows back"
    assert run.energy_j.max() <= 10.25 * MWH + 1.0
    assert len(run.demands_w) == len(load.windows_w)


def test_what_comes_later_changes_nothing_before() -> None:
    """No policy knows the future: with another end, what came before is the same."""
    load = days(5, 3)
    cut = 700
    other = load._replace(load_w=np.concatenate([load.load_w[:cut], load.load_w[cut:] * 1.2]))
    stores = [Store(8e6, 8e6, 16 * MWH)]
    windows = cut // 15
    for name in POLICIES:
        one, two = (driven(x, stores, name, Params()).demands_w for x in (load, other))
        assert np.array_equal(one[:windows], two[:windows]), name


def test_days_before_are_not_paid_for_in_a_new_period() -> None:
    """After a peak that does not come back the first aim gives nothing, and a plan does."""
    load = days(3, 4)
    before_w = load.before_w.copy()
    before_w[60:84] *= 1.2
    higher = load._replace(before_w=before_w)
    stores = [Store(8e6, 8e6, 16 * MWH)]
    none, best = alone(higher), foreseen(higher, stores)
    assert capture_pu(driven(higher, stores, "ratchet", Params()), none, best) == 0.0
    ours = capture_pu(driven(higher, stores, "ours", Params()), none, best)
    assert ours is not None
    assert ours > 0.2


def test_an_aim_that_is_given_is_begun_with() -> None:
    """What it lacks is lost within windows: storage waits for a third of its power as it does."""
    load = days(2, 3)
    stores = [Store(8e6, 8e6, 16 * MWH)]
    none, best = alone(load), foreseen(load, stores)
    reached = [
        capture_pu(driven(load, stores, "ratchet", Params(), first_w=w), none, best) or 0.0
        for w in (best.peak_w, none.peak_w)
    ]
    assert reached[0] > 0.75
    assert reached[1] == pytest.approx(0.0, abs=1e-6)


def test_where_nothing_can_be_gained_there_is_no_capture() -> None:
    load = days(1, 2)
    stores = [Store(0.0, 0.0, 1.0 * MWH)]
    assert capture_pu(alone(load), alone(load), foreseen(load, stores)) is None


def test_the_first_aim_is_that_of_the_last_two_weeks() -> None:
    load = days(7, 16)
    before_w = load.before_w.copy()
    before_w[100:112] *= 1.5
    store = Store(8e6, 8e6, 16 * MWH)
    aims_w = [first_aim_w(load._replace(before_w=x), [store]) for x in (load.before_w, before_w)]
    assert aims_w[0] == pytest.approx(aims_w[1]), "a day that is longer ago says nothing"
    before_w[-212:-200] *= 1.5
    assert first_aim_w(load._replace(before_w=before_w), [store]) > 1.1 * aims_w[0]
