"""A scheduler announces its jobs to the running daemon over a real broker."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from daemon.rehearsal import broker
from daemon.settings import load, shift_ports
from tests.integration.processes import Running, ridethrough, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

OFFSET = 4100


def notice(**other: Any) -> str:
    at = datetime.now(UTC) + timedelta(seconds=600)
    body = {"schema": 1, "id": "job-7", "action": "start", "at": at.isoformat(), "power_w": 4.5e6}
    return json.dumps({**body, **other})


def test_a_notice_is_taken_or_refused_and_either_is_on_record(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    port = shift_ports(load("ai_hall"), OFFSET).site.north.mqtt_port
    shifted = ["--port-offset", str(OFFSET), "--json"]
    say = [program("mosquitto_pub"), "-p", str(port), "-q", "1"]
    say += ["-t", "ridethrough/v1/ai_hall/job/notice/slurm", "-m"]
    program("mosquitto")
    players: list[Running] = []

    def start(name: str, command: list[str]) -> Running:
        players.append(Running(command, tmp_path / f"{name}.log"))
        return players[-1]

    try:
        plant = start("plant", ridethrough("emulate", "ai_hall", "--hold", *shifted))
        start("broker", broker.command(port, tmp_path)[1])
        plant.await_line("ready")
        run = ["run", "ai_hall", "--state", str(tmp_path / "state")]
        daemon = start("daemon", ridethrough(*run, *shifted))
        daemon.await_line("on mains")
        for text in (notice(), notice(id="job-8", power_w=1e9), notice(action="open"), "hello"):
            subprocess.run([*say, text], check=True, timeout=10)
        wait_for(lambda: daemon.output.count("Notice of") >= 3, 30.0, lambda: daemon.output[-4000:])
        daemon.await_line("Job job-7 is to start in", "4.50 MW, says slurm")
        daemon.await_line("Notice of job job-8 by slurm refused", "at most 6.24e+06 W")
        daemon.await_line("Notice of a job by slurm refused", "action")
        daemon.interrupt()
        assert daemon.end(30.0).report["ok"]
    finally:
        for player in players:
            player.kill()
