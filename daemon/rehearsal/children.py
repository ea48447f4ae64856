"""The processes of a rehearsal: each in a group of its own, none left behind.

A child says what it has to say in lines. Lines that are JSON objects are its report and are kept;
all others are handed on. Children get no Ctrl-C of their own: the terminal sends it to the
rehearsal alone, which ends them in order, and the kernel ends them should the rehearsal itself
be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PATIENCE_S: Final = 6.0
"""How long a child may take to end by itself [s]."""
LINE_LIMIT: Final = 16 << 20
"""Longest line of a child, its report included [bytes]."""
_PR_SET_PDEATHSIG: Final = 1
# Looked up here: between fork and exec nothing may be imported.
_prctl = getattr(ctypes.CDLL(None), "prctl", None)


class ChildError(Exception):
    """A child ended, or stayed silent, when it was needed."""


def _die_with_parent() -> None:
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs `module` in this interpreter.

    `-P`: a folder called `daemon` where the user happens to stand is not ours.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """Return the environment of a child: the same packages, lines at once, one thread for BLAS."""
    here = str(Path(daemon.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    return {
        "OPENBLAS_NUM_THREADS": "1",
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
    }


class Child:
    """One process of the rehearsal, its last lines and its report."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        """Take over a process just started; `start` is the way to make one."""
        self.name: Final = name
        self.process: Final = process
        self.tail: Final[deque[str]] = deque(maxlen=12)
        self.report: dict[str, Any] = {}
        self._heard: Final = asyncio.Event()
        self._readers: Final[list[asyncio.Task[None]]] = []

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        on_line: Callable[[str, str], None],
        env: Mapping[str, str] | None = None,
    ) -> Child:
        """Start `command`; every plain line it prints goes to `on_line(name, line)`.

        Raises:
            ChildError: the program cannot be run.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment() if env is None else dict(env),
                limit=LINE_LIMIT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        except OSError as error:
            raise ChildError(f"{name}: {command[0]}: {error.strerror}") from error
        child = cls(name, process)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            child._readers.append(asyncio.create_task(child._read(stream, on_line)))
        return child

    async def _read(
        self, stream: asyncio.StreamReader, on_line: Callable[[str, str], None]
    ) -> None:
        async for raw in stream:
            line = raw.decode(errors="replace").rstrip()
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    report = json.loads(line)
                    if "error" not in report:  # a refusal; its text came as a line too
                        self.report = report
                    continue
            if line:
                self.tail.append(line)
                self._heard.set()
                on_line(self.name, line)
        self._heard.set()

    @property
    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self.process.returncode is None

    async def say(self, line: str) -> None:
        """Send one line to the child; a child that has gone does not mind."""
        assert self.process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self.process.stdin.write(f"{line}\n".encode())
            await self.process.stdin.drain()

    async def said(self, words: str) -> None:
        """Wait until it says a line with `words`, or ends without."""
        while self.alive and not any(words in line for line in self.tail):
            self._heard.clear()
            await self._heard.wait()

    def hang_up(self) -> None:
        """Close its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def ended(self) -> int:
        """Wait for the end of the process and of its output; return its exit code."""
        code = await self.process.wait()
        # A grandchild could hold the pipes open.
        await asyncio.wait(self._readers, timeout=1.0)
        return code

    def obituary(self) -> str:
        """Return how it ended and its last lines, for a person."""
        code = self.process.returncode
        how = f"exit {code}" if code is None or code >= 0 else signal.Signals(-code).name
        last = "\n".join(f"    {line}" for line in self.tail) or "    (it said nothing)"
        return f"{self.name} ended early ({how}); its last lines:\n{last}"

    def signal(self, number: signal.Signals) -> None:
        """Signal the child's whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    async def stop(self, patience_s: float = PATIENCE_S) -> int:
        """End the child: asked to, and killed if it has not ended within `patience_s` [s].

        Not by SIGINT: who is still starting would answer that with a traceback.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive:
                break
            self.signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), patience_s)
        self.signal(signal.SIGKILL)  # what it may have started itself
        code = await self.ended()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        return code
