"""Where a controller keeps what has to outlive a restart: a file of the state directory.

The core touches no file: a worker is asked to (`Request`), or the shell reads before the first scan
and hands on what was kept as mail. What is asked for last stands there in the end, however close
one change follows another (`daemon.runtime.requests`). `daemon.journal.files` has what stands
behind this.
"""

from __future__ import annotations

from typing import Protocol


class Files(Protocol):
    """The state directory, as far as a memory needs it."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None where there is none."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Make `data` the content of a file, as a whole."""
        ...
