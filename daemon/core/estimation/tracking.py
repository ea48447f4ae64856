"""From scan to scan: the linearisation stays, only readings and weights are new.

Theory of operation. A *basis* is a wiring, a state and weights: values, kept in the state of
whoever estimates. All else is a cache that is rebuilt from it: the Jacobian there, and the inverse
of the matrix of a step as sparse factors. A scan reads the network once where it was and answers
the residuals with the weights of the basis; that the weights of the scan are others is corrected,
pair by pair and so often as it takes, within the same linear model. A second reading is made only
when the step was so long that the curvature of the network counts, as in the scan of a surge.

The derivatives are those of the basis throughout, in the gradient as well, so the result is not
exactly that of the full solve. What it differs by grows with the distance from the basis times the
noise, 1e-6 in steady state; when the plant has moved and stays, the basis follows, and when a surge
takes it far, at once. When three readings are not enough, or so many weights are others that
correcting them leads nowhere, a basis is made of the weights of the scan; where that does not
answer either, the full solve does. When the wiring is another it answers as well, at once and
without tests; the linearisation is made in the scan after.

Source: A. Monticelli, State Estimation in Electric Power Systems, section 2.6 (constant gain);
own derivation for the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.linalg.lapack import dgesv

from daemon.core.estimation.gauss_newton import LARGEST, gauss_newton, linearised
from daemon.core.estimation.inverse import inverse
from daemon.core.estimation.islands import islands
from daemon.core.estimation.layout import UNKNOWN, Solution
from daemon.core.estimation.matrix import times
from daemon.core.estimation.measurements import ABSENT, weights, worth
from daemon.core.estimation.model import flat
from daemon.core.estimation.reading import read
from daemon.core.estimation.unfolded import SMALL
from daemon.core.estimation.weighing import LEAST, table, weighed

if TYPE_CHECKING:
    from daemon.core.estimation.inverse import Inverse
    from daemon.core.estimation.islands import Islands
    from daemon.core.estimation.layout import Layout
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Floats, Wiring
    from daemon.core.estimation.weighing import Table, Weighing

TOLERANCE: Final = 1e-5
"""What may be left to go [pu, rad]."""

_MOST_STEPS: Final = 3
_FAR: Final = 0.02
"""Distance from the basis at which it follows once the plant stays [pu, rad]."""

_STAYS: Final = 0.25
"""The plant stays when it moves less than this part of that distance in a scan."""

_FASTEST: Final = 0.3
"""A correction of weights is taken to leave no less to go than this part of it."""

_SLOWEST: Final = 0.9
"""Nor more than this."""

_ENOUGH: Final = TOLERANCE / 3
"""What weights may leave to go [pu, rad]."""

_MOST_CORRECTIONS: Final = 4

_CURVATURE: Final = 2.2
"""What a step leaves to go because the network is not linear, by it and its bends [1/pu]."""

_LONGEST: Final = 1e3
"""A step beyond this [pu, rad] is no step: the linear model has come to pieces."""

_USUAL: Final = 0.9
"""Weight of the basis by that of fresh values, where pairs are corrected: a tenth is aged."""

_ABSENT: Final = np.uint8(ABSENT)

_BIASED: Final = 2 * TOLERANCE
"""What old derivatives may cost in the scan of a surge; beyond, new ones are made at once."""

_LINEAR: Final = 1e-3
"""Below such a step the full solve keeps its derivatives: they are exact to its square."""

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
    """The cache that belongs to a basis, and to what aged values are worth."""

    basis: Basis
    sigma_aged: Floats
    live: Islands
    inverse: Inverse
    table: Table


class Tracker:
    """Estimates of one network from scan to scan; holds nothing but caches."""

    def __init__(self, model: Model) -> None:
        self.model: Final = model
        sigma = model.equations.measurements.sigma
        self._usual: Final = (1.0 if len(sigma) <= SMALL else _USUAL) * sigma**-2.0
        self._frozen: _Frozen | None = None

    def scan(
        self,
        state: Tracking | None,
        wiring: Wiring,
        z: Floats,
        classes: Classes,
        sigma_aged: Floats | None = None,
    ) -> tuple[Tracking, Solution]:
        """Return the estimate of one scan and what to carry to the next.

        Args:
            state: what the last scan left; None at the start.
            wiring: what is connected; the same object as long as nothing switches.
            z: measured values (n_measurement,) [pu]; whatever, where absent.
            classes: `FRESH`, `AGED` or `ABSENT` each (n_measurement,).
            sigma_aged: standard deviation of aged values, if others than those of the model
                (n_measurement,) [pu]; the same object as long as they stay.
        """
        if sigma_aged is None:
            sigma_aged = self.model.equations.measurements.sigma_aged
        usable = np.abs(z) <= LARGEST  # so written that NaN is not
        z, classes = np.where(usable, z, 0.0), np.where(usable, classes, _ABSENT)
        if state is None or state.basis.wiring is not wiring:
            return self._switched(wiring, state, z, weights(self._worth(sigma_aged), classes))
        solution = self._tracked(state, z, classes, sigma_aged)
        if not solution.converged:
            state, solution = self._anew(state, z, classes, sigma_aged)
        elif solution.iterations > 1 and self._bias(state.basis, solution) > _BIASED:
            state = Tracking(Basis(wiring, solution.x, state.basis.weight), solution.x)
            solution = self._tracked(state, z, classes, sigma_aged)
        bends = self.model.equations.where.dc_voltage.stop
        return Tracking(_followed(state, solution, bends), solution.x), solution

    def _switched(
        self, wiring: Wiring, before: Tracking | None, z: Floats, weight: Floats
    ) -> tuple[Tracking, Solution]:
        """Return the state in another wiring, not tested; from the next scan on it is tracked."""
        equations, n = self.model.equations, self.model.equations.n_measurement
        live = islands(equations.network, wiring)
        x = flat(equations, live)
        if before is not None:
            x = np.where(live.alive & (before.x != 0.0), before.x, x)
        found = gauss_newton(self.model, live, x, z, weight, _SETTLED, _LINEAR)
        if before is not None and not found.converged:  # too far from what was
            start = flat(equations, live)
            found = gauss_newton(self.model, live, start, z, weight, _SETTLED, _LINEAR)
        used, measured = weight > 0.0, read(equations, live, found.x)[:n]
        residual = used * (z - measured)
        solution = Solution(
            x=found.x,
            alive=live.alive,
            used=used,
            measured=measured,
            sigma_measured=np.full(n, UNKNOWN),
            residual=residual,
            normalised=np.zeros(n),
            chi_square=float((weight * residual) @ residual),
            dof=max(float(np.count_nonzero(used)) - found.factors.freedom, 0.0),
            sigma=np.full(len(x), UNKNOWN),
            tested=False,
            iterations=found.iterations,
            step=found.step,
            converged=found.converged,
        )
        return Tracking(Basis(wiring, found.x, self._usual), found.x), solution

    def _anew(
        self, state: Tracking, z: Floats, classes: Classes, sigma_aged: Floats
    ) -> tuple[Tracking, Solution]:
        """Return the estimate by a basis of the weights that led here, where they are too many.

        Mostly nothing but weights is far from the basis; else the full solve answers.
        """
        weight = weights(self._worth(sigma_aged), classes)
        wiring, actual = state.basis.wiring, np.maximum(weight, LEAST * self._usual)
        state = Tracking(Basis(wiring, state.x, actual), state.x)
        solution = self._tracked(state, z, classes, sigma_aged)
        if solution.converged:
            return state, solution
        live = islands(self.model.equations.network, wiring)
        x = gauss_newton(self.model, live, state.x, z, weight, _SETTLED, _LINEAR).x
        state = Tracking(Basis(wiring, x, actual), x)
        return state, self._tracked(state, z, classes, sigma_aged)

    def _bias(self, basis: Basis, solution: Solution) -> float:
        """Return about what the derivatives of the basis cost so far from it [pu, rad]."""
        bends = self.model.equations.where.dc_voltage.stop
        distance = _size(solution.x[:bends] - basis.x[:bends])
        deviation = float(np.median(solution.sigma[:bends][solution.alive[:bends]]))
        return _CURVATURE * distance * deviation

    def basis_of_last(self) -> Inverse | None:
        """Return the linearisation that the last scan was tracked with; None before the first."""
        return None if self._frozen is None else self._frozen.inverse

    def _worth(self, sigma_aged: Floats) -> Floats:
        return worth(self.model.equations.measurements.sigma, sigma_aged)

    def _cached(self, basis: Basis, sigma_aged: Floats) -> _Frozen:
        kept = self._frozen
        if kept is None or kept.basis is not basis:
            equations = self.model.equations
            live = islands(equations.network, basis.wiring)
            factors = linearised(self.model, live, basis.x, basis.weight)
            of = inverse(equations, factors, self.model.partner)
        elif kept.sigma_aged is not sigma_aged:
            live, of = kept.live, kept.inverse
        else:
            return kept
        rows = table(of, self._worth(sigma_aged))
        self._frozen = kept = _Frozen(basis, sigma_aged, live, of, rows)
        return kept

    def _tracked(
        self, state: Tracking, z: Floats, classes: Classes, sigma_aged: Floats
    ) -> Solution:
        """Return the estimate of one scan by steps of the basis."""
        frozen = self._cached(state.basis, sigma_aged)
        where = self.model.equations.where
        of, weighing = frozen.inverse, weighed(frozen.table, classes)
        x, n, count = state.x, len(z), 0
        while True:
            count += 1
            push = read(self.model.equations, frozen.live, x)
            residual = z - push[:n]
            push[:n] = weighing.weight * residual
            step = _step(of, weighing, push, where)
            if not (step.size <= _LONGEST and step.left < np.inf):
                step = step._replace(size=_LONGEST, left=np.inf)
                break
            x = x + step.moved
            residual -= step.seen
            if step.left <= TOLERANCE or count == _MOST_STEPS:
                break
        measured = z - residual
        residual *= weighing.used
        return Solution(
            x=x,
            alive=frozen.live.alive,
            used=weighing.used > 0.0,
            measured=measured,
            sigma_measured=of.sigma_measured,
            residual=residual,
            normalised=weighing.scale * residual,
            chi_square=float((weighing.weight * residual) @ residual),
            dof=float(np.add.reduce(weighing.left)),
            sigma=of.sigma,
            tested=True,
            iterations=count,
            step=step.size,
            converged=step.left <= TOLERANCE,
        )


class _Step(NamedTuple):
    """One step.

    Attributes:
        moved: change of the states (n_state,) [pu, rad].
        seen: change of the readings (n_measurement,) [pu].
        size: largest change of a state [pu, rad].
        left: what it leaves to go [pu, rad].
    """

    moved: Floats
    seen: Floats
    size: float
    left: float


def _step(of: Inverse, weighing: Weighing, push: Floats, where: Layout) -> _Step:
    """Return one step with the weights of the scan, corrected.

    Args:
        of: the linearisation.
        weighing: of this scan.
        push: weight times residual of the measurements, then mismatch of the constraints.
        where: places of the states.
    """
    factor = times(of.enter, push)
    seen = of.readings(factor)
    if of.mutual is None:
        late = _by_pairs(of, weighing, factor, seen)
    else:
        factor -= times(of.alone, _exactly(of.mutual, weighing.change, seen))
        late = 0.0
    moved = of.states(factor)
    size = _size(moved)
    return _Step(moved, of.readings(factor), size, _bent(where, moved, size) + late)


def _bent(where: Layout, moved: Floats, size: float) -> float:
    """Return what a step leaves to go because the network is not linear [pu, rad].

    It is in its voltages, in the ratios of its transformers, and in how the losses of a converter
    go with its current; in all other states it is as good as linear.
    """
    bends = _size(moved[: where.dc_voltage.stop])
    if where.tap.stop > where.tap.start:
        bends = max(bends, _size(moved[where.tap]))
    bent = _CURVATURE * size * bends
    if where.i.stop > where.i.start:
        bent += 2.0 * _size(moved[where.loss]) * _size(moved[where.i])
    return bent


def _by_pairs(of: Inverse, weighing: Weighing, factor: Floats, seen: Floats) -> float:
    """Correct the factored unknowns for changed weights, pair by pair until it is enough.

    Args:
        of: the linearisation.
        weighing: of this scan.
        factor: as if no weight had changed (n_unknown,); corrected in place.
        seen: change of the readings that goes with it (n_measurement,) [pu].

    Returns:
        What is left to go [pu, rad]; infinite where the corrections grow.
    """
    _, change, keep, swap, *_ = weighing
    wrong = change * seen
    taken, last, late, count = np.zeros_like(wrong), np.inf, np.inf, 0
    while True:
        count += 1
        back = keep * wrong - swap * wrong[of.pairs.partner]
        less = times(of.alone, back)
        factor -= less
        before, last = last, _size(of.states(less))
        if not last <= before:
            return np.inf
        rate = min(max(last / before, _FASTEST), _SLOWEST) if last > 0.0 else 0.0
        late = last * rate / (1.0 - rate)
        if late < _ENOUGH or count == _MOST_CORRECTIONS:
            return late
        taken += back
        wrong = change * of.readings(factor) - taken


def _exactly(mutual: Floats, change: Floats, seen: Floats) -> Floats:
    """Return the push that is wrong because weights have changed, all of them at once.

    Args:
        mutual: from a push on measurements to the change of the readings (n_measurement, ...).
        change: of every weight (n_measurement,) [1/pu^2].
        seen: change of the readings as if none had changed (n_measurement,) [pu].
    """
    push = np.zeros_like(change)
    changed = change.nonzero()[0]
    if not len(changed):
        return push
    own = change.take(changed)
    among = mutual[changed[:, None], changed] * own[:, None]
    among.flat[:: len(changed) + 1] += 1.0
    push[changed] = dgesv(among, own * seen.take(changed))[2]
    return push


def _size(step: Floats) -> float:
    """Return the largest change of a state."""
    return float(np.maximum.reduce(np.abs(step), initial=0.0))


def _followed(state: Tracking, solution: Solution, bends: int) -> Basis:
    """Return the basis of the next scan: another when the plant has moved and stays.

    Only the first `bends` states count, the voltages: see `_step`.
    """
    basis = state.basis
    distance = _size(solution.x[:bends] - basis.x[:bends])
    if distance < _FAR or not solution.converged:
        return basis
    moved = _size(solution.x[:bends] - state.x[:bends])
    return basis if moved > distance * _STAYS else Basis(basis.wiring, solution.x, basis.weight)
