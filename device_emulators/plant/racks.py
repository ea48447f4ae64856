"""All AI racks of a site at once: work, cap, smoothing, two feeds, battery and supercapacitor.

A rack takes what its work asks for, limited by its cap and shaped by the smoothing profile of its
row. What its feeds do not give comes from its capacitors and battery (`rack_storage`), which
recharge when the feeds are good. A rack whose energy ends while it still needs some is lost. An
orderly shutdown lowers the power to 30 % within ten seconds, keeps it there, and ends after the
row's shutdown time.

Simplified: the cap acts with a time constant of 50 ms, work with one of 20 ms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.cooling import TRIP_C
from device_emulators.plant.jobs import Jobs
from device_emulators.plant.rack_storage import RackStorage
from device_emulators.plant.smoothing import Smoothing
from device_emulators.plant.supply import Supply
from device_emulators.plant.topology import sum_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from device_emulators.plant.elements import DcPair
    from device_emulators.plant.grid import Grid
    from device_emulators.plant.workload import Workload

RUNNING, SHUTTING_DOWN, OFF, STARTING, LOST = range(5)
STAGES: Final = ("running", "shutting_down", "off", "starting", "lost")
LAG_S: Final = 0.05
WORK_LAG_S: Final = 0.02
SHUTDOWN_PU: Final = 0.3
SHUTDOWN_RAMP_S: Final = 10.0
IDLE_PU: Final = 0.1
RETURN_NS: Final = 100_000_000
"""A feed that recovers because a rack was lost is no return before this time."""


@dataclass(frozen=True, slots=True)
class RackSpec:
    """One rack at the beginning.

    Attributes:
        id: equipment id.
        row: its row controller.
        power_w: rating [W].
        battery_wh: battery [Wh].
        supercap_j: supercapacitor [J].
        soc_pu: state of charge [pu].
        pair: its feeds.
    """

    id: str
    row: str
    power_w: float
    battery_wh: float
    supercap_j: float
    soc_pu: float
    pair: DcPair


class Racks:
    """Struct of arrays over all AI racks; registered by the devices, moved by the plant."""

    def __init__(self, grid: Grid, workload: Workload) -> None:
        self._grid = grid
        self._workload = workload
        self.specs: list[RackSpec] = []
        self.index: dict[str, int] = {}

    def add(self, spec: RackSpec) -> int:
        """Register a rack and return its index."""
        self.index[spec.id] = len(self.specs)
        self.specs.append(spec)
        return len(self.specs) - 1

    def begin(self) -> None:
        """Take the settled state."""
        n = len(self.specs)
        self._pairs = np.array([s.pair.number for s in self.specs], np.intp)
        self.rating_w = np.array([s.power_w for s in self.specs])
        self.rows = sorted({s.row for s in self.specs}, key=[s.row for s in self.specs].index)
        self.row = np.array([self.rows.index(s.row) for s in self.specs], np.intp)
        self.stage = np.full(n, RUNNING)
        self.cap_pu = np.ones(n)
        self.smoothing = Smoothing(self.rating_w)
        self.began_ns = np.zeros(n, np.int64)
        self.boots_at_ns = np.zeros(n, np.int64)
        self.ends_at_ns = np.zeros(n, np.int64)
        rng = self._grid.rng
        site_work = self._workload.fit(self.rating_w, self.row, rng)
        self.jobs = Jobs(site_work, self.rating_w, self.row, rng)
        self.power_w = np.minimum(self.jobs.power_w(0.0), self.rating_w)
        self.storage = RackStorage(
            self.rating_w,
            [s.battery_wh for s in self.specs],
            [s.supercap_j for s in self.specs],
            [s.soc_pu for s in self.specs],
            self.power_w,
        )
        self.supply = [Supply() for _ in range(n)]
        self._asked: tuple[int, int, NDArray[np.float64]] = (-1, -1, np.zeros(0))
        self._watched: set[int] = set()

    def members(self, row: str) -> NDArray[np.intp]:
        """Return the indices of the racks of a row."""
        return np.array([i for i, s in enumerate(self.specs) if s.row == row], np.intp)

    # What is asked for by reading.

    @property
    def soc_pu(self) -> NDArray[np.float64]:
        """Return the state of charge, 0 for a battery that is not joined (n_rack,) [pu]."""
        return self.storage.soc_pu

    @property
    def connected(self) -> NDArray[np.bool_]:
        """Return whose batteries are joined (n_rack,), to be changed in place."""
        return self.storage.connected

    @property
    def energy_j(self) -> NDArray[np.float64]:
        """Return the energy of the batteries (n_rack,) [J]."""
        return self.storage.energy_j

    @property
    def capacity_j(self) -> NDArray[np.float64]:
        """Return the energy of full batteries (n_rack,) [J]."""
        return self.storage.capacity_j

    @property
    def battery_w(self) -> NDArray[np.float64]:
        """Return the power of the batteries, negative when discharging (n_rack,) [W]."""
        return self.storage.battery_w

    @property
    def giving(self) -> bool:
        """Return whether stores carry what feeds do not give."""
        return self.storage.giving

    @property
    def on_battery(self) -> NDArray[np.bool_]:
        """Return which racks (n_rack,) their batteries carry in part."""
        return self.battery_w < -1e-3 * self.rating_w

    @property
    def row_burnt_w(self) -> NDArray[np.float64]:
        """Return what every row takes above what its work asks for (n_row,) [W]."""
        burnt = np.where(self.stage == RUNNING, self.power_w - self._asked_w(), 0.0)
        return sum_by(self.row, np.maximum(burnt, 0.0), len(self.rows))

    @property
    def row_power_w(self) -> NDArray[np.float64]:
        """Return the power of every row (n_row,) [W]."""
        return sum_by(self.row, self.power_w, len(self.rows))

    @property
    def row_utilisation_pu(self) -> NDArray[np.float64]:
        """Return what the work of every row asks for, by rating (n_row,) [pu]."""
        count = len(self.rows)
        rated_w = sum_by(self.row, self.rating_w, count)
        return sum_by(self.row, self._asked_w(), count) / rated_w

    @property
    def row_energy_j(self) -> NDArray[np.float64]:
        """Return the energy that the joined batteries of every row hold (n_row,) [J]."""
        return sum_by(self.row, self.energy_j * self.connected, len(self.rows))

    @property
    def row_running_count(self) -> NDArray[np.float64]:
        """Return how many racks of every row compute or shut down (n_row,)."""
        running = (self.stage == RUNNING) | (self.stage == SHUTTING_DOWN)
        return sum_by(self.row, running.astype(np.float64), len(self.rows))

    @property
    def row_stage(self) -> NDArray[np.intp]:
        """Return what most of every row does (n_row,): `RUNNING` to `STARTING`."""
        if (self.stage == RUNNING).all():
            return np.full(len(self.rows), RUNNING)
        held = np.zeros((len(self.rows), len(STAGES)), dtype=bool)
        held[self.row, self.stage] = True
        order = (SHUTTING_DOWN, STARTING, RUNNING)
        return np.select([held[:, stage] for stage in order], order, OFF)

    # Orders of a row.

    def shut_down(self, which: NDArray[np.intp], after_s: float) -> None:
        """Begin an orderly shutdown of running racks."""
        now = self._grid.now_ns
        chosen = which[np.isin(self.stage[which], (RUNNING, STARTING))]
        self.stage[chosen] = SHUTTING_DOWN
        self.began_ns[chosen] = now
        self.ends_at_ns[chosen] = now + round(after_s * 1e9)
        self._grid.after("racks", f"end {now}", after_s, self._phases)

    def start(self, which: NDArray[np.intp], boot_s: float) -> None:
        """Boot racks that are off or lost."""
        now = self._grid.now_ns
        chosen = which[np.isin(self.stage[which], (OFF, LOST))]
        self.stage[chosen] = STARTING
        self.boots_at_ns[chosen] = now + round(boot_s * 1e9)
        self._grid.after("racks", f"boot {now}", boot_s, self._phases)

    def _phases(self) -> None:
        now = self._grid.now_ns
        ended = (self.stage == SHUTTING_DOWN) & (self.ends_at_ns <= now)
        self.stage[ended] = OFF
        self.power_w[ended] = 0.0
        for i in np.flatnonzero(ended):
            self.supply[i].release(now)
        self._announce(np.flatnonzero(ended), "off")
        self.stage[(self.stage == STARTING) & (self.boots_at_ns <= now)] = RUNNING

    def _announce(self, which: Iterable[int], stage: str) -> None:
        for i in which:
            spec = self.specs[int(i)]
            self._grid.say(spec.id, "stage", f"{spec.id} {stage}", stage=stage, row=spec.row)

    # The hooks of a step.

    def advance(self, dt_s: float) -> None:
        """Move energy and let the power follow the work."""
        if not self.specs:
            return
        asked_w = self.smoothing.lifted(self._asked_w(), self.power_w, self._grid.now_ns)
        allowed_w = self._allowed_w()
        change = np.minimum(asked_w, allowed_w) - self.power_w
        change *= 1.0 - math.exp(-dt_s / WORK_LAG_S)
        change = self.smoothing.limited(change, dt_s)
        over = allowed_w - self.power_w  # what is not allowed goes faster than a ramp
        over *= 1.0 - math.exp(-dt_s / LAG_S)
        self.power_w = self.power_w + np.where(over < 0.0, np.minimum(change, over), change)
        if self.stage.any():
            self.power_w[self.stage >= OFF] = 0.0
            starting = self.stage == STARTING
            self.power_w[starting] = IDLE_PU * self.rating_w[starting]
        if self._grid.cooling.hot:
            self._cut_off_hot()
        self.storage.advance(self.power_w, dt_s)

    def _asked_w(self) -> NDArray[np.float64]:
        """Return what the work asks for now (n_rack,) [W]; found once for an instant."""
        now_ns, jobs = self._grid.now_ns, self.jobs
        if self._asked[0] != now_ns or self._asked[1] != jobs.changed:
            self._asked = now_ns, jobs.changed, jobs.power_w((now_ns - self._grid.start_ns) * 1e-9)
        return self._asked[2]

    def _allowed_w(self) -> NDArray[np.float64]:
        """Return what cap, heat and an orderly shutdown allow (n_rack,) [W]."""
        cooling = self._grid.cooling
        allowed_pu = np.minimum(self.cap_pu, cooling.limit_pu) if cooling.hot else self.cap_pu
        stopping = self.stage == SHUTTING_DOWN
        if stopping.any():
            gone_s = (self._grid.now_ns - self.began_ns) * 1e-9
            down = np.maximum(SHUTDOWN_PU, 1.0 - (1.0 - SHUTDOWN_PU) * gone_s / SHUTDOWN_RAMP_S)
            allowed_pu = np.where(stopping, np.minimum(allowed_pu, down), allowed_pu)
        allowed: NDArray[np.float64] = allowed_pu * self.rating_w
        return allowed

    def _cut_off_hot(self) -> None:
        """Lose the racks whose coolant is too hot."""
        on = (self.stage != OFF) & (self.stage != LOST)
        tripped = np.flatnonzero((self._grid.cooling.outlet_c >= TRIP_C) & on)
        self.stage[tripped] = LOST
        self.power_w[tripped] = 0.0
        self._announce(tripped, "lost")

    def demand(self) -> None:
        """Ask the feeds for power and recharge."""
        if not self.specs:
            return
        asked_w = self.storage.asked_w(self.power_w, self.stage != LOST)
        self._grid.pairs.demand_w[self._pairs] = asked_w

    def sense(self) -> bool:
        """Find what the batteries give, who is lost, and who is fed."""
        if not self.specs:
            return False
        pairs = self._grid.pairs
        taken = pairs.from_a_w[self._pairs] + pairs.from_b_w[self._pairs]
        lost = np.flatnonzero(self.storage.settle(self.power_w, taken))
        self._plan_empty()
        if len(lost):
            self._lose(lost)
        self._watch_returned()
        return bool(len(lost))

    def _plan_empty(self) -> None:
        left_s = self.storage.empty_in_s() if self.giving else math.inf
        if left_s < math.inf:
            self._grid.after("racks", "empty", left_s + 1e-9, lambda: None)
        else:
            self._grid.timers.cancel("racks", "empty")

    def _lose(self, lost: NDArray[np.intp]) -> None:
        self.stage[lost] = LOST
        self.power_w[lost] = 0.0
        self.storage.cut(lost)
        for i in lost.tolist():
            self.supply[i].fail(self._grid.now_ns)
            self.supply[i].see(self._grid.now_ns, 0.0)
            self._watched.add(i)
        self._announce(lost.tolist(), "lost")

    def _watch_returned(self) -> None:
        for i in sorted(self._watched):
            pairs, number = self._grid.pairs, self.specs[i].pair.number
            began_ns = self.supply[i].unfed_ns[-1][0]
            if self._grid.now_ns - began_ns < RETURN_NS:
                continue
            v_pu = self._grid.v_pu
            if max(v_pu[pairs.bus_a[number]], v_pu[pairs.bus_b[number]]) > 0.9:
                self.supply[i].see(self._grid.now_ns, 1.0)
                self._watched.discard(i)
