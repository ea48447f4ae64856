"""Scrapers that misbehave: a hundred scrapes a second, and some that do not read."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.settings import load, shift_ports
from tests.integration.processes import OFFSET, Running, ridethrough, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(180)

MOVED = OFFSET + 80
PORT = shift_ports(load("ai_hall"), MOVED).site.north.metrics_port
AT = f"http://127.0.0.1:{PORT}"
LASTS = ("--for", "170")
SPAN_S = 6.0
SLOW = 6
"""Fewer than the publisher answers at a time: all of them would keep everybody else out."""
STORM_PU = 0.03
"""More slots than this a storm may not cost. It is the client that takes the processor here; a page
rendered for everybody who asks would take all of one and half of the slots."""
STORM = """
import contextlib, http.client, json, sys, threading, time
port, span_s = int(sys.argv[1]), float(sys.argv[2])
with contextlib.suppress(OSError):  # being nice counts within a session only
    open("/proc/self/autogroup", "w").write("10")
counts, lock = {"asked": 0, "answered": 0}, threading.Lock()
end = time.monotonic() + span_s
def ask(phase):
    due = time.monotonic() + phase
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        due += 0.1
        answered = 0
        try:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            link.request("GET", "/metrics")
            reply = link.getresponse()
            answered = reply.status == 200 and b"ridethrough_scans" in reply.read()
            link.close()
        except (OSError, http.client.HTTPException):
            pass
        with lock:
            counts["asked"] += 1
            counts["answered"] += answered
threads = [threading.Thread(target=ask, args=(n / 100,)) for n in range(10)]
[each.start() for each in threads]
[each.join() for each in threads]
print(json.dumps(counts))
"""
"""Ten clients, ten scrapes a second each, each with a connection of its own."""


def scans() -> tuple[float, float]:
    """Return scans done and slots missed by the switching lane."""
    for _ in range(50):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{AT}/metrics", timeout=5) as r:
            lines = r.read().decode().splitlines()
            return value(lines, "ridethrough_scans_total"), value(
                lines, "ridethrough_scan_overruns_total"
            )
        time.sleep(0.1)
    raise AssertionError("no scrape was answered")


def value(lines: list[str], name: str) -> float:
    line = next(x for x in lines if x.startswith(f'{name}{{lane="switching"}}'))
    return float(line.rpartition(" ")[2])


def missed_pu(span_s: float) -> float:
    """Return which part of its slots the lane misses within a time."""
    done, missed = scans()
    time.sleep(span_s)
    done_now, missed_now = scans()
    assert done_now > done + 10
    return (missed_now - missed) / (done_now - done + missed_now - missed)


@contextlib.contextmanager
def slow_scrapers() -> Iterator[list[socket.socket]]:
    """Ask and read nothing."""
    with contextlib.ExitStack() as stack:
        links = []
        for _ in range(SLOW):
            link = stack.enter_context(socket.socket())
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.connect(("127.0.0.1", PORT))
            link.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            links.append(link)
        yield links


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The hall, undisturbed."""
    folder = tmp_path_factory.mktemp("scrapers")
    command = ridethrough("demo", "--scenario", "normal", *LASTS, "--port-offset", str(MOVED))
    running = Running(command, folder / "demo.log")
    try:
        running.await_line("everything is ready")
        yield running
    finally:
        running.kill()


def test_a_storm_of_scrapes_and_slow_ones_disturb_no_scan(show: Running, tmp_path: Path) -> None:
    before_pu = missed_pu(SPAN_S)
    command = ["nice", "-n", "19", sys.executable, "-c", STORM, str(PORT), str(SPAN_S)]
    storm = Running(command, tmp_path / "storm.log")
    try:
        with slow_scrapers():
            stormy_pu = missed_pu(SPAN_S - 1.0)
        counts = json.loads(storm.end(60).output)
    finally:
        storm.kill()
    quiet_pu = max(before_pu, missed_pu(SPAN_S))
    print(f"slots missed: {quiet_pu:.2%}, in the storm {stormy_pu:.2%}; {counts}")
    assert counts["asked"] > 50 * SPAN_S
    assert counts["answered"] > SPAN_S
    assert stormy_pu <= quiet_pu + STORM_PU


def test_those_who_do_not_read_are_cut_off(show: Running) -> None:
    with slow_scrapers() as links:
        wait_for(lambda: all(map(ended, links)), 60, lambda: "still being answered")
    assert urllib.request.urlopen(f"{AT}/livez", timeout=5).read() == b"ok\n"


def ended(link: socket.socket) -> bool:
    """Return whether the daemon has given up on a client that does not read."""
    name, place = link.getsockname(), link.getpeername()
    wanted = f"{place[1]:04X}", f"{name[1]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    here = [row for row in rows if (row[1][-4:], row[2][-4:]) == wanted]
    return not here or here[0][3] != "01"
