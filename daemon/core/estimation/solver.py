"""The full solve of one scan.

It is what tracking is measured against, and what answers a person who asks about one scan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from daemon.core.estimation.gauss_newton import gauss_newton, usable
from daemon.core.estimation.inverse import inverse
from daemon.core.estimation.islands import islands
from daemon.core.estimation.layout import Solution
from daemon.core.estimation.model import flat
from daemon.core.estimation.reading import read
from daemon.core.estimation.verdict import verdict

if TYPE_CHECKING:
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Floats, Wiring


def solve(
    model: Model, wiring: Wiring, z: Floats, weight: Floats, start: Floats | None = None
) -> Solution:
    """Return the weighted least squares estimate of one scan.

    Args:
        model: of the network.
        wiring: what is connected.
        z: measured values (n_measurement,) [pu]; whatever, where the weight is 0.
        weight: of the measurements (n_measurement,) [1/pu^2].
        start: state to start from (n_state,) [pu, rad]; None for the idle network.
    """
    equations = model.equations
    live = islands(equations.network, wiring)
    weight = usable(z, weight)
    used = weight > 0.0
    z = np.where(used, z, 0.0)
    x = flat(equations, live) if start is None else start * live.alive
    solved = gauss_newton(model, live, x, z, weight)
    of = inverse(equations, solved.factors, model.partner)
    measured = read(equations, live, solved.x)[: equations.n_measurement]
    residual = used * (z - measured)
    found = verdict(residual, weight, of.pairs.share)
    return Solution(
        x=solved.x,
        alive=live.alive,
        used=used,
        measured=measured,
        sigma_measured=of.sigma_measured,
        residual=residual,
        normalised=found.normalised,
        chi_square=found.chi_square,
        dof=found.dof,
        sigma=of.sigma,
        tested=True,
        iterations=solved.iterations,
        step=solved.step,
        converged=solved.converged,
    )
