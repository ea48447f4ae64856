"""From scan to scan: the linearisation stays, only readings and weights are new.

Theory of operation. A *basis* is a wiring, a state and weights: values, kept in the state of
whoever estimates. All else is a cache that is rebuilt from it: the Jacobian there, and the inverse
of the matrix of a step as sparse factors. A scan then costs, for every step, one reading of the
network, four sparse products and the correction for weights that differ from those of the basis,
pair by pair. Steps are made until what is left to go is below `TOLERANCE`, judged by how fast the
last two became smaller; three are enough in the scan of a surge.

The derivatives are those of the basis throughout, in the gradient as well, so the result is not
exactly that of the full solve. What it differs by grows with the distance from the basis times the
noise, 1e-6 in steady state; when the plant has moved and stays, the basis follows. When three
steps are not enough, or the wiring is another, the full solve answers and makes a new basis.

Source: A. Monticelli, State Estimation in Electric Power Systems, section 2.6 (constant gain);
own derivation for the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation.gauss_newton import gauss_newton, usable
from daemon.core.estimation.inverse import fast_step, inverse
from daemon.core.estimation.islands import islands
from daemon.core.estimation.layout import Solution
from daemon.core.estimation.matrix import times
from daemon.core.estimation.model import flat
from daemon.core.estimation.normal import factored
from daemon.core.estimation.partners import corrected
from daemon.core.estimation.reading import jacobian, read
from daemon.core.estimation.verdict import verdict

if TYPE_CHECKING:
    from daemon.core.estimation.inverse import Inverse
    from daemon.core.estimation.islands import Islands
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Floats, Wiring

TOLERANCE: Final = 1e-5
"""What may be left to go [pu, rad]."""

_MOST_STEPS: Final = 3
_FAR: Final = 0.02
"""Distance from the basis at which it follows once the plant stays [pu, rad]."""

_STAYS: Final = 0.25
"""The plant stays when it moves less than this part of that distance in a scan."""

_SLOWEST: Final = 0.3
"""A step is taken to leave no less to go than this part of it."""

_USUAL: Final = 0.9
"""Weight of the basis by that of fresh values: a tenth of them is usually aged."""

_LEAST: Final = 1e-3
"""Least weight by that of the basis as far as steps are concerned: keeps pairs from vanishing."""

_SETTLED: Final = 1e-7
"""Last step of the solve that makes a new basis [pu, rad]."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What a linearisation is made of: values only.

    Attributes:
        wiring: what is connected.
        x: state it is made at (n_state,) [pu, rad].
        weight: of the measurements (n_measurement,) [1/pu^2].
    """

    wiring: Wiring
    x: Floats
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Tracking:
    """What is carried from scan to scan.

    Attributes:
        basis: of the linearisation.
        x: the last estimate (n_state,) [pu, rad].
    """

    basis: Basis
    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Frozen:
    """The cache that belongs to a basis."""

    basis: Basis
    live: Islands
    inverse: Inverse


class Tracker:
    """Estimates of one network from scan to scan; holds nothing but caches."""

    def __init__(self, model: Model) -> None:
        self.model: Final = model
        self._usual: Final = _USUAL * model.equations.measurements.sigma**-2.0
        self._frozen: _Frozen | None = None

    def scan(
        self, state: Tracking | None, wiring: Wiring, z: Floats, weight: Floats
    ) -> tuple[Tracking, Solution]:
        """Return the estimate of one scan and what to carry to the next.

        Args:
            state: what the last scan left; None at the start.
            wiring: what is connected; the same object as long as nothing switches.
            z: measured values (n_measurement,) [pu]; whatever, where the weight is 0.
            weight: of the measurements (n_measurement,) [1/pu^2].
        """
        weight = usable(z, weight)
        z = np.where(weight > 0.0, z, 0.0)
        if state is None or state.basis.wiring is not wiring:
            state = self.begin(wiring, z, weight, None if state is None else state.x)
        solution = self._tracked(state, z, weight)
        if not solution.converged:
            state = self.begin(wiring, z, weight, state.x)
            solution = self._tracked(state, z, weight)
        return Tracking(_followed(state, solution), solution.x), solution

    def begin(
        self, wiring: Wiring, z: Floats, weight: Floats, before: Floats | None = None
    ) -> Tracking:
        """Return the state in a wiring by a full solve: at the start, and when it changed.

        Args:
            wiring: what is connected.
            z: measured values, finite (n_measurement,) [pu].
            weight: of the measurements (n_measurement,) [1/pu^2].
            before: the last estimate, if there is one (n_state,) [pu, rad].
        """
        live = islands(self.model.equations.network, wiring)
        x = flat(self.model.equations, live)
        if before is not None:
            x = np.where(live.alive & (before != 0.0), before, x)
        x = gauss_newton(self.model, live, x, z, weight, _SETTLED).x
        basis = Basis(wiring, x, np.maximum(_USUAL * weight, _LEAST * self._usual))
        return Tracking(basis, x)

    def _cached(self, basis: Basis) -> _Frozen:
        kept = self._frozen
        if kept is None or kept.basis is not basis:
            equations = self.model.equations
            live = islands(equations.network, basis.wiring)
            slope = jacobian(equations, live, basis.x)
            factors = factored(self.model.normal, equations, slope, basis.weight, live.free)
            kept = _Frozen(basis, live, inverse(equations, factors, self.model.partner))
            self._frozen = kept
        return kept

    def _tracked(self, state: Tracking, z: Floats, weight: Floats) -> Solution:
        """Return the estimate of one scan by steps of the basis."""
        frozen, n = self._cached(state.basis), len(z)
        of, live, equations = frozen.inverse, frozen.live, self.model.equations
        change = np.maximum(weight, _LEAST * of.weight) - of.weight
        correction = corrected(of.pairs, change)
        x, size, left, count = state.x, np.inf, np.inf, 0
        while True:
            count += 1
            rows = read(equations, live, x)
            residual = z - rows[:n]
            rows[:n] = weight * residual
            factor = fast_step(of, correction, rows)
            step = times(of.states, factor)
            x = x + step
            before, size = size, float(max(step.max(initial=0.0), -step.min(initial=0.0)))
            left = size if count == 1 else size * max(size / before, _SLOWEST)
            if not left > TOLERANCE or count == _MOST_STEPS:
                break
        used = weight > 0.0
        residual = residual - times(of.seen, factor)
        measured = z - residual
        residual = used * residual
        found = verdict(residual, weight, correction.share)
        return Solution(
            x=x,
            alive=live.alive,
            used=used,
            measured=measured,
            sigma_measured=of.sigma_measured,
            residual=residual,
            normalised=found.normalised,
            chi_square=found.chi_square,
            dof=found.dof,
            sigma=of.sigma,
            iterations=count,
            step=size,
            converged=left <= TOLERANCE,
        )


def _followed(state: Tracking, solution: Solution) -> Basis:
    """Return the basis of the next scan: another when the plant has moved and stays."""
    basis = state.basis
    distance = np.abs(solution.x - basis.x).max(initial=0.0)
    moved = np.abs(solution.x - state.x).max(initial=0.0)
    if distance < _FAR or moved > distance * _STAYS or not solution.converged:
        return basis
    return Basis(basis.wiring, solution.x, basis.weight)
