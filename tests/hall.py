"""The AI hall as images: a plant of dictionaries that obeys commands, for tests of the core.

It shares nothing with the emulators and little with the daemon: voltages follow from a flood fill
over closed switches, devices act after fixed times. What a test wants to be otherwise it sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from daemon import settings
from daemon.core.step import Inputs, Params, State, Step, initial, step
from daemon.model.commands import Command, LaneMessage, Outcome, Result
from daemon.model.events import Event
from daemon.model.image import Image, freeze
from daemon.model.natures import Position, Role
from daemon.model.plant import MainTieMainScheme
from daemon.model.points import PointTable, tabulate
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.model.commands import Message
    from daemon.model.plant import Equipment, Site

TICK_NS = 10_000_000
_VERSIONS = count(1)
"""Of the images of all halls: one may go on with the state of another."""
OPEN, CLOSED, TRAVELLING = (
    Position.OPEN.value,
    Position.CLOSED.value,
    Position.TRAVELLING.value,
)


@cache
def site_file(name: str = "ai_hall") -> tuple[Site, PointTable, Any]:
    """Return site, point table and control of a site file, loaded once."""
    loaded = settings.load(settings.site_path(name))
    return loaded.site, tabulate(loaded.site), loaded.control


def params(lane: str = "switching", name: str = "ai_hall", **control: object) -> Params:
    """Return what a lane of a site runs with; `control` replaces blocks."""
    site, points, settled = site_file(name)
    return Params(lane, site, points, replace(settled, **control), epoch=1)


class At(NamedTuple):
    """A time that has come, for a table by itself."""

    now_ns: int

    def passed(self, at_ns: int) -> bool:
        """Return whether a time has come [ns]."""
        return self.now_ns >= at_ns


@dataclass
class Hall:
    """The plant on paper.

    Attributes:
        params: site, points and settings.
        now_ns: time of the next scan [ns].
        positions: breaker -> position code.
        utilities: utility -> whether it gives voltage.
        stages: equipment -> label of its stage point.
        said: (equipment, point) -> value that replaces whatever would be there.
        hidden: (equipment, point) that are not good now.
        start_s: generator -> time from start order to ready; none = never [s].
        stuck: breakers that do not obey.
        synchronism_s: time a close_in_sync takes.
    """

    params: Params = field(default_factory=params)
    now_ns: int = 100 * SECOND
    positions: dict[str, int] = field(default_factory=dict)
    utilities: dict[str, bool] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    connected: dict[str, int] = field(default_factory=dict)
    said: dict[tuple[str, str], float] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    start_s: dict[str, float | None] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    synchronism_s: float = 1.5
    caps_follow: bool = True
    commands: list[Command] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    messages: list[LaneMessage] = field(default_factory=list)
    """What was said of the supply."""
    inbox: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Put everything into its normal position."""
        for item in self.site.equipment.values():
            if "position" in item.kind.points:
                normal = CLOSED if item.normally == "closed" else OPEN
                self.positions[item.id] = OPEN if item.nature == "earthing_switch" else normal
            if item.nature == "utility":
                self.utilities[item.id] = True
            if item.nature == "transfer_switch":
                self.connected[item.id] = 2 if item.normally == "source_2" else 1
            if item.nature in _START_S:
                self.start_s[item.id] = _START_S[item.nature]
        self.stages |= {
            item.id: _NORMAL_STAGES[item.nature]
            for item in self.site.equipment.values()
            if item.nature in _NORMAL_STAGES
        }
        self.state: State = initial(self.params, self.now_ns)
        self._due: list[tuple[int, Callable[[], None]]] = []
        self._drawn_of: object = None
        self._live_of: object = None
        self.start_ns = self.now_ns

    @property
    def site(self) -> Site:
        """Return the site."""
        return self.params.site

    # -- physics ---------------------------------------------------------------------------------

    def live(self) -> dict[str, frozenset[str]]:
        """Return the sources that reach each bus."""
        parts = (self.positions, self.utilities, self.stages, self.connected)
        key = [self.site, *(dict(part) for part in parts)]
        if key != self._live_of:
            self._live, self._live_of = self._flood(), key
        return self._live

    def _flood(self) -> dict[str, frozenset[str]]:
        fed: dict[str, set[str]] = {bus: set() for bus in self.site.buses}
        links: dict[str, list[str]] = {bus: [] for bus in self.site.buses}
        for item in self.site.equipment.values():
            for a, b in self._links(item):
                links[a].append(b)
        for item in self.site.equipment.values():
            if self._gives(item):
                frontier = [item.buses[0]]
                while frontier:
                    bus = frontier.pop()
                    if item.id not in fed[bus]:
                        fed[bus].add(item.id)
                        frontier += links[bus]
        return {bus: frozenset(names) for bus, names in fed.items()}

    def _links(self, item: Equipment) -> list[tuple[str, str]]:
        role = item.kind.role
        if role is Role.SWITCH and self.positions.get(item.id, CLOSED) != CLOSED:
            return []
        if role is Role.CONVERTER and self.stages.get(item.id) in {"normal", "running"}:
            return [(item.buses[0], item.buses[-1])]
        if role in {Role.SWITCH, Role.TRANSFORMER}:
            return [(item.buses[0], item.buses[1]), (item.buses[1], item.buses[0])]
        if role is Role.TRANSFER and self.connected[item.id]:
            a = item.buses[self.connected[item.id] - 1]
            return [(a, item.buses[2]), (item.buses[2], a)]
        return []

    def _gives(self, item: Equipment) -> bool:
        if item.nature == "utility":
            return self.utilities[item.id]
        if item.nature == "ups":
            return False
        return self.stages.get(item.id) in {"ready", "loaded", "house_load", "grid_forming"}

    def image(self) -> Image:
        """Return what the daemon would read now."""
        parts = (self.positions, self.utilities, self.stages, self.connected, self.said)
        key = ([dict(part) for part in parts], set(self.hidden), set(self.silent))
        if key != self._drawn_of:
            self._drawn, self._drawn_of = self._draw(), key
            self._version = next(_VERSIONS)
        values, quality = self._drawn
        source_ns = np.full(len(values), self.now_ns, dtype=np.int64)
        image = freeze(self.now_ns, self.now_ns + 10**18, values, quality, source_ns)
        return replace(image, version=self._version)

    def _draw(self) -> tuple[Any, Any]:
        """Return values and quality of every point."""
        points = self.params.points
        values, quality = np.zeros(len(points)), np.zeros(len(points), dtype=np.uint32)
        live = self.live()
        for point in points.points:
            key = (point.equipment, point.spec.name)
            item = self.site.equipment[point.equipment]
            if key in self.hidden or point.equipment in self.silent:
                quality[point.index] = Quality.BAD_NO_COMMUNICATION
            values[point.index] = self.said.get(key, self._value(item, point.spec.name, live))
        return values, quality

    def _value(  # noqa: PLR0911 - a table
        self, item: Equipment, name: str, live: dict[str, frozenset[str]]
    ) -> float:
        def volts(terminal: int) -> float:
            bus = item.buses[terminal]
            return self.site.buses[bus].voltage_v if live[bus] else 0.0

        if name == "stage" and item.id in self.stages:
            return float(item.kind.points["stage"].states.index(self.stages[item.id]))
        if name in _TRUE:
            return 1.0
        terminal = _TERMINALS.get(name)
        if terminal is not None and terminal < len(item.buses):
            return volts(terminal)
        match name:
            case "position":
                return self.positions[item.id]
            case "connected":
                return self.connected[item.id]
            case "frequency_hz":
                return 60.0 if live[item.buses[0]] else 0.0
            case "source_1_healthy" | "presence":
                return bool(live[item.buses[0]])
            case "source_2_healthy":
                return bool(live[item.buses[1]])
            case "pickup_27":
                return not live[item.buses[0]]
            case "neutral_earthed":
                return self._earths(item.id)
            case "soc_pu":
                return 0.9
            case "available_w" | "discharge_limit_w":
                return item.ratings["power_w"]
        return 0.0

    def _earths(self, name: str) -> bool:
        """Return whether a set that runs keeps its neutral earthed: the first on the bus does."""
        if self.stages[name] not in {"ready", "loaded"}:
            return False
        schemes = [s for s in self.site.schemes.values() if isinstance(s, MainTieMainScheme)]
        sets = next((s.sets for s in schemes if name in s.sets), {})
        joined = [
            n
            for n, breaker in sets.items()
            if self.positions[breaker] == CLOSED and self.stages[n] in {"ready", "loaded"}
        ]
        return name not in joined or name == joined[0]

    # -- devices ---------------------------------------------------------------------------------

    def later(self, after_s: float, act: Callable[[], None]) -> None:
        """Let something happen after a time."""
        self._due.append((self.now_ns + ns(after_s), act))

    def obey(self, command: Command) -> None:
        """Act on a command as the device would."""
        if command.point != "command":
            return
        self.inbox.append(Outcome(command.id, Result.ACKNOWLEDGED, self.now_ns, ""))
        name = command.equipment
        if name in self.stuck:
            return
        if command.action == "start":
            after_s = self.start_s[name]
            turbine = self.site.equipment[name].nature == "gas_turbine"
            self.stages[name] = "starting" if turbine else "cranking"
            end = "fault" if after_s is None else "ready"
            self.later(75.0 if after_s is None else after_s, lambda: self._end_start(name, end))
        elif command.action == "stop":
            self.stages[name] = "cooling_down"
            self.later(5.0, lambda: self.stages.update({name: "stopped"}))
        elif command.action.startswith("to_source"):
            self.connected[name] = 3
            self.later(0.2, lambda: self.connected.update({name: int(command.action[-1])}))
        else:
            self._switch(name, command.action)

    def _end_start(self, name: str, stage: str) -> None:
        if self.stages[name] in {"cranking", "starting"}:  # not told to stop meanwhile
            self.stages[name] = stage

    def _switch(self, name: str, action: str) -> None:
        end = OPEN if action == "open" else CLOSED
        if self.positions[name] == end:
            return
        a, b = self.site.equipment[name].buses[:2]
        live = self.live()
        if action == "close" and live[a] and live[b] and live[a] != live[b]:
            return  # the device's own 25
        wait_s = self.synchronism_s if action == "close_in_sync" else 0.0
        self.later(wait_s, lambda: self.positions.update({name: TRAVELLING}))
        self.later(wait_s + 0.05, lambda: self.positions.update({name: end}))

    def lose_mains(self) -> None:
        """Lose both feeds; the loss-of-mains protection opens the intake and on-site sources."""
        self.utilities = dict.fromkeys(self.utilities, False)
        for name in ("52-VCB-IN", "52-GCB-SMR", "52-GCB-PV"):
            self.later(0.3, lambda n=name: self.positions.update({n: OPEN}))  # type: ignore[misc]

    def happen(self) -> None:
        """Let happen what is due."""
        ripe = [act for at, act in self._due if at <= self.now_ns]
        self._due = [(at, act) for at, act in self._due if at > self.now_ns]
        for act in ripe:
            act()

    # -- the scan --------------------------------------------------------------------------------

    def scan(self) -> Step:
        """Run one scan and let the plant obey it."""
        self.happen()
        inbox, self.inbox = tuple(self.inbox), []
        done = step(self.state, Inputs(self.image(), inbox), self.params)
        self.state = done.state
        self.commands += [c for c in done.commands if c.point == "command"]
        self.events += [e for e in done.events if isinstance(e, Event)]
        told = [m for m in done.messages if isinstance(m, LaneMessage)]
        self.messages += [m for m in told if m.topic == "supply"]
        for command in done.commands:
            self.obey(command)
        if self.caps_follow:
            for message in done.messages:
                if isinstance(message, LaneMessage) and message.topic == "supply":
                    limit_w = message.values["rows_limit_w"]
                    total_w = limit_w if limit_w > 0 else 6.24e6
                    self.inbox.append(LaneMessage("main", "caps", {"rows_limit_w": total_w}))
        self.now_ns += TICK_NS
        return done

    def run(self, duration_s: float, until: Callable[[], bool] | None = None) -> bool:
        """Scan for a time, or until something holds; return whether it came to hold."""
        end_ns = self.now_ns + ns(duration_s)
        while self.now_ns < end_ns:
            self.scan()
            if until and until():
                return True
        return until is None

    # -- what tests ask --------------------------------------------------------------------------

    def happened(self, name: str, source: str = "") -> list[Event]:
        """Return the events of a name (and source)."""
        return [e for e in self.events if e.name == name and source in {"", e.source}]

    def told(self, equipment: str) -> list[str]:
        """Return the actions a device was told, in order."""
        return [c.action for c in self.commands if c.equipment == equipment]

    def sources_of(self, bus: str) -> frozenset[str]:
        """Return what really feeds a bus."""
        return self.live()[bus]


