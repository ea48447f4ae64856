"""Counting charge with instruments that are off: a filter of four states for every store at once.

The count of a store drifts with whatever its current sensor shows at rest, and with what its
converter loses; both are unknown and small, and over a day they are everything. So they are states
beside the charge, learnt whenever something else tells where the charge or the current is:

    charge  s     [pu of what is in it when full]
    bias    b     [pu of rated power]      what the sensor shows while nothing flows
    loss    e     [pu of the throughput]   what does not arrive, one way
    health  h     [pu of nominal energy]   what it holds when full

    ds/dt = c/h (q - e |q| - r q^2),   q = p - b,   c = rated power / (3600 nominal energy)  [1/s]

r is what the resistance of the cells takes at rated power: it makes fast storage lose several times
what it does at a gentle pace, so it is reckoned from the kind of cell and not left to e.

The variance is honest in two ways. What is systematic stays a state and never becomes noise that
averages out. And a *mark* (full, empty, a voltage) is one piece of evidence however often it is
looked at: it takes the variance down to its own and never below, by an observation noise of
`P R / (P - R)`. A plain filter that takes the same flat curve for new evidence every second is sure
of itself and wrong.

Source: own derivation; an extended Kalman filter with a Schmidt-type floor.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

Array = NDArray[np.float64]

CHARGE, BIAS, LOSS, HEALTH = range(4)
_DAY_S: Final = 86_400.0
_WALK_DAY: Final = np.array([0.0, 1e-3, 2e-3, 1e-3])
"""How far bias, loss and health wander in a day, standard deviations [pu]."""
_JUMP: Final = 0.3
"""Part of a change of power between two looks that counts as unknown, as a deviation."""
_LEAST: Final = 1e-9
_END: Final = 0.01
"""Deviation of full, when a charger has counted beyond it [pu]."""
_FARTHEST: Final = 6.0
"""A count is taken to be so many deviations beyond an end at most."""
_LEFT: Final = 0.02
"""Part of a variance that an end leaves at least."""
_ROOT_2: Final = 2.0**0.5
_ROOT_2PI: Final = (2.0 * np.pi) ** 0.5


class Prior(NamedTuple):
    """Standard deviations before anything was learnt, and the loss that is expected.

    Attributes:
        charge_pu: of the charge that the device reports [pu].
        bias_pu: of the sensor at rest, by rated power [pu].
        loss_pu: expected loss of one way (n_store,) [pu].
        loss_sigma_pu: its deviation (n_store,) [pu].
        health_pu: deviation of the capacity [pu].
    """

    charge_pu: float
    bias_pu: float
    loss_pu: Array
    loss_sigma_pu: Array
    health_pu: float


class Pace(NamedTuple):
    """How fast stores are, by what they hold.

    Attributes:
        rate: c of the module's docstring (n_store,) [1/s].
        resistance_pu: r of it: lost in the cells at rated power, by that power (n_store,) [pu].
    """

    rate: Array
    resistance_pu: Array


class Charges(NamedTuple):
    """What is believed of stores.

    Attributes:
        mean: the four states (n_store, 4).
        cov: their covariance (n_store, 4, 4).
    """

    mean: Array
    cov: Array


def begun(charge_pu: Array, health_pu: Array, prior: Prior) -> Charges:
    """Return the belief when nothing is known but what devices report.

    Args:
        charge_pu: reported (n_store,) [pu].
        health_pu: reported or assumed (n_store,) [pu].
        prior: how far to trust that.
    """
    n = len(charge_pu)
    mean = np.column_stack([charge_pu, np.zeros(n), prior.loss_pu, health_pu])
    sigma = np.empty((n, 4))
    sigma[:, CHARGE], sigma[:, BIAS] = prior.charge_pu, prior.bias_pu
    sigma[:, LOSS], sigma[:, HEALTH] = prior.loss_sigma_pu, prior.health_pu
    return Charges(mean, sigma[:, :, None] ** 2 * np.eye(4))


def counted(
    charges: Charges,
    power_pu: Array,
    change_pu: Array,
    pace: Pace,
    dt_s: float,
    filling: NDArray[np.bool_] | None = None,
) -> None:
    """Count for a time at a constant power, in place.

    Args:
        charges: the belief, changed.
        power_pu: as shown, by rated power, charging positive (n_store,) [pu].
        change_pu: how far it moved since the look before (n_store,) [pu].
        pace: of the stores.
        dt_s: the time [s].
        filling: stores on a charger that keeps them full: counted beyond full they are (n_store,).
    """
    mean, cov = charges
    flow = power_pu - mean[:, BIAS]
    size = np.abs(flow)
    step = pace.rate * dt_s / mean[:, HEALTH]
    moved = step * (flow - mean[:, LOSS] * size - pace.resistance_pu * size * size)
    by = np.empty((len(flow), 3))  # of the charge after, by bias, loss and health before
    by[:, 0] = -step * (1.0 - mean[:, LOSS] * np.sign(flow) - 2.0 * pace.resistance_pu * flow)
    by[:, 1] = -step * size
    by[:, 2] = -moved / mean[:, HEALTH]
    mean[:, CHARGE] += moved
    across = cov[:, CHARGE, 1:] + np.einsum("ni,nij->nj", by, cov[:, 1:, 1:])
    cov[:, CHARGE, CHARGE] += np.einsum("ni,ni->n", by, cov[:, CHARGE, 1:] + across)
    cov[:, CHARGE, 1:] = cov[:, 1:, CHARGE] = across
    cov[:, CHARGE, CHARGE] += (_JUMP * change_pu * step) ** 2
    for state in (BIAS, LOSS, HEALTH):
        cov[:, state, state] += _WALK_DAY[state] ** 2 * dt_s / _DAY_S
    charge = mean[:, CHARGE]
    if ((charge > 1.0) | (charge < 0.0)).any():
        _bounded(charges, np.zeros(len(charge), dtype=np.bool_) if filling is None else filling)


def _bounded(charges: Charges, filling: NDArray[np.bool_]) -> None:
    """Take that no store is more than full nor less than empty, in place.

    What is left of a normal distribution on the side that can be has this mean and variance. It
    does not say that a store is full: a count that is far off passes the end long before. Only of
    what a charger keeps full it does.
    """
    charge = charges.mean[:, CHARGE]
    own = charges.cov[:, CHARGE, CHARGE]
    deviation = np.sqrt(own)
    beyond = np.where(charge > 1.0, charge - 1.0, np.maximum(-charge, 0.0))
    by = np.minimum(beyond / deviation, _FARTHEST)
    hazard = np.exp(-0.5 * by * by) / (_ROOT_2PI * 0.5 * erfc(by / _ROOT_2))
    after = own * np.maximum(1.0 + by * hazard - hazard * hazard, _LEFT)
    inward = np.where(charge > 1.0, -1.0, 1.0) * hazard * deviation
    value = np.where(beyond > 0.0, charge + inward * own / (own - after), np.nan)
    full = filling & (charge > 1.0)
    sigma = np.where(full, _END, np.sqrt(after))
    shown(charges, CHARGE, np.where(full, 1.0, value), sigma)


def shown(charges: Charges, state: int, value: Array, sigma: Array) -> None:
    """Take evidence of one state, in place; where a value is NaN there is none.

    Args:
        charges: the belief, changed.
        state: which one is shown.
        value: where it is (n_store,).
        sigma: deviation of that (n_store,).
    """
    mean, cov = charges
    own = cov[:, state, state].copy()
    better = np.isfinite(value) & (own > 1.0001 * sigma * sigma)
    if not better.any():
        return
    at = np.flatnonzero(better)
    # Posterior variance is that of the evidence: gain (P - R) / P with R of the evidence itself.
    gain = cov[at, :, state] * ((own[at] - sigma[at] ** 2) / own[at] ** 2)[:, None]
    innovation = value[at] - mean[at, state]
    mean[at] += gain * innovation[:, None]
    cov[at] -= gain[:, :, None] * cov[at, None, :, state]
    mean[at, HEALTH] = np.clip(mean[at, HEALTH], 0.2, 1.2)
    diagonal = np.einsum("nii->ni", cov)
    np.maximum(diagonal, _LEAST**2, out=diagonal)
