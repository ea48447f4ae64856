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
correcting them leads nowhere, the full solve answers and a basis is made of what it says. When the
wiring is another it answers as well, at once and without tests; the linearisation is made in the
scan after, of where the plant is then. So no scan pays for more than one or two of them.

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
from daemon.core.estimation.measurements import ABSENT, FRESH, weights, worth
from daemon.core.estimation.model import flat
from daemon.core.estimation.others import Others, others
from daemon.core.estimation.reading import Reader, read
from daemon.core.estimation.unfolded import SMALL
from daemon.core.estimation.weighing import LEAST, table, weighed

if TYPE_CHECKING:
    from daemon.core.estimation.equations import Equations
    from daemon.core.estimation.gauss_newton import Solved
    from daemon.core.estimation.inverse import Inverse
    from daemon.core.estimation.islands import Islands
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Flags, Floats, Wiring
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

_ACROSS: Final = 6.0
"""The same in a network of AC alone, by the step and by what of it lies across a branch [1/pu]."""

_LONGEST: Final = 1e3
"""A step beyond this [pu, rad] is no step: the linear model has come to pieces."""

_USUAL: Final = 0.9
"""Weight of the basis by that of fresh values, where pairs are corrected: a tenth is aged."""

_BIASED: Final = 2 * TOLERANCE
"""What old derivatives may cost in the scan of a surge; beyond, new ones are made at once."""

_LINEAR: Final = 1e-3
"""Below such a step the full solve keeps its derivatives [pu]: they are exact to its square."""

_MANY: Final = 0.25
"""A basis is made of the weights of the scan where more than this part of them are others."""

_WORTHLESS: Final = 1e-6
"""Weight by the largest below which what is measured does not count in that."""

_SETTLED: Final = 1e-7
"""Last step of the solve that makes a new basis [pu, rad]."""


