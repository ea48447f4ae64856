"""A load comes back after a dip, late, not at all, or is free not to."""

from __future__ import annotations

import numpy as np

from daemon.core import compliance
from daemon.settings.rules import load_rules
from tests.unit.core.compliance.events import MS, event, judged

BACK = "back to 90 % after a dip"
ERCOT = "ercot_nogrr282"


def test_a_load_that_never_left_is_back_at_once() -> None:
    found = judged(ERCOT, event((2000, 1.0, 80), (100, 0.7, 80), (3000, 1.0, 80)))
    assert (found[BACK].ok, found[BACK].value, found[BACK].at_s) == (True, 0.0, 2.1)


def test_a_load_that_comes_late_fails_with_its_time() -> None:
    found = judged(ERCOT, event((2000, 1.0, 80), (100, 0.7, 0), (2500, 1.0, 10), (500, 1.0, 75)))
    assert (found[BACK].ok, found[BACK].value, found[BACK].first_s) == (False, 2.5, 2.1)


def test_a_load_that_does_not_come_back_fails_at_the_end_of_the_trace() -> None:
    found = judged(ERCOT, event((2000, 1.0, 80), (100, 0.7, 0), (9000, 1.0, 10)))
    assert (found[BACK].ok, found[BACK].value) == (False, 9.0)
    assert "not back at the end" in found[BACK].detail


def test_a_trace_that_ends_too_soon_leaves_it_open() -> None:
    found = judged(ERCOT, event((2000, 1.0, 80), (100, 0.7, 0), (1000, 1.0, 10)))
    assert found[BACK].ok is None
    assert "not over at the end" in found[BACK].detail


def test_beyond_the_curve_a_load_is_free() -> None:
    found = judged(ERCOT, event((2000, 1.0, 80), (600, 0.7, 0), (9000, 1.0, 10)))
    assert found["below 0.80 pu"].ok is None
    assert "free to part" in found["below 0.80 pu"].detail
    assert found["below 0.80 pu"].value == 0.6
    assert found[BACK].ok is None


def test_beyond_the_curve_a_load_that_comes_all_the_same_is_told() -> None:
    found = judged(ERCOT, event((2000, 1.0, 80), (600, 0.7, 0), (900, 1.0, 0), (500, 1.0, 80)))
    assert (found[BACK].ok, found[BACK].value) == (True, 0.9)


def test_one_free_event_does_not_excuse_the_next() -> None:
    away = (2000, 1.0, 80), (600, 0.7, 0), (3000, 1.0, 10), (2000, 1.0, 80)
    found = judged(ERCOT, event(*away, (100, 0.7, 0), (2200, 1.0, 0), (100, 1.0, 80)))
    assert (found[BACK].ok, found[BACK].value) == (False, 2.2)
    assert "1 events bound nobody" in found[BACK].detail


def test_six_sags_in_a_row_are_each_to_be_ridden_through() -> None:
    """The event of 2024-07-10 in Virginia: loads that counted sags and left."""
    sags = [piece for _ in range(6) for piece in ((50, 0.3, 60), (14_000, 1.0, 100))]
    kept = judged(ERCOT, event((2000, 1.0, 100), *sags))
    assert all(one.ok is not False for one in kept.values())
    assert kept[BACK].ok is True
    left = judged(ERCOT, event((2000, 1.0, 100), *sags[:-1], (14_000, 1.0, 0)))
    assert left[BACK].ok is False
    assert left[BACK].count == 1


def test_a_dip_during_recovery_keeps_what_was_drawn_before() -> None:
    pieces = (2000, 1.0, 80), (100, 0.7, 0), (900, 1.0, 40), (100, 0.7, 0), (1900, 1.0, 40)
    found = judged(ERCOT, event(*pieces, (300, 1.0, 80)))
    assert (found[BACK].ok, found[BACK].value, found[BACK].at_s) == (True, 1.9, 3.1)


def test_the_power_before_is_the_mean_of_the_last_second() -> None:
    swinging = [(100, 1.0, mw) for _ in range(20) for mw in (60, 100)]  # mean 80, 90 % of it 72
    enough = judged(ERCOT, event(*swinging, (100, 0.7, 0), (3000, 1.0, 72.1)))
    short = judged(ERCOT, event(*swinging, (100, 0.7, 0), (3000, 1.0, 71.9)))
    assert (enough[BACK].ok, short[BACK].ok) == (True, False)


def test_an_event_with_nothing_before_it_is_not_judged() -> None:
    for pieces in (((100, 0.7, 0), (5000, 1.0, 50)), ((900, 1.0, 0), (100, 0.7, 0), (900, 1.0, 0))):
        found = judged(ERCOT, event(*pieces))
        assert found[BACK].ok is None
        assert "without a known power" in found[BACK].detail


def test_an_event_across_a_hole_is_not_judged() -> None:
    samples = event((2000, 1.0, 80), (100, 0.7, 0), (5000, 1.0, 0))
    given = compliance.Given(MS, 80e6, 60.0, frozenset(samples.values))
    court = compliance.begin([load_rules(ERCOT)], given)
    court = compliance.cut(compliance.take(court, samples.part(0, 2500)))
    court = compliance.take(court, samples.part(3000, len(samples)))
    found = {one.name: one for one in compliance.verdicts(court)}
    assert found[BACK].ok is None
    assert "1 events without a known power" in found[BACK].detail


def test_samples_that_are_too_coarse_judge_no_recovery() -> None:
    t_ns = np.arange(100, dtype=np.int64) * 5000 * MS
    values = {"voltage_pu": np.where(np.arange(100) == 50, 0.7, 1.0), "power_w": np.full(100, 8e7)}
    found = judged(ERCOT, compliance.Samples(t_ns, values), 5000)
    assert found[BACK].ok is None
    assert "5 s apart" in found[BACK].detail
