"""Where each quantity stands in the vector of states, and what a solve returns.

The vector has one place for every quantity of the whole network, dead or alive, so that its shape
outlives a switching operation. What is dead is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from daemon.core.estimation.network import Flags, Floats, Network


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of the states of a network.

    Attributes:
        angle: angle of every AC bus [rad].
        voltage: magnitude of every AC bus [pu].
        dc_voltage: voltage of every DC bus [pu].
        p: power a converter draws from its AC bus [pu].
        q: reactive power a converter draws from its AC bus [pu].
        i: current a converter delivers into its DC bus [pu].
        loss: offsets of the loss coefficients, all a, then all b, then all c [pu].
        tap: ratio of every tapped branch [pu].
        draw_p: power of every draw [pu].
        draw_q: reactive power of every draw [pu].
        dc_draw_p: power of every DC draw [pu].
        size: number of states.
    """

    angle: slice
    voltage: slice
    dc_voltage: slice
    p: slice
    q: slice
    i: slice
    loss: slice
    tap: slice
    draw_p: slice
    draw_q: slice
    dc_draw_p: slice
    size: int


def layout(network: Network) -> Layout:
    """Return where the states of `network` stand."""
    n_converter = len(network.converters.ac)
    sizes = [network.n_ac, network.n_ac, network.n_dc, n_converter, n_converter, n_converter]
    sizes += [3 * n_converter, len(network.branches.tapped)]
    sizes += [len(network.draws), len(network.draws), len(network.dc_draws)]
    ends: list[int] = np.cumsum(sizes).tolist()
    places = (slice(end - size, end) for end, size in zip(ends, sizes, strict=True))
    return Layout(*places, ends[-1])  # type: ignore[arg-type, call-arg]


UNKNOWN: Final = 10.0
"""A standard deviation from which on nothing is known [pu, rad]."""


class Solution(NamedTuple):
    """What a scan of measurements says about the network. Nothing in it is ever NaN.

    Attributes:
        x: the states, as `Layout` places them (n_state,) [pu, rad]; 0 where dead.
        alive: which states belong to an energised part (n_state,).
        measured: what every instrument should read, absent ones too (n_measurement,) [pu]: an
            instrument that is always absent is how a flow or a sum of losses is asked for.
        sigma_measured: standard deviation of that (n_measurement,) [pu]; as of the last time the
            matrix was factored.
        used: measurements that had a weight (n_measurement,).
        residual: measured less estimated (n_measurement,) [pu]; 0 where not used.
        normalised: residual by its own standard deviation (n_measurement,); 0 where not used or
            where nothing else checks it.
        chi_square: weighted sum of squared residuals.
        dof: degrees of freedom, what `chi_square` is to be expected.
        sigma: standard deviation of the states (n_state,) [pu, rad]; from `UNKNOWN` on nothing is
            known.
        tested: whether residuals are normalised and deviations known. In the scan in which
            something switched they are not: deviations are `UNKNOWN`, normalised residuals 0.
        iterations: linear solves that were made.
        step: largest change of a state in the last of them [pu, rad].
        converged: whether what is left to go is below the tolerance. When it is not, the values
            are the best there are, and are not to be acted on.
    """

    x: Floats
    alive: Flags
    used: Flags
    measured: Floats
    sigma_measured: Floats
    residual: Floats
    normalised: Floats
    chi_square: float
    dof: float
    sigma: Floats
    tested: bool
    iterations: int
    step: float
    converged: bool
