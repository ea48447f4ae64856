"""The AC power flow against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device_emulators.plant.network import AcModel, Branch

VOLTS = 6600.0


def two_buses(resistance: float, reactance: float) -> AcModel:
    cable = Branch("W", 0, 1, "cable", {"resistance_ohm": resistance, "reactance_ohm": reactance})
    return AcModel([VOLTS, VOLTS], [(0, 1, cable)], [(0, 1e15)], 60.0)


def receiving_pu(u: float, r: float, x: float, p: float, q: float) -> float:
    """Solve |V2|^4 + |V2|^2 (2(rp + xq) - u^2) + (r^2 + x^2)(p^2 + q^2) = 0, all in pu."""
    b = 2.0 * (r * p + x * q) - u * u
    c = (r * r + x * x) * (p * p + q * q)
    return math.sqrt((-b + math.sqrt(b * b - 4.0 * c)) / 2.0)


@pytest.mark.parametrize(
    ("u", "p_w", "q_var"), [(1.0, 2e6, 1e6), (1.03, 4e6, -1e6), (0.9, -1e6, 0.5e6), (1.0, 0.0, 0.0)]
)
def test_two_buses_equal_the_closed_form(u: float, p_w: float, q_var: float) -> None:
    r_ohm, x_ohm = 0.3, 0.8
    solution = two_buses(r_ohm, x_ohm).solve(
        [u], [0.0], np.array([0.0, p_w]), np.array([0.0, q_var])
    )
    base = VOLTS * VOLTS / 1e6  # 1 MVA
    expected = receiving_pu(u, r_ohm / base, x_ohm / base, p_w / 1e6, q_var / 1e6)
    assert solution.v_pu[1] == pytest.approx(expected, abs=1e-8)
    assert not solution.collapsed


def test_source_gives_load_and_losses() -> None:
    solution = two_buses(0.3, 0.8).solve([1.0], [0.2], np.array([1e5, 2e6]), np.array([0.0, 1e6]))
    losses = solution.branch_w.sum()
    current = math.hypot(2e6, 1e6) / (math.sqrt(3.0) * VOLTS * solution.v_pu[1])
    assert losses == pytest.approx(3.0 * current**2 * 0.3, rel=1e-6)
    assert solution.source_w[0] == pytest.approx(2.1e6 + losses, abs=1.0)
    assert solution.angle_rad[0] == pytest.approx(0.2, abs=1e-6)


def test_transformer_takes_its_losses() -> None:
    ratings = {
        "power_va": 2.5e6,
        "impedance_pu": 0.06,
        "load_loss_w": 22e3,
        "no_load_loss_w": 4e3,
    }
    model = AcModel(
        [6600.0, 380.0], [(0, 1, Branch("TX", 0, 1, "transformer", ratings))], [(0, 1e15)], 60.0
    )
    idle = model.solve([1.0], [0.0], np.zeros(2), np.zeros(2))
    assert idle.branch_w.sum() == pytest.approx(4e3, rel=0.01)
    loaded = model.solve([1.0], [0.0], np.array([0.0, 2.5e6]), np.zeros(2))
    share = (2.5e6 / 2.5e6 / loaded.v_pu[1]) ** 2
    assert loaded.branch_w.sum() == pytest.approx(4e3 + 22e3 * share, rel=0.02)


def test_a_load_beyond_the_limit_is_a_collapse_not_an_error() -> None:
    limit = (VOLTS**2) / (2.0 * 0.8)  # maximum power over a pure reactance, unity power factor
    below = two_buses(1e-6, 0.8).solve([1.0], [0.0], np.array([0.0, 0.97 * limit]), np.zeros(2))
    assert not below.collapsed
    above = two_buses(1e-6, 0.8).solve([1.0], [0.0], np.array([0.0, 1.03 * limit]), np.zeros(2))
    assert above.collapsed
    assert np.isfinite(above.v_pu).all()
