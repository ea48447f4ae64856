"""The daemon as a service manager sees it, and the unit that systemd is given."""

from __future__ import annotations

import configparser
import contextlib
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.integration.processes import OFFSET, Running, ridethrough, wait_for

pytestmark = pytest.mark.timeout(120)

UNIT = Path(__file__).resolve().parents[2] / "docker" / "ridethrough.service"


class Heard:
    """What has come so far."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(str(path))
        self.said: list[str] = []

    def of(self, word: str) -> int:
        """Return how often `word` was said."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.said.append(self.socket.recv(1000).decode().partition("\n")[0])
        return self.said.count(word)


def test_it_says_that_it_is_ready_lives_hangs_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    state = ["--state", str(tmp_path / "state"), "--port-offset", str(OFFSET + 40)]
    daemon = Running(ridethrough("run", "ai_hall", *state), tmp_path / "log")

    def see(word: str, times: int) -> None:
        wait_for(lambda: heard.of(word) >= times, 60, lambda: f"{heard.said}\n{daemon.output}")

    try:
        see("READY=1", 1)
        see("WATCHDOG=1", 8)
        os.kill(daemon.process.pid, signal.SIGSTOP)
        fed = heard.of("WATCHDOG=1")
        with pytest.raises(AssertionError):
            wait_for(lambda: heard.of("WATCHDOG=1") > fed + 1, 2.0, lambda: "")
        os.kill(daemon.process.pid, signal.SIGCONT)
        see("WATCHDOG=1", fed + 4)
        daemon.process.terminate()
        assert daemon.end(10).code == 0
        see("STOPPING=1", 1)
        assert heard.of("READY=1") == 1
    finally:
        daemon.kill()
        heard.socket.close()


def test_the_unit_waits_for_what_the_daemon_says() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert float(service["WatchdogSec"]) > 4
    assert float(service["TimeoutStopSec"]) == 10
    assert service["Restart"] == "always"
    assert service["CapabilityBoundingSet"] == ""
    assert service["ProtectSystem"] == "strict"
