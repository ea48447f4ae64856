"""The daemon as a whole: built from a world, ended at any moment, replayed from its journal."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon import app
from daemon.core.interlocks import wear
from daemon.core.step import Params
from daemon.drivers.image import ImageLinks
from daemon.journal.files import Folder
from daemon.journal.journal import read, verify
from daemon.model.commands import Command, LaneMessage
from daemon.model.points import tabulate
from daemon.runtime.clock import SleepTicks, SystemClock
from daemon.runtime.replay import replay
from daemon.runtime.workers import PoolWorkers
from daemon.runtime.world import World
from daemon.settings import SiteFile, load, shift_ports
from tests.unit.journal.memory import MemoryFiles

OFFSET = 2100
ROOT = Path(__file__).resolve().parents[2]


class QuietPlant:
    """Everything in its normal position, live and unloaded; counters of life rise."""

    def __init__(self, site_file: SiteFile) -> None:
        self.site = site_file.site

    def read(self, equipment: str, point: str) -> float:
        item = self.site.equipment[equipment]
        if point == "position":
            return 2.0 if item.normally == "closed" else 1.0
        if point.endswith(("voltage_ll_v", "voltage_v")) and item.buses:
            return self.site.buses[item.buses[0]].voltage_v
        if point.endswith("frequency_hz"):
            return self.site.frequency_hz
        if point == "life_count":
            return float(int(time.monotonic()) % 1000)
        return 1.0 if point in {"racked_in", "spring_charged", "available", "soc_pu"} else 0.0

    @property
    def version(self) -> int:
        return int(time.monotonic() * 10)

    @property
    def ways(self) -> int:
        return 0

    @property
    def due_ns(self) -> int:
        return 0

    def reader(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        return lambda: np.array([self.read(*name) for name in names])

    def answers(self, gateway: str) -> bool:
        return True

    def write(self, equipment: str, point: str, value: float) -> bool:
        return True


def desk_world(files: MemoryFiles, site_file: SiteFile) -> World:
    """Return a world without sockets: image-depth drivers, files in memory."""
    clock = SystemClock()
    links = ImageLinks(QuietPlant(site_file))

    return World(
        clock=clock,
        ticks=lambda period_ns: SleepTicks(clock.monotonic_ns, period_ns),
        files=files,
        workers=PoolWorkers({}),
        links=links.driver,
        north=lambda _: (),
        chance=np.random.Generator(np.random.PCG64(1)),
    )


async def test_the_same_daemon_runs_in_another_world_and_replays() -> None:
    site_file, files = load("ai_hall"), MemoryFiles()
    daemon = app.build(desk_world(files, site_file), site_file, lambda _: None)
    switching, results = daemon.scan.lanes["switching"].figures, daemon.actuation.results
    enough = asyncio.Event()

    async def watch() -> None:
        while switching.scans <= 20 or results["acknowledged"] <= 10:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.1)
        enough.set()

    watching = asyncio.create_task(watch())
    report = await daemon.run(enough, for_s=60.0)
    watching.cancel()
    assert report.ok, report.reason
    assert report.lanes["switching"].scans > 20, "within a minute of however slow a machine"
    assert report.polls > 100
    assert report.commands["acknowledged"] > 10, "heartbeats"
    json.dumps(report.plain())
    assert all(v.ok for v in verify(files).values())

    table = tabulate(site_file.site)
    lanes = {n: Params(n, site_file.site, table, site_file.control, 0) for n, _ in app.LANES}
    records = list(read(files))
    assert list(replay(records, lanes)) == []
    sent = [r for r in records if r["k"] == "out" and r["commands"]]
    changed: Command = sent[-1]["commands"][0]
    sent[-1]["commands"] = (replace(changed, reason="forged"),)
    assert len(list(replay(records, lanes))) == 1, "a difference is found"


@pytest.mark.fault("F62")
async def test_a_boot_knows_what_the_one_before_it_has_operated() -> None:
    site_file, files = load("ai_hall"), MemoryFiles()
    world = desk_world(files, site_file)
    wear.keep(files, world.clock.utc_ns, {"DG-2": [1.0, 2.0]})
    daemon = app.build(world, site_file, lambda _: None)
    (heard,) = daemon.scan.lanes["switching"].inbox
    assert isinstance(heard, LaneMessage)
    assert (heard.topic, len(heard.values["DG-2"])) == (wear.TOPIC, 2)


async def test_each_boot_has_a_higher_epoch() -> None:
    site_file, files = load("ai_hall"), MemoryFiles()
    world = desk_world(files, site_file)
    epochs = [app.build(world, site_file, lambda _: None).epoch for _ in range(3)]
    assert epochs == [1, 2, 3]


@pytest.mark.fault("F73")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("awaited", ["no MQTT broker", "GW-IN lost"])
def test_ends_cleanly_at_any_moment(tmp_path: Path, number: int, awaited: str) -> None:
    program = (
        "import json, sys; from pathlib import Path; from daemon import app; "
        "from daemon.settings import load, shift_ports; "
        f"f = shift_ports(load('ai_hall'), {OFFSET}); print('loaded', flush=True); "
        f"r = app.run(f, Path({str(tmp_path)!r})); print(json.dumps(r.plain()))"
    )
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        lines = [child.stdout.readline()]
        while awaited not in lines[-1]:
            lines.append(child.stdout.readline())
            assert lines[-1], "it ended by itself"
        child.send_signal(number)
        out, err = child.communicate(timeout=10)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 0, err
    assert err == ""
    *rest, last = out.splitlines()
    assert json.loads(last)["ok"]
    said = [line for line in [*lines, *rest] if awaited in line]
    assert len(said) == 1, "said once"
    assert all(v.ok for v in verify(Folder(tmp_path)).values())


def test_busy_port_is_a_clear_error(tmp_path: Path) -> None:
    site_file = shift_ports(load("ai_hall"), OFFSET + 50)
    north = site_file.site.north
    busy = socket.create_server((north.metrics_host, north.metrics_port))
    with busy, pytest.raises(OSError, match=f"metrics.*{north.metrics_port}"):
        app.run(site_file, tmp_path, for_s=1.0)
