"""What a service manager hears, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from daemon.model.quantities import SECOND
from daemon.publishers.systemd import HANGS, SystemdPublisher
from tests.unit.publishers.north import north, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Manager:
    """A service manager that listens, and a clock in its hands."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(str(path))
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "4000000"}
        self.now_ns = 100 * SECOND
        self.place = replace(north(), now_ns=lambda: self.now_ns)

    def heard(self) -> list[str]:
        """Return what came since it last listened."""
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(self.socket.recv(1000).decode().partition("\n")[0])
        return said


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """One that listens."""
    made = Manager(tmp_path / "notify")
    yield made
    made.socket.close()


def publisher(manager: Manager, **more: str) -> SystemdPublisher:
    """Return a publisher that was started by `manager`."""
    return SystemdPublisher(manager.place, manager.environment | more, pid=7)


async def end(made: SystemdPublisher) -> None:
    """Run it and end it."""
    task = asyncio.create_task(made.run())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_ready_is_said_once_and_the_end_is_said(manager: Manager) -> None:
    made = publisher(manager, WATCHDOG_USEC="0")
    made.show(snapshot(manager.place, ready=False))
    assert manager.heard() == []
    for _ in range(3):
        made.show(snapshot(manager.place))
    assert manager.heard() == ["READY=1"]
    await end(made)
    assert manager.heard() == ["STOPPING=1"]


async def test_the_watchdog_is_fed_four_times_in_its_time(manager: Manager) -> None:
    made = publisher(manager)
    for _ in range(40):
        manager.now_ns += SECOND // 10
        made.show(snapshot(manager.place, ready=False))
    assert manager.heard() == ["WATCHDOG=1"] * 4
    await end(made)


async def test_a_lane_that_hangs_starves_it_and_a_fail_safe_does_not(manager: Manager) -> None:
    made = publisher(manager)
    shown = snapshot(manager.place)
    manager.now_ns += HANGS + 1
    made.show(shown)
    assert "WATCHDOG=1" not in manager.heard()
    shown.lanes["main"].stopped = "a defect"
    made.show(shown)
    assert manager.heard() == ["WATCHDOG=1"]
    await end(made)


async def test_a_watchdog_of_another_process_is_not_fed(manager: Manager) -> None:
    made = publisher(manager, WATCHDOG_PID="8")
    made.show(snapshot(manager.place, ready=False))
    assert manager.heard() == []
    await end(made)


async def test_nobody_who_listens_costs_nothing(manager: Manager) -> None:
    for address in ("", "/nowhere/at/all"):
        made = publisher(manager, NOTIFY_SOCKET=address)
        made.show(snapshot(manager.place))
        await end(made)
