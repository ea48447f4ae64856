"""The demonstration: plant, broker and daemon as processes, playing one scenario.

The order matters. Ports are asked for before anything starts; the plant is served, quiet, before
the daemon looks for it; the scenario starts when the daemon says that it is ready. Plant time is
counted from that moment. A daemon or broker that dies on the way is said at once and the plant
plays on, since what the devices then do is worth seeing; only the plant's own end is the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.live import Live

from daemon.console.top import UnreachableError, fetch, page
from daemon.rehearsal import broker, ports, report
from daemon.rehearsal.children import Child, ChildError, python
from daemon.rehearsal.desk import scenario_for, site_of
from daemon.rehearsal.lines import Lines
from daemon.runtime.clock import SystemClock
from daemon.settings import SettingsError, broker_at, load, shift_ports
from device_emulators.trace import read_trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from daemon.model.plant import Site
    from device_emulators.scenario import Scenario

READY_S: Final = 60.0
"""How long each process may take until it is ready [s]."""
INTERRUPTED: Final = 130
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown.

    Attributes:
        site: site file or name.
        scenario: scenario file or name.
        trace: measured load, or None for the synthetic one.
        for_s: plant seconds to play, or None for what the scenario says [s].
        state: state folder of the daemon, or None for one that is gone afterwards.
        without_daemon: leave the plant to itself.
        mqtt: URL of another broker, or None for one of our own.
        port_offset: added to every port of the site.
    """

    site: str
    scenario: str
    trace: Path | None = None
    for_s: float | None = None
    state: Path | None = None
    without_daemon: bool = False
    mqtt: str | None = None
    port_offset: int = 0

    def plant_command(self) -> list[str]:
        """Return the command of the emulators."""
        command = python("daemon", "emulate", self.site, "--scenario", self.scenario, "--hold")
        command += ["--json", "--port-offset", str(self.port_offset)]
        command += ["--trace", str(self.trace)] if self.trace else []
        return command + (["--for", str(self.for_s)] if self.for_s else [])

    def daemon_command(self, state: Path, mqtt: str) -> list[str]:
        """Return the command of the daemon: its record in `state`, its alarms to `mqtt`."""
        command = python("daemon", "run", self.site, "--json", "--state", str(state))
        return [*command, "--port-offset", str(self.port_offset), "--mqtt", mqtt]


def demonstrate(wish: Wish, *, as_json: bool) -> int:
    """Play `wish`, print what happens, and return the exit code of the command."""
    return asyncio.run(_demonstrate(wish, as_json))


async def _demonstrate(wish: Wish, as_json: bool) -> int:
    outcome: dict[str, Any] = {"ok": False, "scenario": wish.scenario, "interrupted": False}
    show = Show(wish)
    task = asyncio.create_task(show.perform())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, show.interrupt, task)
    try:
        outcome |= await task
        print(*report.lines(outcome, show.site), sep="\n", flush=True)
    except asyncio.CancelledError:
        outcome["interrupted"] = True
        print("ended on request; nothing of it is running any more", flush=True)
    except (ChildError, SettingsError, ValueError) as error:
        outcome["error"] = str(error)
        print(error, flush=True)
    if as_json:
        print(json.dumps(outcome), flush=True)
    return INTERRUPTED if outcome["interrupted"] else int(not outcome["ok"])


