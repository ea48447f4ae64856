"""Nothing carries more than it may, and no store is below empty or above full.

Every rating is held with the short-time allowance that real equipment of its kind has: a multiple
of the rating that may be exceeded for a time (`ALLOWANCES`). An overload may well be made by the
environment (load, a lost transformer); relieving it within that time is the daemon's, or at last
the protection's.

The figures are own choices, orientated by standards and not taken from them: transformers by IEC
60076-7 (short-time emergency loading), sets by ISO 8528-1 (overload power for an hour; here only
the steps of load acceptance), UPS by IEC 62040-3 (overload for a minute), breakers by their 51
curves, converters and stores by the 110 % that is usual.

Looks every `EVERY_S`, so nothing shorter is seen; instantaneous limits are the devices' own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from daemon.model.quantities import ns, seconds
from daemon.rehearsal.oracles.oracle import Oracle
from device_emulators.plant.flywheel import Flywheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from daemon.rehearsal.simulation.observer import Scene

EVERY_S: Final = 0.5
ALLOWANCES: Final[Mapping[str, tuple[tuple[float, float], tuple[float, float]]]] = {
    "breaker": ((1.05, 300.0), (1.5, 30.0)),
    "transformer": ((1.05, 1800.0), (1.5, 60.0)),
    "generator": ((1.02, 120.0), (1.1, 5.0)),
    "gas_turbine": ((1.02, 120.0), (1.1, 5.0)),
    "smr": ((1.02, 10.0), (1.1, 2.0)),
    "pv": ((1.02, 10.0), (1.1, 2.0)),
    "ess": ((1.02, 10.0), (1.2, 1.0)),
    "hvdc": ((1.02, 10.0), (1.21, 0.5)),
    "ups": ((1.02, 600.0), (1.25, 60.0)),
    "rectifier": ((1.02, 600.0), (1.25, 60.0)),
    "utility": ((1.02, 900.0), (1.3, 60.0)),
}
"""By nature: (multiple of the rating, how long it may be exceeded [s]), for long and for short."""
_FULL: Final = 1.0 + 1e-6


class Ratings(Oracle):
    """Currents and powers within ratings, charge within 0 and 1."""

    name: ClassVar = "ratings"
    unit: ClassVar = "pu"

    def begin(self, scene: Scene) -> None:
        """Find what has a rating."""
        super().begin(scene)
        self._switches(self.devices("breaker"))
        others = [(d, self._power_of(d)) for d in self.devices(*ALLOWANCES)]
        self._powers = [(d, power) for d, power in others if power is not None]
        self._rated_w = np.array([self._rating(d) for d, _ in self._powers])
        natures = ["breaker"] * len(self._ids) + [d.item.nature for d, _ in self._powers]
        self._names = [*self._ids, *(d.id for d, _ in self._powers)]
        steps = np.array([ALLOWANCES[nature] for nature in natures])
        self._multiple: NDArray[np.float64] = steps[:, :, 0]
        self._allowed_ns = (steps[:, :, 1] * 1e9).astype(np.int64)
        self._since_ns = np.full(self._multiple.shape, -1, np.int64)
        self._stores = [
            (d.id, store)
            for d in self.devices("ups", "rectifier", "ess")
            for store in getattr(d, "stores", ()) or (getattr(d, "battery", None) or d.store,)
        ]
        self._due_ns = scene.origin_ns
        self._told: set[tuple[str, int]] = set()

    def judged(self, now_ns: int) -> str:
        """Return how much has a rating or a charge."""
        racks = self.grid.racks
        stores = len(self._stores) + (len(racks.specs) if racks else 0)
        return f"{len(self._names)} ratings, {stores} stores"

    def _switches(self, breakers: list[Any]) -> None:
        rated = [b for b in breakers if b.ratings.get("current_a")]
        self._ids = [b.id for b in rated]
        self._number = np.array([b.switch for b in rated], np.intp)
        self._bus = np.array([b.buses[0] for b in rated], np.intp)
        phases = np.where(self.grid.is_ac[self._bus], math.sqrt(3.0), 1.0)
        rated_a = np.array([b.ratings["current_a"] for b in rated])
        self._va_per_pu = phases * self.grid.nominal_v[self._bus] * rated_a

    def _power_of(self, device: Any) -> Callable[[], float] | None:  # noqa: ANN401 - inner state
        """Return what tells the power of a device in the unit of its rating."""
        grid = self.grid
        match device.item.nature:
            case "transformer":
                row = device.branch
                return lambda: math.hypot(grid.branch_w[row, 0], grid.branch_var[row, 0])
            case "hvdc":
                return lambda: float(device.source.given_w)
            case "rectifier":
                return lambda: float(device.source.given_w + device.float.given_w)
            case "ups":
                return lambda: float(device.output_w)
            case "utility":
                former = device.former
                return lambda: math.hypot(former.given_w, former.given_var) * former.leads
            case "breaker":
                return None
        power: Callable[[], float] = device.points["power_w"]
        return power

    def _rating(self, device: Any) -> float:  # noqa: ANN401 - a device's inner state
        apparent = device.item.nature in {"transformer", "utility"}
        return float(device.ratings["power_va" if apparent else "power_w"])

    def look(self, now_ns: int) -> None:
        """Look at all ratings and stores, now and then."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + ns(EVERY_S)
        self._judge_loads(now_ns)
        self._judge_stores(now_ns)

    def _loads_pu(self) -> NDArray[np.float64]:
        """Return everything by its rating (n_rated,)."""
        grid = self.grid
        va = np.hypot(grid.switch_w[self._number], grid.switch_var[self._number])
        volts = np.maximum(grid.v_pu[self._bus], 1e-3) * self._va_per_pu
        powers = np.array([abs(power()) for _, power in self._powers])
        return np.concatenate((va / volts, powers / self._rated_w))

    def _judge_loads(self, now_ns: int) -> None:
        loads = self._loads_pu()
        over = loads[:, None] > self._multiple
        since = np.where(over, np.where(self._since_ns < 0, now_ns, self._since_ns), -1)
        self._since_ns = since
        if not over.any():
            return
        for row, column in np.argwhere(over & (now_ns - since > self._allowed_ns)).tolist():
            key = self._names[row], column
            if key not in self._told:
                self._told.add(key)
                limit = float(self._multiple[row, column])
                lasted_s = seconds(now_ns - int(since[row, column]))
                text = f"{key[0]} above {limit:g} of its rating for {lasted_s:.1f} s"
                self.blame(int(since[row, column]), text, float(loads[row]), limit)

    def _judge_stores(self, now_ns: int) -> None:
        for id_, store in self._stores:
            full = _FULL * store.capacity_j
            # What drag takes from a flywheel that is empty is below what it can give.
            least = -math.inf if isinstance(store, Flywheel) else -1e-6 * full
            if not least <= store.energy_j <= full and (id_, -1) not in self._told:
                self._told.add((id_, -1))
                self.blame(now_ns, f"charge of {id_}", store.energy_j / store.capacity_j, 1.0)
        racks = self.grid.racks
        if racks is None or not racks.specs:
            return
        outside = (racks.energy_j < -1.0) | (racks.energy_j > racks.capacity_j * _FULL)
        for i in np.flatnonzero(outside).tolist():
            self.blame(now_ns, f"charge of {racks.specs[i].id}", None, 1.0)
