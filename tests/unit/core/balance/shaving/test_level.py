"""The aim over futures, where it can be said by hand."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.balance.shaving.level import Outlook, Params, best, doubted, peaks_w
from daemon.core.balance.shaving.stores import Store

MWH = 3.6e9
LOSSLESS = Store(20e6, 20e6, 2 * MWH, 1.0)
PROMPT = Params(aims=401, lag_s=0.0, doubt_pu=0.0, soft_pu=0.0)


def outlook(*futures: tuple[float, ...], paid_w: float = 0.0, rise_w: float = 0.0) -> Outlook:
    """Return windows of a quarter of an hour [MW] as three samples each."""
    futures_w = np.repeat(np.array(futures) * 1e6, 3, axis=1)
    return Outlook(futures_w, float(futures_w[0, 0]), 3, 300.0, paid_w, rise_w)


def peak_w(aim_w: float, seen: Outlook, energy_j: float = 2 * MWH, lag_s: float = 0.0) -> float:
    return float(peaks_w(np.array([aim_w]), seen, LOSSLESS, energy_j, lag_s)[0][0, 0])


def test_an_aim_that_lasts_is_the_peak() -> None:
    seen = outlook((80, 88, 88, 80))
    peaks, given_j = peaks_w(np.array([84e6]), seen, LOSSLESS, 2 * MWH)
    assert peaks[0, 0] == pytest.approx(84e6)
    assert given_j[0, 0] == pytest.approx(2 * MWH)


def test_an_aim_that_does_not_last_is_no_better_than_none() -> None:
    assert peak_w(80e6, outlook((88, 88, 88, 88, 100))) == pytest.approx(100e6)


def test_what_is_given_back_by_a_valley_can_be_given_again() -> None:
    assert peak_w(84e6, outlook((88, 88, 70, 88, 88), paid_w=84e6)) == pytest.approx(84e6)


def test_what_was_exceeded_is_the_aim_from_then_on() -> None:
    """Empty after the first, full again: the second is held at the first and not lower."""
    seen = outlook((100, 60, 60, 100, 100), paid_w=70e6)
    assert peak_w(80e6, seen, energy_j=1 * MWH) == pytest.approx(96e6)


def test_nothing_is_charged_above_what_is_paid_for() -> None:
    """An aim of 90 is no reason to draw 90 for the sake of the storage: 80 is paid for."""
    assert peak_w(90e6, outlook((75, 75), paid_w=80e6), energy_j=0.0) == pytest.approx(80e6)


def test_what_is_late_is_given_late() -> None:
    """Of a window that begins with a step, the first minute of a sample is not made up for."""
    short = Store(20e6, 10e6, 20 * MWH, 1.0)
    seen = outlook((80, 100, 80))
    peaks, _ = peaks_w(np.array([90e6]), seen, short, 20 * MWH, 60.0)
    prompt, _ = peaks_w(np.array([90e6]), seen, short, 20 * MWH, 0.0)
    assert prompt[0, 0] == pytest.approx(90e6)
    assert peaks[0, 0] > 91e6


def test_a_future_known_for_sure_gives_its_optimum() -> None:
    aim, _, expected, _ = best(outlook((80, 90, 90, 80)), LOSSLESS, 2 * MWH, PROMPT)
    assert aim == pytest.approx(86e6, abs=0.2e6)
    assert expected == pytest.approx(86e6, abs=0.2e6)
    coarse = Params(aims=2, lag_s=0.0, doubt_pu=0.0, soft_pu=0.0)
    aim = best(outlook((80, 90, 90, 80)), LOSSLESS, 2 * MWH, coarse, [86e6]).aim_w
    assert aim == 86e6, "what else is to be tried is tried"


def test_nothing_is_spent_below_what_is_paid_for() -> None:
    seen = outlook((80, 90, 90, 80), paid_w=95e6)
    aim, _, expected, _ = best(seen, LOSSLESS, 2 * MWH, PROMPT)
    assert expected == 95e6
    assert aim >= 95e6


def test_between_futures_the_dearer_error_is_avoided() -> None:
    """A low aim is empty before the high peak: it costs all of it; a high one little of the low."""
    seen = outlook((88, 88, 88, 88, 88, 88, 100), (80, 80, 80, 80, 80, 80, 85))
    assert best(seen, LOSSLESS, 2 * MWH, PROMPT).aim_w >= 87e6


def test_with_energy_to_spare_it_gives_before_a_rise_that_its_power_cannot_make_up_for() -> None:
    """The last two samples of a window are high: what the first did not give is lost."""
    weak, rich_j = Store(20e6, 5e6, 20 * MWH, 1.0), 20 * MWH
    futures_w = np.array([[80, 80, 80, 84, 100, 100, 80, 80, 80]]) * 1e6
    seen = Outlook(futures_w, 80e6, 3, 300.0, paid_w=85e6)
    found = best(seen, weak, rich_j, PROMPT)
    late, _ = peaks_w(np.linspace(85e6, 95e6, 81), seen, weak, rich_j)
    assert found.guard_w > weak.discharge_w
    assert found.expected_w < late.min() - 0.5e6


def test_doubt_moves_the_futures_apart_and_not_as_a_whole() -> None:
    seen = outlook(*[(80, 90)] * 28)
    moved_w = doubted(seen, 1e6).futures_w - seen.futures_w
    assert moved_w.mean() == pytest.approx(0.0, abs=1.0)
    assert moved_w[:, 0].std() == pytest.approx(1e6, rel=0.1)
    assert len(set(moved_w[:, 0])) == 28


def test_an_aim_that_rises_as_the_storage_empties_leaves_something_for_a_higher_peak() -> None:
    seen = outlook((88, 88, 88, 100))
    firm, soft = (
        peaks_w(np.array([84e6]), seen, LOSSLESS, 2 * MWH, soft_w=soft_w)[0][0, 0]
        for soft_w in (0.0, 8e6)
    )
    assert (firm, soft) == (pytest.approx(100e6), pytest.approx(96e6))
