"""The file of a report: written whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from daemon.rehearsal.picture.library import PictureError, script


def refuse_unwritable(path: Path) -> None:
    """See before a run whether its report can be made and written to `path`.

    Raises:
        PictureError: it cannot.
    """
    script()
    try:
        if path.is_dir():
            raise IsADirectoryError(None, "is a folder")
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise PictureError(f"{path}: cannot be written: {error.strerror or error}") from None


def replace(path: Path, content: str) -> None:
    """Make `content` that of the file at `path`; a reader finds the old or the new, whole.

    Raises:
        PictureError: it cannot be written; what was there stays.
    """
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", delete=False
        ) as new:
            made = Path(new.name)
            try:
                new.write(content)
                new.flush()
                made.chmod(0o644)
                made.replace(path)
            except BaseException:
                made.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise PictureError(f"{path}: cannot be written: {error.strerror or error}") from None
