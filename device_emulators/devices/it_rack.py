"""Server, network or storage rack: one or two cords, a hold-up of 20 ms, an orderly shutdown.

With both cords in order the load is shared; with one it moves there. Without any the power supplies
hold up for 20 ms, after which the rack is lost; it boots again when it is started after that. In
air that is too hot it slows down and then cuts itself off (`plant.cooling`). Simplified: power is
the utilisation by rating, for servers, network and storage alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.device import SECOND, Device
from device_emulators.plant.cooling import AIR_TRIP_C
from device_emulators.plant.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.elements import DcPair
    from device_emulators.plant.grid import Grid

CORD_PU: Final = 0.70
HOLD_UP_S: Final = 0.020
POWER_FACTOR_TAN: Final = 0.2


class ItRack(Device):
    """Rack with ordinary power supplies, on AC or on a DC bus."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"load": ("utilisation_pu",)}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "utilisation_pu": 0.8,
        "shutdown_s": 60.0,
        "boot_s": 60.0,
    }
    QUANTITIES: ClassVar[tuple[str, ...]] = ("fed", "interruption_ms")

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.stage = "off" if item.normally == "out_of_service" else "running"
        self.utilisation_pu = float(self.settings["utilisation_pu"])
        self.supply = Supply()
        self.demand_w = 0.0
        self.on_ac = bool(grid.is_ac[self.buses[0]])
        self.slots = tuple(grid.add_slot(bus) for bus in item.buses) if self.on_ac else ()
        self.pair: DcPair | None = None
        if not self.on_ac:
            self.pair = grid.add_pair(item.buses[0], item.buses[-1])
        self._shutdown_began_ns = 0
        self.points = {
            "stage": lambda: float(item.kind.points["stage"].states.index(self.stage)),
            "power_w": self.power_w,
            "feed_a_voltage_v": grid.volts_cell(self.buses[0]),
            "feed_b_voltage_v": lambda: grid.volts(self.buses[1]) if len(self.buses) > 1 else 0.0,
            "shutdown_s": lambda: float(self.settings["shutdown_s"]),
        }

    def power_w(self) -> float:
        """Return the power taken from all feeds [W]."""
        if self.pair is not None:
            return self.pair.taken_w
        p_w = self.grid.p_w
        return sum([p_w[slot] for slot in self.slots])

    def begin(self) -> None:
        """Say what is wanted."""
        self._plan()

    def _enter(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.grid.say(self.id, "stage", f"{self.id} {stage.replace('_', ' ')}", stage=stage)

    def _plan(self) -> None:
        rated = self.ratings["power_w"] * self.grid.cooling.air_limit_pu
        if self.stage in {"running", "starting"}:
            self.demand_w = rated * self.utilisation_pu
        elif self.stage == "shutting_down":
            gone_s = (self.grid.now_ns - self._shutdown_began_ns) / SECOND
            part = max(0.3, 1.0 - 0.07 * gone_s)
            self.demand_w = rated * min(self.utilisation_pu, part)
        else:
            self.demand_w = 0.0

    def act(self, action: str) -> bool:
        """Shut down in order, or start."""
        if action == "shutdown" and self.stage in {"running", "starting"}:
            self._enter("shutting_down")
            self._shutdown_began_ns = self.grid.now_ns
            self.grid.after(self.id, "phase", float(self.settings["shutdown_s"]), self._off)
        elif action == "start" and self.stage in {"off", "lost"}:
            self._enter("starting")
            boot_s = float(self.settings["boot_s"])
            self.grid.after(self.id, "phase", boot_s, lambda: self._enter("running"))
        return True

    def _off(self) -> None:
        self.supply.release(self.grid.now_ns)
        self._enter("off")

    def advance(self, dt_s: float) -> None:
        """Follow the work; cut off when the air is too hot."""
        if self.grid.cooling.air_c >= AIR_TRIP_C and self.stage not in {"off", "lost"}:
            self.grid.timers.cancel(self.id, "phase")
            self._enter("lost")
        self._plan()

    def demand(self) -> None:
        """Share the demand between the cords."""
        if self.pair is not None:
            self.pair.ask(self.demand_w)
            return
        grid = self.grid
        good = [grid.v[bus] >= CORD_PU for bus in self.buses]
        each_w = self.demand_w / max(sum(good), 1)
        for slot, usable in zip(self.slots, good, strict=True):
            power = each_w if usable else 0.0
            grid.p_w[slot] = power
            grid.q_var[slot] = POWER_FACTOR_TAN * power

    def sense(self) -> bool:
        """Judge the supply; hold up; be lost."""
        grid = self.grid
        voltage = max([grid.v[bus] for bus in self.buses])
        if self.pair is not None and voltage > 0.0:
            voltage = min(1.0, voltage / 0.9)  # 48 V equipment works over its battery's range
        if self.stage != "off":
            self.supply.see(grid.now_ns, voltage)
        if voltage >= CORD_PU or self.stage in {"off", "lost"}:
            grid.timers.cancel(self.id, "hold_up")
        elif not grid.timers.pending(self.id, "hold_up"):
            # a millisecond more than the hold-up, so that the supply record sees it first
            grid.after(self.id, "hold_up", HOLD_UP_S + 0.001, self._lose)
        return False

    def _lose(self) -> None:
        self.supply.see(self.grid.now_ns, 0.0)
        self.grid.timers.cancel(self.id, "phase")
        self._enter("lost")

    def balance(self) -> tuple[float, float, float]:
        """Return the consumption."""
        return 0.0, self.power_w(), 0.0

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Change the work."""
        self.utilisation_pu = float(values["utilisation_pu"])

    def clear(self) -> None:
        """Return to the declared work."""
        self.utilisation_pu = float(self.settings["utilisation_pu"])

    def quantity(self, name: str) -> float:
        """Return `fed`, `interruption_ms` or a point."""
        if name == "fed":
            return float(self.supply.fed)
        if name == "interruption_ms":
            return self.supply.unfed_total_ns(self.grid.now_ns) / 1e6
        return super().quantity(name)
