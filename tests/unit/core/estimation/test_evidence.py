"""What readings say of an instrument, by cases made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.core.estimation import cases, evidence, judgement, suspects
from daemon.core.estimation.evidence import Evidence, Look, Said
from daemon.core.estimation.suspects import CONDEMNED, DOUBTED, Suspect
from daemon.model.quantities import SECOND

SCALE = 1.0
NARROW, WIDE = Said(np.array([9.0]), np.array([9.0])), Said(np.array([-4.0]), np.array([20.0]))


def others() -> Any:
    """Return others that are as sure as the instrument itself; the two are partners."""
    pairs = SimpleNamespace(partner=np.array([1, 0]))
    inverse = SimpleNamespace(pairs=pairs, weight=np.full(2, 1e-9))
    return SimpleNamespace(inverse=inverse, noise=np.full(2, 0.5), scale=np.full(2, SCALE))


def read(*looks: tuple[tuple[float, float], tuple[float, float]], hidden: float = 0.0) -> Evidence:
    """Return what is remembered after looks, a second apart: what was shown, what was told."""
    of = evidence.begun(np.array(looks[0][1]), np.array(looks[0][0]), np.full(2, 1e12))
    for number, (shown, told) in enumerate(looks):
        news = np.ones(2, dtype=np.bool_)
        now_ns = (number + 1) * SECOND
        heard_ns = np.full(2, now_ns)
        look = Look(now_ns, np.array(shown), np.array(told), news, heard_ns)
        of = evidence.followed(of, look, others(), SECOND // 2, hidden)
    return of


def test_a_reading_that_stands_while_nothing_moves_tells_its_error() -> None:
    of = read(((9.0, 0.0), (0.0, 0.0)), ((9.0, 0.0), (0.0, 0.0)))
    assert of.said[1].off[0] == pytest.approx(9.0)
    assert of.said[1].worth[0] == pytest.approx(1.0)
    assert evidence.against(of)[0] == pytest.approx(9.0 * np.sqrt(2.0))


def test_what_the_others_rise_by_excuses_a_reading_above_them() -> None:
    of = read(((9.0, 0.0), (0.0, 0.0)), ((9.0, 0.0), (9.0, 0.0)))
    assert of.said[1].off[0] == 0.0
    assert of.said[1].high[0] == pytest.approx(9.0)
    assert of.said[1].worth[0] < 0.1


def test_what_they_rise_by_does_not_excuse_one_below_them_unless_it_may_be_hidden() -> None:
    looks = ((-9.0, 0.0), (0.0, 0.0)), ((-9.0, 0.0), (9.0, 0.0))
    assert read(*looks).said[1].off[0] == pytest.approx(-9.0)
    assert read(*looks, hidden=1.0).said[1].off[0] == 0.0


def test_a_step_within_their_noise_is_no_move() -> None:
    of = read(((9.0, 0.0), (0.0, 0.0)), ((9.0, 0.0), (0.4, 0.0)))
    assert of.said[1].high[0] == of.said[1].low[0]


def test_what_creeps_within_their_noise_is_a_move_in_the_end() -> None:
    looks = [((9.0, 0.0), (0.4 * number, 0.0)) for number in range(5)]
    assert any(one.wide[0] > 0.0 for one in read(*looks, hidden=1.0).said)


def test_a_reading_is_open_until_what_it_depends_on_was_read_after_it() -> None:
    of = evidence.begun(np.zeros(2), np.zeros(2), np.zeros(2))
    first, late_ns, news = SECOND, SECOND // 2, np.array([True, False])
    by = others()
    by.correlation = lambda row: np.array([1.0, 0.5])
    for now_ns in (first, 2 * SECOND, 3 * SECOND):
        look = Look(now_ns, np.array([9.0, 0.0]), np.zeros(2), news, np.array([now_ns, late_ns]))
        of = evidence.followed(of, look, by, SECOND // 2, 0.0)
        assert of.opened_ns[0] == first
    by.correlation = lambda row: np.array([0.0, 1.0])  # nothing to do with it
    look = look._replace(now_ns=4 * SECOND, heard_ns=np.array([4 * SECOND, late_ns]))
    assert evidence.followed(of, look, by, SECOND // 2, 0.0).opened_ns[0] == 4 * SECOND
    by.correlation = lambda row: np.array([1.0, 0.5])
    look = look._replace(heard_ns=np.array([4 * SECOND, 2 * SECOND]))  # read since
    assert evidence.followed(of, look, by, SECOND // 2, 0.0).opened_ns[0] == 4 * SECOND


BOTH = np.array([0, 1])


@pytest.mark.parametrize(
    ("readings", "alike"),
    [
        ((6.0, 5.0, 7.0), 5.5),
        ((-6.0, -5.0, -7.0), -5.5),
        ((6.0, -5.0, 7.0), 0.0),
        ((0.0, 6.0, 5.0), 4.0),
        ((0.0, -6.0, -5.0), -4.0),
        ((0.0, 0.0, 40.0), 0.0),
    ],
)
def test_what_is_off_alike_is_in_all_readings(readings: tuple[float, ...], alike: float) -> None:
    of = read(*(((off, 0.0), (0.0, 0.0)) for off in (0.0, *readings)))
    assert evidence.off_alike(of, BOTH).tolist() == pytest.approx([alike, 0.0])
    assert evidence.may_be_alike(of, 3.9)[0] or abs(alike) <= 3.9


def test_what_all_readings_miss_of_a_ramp_is_not_off_alike() -> None:
    ramp = [((30.0 * number + 9.0, 0.0), (30.0 * number, 0.0)) for number in range(4)]
    assert abs(evidence.off_alike(read(*ramp, hidden=1.0), BOTH)[0]) < 2.0


def test_who_misses_nothing_of_what_moves_is_known_for_it() -> None:
    swings = [((40.0 * (n % 2) + 0.1, 0.0), (40.0 * (n % 2), 0.0)) for n in range(12)]
    of, unknown = read(*swings, hidden=1.0), read(*swings[:2], hidden=1.0)
    assert (of.missed / of.moved)[0] < 0.2 * (unknown.missed / unknown.moved)[0]


def test_before_there_is_a_reading_anything_may_be() -> None:
    of = evidence.begun(np.zeros(2), np.zeros(2), np.zeros(2))
    assert evidence.against(of).tolist() == [0.0, 0.0]
    assert of.said[0].worth.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("ranges", "error"),
    [((NARROW, NARROW), 9.0), ((NARROW, WIDE), 9.0), ((WIDE, WIDE), 0.0)],
)
def test_the_error_that_fits_ranges_best_is_in_all_of_them(
    ranges: tuple[Said, Said], error: float
) -> None:
    low, high = (np.stack([one[n] for one in ranges]) for n in (0, 1))
    assert judgement.fitted(low, high)[0] == pytest.approx(error, abs=0.01)


def case(first: tuple[float, ...], new: tuple[float, ...] | None = None) -> cases.Case:
    rows = tuple(range(len(first)))
    nothing = (0.0,) * len(first)
    return cases.Case(rows, first, nothing, 0, 0, new or nothing, 0, 0)


def test_who_is_much_likelier_is_alone_and_who_is_as_likely_is_not() -> None:
    members, chance = case((50.0, 10.0)).members()
    assert (members, chance) == ((0,), 1.0)
    members, chance = case((50.0, 50.0)).members()
    assert (members, chance) == ((0, 1), 0.5)


def test_who_shows_what_it_never_did_is_likelier() -> None:
    assert case((50.0, 50.0), (0.0, 30.0)).members()[0] == (1,)


def test_levels_that_were_shown_before_are_not_new() -> None:
    rows, variance = np.array([0, 1]), np.ones(2)
    before = (np.array([0.0, 0.0]), np.array([40.0, 40.0]))
    found = cases.new(rows, np.array([40.0, 50.0]), before, variance)
    assert found.tolist() == [0.0, 25.0]
    assert cases.new(rows, np.array([40.0, 50.0]), (), variance).tolist() == [0.0, 0.0]


def suspect(row: int, kind: str, since_ns: int, *group: int) -> Suspect:
    return Suspect(row, kind, (row, *group), 1.0, 1.0, 1.0, since_ns, proof_ns=10)


def test_who_is_named_takes_the_place_of_the_group_and_its_time() -> None:
    doubted, named = suspect(3, DOUBTED, 5, 4), suspect(4, CONDEMNED, 9)
    found, relapses = suspects.joined((doubted,), (named,), {})
    assert found == (named._replace(since_ns=5),)
    assert relapses == {4: 1}


def test_who_is_condemned_stays_so_when_another_is() -> None:
    first, second = suspect(3, CONDEMNED, 5), suspect(4, CONDEMNED, 9)
    assert suspects.joined((first,), (second,), {3: 1})[0] == (first, second)


def test_who_fits_for_long_enough_is_believed_again() -> None:
    of = suspects.proven(suspect(3, CONDEMNED, 0), 100, fits=True)
    assert of is not None
    assert of.fits_ns == 100
    assert suspects.proven(of, 109, fits=True) == of
    assert suspects.proven(of, 110, fits=True) is None
    again = suspects.proven(of, 105, fits=False)
    assert again is not None
    assert again.fits_ns == 0