class Show:
    """One demonstration and the processes it consists of.

    Attributes:
        site: the plant, once its file was read.
    """

    site: Site

    def __init__(self, wish: Wish) -> None:
        """Prepare to show `wish`; nothing is read or started yet."""
        self._wish: Final = wish
        self._children: Final[list[Child]] = []
        self._died: Final[list[str]] = []
        self._lines: Final = Lines(_now_s, _out)
        self._interrupted = False

    def interrupt(self, task: asyncio.Task[dict[str, Any]]) -> None:
        """End the show in order; asked again, end it at once."""
        if not self._interrupted:
            self._interrupted = True
            task.cancel()
            return
        for child in self._children:
            child.signal(signal.SIGKILL)

    async def perform(self) -> dict[str, Any]:
        """Start everything, play, end everything, and return what came of it.

        Raises:
            ChildError: a port is taken, or a process did not become ready.
            SettingsError: the site or the scenario was refused.
            ValueError: the trace or the port offset was refused.
        """
        wish = self._wish
        self.site = shift_ports(load(wish.site), wish.port_offset).site
        scenario = self._scenario()
        if wish.trace is not None:
            read_trace(wish.trace)  # refused now, not when half of it has started
        self._refuse_busy_ports()
        for_s = wish.for_s or scenario.for_s
        print(f"{self.site.name}: {scenario.scenario}, {for_s:g} s of plant time")
        if not wish.without_daemon:
            print(*report.heading(self.site, self._broker_at()), sep="\n", flush=True)
        with tempfile.TemporaryDirectory(prefix="ridethrough-") as folder:
            try:
                return await self._play(scenario, Path(folder))
            finally:
                await asyncio.gather(*(child.stop() for child in self._children))

    def _scenario(self) -> Scenario:
        """Return what is to be played; say it if that was written for another site."""
        try:
            return scenario_for(self._wish.scenario, self.site, "desk")
        except SettingsError:
            written_for = site_of(self._wish.scenario)
            if written_for != self.site.id:
                _out(f"{self._wish.scenario} is written for the site {written_for}")
            raise

    def _broker_at(self) -> tuple[str, int]:
        """Return where the daemon publishes."""
        if self._wish.mqtt is None:
            return "127.0.0.1", self.site.north.mqtt_port
        return broker_at(self._wish.mqtt)

    def _refuse_busy_ports(self) -> None:
        needs = [*ports.of_gateways(self.site)]
        if not self._wish.without_daemon:
            needs.append(ports.of_metrics(self.site))
            needs += [] if self._wish.mqtt else [ports.of_broker(self.site)]
        if refused := ports.refusals(needs):
            raise ChildError("\n  ".join(["nothing was started:", *refused]))

    async def _play(self, scenario: Scenario, folder: Path) -> dict[str, Any]:
        began_s = _now_s()
        plant = await self._start_plant(folder)
        controller = await self._start_daemon(folder)
        _out(f"everything is ready after {_now_s() - began_s:.1f} s")
        watchers = [asyncio.create_task(self._watch(c)) for c in self._children if c is not plant]
        for line in by_hand(scenario):
            _out(line)
        self._lines.begin()
        try:
            async with self._at_a_glance():
                await plant.say("start")
                await plant.said("played to the end")
        finally:
            for watcher in watchers:  # what ends from here on is ended by us
                watcher.cancel()
        # The daemon first: it would report every device lost if the plant went before it.
        if controller is not None:
            await controller.stop()
        plant.hang_up()
        await plant.ended()
        if not plant.report:
            raise ChildError(plant.obituary())
        if controller is not None and not controller.report and not self._died:
            self._died.append("daemon")
        said = controller.report if controller else None
        expected = [one for one in scenario.expect if one.of_daemon]
        return report.merge(plant.report, said, expected, self._died)

    @contextlib.asynccontextmanager
    async def _at_a_glance(self) -> AsyncIterator[None]:
        """Keep the page of `ridethrough top` below what is said, where there is a terminal."""
        console = Console()
        if self._wish.without_daemon or not console.is_terminal:
            yield
            return
        north = self.site.north
        url = f"http://{north.metrics_host}:{north.metrics_port}"
        with Live(console=console, auto_refresh=False, transient=True) as live:
            task = asyncio.create_task(_look(url, live))
            try:
                yield
            finally:
                task.cancel()

    async def _start_plant(self, folder: Path) -> Child:
        """Start emulators and broker side by side and wait for both."""
        plant = await self._start("plant", self._wish.plant_command())
        if not self._wish.without_daemon and not self._wish.mqtt:
            port = self.site.north.mqtt_port
            name, command = broker.command(port, folder)
            _out(f"  broker      {name}")
            own = await self._start("broker", command)
            await self._ready(own, lambda: _listens(port))
        await self._ready(plant, lambda: plant.said("ready"))
        return plant

    async def _start_daemon(self, folder: Path) -> Child | None:
        if self._wish.without_daemon:
            return None
        host, port = self._broker_at()
        north = self.site.north
        name = f"[{host}]" if ":" in host else host
        state = self._wish.state or folder / "state"
        command = self._wish.daemon_command(state, f"mqtt://{name}:{port}")
        child = await self._start("daemon", command)
        await self._ready(child, lambda: _is_ready(north.metrics_host, north.metrics_port))
        _out(f"  commands    ridethrough command list --state {state}")
        return child

    async def _start(self, name: str, command: Sequence[str]) -> Child:
        child = await Child.start(name, command, self._lines.show)
        self._children.append(child)
        return child

    async def _ready(self, child: Child, ready: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Wait until `ready()` returns.

        Raises:
            ChildError: `child` ended instead, or it took too long.
        """
        tasks = [asyncio.create_task(ready()), asyncio.create_task(child.process.wait())]
        try:
            await asyncio.wait(tasks, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
            if not child.alive:
                await child.ended()
                raise ChildError(child.obituary())
            if not tasks[0].done():
                raise ChildError(f"{child.name} was not ready within {READY_S:g} s")
        finally:
            for task in tasks:
                task.cancel()

    async def _watch(self, child: Child) -> None:
        """Say it when a child dies while the plant plays on."""
        await child.ended()
        self._died.append(child.name)
        _out(f"{child.obituary()}\nthe plant goes on without it")


def by_hand(scenario: Scenario) -> list[str]:
    """Return what to say to the person who has a part in a scenario; nothing where none has."""
    asks = [one for one in scenario.timeline if one.event == "ask"]
    if not asks:
        return []
    told = [(one.at_s, f"{one.values['of']} {one.values['action']}") for one in asks]
    return [
        "this one needs you, in another terminal, with the --state above (what takes a second",
        "person takes two who were enrolled: ridethrough command enrol --help):",
        *(f"  at {at_s:g} s  ridethrough command select {what}" for at_s, what in told),
    ]


async def _look(url: str, live: Live) -> None:
    """Show the daemon at `url` each second until cancelled."""
    clock = SystemClock()
    while True:
        with contextlib.suppress(UnreachableError):  # its death is said by who watches it
            seen = await asyncio.to_thread(fetch, url)
            live.update(page(seen, clock.utc_ns()), refresh=True)
        await asyncio.sleep(1.0)


def _out(line: str) -> None:
    print(line, flush=True)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _listens(port: int) -> None:
    """Return when somebody listens on `port`."""
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(_LOOK_S)


async def _is_ready(host: str, port: int) -> None:
    """Return when /readyz says so."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
            status = await reader.readline()
            writer.close()
            if b" 200 " in status:
                return
        await asyncio.sleep(_LOOK_S)
