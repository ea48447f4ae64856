"""The program of a site: told without a shell, judged by its end, killed when it takes too long."""

from __future__ import annotations

import os
import time
from pathlib import Path

from daemon.runtime.hook import run_hook


def script(folder: Path, text: str) -> list[str]:
    path = folder / "tell"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path), "first"]


def test_it_is_given_load_deadline_and_reason_as_they_are(tmp_path: Path) -> None:
    program = script(tmp_path, 'printf "%s|" "$@"')
    came = run_hook(program, "ROW-1", 312.5, "$(touch x); 30 s; 'left'", 5.0)
    assert came["ok"]
    assert came["code"] == 0
    assert came["said"].endswith("code 0: first|ROW-1|312.5|$(touch x); 30 s; 'left'|")
    assert not (tmp_path / "x").exists()


def test_a_code_other_than_0_is_a_failure_with_its_last_line(tmp_path: Path) -> None:
    came = run_hook(script(tmp_path, "echo one; echo no such queue >&2; exit 3"), "R", 1, "", 5.0)
    assert (came["ok"], came["code"]) == (False, 3)
    assert came["said"].endswith("ended with code 3: no such queue")


def test_one_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    program = script(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    began_s = time.process_time()
    came = run_hook(program, "ROW-1", 300, "why", 0.5)
    assert (came["ok"], came["code"]) == (False, None)
    assert came["said"].endswith("did not end within 0.5 s and was killed")
    assert time.process_time() - began_s < 5.0
    child = int((tmp_path / "child").read_text())
    state = _state(child)
    assert state in {"", "Z"}, f"the child is still {state}"


def _state(pid: int) -> str:
    """Return the letter of a process's state, "" when it is gone; its death may take a moment."""
    state = ""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return ""
        if state == "Z":
            return state
        os.sched_yield()
        time.sleep(0.01)
    return state


def test_one_that_is_not_there_is_said() -> None:
    came = run_hook(["/nowhere/tell"], "ROW-1", 300, "why", 1.0)
    assert came == {
        "ok": False,
        "code": None,
        "said": "/nowhere/tell cannot be started: No such file or directory",
    }
