"""A state directory in memory, that can fail."""

from __future__ import annotations

from daemon.journal.files import Appender


class MemoryFiles:
    """Files as bytes by name.

    Attributes:
        content: what stands in every file.
        full: a file can be made and not be filled, as on a full disk.
    """

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.full = False

    def names(self) -> list[str]:
        return sorted(self.content)

    def read(self, name: str) -> bytes | None:
        return self.content.get(name)

    def replace(self, name: str, data: bytes) -> None:
        self.content[name] = data

    def append(self, name: str) -> Appender:
        self.content.setdefault(name, b"")
        return _Appended(self, name)

    def truncate(self, name: str, size: int) -> None:
        self.content[name] = self.content[name][:size]

    async def sizes(self) -> dict[str, int]:
        return {name: len(data) for name, data in self.content.items()}

    async def written_s(self, name: str) -> float:
        return float(self.content.get(name, b"") != b"")

    async def pack(self, name: str) -> None:
        if self.full:
            raise OSError(28, "No space left on device")

    async def remove(self, name: str) -> None:
        self.content.pop(name, None)


class _Appended:
    def __init__(self, files: MemoryFiles, name: str) -> None:
        self._files, self._name = files, name

    def write(self, data: bytes) -> None:
        if self._files.full:
            self._files.content[self._name] += data[: len(data) // 2]
            raise OSError(28, "No space left on device")
        self._files.content[self._name] += data

    async def sync(self) -> None:
        if self._files.full:
            raise OSError(5, "Input/output error")

    def close(self) -> None:
        pass
