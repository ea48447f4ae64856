"""Local controller of a main-tie-main switchboard, inhibited while the daemon lives.

Once per 100 ms it reads the positions and takes the one next step they call for, so that it can
take over in the middle of whatever the daemon had begun:

1. A section dead for two seconds: open its main breaker.
2. Generator bus dead and a set ready: close one set onto it. Further ready sets: in synchronism.
3. Generator bus live and enough sets on it (or ten seconds waited): open those outgoing feeders of
   the dead sections whose load blocks do not fit the sets, by priority and by what they carried on
   the mains; then close the feeders of the sections, one at a time, and blocks again that fit.
4. Sets overloaded for a second, or their frequency below 97 % for 0.2 s: open the last block.
   While blocks are open, start every set that can be started.
5. Mains healthy for the return time: join the intake, then return each section with an open
   transition and its shed blocks after it; when no section needs them, take the sets off and stop
   them.

Emergency power off and fire trip open every breaker of the scheme and stop its sets, whoever has
authority, and hold them until they are reset (`clear`). TEST on the selector starts the sets and
runs them without load; nothing is switched.

Simplified: "enough" is every set that has not failed. A block opened here stays the business of
whoever has authority when the daemon comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.plant import MainTieMainScheme, Section
from device_emulators.devices.breaker import Breaker
from device_emulators.devices.device import SECOND, Device
from device_emulators.devices.generator import Generator
from device_emulators.devices.load_blocks import LoadBlocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SELECTOR: Final = ("auto", "manual", "test")
PERIOD_NS: Final = SECOND // 10
REMEMBER_NS: Final = SECOND
CAPACITY_PU: Final = 0.9
"""Part of the rating of the sets that blocks are allowed to fill."""
OVERLOAD_PU: Final = 1.05
LOW_HZ_PU: Final = 0.97
SHED_S: Final = 1.0
SLOW_S: Final = 0.2
STOPPED: Final = "emergency stop"


class SwitchgearController(Device):
    """Controller of a breaker scheme."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "emergency_off": (),
        "fire_trip": (),
        "maintenance": (),
        "manual": (),
        "auto": (),
        "test": (),
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
        self.blocks: LoadBlocks | None = None
        self._tested: list[Generator] = []
        self._due_ns = self._remember_ns = grid.now_ns
        self._since: dict[str, int] = {}
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "selector": lambda: float(SELECTOR.index(self.selector)),
            "emergency_off": lambda: float(self.flags["emergency_off"]),
            "maintenance": lambda: float(self.flags["maintenance"]),
        }

    def begin(self) -> None:
        """Find the feeders of the board."""
        if self.scheme is not None:
            self.blocks = LoadBlocks(self.grid, self.scheme)

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
        if self.grid.now_ns >= self._remember_ns and self.blocks is not None:
            self._remember_ns = self.grid.now_ns + REMEMBER_NS
            self.blocks.remember()
        if self.selector == "test" or self._tested:
            self._test(scheme)
        own = scheme.authority == "device" or not self.daemon_present
        if not own or self.selector != "auto" or any(self.flags.values()):
            self._since.clear()
            self._enter("inhibited")
            return False
        self._enter(self._act(scheme))
        return False

    def _test(self, scheme: MainTieMainScheme) -> None:
        """Run the sets without load while the selector is on TEST."""
        if self.selector == "test" and not any(self.flags.values()):
            for id_ in scheme.sets:
                found = self._set(id_)
                if found.stage == "stopped" and found not in self._tested and found.act("start"):
                    self._tested.append(found)
            return
        for found in self._tested:
            if not any(breaker.closed for breaker in found.own_breakers()):
                found.order("stop")
        self._tested.clear()

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
            if not dead and not islanded:
                self._restore()
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

    def _capacity_w(self, scheme: MainTieMainScheme) -> float:
        """Return the rating of the sets on the generator bus [W]."""
        pairs = [(self._set(g), self._breaker(b)) for g, b in scheme.sets.items()]
        return sum(g.machine.power_w for g, b in pairs if g.running and b.closed)

    def _feed(self, scheme: MainTieMainScheme, dead: list[Section]) -> str:
        self._call_sets(scheme)
        if self._shed_overload(scheme) or self.grid.timers.pending(self.id, "pause"):
            return "feeding"
        assert self.blocks is not None
        fitting = self.blocks.fitting(CAPACITY_PU * self._capacity_w(scheme))
        for section in dead:
            feeder = self._breaker(section.generator_feeder)
            if self._breaker(section.main).closed or feeder.closed:
                continue
            if self._thin_out(section, fitting):
                return "feeding"
            feeder.operate("close", "own logic")
            self._pause(float(self.settings["feeder_s"]))
            return "feeding"
        self._take_back(fitting)
        return "feeding"

    def _call_sets(self, scheme: MainTieMainScheme) -> None:
        assert self.blocks is not None
        if any(block.shed for block in self.blocks.blocks):
            for id_ in scheme.sets:
                if self._set(id_).stage == "stopped":
                    self._set(id_).act("start")

    def _pause(self, seconds: float) -> None:
        self.grid.after(self.id, "pause", seconds, lambda: None)

    def _thin_out(self, section: Section, fitting: set[str]) -> bool:
        """Open blocks of a dead section that do not fit; return whether any still is on."""
        assert self.blocks is not None
        over = [
            block
            for block in self.blocks.blocks
            if block.section is section and block.breaker.closed and block.breaker.id not in fitting
        ]
        for block in over:
            block.shed = True
            block.breaker.operate("open", "own logic: does not fit the sets")
        stuck = self._lasted("thinning", SHED_S, holds=bool(over))
        return bool(over) and not stuck

    def _take_back(self, fitting: set[str]) -> None:
        """Close the next shed block that fits and whose section is live."""
        assert self.blocks is not None
        for block in self.blocks.blocks:
            live = self.grid.live(self.grid.bus[block.section.bus])
            if block.shed and live and block.breaker.id in fitting:
                block.shed = not block.breaker.operate("close", "own logic")
                self._pause(float(self.settings["feeder_s"]))
                return

    def _shed_overload(self, scheme: MainTieMainScheme) -> bool:
        """Open the least block when the sets carry too much; return whether they do."""
        bus = self.grid.bus[scheme.generator_bus]
        pairs = [(self._set(g), self._breaker(b)) for g, b in scheme.sets.items()]
        carried_w = sum(g.former.given_w for g, b in pairs if g.running and b.closed)
        over = carried_w > OVERLOAD_PU * self._capacity_w(scheme)
        slow = self.grid.live(bus) and self.grid.f[bus] < LOW_HZ_PU * self.grid.nominal_hz
        lasting = self._lasted("overload", SHED_S, holds=over)
        if not (self._lasted("slow", SLOW_S, holds=slow) or lasting):
            return False
        assert self.blocks is not None
        block = self.blocks.least()
        if block is not None:
            block.shed = True
            block.carried_w = max(
                block.carried_w, abs(float(self.grid.switch_w[block.breaker.switch]))
            )
            block.breaker.operate("open", "own logic: sets overloaded")
        for name in ("overload", "slow"):
            self._since.pop(name, None)
        self._pause(float(self.settings["feeder_s"]))
        return True

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

    def _restore(self) -> None:
        """Close what was shed, now that the mains feed the sections again."""
        if self.blocks is not None and not self.grid.timers.pending(self.id, "pause"):
            self._take_back({block.breaker.id for block in self.blocks.blocks})

    def _retire(self, scheme: MainTieMainScheme, islanded: list[Section]) -> None:
        if islanded:
            return
        for set_id, breaker_id in scheme.sets.items():
            machine, breaker = self._set(set_id), self._breaker(breaker_id)
            if machine.stage in {"ready", "loaded"}:
                breaker.operate("open", "own logic")
                machine.order("stop")

    # Happenings.

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Push a button or move a switch on the panel."""
        if event == "maintenance":
            self.flags[event] = True
        elif event in {"emergency_off", "fire_trip"}:
            self.flags["emergency_off"] = True
            self._all_off()
        else:
            self.selector = event

    def _held(self) -> Iterator[Breaker]:
        """Yield every breaker of the scheme."""
        scheme = self.scheme
        if scheme is None:
            return
        names = [scheme.intake, scheme.tie, *scheme.sets.values(), *scheme.storage_feeders]
        for section in scheme.sections:
            names += [section.main, section.generator_feeder, section.upstream]
        for name in dict.fromkeys(names):
            if name:
                yield self._breaker(name)

    def _all_off(self) -> None:
        for breaker in self._held():
            breaker.happen("emergency_off", {})
        for id_ in self.scheme.sets if self.scheme is not None else ():
            self._set(id_).fault(STOPPED)

    def clear(self) -> None:
        """Everything on the panel back to normal; what emergency power off held is free again."""
        if self.flags["emergency_off"]:
            for breaker in self._held():
                breaker.flags["emergency_off"] = False
            for id_ in self.scheme.sets if self.scheme is not None else ():
                if self._set(id_).cause == STOPPED:
                    self._set(id_).order("reset")
        self.flags = dict.fromkeys(self.flags, False)
        self.selector = "auto"
