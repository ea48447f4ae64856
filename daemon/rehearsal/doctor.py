"""`ridethrough doctor`: what is wrong with an installation, and how to mend it.

One finding for each thing that a daemon needs from its machine and its network before it is
trusted with a plant. *fail*: it will not run, or not rightly. *warn*: it will run, less well than
it could. Nothing is changed, and no device is asked for anything but a connection.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib.metadata
import importlib.util
import os
import resource
import shutil
import socket
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from daemon.console.wire import door_of, lives
from daemon.journal.keeping import LIMIT, PREFIX, SUFFIX
from daemon.runtime.clock import SystemClock, TimerFdTicks
from daemon.settings import SettingsError, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from daemon.model.plant import Site

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"

_NOBODY: Final = "no daemon runs with this state folder"
_CONNECT_S: Final = 1.0
_LEAST_SPACE: Final = 100 * 1024**2
_FILES_BESIDE: Final = 128
"""Descriptors that are needed beside one for each gateway."""
_NAMED: Final = 3
_TICKS: Final = 200
_LATE_MS: Final = 5.0
"""A tick that is this late at the 99th percentile costs scans of 10 ms [ms]."""
_UNSYNCHRONISED: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing.

    Attributes:
        name: what was looked at.
        state: `OK`, `WARN` or `FAIL`.
        text: what was found.
        mend: what to do, "" where nothing has to be done.
    """

    name: str
    state: str
    text: str
    mend: str = ""


def examine(site_name: str, state: Path) -> list[Finding]:
    """Return what was found about this machine, for a daemon of a site with a state folder."""
    door = _door(state)
    found = [_python(), *_packages(), *_clock(), _ticks(), _realtime(), _disk(state), door]
    try:
        site = load(site_name).site
    except SettingsError as error:
        mend = f"ridethrough check {site_name}"
        return [*found, Finding("site", FAIL, str(error).splitlines()[0], mend)]
    found.append(Finding("site", OK, f"{site.name}: {len(site.equipment)} pieces of equipment"))
    found.append(_descriptors(site))
    found.extend(_hook(site))
    found.append(_metrics(site, running=door.state == OK and door.text != _NOBODY))
    found.extend(asyncio.run(_network(site)))
    return found


def report(found: Iterable[Finding]) -> dict[str, Any]:
    """Return the findings for machines."""
    verdicts = [asdict(each) | {"ok": each.state != FAIL} for each in found]
    return {"ok": all(each["ok"] for each in verdicts), "verdicts": verdicts}


def lines(found: Iterable[Finding]) -> Iterator[str]:
    """Yield the findings for people."""
    for each in found:
        yield f"{each.state:<5} {each.name:<20} {each.text}"
        if each.mend:
            yield f"{'':<26} -> {each.mend}"


def _python() -> Finding:
    version = sys.version.split()[0]
    own = importlib.metadata.version("ridethrough")
    return Finding("python", OK, f"Python {version} in {sys.prefix}, ridethrough {own}")


def _packages() -> Iterator[Finding]:
    if importlib.util.find_spec("uvloop") is None:
        yield Finding(
            "event loop", WARN, "uvloop is not installed: timers are late by a millisecond",
            "pip install uvloop",
        )  # fmt: skip
    else:
        yield Finding("event loop", OK, "uvloop")


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), as far as it is read; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 256),
    )


def _clock() -> Iterator[Finding]:
    found = _Timex()
    try:
        kept = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found))
    except (OSError, AttributeError):
        yield Finding("clock", WARN, "the kernel cannot be asked whether its clock is kept")
        return
    if kept in {-1, _UNSYNCHRONISED}:
        yield Finding(
            "clock", WARN, "nobody keeps the wall clock right: records of devices will not line up",
            "run chrony or another NTP or PTP client (control itself does not use this clock)",
        )  # fmt: skip
    else:
        yield Finding("clock", OK, f"kept, known to {found.maxerror / 1000.0:.1f} ms")


def _ticks() -> Finding:
    late_ms = float(np.percentile(asyncio.run(_lateness()), 99))
    text = f"10 ms ticks come {late_ms:.2f} ms late at the 99th percentile"
    if late_ms <= _LATE_MS:
        return Finding("timers", OK, text)
    return Finding(
        "timers", WARN, f"{text}: scans will be missed",
        "give the daemon a core of its own, and see what else runs here",
    )  # fmt: skip


async def _lateness() -> list[float]:
    """Return how late each of some ticks came [ms]."""
    clock = SystemClock()
    late: list[float] = []
    over = asyncio.Event()

    def tick(slot_ns: int) -> None:
        late.append((clock.monotonic_ns() - slot_ns) / 1e6)
        if len(late) >= _TICKS:
            over.set()

    ticks = TimerFdTicks(clock.monotonic_ns, 10_000_000)
    task = asyncio.create_task(ticks.each(tick))
    try:
        await over.wait()
    finally:
        task.cancel()
        await asyncio.wait([task])
        ticks.close()
    return late


