"""Gas turbine: like a set, but minutes from cold to ready, a slow ramp and a minimum load.

A cold start takes `cold_start_s`; within `hot_s` after it last ran it is still hot and needs
`hot_start_s`. Beside the grid it ramps towards its set-point at its own rate and, once loaded, not
below `minimum_pu` of its rating, which its combustion needs.

Loss of mains: a turbine with `island_capable` goes on and leads what is left of its island, where
its governor takes what load there is, however little; one without trips when its grid has been gone
for `loss_of_mains_s`.

Simplified: one time constant for compressor and combustion, the same power at every temperature of
the air, gas is always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from device_emulators.devices.rotating import SETTINGS, Rotating
from device_emulators.devices.set_protection import CAUSES
from device_emulators.plant.performance import Performance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid

TUNED: Final = Performance(0.3, 0.30, 0.02, 0.15, 15.0, 1.1, 1.0, 0.2, 0.4)


class GasTurbine(Rotating):
    """Gas turbine generator."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"no_start": (), "trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "cold_start_s": 480.0,
        "hot_start_s": 150.0,
        "hot_s": 3600.0,
        "cool_down_s": 60.0,
        "minimum_pu": 0.3,
        "island_capable": 1.0,
        "loss_of_mains_s": 0.5,
        "inertia_s": 1.5,
        **SETTINGS,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.refuses = False
        self._ran_until_ns: int | None = None
        self._was_parallel = False
        self.points |= {
            "available": lambda: float(self.stage != "fault"),
            "neutral_earthed": lambda: float(self.machine.earths),
            "trip_cause": lambda: float(CAUSES.index(self.cause)),
        }

    def performance(self) -> Performance:
        """Return how a single-shaft turbine is tuned."""
        return TUNED

    def begin(self) -> None:
        """Run, if the site says it is in service."""
        if self.item.normally == "in_service":
            self.excite()

    def act(self, action: str) -> bool:
        """Start, stop or reset."""
        if action == "start" and self.stage == "stopped":
            self.enter("starting")
            self.grid.after(self.id, "phase", self.start_s(), self._started)
        elif action == "start" and self.stage == "cooling_down":
            self.grid.timers.cancel(self.id, "phase")
            self.enter("ready")
        elif action == "stop" and self.stage == "starting":
            self._stopped()
        elif action == "stop" and self.stage in {"ready", "loaded"}:
            self.enter("cooling_down")
            self.grid.after(self.id, "phase", float(self.settings["cool_down_s"]), self._stopped)
        elif action == "reset" and self.stage == "fault":
            self.cause = CAUSES[0]
            self.enter("stopped")
        return self.stage != "fault"

    def start_s(self) -> float:
        """Return how long a start takes now [s]."""
        ran = self._ran_until_ns
        hot_ns = float(self.settings["hot_s"]) * 1e9
        hot = ran is not None and self.grid.now_ns - ran <= hot_ns
        return float(self.settings["hot_start_s" if hot else "cold_start_s"])

    def _started(self) -> None:
        if self.refuses:
            self.fault("no start")
        else:
            self.excite()

    def _stopped(self) -> None:
        self.grid.timers.cancel(self.id, "phase")
        self.halt()
        self.enter("stopped")

    def halt(self) -> None:
        """Stand still, hot for a while."""
        if self.running:
            self._ran_until_ns = self.grid.now_ns
        self._was_parallel = False
        super().halt()

    def follow(self, target_w: float, dt_s: float, ramp_s: float = 5.0) -> None:
        """Go towards a power [W] at its own ramp, not below the minimum once it is loaded."""
        minimum_w = float(self.settings["minimum_pu"]) * self.machine.power_w
        if 0.0 < target_w < minimum_w:
            target_w = minimum_w
        super().follow(target_w, dt_s, self.machine.power_w / self.ratings["ramp_w_s"])

    def sense(self) -> bool:
        """Watch the mains, if it cannot do without."""
        if self.running and not self.settings["island_capable"]:
            self._guard_mains()
        return super().sense()

    def _guard_mains(self) -> None:
        """Give up when the grid it ran beside is gone; on its own bus it waits to be joined."""
        if self.parallel():
            self._was_parallel = True
            self.grid.timers.cancel(self.id, "mains")
        elif self._was_parallel and not self.grid.timers.pending(self.id, "mains"):
            delay_s = float(self.settings["loss_of_mains_s"])
            self.grid.after(self.id, "mains", delay_s, self._lost_mains)

    def _lost_mains(self) -> None:
        if self.running and not self.parallel():
            self.fault("loss of mains")

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Refuse to start or trip."""
        if event == "no_start":
            self.refuses = True
        else:
            self.fault("trip")

    def clear(self) -> None:
        """Repair the turbine."""
        self.refuses = False
