"""A hatch in a running desk: a local socket through which faults are asked for, by its owner alone.

A request is a JSON object on a line, and so is its answer (`live`). The socket stands in a folder
that only its owner can enter, under a name made of the site and its lowest port, so that desks on
other ports are other desks, and whoever knows the site finds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.plant import Site

LONGEST: Final = 1 << 16
"""Bytes of a request; who sends more is hung up on."""
PATIENCE_S: Final = 10.0
_OURS: Final = 0o700
_SUFFIX: Final = ".sock"


def folder() -> Path:
    """Return where the sockets of this user stand."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"ridethrough-{os.getuid()}"


def path_of(site: Site) -> Path:
    """Return the socket of the desk that serves `site` on its ports."""
    port = min((gateway.port for gateway in site.gateways.values()), default=0)
    return folder() / f"{site.id}-{port}{_SUFFIX}"


def paths_of(site: Site) -> list[Path]:
    """Return the sockets of all desks that serve `site` or a part of it, one by one."""
    ports = sorted({gateway.port for gateway in site.gateways.values()})
    found = [folder() / f"{site.id}-{port}{_SUFFIX}" for port in ports]
    return [path for path in found if path.exists()]


def desks() -> list[str]:
    """Return the names of all desks of this user that live: a site and a port each."""
    found = folder().glob(f"*{_SUFFIX}")
    return sorted(path.name.removesuffix(_SUFFIX) for path in found if _lives(path))


class Hatch:
    """Takes requests for one desk."""

    def __init__(
        self, path: Path, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> None:
        """Be closed; `answer` does what is asked for and says what came of it."""
        self._path, self._answer = path, answer
        self._server: asyncio.AbstractServer | None = None
        self._callers: Final[set[asyncio.StreamWriter]] = set()

    async def open(self) -> None:
        """Listen.

        Raises:
            OSError: the socket cannot be made, or another desk has it.
        """
        _make_folder(self._path.parent)
        if self._path.exists():
            if _lives(self._path):
                raise FileExistsError(f"{self._path}: another desk listens there")
            self._path.unlink()
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LONGEST)
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Listen no more and take the socket away."""
        if self._server is None:
            return
        self._server.close()
        for caller in self._callers:
            caller.close()
        await self._server.wait_closed()
        self._server = None
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.add(writer)
        try:
            while line := await reader.readline():
                answer = self._answered(line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):  # a line too long, or nobody waits for the answer
            pass
        finally:
            self._callers.discard(writer)
            writer.close()

    def _answered(self, line: bytes) -> Mapping[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"ok": False, "error": "a request is a JSON object on a line"}
        if not isinstance(request, dict):
            return {"ok": False, "error": "a request is a JSON object on a line"}
        return self._answer(request)


def _make_folder(path: Path) -> None:
    """Make the folder of the sockets, for its owner alone.

    Raises:
        PermissionError: it is there and somebody else could enter or has made it.
    """
    path.mkdir(mode=_OURS, exist_ok=True)
    found = path.lstat()
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a folder for this user alone")


def _lives(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def ask(path: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of the desk behind `path`.

    Raises:
        OSError: nobody answers there.
    """
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(PATIENCE_S)
        wire.connect(str(path))
        wire.sendall(json.dumps(request).encode() + b"\n")
        with wire.makefile("rb") as lines:
            line = lines.readline()
    if not line:
        raise ConnectionError(f"{path}: hung up")
    answer: dict[str, Any] = json.loads(line)
    return answer
