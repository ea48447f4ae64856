"""One run: plant and daemon on one loop of virtual time, from quiet begin to verdicts.

The plant is there first, undisturbed; the daemon is built and started as in production; when it has
read everything, scenario time begins at the next full second. At the end the plant is brought to
the last instant, everybody gives a verdict, and the daemon is told to end.
"""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from numpy.random import PCG64, Generator

from daemon import app
from daemon.core.operation import needs_approval
from daemon.core.ownership import lane_of
from daemon.drivers.image import ImageLinks
from daemon.drivers.modbus_gateway import ModbusDriver
from daemon.drivers.opcua import OpcuaDriver
from daemon.model.commands import (
    HANG,
    TAG,
    TAKE_OFF,
    Approval,
    Operation,
    Order,
    Proposal,
    Selection,
)
from daemon.model.quantities import SECOND, ns, seconds
from daemon.rehearsal.simulation.alarms import AlarmLog
from daemon.rehearsal.simulation.delivery import Delivery
from daemon.rehearsal.simulation.fingerprint import Fingerprint
from daemon.rehearsal.simulation.observer import Scene, Verdict
from daemon.rehearsal.simulation.reach import ImageReach, Process, WireReach
from daemon.rehearsal.simulation.world import Audience, world
from daemon.runtime.clock import processor_s
from daemon.settings.job_notice import job_notice
from device_emulators.faults.flapping import Flapping
from device_emulators.faults.instruments import Instruments
from device_emulators.notices import notice
from device_emulators.pace import Pace
from device_emulators.plant.plant import Plant
from device_emulators.play import Play
from device_emulators.scenario import prepared
from device_emulators.selection import OPERATOR, SCHEDULER
from device_emulators.servers.gateways import SHOW_S, Gateways
from device_emulators.virtual import run as virtual
from device_emulators.virtual.clock import VirtualClock
from device_emulators.virtual.link import located

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from daemon.drivers.driver import Driver, Link
    from daemon.model.transfer_report import TransferReport
    from daemon.rehearsal.simulation.observer import Observer
    from daemon.runtime.daemon import Daemon
    from daemon.runtime.report import RunReport
    from daemon.settings import SiteFile
    from device_emulators.plant.workload import Workload
    from device_emulators.scenario import Scenario
    from device_emulators.virtual.network import Network

PACKAGES: Final = ("pymodbus", "asyncua")
LIVES: Final = "daemon lives"
"""Name of the verdict on the process itself, beside those of the oracles."""
READY_S: Final = 60.0
"""How long the daemon may take to have read everything [s]."""
_LEFT: Final = 8
"""How many runs may leave their plants lying about, some 10 MB each, before that is tidied up."""
_RUNS: Final = count()


@dataclass(frozen=True)
class Case:
    """What is to be run.

    Attributes:
        site_file: the site, as checked.
        scenario: what is done to it; checked.
        seed: of all chance.
        depth: "image" or "wire".
        for_s: scenario time to play [s]; None for what the scenario says.
        workload: what the AI racks do; synthetic training if None.
    """

    site_file: SiteFile
    scenario: Scenario
    seed: int = 0
    depth: str = "image"
    for_s: float | None = None
    workload: Workload | None = None


@dataclass(frozen=True, repr=False)
class Course:
    """What came of a run.

    Nobody reads it as text, but asyncio makes one of what a program came to, and that took longer
    than a second of the plant.

    Attributes:
        case: what was run.
        scene: its plant, at the end.
        expectations: verdicts on what the scenario expects, as plain values.
        oracles: verdicts of the observers, and whether the daemon lived.
        alarms: what the daemon published about alarms.
        interruption_ms: time outside the ITIC curve by critical load [ms].
        report: the daemon's own account.
        transfers: its report of every transfer, the last twenty of many.
        trace_hash: fingerprint of the run.
        speed: scenario seconds per second of processor time.
    """

    case: Case
    scene: Scene
    expectations: tuple[dict[str, Any], ...]
    oracles: tuple[Verdict, ...]
    alarms: AlarmLog
    interruption_ms: dict[str, float]
    report: RunReport
    transfers: tuple[TransferReport, ...]
    trace_hash: str
    speed: float

    @property
    def ok(self) -> bool:
        """Return whether nobody found anything wrong."""
        expected = all(verdict["ok"] is not False for verdict in self.expectations)
        return expected and all(verdict.ok is not False for verdict in self.oracles)


