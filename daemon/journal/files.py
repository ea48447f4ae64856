"""The state directory, as far as the daemon touches it: append, read, replace as a whole.

`Files` is what a simulation replaces; `Folder` is the real one. Nothing here is called from a scan
but `Appender.write`, which hands bytes to the kernel and returns.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


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


class Files(Protocol):
    """A directory of the daemon's own."""

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None where there is none."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Make `data` the content of a file: afterwards it is old or new, never a mixture."""
        ...

    def append(self, name: str) -> Appender:
        """Open a file for appending."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut a file to its first `size` bytes."""
        ...

    def remove(self, name: str) -> None:
        """Delete a file."""
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
        """Return the content of a file, or None where there is none."""
        try:
            return (self._path / name).read_bytes()
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

    def remove(self, name: str) -> None:
        """Delete a file."""
        (self._path / name).unlink()
