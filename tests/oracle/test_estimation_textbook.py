"""Networks of textbooks are estimated exactly, and as two independent programs estimate them."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.estimation.network import all_on
from daemon.core.estimation.solver import solve
from tests.oracle.estimation import PowerGrid
from tests.oracle.estimation_textbook import NETWORKS, apart, by_pandapower, textbook

WITHIN_PU = 1e-9


@pytest.mark.filterwarnings("ignore")  # of pandapower about pandas and about itself
@pytest.mark.parametrize("name", NETWORKS)
def test_is_exact_without_noise_and_that_of_others_with_noise(name: str) -> None:
    of, chance = textbook(name), np.random.default_rng(1)
    network, told = of.model.equations.network, of.model.equations.measurements
    clean = solve(of.model, all_on(network), of.y, of.weight)
    assert clean.converged
    assert apart(of, clean.x, of.x) < WITHIN_PU
    z = of.y + told.sigma * chance.standard_normal(len(of.y))
    noisy = solve(of.model, all_on(network), z, of.weight)
    grid = PowerGrid(network, told)
    grid.model.update(update_data=grid.update(z, of.weight))
    assert apart(of, noisy.x, grid.estimate()) < WITHIN_PU
    assert apart(of, noisy.x, by_pandapower(of, z)) < WITHIN_PU
