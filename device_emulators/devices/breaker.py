"""Circuit breaker with its own relay: contacts, spring, synchronism check, over-current, lockout.

Contacts take their time and show `travelling` meanwhile; the circuit is made or broken at the end
of the travel. A closing spends the spring, which a motor charges again. `close` is a dead-bus close
and refused while both sides are live; `close_in_sync` waits up to the window of the synchroniser,
asks the weaker side to pull in, and closes so that the contacts touch in phase. `open` during a
closing command cancels it (anti-pumping). 51 follows the IEC standard inverse curve, 50 acts at
once; both lock out (86) until reset. Loss of mains at the intake breaker of a main-tie-main scheme
opens it without lockout. The relay feels for an open command that was not obeyed (50BF flag).

Simplified: no arc time, no spring fade; 50BF is a flag and trips nothing upstream yet.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.natures import Position
from daemon.model.plant import MainTieMainScheme
from device_emulators.devices.device import Device
from device_emulators.plant.indications import Panel
from device_emulators.plant.protection import SYNC_PU, standard_inverse_s
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

TRAVEL_S: Final[Mapping[str, tuple[float, float]]] = {
    "vcb": (0.050, 0.070),
    "gcb": (0.050, 0.070),
    "acb": (0.070, 0.080),
    "mccb": (0.020, 0.030),
    "dcb": (0.020, 0.030),
}
"""Opening and closing time by variant [s]."""

TRIPS: Final = ("27", "32", "49", "50", "51", "59", "67", "81", "87")
BREAKER_FAILURE_S: Final = 0.2
FLAGS: Final = (
    "local",
    "racked_in",
    "spring_charged",
    "tripped",
    "lockout_86",
    "failure_50bf",
    "emergency_off",
)
_NORMAL: Final = frozenset({"racked_in", "spring_charged"})


class Breaker(Device):
    """AC (52) or DC (72) circuit breaker."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "trip": (),
        "fail_to_open": (),
        "fail_to_close": (),
        "local": (),
        "remote": (),
        "rack_out": (),
        "rack_in": (),
        "emergency_off": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "spring_s": 5.0,
        "sync_window_s": 10.0,
        "loss_of_mains_s": 0.35,
        "loss_of_mains_pu": 0.5,
    }
    QUANTITIES: ClassVar[tuple[str, ...]] = ("closed",)

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        closed = item.normally != "open"
        pickups = [item.ratings[n] for n in ("pickup_51_a", "pickup_50_a") if n in item.ratings]
        self.switch = grid.add_switch(
            item.id,
            item.buses[0],
            item.buses[1],
            closed=closed,
            pickup_a=min(pickups, default=math.inf),
        )
        self._shown = grid.indications.take()
        self.position = Position.CLOSED if closed else Position.OPEN
        self.flags = Panel(grid.indications, {name: name in _NORMAL for name in FLAGS})
        self.trips = Panel(grid.indications, dict.fromkeys(TRIPS, False))
        self.open_count = self.close_count = 0
        self.stuck_open = self.stuck_closed = False
        self._waits_for_sync = False
        self._heat_51_pu = 0.0
        self._timing_51 = False
        self.cause = ""
        self.guards_mains = any(
            isinstance(s, MainTieMainScheme) and s.intake == item.id
            for s in grid.site.schemes.values()
        )
        self._mind()
        self._register_points()

    def _register_points(self) -> None:
        grid, (a, b) = self.grid, self.buses
        self.points = {
            "position": Cell(grid.indications, "values", self._shown),
            "sync_25": Cell(grid, "switch_in_sync", self.switch),
            "source_voltage_v": grid.volts_cell(a),
            "load_voltage_v": grid.volts_cell(b),
            "current_a": Cell(grid, "switch_current_a", self.switch),
            "power_w": Cell(grid, "switch_w", self.switch),
            "open_count": lambda: float(self.open_count),
            "close_count": lambda: float(self.close_count),
        }
        for flag in FLAGS:
            self.points[flag] = self.flags.cell(flag)
        for trip in TRIPS:
            self.points[f"trip_{trip}"] = self.trips.cell(trip)

    @property
    def position(self) -> Position:
        """Return what the auxiliary contacts say."""
        return self._position

    @position.setter
    def position(self, position: Position) -> None:
        self._position = position
        self.grid.indications.values[self._shown] = position.value

    @property
    def waits_for_sync(self) -> bool:
        """Return whether it closes as soon as both sides are in synchronism."""
        return self._waits_for_sync

    @waits_for_sync.setter
    def waits_for_sync(self, waits: bool) -> None:
        self._waits_for_sync = waits
        if waits:
            self.grid.waiting[self.switch] = (self.buses[0], self.buses[1])
        else:
            self.grid.waiting.pop(self.switch, None)
        self._mind()

    @property
    def heat_51_pu(self) -> float:
        """Return how far the disc of the 51 has turned [pu]."""
        return self._heat_51_pu

    @heat_51_pu.setter
    def heat_51_pu(self, heat_pu: float) -> None:
        self._heat_51_pu = heat_pu
        self._mind()

    def _mind(self) -> None:
        turning = self._timing_51 or self._heat_51_pu > 0.0
        self.alert = self.guards_mains or self._waits_for_sync or turning

    @property
    def closed(self) -> bool:
        """Return whether the contacts touch."""
        return self.grid.switches[self.switch].closed

    # Commands.

    def act(self, action: str) -> bool:
        """Obey a remote command unless the panel switch is on local."""
        if self.flags["local"]:
            return False
        return self.operate(action, "command")

    def operate(self, action: str, cause: str) -> bool:
        """Open, close, close in synchronism or reset, from wherever; return whether accepted."""
        if action == "open":
            self._open(cause)
            return True
        if action == "reset":
            self.flags["lockout_86"] = self.flags["tripped"] = self.flags["failure_50bf"] = False
            self.trips.all_off()
            return True
        if not self._may_close():
            return self.position is Position.CLOSED
        if action == "close_in_sync":
            self.cause = cause
            self._wait_for_sync()
            return True
        if self._both_live():
            self.grid.say(self.id, "close_refused", f"{self.id} refused to close: both sides live")
            return False
        self._close(cause)
        return True

    def _may_close(self) -> bool:
        flags = self.flags
        return (
            self.position is Position.OPEN
            and bool(flags["spring_charged"])
            and bool(flags["racked_in"])
            and not flags["lockout_86"]
            and not flags["emergency_off"]
        )

    def _both_live(self) -> bool:
        a, b = self.buses
        both = not self.grid.dead(a) and not self.grid.dead(b)
        if both and not self.grid.is_ac[a]:
            return bool(abs(self.grid.v[a] - self.grid.v[b]) > SYNC_PU)
        return both

    def _open(self, cause: str) -> None:
        self._stop_waiting()
        self.grid.timers.cancel(self.id, "closed")
        if self.position is Position.OPEN or self.grid.timers.pending(self.id, "opened"):
            return
        if not self.closed:
            self.position = Position.OPEN
            return
        self.cause = cause
        if self.stuck_closed:
            self.grid.after(self.id, "50bf", BREAKER_FAILURE_S, self._failed_to_open)
            return
        self.position = Position.TRAVELLING
        self.grid.after(self.id, "opened", TRAVEL_S[self.item.variant][0], self._opened)

    def _failed_to_open(self) -> None:
        if self.closed:
            self.flags["failure_50bf"] = True
            self.grid.say(self.id, "failed_to_open", f"{self.id} did not open")

    def _opened(self) -> None:
        self.position = Position.OPEN
        self.open_count += 1
        self.grid.move(self.switch, closed=False, cause=self.cause)
        self.grid.say(self.id, "opened", f"{self.id} open ({self.cause})", cause=self.cause)

    def _close(self, cause: str) -> None:
        self._stop_waiting()
        self.cause = cause
        self.flags["spring_charged"] = False
        self.grid.after(self.id, "spring", float(self.settings["spring_s"]), self._charged)
        if self.stuck_open:
            self.grid.say(self.id, "failed_to_close", f"{self.id} did not close")
            return
        self.position = Position.TRAVELLING
        self.grid.after(self.id, "closed", TRAVEL_S[self.item.variant][1], self._closed)

    def _charged(self) -> None:
        self.flags["spring_charged"] = True

    def _closed(self) -> None:
        self.position = Position.CLOSED
        self.close_count += 1
        self.flags["tripped"] = False
        self.trips.all_off()
        self.grid.move(self.switch, closed=True, cause=self.cause)
        self.grid.say(self.id, "closed", f"{self.id} closed ({self.cause})", cause=self.cause)

    # Synchronism.

    def _wait_for_sync(self) -> None:
        self.waits_for_sync = True
        self.grid.after(self.id, "sync", float(self.settings["sync_window_s"]), self._sync_expired)

    def _stop_waiting(self) -> None:
        self.waits_for_sync = False
        self.grid.timers.cancel(self.id, "sync")

    def _sync_expired(self) -> None:
        self.waits_for_sync = False
        self.grid.say(self.id, "sync_expired", f"{self.id} found no synchronism in its window")

    def _try_sync(self) -> None:
        a, b = self.buses
        gap = self.grid.gap(a, b)
        if gap is None:
            if not self.grid.is_ac[a] and self.grid.switch_in_sync[self.switch]:
                self._close(self.cause)
            return
        if gap.will_be_within(TRAVEL_S[self.item.variant][1]):
            self._close(self.cause)

    # Protection.

    def sense(self) -> bool:
        """Watch for synchronism, over-current and loss of mains."""
        if self.waits_for_sync and self.position is Position.OPEN:
            self._try_sync()
        if self.guards_mains:
            self._guard_mains()
        if self.switch in self.grid.overloaded or self._timing_51 or self.heat_51_pu > 0.0:
            self._over_current()
        return False

    def _current_a(self) -> float:
        return float(self.grid.switch_current_a[self.switch])

    def _over_current(self) -> None:
        if not self.closed:
            self._drop_out()
            return
        pickup = self.ratings.get("pickup_51_a")
        instant = self.ratings.get("pickup_50_a")
        current = self._current_a()
        if instant is not None and current > instant:
            self.trip("50", lockout=True)
            return
        if pickup is None:
            return
        seconds = standard_inverse_s(
            current, pickup, self.ratings.get("time_multiplier_51_pu", 0.1)
        )
        if seconds == math.inf:
            self._drop_out()
            return
        self._timing_51 = True
        self._mind()
        left_s = (1.0 - self.heat_51_pu) * seconds
        self.grid.after(self.id, "51", left_s, lambda: self.trip("51", lockout=True))

    def _drop_out(self) -> None:
        """Forget a pick-up of the 51, also one that was gone in the same instant."""
        self._timing_51 = False
        self.heat_51_pu = 0.0
        self.grid.timers.cancel(self.id, "51")

    def advance(self, dt_s: float) -> None:
        """Let the disc of the 51 turn."""
        pickup = self.ratings.get("pickup_51_a")
        if pickup is None or (self.switch not in self.grid.overloaded and self.heat_51_pu == 0.0):
            return
        seconds = standard_inverse_s(
            self._current_a(),
            pickup,
            self.ratings.get("time_multiplier_51_pu", 0.1),
        )
        self.heat_51_pu = min(1.0, self.heat_51_pu + dt_s / seconds) if seconds < 1e9 else 0.0

    def _guard_mains(self) -> None:
        lost = (
            self.closed
            and self.grid.v[self.buses[1]] < self.settings["loss_of_mains_pu"]
            and self.grid.v[self.buses[0]] < self.settings["loss_of_mains_pu"]
        )
        if not lost:
            self.grid.timers.cancel(self.id, "27")
        elif not self.grid.timers.pending(self.id, "27"):
            delay = float(self.settings["loss_of_mains_s"])
            self.grid.after(self.id, "27", delay, lambda: self.trip("27", lockout=False))

    def trip(self, number: str, *, lockout: bool) -> None:
        """Open by protection element `number`."""
        if not self.closed or self.flags["tripped"]:
            return
        self.flags["tripped"] = True
        self.flags["lockout_86"] = self.flags["lockout_86"] or lockout
        self.trips[number] = True
        self.heat_51_pu = 0.0
        self.grid.say(self.id, "tripped", f"{self.id} tripped by {number}", element=number)
        self._open(f"trip {number}")

    # Happenings.

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip, stick, or move a switch on the panel."""
        if event == "trip":
            self.trip("50", lockout=True)
        elif event == "fail_to_open":
            self.stuck_closed = True
        elif event == "fail_to_close":
            self.stuck_open = True
        elif event in {"local", "remote"}:
            self.flags["local"] = event == "local"
        elif event in {"rack_out", "rack_in"}:
            self.flags["racked_in"] = event == "rack_in"
        else:
            self.flags["emergency_off"] = True
            self._open("emergency off")

    def clear(self) -> None:
        """Free the mechanism and the panel; the lockout stays until it is reset."""
        self.stuck_open = self.stuck_closed = False
        for name in ("local", "racked_in", "emergency_off"):
            self.flags[name] = name in _NORMAL

    def quantity(self, name: str) -> float:
        """Return a point, or `closed`."""
        return float(self.closed) if name == "closed" else super().quantity(name)
