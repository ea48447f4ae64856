"""Two daemons on one state directory: the second is told who has it, until that one is gone."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from daemon.journal.holding import NAME, hold

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, subprocess; from pathlib import Path; from daemon.journal.holding import hold
hold(Path(sys.argv[1]))
child = subprocess.Popen(["sleep", "5"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_the_second_is_told_who_has_it_until_that_one_was_killed(tmp_path: Path) -> None:
    """What the killed one had started, a program of the site, does not hold up the next."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as first:
        assert first.stdout is not None
        left = int(first.stdout.readline())
        with pytest.raises(ValueError, match="another daemon runs with it") as refused:
            hold(tmp_path)
        first.kill()
        first.wait()
        os.close(hold(tmp_path))
        os.kill(left, 9)
    assert f"process {first.pid} on {socket.gethostname()}: end that one" in str(refused.value)
    assert "--state" in str(refused.value)


def test_a_folder_is_made_and_its_last_holder_is_no_hindrance(tmp_path: Path) -> None:
    state = tmp_path / "of" / "its own"
    os.close(hold(state))
    (state / NAME).write_text("process 1 on another-host-with-a-long-name\n" * 9)
    fd = hold(state)
    assert (state / NAME).read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    with pytest.raises(ValueError, match=f"process {os.getpid()} on "):
        hold(state)
    os.close(fd)


def test_where_the_file_system_has_no_locks_a_daemon_runs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_locks(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", without_locks)
    os.close(hold(tmp_path))
