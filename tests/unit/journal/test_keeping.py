"""What of the record is kept: yesterday, and incidents longer than that, within the limit."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal.files import Folder
from daemon.journal.frames import frame
from daemon.journal.journal import Journal, read, verify
from daemon.journal.keeping import Keeping, Segment, segments, surplus

MARKED = st.lists(st.tuples(st.integers(1, 100), st.booleans()), max_size=20)


def record(*rows: tuple[int, bool]) -> list[Segment]:
    return [Segment(f"journal-{n:08d}.rtj.gz", *row) for n, row in enumerate(rows, 1)]


def writing(size: int, *, marked: bool = False) -> Segment:
    return Segment("journal-99999999.rtj", size, marked)


def numbers(going: list[Segment]) -> list[int]:
    return [int(each.name[8:16]) for each in going]


def test_the_oldest_go_first() -> None:
    assert numbers(surplus(record(*[(10, False)] * 8), writing(10), 60)) == [1, 2, 3]
    assert surplus(record(*[(10, False)] * 5), writing(10), 60) == []


def test_an_incident_and_what_led_to_it_outlive_what_is_quiet() -> None:
    closed = record((10, False), (10, True), *[(10, False)] * 6)
    assert numbers(surplus(closed, writing(10), 60)) == [3, 4, 5]


def test_what_led_to_an_incident_that_is_being_written_is_kept() -> None:
    closed = record(*[(10, False)] * 3)
    assert numbers(surplus(closed, writing(30, marked=True), 35)) == [1, 2, 3]
    assert numbers(surplus(closed, writing(10, marked=True), 20)) == [1, 2]


def test_incidents_take_half_of_the_limit_and_the_newest_is_the_last_to_go() -> None:
    closed = record(*[(10, True)] * 8)
    assert numbers(surplus(closed, writing(10), 60)) == [1, 2, 3]
    quiet_after = record(*[(10, True)] * 6, (10, False), (10, False))
    assert numbers(surplus(quiet_after, writing(10), 60)) == [1, 2, 3]


@given(MARKED, st.integers(0, 100), st.integers(1, 600))
def test_what_is_left_fits_and_nothing_goes_without_need(
    rows: list[tuple[int, bool]], current: int, limit: int
) -> None:
    closed = record(*rows)
    going = surplus(closed, writing(current), limit)
    left = current + sum(each.size for each in closed) - sum(each.size for each in going)
    assert left <= limit or len(going) == len(closed)
    if going:
        assert left + going[-1].size > limit


@given(MARKED, st.integers(50, 600))
def test_the_last_incident_stays_while_there_is_room_for_it(
    rows: list[tuple[int, bool]], limit: int
) -> None:
    closed = record(*rows)
    marked = [n for n, each in enumerate(closed) if each.marked]
    if marked and sum(each.size for each in closed[marked[-1] :]) <= limit // 2:
        assert closed[marked[-1]] not in surplus(closed, writing(0), limit)


def test_a_file_that_stands_there_in_both_forms_counts_once() -> None:
    names = ["journal-00000001.rtj", "journal-00000001.rtj.gz", "journal-00000001.keep", "epoch"]
    assert segments([*names, "journal-00000002.rtj"]) == [
        "journal-00000001.rtj",
        "journal-00000002.rtj",
    ]


async def test_what_is_closed_is_packed_and_reads_the_same(tmp_path: Path) -> None:
    text = b"".join(frame({"k": "out", "n": n, "events": ()}) for n in range(1000))
    for number in (1, 2):
        (tmp_path / f"journal-0000000{number}.rtj").write_bytes(text)
    os.utime(tmp_path / "journal-00000001.rtj", (5.0, 5.0))
    files = Folder(tmp_path)
    keeping = Keeping(files, 10**6)
    assert await keeping.tidy("journal-00000002.rtj") == []
    assert files.names() == ["journal-00000001.rtj.gz", "journal-00000002.rtj"]
    assert files.read("journal-00000001.rtj.gz") == text
    assert keeping.held.oldest_s == 5.0
    assert len(text) < keeping.held.size < 1.3 * len(text)


async def test_a_packed_file_that_is_damaged_is_told(tmp_path: Path) -> None:
    for epoch in (1, 2):
        journal = Journal(Folder(tmp_path))
        journal.boot(epoch, "hash", 0, 0)
        journal.decided("main", epoch, [], [])
    await Keeping(Folder(tmp_path), 10**6).tidy("journal-00000002.rtj")
    packed = tmp_path / "journal-00000001.rtj.gz"
    assert all(verdict.ok for verdict in verify(Folder(tmp_path)).values())
    packed.write_bytes(packed.read_bytes()[:40])
    assert not all(verdict.ok for verdict in verify(Folder(tmp_path)).values())
    assert [r["epoch"] for r in read(Folder(tmp_path)) if r["k"] == "boot"] == [2]


async def test_a_disk_that_has_no_room_to_pack_still_loses_what_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"journal-0000000{number}.rtj").write_bytes(b"x" * 1000)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gzip, "GzipFile", full)
    keeping = Keeping(Folder(tmp_path), 2500)
    with pytest.raises(OSError, match="No space"):
        await keeping.tidy("journal-00000003.rtj")
    assert Folder(tmp_path).names() == ["journal-00000002.rtj", "journal-00000003.rtj"]
    assert set(await Folder(tmp_path).sizes()) == set(Folder(tmp_path).names())  # nothing half done


async def test_a_mark_goes_with_its_file(tmp_path: Path) -> None:
    files = Folder(tmp_path)
    for number in (1, 2, 3):
        (tmp_path / f"journal-0000000{number}.rtj.gz").write_bytes(b"x" * 1000)
    keeping = Keeping(files, 1500)
    keeping.mark("journal-00000001.rtj")
    gone = await keeping.tidy("journal-00000003.rtj.gz")
    assert [(each.name, each.marked) for each in gone] == [
        ("journal-00000001.rtj.gz", True),
        ("journal-00000002.rtj.gz", False),
    ]
    assert files.names() == ["journal-00000003.rtj.gz"]
