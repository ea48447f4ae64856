"""What lasts among swings, by cases made by hand, and by a network that is solved or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from daemon.core.estimation import bad_data, lasting, suspicion
from daemon.core.estimation.bad_data import Instrumented, Scan
from daemon.core.estimation.lasting import Marks, Shown
from daemon.core.estimation.measurements import FRESH
from daemon.model.quantities import MILLISECOND, SECOND
from tests.bench.baddata import PARAMS, Feeders

SCAN, SCANS = 100 * MILLISECOND, 50
EVERY = np.arange(SCANS)
SWINGS = 6.0 * np.sin(1.7 * EVERY)


def marks(off: Any, told: Any = 0.0, used: int = SCANS, period_ns: int = SECOND) -> Marks:
    """Return what is remembered of one instrument; it is there in so many of the last scans."""
    off, told = np.broadcast_to(off, SCANS), np.broadcast_to(told, SCANS)
    found: Marks = ()
    for n in range(SCANS):
        shown = Shown((n + 1) * SCAN, np.array([off[n]]), np.array([told[n]]))
        there = np.array([n >= SCANS - used])
        found = lasting.followed(found, [shown], there, period_ns)
    return found


def test_an_error_lasts_among_swings_that_alone_do_not() -> None:
    error = marks(SWINGS + 7.0, SWINGS)
    assert lasting.whole(error, SECOND)
    assert lasting.lasting(error)[0] > 5.0
    assert lasting.lasting(marks(SWINGS - 7.0, SWINGS))[0] < -5.0
    assert abs(lasting.lasting(marks(SWINGS, SWINGS))[0]) < 1.0
    assert lasting.mean(error, np.array([0]))[0] == pytest.approx(7.0, abs=0.5)


def test_what_is_missed_of_a_ramp_does_not_last() -> None:
    ramp = 1.0 * EVERY  # ten deviations a second, read a third of a second late
    assert lasting.lasting(marks(-3.0, ramp))[0] == pytest.approx(0.0, abs=0.2)
    assert lasting.lasting(marks(-3.0, 0.0))[0] == pytest.approx(-3.0 / lasting.CALM)


def test_who_was_away_for_some_of_the_time_shows_nothing() -> None:
    assert lasting.lasting(marks(7.0))[0] == pytest.approx(7.0 / lasting.CALM)
    assert lasting.lasting(marks(7.0, used=20))[0] == 0.0


def test_three_scans_are_no_time() -> None:
    few = marks(7.0)[-4:]
    assert not lasting.whole(few, SECOND)
    assert lasting.whole(marks(7.0), SECOND)
    assert not marks(7.0, period_ns=0)


def test_scans_that_nobody_solved_tell_what_solved_ones_do() -> None:
    feeders = Feeders(20)
    chance, of = np.random.default_rng(1), feeders.tracker
    count, sigma = len(feeders.sigma), feeders.sigma
    classes, track, looks = np.full(count, FRESH, dtype=np.uint8), None, []
    for n in range(6):
        z = feeders.should[0] + sigma * chance.standard_normal(count)
        track, found = of.scan(track, feeders.wiring, z, classes, 2.0 * sigma)
        if found.tested:
            heard_ns, others = np.full(count, 2 * n * SECOND), of.others_of_last()
            looks.append(Scan(2 * n * SECOND, z, feeders.real, heard_ns, found, others))
    begun, instrumented = bad_data.begun(count), Instrumented(sigma, feeders.real)
    for look in looks[:2]:  # the first values come as a shock
        begun = bad_data.judged(begun, look, instrumented, PARAMS)
    solved, looks = (
        begun,
        [
            look._replace(at_ns=look.at_ns // 100, heard_ns=look.heard_ns // 100)
            for look in looks[2:]
        ],
    )
    begin = 10 * SECOND
    looks = [
        look._replace(at_ns=begin + look.at_ns, heard_ns=begin + look.heard_ns) for look in looks
    ]
    for look in looks:
        solved = bad_data.judged(solved, look, instrumented, PARAMS)
    between = tuple((look.at_ns, look.z) for look in looks[:-1])
    last = looks[-1]._replace(between=between)
    unsolved = bad_data.judged(begun, last, instrumented, PARAMS)
    assert len(solved.marks) == len(unsolved.marks) == len(looks)
    for one, other in zip(solved.marks, unsolved.marks, strict=True):
        assert one.off == pytest.approx(other.off, abs=0.02)
        assert one.told == pytest.approx(other.told, rel=1e-3, abs=0.02)


def test_what_was_small_when_it_was_weighed_may_be_large_now() -> None:
    feeders = Feeders(20)
    nothing = np.full(len(feeders.sigma), FRESH, dtype=np.uint8)
    track = None
    for _ in range(2):
        track, _ = feeders.tracker.scan(
            track, feeders.wiring, feeders.should[0], nothing, feeders.sigma
        )
    others = feeders.tracker.others_of_last()
    assert others is not None
    excess = np.zeros(len(feeders.sigma))
    partners = others.inverse.pairs.partner
    row = int(np.flatnonzero(partners != np.arange(len(partners)))[0])
    partner = int(partners[row])
    excess[partner] = 3.0 * others.scale[row] ** 2
    wide = suspicion.widened(others, excess)
    assert wide.scale[row] == pytest.approx(2.0 * others.scale[row])
    assert wide.noise[row] > others.noise[row]
    assert np.count_nonzero(wide.scale != others.scale) == len({row, partner})