@cache
def _settled() -> tuple[State, int]:
    hall = Hall()
    hall.run(16.5)
    return hall.state, hall.now_ns


def settled() -> Hall:
    """Return a hall whose feeds have been stable for long, with nothing said yet."""
    hall = Hall()
    hall.state, hall.now_ns = _settled()
    return hall


_START_S = {"generator": 8.0, "gas_turbine": 30.0}
_TRUE = {"racked_in", "spring_charged", "sync_25", "in_sync", "available", "bypass_available"}
_TRUE |= {"daemon_present", "inhibited"}
_NORMAL_STAGES = {
    "generator": "stopped",
    "gas_turbine": "stopped",
    "smr": "house_load",
    "pv": "feeding",
    "ups": "normal",
    "rectifier": "normal",
    "hvdc": "running",
    "switchgear_controller": "inhibited",
    "rack_row": "running",
}
_TERMINALS = {
    "source_voltage_v": 0,
    "load_voltage_v": 1,
    "voltage_ll_v": 0,
    "voltage_v": 0,
    "source_1_voltage_ll_v": 0,
    "source_2_voltage_ll_v": 1,
    "load_voltage_ll_v": 2,
    "input_voltage_ll_v": 0,
    "output_voltage_ll_v": 1,
    "output_voltage_v": 1,
}
