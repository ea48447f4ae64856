"""Row controller: jobs, caps, smoothing profile, orderly shutdown and start of its racks.

A row follows the workload of the site, `utilisation_pu` of it, until a job is started on it; rows
whose jobs start in the same instant run one job between them. What jobs draw follows from their
model: its parameters and the part of them that a token uses, the bits of its numbers, the part of
the step that is communication, the operations that are reached by those that the numbers allow, and
the accelerators of a rack (as many as suit its rating when 0). The smoothing profile is what was
last written, at the beginning that of the site file; its ramp limit is that of the whole row. After
the daemon's silence a row that has a ramp keeps a slower one, where the site says so: it was fast
because somebody told storage to give the rest, and nobody does any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from device_emulators.devices.device import SECOND, Device
from device_emulators.plant.computing import H100_RACK, Model, Rack, Work
from device_emulators.plant.indications import Panel
from device_emulators.plant.inference import Inference
from device_emulators.plant.jobs import Idle
from device_emulators.plant.racks import LOST, OFF
from device_emulators.plant.reading import Cell
from device_emulators.plant.training import RATING_W, Training

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daemon.model.plant import Equipment
    from device_emulators.plant.grid import Grid
    from device_emulators.plant.workload import Course

SUMS: Final[Mapping[str, tuple[str, float]]] = {
    "stage": ("row_stage", 1.0),
    "power_w": ("row_power_w", 1.0),
    "utilisation_pu": ("row_utilisation_pu", 1.0),
    "energy_stored_wh": ("row_energy_j", 1.0 / 3600.0),
    "racks_running_count": ("row_running_count", 1.0),
}
"""Points that sum up the racks: the column of `Racks` and its factor."""

FORMATS: Final = ((12.0, "fp16"), (6.0, "fp8"), (0.0, "fp4"))
"""Formats of numbers by the bits that are more than [bit]."""
ACCELERATORS_BY_W: Final = H100_RACK.accelerators_count / RATING_W
"""Accelerators of a rack by its rating [1/W]."""
COPY_COUNT: Final = 8
"""Accelerators of one copy of a model that answers."""


class RackRow(Device):
    """Controller of one row of AI racks."""

    EVENTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "job_start": ("utilisation_pu",),
        "inference_start": ("utilisation_pu",),
        "job_stop": (),
        "checkpoint": ("for_s",),
        "surge": ("by_w", "for_s"),
        "battery_disconnect": (),
    }
    DEFAULTS: ClassVar[Mapping[str, float]] = {
        "shutdown_s": 60.0,
        "boot_s": 60.0,
        "utilisation_pu": 1.0,
        "accelerators_count": 0.0,
        "parameters_count": 175e9,
        "active_pu": 1.0,
        "precision_bits": 8.0,
        "communication_pu": 0.095,
        "operations_pu": 0.335,
        "answers_count": 64.0,
        "ramp_down_pu": 1.0,
        "hysteresis_s": 10.0,
        "smoothing_floor_pu": 0.0,
        "ramp_limit_w_s": 0.0,
    }
    QUANTITIES: ClassVar[tuple[str, ...]] = ("fed", "racks_lost_count", "burnt_w")

    def __init__(self, item: Equipment, grid: Grid) -> None:
        super().__init__(item, grid)
        assert grid.racks is not None
        self.racks = grid.racks
        self.members = np.zeros(0, np.intp)
        self._row = 0
        self.setpoints = Panel(
            grid.indications,
            {
                "power_cap_pu": 1.0,
                "smoothing_floor_pu": float(self.settings["smoothing_floor_pu"]),
                "ramp_limit_w_s": float(self.settings["ramp_limit_w_s"]),
            },
        )
        self.points = {
            "shutdown_s": lambda: float(self.settings["shutdown_s"]),
        }

    def begin(self) -> None:
        """Find the racks of this row."""
        racks = self.racks
        self.members = racks.members(self.id)
        if self.id not in racks.rows:
            self.points |= {**dict.fromkeys(SUMS, lambda: 0.0), "stage": lambda: float(OFF)}
            return
        row = self._row = racks.rows.index(self.id)
        for name, (column, factor) in SUMS.items():
            self.points[name] = Cell(racks, column, row, factor)
        racks.smoothing.down_pu[self.members] = self.settings["ramp_down_pu"]
        racks.smoothing.hysteresis_ns[self.members] = self.settings["hysteresis_s"] * SECOND
        self._smooth()
        if self.settings["utilisation_pu"] != 1.0:
            racks.jobs.start(row, None, 0.0, float(self.settings["utilisation_pu"]))
            racks.power_w[self.members] = racks.jobs.power_w(0.0)[self.members]

    def act(self, action: str) -> bool:
        """Shut down in order, or start."""
        if action == "shutdown":
            self.racks.shut_down(self.members, float(self.settings["shutdown_s"]))
            self.grid.say(self.id, "shutdown_begun", f"{self.id} shuts down in order")
        else:
            self.racks.start(self.members, float(self.settings["boot_s"]))
            self.grid.say(self.id, "start_begun", f"{self.id} starts")
        return True

    def set(self, point: str, value: float) -> bool:
        """Take a cap or a part of the smoothing profile."""
        low, high = (0.0, 1.0) if point != "ramp_limit_w_s" else (0.0, 1e12)
        if not low <= value <= high or not super().set(point, value):
            return False
        if point == "power_cap_pu":
            self.racks.cap_pu[self.members] = value
        else:
            self._smooth()
        return True

    def _smooth(self) -> None:
        """Give the racks the profile that is set, the ramp shared between them."""
        ramp_w_s = self.setpoints["ramp_limit_w_s"] / max(len(self.members), 1)
        self.racks.smoothing.set(self.members, self.setpoints["smoothing_floor_pu"], ramp_w_s)

    def fall_back(self) -> None:
        """Hold but slow down where there is a ramp for it, or lift the cap where it says zero."""
        device = self.item.device
        if device is None:
            return
        if device.fallback == "zero":
            self.set("power_cap_pu", 1.0)
        elif 0.0 < device.fallback_ramp_w_s < self.setpoints["ramp_limit_w_s"]:
            self.set("ramp_limit_w_s", device.fallback_ramp_w_s)

    def happen(self, event: str, values: Mapping[str, Any]) -> None:
        """Start, stop or disturb the work, or lose the batteries of the row."""
        if event == "battery_disconnect":
            self.racks.connected[self.members] = False
            return
        if not len(self.members):
            return
        jobs, row = self.racks.jobs, self._row
        now_s = (self.grid.now_ns - self.grid.start_ns) / SECOND
        if event == "checkpoint":
            jobs.wait(row, now_s + values["for_s"])
        elif event == "surge":
            jobs.surge(self.members, values["by_w"], now_s + values["for_s"])
        else:
            jobs.start(row, self._course(event), now_s, values.get("utilisation_pu", 1.0))

    def _course(self, event: str) -> Course:
        """Return how the job goes on that an event starts."""
        if event == "job_stop":
            return Idle()
        said = self.settings
        rating_w = float(self.racks.rating_w[self.members].mean())
        accelerators = float(said["accelerators_count"]) or ACCELERATORS_BY_W * rating_w
        rack = Rack(accelerators_count=round(accelerators))
        total = float(said["parameters_count"])
        active = total * min(max(float(said["active_pu"]), 1e-3), 1.0)
        precision = next(name for bits, name in FORMATS if said["precision_bits"] >= bits)
        work = Work(
            Model(total, active, precision),
            utilisation_pu=float(said["operations_pu"]),
            communication_pu=float(said["communication_pu"]),
        )
        if event == "job_start":
            return Training.of(work, rack, rating_w)
        work = replace(work, batch_count=said["answers_count"], accelerators_count=COPY_COUNT)
        return self.racks.jobs.answers(Inference.of(work, rack, rating_w))

    def clear(self) -> None:
        """Join the batteries again and follow the workload of the site."""
        self.racks.connected[self.members] = True
        if len(self.members):
            self.racks.jobs.restore(self._row, float(self.settings["utilisation_pu"]))

    def quantity(self, name: str) -> float:
        """Return `fed` (all racks), `racks_lost_count`, what is burnt, or a point."""
        if name == "fed":
            return float(all(self.racks.supply[i].fed for i in self.members.tolist()))
        if name == "burnt_w":
            return float(self.racks.row_burnt_w[self._row]) if len(self.members) else 0.0
        if name == "racks_lost_count":
            return float((self.racks.stage[self.members] == LOST).sum())
        return super().quantity(name)

    def teller(self, name: str) -> Callable[[], float]:
        """Return what asks for a quantity; what it shows is true, and read for all rows at once."""
        return super().teller(name) if name in self.QUANTITIES else self.getter(name)
