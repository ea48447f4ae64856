"""Who errs is named though it is read seldom, and nobody is while nobody errs."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.core.estimation.judgement import agree
from daemon.core.estimation.suspects import CONDEMNED
from tests.bench.baddata import ERROR_SIGMAS, SCAN_NS, Feeders, Remembered

WARM, SCANS = 60, 110


@pytest.fixture(scope="module")
def feeders() -> Feeders:
    return Feeders(20)


def played(feeders: Feeders, row: int, by: float) -> Remembered:
    """Return what is remembered after an instrument has been off for eleven of its readings."""
    chance, error = np.random.default_rng(3), np.zeros(len(feeders.sigma))
    state = feeders.begun()
    for number in range(WARM + SCANS):
        if number == WARM:
            error[row] = by * feeders.sigma[row]
        state = feeders.scanned(state, (number + 1) * SCAN_NS, chance, error)
    return state


@pytest.mark.parametrize("row", [0, 5])
def test_instrument_that_is_read_once_a_second_is_named(feeders: Feeders, row: int) -> None:
    suspects = played(feeders, row, ERROR_SIGMAS).memory.suspects
    assert [(s.row, s.kind) for s in suspects] == [(row, CONDEMNED)]


def test_nobody_is_named_while_nobody_errs(feeders: Feeders) -> None:
    assert played(feeders, 0, 0.0).memory.suspects == ()


def test_who_is_not_read_is_no_witness(feeders: Feeders) -> None:
    played(feeders, 0, 0.0)
    everybody = feeders.tracker.others_of_last()
    assert everybody is not None
    row = int(np.argmax(everybody.inverse.pairs.partner != np.arange(len(everybody.noise))))
    gone = np.arange(len(everybody.noise)) == everybody.inverse.pairs.partner[row]
    left = feeders.tracker.others_of_last(gone=gone)
    assert left is not None
    assert left.noise[row] > 1.5 * everybody.noise[row]


@pytest.mark.parametrize(
    ("off", "related", "expected"),
    [
        # ESS-2 and its breaker show 0 while rows fall, and what is read of them is behind.
        ((1308.0, 823.0), -0.786, True),
        ((-1308.0, -823.0), -0.786, True),
        ((1308.0, -823.0), 0.786, True),
        # One of them errs: the other is off as far as that makes it, and fits all the rest.
        ((1308.0, -0.786 * 1308.0 * 245.0 / 235.0), -0.786, False),
        # Both err, each in its own way.
        ((1308.0, -3000.0), -0.786, False),
        # They do not see the same.
        ((1308.0, 1308.0), -0.06, False),
    ],
)
def test_two_devices_that_agree_are_not_both_wrong(
    off: tuple[float, float], related: float, expected: bool
) -> None:
    assert agree(np.array(off), np.array([235.0, 245.0]), related, 5.7) is expected
