"""What the daemon takes of its machine on the AI hall while nothing happens.

The emulated plant serves every device in a process of its own; the daemon polls it at the shipped
periods, scans, estimates and records; a scraper asks every five seconds, as the shipped
configuration does. After `SETTLE_S` its processor time over `SPAN_S` and its memory are read from
/proc. Processor time is in seconds of one core, so others on the machine add little to it, as
long as the scan gets its turn: slots it missed and polls are printed beside, and a run that missed
many is none.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daemon.settings import load, shift_ports
from tests.bench.harness import Result, at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFSET: Final = 6000
SETTLE_S: Final = 20.0
SPAN_S: Final = 40.0
SCRAPE_S: Final = 5.0
READY_S: Final = 120.0
POLLS: Final = "ridethrough_gateway_polls_total"
SCANS: Final = 'ridethrough_scans_total{lane="switching"}'
MISSED: Final = 'ridethrough_scan_overruns_total{lane="switching"}'


def run() -> list[Result]:
    """Run plant and daemon and look at the daemon."""
    north = shift_ports(load("ai_hall"), OFFSET).site.north
    at = f"http://{north.metrics_host}:{north.metrics_port}"
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        with _running("emulate", "ai_hall"), _running("run", "ai_hall", "--state", str(state)) as d:
            _await_ready(at)
            _scrape_for(at, SETTLE_S)
            cpu_s, begun_s = _cpu_s(d.pid), time.monotonic()
            written, polls, scans = _size(state), _sum(at, POLLS), _sum(at, SCANS)
            missed = _sum(at, MISSED)
            _scrape_for(at, SPAN_S)
            lasted_s = time.monotonic() - begun_s
            share = (_cpu_s(d.pid) - cpu_s) / lasted_s
            memory, highest = _memory_mb(d.pid)
            rate = (_size(state) - written) / lasted_s
            polls_per_s = (_sum(at, POLLS) - polls) / lasted_s
            missed = _sum(at, MISSED) - missed
            missed_pu = missed / (_sum(at, SCANS) - scans + missed)
    return [
        at_most("resident memory", memory, "MB", 250.0),
        Result("highest since the start", highest, "MB"),
        at_most("processor", 100.0 * share, "% of one core", 25.0),
        Result("polls", polls_per_s, "1/s"),
        at_most("slots missed", 100.0 * missed_pu, "%", 1.0),
        Result("record before it is packed", rate / 1e3, "kB/s"),
    ]


@contextmanager
def _running(command: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "daemon", command, *arguments, "--port-offset", str(OFFSET)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _await_ready(at: str) -> None:
    end_s = time.monotonic() + READY_S
    while time.monotonic() < end_s:
        with suppress(OSError), urllib.request.urlopen(f"{at}/readyz", timeout=2):
            return
        time.sleep(0.5)
    raise TimeoutError(f"the daemon is not ready after {READY_S:.0f} s")


def _scrape_for(at: str, span_s: float) -> None:
    end_s = time.monotonic() + span_s
    while time.monotonic() < end_s:
        with suppress(OSError), urllib.request.urlopen(f"{at}/metrics", timeout=5) as reply:
            reply.read()
        time.sleep(SCRAPE_S)


def _sum(at: str, name: str) -> float:
    with urllib.request.urlopen(f"{at}/metrics", timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> tuple[float, float]:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    kb = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Vm")}
    return int(kb["VmRSS"]) * 1024 / 1e6, int(kb["VmHWM"]) * 1024 / 1e6


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("journal-*"))
