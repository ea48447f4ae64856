"""What is found once per network: equations, a good order of unknowns, partners of instruments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order

from daemon.core.estimation.equations import equations
from daemon.core.estimation.islands import islands
from daemon.core.estimation.network import all_on
from daemon.core.estimation.normal import factored, normal
from daemon.core.estimation.partners import partners
from daemon.core.estimation.reading import jacobian
from daemon.core.estimation.unfolded import unfolded

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.islands import Islands
    from daemon.core.estimation.measurements import Measurements
    from daemon.core.estimation.network import Floats, Ints, Network
    from daemon.core.estimation.normal import Normal


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A network and its instruments, with all that no state, wiring or weight changes.

    Attributes:
        equations: of the network.
        normal: how steps are made.
        partner: instrument that sees most nearly the same, its own number where there is none
            (n_measurement,).
    """

    equations: Equations
    normal: Normal
    partner: Ints


def model(network: Network, measurements: Measurements) -> Model:
    """Return the model of a network and its instruments."""
    of = equations(network, measurements)
    live = islands(network, all_on(network))
    slope = jacobian(of, live, flat(of, live))
    how = normal(of, slope)
    typical = factored(how, of, slope, measurements.sigma**-2.0, live.free)
    return Model(of, how, partners(unfolded(of, typical)))


def flat(of: Equations, live: Islands) -> Floats:
    """Return the state of an idle network at nominal voltage (n_state,)."""
    x = np.zeros(of.where.size)
    if of.network.branches.shift.any():
        x[of.where.angle] = _turned(of.network, live)
    x[of.where.voltage] = x[of.where.dc_voltage] = 1.0
    x[of.where.tap] = of.network.branches.ratio[of.network.branches.tapped]
    return x * live.alive


def _turned(network: Network, live: Islands) -> Floats:
    """Return the angles that transformers make where nothing flows (n_ac,) [rad]."""
    branches, angle = network.branches, np.zeros(network.n_ac)
    carrying = np.flatnonzero(live.branch)
    behind: dict[tuple[int, int], float] = {}
    for a, b, shift in zip(*branches.at[carrying].T, branches.shift[carrying], strict=True):
        behind[b, a], behind[a, b] = shift, -shift
    shape = network.n_ac, network.n_ac
    graph = sparse.coo_array((np.ones(len(carrying)), branches.at[carrying].T), shape=shape).tocsr()
    for reference in live.reference.tolist():
        order, before = breadth_first_order(graph, reference, directed=False)
        for bus in order[1:].tolist():
            near = int(before[bus])
            angle[bus] = angle[near] - behind[bus, near]
    return angle
