"""Whatever the instruments say there is an answer, never NaN; and tracking is the full solve."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from daemon.core.estimation.islands import islands
from daemon.core.estimation.layout import Solution
from daemon.core.estimation.measurements import (
    ABSENT,
    AGED,
    FRESH,
    Classes,
    Kind,
    weights,
    worth,
)
from daemon.core.estimation.model import Model
from daemon.core.estimation.network import Floats, Network, Wiring, all_on
from daemon.core.estimation.reading import jacobian, read
from daemon.core.estimation.solver import solve
from daemon.core.estimation.tracking import Tracker
from tests.unit.core.estimation.hybrids import fresh, modelled

HOSTILE = [np.nan, np.inf, -np.inf, 1e300, -1e300, 1e4, -1e3, 0.0, -0.0, 1e-300, 5.0, -1.0]

LOSSES = [Kind.LOSS_A, Kind.LOSS_B, Kind.LOSS_C]

GIVEN = [
    *(Kind.TAP, *LOSSES),
    *(Kind.DRAW_P, Kind.DRAW_Q, Kind.CONVERTER_P, Kind.CONVERTER_Q),
]

NEAR_PU = 1e-5
"""Tracking is so near to the full solve, or else within `NEAR_PART` of the standard deviation."""
NEAR_PART = 0.1
"""Costs 0.5 % of rms error."""
KNOWN_PU = 0.1
"""What has a larger standard deviation hardly follows from what is measured."""
EXACT_PU = 1e-6
LEFT_PU = 3e-5
"""A tracked state is off the constraints by no more than if every state were off by this."""

seeds = st.integers(0, 2**16)


def some_wiring(network: Network, chance: np.random.Generator, off: float) -> Wiring:
    return Wiring(
        branch_on=chance.random(len(network.branches.y)) >= off,
        dc_branch_on=chance.random(len(network.dc_branches.g)) >= off,
        converter_on=chance.random(len(network.converters.ac)) >= off,
        source_on=chance.random(len(network.sources)) >= off,
        dc_source_on=chance.random(len(network.dc_sources)) >= off,
    )


def some_classes(n: int, chance: np.random.Generator, absent: float = 0.01) -> Classes:
    fate = chance.random(n)
    return np.select([fate < absent, fate < absent + 0.1], [ABSENT, AGED], FRESH).astype(np.uint8)


def consistent(of: Model, wiring: Wiring, chance: np.random.Generator) -> Floats:
    """Return what the instruments read in a state that can be (n_measurement,).

    Only what a load flow is given is taken for it, so that nothing contradicts anything.
    """
    network, told = of.equations.network, of.equations.measurements
    kind, place = told.kind, told.place
    z = chance.uniform(-0.1, 0.1, len(kind))
    z[np.isin(kind, [Kind.VOLTAGE, Kind.DC_VOLTAGE, Kind.TAP])] += 1.0
    z[np.isin(kind, LOSSES)] = 0.0
    left = np.concatenate([network.transit, network.draws, network.sources])
    loads = np.isin(kind, [Kind.DRAWN_P, Kind.DRAWN_Q]) & ~np.isin(place, left)
    given = np.isin(kind, GIVEN) | loads | ((kind == Kind.VOLTAGE) & (place == 0))
    given |= (kind == Kind.DC_VOLTAGE) & ~np.isin(place, network.dc_transit)
    found = solve(of, wiring, z, given * fresh(of))
    assume(found.converged)  # a drawn network need not carry what is drawn for it
    return found.measured


def mismatch(of: Model, solution: Solution) -> Floats:
    """Return how far the exact constraints are from holding (n_constraint,) [pu]."""
    live = islands(of.equations.network, all_on(of.equations.network))
    return np.abs(read(of.equations, live, solution.x)[of.equations.n_measurement :])


def stiffness(of: Model, solution: Solution) -> Floats:
    """Return what a change of all states by 1 does to the constraints (n_constraint,)."""
    live = islands(of.equations.network, all_on(of.equations.network))
    slope = np.abs(jacobian(of.equations, live, solution.x))
    rows: Floats = of.equations.rows.matrix(slope).sum(axis=1)[of.equations.n_measurement :]
    return rows


def clean(solution: Solution) -> bool:
    """Whether all that a solution says is a number."""
    said = (getattr(solution, name) for name in Solution._fields)
    return all(bool(np.isfinite(np.asarray(one, dtype=np.float64)).all()) for one in said)


@given(seed=seeds, n_ac=st.integers(1, 9), n_dc=st.integers(0, 3), hostile=st.floats(0.0, 1.0))
@example(seed=503, n_ac=9, n_dc=3, hostile=0.75)  # a matrix that is singular to the last digit
@example(seed=800, n_ac=9, n_dc=0, hostile=0.0)  # a voltage of 1e-300
@example(seed=953, n_ac=9, n_dc=1, hostile=0.75)  # steps that grow
@example(seed=3, n_ac=3, n_dc=3, hostile=0.9453125)  # a ratio that vanishes
@example(seed=9601, n_ac=3, n_dc=3, hostile=0.875)  # a step that runs away
def test_hostile_and_missing_measurements_get_an_answer(
    seed: int, n_ac: int, n_dc: int, hostile: float
) -> None:
    chance = np.random.default_rng(seed)
    of = modelled(chance, n_ac, n_dc)
    told = of.equations.measurements
    tracker, state = Tracker(of), None
    wiring = some_wiring(of.equations.network, chance, off=0.2)
    for scan in range(4):
        if scan == 2:
            wiring = some_wiring(of.equations.network, chance, off=0.4)
        z = chance.normal(0.5, 0.6, len(told.kind))
        bad = chance.random(len(z)) < hostile
        z[bad] = chance.choice(HOSTILE, int(bad.sum()))
        classes = some_classes(len(z), chance, absent=float(chance.random()))
        state, tracked = tracker.scan(state, wiring, z, classes)
        assert clean(tracked)
        weight = weights(worth(told.sigma, told.sigma_aged), classes)
        assert clean(solve(of, wiring, z, weight))


@given(seed=seeds, n_ac=st.integers(3, 9), n_dc=st.integers(0, 3))
@example(seed=2, n_ac=3, n_dc=3)  # loss coefficients that take steps of their own size
@example(seed=11, n_ac=5, n_dc=2)
@example(seed=71, n_ac=4, n_dc=3)  # 14 pu of load, from an idle network
@example(seed=178, n_ac=6, n_dc=2)  # magnitudes of currents near nothing
@example(seed=1810, n_ac=6, n_dc=0)  # taps that long steps lead in circles
@example(seed=241, n_ac=3, n_dc=3)
@example(seed=45784, n_ac=3, n_dc=2)  # a converter at no current, where its losses have a kink
@example(seed=30608, n_ac=3, n_dc=0)  # noise that would take a magnitude below nothing
@example(seed=63741, n_ac=7, n_dc=2)  # what old derivatives settle, new ones do not
@example(seed=248, n_ac=8, n_dc=2)  # derivatives kept in too long a step
def test_tracking_is_the_full_solve(seed: int, n_ac: int, n_dc: int) -> None:
    chance = np.random.default_rng(seed)
    of = modelled(chance, n_ac, n_dc)
    told, wiring = of.equations.measurements, all_on(of.equations.network)
    y, tracker, state = consistent(of, wiring, chance), Tracker(of), None
    sizes = of.equations.currents[~of.equations.carried]
    for _ in range(4):
        classes = some_classes(len(y), chance)
        classes[np.isin(told.kind, LOSSES)] = FRESH  # the guess of a loss curve is always there
        z = y + 0.2 * told.sigma * chance.standard_normal(len(y))
        z[sizes] = np.abs(z[sizes])  # no meter shows less than 0 A
        state, tracked = tracker.scan(state, wiring, z, classes)
        full = solve(of, wiring, z, weights(worth(told.sigma, told.sigma_aged), classes), tracked.x)
        assert tracked.converged
        assert full.converged
        known = full.sigma < KNOWN_PU
        apart = np.abs(tracked.x - full.x) - NEAR_PART * full.sigma
        assert (apart[known] < NEAR_PU).all()
        assert tracked.chi_square < 1.01 * full.chi_square + 0.01
        assert mismatch(of, full).max(initial=0.0) < EXACT_PU
        assert (mismatch(of, tracked) < EXACT_PU + LEFT_PU * stiffness(of, tracked)).all()


@given(seed=seeds, n_ac=st.integers(2, 9), n_dc=st.integers(0, 3))
def test_what_is_dead_is_zero(seed: int, n_ac: int, n_dc: int) -> None:
    chance = np.random.default_rng(seed)
    of = modelled(chance, n_ac, n_dc)
    whole = all_on(of.equations.network)
    z = consistent(of, whole, chance)
    wiring = some_wiring(of.equations.network, chance, off=0.3)
    found = solve(of, wiring, z, fresh(of))
    live = islands(of.equations.network, wiring)
    assert not found.x[~found.alive].any()
    assert found.alive.any() == (live.ac >= 0).any() | (live.dc >= 0).any()
