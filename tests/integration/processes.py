"""The installed command as a process: started, listened to, interrupted, and seen to be gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

OFFSET = 3000
"""Moves every port of a site away from a demonstration on the same machine."""


def ridethrough(*arguments: str) -> list[str]:
    """Return the command line of the product in this environment."""
    return [sys.executable, "-P", "-m", "daemon", *arguments]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    output: str
    took_s: float

    @cached_property
    def lines(self) -> list[str]:
        """Return what it printed, by line."""
        return self.output.splitlines()

    @cached_property
    def report(self) -> dict[str, Any]:
        """Return the JSON object in the last line."""
        report = json.loads(self.lines[-1])
        assert isinstance(report, dict)
        return report

    def verdict(self, name: str) -> dict[str, Any]:
        """Return the verdict on the expectation called `name`."""
        found = [v for v in self.report["expectations"] if v["name"] == name]
        assert len(found) == 1, f"{name}: {[v['name'] for v in self.report['expectations']]}"
        verdict: dict[str, Any] = found[0]
        return verdict

    def missed(self) -> list[dict[str, Any]]:
        """Return the expectations that were not met."""
        return [v for v in self.report["expectations"] if not v["ok"]]


class Running:
    """A process whose output goes into a file, so that nobody has to read along."""

    def __init__(self, command: list[str], log: Path, **more: Any) -> None:
        """Start `command`; it is the caller who ends it."""
        self.log = log
        self._began_s = time.monotonic()
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"},
                **more,
            )

    @property
    def output(self) -> str:
        """Return everything it has said so far."""
        return self.log.read_text(errors="replace")

    def say(self, line: str) -> None:
        """Send a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def await_line(self, *words: str, timeout_s: float = 60.0) -> str:
        """Wait until a line with all of `words` was said, and return it."""

        def look() -> str:
            return next(
                (x for x in self.output.splitlines() if all(word in x for word in words)), ""
            )

        return wait_for(look, timeout_s, lambda: f"no {words} in:\n{self.output[-4000:]}")

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and whatever else is in its group, at once."""
        for pid in [*descendants(self.process.pid), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()

    def end(self, timeout_s: float) -> Ended:
        """Wait for its end; kill it and fail when that does not come."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running:\n{self.output[-4000:]}") from None
        if self.process.stdin:
            self.process.stdin.close()
        return Ended(code, self.output, time.monotonic() - self._began_s)


def wait_for(look: Callable[[], T], timeout_s: float, otherwise: Callable[[], str]) -> T:
    """Return the first truthy answer of `look`; fail with `otherwise()` when none comes."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline_s, otherwise()
        time.sleep(0.05)
    return found


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`, children of children too."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def stat(pid: int) -> list[str]:
    """Return state, parent and what follows of a process; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def alive(pids: list[int]) -> list[int]:
    """Return which of the processes still run."""
    return [pid for pid in pids if (fields := stat(pid)) and fields[0] not in "ZX"]
