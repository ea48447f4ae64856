"""Bounds on the distances between instants hold whatever really happens, and no tighter ones do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rehearsal.proof import zones
from daemon.rehearsal.proof.zones import EVER, MS, ONLY_NOW, Moment, Query, Zone, coded, decoded


def holds(zone: Zone, times: list[int]) -> bool:
    """Return whether instants at these times lie within the bounds."""
    at = np.array(times)
    return bool((at[:, None] - at[None, :] <= zone).all())


@given(st.data())
def test_whatever_happens_stays_within_the_bounds(data: st.DataObject) -> None:
    """A concrete course of events beside the zone: spans begin, time goes by, ends are reached."""
    zone, times = ONLY_NOW, [0]
    for _ in range(data.draw(st.integers(1, 8))):
        spans = [
            (low, low + data.draw(st.integers(0, 30)))
            for low in data.draw(st.lists(st.integers(0, 50), max_size=2))
        ]
        zone = zones.begun(zone, spans)
        times += [times[0] + data.draw(st.integers(low, high)) for low, high in spans]
        assert holds(zone, times)
        if len(times) == 1:
            continue
        due = min(range(1, len(times)), key=times.__getitem__)
        zone = zones.waited(zone, [EVER] + [0] * (len(times) - 1))
        reached = zones.bounded(zone, due, 0, 0)
        assert reached is not None, "what is due first can be due first"
        times[0] = times[due]
        assert holds(reached, times)
        left = [n for n in range(len(times)) if n != due]
        zone, times = zones.kept(reached, left), [times[n] for n in left]
        assert (zones.closed(zone) == zone).all(), "bounds stay as tight as they can be"


def test_two_that_cannot_end_in_that_order_do_not() -> None:
    zone = zones.waited(zones.begun(ONLY_NOW, [(10, 20), (30, 40)]), [EVER, 0, 0])
    assert zones.bounded(zone, 2, 0, 0) is None
    assert zones.bounded(zone, 1, 0, 0) is not None


def test_time_that_goes_by_forgets_no_distance() -> None:
    """After any number of short waits the end is as far from the begin as it ever was."""
    zone = zones.begun(ONLY_NOW, [(0, 0), (45, 55)])  # a stamp of now, and an end ahead
    for _ in range(100):
        zone = zones.waited(zone, [EVER, EVER, 0])
    ended = zones.bounded(zone, 2, 0, 0)
    assert ended is not None
    assert (-ended[1, 0], ended[0, 1]) == (45, 55)


def test_a_joined_zone_holds_all_it_is_made_of() -> None:
    some = [zones.begun(ONLY_NOW, [(low, low + 3), (70, 75)]) for low in (5, 17, 29)]
    for coarse in (False, True):
        whole = zones.joined(some, coarse=coarse)
        assert all((zone <= whole).all() for zone in some)
        assert (zones.closed(whole) == whole).all()


def test_a_bound_beyond_its_limit_is_forgotten() -> None:
    zone = zones.waited(zones.begun(ONLY_NOW, [(0, 0)]), [EVER, 5_000])
    assert zone[0, 1] == 5_000
    assert zones.relaxed(zone, [EVER, 1_000])[0, 1] == EVER
    assert zones.relaxed(zone, [EVER, 9_000]) is zone


@pytest.mark.parametrize("offset_ns", [0, 1, 3_600_000 * MS])
def test_a_stamp_carries_its_number_and_the_time_after_it(offset_ns: int) -> None:
    assert decoded(coded(7, offset_ns)) == (7, offset_ns)
    assert decoded(12345) is None


def test_a_moment_asks_instead_of_telling() -> None:
    asked: list[Query] = []

    def ask(query: Query) -> bool:
        asked.append(query)
        return query.wait_ms < 10

    moment = Moment(coded(3))
    moment.ask = ask
    assert moment >= coded(1, 9 * MS)
    assert not moment >= coded(2, 10 * MS)
    assert asked == [Query(1, 9), Query(2, 10)]


def test_bounds_that_grow_without_end_are_given_up() -> None:
    one, other = zones.begun(zones.ONLY_NOW, [(5, 10)]), zones.begun(zones.ONLY_NOW, [(5, 30)])
    loose = np.zeros(one.shape, dtype=np.bool_)
    joined = zones.joined((one, other), coarse=True, loose=loose)
    assert joined[1, 0] == zones.EVER
    assert np.argwhere(loose).tolist() == [[1, 0]], "and stay so in the joins to come"
    assert joined[0, 1] == -5


def test_what_is_drawn_in_by_no_bound_has_none() -> None:
    """Else two zones of the same times never held each other, and were joined without end."""
    zone = np.array([[0, EVER, EVER], [EVER, 0, -5], [EVER, EVER, 0]], dtype=np.int32)
    drawn = zone.copy()
    drawn[0, 2] = EVER - 5
    assert (zones.closed(zone) == zone).all()
    assert (zones.plain(drawn) == zone).all()
    assert zones.plain(zone) is zone
    other = np.array([[0, 7, EVER], [EVER, 0, -5], [EVER, EVER, 0]], dtype=np.int32)
    loose = np.zeros(zone.shape, dtype=np.bool_)
    assert zones.covers(zones.joined((drawn, other), coarse=True, loose=loose), drawn)
