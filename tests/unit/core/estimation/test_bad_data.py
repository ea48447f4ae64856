"""Who errs is named though it is read seldom, and nobody is while nobody errs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.core.estimation import bad_data
from daemon.core.estimation.bad_data import Instrumented, Params, Scan
from daemon.core.estimation.cases import Case
from daemon.core.estimation.evidence import Said
from daemon.core.estimation.judgement import Judgement, agree
from daemon.core.estimation.suspects import CONDEMNED, FROZEN
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


NOW_NS = 1000 * SCAN_NS
PAIR, THIRD = (0, 1), 2
"""Two that agree, of feeder 0, and one of another feeder, which shows the same to the last bit."""


def judgement(way: tuple[int, ...], blind: tuple[int, ...] = ()) -> Judgement:
    """Return the search among four instruments, of which the first two are off alike.

    Args:
        way: number of the gateway of each.
        blind: who is used no more.
    """
    off, one = np.array([1308.0, 823.0, 0.0, 0.0]), np.ones(4)
    used = one > 0.0
    used[list(blind)] = False
    related = np.eye(4)
    related[0, 1] = related[1, 0] = -0.786
    others: Any = SimpleNamespace(
        scale=np.array([235.0, 245.0, 1.0, 1.0]),
        checked=one > 0.0,
        correlation=related.__getitem__,
    )
    solution: Any = SimpleNamespace(used=used, measured=0.0 * one)
    state = bad_data.begun(4)
    known = Said(-one, one)
    evidence = replace(state.evidence, shown=off, said=(known, known, known))
    state = replace(state, evidence=evidence, still=3 * (np.arange(4) == THIRD))
    news = one > 0.0
    scan = Scan(NOW_NS, off, news, np.full(4, NOW_NS), solution, others)
    instrumented = Instrumented(one, news, np.array(way))
    return Judgement(state, scan, others, instrumented, Params())


@pytest.mark.parametrize(
    ("way", "blind", "seconded"),
    [
        ((0, 1, 2, 3), (), True),
        ((0, 0, 2, 3), (), False),  # one gateway may tell of both what it likes
        ((0, 0, 0, 0), (), False),  # and there is no other
        ((0, 1, 1, 1), (0,), False),  # who is not used says nothing
    ],
)
def test_who_is_read_another_way_seconds(
    way: tuple[int, ...], blind: tuple[int, ...], seconded: bool
) -> None:
    assert judgement(way, blind)._seconded(PAIR[1]) is seconded


def test_two_that_agree_keep_nobody_from_being_called_elsewhere() -> None:
    look = judgement((0, 1, 2, 3))
    case = Case(PAIR, (40.0, 20.0), (0.0, 0.0), 0, 0, (0.0, 0.0), 0, NOW_NS, frozenset(PAIR))
    pending, found = look.verdicts((case,))
    assert [s.row for s in pending] == [0]
    assert [(s.row, s.kind) for s in found] == [(THIRD, FROZEN)]
    look.state.still[:] = 3 * (np.arange(4) == PAIR[0])
    assert look.verdicts((case,))[1] == (), "nor are they called that themselves"
