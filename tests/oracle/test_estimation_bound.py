"""No state of the AI hall is estimated worse than information allows, but for a tenth."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.estimation.network import Flags, Floats
from tests.oracle.estimation_bound import Hall, bound, errors, hall

DRAWS, MOST_X, BIAS_SIGMAS = 1500, 1.1, 0.15


@pytest.fixture(scope="module")
def of() -> Hall:
    return hall()


@pytest.fixture(scope="module")
def least(of: Hall) -> tuple[Floats, Flags]:
    return bound(of)


@pytest.fixture(scope="module")
def found(of: Hall) -> Floats:
    return errors(of, DRAWS, seed=1)


def test_every_state_is_within_a_tenth_of_the_bound(
    least: tuple[Floats, Flags], found: Floats
) -> None:
    least_sigma, known = least
    rms = np.sqrt(np.square(found).mean(axis=0))
    assert known.sum() > 100
    assert (rms[known] / least_sigma[known]).max() < MOST_X


def test_no_state_is_off_on_average(least: tuple[Floats, Flags], found: Floats) -> None:
    least_sigma, known = least
    assert (np.abs(found.mean(axis=0))[known] < BIAS_SIGMAS * least_sigma[known]).all()
