"""Age, death and frozen devices in the live table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.drivers.table import Table
from daemon.model.image import Image
from daemon.model.points import PointTable, tabulate
from daemon.model.quality import Quality
from daemon.model.quantities import MILLISECOND, SECOND
from tests.properties import examples
from tests.unit.drivers.board import site

START = 1000 * SECOND


def fresh() -> tuple[PointTable, Table]:
    points = tabulate(site(breakers=1, rows=1))
    table = Table(points, START)
    put(table, START)
    return points, table


def put(table: Table, now_ns: int, value: float = 1.0) -> None:
    n = len(table.values)
    everything = np.arange(n)
    table.put(everything, np.full(n, value), np.zeros(n, dtype=np.uint32), now_ns)


def quality(points: PointTable, image: Image, equipment: str, name: str) -> Quality:
    return Quality(int(image.quality[points.index(equipment, name)]))


def test_nothing_is_known_at_the_beginning() -> None:
    table = Table(tabulate(site()), START)
    image = table.freeze(START, 0)
    assert set(image.quality.tolist()) == {Quality.BAD_WAITING_FOR_INITIAL_DATA}
    assert not table.complete(START)


def test_values_grow_stale_and_die_by_their_period() -> None:
    points, table = fresh()

    def at(age_ns: int) -> tuple[Quality, Quality, Quality]:
        image = table.freeze(START + age_ns, 0)
        fast = quality(points, image, "52-1", "position")
        normal = quality(points, image, "ROW-1", "power_w")
        return fast, normal, quality(points, image, "52-1", "power_w")

    stale = Quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE
    dead = Quality.BAD_NO_COMMUNICATION
    good = Quality.GOOD
    assert at(300 * MILLISECOND) == (good, good, good)
    assert at(301 * MILLISECOND) == (stale, stale, good)
    assert at(1001 * MILLISECOND) == (dead, dead, good)
    assert at(3001 * MILLISECOND) == (dead, dead, stale)
    assert at(10_001 * MILLISECOND) == (dead, dead, dead)
    table.touch(np.array([points.index("52-1", "position")]), START + 10 * SECOND)
    assert at(10_001 * MILLISECOND) == (good, dead, dead)


def test_bad_stays_bad_and_the_image_is_a_copy() -> None:
    points, table = fresh()
    place = np.array([points.index("52-1", "power_w")])
    table.mark(place, Quality.BAD_NOT_CONNECTED)
    image = table.freeze(START + 60 * SECOND, 0)
    assert quality(points, image, "52-1", "power_w") is Quality.BAD_NOT_CONNECTED
    before = image.values.tolist()
    put(table, START + 60 * SECOND, 5.0)
    assert image.values.tolist() == before
    with pytest.raises(ValueError, match="read-only"):
        image.values[0] = 1.0


@pytest.mark.fault("F27")
def test_device_whose_counter_stopped_is_stale_though_it_answers() -> None:
    points, table = fresh()
    life = np.array([points.index("52-1", "life_count")])
    good = np.zeros(1, dtype=np.uint32)
    for second in range(1, 4):
        put(table, START + second * SECOND, 1.0)
        table.put(life, np.array([float(second)]), good, START + second * SECOND)
        table.freeze(START + second * SECOND, 0)
    put(table, START + 8 * SECOND, 3.0)
    image = table.freeze(START + 8 * SECOND, 0)
    stale = Quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE
    assert quality(points, image, "52-1", "position") is stale
    assert quality(points, image, "ROW-1", "power_w") is Quality.GOOD, "its counter never worked"
    table.put(life, np.array([9.0]), good, START + 8 * SECOND)
    assert quality(points, table.freeze(START + 8 * SECOND, 0), "52-1", "position") == 0


@pytest.mark.fault("F60")
def test_expired_values_must_be_read_again() -> None:
    points, table = fresh()
    now = START + SECOND // 10
    assert table.complete(START)
    table.expire(now)
    assert not table.complete(now)
    assert quality(points, table.freeze(now, 0), "52-1", "power_w") is Quality.BAD_NO_COMMUNICATION
    put(table, now)
    assert table.complete(now)
    assert quality(points, table.freeze(now, 0), "52-1", "power_w") is Quality.GOOD


def test_the_same_arrays_are_handed_out_while_nothing_changes() -> None:
    points, table = fresh()
    place = np.array([points.index("52-1", "power_w")])
    good = np.zeros(1, dtype=np.uint32)
    one = table.freeze(START, 0)
    put(table, START + 50 * MILLISECOND)
    again = table.freeze(START + 60 * MILLISECOND, 0)
    assert again.version == one.version
    assert again.values is one.values
    assert again.quality is one.quality
    assert set(again.source_ns.tolist()) == {START + 50 * MILLISECOND}
    table.put(place, np.array([np.nan]), good, START + 70 * MILLISECOND)
    other = table.freeze(START + 80 * MILLISECOND, 0)
    assert other.version == one.version + 1
    table.put(place, np.array([np.nan]), good, START + 90 * MILLISECOND)
    assert table.settle(START + 90 * MILLISECOND) == other.version, "a NaN that stays is no change"
    table.mark(place, Quality.BAD_TIMEOUT)
    assert table.settle(START + 90 * MILLISECOND) == other.version + 1


@examples(60)
@given(
    story=st.lists(
        st.tuples(
            st.sampled_from(["put", "life", "touch", "mark", "bad", "expire", "nothing"]),
            st.integers(0, 40),
            st.integers(1, 60),
            st.sampled_from([10 * MILLISECOND, 130 * MILLISECOND, SECOND + 1, 4 * SECOND]),
        ),
        max_size=40,
    )
)
def test_age_is_what_a_look_at_every_value_would_say(
    story: list[tuple[str, int, int, int]],
) -> None:
    """The table looks only when something can have aged; another one looks at all, every time."""
    points = tabulate(site(breakers=1, rows=1))
    lazy, eager = Table(points, START), Table(points, START)
    life = np.array([p.index for p in points.points if p.spec.name == "life_count"])
    now_ns, before = START, None
    for act, first, count, after_ns in story:
        now_ns += after_ns
        some = np.arange(len(points))[first : first + count]
        for table in (lazy, eager):
            n = len(some)
            if act in {"put", "bad"}:
                code = Quality.BAD_TIMEOUT if act == "bad" else Quality.GOOD
                codes = np.full(n, code, dtype=np.uint32)
                table.put(some, np.full(n, float(first)), codes, now_ns)
            elif act == "life":
                counts = np.full(len(life), float(now_ns))
                table.put(life, counts, np.zeros(len(life), dtype=np.uint32), now_ns)
            elif act == "touch":
                table.touch(some, now_ns)
            elif act == "mark":
                table.mark(some, Quality.GOOD if first % 2 else Quality.BAD_NOT_CONNECTED)
            elif act == "expire":
                table.expire(now_ns)
        eager._review_ns = 0
        eager._changed = True
        one, other = lazy.freeze(now_ns, 0), eager.freeze(now_ns, 0)
        assert one.quality.tolist() == other.quality.tolist()
        assert one.values.tolist() == other.values.tolist()
        assert one.source_ns.tolist() == other.source_ns.tolist()
        assert one.version == other.version
        if before is not None:
            same = before.values.tolist() == one.values.tolist()
            same = same and before.quality.tolist() == one.quality.tolist()
            assert (before.version == one.version) == same
        before = one
