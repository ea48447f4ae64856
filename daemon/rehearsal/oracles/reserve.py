"""What rides through is not spent on economy: no store gives of it while the utility feeds.

The reserve of a store is its rated power for `RESERVE_S`: until it is known that no set comes, and
an orderly shutdown after that, of what is truly in its battery. While a utility is there and no
machine has been called, nothing is urgent: then a store at or below its reserve is not told to
give.

Cannot see: who told it; a person who does is blamed like the daemon. Judges set-points of storage
on AC, for DC storage gives by its own droop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from daemon.rehearsal.oracles.oracle import Oracle

if TYPE_CHECKING:
    from daemon.rehearsal.simulation.observer import Scene

RESERVE_S: Final = 300.0
POINT: Final = "power_setpoint_w"
_WH: Final = 3600.0


class Reserve(Oracle):
    """No store gives of its reserve for the sake of money."""

    name: ClassVar = "reserve"
    unit: ClassVar = "Wh"

    def begin(self, scene: Scene) -> None:
        """Find the stores and what may be more urgent than their reserve."""
        super().begin(scene)
        self._stores = {d.id: d for d in self.devices("ess") if d.on_ac}
        self._utilities = self.devices("utility")
        self._machines = self.devices("generator", "gas_turbine")
        self._told = 0

    def judged(self, now_ns: int) -> str:
        """Return how often a store was told to give."""
        return f"{self._told} orders to give"

    def wrote(self, now_ns: int, equipment: str, point: str, value: float, *, taken: bool) -> None:
        """Look at what is in a store that is told to give."""
        store = self._stores.get(equipment)
        if store is None or point != POINT or not taken or value >= 0.0:
            return
        self._told += 1
        called = any(machine.stage != "stopped" for machine in self._machines)
        if called or not any(utility.energised for utility in self._utilities):
            return
        left_j, reserve_j = store.battery.energy_j, store.rated_w * RESERVE_S
        if left_j <= reserve_j:
            text = f"{equipment} was told to give of its reserve"
            self.blame(now_ns, text, left_j / _WH, reserve_j / _WH)