_ABSENT: Final = np.uint8(ABSENT)


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
        begun: whether nothing was tracked with the basis yet, so that another may be better.
    """

    basis: Basis
    x: Floats
    begun: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Frozen:
    """The cache that belongs to a basis, and to what aged values are worth.

    Attributes:
        deviation: of a typical voltage [pu, rad].
    """

    basis: Basis
    sigma_aged: Floats
    live: Islands
    read: Reader
    inverse: Inverse
    table: Table
    deviation: float


class Tracker:
    """Estimates of one network from scan to scan; holds nothing but caches."""

    def __init__(self, model: Model, *, patient: bool = True) -> None:
        """Begin to track `model`; `patient` as in `gauss_newton`."""
        self.model: Final = model
        self._patient: Final = patient
        sigma = model.equations.measurements.sigma
        self._usual: Final = (1.0 if len(sigma) <= SMALL else _USUAL) * sigma**-2.0
        self._counts: Final = self._usual > _WORTHLESS * self._usual.max(initial=0.0)
        self._frozen: _Frozen | None = None
        self._live: tuple[Wiring, Islands] | None = None
        self._others: tuple[Wiring, Floats, Others] | None = None

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
        if np.count_nonzero(usable) < len(z):
            z, classes = np.where(usable, z, 0.0), np.where(usable, classes, _ABSENT)
        if state is None or state.basis.wiring is not wiring:
            return self._switched(wiring, state, z, weights(self._worth(sigma_aged), classes))
        solution = None if state.begun else self._tracked(state, z, classes, sigma_aged)
        if solution is not None and self._far(state, solution, sigma_aged):
            state = Tracking(Basis(wiring, solution.x, state.basis.weight), solution.x)
            solution = self._tracked(state, z, classes, sigma_aged)
        if solution is None or not solution.converged:
            state, solution = self._anew(state, z, classes, sigma_aged)
        bends = self.model.equations.where.dc_voltage.stop
        return Tracking(_followed(state, solution, bends), solution.x), solution

    def _switched(
        self, wiring: Wiring, before: Tracking | None, z: Floats, weight: Floats
    ) -> tuple[Tracking, Solution]:
        """Return the state in another wiring, not tested; from the next scan on it is tracked."""
        equations, n = self.model.equations, self.model.equations.n_measurement
        live = self._islands(wiring)
        x = flat(equations, live)
        if before is not None:
            x = np.where(live.alive & (before.x != 0.0), before.x, x)
        found = self._solved(live, x, z, weight)
        if before is not None and self._patient and not found.converged:  # too far from what was
            found = self._solved(live, flat(equations, live), z, weight)
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
        return Tracking(Basis(wiring, found.x, self._usual), found.x, begun=True), solution

    def _anew(
        self, state: Tracking, z: Floats, classes: Classes, sigma_aged: Floats
    ) -> tuple[Tracking, Solution]:
        """Return the estimate by a basis at the full solve."""
        weight = weights(self._worth(sigma_aged), classes)
        wiring = state.basis.wiring
        live = self._islands(wiring)
        x = self._solved(live, state.x, z, weight).x
        others = np.count_nonzero((2.0 * weight < self._usual) & self._counts)
        if state.begun and others <= _MANY * np.count_nonzero(self._counts):
            state = Tracking(Basis(wiring, x, self._usual), x)
            solution = self._tracked(state, z, classes, sigma_aged)
            if solution.converged:
                return state, solution
        state = Tracking(Basis(wiring, x, np.maximum(weight, LEAST * self._usual)), x)
        return state, self._tracked(state, z, classes, sigma_aged)

    def knowing(self, state: Tracking, absent: Flags, classes: Classes) -> Tracking:
        """Return the state with a basis that knows what is absent.

        That corrects no estimate, for weights are corrected in every scan. But deviations are those
        of the basis, and without a meter what it alone told is not known.

        Args:
            state: what the last scan left.
            absent: measurements that have been absent for a while (n_measurement,).
            classes: of all of them in this scan (n_measurement,); what is fresh again is known.
        """
        usual, basis = self._usual, state.basis
        lost = basis.weight <= 2.0 * LEAST * usual
        gone, back = absent & self._counts & ~lost, lost & (classes == FRESH)
        if state.begun or not (gone.any() or back.any()):
            return state
        weight = np.where(gone, LEAST * usual, np.where(back, usual, basis.weight))
        if np.array_equal(weight, usual):
            weight = usual
        return Tracking(Basis(basis.wiring, state.x, weight), state.x)

    def _solved(self, live: Islands, x: Floats, z: Floats, weight: Floats) -> Solved:
        """Return the full solve from `x`."""
        return gauss_newton(
            self.model, live, x, z, weight, _SETTLED, _LINEAR, patient=self._patient
        )

    def _islands(self, wiring: Wiring) -> Islands:
        """Return what is energised."""
        if self._live is None or self._live[0] is not wiring:
            self._live = wiring, islands(self.model.equations.network, wiring)
        return self._live[1]

    def _far(self, state: Tracking, solution: Solution, sigma_aged: Floats) -> bool:
        """Return whether a solution is too far from the basis that it was found with."""
        several = solution.converged and solution.iterations > 1
        return several and self._bias(state, solution, sigma_aged) > _BIASED

    def _bias(self, state: Tracking, solution: Solution, sigma_aged: Floats) -> float:
        """Return about what the derivatives of the basis cost so far from it [pu, rad]."""
        bends = self.model.equations.where.dc_voltage.stop
        distance = _size(solution.x[:bends] - state.basis.x[:bends])
        return _CURVATURE * distance * self._cached(state.basis, sigma_aged).deviation

    def others_of_last(self, *, lagging: bool = False, gone: Flags | None = None) -> Others | None:
        """Return what judges the last scan: its network, every instrument weighed as fresh.

        Mostly that is what it was tracked with. Else it is made once and kept: residuals come of
        the state that was found, so it need not be of that state. None before the first scan.

        Args:
            lagging: whether nothing is judged yet: then it is that with which the scan was tracked.
            gone: measurements that have been absent for a while (n_measurement,): in their place
                stands what they were estimated to be, which may be a guess and is no witness.
        """
        kept, told = self._frozen, self.model.equations.measurements
        if kept is None:
            return None
        basis, weight = kept.basis, self._usual
        if gone is not None and gone.any():
            weight = np.where(gone, LEAST * weight, weight)
        last = self._others
        if last is None or last[0] is not basis.wiring or not _same(last[1], weight):
            of = kept.inverse
            if not _same(basis.weight, weight):
                if lagging:
                    return others(of, told)
                factors = linearised(self.model, kept.live, basis.x, weight)
                of = inverse(self.model.equations, factors, self.model.partner)
            last = self._others = basis.wiring, weight, others(of, told)
        return last[2]

    def _worth(self, sigma_aged: Floats) -> Floats:
        return worth(self.model.equations.measurements.sigma, sigma_aged)

    def _cached(self, basis: Basis, sigma_aged: Floats) -> _Frozen:
        kept = self._frozen
        if kept is None or kept.basis is not basis:
            equations = self.model.equations
            live = self._islands(basis.wiring)
            factors = linearised(self.model, live, basis.x, basis.weight)
            of, reader = inverse(equations, factors, self.model.partner), Reader(equations, live)
            bends = equations.where.dc_voltage.stop
            sigma = of.sigma[:bends][live.alive[:bends]]
            deviation = float(np.median(sigma)) if len(sigma) else 0.0
        elif kept.sigma_aged is not sigma_aged:
            live, of, reader, deviation = kept.live, kept.inverse, kept.read, kept.deviation
        else:
            return kept
        rows = table(of, self._worth(sigma_aged))
        self._frozen = kept = _Frozen(basis, sigma_aged, live, reader, of, rows, deviation)
        return kept

    def _tracked(
        self, state: Tracking, z: Floats, classes: Classes, sigma_aged: Floats
    ) -> Solution:
        """Return the estimate of one scan by steps of the basis."""
        frozen = self._cached(state.basis, sigma_aged)
        of, weighing = frozen.inverse, weighed(frozen.table, classes)
        x, n, count = state.x, len(z), 0
        while True:
            count += 1
            push = frozen.read(x)
            readings = push[:n]
            residual = z - readings
            np.multiply(weighing.weight, residual, readings)
            step = _step(of, weighing, push, self.model.equations)
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
            measured=measured,
            sigma_measured=of.sigma_measured,
            used=weighing.used.astype(np.bool_),
            residual=residual,
            normalised=weighing.scale * residual,
            chi_square=float((weighing.weight * residual).dot(residual)),
            dof=float(weighing.left.dot(weighing.used)),
            sigma=of.sigma,
            tested=True,
            iterations=count,
            step=step.size,
            converged=step.left <= TOLERANCE,
        )


def _same(one: Floats, other: Floats) -> bool:
    return one is other or np.array_equal(one, other)


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


def _step(of: Inverse, weighing: Weighing, push: Floats, equations: Equations) -> _Step:
    """Return one step with the weights of the scan, corrected.

    Args:
        of: the linearisation.
        weighing: of this scan.
        push: weight times residual of the measurements, then mismatch of the constraints.
        equations: of the network.
    """
    factor = of.enter(push)
    seen = of.readings(factor)
    if of.mutual is None:
        late = _by_pairs(of, weighing, factor, seen)
    else:
        _correct(of.mutual, weighing.change, factor, seen)
        late = 0.0
    moved = of.states(factor)
    size = _size(moved)
    return _Step(moved, of.readings(factor), size, _bent(equations, moved, size) + late)


def _bent(equations: Equations, moved: Floats, size: float) -> float:
    """Return what a step leaves to go because the network is not linear [pu, rad].

    It is in its voltages, in the ratios of its transformers, and in how the losses of a converter
    go with its current; in all other states it is as good as linear. Where there are none but
    voltages, what goes up and down everywhere bends nothing: the squares of a branch are those of
    the difference between its ends, and of that times the whole.
    """
    where = equations.where
    voltages = where.dc_voltage.stop
    if voltages == where.size and where.dc_voltage.start == voltages:
        bent = _CURVATURE * size * size
        if bent <= TOLERANCE:
            return bent
        ends = moved.take(equations.ends).reshape(2, 2, -1)  # angles and magnitudes, from and to
        return min(bent, _ACROSS * size * _size((ends[:, 0] - ends[:, 1]).ravel()))
    bends = _size(moved[:voltages])
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
    change, keep, swap = weighing.change, weighing.keep, weighing.swap
    wrong = change * seen
    taken, last, late, count = np.zeros_like(wrong), np.inf, np.inf, 0
    while True:
        count += 1
        back = keep * wrong - swap * wrong[of.pairs.partner]
        less = of.alone(back)
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


def _correct(mutual: Floats, change: Floats, factor: Floats, seen: Floats) -> None:
    """Correct the factored unknowns for changed weights, all of them at once.

    Args:
        mutual: what a push on each measurement does to the factored unknowns, of which the first
            are readings (n_measurement, n_unknown).
        change: of every weight (n_measurement,) [1/pu^2].
        factor: as if no weight had changed (n_unknown,); corrected in place.
        seen: change of the readings that goes with it (n_measurement,) [pu].
    """
    changed = change.nonzero()[0]
    if not len(changed):
        return
    rows = mutual.take(changed, axis=0)
    among = rows.take(changed, axis=1)
    among.reshape(-1)[:: len(changed) + 1] += 1.0 / change.take(changed)
    # It is symmetric, so its transpose is itself, in the order in which nothing has to be copied.
    push = dgesv(among.T, seen.take(changed), overwrite_a=1, overwrite_b=1)[2]
    factor -= push.dot(rows)


def _size(step: Floats) -> float:
    """Return the largest change of a state; NaN where one is."""
    if not len(step):
        return 0.0
    sizes = np.abs(step)
    return float(sizes[sizes.argmax()])  # half of what finding the largest alone takes


def _followed(state: Tracking, solution: Solution, bends: int) -> Basis:
    """Return the basis of the next scan: another when the plant has moved and stays.

    Only the first `bends` states count, the voltages: see `_step`.
    """
    basis = state.basis
    gap = solution.x[:bends] - basis.x[:bends]
    if gap.dot(gap) < _FAR**2 or not solution.converged:  # mostly so, and told sooner
        return basis
    distance = _size(gap)
    if distance < _FAR:
        return basis
    moved = _size(solution.x[:bends] - state.x[:bends])
    return basis if moved > distance * _STAYS else Basis(basis.wiring, solution.x, basis.weight)
