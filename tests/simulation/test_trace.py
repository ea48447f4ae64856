"""One seed, one trace: the same bytes at the same nanoseconds, whichever process runs it."""

from __future__ import annotations

import subprocess
import sys

from tests.tidy.rules import ROOT


def _traced(seed: int) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation.traced", str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    digest, pieces = done.stdout.split()
    return digest, int(pieces)


def test_same_seed_same_bytes_in_two_fresh_processes_and_another_seed_others() -> None:
    first = _traced(7)
    assert first == _traced(7)
    assert first[0] != _traced(8)[0]
    assert first[1] > 1000
