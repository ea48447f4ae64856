"""What happens between the daemon and the plant: to gateways, on the way to them, to the process.

The words are those of `device_emulators.faults.words`. At wire depth they act on the network, or,
where frames are meant, at the doors of the gateways; the real drivers and servers make of it what
they do. At image depth there is no network; a gateway that is out of reach answers nothing, and one
whose silence lasts counts as lost, after the time in which the Modbus driver would say so. What
needs frames is refused there before anything runs.
"""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, Protocol

from daemon.drivers.line import MISSES
from daemon.drivers.modbus import REPLY_S
from daemon.model.quantities import ns
from device_emulators.faults.words import ENDS, OF_WAYS
from device_emulators.play import NEVER
from device_emulators.virtual.link import Fault, Link

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.plant import Site
    from device_emulators.servers.gateways import Gateways
    from device_emulators.virtual.clock import VirtualClock
    from device_emulators.virtual.loop import VirtualLoop
    from device_emulators.virtual.network import Network

DAEMON: Final = "daemon"
"""The machine that the daemon runs on."""
LOST_NS: Final = ns(MISSES * REPLY_S)
"""A gateway is lost when it has not answered for so long [ns]."""
_IMPOSED: Final = {
    "hang": Fault.STALL,
    "cut_to_gateway": Fault.CUT_TO_SERVER,
    "cut_to_daemon": Fault.CUT_TO_CLIENT,
}


class Process:
    """The process of the daemon: when it runs, and what its wall clock shows."""

    def __init__(self, loop: VirtualLoop, clock: VirtualClock) -> None:
        """Let the daemon on `loop` run; `clock` is its own."""
        self._loop, self._clock = loop, clock
        self._paused_until_ns = 0

    def suffer(self, event: str, values: Mapping[str, Any]) -> None:
        """Pause the process, or set its wall clock."""
        if event == "clock_step":
            self._clock.step(ns(float(values["by_s"])))
            return
        for_s = float(values["for_s"])
        self._paused_until_ns = max(self._paused_until_ns, self._loop.time_ns() + ns(for_s))
        self._loop.pause(DAEMON)
        # In a context of its own: the caller may be the very process that is paused.
        self._loop.call_later(for_s, self._resume, context=Context())

    def _resume(self) -> None:
        if self._loop.time_ns() >= self._paused_until_ns:
            self.resume()

    def resume(self) -> None:
        """Let the process run on, however long it was to stand."""
        self._loop.resume(DAEMON)


class Reach(Protocol):
    """The ways between the daemon and the gateways."""

    def suffer(self, gateway: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something to a gateway or the way to it."""
        ...


class WireReach:
    """The ways as connections over a network."""

    def __init__(self, site: Site, network: Network, gateways: Gateways) -> None:
        """Let everything pass over `network`, and at the doors of `gateways`."""
        self._site, self._network, self._gateways = site, network, gateways

    def suffer(self, gateway: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something to a gateway or the way to it."""
        if event in ENDS or event not in OF_WAYS:
            self._gateways.disturb(gateway, event, values)
        if event not in OF_WAYS:
            return
        found, network = self._site.gateways[gateway], self._network
        link = Link(DAEMON, found.host, found.port)
        if event in ENDS:
            network.heal(link)
        elif event == "slow":
            latency_s = float(values["latency_s"])
            network.slow(link, latency_s, 0.1 * latency_s)
        elif event == "cut":
            network.vanish(link)
        elif event in _IMPOSED:
            network.impose(_IMPOSED[event], link)
        else:
            if event == "refuse":
                network.impose(Fault.REFUSE, link)
            network.reset(link)


class ImageReach:
    """The ways as answers to two questions: does a gateway answer, does a write arrive.

    Attributes:
        changes: rises whenever an answer may have changed.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        """Let everything pass; `now_ns` is the time [ns]."""
        self._now_ns = now_ns
        self._refusing: Final[set[str]] = set()
        self._silent_ns: Final[dict[str, int]] = {}
        self._obeying: Final[set[str]] = set()
        self._reset: Final[set[str]] = set()
        self._given_up = 0
        self.changes = 0

    def suffer(self, gateway: str, event: str, values: Mapping[str, Any]) -> None:
        """Do something to a gateway or the way to it."""
        self.changes += 1
        if event == "reset":
            self._reset.add(gateway)
            return
        if event == "slow" and 2.0 * float(values["latency_s"]) < REPLY_S:
            return  # answers still come in time; when in a period they do, nobody sees here
        if event in ENDS:
            self._refusing.discard(gateway)
            self._silent_ns.pop(gateway, None)
            self._obeying.discard(gateway)
        elif event == "refuse":
            self._refusing.add(gateway)
        else:
            self._silent_ns.setdefault(gateway, self._now_ns())
            if event in {"cut_to_daemon", "slow"}:
                self._obeying.add(gateway)

    @property
    def version(self) -> int:
        """Return a number that rises whenever an answer may have changed."""
        if self._silent_ns:
            now_ns = self._now_ns()
            given_up = sum(now_ns - since >= LOST_NS for since in self._silent_ns.values())
            if given_up != self._given_up:
                self._given_up = given_up
                self.changes += 1
        return self.changes

    @property
    def due_ns(self) -> int:
        """Return when the next gateway that says nothing counts as lost, or `NEVER` [ns]."""
        now_ns = self._now_ns()
        losses = [since + LOST_NS for since in self._silent_ns.values()]
        return min([at_ns for at_ns in losses if at_ns > now_ns], default=NEVER)

    def answers(self, gateway: str) -> bool:
        """Return whether a gateway answers now.

        Raises:
            ConnectionError: it cannot be reached at all.
        """
        if gateway in self._reset:
            self._reset.discard(gateway)
            self.changes += 1
            raise ConnectionResetError("connection reset")
        if gateway in self._refusing:
            raise ConnectionRefusedError("cannot connect")
        since_ns = self._silent_ns.get(gateway)
        if since_ns is None:
            return True
        if self._now_ns() - since_ns >= LOST_NS:
            raise ConnectionAbortedError("no reply")
        return False

    def carry(self, gateway: str, write: Callable[[], bool]) -> bool:
        """Return what a device behind a gateway says to a write that is on its way.

        Raises:
            ConnectionError: no answer came; the device may have acted all the same.
        """
        if gateway in self._refusing:
            raise ConnectionRefusedError("cannot connect")
        if gateway in self._silent_ns:
            if gateway in self._obeying:
                write()
            raise ConnectionAbortedError("no reply")
        return write()
