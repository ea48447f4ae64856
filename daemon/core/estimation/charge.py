"""Counting charge with instruments that are off: a filter of four states for every store at once.

The count of a store drifts with whatever its current sensor shows at rest, and with what its
converter loses; both are unknown and small, and over a day they are everything. So they are states
beside the charge, learnt whenever something else tells where the charge or the current is:

    charge  s     [pu of what is in it when full]
    bias    b     [pu of rated power]      what the sensor shows while nothing flows
    loss    e     [pu of the throughput]   what does not arrive, one way
    health  h     [pu of nominal energy]   what it holds when full

    ds/dt = c/h (p - b - e |p - b|),   c = rated power / (3600 nominal energy)  [1/s]

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

Array = NDArray[np.float64]

CHARGE, BIAS, LOSS, HEALTH = range(4)
_DAY_S: Final = 86_400.0
_WALK_DAY: Final = np.array([0.0, 1e-3, 2e-3, 1e-3])
"""How far bias, loss and health wander in a day, standard deviations [pu]."""
_JUMP: Final = 0.3
"""Part of a change of power between two looks that counts as unknown, as a deviation."""
_LEAST: Final = 1e-9
_END: Final = 0.01
"""Deviation of an end that the count has run beyond [pu]."""


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


def counted(charges: Charges, power_pu: Array, change_pu: Array, rate: Array, dt_s: float) -> None:
    """Count for a time at a constant power, in place.

    Args:
        charges: the belief, changed.
        power_pu: as shown, by rated power, charging positive (n_store,) [pu].
        change_pu: how far it moved since the look before (n_store,) [pu].
        rate: c of the module's docstring (n_store,) [1/s].
        dt_s: the time [s].
    """
    mean, cov = charges
    flow = power_pu - mean[:, BIAS]
    size = np.abs(flow)
    step = rate * dt_s / mean[:, HEALTH]
    moved = step * (flow - mean[:, LOSS] * size)
    by = np.empty((len(flow), 3))  # of the charge after, by bias, loss and health before
    by[:, 0] = -step * (1.0 - mean[:, LOSS] * np.sign(flow))
    by[:, 1] = -step * size
    by[:, 2] = -moved / mean[:, HEALTH]
    mean[:, CHARGE] += moved
    across = cov[:, CHARGE, 1:] + np.einsum("ni,nij->nj", by, cov[:, 1:, 1:])
    cov[:, CHARGE, CHARGE] += np.einsum("ni,ni->n", by, cov[:, CHARGE, 1:] + across)
    cov[:, CHARGE, 1:] = cov[:, 1:, CHARGE] = across
    cov[:, CHARGE, CHARGE] += (_JUMP * change_pu * step) ** 2
    for state in (BIAS, LOSS, HEALTH):
        cov[:, state, state] += _WALK_DAY[state] ** 2 * dt_s / _DAY_S
    # More than full cannot be: a count beyond an end is evidence of that end.
    charge = mean[:, CHARGE]
    end = np.where(charge > 1.0, 1.0, np.where(charge < 0.0, 0.0, np.nan))
    shown(charges, CHARGE, end, np.full(len(end), _END))


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
