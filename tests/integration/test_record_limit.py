"""The record of a running daemon, within the limit that its operator gave it."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from daemon.journal.frames import check
from tests.integration.processes import OFFSET, Running, ridethrough, wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)

LIMIT = 16 * 1024**2
OLD = 15
SPARE = 200_000
"""Room left: what the daemon records in some ten seconds, packed."""
KEPT, FIRST = 1, 2
"""Files: the oldest, of an incident, and the one that goes first."""


def earlier(state: Path) -> dict[int, Path]:
    """Write the record of earlier days, one file of it marked as that of an incident."""
    state.mkdir(mode=0o700)
    files = {n: state / f"journal-{n:08d}.rtj.gz" for n in range(1, OLD + 1)}
    for file in files.values():
        file.write_bytes(gzip.compress(os.urandom((LIMIT - SPARE) // OLD), 1))
    (state / f"journal-{KEPT:08d}.keep").touch()
    return files


def test_the_oldest_goes_while_the_daemon_runs_and_incidents_stay(tmp_path: Path) -> None:
    old = earlier(tmp_path / "state")
    shifted = ["--port-offset", str(OFFSET + 120)]
    plant = Running(ridethrough("emulate", "ai_hall", *shifted), tmp_path / "plant.log")
    state = ["--state", str(tmp_path / "state"), "--record-limit", "16MiB"]
    daemon = Running(ridethrough("run", "ai_hall", *state, *shifted), tmp_path / "daemon.log")

    def listed() -> str:
        return f"{sorted((tmp_path / 'state').glob('journal-*'))}\n{daemon.output[-3000:]}"

    def packed() -> list[Path]:
        every = sorted((tmp_path / "state").glob("journal-*.rtj.gz"))
        return [file for file in every if file not in old.values()]

    try:
        daemon.await_line("may command")
        assert all(file.exists() for file in old.values())
        wait_for(lambda: not old[FIRST].exists(), 150, listed)
        assert old[KEPT].exists()
        assert old[FIRST + 1].exists()
        assert packed()
        daemon.process.terminate()
        assert daemon.end(10).code == 0
        for file in packed():
            assert check(gzip.decompress(file.read_bytes()))[0].lost_bytes == 0
        *closed, _ = sorted((tmp_path / "state").glob("journal-*.rtj*"))
        assert sum(file.stat().st_size for file in closed) <= LIMIT
    finally:
        daemon.kill()
        plant.kill()
