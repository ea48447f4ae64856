"""The plant on the desk: physics on a fixed grid of real time, served by every gateway of the site.

Plant time follows the loop's clock in whole steps, so the same code runs on a loop whose time is
virtual. Steps that are late are made up for, one after the other; a machine that falls more than a
second behind loses that time to the plant, and it is said, because a plant that races is no plant.

The scenario has a zero of its own. Until `start` the plant runs undisturbed, so that a daemon can
find it in its normal state.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import stat
import sys
import time  # noqa: TID251 - the desk is the outside: its process has a clock of its own
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from daemon.model.quantities import ns, seconds
from device_emulators.faults.hatch import Hatch, path_of
from device_emulators.faults.instruments import Instruments
from device_emulators.faults.live import Live
from device_emulators.notices import notice
from device_emulators.plant.plant import Plant
from device_emulators.play import Play, Playable
from device_emulators.scenario import prepared
from device_emulators.selection import SCHEDULER
from device_emulators.servers.gateways import SHOW_S, Gateways
from device_emulators.servers.served import Served
from device_emulators.trace import TraceError, read_load
from device_emulators.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from daemon.model.plant import Site
    from device_emulators.play import Report
    from device_emulators.scenario import Scenario

__all__ = ["Desk", "DeskPlant", "TraceError", "run", "vocabulary"]

STEP_S: Final = 0.02
CATCH_UP_S: Final = 1.0


class DeskPlant(Served, Playable, Protocol):
    """A plant that can be served and played on."""


class Desk:
    """One plant, its servers and its scenario."""

    def __init__(
        self,
        site: Site,
        plant: DeskPlant,
        scenario: Scenario | None = None,
        *,
        utc_ns: Callable[[], int],
        out: Callable[[str], None] = print,
        step_s: float = STEP_S,
        hatch: bool = False,
    ) -> None:
        """Set the desk up; nothing is served and no time passes yet.

        Args:
            site: the site of the plant.
            plant: the plant.
            scenario: what to play, or None to let time pass.
            utc_ns: the wall clock [ns since 1970].
            out: takes lines for people.
            step_s: grid on which the plant is advanced [s].
            hatch: take faults by hand, through a socket.
        """
        self._plant, self._utc_ns, self._out, self._step_ns = plant, utc_ns, out, ns(step_s)
        self._scenario = scenario
        self._gateways = Gateways(site, plant)
        self._jobs = f"ridethrough/v1/{site.id}/job/notice/{SCHEDULER}"
        self._play = Play(
            site,
            plant,
            scenario,
            gateway=self._gateways.disturb,
            operator=self._ask,
            scheduler=self._announce,
            out=out,
        )
        self._live = Live(site, self._play, vocabulary()) if hatch else None
        self._hatch = Hatch(path_of(site), self._live.answer) if self._live else None
        self._started, self._stopped = False, False
        self._slipped_s = 0.0
        self._slips: list[dict[str, float]] = []
        self._shown_ns = plant.now_ns

    def _ask(self, of: str, action: str) -> None:
        """Leave to the person at this desk what a person does in a scenario."""
        self._out(f"now it is for you: ridethrough command select {of} {action}")

    def _announce(self, event: str, values: Mapping[str, Any]) -> None:
        """Leave to the person at this desk what a scheduler says in a scenario."""
        text = notice(event, values, self._utc_ns())
        self._out(f"now it is for you: mosquitto_pub -q 1 -t {self._jobs} -m '{text}'")

    async def open(self) -> None:
        """Serve every gateway.

        Raises:
            OSError: a port cannot be had; names gateway and port. Nothing is left open.
        """
        await self._gateways.open(self._utc_ns())
        if self._hatch is not None:
            try:
                await self._hatch.open()
            except OSError as error:
                self._out(f"[plant] takes no faults by hand: {error}")

    async def close(self) -> None:
        """Close every server and connection."""
        if self._hatch is not None:
            await self._hatch.close()
        await self._gateways.close()

    def start(self) -> None:
        """Begin the scenario at the next step."""
        self._started = True

    def stop(self) -> None:
        """End at the next step."""
        self._stopped = True

    async def play(self, for_s: float | None = None) -> Report:
        """Run until the end of the scenario, or for `for_s` of its time [s], or until `stop`."""
        if for_s is None and self._scenario is not None:
            for_s = self._scenario.for_s
        for_ns = None if for_s is None else ns(for_s)
        await self._pace(for_ns)
        report = self._play.report(for_ns, self._slipped_s)
        return replace(report, slips=tuple(self._slips))

    async def linger(self) -> None:
        """Let time pass until `stop`, so that whoever is connected can leave in peace."""
        await self._pace(None)

    async def _pace(self, for_ns: int | None) -> None:
        """Keep the plant at the time of the loop, in whole steps."""
        clock = asyncio.get_running_loop().time
        began_s, origin_ns = clock(), self._plant.now_ns
        while not self._stopped and (for_ns is None or self._play.time_ns < for_ns):
            elapsed_ns = ns(clock() - began_s) // self._step_ns * self._step_ns
            behind_ns = origin_ns + elapsed_ns - self._plant.now_ns
            if behind_ns > ns(CATCH_UP_S):
                lost_s = seconds(behind_ns - self._step_ns)
                began_s += lost_s
                self._slipped_s += lost_s
                if self._play.begun:
                    self._slips.append({"at_s": seconds(self._play.time_ns), "lost_s": lost_s})
                self._out(f"[plant] this machine is too slow: {lost_s:.1f} s of plant time lost")
            elif behind_ns > 0:
                if self._started and not self._play.begun:
                    self._play.begin(self._utc_ns())
                self._play.advance(self._plant.now_ns + self._step_ns)
                if self._live is not None:
                    self._live.advance()
                await self._show()
                await asyncio.sleep(0)  # requests come between two steps of catching up
            else:
                due_s = began_s + seconds(elapsed_ns + self._step_ns)
                await asyncio.sleep(max(0.0, due_s - clock()))

    async def _show(self) -> None:
        """Let the OPC UA nodes follow, at their own pace."""
        if self._plant.now_ns - self._shown_ns >= ns(SHOW_S):
            self._shown_ns = self._plant.now_ns
            await self._gateways.refresh(self._utc_ns())


async def run(
    site: Site,
    scenario: Scenario | None = None,
    *,
    trace: Path | None = None,
    for_s: float | None = None,
    hold: bool = False,
    seed: int = 0,
    out: Callable[[str], None] = print,
) -> Report:
    """Serve `site` in real time until the scenario has ended, or until Ctrl-C; the whole process.

    Args:
        site: the site, with the ports to listen on.
        scenario: what to play; None lets time pass.
        trace: measured load instead of the synthetic one.
        for_s: scenario time to play [s]; as the scenario says when left out.
        hold: begin only when a line `start` comes on standard input; serve until it ends.
        seed: of all chance.
        out: takes lines for people.

    Raises:
        OSError: a port cannot be had.
        TraceError: the trace was refused.
        ValueError: it is to hold, and nobody can tell it to start.
    """
    if hold and not _lines_can_come():
        raise ValueError("--hold waits for a line on standard input, and none can come on this one")
    loop = asyncio.get_running_loop()
    gc.disable()  # building the servers makes a million objects and no garbage
    if scenario is not None:
        site = prepared(site, scenario)
    workload = None if trace is None else read_load(trace)
    plant = Instruments(Plant(site, seed=seed, workload=workload))
    desk = Desk(site, plant, scenario, utc_ns=time.time_ns, out=out, hatch=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, desk.stop)
    try:
        await desk.open()
        gc.freeze()  # what is there now stays, and need not be looked at again
        gc.enable()
        out(f"[plant] ready: {len(site.gateways)} gateways of {site.name} on this desk")
        if not hold:
            desk.start()
            return await desk.play(for_s)
        transport, _ = await loop.connect_read_pipe(lambda: _StartLine(desk), sys.stdin)
        try:
            report = await desk.play(for_s)
            out("[plant] played to the end; still serving until standard input ends")
            await desk.linger()
            return report
        finally:
            transport.close()
    finally:
        gc.enable()
        await desk.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _lines_can_come() -> bool:
    """Return whether standard input is something that can be waited for."""
    kind = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or sys.stdin.isatty()


class _StartLine(asyncio.Protocol):
    """Starts the desk at a line `start`, and ends it when nobody is there any more to say so."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard = (self._heard + data)[-64:]
        if b"start\n" in self._heard:
            self._desk.start()

    def connection_lost(self, exc: Exception | None) -> None:
        self._desk.stop()
