"""The full solve equals power-grid-model's Newton-Raphson, tracking equals the full solve."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.estimation.network import all_on
from daemon.core.estimation.solver import solve
from tests.feeders import metered, scan
from tests.oracle.estimation import PowerGrid

WITHIN_PU = 1e-9


@pytest.mark.parametrize("size", [20, 200, 2000])
def test_full_solve_is_that_of_power_grid_model(size: int) -> None:
    of, chance = metered(size), np.random.default_rng(1)
    network = of.model.equations.network
    oracle = PowerGrid(network, of.model.equations.measurements)
    z, _, weight = scan(of, chance)
    oracle.model.update(update_data=oracle.update(z, weight))
    expected = oracle.estimate()
    got = solve(of.model, all_on(network), z, weight)
    assert got.converged
    assert np.abs(got.x - expected).max() < WITHIN_PU
