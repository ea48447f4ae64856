"""The aim over futures, where it can be said by hand."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.balance.shaving.level import Params, best_aim_w, peaks_w
from daemon.core.balance.shaving.stores import Store

MWH = 3.6e9
LOSSLESS = Store(20e6, 20e6, 2 * MWH, 1.0)


def future(*mw: float) -> np.ndarray:
    """Return windows of a quarter of an hour as three samples each."""
    return np.repeat(np.array(mw) * 1e6, 3)


def test_an_aim_that_lasts_is_the_peak() -> None:
    futures = np.array([future(80, 88, 88, 80)])
    peaks, given_j = peaks_w(np.array([84e6]), futures, 3, 300.0, LOSSLESS, 2 * MWH)
    assert peaks[0, 0] == pytest.approx(84e6)
    assert given_j[0, 0] == pytest.approx(2 * MWH)


def test_an_aim_that_does_not_last_is_no_better_than_none() -> None:
    futures = np.array([future(88, 88, 88, 88, 100)])
    peaks, _ = peaks_w(np.array([80e6]), futures, 3, 300.0, LOSSLESS, 2 * MWH)
    assert peaks[0, 0] == pytest.approx(100e6)


def test_what_is_given_back_by_a_valley_can_be_given_again() -> None:
    futures = np.array([future(88, 88, 70, 88, 88)])
    peaks, _ = peaks_w(np.array([84e6]), futures, 3, 300.0, LOSSLESS, 2 * MWH)
    assert peaks[0, 0] == pytest.approx(84e6)


def test_a_future_known_for_sure_gives_its_optimum() -> None:
    futures = np.array([future(80, 90, 90, 80)])
    fine = Params(aims=2001)
    aim, expected = best_aim_w(futures, 3, 300.0, LOSSLESS, 2 * MWH, 0.0, fine)
    assert aim == pytest.approx(86e6, abs=0.05e6)
    assert expected == pytest.approx(86e6, abs=0.05e6)


def test_nothing_is_spent_below_what_is_paid_for() -> None:
    futures = np.array([future(80, 90, 90, 80)])
    aim, expected = best_aim_w(futures, 3, 300.0, LOSSLESS, 2 * MWH, 95e6, Params())
    assert expected == 95e6
    assert aim >= 90e6


def test_between_futures_the_dearer_error_is_avoided() -> None:
    """A low aim is empty before the high peak: it costs all of it; a high one little of the low."""
    futures = np.array([future(88, 88, 88, 88, 88, 88, 100), future(80, 80, 80, 80, 80, 80, 85)])
    fine = Params(aims=401)
    aim, _ = best_aim_w(futures, 3, 300.0, LOSSLESS, 2 * MWH, 0.0, fine)
    assert aim >= 87e6
