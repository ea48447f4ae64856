"""Gas turbine: like a set, but minutes from cold to ready and a slow ramp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from device_emulators.devices.rotating import Rotating
from device_emulators.plant.machine import follow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid


class GasTurbine(Rotating):
    """Gas turbine generator."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"no_start": (), "trip": ()}
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "cold_start_s": 480.0,
        "cool_down_s": 60.0,
        "inertia_s": 1.5,
        "governor_s": 0.15,
        "reactance_pu": 0.2,
        "regulator_s": 0.4,
    }

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        self.refuses = False
        self.points["available"] = lambda: float(self.stage != "fault")

    def begin(self) -> None:
        """Run, if the site says it is in service."""
        if self.item.normally == "in_service":
            self.excite()

    def act(self, action: str) -> bool:
        """Start, stop or reset."""
        if action == "start" and self.stage == "stopped":
            self.enter("starting")
            after = float(self.settings["cold_start_s"])
            self.grid.after(self.id, "phase", after, self._started)
        elif action == "stop" and self.stage in {"starting", "ready", "loaded"}:
            self.enter("cooling_down")
            self.grid.after(self.id, "phase", float(self.settings["cool_down_s"]), self._stopped)
        elif action == "reset" and self.stage == "fault":
            self.enter("stopped")
        return self.stage != "fault"

    def _started(self) -> None:
        if self.refuses:
            self.fault("no start")
        else:
            self.excite()

    def _stopped(self) -> None:
        self.halt()
        self.enter("stopped")

    def advance(self, dt_s: float) -> None:
        """Follow the set-point at the turbine's own ramp."""
        leader = self.grid.leader(self.buses[0])
        if self.former.able and leader is not None and leader.machine is None:
            ramp_s = self.machine.power_w / self.ratings["ramp_w_s"]
            follow(self.machine, -self.setpoints["power_setpoint_w"], dt_s, ramp_s)
            self.grid.p_w[self.former.slot] = -self.machine.mechanical_w

    def fault(self, cause: str) -> None:
        """Stop at once."""
        self.grid.timers.cancel(self.id, "phase")
        super().fault(cause)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Refuse to start or trip."""
        if event == "no_start":
            self.refuses = True
        else:
            self.fault("trip")

    def clear(self) -> None:
        """Repair the turbine."""
        self.refuses = False
