"""Every derivative is that of the reading it belongs to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from daemon.core.estimation.equations import Equations
from daemon.core.estimation.islands import Islands, islands
from daemon.core.estimation.measurements import Kind
from daemon.core.estimation.network import Floats, all_on
from daemon.core.estimation.reading import jacobian, read
from tests.unit.core.estimation.hybrids import modelled, numbered, some_state

STEP = 1e-6


def by_differences(of: Equations, live: Islands, x: Floats) -> Floats:
    columns = []
    for state in range(len(x)):
        moved = np.zeros(len(x))
        moved[state] = STEP * live.free[state]
        columns.append((read(of, live, x + moved) - read(of, live, x - moved)) / (2.0 * STEP))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("seed", range(5))
def test_every_derivative_is_that_of_finite_differences(seed: int) -> None:
    chance = np.random.default_rng(seed)
    of = modelled(chance).equations
    live = islands(of.network, all_on(of.network))
    x = some_state(modelled(np.random.default_rng(seed)), chance)
    slope = of.rows.matrix(jacobian(of, live, x)).toarray()
    assert slope == pytest.approx(by_differences(of, live, x), abs=1e-6)
    assert set(of.measurements.kind.tolist()) == {int(kind) for kind in Kind} - (
        set() if len(of.network.branches.tapped) else {Kind.TAP}
    )


def test_losses_of_a_converter_have_no_kink_at_no_current() -> None:
    model = modelled(np.random.default_rng(1))
    of, where = model.equations, model.equations.where
    live = islands(of.network, all_on(of.network))
    losses, x = numbered(model, Kind.LOSSES), some_state(model, np.random.default_rng(2))
    a, b, c = of.network.converters.loss.T + x[where.loss].reshape(3, -1)
    for current in (0.0, 3e-5, -8e-5, 5e-3, -0.2):
        x[where.i] = current
        told = a + b * abs(current) + c * current**2
        assert read(of, live, x)[losses] == pytest.approx(told, abs=1e-6)
        slope = of.rows.matrix(jacobian(of, live, x)).toarray()
        assert slope == pytest.approx(by_differences(of, live, x), abs=1e-6)
    x[where.i] = -0.2
    assert read(of, live, x)[losses] == pytest.approx(a + 0.2 * b + 0.04 * c, abs=1e-15)


def test_what_is_off_reads_nothing_and_depends_on_nothing() -> None:
    chance = np.random.default_rng(1)
    model = modelled(chance)
    of = model.equations
    wiring = all_on(of.network)
    on = wiring.branch_on.copy()
    on[-1] = False
    live = islands(of.network, replace(wiring, branch_on=on))
    x = some_state(model, chance)
    rows = [r for r in numbered(model, Kind.FLOW_P) if of.measurements.place[r] == len(on) - 1]
    slope = of.rows.matrix(jacobian(of, live, x)).toarray()
    assert len(rows) == 2
    assert not read(of, live, x)[rows].any()
    assert not slope[rows].any()


def test_what_a_bus_draws_is_what_its_branches_and_converters_leave() -> None:
    model = modelled(np.random.default_rng(2))
    of, told = model.equations, model.equations.measurements
    live = islands(of.network, all_on(of.network))
    y = read(of, live, some_state(model, np.random.default_rng(3)))
    flows, machines = numbered(model, Kind.FLOW_P), numbered(model, Kind.CONVERTER_P)
    bus = of.network.branches.at[told.place[flows], told.end[flows]]
    left = np.zeros(of.network.n_ac)
    np.subtract.at(left, bus, y[flows])
    np.subtract.at(left, of.network.converters.ac, y[machines])
    assert y[numbered(model, Kind.DRAWN_P)] == pytest.approx(left, abs=1e-12)
