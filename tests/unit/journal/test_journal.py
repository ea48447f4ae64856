"""The journal reads back what was written, and says what it lost."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal.files import Folder
from daemon.journal.journal import COMMIT_S, Journal, next_epoch, read, verify
from daemon.journal.keeping import PREFIX, SUFFIX, Segment
from daemon.journal.records import ImageReader, ImageWriter, plain, rich
from daemon.model.commands import (
    Approval,
    Cancellation,
    Command,
    LaneMessage,
    Operation,
    OperatorRequest,
    Outcome,
    Proposal,
    Result,
    Selection,
)
from daemon.model.events import Event
from daemon.model.image import UNVERSIONED, Image, freeze
from daemon.model.quantities import SECOND
from tests.unit.journal.memory import MemoryFiles

COMMAND = Command(1, 4, "52-1", "command", "open", 1.0, "cct", "why", "free", 10, 20)
EVENT = Event(10, "52-1", "stage", "opens", {"from": "closed", "limits": (1, 2.5)})
INBOX = (
    Outcome(1, Result.FAILED, 12, "no reply"),
    OperatorRequest("a", "user", Proposal("52-1", "command", "open", 1.0, "o", "r")),
    LaneMessage("switching", "supply", {"outage": True, "feeds": {"A": "none"}}),
    Selection("s", "user", Proposal("52-1", "command", "close", 1.0, "o", "r"), ("earthed",)),
    Approval("s", "other"),
    Operation("s", "user"),
    Cancellation("s", "user"),
)


def image(now_ns: int, *values: float) -> Image:
    array = np.array(values)
    quality = np.zeros(len(values), dtype=np.uint32)
    return freeze(now_ns, now_ns + 1, array, quality, np.full(len(values), now_ns, dtype=np.int64))


def written(files: MemoryFiles, scans: int = 3) -> Journal:
    journal = Journal(files)
    journal.boot(1, "hash", 0, 0)
    for scan in range(scans):
        journal.inputs("main", image(scan, scan, 2.0), INBOX)
        journal.decided("main", scan, [COMMAND], [EVENT])
    return journal


def same(one: Image, other: Image) -> bool:
    return (
        (one.now_ns, one.utc_ns) == (other.now_ns, other.utc_ns)
        and one.values.tobytes() == other.values.tobytes()
        and one.quality.tobytes() == other.quality.tobytes()
        and one.source_ns.tobytes() == other.source_ns.tobytes()
        and one.version == other.version
    )


def test_what_is_written_reads_back() -> None:
    files = MemoryFiles()
    written(files)
    found = list(read(files))
    assert [r["k"] for r in found] == ["boot"] + ["in", "out"] * 3
    assert same(found[3]["image"], image(1, 1, 2.0))
    assert found[3]["inbox"] == INBOX
    assert found[4]["commands"] == (COMMAND,)
    assert found[4]["events"] == (EVENT,)


@given(
    st.lists(st.lists(st.floats(allow_nan=True), min_size=4, max_size=4), min_size=1, max_size=6)
)
def test_images_survive_bit_for_bit(rows: list[list[float]]) -> None:
    writer, reader = ImageWriter(), ImageReader()
    for number, row in enumerate(rows):
        given_ = image(number + 1, *row)
        assert same(reader.read(writer.write(given_)), given_)


def test_versions_are_read_back_and_what_did_not_change_is_shared() -> None:
    writer, reader = ImageWriter(), ImageReader()
    one = replace(image(1, 5.0, 6.0), version=41)
    later = Image(2, 3, one.values, one.quality, np.array([2, 1]), one.version)
    other = replace(image(3, 5.0, 7.0), version=42)
    read_back = [reader.read(writer.write(i)) for i in (one, later, other)]
    for given_, back in zip((one, later, other), read_back, strict=True):
        assert same(given_, back)
    assert read_back[1].values is read_back[0].values


def test_a_file_of_version_1_is_read() -> None:
    first = {
        "size": 3,
        "n": 7,
        "u": 9,
        "v": (np.array([1], np.uint32).tobytes(), np.array([2.5]).tobytes()),
        "s": (
            np.array([0, 2], np.uint32).tobytes(),
            np.array([1, 0], np.uint32).tobytes(),
            np.array([5, 6], np.int64).tobytes(),
        ),
    }
    found = ImageReader().read(first)
    assert (found.now_ns, found.utc_ns, found.version) == (7, 9, UNVERSIONED)
    assert found.values.tolist() == [0.0, 2.5, 0.0]
    assert found.source_ns.tolist() == [6, 0, 5]


def test_times_of_several_replies_are_kept_apart() -> None:
    writer, reader = ImageWriter(), ImageReader()
    one = image(1, *range(20))
    times = np.full(20, 1)
    times[3:9] = 4
    times[15] = 3
    later = Image(4, 5, one.values, one.quality, times, 0)
    reader.read(writer.write(one))
    assert same(reader.read(writer.write(later)), later)


def test_plain_and_rich_are_inverse() -> None:
    for value in (*INBOX, COMMAND, EVENT):
        assert rich(plain(value)) == value


def test_the_same_image_costs_nothing() -> None:
    writer = ImageWriter()
    one = image(1, 5.0)
    assert writer.write(one)
    assert writer.write(one) == {}


@pytest.mark.fault("F68")
@pytest.mark.parametrize("cut", [1, 5, 30])
def test_torn_tail_is_cut_and_reported(cut: int) -> None:
    files = MemoryFiles()
    written(files)
    (name,) = files.names()
    files.truncate(name, len(files.content[name]) - cut)
    journal = Journal(files)
    assert journal.lost_bytes > 0
    journal.boot(2, "hash", 0, 0)
    assert all(v.ok for v in verify(files).values())
    assert [r["k"] for r in read(files)] == ["boot"] + ["in", "out"] * 2 + ["in", "boot"]


@pytest.mark.fault("F68")
def test_flipped_bit_is_found() -> None:
    files = MemoryFiles()
    written(files)
    (name,) = files.names()
    data = bytearray(files.content[name])
    data[len(data) // 2] ^= 4
    files.content[name] = bytes(data)
    (verdict,) = verify(files).values()
    assert not verdict.ok


async def test_seal_shows_an_exchanged_record() -> None:
    files = MemoryFiles()
    journal = written(files)
    task = asyncio.create_task(journal.run())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    (name,) = files.names()
    assert all(v.ok and v.seals for v in verify(files).values())
    honest = Journal(other := MemoryFiles())
    honest.boot(9, "hash", 0, 0)
    forged = other.content[other.names()[0]]
    first = 8 + int.from_bytes(files.content[name][:4], "little")
    files.content[name] = forged + files.content[name][first:]
    assert not next(iter(verify(files).values())).ok


async def housekeeping(journal: Journal) -> None:
    """Let the journal do once what it does beside the scan."""
    task = asyncio.create_task(journal.run())
    await asyncio.sleep(1.5 * COMMIT_S)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_files_follow_one_another_and_the_oldest_go() -> None:
    files = MemoryFiles()
    gone: list[Segment] = []
    journal = Journal(files, limit=16 * 200, gone=gone.extend)
    journal.boot(1, "hash", 0, 0)
    for scan in range(100):
        journal.inputs("main", image(scan, scan, 2.0), ())
    every = len(files.names())
    await housekeeping(journal)
    assert sum(map(len, files.content.values())) <= 16 * 200 + 200
    assert journal.keeping.held.removed == len(gone) == every - len(files.names()) > 5
    assert journal.keeping.held.size <= 16 * 200
    assert all(v.ok for v in verify(files).values())
    assert same([r for r in read(files) if r["k"] == "in"][-1]["image"], image(99, 99, 2.0))


async def test_the_record_of_an_incident_outlives_what_came_after() -> None:
    files = MemoryFiles()
    gone: list[Segment] = []
    journal = Journal(files, limit=16 * 200, gone=gone.extend)
    journal.boot(1, "hash", 0, 0)
    for scan in range(20):
        journal.inputs("main", image(scan, scan, 2.0), ())
    journal.keep()
    name = files.names()[-1]
    for rest in range(20, 200):
        journal.inputs("main", image(rest, rest, 2.0), ())
        if rest == 20:
            await housekeeping(journal)
            journal.boot(1, "hash", 0, 0)
    await housekeeping(journal)
    left = [n for n in files.names() if n.endswith(SUFFIX)]
    number = int(name.removeprefix(PREFIX).removesuffix(SUFFIX))
    before = f"{PREFIX}{number - 1:08d}{SUFFIX}"
    assert left[:2] == [before, name]
    assert f"{PREFIX}{number:08d}.keep" in files.names()
    assert name not in {segment.name for segment in gone}
    assert all(v.ok for v in verify(files).values()), "what has gone between is no damage"


@pytest.mark.fault("F66", "F67")
def test_full_disk_is_counted_and_forgotten_when_over() -> None:
    files = MemoryFiles()
    journal = written(files)
    files.full = True
    journal.inputs("main", image(7, 7.0, 2.0), ())
    journal.inputs("main", image(8, 8.0, 2.0), ())
    assert journal.failures >= 2
    assert "No space" in journal.failing
    for attempt in range(2, 9):
        journal.inputs("main", image(attempt * SECOND, 8.0, 2.0), ())
    assert len(files.names()) == 2, "however often it is tried"
    files.full = False
    journal.inputs("main", image(9 * SECOND, 9.0, 2.0), ())
    assert journal.failing == ""
    last = [r for r in read(files) if r["k"] == "in"][-1]
    assert same(last["image"], image(9 * SECOND, 9.0, 2.0))
    assert len(files.names()) == 2
    assert not any(v.broken_seals for v in verify(files).values())


@pytest.mark.fault("F62", "F69")
async def test_folder_keeps_the_epoch_rising(tmp_path: Path) -> None:
    assert [next_epoch(Folder(tmp_path / "state")) for _ in range(3)] == [1, 2, 3]
    files = Folder(tmp_path / "state")
    journal = Journal(files)
    journal.boot(3, "hash", 0, 0)
    journal.inputs("main", image(1, 1.0), ())
    task = asyncio.create_task(journal.run())
    await asyncio.sleep(0.3)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    (verdict,) = verify(files).values()
    assert verdict.ok
    assert verdict.seals == 2
