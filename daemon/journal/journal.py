"""The journal: what reached each scan and what came of it, appended before anything is sent.

One file after another, each beginning with a boot record and a full image, so that each can be read
by itself. Bytes go to the kernel at once, which survives a kill; a group commit follows a few times
a second in a worker, which survives a power failure. When the disk fails, records are dropped and
counted, and the journal begins a new file as soon as one can be written: control never waits. How
much is kept, and for how long, says `daemon.journal.keeping`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from daemon.journal.files import PACKED
from daemon.journal.frames import Chain, Verdict, check, frame, records
from daemon.journal.keeping import LIMIT, PREFIX, SUFFIX, Keeping, segments, stem
from daemon.journal.records import ImageReader, ImageWriter, plain, rich
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from daemon.journal.files import Appender, Files, Readable
    from daemon.journal.keeping import Segment
    from daemon.model.commands import Command, Message
    from daemon.model.events import AlarmTransition, Event
    from daemon.model.image import Image

EPOCH: Final = "epoch"
VERSION: Final = 2
"""Of what is written; 1 kept times of receipt by index and no version of an image."""
COMMIT_S: Final = 0.2
SEGMENT_BYTES: Final = 64 * 1024 * 1024
SHARE: Final = 16
"""Part of the limit that one file may take, if that is less."""
AGAIN: Final = SECOND
"""Wait between attempts to begin a file on a disk that fails [ns]."""


def next_epoch(files: Files) -> int:
    """Return the fencing number of this boot: one above the last, kept before it is used.

    Raises:
        OSError: it cannot be kept; a daemon that cannot must not command.
    """
    last = files.read(EPOCH)
    epoch = int(last or b"0") + 1
    files.replace(EPOCH, b"%d\n" % epoch)
    return epoch


class Journal:
    """Writes the journal of one boot.

    Attributes:
        lost_bytes: what an earlier, torn file lost at its end when it was opened.
        failures: records that could not be written.
        failing: why the last one could not, "" while the disk is well.
        bytes_written: bytes handed to the kernel.
        keeping: how much there is, and what has gone.
    """

    def __init__(
        self,
        files: Files,
        limit: int = LIMIT,
        gone: Callable[[Sequence[Segment]], None] = lambda _: None,
    ) -> None:
        """Go on after the last file in `files`, whose torn tail is cut.

        Args:
            files: the state directory.
            limit: of the record; beyond it the oldest files go [bytes].
            gone: told what has gone.
        """
        self.lost_bytes = 0
        self.failures = 0
        self.failing = ""
        self.bytes_written = 0
        self.keeping: Final = Keeping(files, limit)
        self._files = files
        self._gone = gone
        self._segment_bytes = min(SEGMENT_BYTES, limit // SHARE)
        self._images = ImageWriter()
        self._boot: dict[str, Any] = {"k": "boot"}
        self._file: Appender | None = None
        self._size = 0
        self._dirty = False
        self._number = 0
        self._tidy = True
        self._to_mark = ""
        self._marked = ""
        self._again_ns = 0
        self._chain = Chain()
        self._before = self._recover()

    def _recover(self) -> bytes:
        """Cut the torn tail of the last file; return its digest."""
        names = segments(self._files.names())
        if not names:
            return b""
        self._number = int(stem(names[-1]).removeprefix(PREFIX))
        verdict, digest = check(self._files.read(names[-1]) or b"")
        if verdict.lost_bytes and not names[-1].endswith(PACKED):
            self.lost_bytes = verdict.lost_bytes
            self._files.truncate(names[-1], verdict.good_bytes)
        return digest

    def boot(
        self, epoch: int, site_hash: str, now_ns: int, utc_ns: int, site_file: str = ""
    ) -> None:
        """Begin: who writes, for which site (and in which file), and both clocks [ns]."""
        self._boot = {
            "k": "boot",
            "version": VERSION,
            "epoch": epoch,
            "site": site_hash,
            "file": site_file,
            "n": now_ns,
            "u": utc_ns,
            "lost": self.lost_bytes,
        }
        self._begin()

    def inputs(self, lane: str, image: Image, inbox: Sequence[Message]) -> None:
        """Record all that reached a scan, before it is stepped."""
        if self._size >= self._segment_bytes:
            self._begin()
        elif self._file is None and image.now_ns >= self._again_ns:
            self._again_ns = image.now_ns + AGAIN
            self._begin()
        record = {"k": "in", "lane": lane, **self._images.write(image)}
        if inbox:
            record["inbox"] = plain(inbox)
        self._write(record)

    def decided(
        self,
        lane: str,
        now_ns: int,
        commands: Sequence[Command],
        events: Sequence[Event | AlarmTransition],
    ) -> None:
        """Record what a scan at `now_ns` [ns] led to, before anything of it is sent."""
        if commands or events:
            record = {"k": "out", "lane": lane, "n": now_ns}
            self._write({**record, "commands": plain(commands), "events": plain(events)})

    @property
    def _name(self) -> str:
        """Return the name of the file that is being written."""
        return _named(self._number)

    def keep(self) -> None:
        """Keep what is being written, and what led to it, longer than the rest."""
        if self._name != self._marked:
            self._to_mark = self._name

    def _begin(self) -> None:
        """Begin a new file."""
        self._end()
        self._tidy = True
        try:
            self._file = self._files.append(_named(self._number + 1))
            self._number += 1
        except OSError as error:
            self._fail(error)
            return
        before = self._before
        self._chain = Chain()
        self._size = 0
        self._images.forget()
        self._write({**self._boot, "before": before})
        if self._file is None:
            # Not even that. The next attempt takes the same file, or each would leave one.
            with suppress(OSError):
                self._files.truncate(_named(self._number), 0)
                self._number, self._before = self._number - 1, before

    def _write(self, record: dict[str, Any]) -> None:
        if self._file is None:
            self.failures += 1
            return
        try:
            data = frame(record)
        except (TypeError, ValueError, OverflowError) as error:
            self.failures += 1
            self.failing = f"a value cannot be recorded: {error}"
            return
        try:
            self._file.write(data)
        except OSError as error:
            # Half a frame may stand in the file now: it ends here, a new one begins.
            self._fail(error)
            return
        self._chain.add(data)
        self._size += len(data)
        self.bytes_written += len(data)
        self.failing = ""
        self._dirty = True

    def _fail(self, error: OSError) -> None:
        self.failures += 1
        self.failing = str(error)
        if self._file is not None:
            self._close(self._file)

    def _close(self, file: Appender) -> None:
        file.close()
        self._file = None
        self._before = self._chain.digest

    async def run(self) -> None:
        """Commit in groups until cancelled, then seal and close."""
        house: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(COMMIT_S)
                await self._commit()
                if house is not None and house.done():
                    house.result()
                    house = None
                if house is None and (self._to_mark or self._tidy):
                    # Beside the commits: to pack a file takes longer than they may wait.
                    house = asyncio.create_task(self._keep_house())
        finally:
            if house is not None:
                house.cancel()
                await asyncio.gather(house, return_exceptions=True)
            self._end()

    async def _commit(self) -> None:
        file = self._file
        if file is None or not self._dirty:
            return
        self._write({"k": "seal", "sha256": self._chain.digest})
        self._dirty = False
        try:
            await file.sync()
        except OSError as error:
            self._fail(error)

    async def _keep_house(self) -> None:
        """Mark what is to be kept, pack what is closed, remove what is too much."""
        try:
            if self._to_mark:
                self.keeping.mark(self._to_mark)
                self._marked, self._to_mark = self._to_mark, ""
            if self._tidy:
                self._tidy = False
                if going := await self.keeping.tidy(self._name):
                    self._gone(going)
        except OSError as error:
            self.failing = str(error)

    def _end(self) -> None:
        if self._file is not None:
            self._write({"k": "seal", "sha256": self._chain.digest})
        if self._file is not None:
            self._close(self._file)


def _named(number: int) -> str:
    return f"{PREFIX}{number:08d}{SUFFIX}"


def verify(files: Readable) -> dict[str, Verdict]:
    """Return what is left of every file, by name; each begins with the digest of the one before."""
    verdicts: dict[str, Verdict] = {}
    digest, last = b"", -1
    for name in segments(files.names()):
        number = int(stem(name).removeprefix(PREFIX))
        data = files.read(name) or b""
        verdict, own = check(data)
        before = next(records(data), {}).get("before")
        # Between incidents that are kept, files have gone: numbers tell.
        if number == last + 1 and before != digest:
            verdict = replace(verdict, broken_seals=verdict.broken_seals + 1)
        verdicts[name], digest, last = verdict, own, number
    return verdicts


def read(files: Readable) -> Iterator[dict[str, Any]]:
    """Yield every record in order: images as `image`, messages, commands and events as values."""
    for name in segments(files.names()):
        images = ImageReader()
        for record in records(files.read(name) or b""):
            if record["k"] == "in":
                yield {
                    "k": "in",
                    "lane": record["lane"],
                    "image": images.read({k: record[k] for k in _IMAGE if k in record}),
                    "inbox": rich(record.get("inbox", ())),
                }
            elif record["k"] == "out":
                yield {
                    **record,
                    "commands": rich(record["commands"]),
                    "events": rich(record["events"]),
                }
            else:
                yield record


def told(files: Readable) -> Iterator[dict[str, Any]]:
    """Yield boots and decisions in order, without what led to them: a fraction of the work."""
    for name in segments(files.names()):
        for record in records(files.read(name) or b""):
            if record["k"] == "out":
                yield {**record, "events": rich(record["events"])}
            elif record["k"] == "boot":
                yield record


_IMAGE: Final = ("size", "n", "u", "i", "v", "q", "h", "s")
