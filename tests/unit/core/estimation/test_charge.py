"""Counting charge: over a day with sensors that are off, against a battery of other physics."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.estimation import cells, charge
from daemon.core.estimation.charge import BIAS, CHARGE, HEALTH, Pace, Prior
from device_emulators.plant.battery import Battery
from device_emulators.plant.cells import LFP, VRLA, Chemistry

N = 6


def prior(n: int = N) -> Prior:
    return Prior(0.01, 0.005, np.full(n, 0.02), np.full(n, 0.015), 0.02)


def pace(per_h: float, resistance_pu: float = 0.0) -> Pace:
    return Pace(np.array([per_h / 3600.0]), np.array([resistance_pu]))


def test_a_count_is_exact_where_nothing_is_wrong() -> None:
    sure = Prior(1e-6, 1e-9, np.zeros(1), np.full(1, 1e-9), 1e-9)
    belief = charge.begun(np.array([0.5]), np.ones(1), sure)
    for _ in range(3600):
        charge.counted(belief, np.array([0.5]), np.zeros(1), pace(0.5), 1.0)
    assert belief.mean[0, CHARGE] == pytest.approx(0.75, abs=1e-6)


def test_the_variance_is_that_of_many_trials() -> None:
    """Draw biases, losses and capacities; the errors of the count must spread as it says."""
    rng, n = np.random.default_rng(7), 4000
    given = prior(n)
    bias, loss = rng.normal(0.0, 0.005, n), rng.normal(0.02, 0.015, n)
    health, truth = rng.normal(1.0, 0.02, n), rng.normal(0.6, 0.01, n)
    belief = charge.begun(np.full(n, 0.6), np.ones(n), given)
    rate = np.full(n, 0.5 / 3600.0)
    lossless = Pace(rate, np.zeros(n))
    for minute in range(240):
        power = 0.5 if minute < 90 else -0.4 if minute < 180 else 0.0
        truth += rate * 60.0 / health * (power - loss * abs(power))
        charge.counted(belief, power + bias, np.zeros(n), lossless, 60.0)
    error = belief.mean[:, CHARGE] - truth
    told = np.sqrt(belief.cov[:, CHARGE, CHARGE].mean())
    assert error.std() == pytest.approx(told, rel=0.05)


def test_one_piece_of_evidence_does_not_count_twice() -> None:
    belief = charge.begun(np.full(1, 0.5), np.ones(1), Prior(0.2, 0.0, *prior(1)[2:]))
    for _ in range(1000):
        charge.shown(belief, CHARGE, np.array([0.7]), np.array([0.05]))
    assert np.sqrt(belief.cov[0, CHARGE, CHARGE]) == pytest.approx(0.05, rel=1e-3)
    assert 0.65 < belief.mean[0, CHARGE] < 0.70, "the report before it has not lost its weight"


def test_what_cells_lose_grows_with_the_square_of_the_power() -> None:
    sure = Prior(1e-6, 1e-9, np.zeros(1), np.full(1, 1e-9), 1e-9)
    for power in (0.5, -0.5):
        belief = charge.begun(np.array([0.5]), np.ones(1), sure)
        for _ in range(1800):
            charge.counted(belief, np.array([power]), np.zeros(1), pace(1.0, 0.06), 1.0)
        moved = 0.5 * (power - 0.06 * 0.25)
        assert belief.mean[0, CHARGE] == pytest.approx(0.5 + moved, abs=1e-6)


@pytest.mark.parametrize(("mean", "sigma"), [(1.02, 0.05), (1.001, 0.2), (-0.03, 0.02)])
def test_a_count_beyond_an_end_says_no_more_than_that_it_cannot_be(
    mean: float, sigma: float
) -> None:
    """Drawn: what is left of the distribution on the side that can be."""
    drawn = np.random.default_rng(5).normal(mean, sigma, 400_000)
    left = drawn[(drawn >= 0.0) & (drawn <= 1.0)]
    belief = charge.begun(np.array([mean]), np.ones(1), Prior(sigma, *prior(1)[1:]))
    charge.counted(belief, np.zeros(1), np.zeros(1), pace(1e-9), 1.0)
    assert belief.mean[0, CHARGE] == pytest.approx(left.mean(), abs=2e-3)
    assert np.sqrt(belief.cov[0, CHARGE, CHARGE]) == pytest.approx(left.std(), rel=0.02)


def test_what_a_charger_keeps_full_is_full_when_it_counts_beyond() -> None:
    belief = charge.begun(np.array([1.02]), np.ones(1), Prior(0.05, *prior(1)[1:]))
    filling = np.ones(1, dtype=np.bool_)
    charge.counted(belief, np.zeros(1), np.zeros(1), pace(1e-9), 1.0, filling)
    assert belief.mean[0, CHARGE] == pytest.approx(1.0, abs=2e-3)


def test_a_store_that_is_full_teaches_its_bias() -> None:
    belief = charge.begun(np.ones(1), np.ones(1), prior(1))
    for _ in range(8 * 3600):
        charge.counted(belief, np.array([0.004]), np.zeros(1), pace(1.0), 1.0)
        charge.shown(belief, CHARGE, np.ones(1), np.full(1, 0.015))
    assert belief.mean[0, BIAS] == pytest.approx(0.004, abs=1e-3)
    assert belief.mean[0, CHARGE] == pytest.approx(1.0, abs=0.015)


@pytest.mark.parametrize(("own", "other"), [(cells.LITHIUM_IRON, LFP), (cells.LEAD_ACID, VRLA)])
def test_a_voltage_says_how_much_it_tells(own: cells.Curve, other: Chemistry) -> None:
    """The other curve is of another hand: what is told must hold within what is told of it."""
    worst = 0.0
    for truth in np.linspace(0.02, 0.98, 49):
        found, sigma = cells.charge_of(own, other.open_pu(float(truth)), 0.0)
        worst = max(worst, abs(found - truth) / sigma)
    assert worst < 2.5
    _, flat = cells.charge_of(own, other.open_pu(0.5), 0.0)
    _, steep = cells.charge_of(own, other.open_pu(0.02), 0.0)
    assert flat > (0.1 if other is LFP else 0.03)
    assert steep < 0.06


def test_a_heavy_current_makes_a_voltage_tell_less() -> None:
    light = cells.charge_of(cells.LEAD_ACID, 0.95, 0.1)[1]
    assert cells.charge_of(cells.LEAD_ACID, 0.95 - 0.025 * 4.0, 4.0)[1] > 3.0 * light


def _day(rng: np.random.Generator, hour: float) -> float:
    """Return the power of a store that shaves peaks [pu of rated]."""
    if 1.0 <= hour < 3.2:
        return 0.9
    if 9.0 <= hour < 12.0 or 17.0 <= hour < 20.0:
        return -0.45 + 0.25 * float(rng.normal())
    return 0.5 if 13.0 <= hour < 15.5 else 0.0


@pytest.mark.parametrize("bias", [-0.01, -0.005, 0.005, 0.01])
def test_a_day_of_cycles_with_a_biased_sensor(bias: float) -> None:
    """ESS-1 of the hall over a day; only rest and what its converter offers tell anything else."""
    rng = np.random.default_rng(int(1e4 * (bias + 1.0)))
    rated_w, energy_wh, step_s = 3e6, 6e6, 10.0
    battery = Battery(LFP, energy_wh * 3600.0, rated_w, soc_pu=0.55, health_pu=0.98)
    belief = charge.begun(np.array([0.56]), np.ones(1), prior(1))
    rate, last, errors = np.array([rated_w / energy_wh / 3600.0]), 0.0, []
    blind = 0.56
    for n in range(int(86_400 / step_s)):
        wanted_w = _day(rng, n * step_s / 3600.0) * rated_w
        if wanted_w > 0.0:
            wanted_w = min(wanted_w, battery.charge_w(np.inf))
        elif not battery.can_give():
            wanted_w = 0.0
        loss_w = 0.005 * rated_w * (wanted_w != 0.0) + 0.015 * abs(wanted_w)
        battery.exchange(wanted_w - loss_w, step_s)
        shown = wanted_w / rated_w * 1.005 + bias + 0.001 * float(rng.normal())
        power = np.array([shown])
        charge.counted(belief, power, power - last, Pace(rate, np.full(1, 0.0075)), step_s)
        blind += float(rate[0]) * step_s * (shown - 0.02 * abs(shown))
        if wanted_w == 0.0:
            charge.shown(belief, BIAS, power, np.full(1, 5e-4))
        if battery.charge_w(np.inf) < 0.01 * rated_w:
            charge.shown(belief, CHARGE, np.ones(1), np.full(1, 0.005))
        last = shown
        errors.append((belief.mean[0, CHARGE] - battery.soc_pu, blind - battery.soc_pu))
    rms, blind_rms = np.sqrt(np.mean(np.square(errors), axis=0))
    assert rms < 0.02
    assert blind_rms > 2.0 * rms or bias == -0.005, (
        "a plain count is far worse, but where two wrongs cancel"
    )
    assert belief.mean[0, BIAS] == pytest.approx(bias, abs=1.5e-3)
    assert 0.9 < belief.mean[0, HEALTH] < 1.05
