"""The AI hall in containers: an outage, a crash in its middle, a full disk, an end on request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.docker.engine import ROOT, TAG
from tests.docker.hall import BROKER_PORT, METRICS, OFFSET, Hall, answer, metric
from tests.integration.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.docker.engine import Engine

pytestmark = pytest.mark.timeout(1800)  # the first waits for the image

KEPT = ("no critical load sees it", "every AI rack keeps running", "no two sources are joined")
"""What a crash of the daemon may not cost."""
REPEATS = 2
"""How often the outage is played again after the machine was too busy to keep time."""


@pytest.fixture
def hall(
    docker: Engine, program: Callable[[str], str], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Hall]:
    """A broker, and what it takes to have the hall beside it."""
    program("docker-compose")
    hall = Hall(docker, request.node.name.replace("_", "")[:40], tmp_path, program)
    try:
        yield hall
    finally:
        hall.down()


def outage(hall: Hall) -> list[dict[str, Any]]:
    """Play it and return what was expected and not seen."""
    hall.begin()
    hall.start()
    missed = [one for one in hall.verdicts().values() if not one["ok"]]
    print(f"missed {missed}; {hall.starved or 'all in time'}")
    return missed


def test_an_outage_is_ridden_through_and_the_end_is_orderly(hall: Hall) -> None:
    missed = outage(hall)
    for _ in range(REPEATS):
        if missed and hall.starved:
            missed = outage(hall)
    daemon = hall.container("daemon")
    assert missed == [], hall.docker.log(daemon)[-6000:]
    heard = hall.heard("reader", "ridethrough/v1/ai_hall/daemon/#")
    assert '"epoch"' in heard
    took_s = ended_in(hall)
    print(f"SIGTERM to the end: {took_s:.1f} s")
    assert hall.docker.look(daemon)["State"]["ExitCode"] == 0


def ended_in(hall: Hall) -> float:
    """Tell the daemon to end; return how long that took, less than compose gives it [s]."""
    began_s = time.monotonic()
    hall.compose("stop", "--timeout", "20", "daemon")
    took_s = time.monotonic() - began_s
    assert took_s < 10
    return took_s


def in_its_middle(hall: Hall) -> str:
    """Begin the outage; return the daemon when sets start and no busbar has been moved."""
    hall.begin()
    hall.start()
    hall.await_said("emulators", "8.000 s", timeout_s=60)
    return hall.container("daemon")


def no_load_is_lost(hall: Hall) -> None:
    """See the outage to its end without a loss, whoever led it."""
    verdicts = hall.verdicts()
    for name in KEPT:
        found = [one for known, one in verdicts.items() if known.startswith(name)]
        assert [one["ok"] for one in found] == [True], found


def test_a_crash_in_the_middle_costs_no_load(hall: Hall) -> None:
    daemon = in_its_middle(hall)
    hall.kill_daemon()
    wait_for(
        lambda: hall.docker.look(daemon)["RestartCount"] >= 1,
        30,
        lambda: str(hall.docker.look(daemon)["State"]),
    )
    hall.docker.await_health(daemon)
    no_load_is_lost(hall)


def test_told_to_end_in_the_middle_it_hands_over(hall: Hall) -> None:
    daemon = in_its_middle(hall)
    took_s = ended_in(hall)
    print(f"SIGTERM in an outage to the end: {took_s:.1f} s")
    assert hall.docker.look(daemon)["State"]["ExitCode"] == 0
    no_load_is_lost(hall)


def beside(hall: Hall, *arguments: str, site: str = "ai_hall") -> str:
    """Start emulators and beside them a daemon of its own, with more options of the engine."""
    hall.serve_plant()
    return hall.docker(
        "run", "-d", "--network", "host", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp",
        "-e", f"RIDETHROUGH_AT={METRICS.removeprefix('http://')}", *arguments, TAG, "run", site,
        "--state", "/var/lib/ridethrough", "--port-offset", str(OFFSET),
        "--mqtt", f"127.0.0.1:{BROKER_PORT}",
    )  # fmt: skip


def scans_on() -> None:
    """See the switching lane do a hundred scans more."""
    name = 'ridethrough_scans_total{lane="switching"}'
    before = metric(name)
    wait_for(lambda: metric(name) > before + 100, 20, lambda: f"{before}, then {metric(name)}")
    assert answer("/livez")[0] == 200
    assert answer("/readyz")[0] == 200


def test_a_full_disk_stops_the_record_and_not_the_control(hall: Hall) -> None:
    full = beside(hall, "--tmpfs", "/var/lib/ridethrough:size=12m,uid=10001,mode=0750")

    def failures() -> float:
        return metric("ridethrough_journal_failures_total")

    def inside(command: str) -> str:
        return hall.docker("exec", full, "sh", "-c", f"cd /var/lib/ridethrough; {command}")

    def recorded() -> bool:
        """Tell whether what happens is recorded again."""
        before = failures()
        scans_on()
        return failures() == before

    try:
        hall.docker.await_health(full)
        inside("head -c 8000000 /dev/zero > filler")
        # The rest is filled by its record.
        wait_for(lambda: failures() > 0, 120, lambda: inside("df ."))
        scans_on()
        inside("rm filler")
        wait_for(recorded, 60, lambda: inside("df .; ls"))
    finally:
        hall.docker("rm", "-f", full)


def test_a_site_file_that_is_mounted_read_only_is_all_it_needs(hall: Hall, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text((ROOT / "config/sites/ai_hall.yaml").read_text())
    mine.chmod(0o444)
    given = beside(hall, "-v", f"{mine}:/etc/mine.yaml:ro", site="/etc/mine.yaml")
    try:
        hall.docker.await_health(given)
        assert hall.docker("exec", given, "sh", "-c", "echo >> /etc/mine.yaml || echo refused")
        assert mine.read_text() == (ROOT / "config/sites/ai_hall.yaml").read_text()
    finally:
        hall.docker("rm", "-f", "-v", given)
