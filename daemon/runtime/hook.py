"""The program that a site names, told of an orderly shutdown: run by a worker, with a time limit.

No shell looks at its arguments: load, seconds left and reason are the last three. It is told once
for each request and has nothing to answer; its exit code and the last line that it wrote are kept
for the record. It runs in a session of its own, so that ending the daemon does not end it, and it
is killed with all it started when its time is over.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT: Final = 200
"""Letters of its last line that are kept."""


def run_hook(
    program: Sequence[str], load: str, deadline_s: float, reason: str, limit_s: float
) -> dict[str, Any]:
    """Run the program and return what came of it.

    Args:
        program: path and first arguments.
        load: equipment that is to shut down.
        deadline_s: how long it may take [s].
        reason: why, for people.
        limit_s: the program is ended after this [s].

    Returns:
        `ok`, `code` (None when it has none), and `said`, one line for people.
    """
    command = [*program, load, f"{deadline_s:g}", reason]
    try:
        process = subprocess.Popen(  # named in the site file
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        said = f"{program[0]} cannot be started: {error.strerror}"
        return {"ok": False, "code": None, "said": said}
    with process:
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = f"{program[0]} did not end within {limit_s:g} s and was killed"
            return {"ok": False, "code": None, "said": said}
    last = output.decode(errors="replace").strip().rpartition("\n")[2][:_KEPT]
    said = f"{program[0]} ended with code {process.returncode}" + (f": {last}" if last else "")
    return {"ok": process.returncode == 0, "code": process.returncode, "said": said}