def _realtime() -> Finding:
    most = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    if os.geteuid() == 0 or most > 0:
        return Finding("real-time priority", OK, "may be asked for: chrt -f 10 ridethrough run")
    return Finding(
        "real-time priority", WARN, "may not be asked for by this user",
        "LimitRTPRIO=10 in the unit, or rtprio in limits.conf; needed on busy machines only",
    )  # fmt: skip


def _disk(state: Path) -> Finding:
    there = next((p for p in (state, *state.absolute().parents) if p.is_dir()), None)
    if there is None or not os.access(there, os.W_OK | os.X_OK):
        who = f"uid {os.geteuid()}"
        return Finding("state folder", FAIL, f"{state} cannot be written by {who}", "set --state")
    free = shutil.disk_usage(there).free
    text = f"{state.absolute()}: {free / 1024**3:.1f} GiB free"
    if free < _LEAST_SPACE:
        return Finding("state folder", FAIL, text, "make room: nothing is switched unrecorded")
    held = sum(each.stat().st_size for each in there.glob(f"{PREFIX}*{SUFFIX}*"))
    if free + held < LIMIT + _LEAST_SPACE:
        return Finding(
            "state folder", WARN, f"{text}, and the record may take {LIMIT >> 30} GiB",
            "make room, or give run a smaller --record-limit",
        )  # fmt: skip
    return Finding("state folder", OK, text)


def _door(state: Path) -> Finding:
    try:
        running = lives(door_of(state))
    except ValueError as error:
        return Finding("door", FAIL, str(error), "choose a shorter path for --state")
    if running:
        return Finding("door", OK, f"a daemon runs with {state}; ridethrough top shows it")
    return Finding("door", OK, _NOBODY)


def _descriptors(site: Site) -> Finding:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    need = _FILES_BESIDE + 2 * len(site.gateways)
    if most < need:
        return Finding(
            "file descriptors", FAIL, f"{most}, and {need} are needed", f"ulimit -n {need}"
        )
    return Finding("file descriptors", OK, f"{most}, {need} are needed")


def _hook(site: Site) -> Iterator[Finding]:
    if not (program := site.north.hook.program):
        return
    if shutil.which(program[0]) is None:
        yield Finding(
            "shutdown hook", FAIL, f"{program[0]} is no program that can be run",
            "put it there and make it executable, or mend north: hook in the site file",
        )  # fmt: skip
    else:
        yield Finding("shutdown hook", OK, program[0])


def _metrics(site: Site, *, running: bool) -> Finding:
    host, port = site.north.metrics_host, site.north.metrics_port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if running:
            return Finding("metrics", OK, f"{host}:{port} is taken, by the daemon that runs")
        return Finding(
            "metrics", FAIL, f"{host}:{port} cannot be listened on: {error.strerror}",
            f"end what listens there (ss -ltnp 'sport = :{port}'), or give --metrics",
        )  # fmt: skip
    return Finding("metrics", OK, f"{host}:{port} is free")


async def _network(site: Site) -> list[Finding]:
    """Look whether broker and gateways take connections."""
    north = site.north
    asked = [(north.mqtt_host, north.mqtt_port)]
    asked += [(g.host, g.port) for g in site.gateways.values()]
    answers = await asyncio.gather(*(_connects(host, port) for host, port in asked))
    return [
        _broker(f"{north.mqtt_host}:{north.mqtt_port}", answers[0]),
        _gateways(site, answers[1:]),
        Finding(
            "encryption",
            WARN,
            "devices and broker are reached without TLS, so there are no certificates to look at",
            "keep them in a network of their own; nothing else may reach it",
        ),
    ]


def _broker(where: str, why: str) -> Finding:
    if not why:
        return Finding("broker", OK, f"{where} answers")
    return Finding(
        "broker",
        WARN,
        f"{where} {why}: alarms wait until it does",
        "start it, or name another with --mqtt",
    )


def _gateways(site: Site, answers: list[str]) -> Finding:
    silent = [
        f"{g.id} ({g.host}:{g.port} {why})"
        for g, why in zip(site.gateways.values(), answers, strict=True)
        if why
    ]
    if not silent:
        return Finding("gateways", OK, f"all {len(answers)} answer")
    more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
    named = ", ".join(silent[:_NAMED])
    return Finding(
        "gateways",
        WARN,
        f"{len(silent)} of {len(answers)} do not answer: {named}{more}",
        "look at cables, addresses in the site file and firewalls (on a desk: ridethrough demo)",
    )


async def _connects(host: str, port: int) -> str:
    """Return why nobody answers, "" when somebody does."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return "is silent"
    except OSError as error:
        refused = isinstance(error, ConnectionRefusedError)
        return "refuses" if refused else f"cannot be reached ({error.strerror or error})"
    writer.close()
    return ""
