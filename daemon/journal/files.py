"""The state directory, as far as the daemon touches it: append, read, replace as a whole.

`Files` is what a simulation replaces; `Folder` is the real one. Nothing here is called from a scan
but `Appender.write`, which hands bytes to the kernel and returns. What may take long (a large file
is deleted in milliseconds, packed in a second) a worker does.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import zlib
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKED: Final = ".gz"
_SLICE: Final = 1 << 20

T = TypeVar("T")


class Appender(Protocol):
    """A file that only grows."""

    def write(self, data: bytes) -> None:
        """Hand `data` to the kernel: it survives the process, not yet a power failure.

        Raises:
            OSError: the disk is full or gone.
        """
        ...

    async def sync(self) -> None:
        """Return when everything written so far survives a power failure.

        Raises:
            OSError: the disk is full or gone.
        """
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class Readable(Protocol):
    """A directory in which a daemon has left its files."""

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, unpacked, or None where there is none."""
        ...


class Files(Readable, Protocol):
    """A directory of the daemon's own."""

    def replace(self, name: str, data: bytes) -> None:
        """Make `data` the content of a file: afterwards it is old or new, never a mixture."""
        ...

    def append(self, name: str) -> Appender:
        """Open a file for appending."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut a file to its first `size` bytes."""
        ...

    async def sizes(self) -> dict[str, int]:
        """Return the size of every file on the disk [bytes]."""
        ...

    async def written_s(self, name: str) -> float:
        """Return when a file was last written [s since 1970]; 0 where there is none."""
        ...

    async def pack(self, name: str) -> None:
        """Put a file that no longer grows in its packed form, under its name and `PACKED`.

        Raises:
            OSError: the disk is full or gone; the file is as it was.
        """
        ...

    async def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...


class _AppendedFile:
    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o640)

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._fd, left) :]

    async def sync(self) -> None:
        # An own descriptor: the file may be closed while a worker still waits for the disk.
        fd = os.dup(self._fd)
        try:
            await asyncio.get_running_loop().run_in_executor(None, os.fdatasync, fd)
        finally:
            os.close(fd)

    def close(self) -> None:
        os.close(self._fd)


class Folder:
    """A directory of the file system."""

    def __init__(self, path: Path) -> None:
        """Use `path`, making it where it does not exist.

        Raises:
            OSError: it cannot be made.
        """
        path.mkdir(parents=True, exist_ok=True)
        self._path = path

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(p.name for p in self._path.iterdir() if p.is_file())

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, unpacked, or None where there is none."""
        try:
            return content(self._path / name)
        except FileNotFoundError:
            return None

    def replace(self, name: str, data: bytes) -> None:
        """Write a new file, sync it, rename it over the old one, sync the directory."""
        new = self._path / f".{name}.new"
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path / name)
        directory = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def append(self, name: str) -> Appender:
        """Open a file for appending."""
        return _AppendedFile(self._path / name)

    def truncate(self, name: str, size: int) -> None:
        """Cut a file to its first `size` bytes."""
        os.truncate(self._path / name, size)

    async def sizes(self) -> dict[str, int]:
        """Return the size of every file [bytes]."""
        return await _by_a_worker(self._sizes)

    def _sizes(self) -> dict[str, int]:
        with os.scandir(self._path) as entries:
            return {each.name: each.stat().st_size for each in entries if each.is_file()}

    async def written_s(self, name: str) -> float:
        """Return when a file was last written [s since 1970]."""
        path = self._path / name
        return await _by_a_worker(lambda: path.stat().st_mtime if path.exists() else 0.0)

    async def pack(self, name: str) -> None:
        """Write the packed file, sync it, rename it, remove the other; its times stay."""
        await _by_a_worker(lambda: self._pack(name))

    def _pack(self, name: str) -> None:
        path, new = self._path / name, self._path / f".{name}{PACKED}.new"
        try:
            with path.open("rb") as plain, new.open("wb") as file:
                with gzip.GzipFile("", "wb", 6, file) as packed:
                    shutil.copyfileobj(plain, packed, _SLICE)
                file.flush()
                os.fsync(file.fileno())
            shutil.copystat(path, new)
            new.replace(self._path / f"{name}{PACKED}")
        except OSError:
            new.unlink(missing_ok=True)
            raise
        path.unlink()

    async def remove(self, name: str) -> None:
        """Delete a file."""
        path = self._path / name
        await _by_a_worker(lambda: path.unlink(missing_ok=True))


async def _by_a_worker(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


def content(path: Path) -> bytes:
    """Return what stands in a file; of a packed one that is damaged what is before the damage.

    Raises:
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if path.suffix != PACKED:
        return data
    unpacker, whole = zlib.decompressobj(wbits=31), bytearray()
    try:
        for at in range(0, len(data), _SLICE):
            whole += unpacker.decompress(data[at : at + _SLICE])
    except zlib.error:
        pass  # the next file tells: it begins with the digest of all of this one
    return bytes(whole)
