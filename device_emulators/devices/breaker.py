"""Circuit breaker with its own relay: contacts, spring, synchronism check, protection, lockout.

Contacts take their time and show `travelling` meanwhile; the circuit is made or broken at the end
of the travel. A closing spends the spring, which a motor charges again; moulded-case and DC
breakers are driven at once and have none. `close` is a dead-bus close and refused while both sides
are live; `close_in_sync` waits up to the window of the synchroniser, asks the weaker side to pull
in, and closes so that the contacts touch in phase. `open` during a closing command cancels it. A
closing order that still stands when the breaker has opened again closes nothing more until it is
let go (anti-pumping).

What its relay is set to stands in its ratings (see `plant/relaying`); elements that tell of a fault
lock out (86) until reset. A trip that is not obeyed is a breaker failure (50BF): after 200 ms the
breakers that feed the place are tripped and locked out. A stuck breaker that was only told to open
raises the flag alone. A moulded-case breaker cuts a high current before its first peak.

Simplified: no arc, no spring fade; what a current-limiting breaker lets through is not limited in
the network, only shorter. 50N and 51N are shown with 50 and 51, 51V with 51.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.natures import Position
from daemon.model.plant import MainTieMainScheme
from device_emulators.devices.device import Device
from device_emulators.plant.guarding import Guards
from device_emulators.plant.indications import Panel
from device_emulators.plant.protection import SYNC_PU
from device_emulators.plant.reading import Cell
from device_emulators.plant.relaying import OverCurrent
from device_emulators.plant.zones import border, joined

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
"""Opening and closing time by variant on command [s]."""
SPRUNG: Final = frozenset({"vcb", "gcb", "acb"})
"""Variants that close by a spring, and show whether it is charged."""
RELEASE_S: Final[Mapping[str, float]] = {"mccb": 0.010, "dcb": 0.010}
"""Opening time by the release of a breaker whose trip does not go over its drive [s]."""
LIMITING_S: Final = 0.003
"""The same of a moulded-case breaker beyond `LIMITING` times its rated current [s]."""
LIMITING: Final = 25.0

TRIPS: Final = ("27", "32", "49", "50", "51", "59", "67", "81", "87")
SHOWN_AS: Final[Mapping[str, str]] = {
    "50N": "50",
    "51N": "51",
    "51V": "51",
    "81U": "81",
    "81O": "81",
    "81R": "81",
}
SUPPLY: Final = frozenset({"27", "32", "59", "81U", "81O", "81R"})
"""Elements that tell of a lost source, not of a fault: they do not lock out."""
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
        "hold_close": (),
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
    QUANTITIES: ClassVar[tuple[str, ...]] = ("closed", "trip_count", "operating_s")

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        closed = item.normally != "open"
        self.relay: Final = OverCurrent(
            item.id, grid, self.buses, item.ratings, item.variant, self._operated
        )
        self.relay.switch = self.switch = grid.add_switch(
            item.id,
            item.buses[0],
            item.buses[1],
            closed=closed,
            pickup_a=self.relay.pickup_a,
        )
        self._shown = grid.indications.take()
        self.position = Position.CLOSED if closed else Position.OPEN
        self.flags = Panel(grid.indications, {name: name in _NORMAL for name in FLAGS})
        self.trips = Panel(grid.indications, dict.fromkeys(TRIPS, False))
        self.open_count = self.close_count = self.trip_count = 0
        self.operating_s = 0.0
        self._ordered_ns = grid.now_ns
        self.stuck_open = self.stuck_closed = self.close_held = self._pumped = False
        self._waits_for_sync = False
        self.cause = ""
        self.held_by: set[str] = set()
        self.guards: Final = Guards(
            item.id, grid, self.switch, self.buses[0], self._guarded(), self._operated
        )
        self._mind()
        self._register_points()

    def _guarded(self) -> Mapping[str, float]:
        """Return what its guards are set to; the intake of a board guards against a lost mains."""
        schemes = self.grid.site.schemes.values()
        if not any(isinstance(s, MainTieMainScheme) and s.intake == self.id for s in schemes):
            return self.ratings
        loss = {
            "pickup_27_pu": float(self.settings["loss_of_mains_pu"]),
            "delay_27_s": float(self.settings["loss_of_mains_s"]),
        }
        return {**loss, **self.ratings}

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

    def _mind(self) -> None:
        self.alert = len(self.guards) > 0 or self._waits_for_sync or self.relay.busy

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
            self._reset()
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

    def _reset(self) -> None:
        """Unlatch its own relay, and let go of those it has tripped by 50BF."""
        self.flags["lockout_86"] = self.flags["tripped"] = self.flags["failure_50bf"] = False
        self.trips.all_off()
        for device in self.grid.devices.values():
            if isinstance(device, Breaker):
                device.held_by.discard(self.id)

    def _may_close(self) -> bool:
        flags = self.flags
        return (
            self.position is Position.OPEN
            and not self._pumped
            and not self.held_by
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

    def _open(self, cause: str, element: str = "") -> None:
        self._stop_waiting()
        self.grid.timers.cancel(self.id, "closed")
        if self.position is Position.OPEN or self.grid.timers.pending(self.id, "opened"):
            return
        if not self.closed:
            self.position = Position.OPEN
            return
        self.cause = cause
        self._ordered_ns = self.grid.now_ns
        if self.stuck_closed:
            self.grid.after(
                self.id, "50bf", BREAKER_FAILURE_S, lambda: self._failed_to_open(element)
            )
            return
        self.position = Position.TRAVELLING
        self.grid.after(self.id, "opened", self._opening_s(element), self._opened)

    def _opening_s(self, element: str) -> float:
        """Return how long the contacts take: a release does not go over the drive."""
        release_s = RELEASE_S.get(self.item.variant) if element else None
        if release_s is None:
            return TRAVEL_S[self.item.variant][0]
        high = self._current_a() > LIMITING * self.ratings["current_a"]
        return LIMITING_S if high and self.item.variant == "mccb" else release_s

    def _failed_to_open(self, element: str) -> None:
        if not self.closed:
            return
        self.flags["failure_50bf"] = True
        self.grid.say(self.id, "failed_to_open", f"{self.id} did not open")
        fed = self.relay.busy or element in {*SUPPLY, "87", "50BF"}
        if element and fed and self.item.variant not in RELEASE_S:
            for breaker in self._upstream(element):
                breaker.trip("50BF", lockout=True, by=self.id)

    def _upstream(self, element: str) -> list[Any]:
        """Return the breakers through which the place is fed that this one should separate."""
        forward = element in SUPPLY or self.grid.switch_forward[self.switch]
        side = self.buses[0] if forward else self.buses[1]
        found = border(self.grid, joined(self.grid, {side}))
        return [breaker for breaker in found if breaker is not self]

    def _opened(self) -> None:
        self.position = Position.OPEN
        self.open_count += 1
        self.operating_s = (self.grid.now_ns - self._ordered_ns) * 1e-9
        self._pumped = self.close_held
        self.grid.move(self.switch, closed=False, cause=self.cause)
        self.grid.say(self.id, "opened", f"{self.id} open ({self.cause})", cause=self.cause)

    def _close(self, cause: str) -> None:
        self._stop_waiting()
        self.cause = cause
        if self.item.variant in SPRUNG:
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
        """Watch for synchronism, over-current, voltage and frequency."""
        if self._waits_for_sync and self.position is Position.OPEN:
            self._try_sync()
        if len(self.guards):
            self.guards.sense()
        if not self.closed:
            self.relay.drop_out()
        elif self.grid.faults or self.switch in self.grid.overloaded or self.relay.busy:
            self.relay.sense()
        self._mind()
        return False

    def picked_up(self, number: str) -> bool:
        """Return whether an element of its relay has picked up."""
        if number in SUPPLY:
            return self.grid.timers.pending(self.id, number)
        return self.relay.busy and self.relay.picked_up(number)

    def _current_a(self) -> float:
        return float(self.grid.switch_current_a[self.switch])

    def advance(self, dt_s: float) -> None:
        """Let what has picked up travel."""
        self.relay.advance(dt_s)

    def _operated(self, number: str) -> None:
        self.trip(number, lockout=number not in SUPPLY)

    def trip(self, number: str, *, lockout: bool, by: str = "") -> None:
        """Open by protection element `number`; one that is open already is held open.

        Args:
            number: ANSI number of the element.
            lockout: whether a person must reset before it closes again.
            by: whose relay trips it, if not its own: it stays open until that is reset.
        """
        if by:
            self.held_by.add(by)
        if not self.closed:
            self._open(f"trip {number}")
            return
        if self.flags["tripped"]:
            return
        self.flags["tripped"] = True
        self.flags["lockout_86"] = self.flags["lockout_86"] or lockout
        if (shown := SHOWN_AS.get(number, number)) in self.trips:
            self.trips[shown] = True
        self.trip_count += 1
        self.grid.say(self.id, "tripped", f"{self.id} tripped by {number}", element=number)
        self._open(f"trip {number}", number)

    # Happenings.

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Trip, stick, or move a switch on the panel."""
        if event == "trip":
            self.trip("50", lockout=True)
        elif event == "fail_to_open":
            self.stuck_closed = True
        elif event == "fail_to_close":
            self.stuck_open = True
        elif event == "hold_close":
            self.close_held = True
            self.operate("close", "held order")
        elif event in {"local", "remote"}:
            self.flags["local"] = event == "local"
        elif event in {"rack_out", "rack_in"}:
            self.flags["racked_in"] = event == "rack_in"
        else:
            self.flags["emergency_off"] = True
            self._open("emergency off")

    def clear(self) -> None:
        """Free the mechanism and the panel; the lockout stays until it is reset."""
        self.stuck_open = self.stuck_closed = self.close_held = self._pumped = False
        for name in ("local", "racked_in", "emergency_off"):
            self.flags[name] = name in _NORMAL

    def quantity(self, name: str) -> float:
        """Return a point, or what no instrument shows."""
        if name in self.QUANTITIES:
            return float(getattr(self, name))
        return super().quantity(name)
