"""The demonstration on a terminal, and `ridethrough top` beside it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING

from tests.integration.processes import OFFSET, ridethrough

if TYPE_CHECKING:
    from subprocess import CompletedProcess

PLAYS_S = 25
START_S = 60.0


def test_a_demonstration_on_a_terminal_shows_the_page_and_top_shows_it_too() -> None:
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 70, 160, 0, 0))
    words = ("--scenario", "normal", "--for", str(PLAYS_S), "--port-offset", str(OFFSET))
    demo = subprocess.Popen(
        ridethrough("demo", *words), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, env={**os.environ, "TERM": "xterm", "COLUMNS": "160"},
    )  # fmt: skip
    os.close(theirs)
    shown: list[bytes] = []
    reader = threading.Thread(target=_read, args=(terminal, shown))
    reader.start()
    try:
        until = time.monotonic() + START_S
        while b"everything is ready" not in b"".join(shown) and time.monotonic() < until:
            time.sleep(0.1)
        seen = _top("--json")
        told = json.loads(seen.stdout)
        assert seen.returncode == 0
        assert told["equipment"]["ROW-1"]["stage"] == "running"
        assert told["gateways_down"] == []
        assert 0.97 < told["buses"]["MVA"]["voltage_pu"] < 1.03
        assert "ROW-1" in _top("--once").stdout
        line = _top("--once", "--plain").stdout.splitlines()[-1]
        assert "CCTS-1 on_main" in line
        assert demo.wait(timeout=PLAYS_S + START_S) == 0
    finally:
        demo.kill()
        reader.join(timeout=5.0)
        os.close(terminal)
    page = b"".join(shown).decode(errors="replace")
    assert "Buses, voltage by nominal" in page
    assert "expectations met" in page
    gone = _top("--json")
    assert gone.returncode == 1
    assert "no daemon answers" in gone.stderr


def _read(terminal: int, into: list[bytes]) -> None:
    while True:
        try:
            into.append(os.read(terminal, 65536))
        except OSError:  # the other end is closed
            return


def _top(*words: str) -> CompletedProcess[str]:
    return subprocess.run(
        ridethrough("top", "--port-offset", str(OFFSET), *words),
        capture_output=True, text=True, timeout=30.0, check=False,
    )  # fmt: skip
