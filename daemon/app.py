"""The composition root: the only file that knows every concrete class.

`build` makes a daemon from a world and a checked site; `system_world` is the real world; `run` is
what the command `ridethrough run` calls. Exit: `RunReport.ok` is false when a lane stopped in its
fail-safe or a part was given up; the report says which.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

try:  # late by a tenth of what asyncio's own timers are
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop  # type: ignore[assignment]

from daemon.console import operators
from daemon.console.door import Door, Inside
from daemon.console.wire import door_of
from daemon.core import tags
from daemon.core.balance.shaving.errand import PLAN, plan
from daemon.core.balance.shaving.history import KEEP, RECALL, keep, recall
from daemon.core.balance.shutdown import HOOK
from daemon.core.estimation.estimator import NETWORK, networked
from daemon.core.interlocks import wear
from daemon.core.ownership import lane_of
from daemon.core.step import Inputs, Params, initial, step
from daemon.core.transfer import opened
from daemon.drivers.driver import Driver, Link
from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.drivers.opcua import OpcuaDriver
from daemon.drivers.table import Table
from daemon.journal import keeping
from daemon.journal.files import Folder
from daemon.journal.holding import hold
from daemon.journal.journal import Journal, next_epoch
from daemon.model.image import blank
from daemon.model.points import tabulate
from daemon.model.quantities import ns
from daemon.publishers.mqtt import MqttPublisher
from daemon.publishers.prometheus import PrometheusPublisher
from daemon.publishers.publisher import North
from daemon.publishers.systemd import SystemdPublisher
from daemon.runtime import incidents
from daemon.runtime.actuation import Actuation
from daemon.runtime.clock import SystemClock, TimerFdTicks
from daemon.runtime.daemon import Daemon
from daemon.runtime.hook import run_hook
from daemon.runtime.lane import Lane
from daemon.runtime.report import Chronicle, RunReport
from daemon.runtime.requests import Requests
from daemon.runtime.scan import SHELL, Scan
from daemon.runtime.supervisor import Supervisor
from daemon.runtime.transfer_reports import Reporter
from daemon.runtime.workers import PoolWorkers
from daemon.runtime.world import World
from daemon.settings.site_file import with_broker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from daemon.settings import SiteFile

LANES = (("switching", 0.01), ("main", 0.1))
"""Lanes in the order in which they step, and their periods [s]."""


def build(world: World, site_file: SiteFile, say: Callable[[str], None], node: str = "A") -> Daemon:
    """Return the daemon of a site in `world`; needs a running event loop.

    Raises:
        OSError: the state directory cannot be written.
        ValueError: the maintenance tags in it cannot be read.
    """
    site, clock = site_file.site, world.clock
    points = tabulate(site)
    begun_ns, utc_ns = clock.monotonic_ns(), clock.utc_ns()
    epoch = next_epoch(world.files)
    journal = Journal(
        world.files, world.record_bytes, lambda gone: incidents.tell_gone(gone, scan.note)
    )
    journal.boot(epoch, site_file.digest, begun_ns, utc_ns, str(site_file.path.absolute()))
    chronicle = Chronicle(begun_ns, utc_ns - begun_ns, say)
    supervisor = Supervisor(
        clock.monotonic_ns,
        lambda name, why: scan.happened(
            "task_died", name, f"{name} died: {why.splitlines()[-1]}", {"trace": why}
        ),
    )
    table = Table(points, begun_ns)
    drivers = {
        gateway.id: world.links(
            Link(
                gateway=gateway,
                site=site,
                points=points,
                table=table,
                now_ns=clock.monotonic_ns,
                chance=world.chance,
                report=lambda change: scan.linked(change),  # noqa: PLW0108 - not there yet
                phase=place,
            )
        )
        for place, gateway in enumerate(site.gateways.values())
    }
    actuation = Actuation(site, drivers, clock.monotonic_ns)
    kept: dict[str, Any] = {"files": world.files}
    model: dict[str, Any] = {"site": site, "points": points}
    requests = Requests(
        world.workers,
        {
            NETWORK: model,
            KEEP: kept,
            RECALL: kept,
            opened.KEEP: {**kept, "utc_ns": clock.utc_ns},
            tags.KEEP: kept,
            wear.KEEP: {**kept, "utc_ns": clock.utc_ns},
        },
    )
    version = importlib.metadata.version("ridethrough")
    north = North(
        site, points, node, epoch, clock.monotonic_ns, clock.utc_ns, say, version,
        hear=lambda notice: scan.ask("main", notice),
        record=lambda *what: scan.note(*what),  # noqa: PLW0108 - not there yet
    )  # fmt: skip
    publishers = [*world.north(north)]
    if world.door is not None:
        inside = Inside(
            site, points, epoch, clock.monotonic_ns,
            ask=lambda message, wish: scan.ask(lane_of(site, wish), message),
            record=lambda *what: scan.note(*what),  # noqa: PLW0108 - not there yet
            unrecordable=lambda: journal.failing,
        )  # fmt: skip
        publishers.append(world.door(inside))
    lanes = []
    for name, period_s in LANES:
        params = Params(name, site, points, site_file.control, epoch)
        lanes.append(Lane(params, initial(params, begun_ns), ns(period_s)))
        # What a first step compiles and caches would cost the first slots; its result is nobody's.
        step(lanes[-1].state, Inputs(blank(len(points), begun_ns, utc_ns), ()), params)
    if (before := opened.recalled(world.files, SHELL, utc_ns)) is not None:
        lanes[0].inbox.append(before)
    if (operated := wear.recalled(world.files, SHELL, begun_ns, utc_ns)) is not None:
        lanes[0].inbox.append(operated)
    if (hung := tags.recalled(world.files, SHELL)) is not None:
        for lane in lanes:
            lane.inbox.append(hung)
    scan = Scan(world, lanes, table, journal, actuation, requests, drivers, publishers, supervisor)
    reporter = Reporter(site, points, site_file.control.report, scan.reported, utc_ns - begun_ns)
    scan.listeners.extend((chronicle.hear, reporter.hear, incidents.keeper(journal.keep)))
    scan.watchers.append(reporter.look)
    if journal.lost_bytes:
        text = f"the journal lost {journal.lost_bytes} bytes of its last record"
        scan.happened("journal_torn", "journal", text, {"bytes": journal.lost_bytes})
    return Daemon(
        world, epoch, points, scan, drivers, publishers, journal, actuation, requests, supervisor,
        chronicle, reporter, begun_ns,
    )  # fmt: skip


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def system_world(
    state: Path, people: Path | None = None, record_bytes: int = keeping.LIMIT
) -> World:
    """Return the real world; needs a running event loop.

    Args:
        state: the state directory.
        people: file of the operators, by default in the state directory.
        record_bytes: how much of it the record may take [bytes].

    Raises:
        ValueError: the name of the state directory is too long for a local socket in it.
    """
    clock, way_in = SystemClock(), door_of(state)
    makers: dict[str, Callable[[Link], Driver]] = {
        "modbus_tcp": ModbusDriver, "opcua": OpcuaDriver,
    }  # fmt: skip
    return World(
        clock=clock,
        ticks=lambda period_ns: TimerFdTicks(clock.monotonic_ns, period_ns),
        files=Folder(state),
        workers=PoolWorkers(
            {
                HOOK: run_hook,
                PLAN: plan,
                NETWORK: networked,
                KEEP: keep,
                RECALL: recall,
                opened.KEEP: opened.keep,
                tags.KEEP: tags.keep,
                wear.KEEP: wear.keep,
            },
            ThreadPoolExecutor(16, "worker"),
        ),
        links=lambda link: makers[link.gateway.protocol](link),
        north=lambda n: [p(n) for p in (PrometheusPublisher, MqttPublisher, SystemdPublisher)],
        chance=np.random.Generator(np.random.PCG64()),
        door=lambda inside: Door(inside, way_in, people or state / operators.NAME),
        record_bytes=record_bytes,
    )


def run(
    site_file: SiteFile,
    state: Path,
    for_s: float | None = None,
    mqtt: str | None = None,
    people: Path | None = None,
    record_bytes: int = keeping.LIMIT,
) -> RunReport:
    """Run the daemon of a site in the real world until SIGINT, SIGTERM or `for_s` [s].

    `people` is the file of the operators, by default in `state`; `record_bytes` is how much of that
    the record may take.

    Raises:
        OSError: the port of the metrics is taken, or the state directory cannot be written.
        ValueError: `mqtt` is not the address of a broker, the name of `state` is too long,
            another daemon holds it, or the maintenance tags in it cannot be read.
    """
    site_file = with_broker(site_file, mqtt)
    hold(state)  # and never let go: a worker whose disk hangs may write until the process ends
    # A publisher that renders in its own thread must not keep the scan from the interpreter.
    sys.setswitchinterval(0.0005)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_run(site_file, state, for_s, people, record_bytes))


async def _run(
    site_file: SiteFile, state: Path, for_s: float | None, people: Path | None, record_bytes: int
) -> RunReport:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    daemon = build(system_world(state, people, record_bytes), site_file, _say, socket.gethostname())
    return await daemon.run(stop, for_s)
