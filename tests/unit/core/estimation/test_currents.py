"""A feeder of which only the magnitude of the current is measured, against what is exact."""

from __future__ import annotations

import math

import numpy as np
import pytest

from daemon.core.estimation.layout import Solution
from daemon.core.estimation.measurements import Kind
from daemon.core.estimation.model import model
from daemon.core.estimation.network import Branches, Floats, all_on
from daemon.core.estimation.solver import solve
from daemon.core.estimation.tracking import Tracker
from tests.feeders import ac_network, bare

R_PU, X_PU = 0.01, 0.02
TAN = 0.3
NO_SHUNT = np.zeros((1, 2), dtype=np.complex128)


def feeder(guess_sigma_pu: float) -> tuple[Tracker, Floats]:
    """Return one line with a load whose meters show |V|, |I| and nothing of its power.

    The power factor is guessed, as a nameplate tells it, and power itself hardly at all.
    """
    y = np.array([1.0 / (R_PU + 1j * X_PU)])
    none = np.zeros(0, dtype=np.int64)
    branches = Branches(np.array([[0, 1]]), y, NO_SHUNT, np.ones(1), np.zeros(1), none)
    network = ac_network(2, branches, np.array([0]), none)
    kind = np.array([Kind.VOLTAGE, Kind.FLOW_I, Kind.FLOW_P, Kind.FLOW_Q])
    sigma = np.array([1e-4, 1e-4, guess_sigma_pu, guess_sigma_pu])
    told = bare(kind, np.array([0, 0, 0, 0]), sigma)
    return Tracker(model(network, told)), sigma**-2.0


def exact(voltage: float, current: float, tan: float) -> tuple[float, float]:
    """Return voltage and angle behind the line in closed form.

    The current lags the voltage at the sending end by the angle of the load seen from there.
    """
    lag = math.atan(tan)
    behind = voltage - current * complex(math.cos(lag), -math.sin(lag)) * complex(R_PU, X_PU)
    return abs(behind), math.atan2(behind.imag, behind.real)


def solved(tracker: Tracker, weight: Floats, current: float, guess: float) -> Solution:
    network = tracker.model.equations.network
    z = np.array([1.02, current, guess, TAN * guess])
    return solve(tracker.model, all_on(network), z, weight)


@pytest.mark.parametrize("guess", [0.5, 0.8, 1.2])
def test_a_current_and_a_power_factor_tell_the_power(guess: float) -> None:
    tracker, weight = feeder(0.3)
    found = solved(tracker, weight, 0.8, guess)
    assert found.converged
    # The guess of P and of Q is moved along the ray of its power factor, for that is nearest.
    voltage, angle = exact(1.02, 0.8, TAN)
    assert found.x[[3, 1]] == pytest.approx([voltage, angle], abs=2e-6)
    assert found.measured[1] == pytest.approx(0.8, abs=1e-6)
    p, q = found.measured[2:]
    assert math.hypot(p, q) == pytest.approx(1.02 * 0.8, abs=2e-6)
    assert q / p == pytest.approx(TAN, abs=1e-5)


def test_no_current_is_no_singular_matrix() -> None:
    tracker, weight = feeder(0.3)
    for guess in (0.0, 1e-9, 0.2):
        found = solved(tracker, weight, 0.0, guess)
        assert np.isfinite(found.x).all()
        assert np.isfinite(found.normalised).all()
    found = solved(tracker, weight, 0.0, 0.0)
    assert found.converged
    assert found.x == pytest.approx([0.0, 0.0, 1.02, 1.02], abs=1e-9)


def test_a_current_is_tracked_as_it_is_solved() -> None:
    tracker, weight = feeder(0.3)
    wiring = all_on(tracker.model.equations.network)
    state, classes = None, np.zeros(4, dtype=np.uint8)
    for current in (0.5, 0.5, 0.52, 0.56, 0.8, 0.8, 0.81):
        z = np.array([1.02, current, 0.6, TAN * 0.6])
        state, found = tracker.scan(state, wiring, z, classes)
        full = solve(tracker.model, wiring, z, weight, found.x)
        assert found.x == pytest.approx(full.x, abs=5e-5)
