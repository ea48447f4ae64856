"""The least error that any unbiased estimator of the AI hall can have, by state: Cramer-Rao.

The plant is run to a settled state and estimated; what the estimate says is taken for the truth.
About it the readings of all instruments and all exact constraints are differentiated numerically.
With J the derivatives of the readings, W the weights and N a basis of what the constraints leave
free, the bound of the covariance is N (N' J' W J N)^-1 N': no factor, pattern or derivative of the
estimator goes into it. What is assumed of loss curves and loads (pseudo-measurements) is drawn anew
like a reading, with the deviation that it is given, so that loss curves are as uncertain in the
draws as the estimator believes.

Source: P. Stoica, B. Ng, On the Cramer-Rao bound under parametric constraints,
doi:10.1109/97.700921.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, null_space

from daemon.core.estimation import estimator
from daemon.core.estimation.islands import islands
from daemon.core.estimation.measurements import FRESH
from daemon.core.estimation.prepared import plan
from daemon.core.estimation.reading import read
from daemon.core.estimation.solver import solve
from daemon.core.estimation.tracking import Tracker
from tests.unit.core.estimation.picture import Picture

if TYPE_CHECKING:
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Flags, Floats, Wiring

STEP_PU = 1e-6
LEAST_PU = 1e-9
"""A smaller bound is that of a state that constraints alone tell."""


class Hall(NamedTuple):
    """The AI hall in a state.

    Attributes:
        model: of the network and its instruments.
        wiring: what is connected.
        weight: of the measurements, 0 where nothing is measured (n_measurement,) [1/pu^2].
        x: the state, which the constraints hold in (n_state,) [pu, rad].
    """

    model: Model
    wiring: Wiring
    weight: Floats
    x: Floats


def hall() -> Hall:
    """Return the hall with everything running."""
    picture = Picture()
    view = picture.view()
    of = plan(picture.site, picture.points)
    found = estimator.at_once(
        estimator.State(), view.image, view.topology, picture.site, picture.points
    ).state
    assert found.track is not None
    assert found.wires is not None
    assert found.reference is not None
    prepared = of.prepared(found.wires)
    model = prepared.tracker(of, found.reference).model
    wiring, told = found.track.basis.wiring, model.equations.measurements
    rest = np.concatenate([np.where(prepared.measures, FRESH, 2), prepared.rest])
    weight = np.where(rest == FRESH, told.sigma**-2.0, 0.0)
    live = islands(model.equations.network, wiring)
    readings = read(model.equations, live, found.track.x)[: len(weight)]
    x = solve(model, wiring, readings, weight, found.track.x).x
    return Hall(model, wiring, weight, x)


def bound(of: Hall) -> tuple[Floats, Flags]:
    """Return the least deviation of every state, and of which it is a state at all (n_state,)."""
    equations = of.model.equations
    live, n = islands(equations.network, of.wiring), equations.n_measurement
    free = np.flatnonzero(live.free)

    def readings(x: Floats) -> Floats:
        return read(equations, live, x)

    columns = []
    for state in free:
        there, back = of.x.copy(), of.x.copy()
        there[state] += STEP_PU
        back[state] -= STEP_PU
        columns.append((readings(there) - readings(back)) / (2.0 * STEP_PU))
    slopes = np.stack(columns, axis=1)
    rows = slopes[n:]
    left = null_space(rows[np.abs(rows).max(axis=1) > 0.0])
    seen = np.sqrt(of.weight)[:, None] * (slopes[:n] @ left)
    scale = 1.0 / np.sqrt(np.square(seen).sum(axis=0))
    factor = cho_factor((seen * scale).T @ (seen * scale))
    spread = left * scale
    variance = np.einsum("ij,ji->i", spread, cho_solve(factor, spread.T))
    least = np.zeros(len(of.x))
    least[free] = np.sqrt(variance)
    return least, least > LEAST_PU


def errors(of: Hall, draws: int, seed: int) -> Floats:
    """Return the errors of what is tracked in scans with fresh noise (draws, n_state)."""
    chance, tracker, state = np.random.default_rng(seed), Tracker(of.model), None
    n = of.model.equations.n_measurement
    y = read(of.model.equations, islands(of.model.equations.network, of.wiring), of.x)[:n]
    used = of.weight > 0.0
    sigma = of.model.equations.measurements.sigma
    classes = np.where(used, FRESH, 2).astype(np.uint8)
    found = np.empty((draws, len(of.x)))
    state, _ = tracker.scan(None, of.wiring, y, classes)
    for draw in range(draws):
        z = y + sigma * chance.standard_normal(n)
        state, solution = tracker.scan(state, of.wiring, z, classes)
        assert solution.converged
        found[draw] = solution.x - of.x
    return found
