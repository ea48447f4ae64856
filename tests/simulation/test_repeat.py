"""One seed is one run: the same hash in two fresh processes.

That another seed is another run is asked in `test_command`, where many are run at once.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def hash_of(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "simulate", *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["ok"], done.stdout
    return str(found["trace_hash"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("depth", "for_s"), [("image", "20"), ("wire", "6")])
def test_same_seed_same_hash_in_two_fresh_processes(depth: str, for_s: str) -> None:
    asked = ("extended_outage", "--depth", depth, "--for", for_s, "--seed", "7")
    assert hash_of(*asked) == hash_of(*asked)
