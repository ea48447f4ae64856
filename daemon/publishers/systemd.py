"""systemd: that the daemon is ready, that it goes on, that it ends (sd_notify(3)).

The watchdog is fed by the scan and by nothing else, so that a loop that hangs is ended and started
anew. A lane that stands in its fail-safe does not hang: it stopped on purpose, and starting anew
would meet the same defect; `/livez` and the alarm tell of it. Where nobody listens nothing is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Final

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.model.events import AlarmTransition, Event
    from daemon.publishers.publisher import North, Snapshot

HANGS: Final = 2 * SECOND
"""A lane that has not scanned for this long hangs."""
MICROSECOND: Final = 1_000
SPARE: Final = 4
"""Signs of life in the time that systemd waits for one."""


class SystemdPublisher:
    """Tells the service manager that started the daemon.

    Attributes:
        name: as it is called in messages.
    """

    name = "systemd"

    def __init__(
        self, north: North, environment: Mapping[str, str] = os.environ, pid: int | None = None
    ) -> None:
        """Talk to whom `environment` names, as the process `pid` (this one)."""
        self._now_ns = north.now_ns
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        wanted = environment.get("WATCHDOG_PID", "") in {"", str(pid or os.getpid())}
        limit_us = environment.get("WATCHDOG_USEC", "0") if wanted else "0"
        self._every_ns = int(limit_us) * MICROSECOND // SPARE
        self._next_ns = 0
        self._ready = False

    def show(self, snapshot: Snapshot) -> None:
        """Say once that the daemon is ready, and from time to time that no lane hangs."""
        now_ns = self._now_ns()
        if snapshot.ready and not self._ready:
            self._ready = True
            self._send(f"READY=1\nSTATUS={len(snapshot.gateways)} gateways, scanning")
        lanes = snapshot.lanes.values()
        hangs = any(not lane.stopped and now_ns - lane.last_ns > HANGS for lane in lanes)
        if self._every_ns and not hangs and now_ns >= self._next_ns:
            self._next_ns = now_ns + self._every_ns
            self._send("WATCHDOG=1")

    def tell(self, news: Sequence[Event | AlarmTransition]) -> None:
        """Say nothing: what happens is no affair of the service manager."""

    async def run(self) -> None:
        """Wait for the end, and say that it comes."""
        try:
            await asyncio.Event().wait()
        finally:
            self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        with socket.socket(socket.AF_UNIX, kind) as way, contextlib.suppress(OSError):
            # Who is gone or busy may be reached by the next sign of life.
            way.sendto(text.encode(), self._address)
