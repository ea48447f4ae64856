"""How much of the record is kept: closed files are packed, and beyond a limit the oldest go.

A file that is closed is packed to about a tenth. When all files together exceed the limit, the
oldest go first; those of an incident, and the one before each (what led to it), go last, as long as
they take no more than half of the limit: a year of incidents must not cost the record of yesterday.
The file that is being written never goes.

An incident is marked by an empty file beside its own, `journal-00000012.keep`, so that a mark
outlives a restart, and a person may set one (`touch`) or take it away. All of this is done by a
worker between scans, never by one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from daemon.journal.files import PACKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.journal.files import Files

PREFIX: Final = "journal-"
SUFFIX: Final = ".rtj"
MARK: Final = ".keep"
LIMIT: Final = 16 * 1024**3
"""Of all files together unless the operator says otherwise [bytes]."""
LEAST: Final = 16 * 1024**2
"""Below this there is no room for an incident [bytes]."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the record.

    Attributes:
        name: of the file.
        size: on the disk [bytes].
        marked: an incident happened in it.
    """

    name: str
    size: int
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """How much of the past is kept.

    Attributes:
        limit: of all files together [bytes].
        size: of all files together when last looked [bytes].
        oldest_s: when the oldest file was last written [s since 1970], 0 when there is none.
        removed: files that went.
    """

    limit: int
    size: int = 0
    oldest_s: float = 0.0
    removed: int = 0


def stem(name: str) -> str:
    """Return what the file, its packed form and its mark have in common."""
    return name.partition(".")[0]


def segments(names: Iterable[str]) -> list[str]:
    """Return the files of a record in order, each once.

    Both forms of a file stand there when the daemon died while it removed the first.
    """
    known: dict[str, str] = {}
    for name in sorted(names, reverse=True):
        if name.startswith(PREFIX) and name.endswith((SUFFIX, SUFFIX + PACKED)):
            known[stem(name)] = name
    return sorted(known.values())


def surplus(closed: Sequence[Segment], current: Segment, limit: int) -> list[Segment]:
    """Return which of the closed files, given oldest first, go, in that order.

    Args:
        closed: all but the one that is being written.
        current: that one.
        limit: of all together [bytes].
    """
    kept, room, after = set(), limit // 2, current
    for segment in reversed(closed):
        if segment.marked or after.marked:
            room -= segment.size
            if room < 0:
                break
            kept.add(segment.name)
        after = segment
    excess = current.size + sum(segment.size for segment in closed) - limit
    going = []
    for segment in sorted(closed, key=lambda each: each.name in kept):
        if excess <= 0:
            break
        going.append(segment)
        excess -= segment.size
    return going


class Keeping:
    """Keeps the record within its limit.

    Attributes:
        held: what there is.
    """

    def __init__(self, files: Files, limit: int) -> None:
        """Keep the record in `files` below `limit` [bytes]."""
        self.held = Held(limit)
        self._files = files

    async def tidy(self, current: str) -> list[Segment]:
        """Pack what is closed, remove what is too much; return that. `current` is being written.

        Raises:
            OSError: the disk is full or gone.
        """
        full = await self._pack_all_but(current)
        held = await self._files.sizes()
        names = segments(held)
        marks = {stem(name) for name in held if name.endswith(MARK)}
        closed = [Segment(n, held[n], stem(n) in marks) for n in names if n != current]
        written = Segment(current, held.get(current, 0), stem(current) in marks)
        going = surplus(closed, written, self.held.limit)
        for segment in going:
            await self._files.remove(segment.name)
            if segment.marked:
                await self._files.remove(stem(segment.name) + MARK)
        gone = {segment.name for segment in going}
        left = [name for name in names if name not in gone]
        self.held = replace(
            self.held,
            size=sum(held[name] for name in left),
            oldest_s=await self._files.written_s(left[0]) if left else 0.0,
            removed=self.held.removed + len(going),
        )
        if full is not None:
            raise full
        return going

    async def _pack_all_but(self, current: str) -> OSError | None:
        """Pack every other file; return why one could not be."""
        for name in segments(await self._files.sizes()):
            if name.endswith(SUFFIX) and name != current:
                try:
                    await self._files.pack(name)
                except OSError as error:
                    return error
        return None

    def mark(self, name: str) -> None:
        """Keep the file of that name, and the one before it, longer than others.

        Raises:
            OSError: the disk is full or gone.
        """
        self._files.append(stem(name) + MARK).close()
