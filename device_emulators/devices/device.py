"""What every emulated device has: points, a command block, a heartbeat, injected happenings.

A device that obeys commands takes a block of `command_epoch`, `command_id` and `command`, written
in this order in one transaction. It refuses an epoch below the highest it has seen, and accepts a
repeated id without acting again. A device with a heartbeat knows whether the daemon lives; when
the beat has been missing for `fallback_after_s` it calls `fall_back`.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from daemon.model.natures import FALLBACKS, PointKind
from device_emulators.plant.indications import Panel
from device_emulators.plant.reading import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

SECOND: Final = 1_000_000_000
_REMEMBERED_IDS: Final = 64


class Device:
    """Base of all device kinds.

    Subclasses register their slots and switches in `__init__`, give `points`, and override the
    hooks they need. Hooks run for all devices in file order.

    Attributes:
        EVENTS: happenings a scenario may inject, with the values each one needs.
        DEFAULTS: what the `emulation:` block of a site may change, with its defaults.
        QUANTITIES: true values that can be asked for beside the points.
        heard: how often it was told something that may change what it does.
    """

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    DEFAULTS: ClassVar[Mapping[str, float]] = {}
    QUANTITIES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, item: Equipment, grid: Grid) -> None:
        self.id: Final = item.id
        self.item: Final = item
        self.grid: Final = grid
        self.ratings: Final = item.ratings
        self.buses: Final = tuple(grid.bus[bus] for bus in item.buses)
        self.settings: Final = {
            **self.DEFAULTS,
            **grid.site.emulation.get(item.nature, {}),
            **grid.site.emulation.get(item.id, {}),
        }
        self.setpoints = Panel(grid.indications, {})
        self._epoch = 0
        self._pending: tuple[int, int] = (0, 0)
        self._seen: deque[int] = deque(maxlen=_REMEMBERED_IDS)
        self._beat_value: float | None = None
        device = item.device
        self._patience_ns = round(device.fallback_after_s * SECOND) if device is not None else 0
        self._hears_until_ns = grid.now_ns + self._patience_ns
        self._listener = grid.beats.add(self._hears_until_ns)
        self.heard = 0
        self._alert = True
        self.points: dict[str, Callable[[], float]] = {}

    @property
    def alert(self) -> bool:
        """Return whether it has to advance and sense although no current is too high."""
        return self._alert

    @alert.setter
    def alert(self, alert: bool) -> None:
        if alert is not self._alert:
            self._alert = alert
            self.grid.alerts += 1

    # Hooks, in the order in which a step calls them.

    def begin(self) -> None:
        """Take the settled state the site file asks for, once, after all devices are registered."""

    def advance(self, dt_s: float) -> None:
        """Integrate what moves, the electrical solution held for `dt_s` [s] up to now."""

    def demand(self) -> None:
        """Say what is wanted at DC buses and by plain AC loads."""

    def draw(self) -> None:
        """Say what a converter takes, after the DC side is settled."""

    def sense(self) -> bool:
        """Look at the solution; return whether anything electrical has changed by it."""
        return False

    def sample(self) -> None:
        """Refresh measured values, every 20 ms."""

    def hurries(self) -> bool:
        """Return whether it is amid something that wants short steps."""
        return False

    def balance(self) -> tuple[float, float, float]:
        """Return what it gives from outside the site, consumes and loses now [W, W, W]."""
        return 0.0, 0.0, 0.0

    def stored_j(self) -> float:
        """Return the energy stored and the heat its stores have lost so far [J]."""
        return 0.0

    def fall_back(self) -> None:
        """Act on the daemon's silence as the site declares."""

    def resume(self) -> None:
        """The daemon is back."""

    def breakers_at(self, *buses: int) -> list[Any]:
        """Return the breakers that end at one of `buses`, in file order."""
        return [
            d
            for d in self.grid.devices.values()
            if d.item.nature == "breaker" and set(buses) & set(d.buses)
        ]

    def own_breakers(self) -> list[Any]:
        """Return the breaker that joins the equipment to its bus, if it has one to itself."""
        found = self.breakers_at(self.buses[0])
        return found if len(found) == 1 else []

    # Points.

    def read(self, point: str) -> float:
        """Return what the device reports for `point`, in engineering units.

        Raises:
            ValueError: the device has no such point.
        """
        try:
            return self.points[point]()
        except KeyError:
            return self._common(point)

    def getter(self, point: str) -> Callable[[], float]:
        """Return what reads `point` time after time.

        Raises:
            ValueError: the device has no such point.
        """
        self.read(point)
        if point == "life_count":
            return Cell(self.grid, "life", 0)
        if point == "daemon_present":
            return Cell(self.grid.beats, "present", self._listener)
        if point in self.setpoints and point not in self.points:
            return self.setpoints.cell(point)
        return self.points.get(point) or partial(self._common, point)

    def _common(self, point: str) -> float:
        if point == "life_count":
            return float(self.grid.life[0])
        if point == "command_epoch":
            return float(self._epoch)
        if point == "command_id":
            return float(self._pending[1])
        if point == "command":
            return 0.0
        if point == "heartbeat":
            return self._beat_value or 0.0
        if point == "daemon_present":
            return float(self.daemon_present)
        if point in {"fallback_after_s", "fallback"}:
            return self._fallback(point)
        if point in self.setpoints:
            return self.setpoints[point]
        valid = ", ".join(sorted(self.item.kind.points))
        raise ValueError(f"{self.id} has no point {point!r} (valid: {valid})")

    def _fallback(self, point: str) -> float:
        """Return what is set for the daemon's silence."""
        device = self.item.device
        if device is None:
            return 0.0
        return (
            device.fallback_after_s
            if point == "fallback_after_s"
            else float(FALLBACKS.index(device.fallback))
        )

    def quantity(self, name: str) -> float:
        """Return the true value behind a point, or a quantity that no instrument shows.

        Raises:
            ValueError: there is no such quantity.
        """
        return self.read(name)

    def teller(self, name: str) -> Callable[[], float]:
        """Return what asks for a quantity time after time."""
        plain = type(self).quantity is Device.quantity
        return self.getter(name) if plain else partial(self.quantity, name)

    def write(self, point: str, value: float) -> bool:
        """Take a write; return whether it was accepted.

        Raises:
            ValueError: the device has no such point.
        """
        spec = self.item.kind.points.get(point)
        if spec is None:
            valid = ", ".join(sorted(self.item.kind.points))
            raise ValueError(f"{self.id} has no point {point!r} (valid: {valid})")
        if point == "command_epoch":
            self._pending = (int(value), self._pending[1])
            return int(value) >= self._epoch
        if point == "command_id":
            self._pending = (self._pending[0], int(value))
            return True
        if spec.kind is PointKind.COMMAND:
            return self._take(int(value), spec.states)
        if spec.kind is PointKind.HEARTBEAT:
            self._beat(value)
            return True
        if spec.kind is PointKind.SETPOINT:
            before = self.setpoints.get(point)
            accepted = self.set(point, value)
            self.heard += self.setpoints.get(point) != before
            return accepted
        return False

    def _take(self, code: int, states: tuple[str, ...]) -> bool:
        epoch, command_id = self._pending
        if epoch < self._epoch or not 0 <= code < len(states):
            return False
        if epoch > self._epoch:
            self._epoch = epoch
            self._seen.clear()
        if code == 0 or command_id in self._seen:
            return True
        self.heard += 1
        self.grid.stir()
        accepted = self.act(states[code])
        if accepted:
            self._seen.append(command_id)
        return accepted

    def act(self, action: str) -> bool:
        """Obey a command; return whether it is accepted."""
        return False

    def set(self, point: str, value: float) -> bool:
        """Take a set-point; return whether it is accepted."""
        if point not in self.setpoints:
            return False
        self.setpoints[point] = value
        return True

    # The heartbeat.

    @property
    def watched(self) -> bool:
        """Return whether this device has a watchdog over the daemon."""
        device = self.item.device
        return device is not None and device.fallback_after_s > 0.0

    @property
    def daemon_present(self) -> bool:
        """Return whether the heartbeat came within the fall-back time."""
        return self.grid.now_ns < self._hears_until_ns

    def watch(self) -> None:
        """Start the watchdog; the device waits once for a daemon that has yet to start."""
        device = self.item.device
        if device is not None and device.fallback_after_s > 0.0:
            self.grid.after(self.id, "watchdog", device.fallback_after_s, self._silent)

    def _beat(self, value: float) -> None:
        if value == self._beat_value:
            return  # a stuck value is no sign of life
        was_absent = not self.daemon_present
        self._beat_value = value
        self._hears_until_ns = self.grid.now_ns + self._patience_ns
        self.grid.beats.until_ns[self._listener] = self._hears_until_ns
        self.watch()
        if was_absent and self.daemon_present:
            self.heard += 1
            self.grid.say(self.id, "daemon_present", f"{self.id} hears the daemon")
            self.resume()

    def _silent(self) -> None:
        self.grid.say(self.id, "daemon_silent", f"{self.id} misses the daemon's heartbeat")
        self.fall_back()

    # Happenings.

    def inject(self, event: str, values: Mapping[str, Any]) -> None:
        """Let something happen to the equipment.

        Raises:
            ValueError: no such event for this kind, or a value missing or unknown.
        """
        if event == "clear":
            self.clear()
            return
        if event not in self.EVENTS:
            valid = ", ".join((*self.EVENTS, "clear"))
            raise ValueError(f"{self.id} ({self.item.nature}): no event {event!r} (valid: {valid})")
        needed = self.EVENTS[event]
        if set(values) != set(needed):
            wanted = ", ".join(needed) or "none"
            raise ValueError(f"{self.id}: event {event!r} takes the values {wanted}")
        self.happen(event, values)
        said = f"{self.id}: {event.replace('_', ' ')}"
        self.grid.say(self.id, "injected", said, event=event, **values)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Make an injected event come true."""

    def clear(self) -> None:
        """Undo every injected fault."""
