"""Local controller of a main-tie-main switchboard, inhibited while the daemon lives.

Once per 100 ms it reads the positions and takes the one next step they call for, so that it can
take over in the middle of whatever the daemon had begun:

1. A section dead for two seconds: open its main breaker.
2. Generator bus dead and a set ready: close one set onto it. Further ready sets: in synchronism.
3. Generator bus live and enough sets on it (or ten seconds waited): close the feeders of the dead
   sections, one at a time.
4. Mains healthy for the return time: join the intake, then return each section with an open
   transition; when no section needs them, take the sets off and stop them.

Simplified: it sheds nothing. "Enough" is every set that has not failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.plant import MainTieMainScheme, Section
from device_emulators.devices.breaker import Breaker
from device_emulators.devices.device import SECOND, Device
from device_emulators.devices.generator import Generator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SELECTOR: Final = ("auto", "manual", "test")
PERIOD_NS: Final = SECOND // 10


class SwitchgearController(Device):
    """Controller of a breaker scheme."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "emergency_off": (),
        "maintenance": (),
        "manual": (),
        "auto": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "dead_s": 2.0,
        "enough_s": 10.0,
        "feeder_s": 3.0,
        "return_s": 30.0,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.stage = "inhibited"
        self.selector = "auto"
        self.flags = {"emergency_off": False, "maintenance": False}
        self.scheme = next(
            (
                s
                for s in grid.site.schemes.values()
                if isinstance(s, MainTieMainScheme) and s.controller == item.id
            ),
            None,
        )
        self._due_ns = grid.now_ns
        self._since: dict[str, int] = {}
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "selector": lambda: float(SELECTOR.index(self.selector)),
            "emergency_off": lambda: float(self.flags["emergency_off"]),
            "maintenance": lambda: float(self.flags["maintenance"]),
        }

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage}", stage=stage)

    def _lasted(self, name: str, seconds: float, *, holds: bool) -> bool:
        """Return whether a condition has held for a time."""
        if not holds:
            self._since.pop(name, None)
            return False
        since = self._since.setdefault(name, self.grid.now_ns)
        return self.grid.now_ns - since >= round(seconds * SECOND)

    def sense(self) -> bool:
        """Act once per period."""
        scheme = self.scheme
        if scheme is None or self.grid.now_ns < self._due_ns:
            return False
        self._due_ns = self.grid.now_ns + PERIOD_NS
        own = scheme.authority == "device" or not self.daemon_present
        if not own or self.selector != "auto" or any(self.flags.values()):
            self._since.clear()
            self._enter("inhibited")
            return False
        self._enter(self._act(scheme))
        return False

    def _breaker(self, id_: str) -> Breaker:
        breaker = self.grid.devices[id_]
        assert isinstance(breaker, Breaker)
        return breaker

    def _set(self, id_: str) -> Generator:
        found = self.grid.devices[id_]
        assert isinstance(found, Generator)
        return found

    def _bus_dead(self, bus: str) -> bool:
        return self.grid.dead(self.grid.bus[bus])

    def _act(self, scheme: MainTieMainScheme) -> str:
        dead = [s for s in scheme.sections if self._bus_dead(s.bus)]
        mains_back = self._mains_back(scheme)
        islanded = [s for s in scheme.sections if self._breaker(s.generator_feeder).closed]
        if mains_back and (dead or islanded):
            return self._return(scheme, dead, islanded)
        if not self._lasted("dead", float(self.settings["dead_s"]), holds=bool(dead or islanded)):
            self._retire(scheme, islanded)
            return "watching"
        for section in dead:
            main = self._breaker(section.main)
            if main.closed:
                main.operate("open", "own logic")
                return "isolating"
        if not self._connect_sets(scheme):
            return "starting"
        return self._feed(scheme, dead)

    def _connect_sets(self, scheme: MainTieMainScheme) -> bool:
        """Bring ready sets onto the generator bus; return whether enough of them are on it."""
        pairs = [(self._set(g), self._breaker(b)) for g, b in scheme.sets.items()]
        waiting = [b for g, b in pairs if g.running and not b.closed and not b.waits_for_sync]
        closing = any(b.position.name == "TRAVELLING" for _, b in pairs)
        on_bus = sum(b.closed for g, b in pairs if g.running)
        if self._bus_dead(scheme.generator_bus):
            if waiting and not closing:
                waiting[0].operate("close", "own logic")
        else:
            for breaker in waiting:
                breaker.operate("close_in_sync", "own logic")
        able = sum(g.stage != "fault" for g, _ in pairs)
        waited = self._lasted("first_set", float(self.settings["enough_s"]), holds=on_bus > 0)
        return on_bus > 0 and (on_bus >= able or waited)

    def _feed(self, scheme: MainTieMainScheme, dead: list[Section]) -> str:
        for section in dead:
            feeder = self._breaker(section.generator_feeder)
            busy = self.grid.timers.pending(self.id, "pause")
            if not self._breaker(section.main).closed and not feeder.closed and not busy:
                feeder.operate("close", "own logic")
                self.grid.after(self.id, "pause", float(self.settings["feeder_s"]), lambda: None)
        return "feeding"

    def _mains_back(self, scheme: MainTieMainScheme) -> bool:
        intake = self._breaker(scheme.intake)
        source, load = intake.buses
        seen = source if not intake.closed else load
        good = bool(self.grid.v[seen] >= 0.9 and self.grid.leader(seen) is not None)
        leader = self.grid.leader(seen)
        good = good and leader is not None and leader.machine is None
        lost = any(self._bus_dead(s.bus) for s in scheme.sections) or any(
            self._breaker(s.generator_feeder).closed for s in scheme.sections
        )
        return self._lasted("mains", float(self.settings["return_s"]), holds=good and lost)

    def _return(
        self, scheme: MainTieMainScheme, dead: list[Section], islanded: list[Section]
    ) -> str:
        intake = self._breaker(scheme.intake)
        if not intake.closed:
            intake.operate("close", "own logic")
            return "returning"
        for section in scheme.sections:
            upstream = self._breaker(section.upstream) if section.upstream else None
            if upstream is not None and not upstream.closed:
                upstream.operate("close", "own logic")
                return "returning"
            feeder, main = self._breaker(section.generator_feeder), self._breaker(section.main)
            if section in islanded:
                feeder.operate("open", "own logic")
                return "returning"
            if section in dead and not main.closed:
                main.operate("close", "own logic")
                return "returning"
        return "returning"

    def _retire(self, scheme: MainTieMainScheme, islanded: list[Section]) -> None:
        if islanded:
            return
        for set_id, breaker_id in scheme.sets.items():
            machine, breaker = self._set(set_id), self._breaker(breaker_id)
            if machine.stage in {"ready", "loaded"}:
                breaker.operate("open", "own logic")
                machine.order("stop")

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Move a switch on the panel."""
        if event in self.flags:
            self.flags[event] = True
        else:
            self.selector = event

    def clear(self) -> None:
        """Everything on the panel back to normal."""
        self.flags = dict.fromkeys(self.flags, False)
        self.selector = "auto"