def run(
    case: Case, observers: Sequence[Observer] = (), out: Callable[[str], None] | None = None
) -> Course:
    """Run `case` to its end, seen by `observers`; `out` takes lines for people.

    Raises:
        RuntimeError: the daemon did not become ready, which a sound site always does.
    """

    async def program(network: Network, clock: VirtualClock) -> Course:
        return await _Run(case, observers, out, network, clock).course()

    # What was there before is ten times as much as a run makes: looking through all of it for
    # garbage takes longer than to play a second. Only what was left of earlier runs has to go.
    if next(_RUNS) % _LEFT == 0:
        gc.collect()
    gc.freeze()
    try:
        return virtual.run(program, seed=case.seed, packages=PACKAGES if _wire(case) else ())
    finally:
        gc.collect()
        gc.unfreeze()


def _unread(_line: str) -> None:
    pass


def _wire(case: Case) -> bool:
    return case.depth == "wire"


class _Run:
    """The parts of one run."""

    def __init__(
        self,
        case: Case,
        observers: Sequence[Observer],
        out: Callable[[str], None] | None,
        network: Network,
        clock: VirtualClock,
    ) -> None:
        self._case, self._clock, self._network = case, clock, network
        self._fingerprint, self._alarms = Fingerprint(), AlarmLog()
        self._delivery = Delivery(case.scenario.expect)
        self._observers = [self._fingerprint, self._alarms, self._delivery, *observers]
        self._out = out
        self._site = prepared(case.site_file.site, case.scenario)
        self._audience = Audience(self._observers)
        self._plant = Plant(
            self._site, seed=case.seed, workload=case.workload, start_ns=clock.monotonic_ns()
        )
        self._links = ImageLinks(self)
        self._instruments = Instruments(self._plant)
        self._image_reach = ImageReach(clock.monotonic_ns)
        self._gateways = Gateways(self._site, self) if _wire(case) else None
        reach = (
            self._image_reach
            if self._gateways is None
            else WireReach(self._site, network, self._gateways)
        )
        self._flapping = Flapping(network.loop, reach.suffer)
        self._daemon_clock = VirtualClock(network.loop, clock.utc_ns() - clock.monotonic_ns())
        self._process = Process(network.loop, self._daemon_clock)
        self._play = Play(
            self._site,
            self._instruments,
            case.scenario,
            gateway=self._flapping.suffer,
            daemon=self._process.suffer,
            operator=self._ask,
            scheduler=self._announce,
            out=out,
        )
        self._play.listeners.append(self._happened)
        self._pace = Pace(self._instruments, self._play, network.loop, clock.monotonic_ns)
        self._daemon: Daemon | None = None
        self._asked = 0

    # The plant, as servers and drivers meet it.

    @property
    def now_ns(self) -> int:
        return self._plant.now_ns

    @property
    def version(self) -> int:
        return self._instruments.version + self._image_reach.version

    @property
    def ways(self) -> int:
        return self._image_reach.version

    @property
    def due_ns(self) -> int:
        ways = min(self._image_reach.due_ns, self._flapping.due_ns)
        return min(self._instruments.due_ns, self._play.due_ns, ways)

    def reader(self, names: Sequence[tuple[str, str]]) -> Callable[[], NDArray[np.float64]]:
        return self._instruments.reader(names)

    def identity(self, equipment: str) -> tuple[str, bool]:
        return self._instruments.identity(equipment)

    def answers(self, gateway: str) -> bool:
        return self._image_reach.answers(gateway)

    def write(self, equipment: str, point: str, value: float) -> bool:
        device = self._site.equipment[equipment].device
        assert device is not None, equipment
        write = partial(self._hand_over, equipment, point, value)
        return self._image_reach.carry(device.gateway, write)

    def _hand_over(self, equipment: str, point: str, value: float) -> bool:
        taken = self._pace.write(equipment, point, value)
        if self._audience.open:
            now_ns = self._clock.monotonic_ns()
            for each in self._observers:
                each.wrote(now_ns, equipment, point, value, taken=taken)
        return taken

    def _link(self, link: Link) -> Driver:
        if self._gateways is None:
            return self._links.driver(link)
        return ModbusDriver(link) if link.gateway.protocol == "modbus_tcp" else OpcuaDriver(link)

    # The course of events.

    async def course(self) -> Course:
        self._pace.start()
        follow = await self._serve()
        with located("daemon"):
            chance = Generator(PCG64(self._case.seed))
            there = world(self._daemon_clock, self._link, self._audience, chance)
            daemon = self._daemon = app.build(there, self._case.site_file, self._out or _unread)
            stop = asyncio.Event()
            running = asyncio.create_task(daemon.run(stop))
        try:
            await self._become_ready(running)
            began_s = processor_s()
            scene = self._begin()
            await asyncio.sleep(scene.for_s)
            self._pace.look()
            took_s = processor_s() - began_s
        finally:
            self._pace.stop()
            self._flapping.close()
            self._audience.open = False
            self._process.resume()  # it must hear that it is to end
            stop.set()
            report = await running
            await self._leave(follow)
        return self._judged(scene, report, daemon, took_s)

    async def _serve(self) -> asyncio.Task[None] | None:
        if self._gateways is None:
            return None
        with located("plant"):
            await self._gateways.open(self._clock.utc_ns())
            return asyncio.create_task(self._follow(self._gateways))

    async def _follow(self, gateways: Gateways) -> None:
        while True:
            await gateways.refresh(self._clock.utc_ns())
            await asyncio.sleep(SHOW_S)

    async def _leave(self, follow: asyncio.Task[None] | None) -> None:
        if self._gateways is None or follow is None:
            return
        follow.cancel()
        await asyncio.wait([follow])
        await self._gateways.close()

    async def _become_ready(self, running: asyncio.Task[RunReport]) -> None:
        ready = asyncio.create_task(self._audience.ready.wait())
        both: list[asyncio.Future[Any]] = [ready, running]
        await asyncio.wait(both, timeout=READY_S, return_when="FIRST_COMPLETED")
        if not ready.done() or running.done():
            ready.cancel()
            why = running.result().reason if running.done() else f"not within {READY_S:g} s"
            raise RuntimeError(f"the daemon did not become ready: {why}")
        await asyncio.sleep(seconds(SECOND - self._clock.monotonic_ns() % SECOND))

    def _begin(self) -> Scene:
        case = self._case
        self._pace.look()
        for_s = case.scenario.for_s if case.for_s is None else case.for_s
        scene = Scene(case.site_file, case.scenario, self._plant, self._plant.now_ns, for_s)
        self._play.begin(self._clock.utc_ns())
        self._pace.look()
        for each in self._observers:
            each.begin(scene)
        self._audience.open = True
        self._plant.watchers.append(self._looked)
        return scene

    def _looked(self) -> None:
        for each in self._observers:
            each.look(self._plant.now_ns)

    def _happened(self, events: Sequence[Any]) -> None:
        if self._audience.open:
            for each in self._observers:
                each.happened(events)

    def _ask(self, equipment: str, action: str) -> None:
        """Select an action, have it approved where the site wants that, and operate it."""
        assert self._daemon is not None, "the scenario begins when the daemon is ready"
        self._asked += 1
        point = TAG if action in {HANG, TAKE_OFF} else "command"
        wish = Proposal(equipment, point, action, 0.0, OPERATOR, "asked for")
        id, params = f"{OPERATOR}-{self._asked}", self._case.site_file.control.operation
        orders: list[Order] = [Selection(id, OPERATOR, wish)]
        if needs_approval(self._site, wish, (), params):
            orders.append(Approval(id, f"second {OPERATOR}"))
        for order in (*orders, Operation(id, OPERATOR)):
            self._daemon.scan.ask(lane_of(self._site, wish), order)

    def _announce(self, event: str, values: Mapping[str, Any]) -> None:
        """Tell the daemon of a job, in the words of the wire."""
        assert self._daemon is not None, "the scenario begins when the daemon is ready"
        text = notice(event, values, self._clock.utc_ns())
        self._daemon.scan.ask("main", job_notice(text.encode(), SCHEDULER))

    def _judged(self, scene: Scene, report: RunReport, daemon: Daemon, took_s: float) -> Course:
        played = self._play.report(ns(scene.for_s))
        expected = [e for e in self._case.scenario.expect if e.of_daemon]
        return Course(
            case=self._case,
            scene=scene,
            expectations=(
                *(verdict.as_json() for verdict in played.expectations),
                *self._delivery.judged(played.for_s),
                *self._alarms.judged(expected, played.for_s),
            ),
            oracles=(
                *(verdict for each in self._observers for verdict in each.verdicts(self.now_ns)),
                Verdict(LIVES, report.ok, detail=report.reason),
            ),
            alarms=self._alarms,
            interruption_ms=dict(played.it_interruption_ms),
            report=report,
            transfers=tuple(daemon.reporter.made),
            trace_hash=self._fingerprint.digest,
            speed=scene.for_s / took_s,
        )
