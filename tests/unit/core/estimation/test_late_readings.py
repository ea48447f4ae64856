"""On a loaded computer readings come late, and no sound instrument is called for that."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.loaded_hall import LOADS, LoadedHall

SEED, DRAWS = 41, 24


def called(kind: str, draw: int, lasts_s: float) -> set[str]:
    """Return whom the estimator did not believe in a play of the hall."""
    hall = LoadedHall(lasts_s, SEED, draw, LOADS[kind])
    return hall.called(np.random.default_rng((SEED, draw, 2)))


def test_nobody_is_called_because_another_was_read_late() -> None:
    """Storage was, which had moved while the breaker in front of it was not read."""
    assert called("overloaded", 7, 12.0) == set()


@pytest.mark.skipif("RIDETHROUGH_SEEDS" not in os.environ, reason="make soak: an hour of plant")
@pytest.mark.parametrize("kind", LOADS)
def test_nobody_is_called_in_many_plays(kind: str) -> None:
    assert {draw: found for draw in range(DRAWS) if (found := called(kind, draw, 40.0))} == {}
